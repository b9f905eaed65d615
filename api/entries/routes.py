"""Recording over HTTP: batches of entries, commands to streams with rules, and what is held."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Body, Request, Response

from ap_ledger.bootstrap import Service
from ap_ledger.commands.allowing import is_bare
from ap_ledger.commands.starting import make_first_administrator
from ap_ledger.domain.base import Command
from ap_ledger.domain.commands import COMMAND_BY_NAME, read_command
from ap_ledger.domain.posted import BATCH, CODE
from ap_ledger.domain.posting import BYTES_LIMIT, TooLarge, Unparsable
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import Executed
from ap_ledger.stores.held.rows import Held
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.guards import ENTRIES
from api.core.paging import Cursor, linked, page
from api.core.problems import NotAllowed, Problem, problem
from api.core.service import Json, Using
from api.entries.answers import Answer, HeldItems, HeldResult, Receipt, Recorded, Warned

router = gated(prefix="/api/v1")

SEND_SCHEMA = {
    "type": "object",
    "required": ["sent_at", "entries"],
    "properties": {
        "sent_at": {"type": "string", "format": "date-time", "description": "What the sender's clock says now."},
        "device_id": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]},
        "more": {"type": "boolean", "description": "Whether the sender holds more than this, to be sent next."},
        "entries": {"type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/Entry"}},
    },
}
"""The body of a send.

Entries are judged one by one, so that a bad one is answered and not a reason to refuse the rest.
"""


def entry_schemas() -> dict[str, Any]:
    """The JSON Schemas of everything that can be posted, for the OpenAPI document."""
    schema = BATCH.json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.get("$defs", {}), "Entry": schema["items"]}


async def read_body(request: Request) -> bytes:
    """The whole body, or TooLarge as soon as it is over the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > BYTES_LIMIT:
            raise TooLarge("The send is over 5 MB. Send fewer entries at a time.")
        parts.append(part)
    return b"".join(parts)


@router.post(
    "/entries",
    gate=Gate("record", by_device=True, device=True),
    operation_id="recordEntries",
    summary="Record a batch of entries",
    response_model=Receipt,
    responses={status: {"model": Problem} for status in (400, 403, 413, 503)},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": SEND_SCHEMA}}}},
)
async def record_entries(request: Request, using: Using, asking: Asking) -> Response:
    """One result for each entry, in the order sent: recorded, duplicate, conflict, refused or held.

    Sending the same again is harmless and answered `duplicate`. One bad entry never spoils the others.
    """
    sending = using.ledger.sending
    raw = await read_body(request)
    sender = asking.sender
    # Opening boxes takes the processor longer than a loop that serves everybody should wait.
    send = await asyncio.to_thread(sending.open_raw, raw, sender) if b'"box"' in raw else sending.open_raw(raw, sender)
    outcomes = await asyncio.wrap_future(sending.submit(send)) if send.units else []
    if sending.needs_more(send):
        receipt = await asyncio.to_thread(sending.finish, send, outcomes)
    else:
        receipt = sending.finish(send, outcomes)
    for status, times in Counter(result.status for result in receipt.results).items():
        ENTRIES.labels(status).inc(times)
    if sender.revoked and asking.device is not None and not send.more:
        # It has delivered all that it held, once; from now on it is told to wipe itself.
        await asyncio.to_thread(using.accounts.delivered, asking.device.device_id)
    said = {**receipt.as_json(), "shut_out": True} if sender.revoked else receipt.as_json()
    return Response(orjson.dumps(said), media_type="application/json")


@router.post(
    "/commands",
    gate=Gate("see-frameworks"),
    operation_id="executeCommand",
    summary="Change a setting, person, student, placement or framework",
    response_model=Recorded,
    responses={status: {"model": Problem} for status in (400, 403, 409, 413, 422, 503)},
)
async def execute_command(
    request: Request,
    using: Using,
    asking: Asking,
    _: Annotated[
        Json,
        Body(
            description="`command` is its name, one of: "
            + ", ".join(COMMAND_BY_NAME)
            + ". The other fields are the command's own."
        ),
    ],
) -> Recorded:
    """Sending the same command again is harmless and answered `duplicate`."""
    body = await request.body()
    if len(body) > BYTES_LIMIT:
        raise TooLarge("The command is over 5 MB.")
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unparsable("The command is not readable JSON.") from None
    done = await asyncio.to_thread(_execute, using, asking, said)
    warnings = [Warned.model_validate(warning._asdict()) for warning in done.warnings]
    return Recorded(status=done.status, position=done.position, warnings=warnings)


def _execute(using: Service, asking: Asker, said: Any) -> Executed:
    command = allowed_command(asking, said)
    done = using.ledger.execute(command)
    if isinstance(command, OpenSetting):
        # Somebody must be able to give roles in it, and that is whoever opened it.
        make_first_administrator(using.ledger, command.setting_id, asking.person, command.id)
    return done


def allowed_command(asking: Asker, said: Any) -> Command:
    """The command in a JSON object, in the name of whoever asks. Raises Refused or NotAllowed."""
    command = read_command(said if isinstance(said, dict) else {})
    if not is_bare(command):
        raise Refused(
            "not-allowed", "This is not done by a bare command: it takes two people, or a page of its own.", "command"
        )
    if not asking.may_give(command):
        raise NotAllowed
    if command.author_id not in (None, asking.who.person_id):
        raise Refused("not-allowed", "A command is given in one's own name.", "author_id")
    return command.model_copy(update={"author_id": asking.person})


@router.get(
    "/held",
    gate=Gate("record", reads="held"),
    operation_id="listHeld",
    summary="What was refused or waits for something",
    response_model=HeldItems,
)
def list_held(
    request: Request, response: Response, using: Using, asking: Asking, cursor: Cursor = None, limit: int = 100
) -> Json:
    """Everything that could not be accepted and is not settled yet, with the reason and what was sent: one's own, and
    for heads their setting's."""
    after, limit = page(cursor, limit)
    held = using.ledger.waiting.entries(_id_after(after), limit)
    items = [_as_json(one) for one in held]
    answer = linked(request, response, items, "id", limit)
    settled = {str(one.id) for one in held if asking.may_settle(one)}
    return {"items": [item for item in answer["items"] if item["id"] in settled]}


def _as_json(one: Held) -> Json:
    return {
        "id": str(one.id), "entry_id": one.entry_id and str(one.entry_id), "status": one.status, "code": one.code,
        "field": one.field, "message": one.message,
        "received_at": one.received_at.isoformat(), "waits_for": one.target_id and str(one.target_id),
        "entry": one.entry, "broken": one.broken,
        "ends_at": one.ends_at and one.ends_at.isoformat(),
    }  # fmt: skip


def _id_after(cursor: str) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise Unparsable("This cursor was not given by this service. Start again from the first page.") from None


def _held(asking: Asker, using: Service, held_id: UUID) -> Held | None:
    """What is held under an id, if whoever asks may settle it."""
    found = using.ledger.waiting.entry(held_id)
    return found if found is not None and found.resolution is None and asking.may_settle(found) else None


@router.post(
    "/held/{held_id}/retry",
    gate=Gate("record"),
    operation_id="retryHeld",
    summary="Try a held entry again",
    response_model=HeldResult,
    responses={404: {"model": Problem}},
)
def retry_held(held_id: UUID, using: Using, asking: Asking) -> Any:
    """Sends what is held through the door once more, with the clock it came with. Its author confirms it by this."""
    found = _held(asking, using, held_id)
    result = using.ledger.waiting.retry(found.id, asking.writer) if found else None
    if result is None:
        return problem(404, "Not found", "Nothing with this id is waiting.")
    return {"result": result.as_json()}


@router.post(
    "/held/{held_id}/dismiss",
    gate=Gate("record"),
    operation_id="dismissHeld",
    summary="Settle a held entry without recording it",
    response_model=Answer,
    responses={404: {"model": Problem}},
)
def dismiss_held(
    held_id: UUID,
    using: Using,
    asking: Asking,
    reason_code: Annotated[str, Body(embed=True, pattern=CODE, max_length=60)],
) -> Any:
    """What was sent stays in the store of held entries, with the reason."""
    found = _held(asking, using, held_id)
    if found is None or not using.ledger.waiting.dismiss(found.id, reason_code, asking.who.person_id):
        return problem(404, "Not found", "Nothing with this id is waiting.")
    return {"done": True}

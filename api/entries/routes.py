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
from api.core.paging import Cursor, link_next, page
from api.core.problems import NotAllowed, problems
from api.core.service import Json, Using
from api.entries.answers import Answer, HeldItem, HeldItems, HeldResult, Receipt, Recorded, Result, Warned
from projections.queries.reading import Unknown

router = gated(prefix="/api/v1")
NOTHING_WAITS = "Nothing with this id is waiting."

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
    responses=problems(413),
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
    answer = {**receipt.as_json(), "shut_out": True} if sender.revoked else receipt.as_json()
    # Every entry that is ever logged is answered here, up to a thousand at a time, so that a model of each result would
    # be made and checked only to be written out again. A test holds this answer to the model.
    return Response(orjson.dumps(answer), media_type="application/json")


@router.post(
    "/commands",
    gate=Gate("see-frameworks"),
    operation_id="executeCommand",
    summary="Change a setting, person, student, placement or framework",
    responses=problems(409, 413, 422),
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
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unparsable("The command is not readable JSON.") from None
    done = await asyncio.to_thread(_execute, using, asking, content)
    warnings = [Warned.model_validate(warning._asdict()) for warning in done.warnings]
    return Recorded(status=done.status, position=done.position, warnings=warnings)


def _execute(using: Service, asking: Asker, content: Any) -> Executed:
    command = allowed_command(asking, content)
    done = using.ledger.execute(command)
    if isinstance(command, OpenSetting):
        # Somebody must be able to give roles in it, and that is whoever opened it.
        make_first_administrator(using.ledger, command.setting_id, asking.person, command.id)
    return done


def allowed_command(asking: Asker, content: Any) -> Command:
    """The command in a JSON object, in the name of whoever asks. Raises Refused or NotAllowed."""
    command = read_command(content if isinstance(content, dict) else {})
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
)
def list_held(
    request: Request, response: Response, using: Using, asking: Asking, cursor: Cursor = None, limit: int = 100
) -> HeldItems:
    """Everything that could not be accepted and is not settled yet, with the reason and what was sent: one's own, and
    for heads their setting's."""
    after, limit = page(cursor, limit)
    waiting = using.ledger.waiting.entries(_id_after(after), limit)
    # The next page goes on after what was looked at, whether or not it may be seen.
    link_next(request, response, [str(held.id) for held in waiting], limit)
    return HeldItems(items=[_held_item(held) for held in waiting if asking.may_settle(held)])


def _held_item(held: Held) -> HeldItem:
    return HeldItem(
        id=held.id,
        entry_id=held.entry_id,
        status=held.status,
        code=held.code,
        field=held.field,
        message=held.message,
        received_at=held.received_at,
        waits_for=held.target_id,
        entry=held.entry,
        broken=held.broken,
        ends_at=held.ends_at,
    )


def _id_after(cursor: str) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise Unparsable("This cursor was not given by this service. Start again from the first page.") from None


def _held(asking: Asker, using: Service, held_id: UUID) -> Held:
    """What is held under an id, if whoever asks may settle it. Raises Unknown where nothing of theirs waits."""
    held = using.ledger.waiting.entry(held_id)
    if held is None or held.resolution is not None or not asking.may_settle(held):
        raise Unknown(NOTHING_WAITS)
    return held


@router.post(
    "/held/{held_id}/retry",
    gate=Gate("record"),
    operation_id="retryHeld",
    summary="Try a held entry again",
)
def retry_held(held_id: UUID, using: Using, asking: Asking) -> HeldResult:
    """Sends what is held through the door once more, with the clock it came with. Its author confirms it by this."""
    result = using.ledger.waiting.retry(_held(asking, using, held_id).id, asking.writer)
    if result is None:
        raise Unknown(NOTHING_WAITS)
    return HeldResult(result=Result.model_validate(result._asdict()))


@router.post(
    "/held/{held_id}/dismiss",
    gate=Gate("record"),
    operation_id="dismissHeld",
    summary="Settle a held entry without recording it",
)
def dismiss_held(
    held_id: UUID,
    using: Using,
    asking: Asking,
    reason_code: Annotated[str, Body(embed=True, pattern=CODE, max_length=60)],
) -> Answer:
    """What was sent stays in the store of held entries, with the reason."""
    held = _held(asking, using, held_id)
    if not using.ledger.waiting.dismiss(held.id, reason_code, asking.who.person_id):
        raise Unknown(NOTHING_WAITS)
    return Answer(done=True)

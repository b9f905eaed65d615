"""What came, read once: from bytes to typed values, or to the refusal that says which field to mend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from ap_ledger.domain.json_in import TWICE, keepable, loads
from ap_ledger.domain.posted import ANYTHING_DOOR, BATCH_DOOR, POSTED_BY_KIND, Posted, PostedCorrection, PostedVoid
from ap_ledger.domain.results import Result
from ap_ledger.errors import Refused, as_sentence
from ap_ledger.events.as_written import door_for

ENTRIES_LIMIT = 1_000
BYTES_LIMIT = 5 * 1024 * 1024
FIELD_LIMIT = 120
"""The longest name of a field that a refusal repeats."""

_AWARE = door_for(AwareDatetime)
_ID = TypeAdapter(UUID)


class Unparsable(Exception):
    """The send as a whole cannot be read; nothing of it was looked at. The message says what to change."""


class TooLarge(Exception):
    """The send holds too many entries or bytes."""


def parse_send(raw: bytes) -> tuple[datetime, UUID | None, list[Any], bool]:
    """When the device says it sent, which device, what, and whether more is to come. Raises Unparsable or TooLarge."""
    if len(raw) > BYTES_LIMIT:
        raise TooLarge("The send is over 5 MB. Send fewer entries at a time.")
    try:
        body = loads(raw)
    except ValueError:
        raise Unparsable("The send is not readable JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("entries"), list):
        raise Unparsable('The send must be an object such as {"sent_at": "...", "device_id": null, "entries": [...]}.')
    if len(body["entries"]) > ENTRIES_LIMIT:
        raise TooLarge("The send holds over 1,000 entries. Send fewer at a time.")
    try:
        sent_at = _AWARE.validate_python(body["sent_at"])
        device_id = None if body.get("device_id") is None else _ID.validate_strings(body["device_id"])
    except (KeyError, ValidationError):
        raise Unparsable(
            '"sent_at" must be a time with its offset, such as 2026-03-02T09:15:00+00:00, and "device_id" a UUID or '
            "null."
        ) from None
    return sent_at, device_id, body["entries"], body.get("more") is True


def read_posted(raw: list[Any]) -> list[Posted | Result]:
    """Each thing sent, checked for its shape; in place of a bad one, the refusal that says which field to mend.

    What could not be kept as it came is mended in place first, so that a refused one is kept as it was judged.
    """
    try:
        text = orjson.dumps(raw)
    except orjson.JSONEncodeError:
        text = b"\\u0000"
    if b"\\u0000" in text:
        raw[:] = [keepable(entry) for entry in raw]
        text = orjson.dumps(raw)
    try:
        return list(BATCH_DOOR.validate_json(text))
    except ValidationError:
        return [_read_one(entry) for entry in raw]


def _read_one(raw: Any) -> Posted | Result:
    try:
        posted: Posted = ANYTHING_DOOR.validate_json(orjson.dumps(raw))
        return posted
    except ValidationError as error:
        return _refusal(id_of(raw), error)


def same_entry(left: Any, right: Any) -> bool:
    """Whether two things that were sent say the same, in whatever spelling."""
    if left == right:
        return True
    first, second = read_posted([left, right])
    return isinstance(first, Posted) and isinstance(second, Posted) and first.said() == second.said()


def form_of(raw: Any) -> bytes:
    """What something says: equal for two sendings of the same, in whatever spelling each of them came."""
    (posted,) = read_posted([raw])
    return orjson.dumps(posted.said() if isinstance(posted, Posted) else raw, option=orjson.OPT_SORT_KEYS)


def id_of(raw: Any, name: str = "id") -> UUID | None:
    """The id of whatever was sent, or another id in it, in any spelling; None where it has no readable one."""
    try:
        return UUID(raw[name])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


_KIND_FAULTS = ("union_tag_not_found", "union_tag_invalid")
_KINDS: dict[str, type[Posted]] = {**POSTED_BY_KIND, "entry-corrected": PostedCorrection, "entry-voided": PostedVoid}


def _refusal(entry_id: UUID | None, error: ValidationError) -> Result:
    # The input is left out on purpose: what a child said must not travel in an error.
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    kinds = [_KINDS[part] for part in fault["loc"] if part in _KINDS]
    fields = [str(part) for part in fault["loc"] if part not in _KINDS and not _is_branch(str(part))]
    where: str | None = ".".join(fields)[:FIELD_LIMIT] or None
    code, message = "malformed", _sentence(kinds, fields, fault["type"]) or as_sentence(fault["msg"])
    if fault["type"] in _KIND_FAULTS:
        where, message = ".".join((*fields, "kind")), "The kind of this entry is missing or not known here."
    elif fault["type"] == "string_too_long":
        code, message = "too-long", "The text is too long; 4,000 characters at most, fewer for names."
    return Result(entry_id, "refused", code=code, field=where, message=message)


def _sentence(kinds: Sequence[type[Posted]], fields: Sequence[str], fault: str) -> str | None:
    """What a field says of itself in its class, which is the same sentence whatever is wrong with what was given for
    it."""
    # In a correction the replacement is an entry of a kind of its own, whose fields stand one step further in.
    depth = len(kinds)
    if not kinds or len(fields) < depth:
        return None
    if fields[-1].endswith(TWICE):
        return "This field is written twice."
    info = kinds[-1].model_fields.get(fields[depth - 1])
    if info is None:
        return "There is no such field for this kind." if fault == "extra_forbidden" else None
    return (
        f"This field is missing. {info.description}"
        if fault == "missing" and len(fields) == depth
        else info.description
    )


def _is_branch(part: str) -> bool:
    """Whether a part of an error's path names a type that pydantic tried, and not a field."""
    return (
        part in ("int", "float", "str", "Ref", "Session")
        or "[" in part
        or part.startswith(("constrained", "function-"))
    )


def refused(entry_id: UUID | None, refusal: Refused) -> Result:
    """The answer for a refusal."""
    return Result(entry_id, "refused", code=refusal.code, field=refusal.field, message=refusal.message)


CLOSED = (
    "A key that this needs does not open here at present, so it waits. Ask whoever looks after the machine to run: "
    "ap-ledger check. "
    "Once the key opens, try this again."
)


def unopened(entry_id: UUID | None) -> Result:
    """The answer for what needs a key that does not open: it is held, and harms nothing else in its send."""
    return Result(entry_id, "held", field="student_id", message=CLOSED)

"""One send, from the bytes that came to the answers that go back. One bad entry never spoils the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from ap_ledger.application.boxes import is_box
from ap_ledger.application.checks import CHECKS
from ap_ledger.application.keyring import Keyring
from ap_ledger.application.mapper import split_personal
from ap_ledger.application.results import Result
from ap_ledger.application.sealing import bound_to, seal
from ap_ledger.application.standing import REFUSED, SendJudge
from ap_ledger.application.world import Party, World
from ap_ledger.domain.posted import ANYTHING, BATCH, OUTSIDE_STATE, Posted, PostedCorrection, PostedEntry, PostedVoid
from ap_ledger.errors import KeyringError, Refused, as_sentence
from ap_ledger.events import EVENT_BY_TOPIC
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.persistence.rows import Row, Unit, sealed_hash

ENTRIES_LIMIT = 1_000
BYTES_LIMIT = 5 * 1024 * 1024
FUTURE_LIMIT = timedelta(minutes=5)
CLOCK_MOVED = timedelta(minutes=5)
LOOK_AGAIN = 0.05
"""Seconds for which the door trusts what it remembers of other processes' doings. What it did itself it knows at once."""
TIME_UNCERTAIN = "time-uncertain"
OUTSIDE_PLACEMENT = "outside-placement"
OUTSIDE_TIMETABLE = "outside-timetable"
"""A Saturday club is real work: a slot on a weekday that is not its own is recorded, and says so."""

_AWARE = TypeAdapter(AwareDatetime)
_ID = TypeAdapter(UUID)


class Unparsable(Exception):
    """The send as a whole cannot be read; nothing of it was looked at. The message says what to change."""


class TooLarge(Exception):
    """The send holds too many entries or bytes."""


@dataclass(slots=True)
class Send:
    """One batch on its way through the door."""

    received_at: datetime
    offset: timedelta
    uncertain: bool
    device_id: UUID | None
    raw: list[Any]
    results: list[Result | None]
    units: list[Unit] = field(default_factory=list)
    unit_places: list[int] = field(default_factory=list)
    changes: list[tuple[int, PostedCorrection | PostedVoid]] = field(default_factory=list)
    boxes: list[int] = field(default_factory=list)
    replaced: dict[int, UUID] = field(default_factory=dict)
    judge: SendJudge | None = None
    more: bool = False
    offset_us: int = 0
    latest: int = 0

    def __post_init__(self) -> None:
        self.offset_us = self.offset // timedelta(microseconds=1)
        self.latest = microseconds(self.received_at + FUTURE_LIMIT)

    def mends(self, place: int, posted: PostedEntry | PostedCorrection | PostedVoid) -> None:
        """Remembers which refused entry something mends."""
        if posted.replaces is not None:
            self.replaced[place] = posted.replaces


def parse_send(raw: bytes) -> tuple[datetime, UUID | None, list[Any], bool]:
    """When the device says it sent, which device, what, and whether more is to come. Raises Unparsable or TooLarge."""
    if len(raw) > BYTES_LIMIT:
        raise TooLarge("The send is over 5 MB. Send fewer entries at a time.")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Unparsable("The send is not readable JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("entries"), list):
        raise Unparsable('The send must be an object such as {"sent_at": "...", "device_id": null, "entries": [...]}.')
    if len(body["entries"]) > ENTRIES_LIMIT:
        raise TooLarge("The send holds over 1,000 entries. Send fewer at a time.")
    try:
        sent_at = _AWARE.validate_strings(body["sent_at"])
        device_id = None if body.get("device_id") is None else _ID.validate_strings(body["device_id"])
    except (KeyError, ValidationError):
        raise Unparsable('"sent_at" must be a time with its offset, such as 2026-03-02T09:15:00+00:00, and "device_id" a UUID or null.') from None
    return sent_at, device_id, body["entries"], body.get("more") is True


def read_posted(raw: Sequence[Any]) -> list[Posted | Result]:
    """Each thing sent, checked for its shape; in place of a bad one, the refusal that says which field to mend.

    Raises Unparsable for what no JSON reader here would read again.
    """
    try:
        return list(BATCH.validate_json(orjson.dumps(raw)))
    except orjson.JSONEncodeError:
        raise Unparsable("The send is nested too deeply to be an entry.") from None
    except ValidationError:
        return [_read_one(one) for one in raw]


def _read_one(raw: Any) -> Posted | Result:
    try:
        return ANYTHING.validate_json(orjson.dumps(raw))
    except ValidationError as error:
        return _refusal(id_of(raw), error)


def id_of(raw: Any) -> UUID | None:
    """The id of whatever was sent, if it has a readable one."""
    try:
        return UUID(raw["id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


_KIND_FAULTS = ("union_tag_not_found", "union_tag_invalid")


def _refusal(entry_id: UUID | None, error: ValidationError) -> Result:
    # The input is left out on purpose: what a child said must not travel in an error.
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if fault["type"] in _KIND_FAULTS:
        return Result(entry_id, "refused", code="malformed", field="kind", message="The kind of this entry is missing or not known here.")
    where = ".".join(str(part) for part in fault["loc"][1:] if not _is_branch(str(part))) or None
    if fault["type"] == "string_too_long":
        return Result(entry_id, "refused", code="too-long", field=where, message="The text is too long; 4,000 characters at most, fewer for names.")
    said = {"missing": "This field is missing.", "extra_forbidden": "There is no such field for this kind."}
    message = said.get(fault["type"]) or as_sentence(fault["msg"])
    return Result(entry_id, "refused", code="malformed", field=where, message=message)


def _is_branch(part: str) -> bool:
    """Whether a part of an error's path names a type that pydantic tried, and not a field."""
    return part in ("int", "float", "str", "Ref", "Session") or "[" in part or part.startswith(("constrained", "function-"))


class Door:
    """Turns what was posted into rows, refusing what breaks a rule."""

    def __init__(self, world: World, keyring: Keyring) -> None:
        self._world = world
        self._keyring = keyring

    def let_in(self, send: Send) -> None:
        """Sorts a send: rows for fresh entries, refusals, and the changes and boxes to look at afterwards."""
        self._world.refresh(LOOK_AGAIN)
        for place, posted in enumerate(read_posted(send.raw)):
            if send.judge is not None and not isinstance(posted, Result) and (verdict := self._judge(send, posted, send.raw[place])) is not None:
                send.results[place] = verdict
            elif isinstance(posted, PostedEntry):
                try:
                    unit = self._unit_now(posted, send.raw[place], send)
                except Refused as refusal:
                    send.results[place] = refused(posted.id, refusal)
                    continue
                send.units.append(unit)
                send.unit_places.append(place)
                send.mends(place, posted)
            elif isinstance(posted, (PostedCorrection, PostedVoid)):
                send.changes.append((place, posted))
                send.mends(place, posted)
            elif isinstance(posted, Result):
                if is_box(send.raw[place]):
                    send.boxes.append(place)
                else:
                    send.results[place] = posted

    def _judge(self, send: Send, posted: Posted, raw: dict[str, Any]) -> Result | None:
        """Why this sender may not record something, or not without its author; None where they may."""
        assert send.judge is not None
        try:
            zone = self.party(raw).setting.time_zone
            at = microseconds(posted.device_time) + send.offset_us
            said = send.judge.verdict(raw["setting_id"], raw["student_id"], raw["author_id"], posted.kind == "worry-raised", at, zone)
        except (Refused, OverflowError):
            # Whoever or whenever it is does not exist, which is refused below in the same words for everybody.
            return None
        if said is None:
            return None
        if said == REFUSED:
            return Result(posted.id, "refused", code="not-allowed", field="student_id", message=said)
        return Result(posted.id, "held", field="author_id", message=said)

    def _unit_now(self, posted: PostedEntry, raw: dict[str, Any], send: Send) -> Unit:
        """The row of a fresh entry; what seems unknown is looked for once more, since another process may just have added it."""
        try:
            return self.unit(posted, raw, send)
        except Refused as refusal:
            if not refusal.code.startswith("unknown-"):
                raise
            self._world.refresh()
            return self.unit(posted, raw, send)

    def unit(self, posted: PostedEntry, raw: dict[str, Any], send: Send) -> Unit:
        """The row of a fresh entry. Raises Refused."""
        party = self.party(raw)
        check = CHECKS.get(posted.kind)
        if check is not None:
            check(posted, self._world)
        occurred_at, flags = self.when(posted, party, send)
        print_ = self.print_of(party, raw)
        if posted.kind == "worry-raised":
            return self._worry(posted, raw, send, occurred_at, print_)
        event = EVENT_BY_TOPIC[posted.kind]
        state = {name: value for name, value in raw.items() if value is not None and name not in OUTSIDE_STATE}
        if flags:
            state["flags"] = flags
        sealed = self.sealed(posted, posted.kind, posted.id, 1, split_personal(event, state)) if event.PERSONAL else ()
        return Unit(posted.id, (Row(
            posted.id, 1, posted.kind, event.class_version, None, posted.setting_id, posted.student_id, posted.author_id,
            send.device_id, occurred_at, print_, sealed_hash(sealed), orjson.dumps(state).decode(), sealed,
        ),))  # fmt: skip

    def party(self, raw: Mapping[str, Any]) -> Party:
        """The setting, student and author of something posted, whose ids are known to be readable. Raises Refused."""
        return self._world.party(raw["setting_id"], raw["student_id"], raw["author_id"])

    def when(self, posted: Posted, party: Party, send: Send, offset: int | None = None) -> tuple[int, list[str]]:
        """When it happened, in microseconds, and the flags that go with it. Raises Refused for a slot or a time that cannot be."""
        flags = [TIME_UNCERTAIN] if send.uncertain else []
        session = posted.session if isinstance(posted, PostedEntry) else None
        try:
            occurred_at = microseconds(posted.device_time) + (send.offset_us if offset is None else offset)
            day = session.date if session else local_day(occurred_at, party.setting.time_zone)
        except OverflowError:
            raise Refused("malformed", "This time is too far away to be real.", "device_time") from None
        if session is not None:
            slot = party.slot_start(session.date, session.slot)
            if slot is None:
                raise Refused("unknown-session", "The timetable that held on that day has no slot with this id.", "session")
            starts, held = slot
            if not held:
                flags.append(OUTSIDE_TIMETABLE)
            if posted.kind == "outcome-scored":
                occurred_at = starts
        if occurred_at > send.latest:
            raise Refused("in-future", "This lies in the future. Check the time, or the clock of the phone.", "session" if session else "device_time")
        if not party.placed(day):
            flags.append(OUTSIDE_PLACEMENT)
        return occurred_at, flags

    def print_of(self, party: Party, raw: dict[str, Any]) -> bytes:
        """The fingerprint of what was posted. Raises Refused when the student's record was erased."""
        if party.fingerprint is None:
            raise Refused("not-allowed", "This student's record was erased, so nothing new can be recorded about them.", "student_id")
        try:
            return party.fingerprint.of(raw)
        except ValueError:
            raise Refused("malformed", "A number is too large to be kept exactly.") from None

    def sealed(self, posted: Posted, topic: str, stream: UUID, version: int, texts: Mapping[str, Mapping[str, Any]]) -> Any:
        """Seals texts under the student's keys. Raises Refused when the key for them was shredded."""
        if not texts:
            return ()
        try:
            return seal(self._keyring, topic, stream, version, posted.student_id, texts)
        except KeyringError:
            raise Refused("not-allowed", "Records of this kind were erased for this student, so no new text of it can be kept.") from None

    def _worry(self, posted: PostedEntry, raw: dict[str, Any], send: Send, occurred_at: int, print_: bytes) -> Unit:
        # Sealed twice: inside under the student's key, so that it ends with the student's record; outside under the
        # setting's, so that not even the key's name tells which student somebody worried about.
        stream, topic = uuid4(), SealedRecord.TOPIC
        inner = self.sealed(posted, topic, stream, 1, {"safeguarding": raw})[0]
        body = {"key_id": str(inner.key_id), "student_id": str(posted.student_id), "nonce": inner.nonce.hex(), "ciphertext": inner.ciphertext.hex()}
        outer = seal(self._keyring, topic, stream, 1, posted.setting_id, {"safeguarding": {"body": orjson.dumps(body).decode()}})
        return Unit(posted.id, (Row(
            stream, 1, topic, SealedRecord.class_version, posted.id, posted.setting_id, None, None, None,
            occurred_at, print_, sealed_hash(outer), "{}", outer,
        ),))  # fmt: skip


def open_worry(keyring: Keyring, stream: UUID, body: str) -> dict[str, Any] | None:
    """The worry inside an opened sealed record, or None once the student's safeguarding key is shredded."""
    said = orjson.loads(body)
    key = keyring.by_id(UUID(said["key_id"]))
    if key is None:
        return None
    bound = bound_to(SealedRecord.TOPIC, stream, 1, UUID(said["student_id"]), "safeguarding", key.id)
    opened: dict[str, Any] = orjson.loads(key.cipher.decrypt(bytes.fromhex(said["nonce"]), bytes.fromhex(said["ciphertext"]), bound))
    return opened


def refused(entry_id: UUID | None, refusal: Refused) -> Result:
    """The answer for a refusal."""
    return Result(entry_id, "refused", code=refusal.code, field=refusal.field, message=refusal.message)

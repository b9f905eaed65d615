"""The one door: `Ledger.record` for entries, `Ledger.execute` for streams with rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import orjson
import uuid_utils
from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError, Mapper
from eventsourcing.utils import Environment

from ap_ledger.application.accounts import Accounts
from ap_ledger.application.changes import Changes
from ap_ledger.application.deeds import Deeds
from ap_ledger.application.door import CLOCK_MOVED, Door, Send, id_of, parse_send, refused
from ap_ledger.application.drafts import Drafts
from ap_ledger.application.fingerprint import Fingerprint
from ap_ledger.application.held import Held, HeldStore
from ap_ledger.application.keyring import Keyring, make_master_key
from ap_ledger.application.mapper import LedgerMapper
from ap_ledger.application.proposals import Proposals
from ap_ledger.application.published import Published
from ap_ledger.application.results import Receipt, Result
from ap_ledger.application.standing import Sender, Standing
from ap_ledger.application.world import World
from ap_ledger.domain.base import Command, NextEvents
from ap_ledger.domain.device import DeviceCommand, project_device
from ap_ledger.domain.framework import PublishFramework, RetireFramework, project_framework
from ap_ledger.domain.person import PersonCommand, project_person
from ap_ledger.domain.posted import PostedCorrection, PostedVoid
from ap_ledger.domain.proposal import ProposalCommand, project_proposal
from ap_ledger.domain.setting import SettingCommand, project_setting
from ap_ledger.domain.student import StudentCommand, project_student
from ap_ledger.errors import CommandConflict, KeyringError, NotYet, Refused, SetupError
from ap_ledger.events.base import Event, Stamp
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.moments import microseconds
from ap_ledger.events.reading import Looked, RecordRead
from ap_ledger.events.setting import SettingOpened
from ap_ledger.events.student import KeyMade
from ap_ledger.persistence.postgres import PostgresLedgerRecorder, grant_service_role
from ap_ledger.persistence.recorder import LedgerFactory, LedgerRecorder
from ap_ledger.persistence.rows import Appended, Known, Outcome
from ap_ledger.persistence.sqlite import SQLiteLedgerRecorder
from ap_ledger.settings import Settings

ATTEMPTS = 20
LOOK_AGAIN_AFTER = timedelta(minutes=10)
"""Looking at the same again within this time is one look."""
CONFLICT = "This id was sent before with other content. Nothing was stored; use a new id for a new entry."
PROJECTORS: tuple[tuple[type[Command], Callable[..., Any]], ...] = (
    (StudentCommand, project_student),
    (SettingCommand, project_setting),
    (PersonCommand, project_person),
    (DeviceCommand, project_device),
    (ProposalCommand, project_proposal),
    (PublishFramework, project_framework),
    (RetireFramework, project_framework),
)


@dataclass(frozen=True, slots=True)
class Executed:
    """The answer to a command: whether it was recorded now or before, and the first position it caused."""

    status: Literal["recorded", "duplicate"]
    position: int


def system_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A fresh UUIDv7, for programs that act as a client."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


class Ledger(Application[UUID]):
    """Records facts, and nothing but facts. Everything shown is computed from it elsewhere.

    `clock` gives aware datetimes; it is handed in so that tests and the example setting can live through other days.
    """

    name = "ledger"
    recorder: LedgerRecorder
    mapper: LedgerMapper

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = system_clock) -> None:
        self.settings = settings
        self.clock = clock
        super().__init__(self._environment(settings))
        head = self.recorder.read_head()
        ledger_id = self.recorder.ledger_id()
        try:
            self.keyring = Keyring.open(settings, ledger_id, self._newest_key(head.keys_position))
            self.mapper.keyring = self.keyring
            own = self.keyring.key(ledger_id, "core")
            if own is None:
                raise KeyringError("The ledger's own key is missing from the keyring. Restore the keyring from its backup.")
            self.held = HeldStore(settings, own)
            self.drafts = Drafts(settings, self.keyring)
            self.accounts = Accounts(settings, own, clock)
        except Exception:
            for store in ("recorder", "keyring", "held", "drafts"):
                if hasattr(self, store):
                    getattr(self, store).close()
            raise
        self.world = World(self.repository, self.recorder, self.keyring)
        self.standing = Standing(self.world, clock)
        self.door = Door(self.world, self.keyring)
        self.published = Published(self.world, self.recorder)
        self.changes = Changes(self.door, self.world, self.recorder)
        self.deeds = Deeds(self.world, self.recorder, self.keyring, self.held, self.drafts, self.accounts)
        self.proposals = Proposals(self)
        self._looks: dict[tuple[str, UUID, UUID | None, UUID | None], datetime] = {}
        self._may_wait = self.held.any_waiting()

    def _newest_key(self, position: int) -> UUID | None:
        """The key that the ledger made last. Its event holds nothing sealed, so it can be read before any key is open."""
        return UUID(orjson.loads(self.recorder.events_at([position])[0].state)["key_id"]) if position else None

    @staticmethod
    def _environment(settings: Settings) -> dict[str, str]:
        common = {"MAPPER_TOPIC": "ap_ledger.application.mapper:LedgerMapper", "QUEUE_LIMIT": str(settings.queue_limit)}
        if settings.postgres:
            return {**common, "PERSISTENCE_MODULE": "ap_ledger.persistence.postgres:Factory", "POSTGRES_URL": settings.postgres}
        path = str(ledger_file(settings))
        return {**common, "PERSISTENCE_MODULE": "ap_ledger.persistence.sqlite:Factory", "SQLITE_DBNAME": path}

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """Only what the ledger was given: the library would let a stray variable of the system decide over it."""
        return Environment("", env)

    def construct_mapper(self) -> Mapper[UUID]:
        """Our mapper; its keyring follows once the ledger's id is known."""
        return self.factory.mapper(mapper_class=LedgerMapper)

    def construct_recorder(self) -> LedgerRecorder:
        """Our recorder, with our clock."""
        assert isinstance(self.factory, LedgerFactory)
        return self.factory.ledger_recorder(lambda: microseconds(self.clock()))

    new_id = staticmethod(new_id)

    def settings_opened(self) -> list[UUID]:
        """Every setting that keeps its ledger here, in the order in which they were opened. Looks through the whole ledger."""
        return [UUID(bytes=row.originator_id) for row in self.recorder.tail_of_topics([SettingOpened.TOPIC])]

    # Entries ------------------------------------------------------------------------------------------------------

    def record(
        self, entries: Sequence[Mapping[str, Any]], *, sent_at: datetime | None = None, device_id: UUID | None = None, sender: Sender | None = None
    ) -> Receipt:
        """Records a batch and waits until it is durable: one answer for each entry, in the order sent.

        `sent_at` is the sender's clock now; None means that it is ours. `sender` is who sends over the network; None is the
        machine itself, which may record for everybody. Raises Busy when too much is waiting.
        """
        send = self._open_send(self.clock(), sent_at, device_id, [dict(entry) for entry in entries], sender)
        return self.finish(send, self.submit(send).result() if send.units else [])

    def open_send(self, raw: bytes, sender: Sender | None = None) -> Send:
        """Reads what came over the network and judges every entry. Raises Unparsable or TooLarge."""
        now = self.clock()
        sent_at, device_id, entries = parse_send(raw)
        if sender is not None and sender.who.device_id is not None:
            # A credential says which device it is; what a send says of itself is for those who have none.
            device_id = sender.who.device_id
        return self._open_send(now, sent_at, device_id, entries, sender)

    def _open_send(self, now: datetime, sent_at: datetime | None, device_id: UUID | None, entries: list[Any], sender: Sender | None = None) -> Send:
        # Measured to the second: what is smaller is the network's delay, not the clock's fault.
        offset = timedelta(seconds=round((now - (sent_at or now)).total_seconds()))
        before = self.held.last_offset(device_id) if device_id else None
        uncertain = before is not None and abs(offset - before) > CLOCK_MOVED
        send = Send(now, offset, uncertain, device_id, entries, [None] * len(entries))
        send.judge = None if sender is None else self.standing.judge(sender, self.accounts)
        self.door.let_in(send)
        return send

    def submit(self, send: Send) -> Any:
        """Queues the fresh entries of a send; the future holds what became of each. Raises Busy at once when the queue is full."""
        return self.recorder.writer.submit(send.units)

    def needs_more(self, send: Send) -> bool:
        """Whether finishing this send reads or writes a database, and so must not happen on an event loop."""
        return bool(
            send.changes
            or send.boxes
            or send.replaced
            or self._may_wait
            or any(result is not None for result in send.results)
            or (send.device_id and self.held.last_offset(send.device_id) is None)
            or send.uncertain
        )

    def finish(self, send: Send, outcomes: Sequence[Outcome]) -> Receipt:
        """Answers every entry of a send: fresh ones from what was stored, then changes, then what was refused or held."""
        fresh: list[UUID] = []
        for unit, place, outcome in zip(send.units, send.unit_places, outcomes, strict=True):
            send.results[place] = self._answer(unit.id, unit.rows[0].fingerprint, outcome, unit.rows[0].state)
            if isinstance(outcome, Appended):
                fresh.append(unit.id)
        for place, posted in send.changes:
            send.results[place] = self._change(posted, send.raw[place], send)
        for place in send.boxes:
            send.results[place] = Result(
                id_of(send.raw[place]), "held", message="This box cannot be opened here yet. It is kept, sealed as it came; its author will be asked."
            )
        self._keep_refused(send)
        for place, mended in send.replaced.items():
            result = send.results[place]
            if result is not None and result.status in ("recorded", "duplicate") and self._may_mend(send, place, mended):
                self.held.resolve(mended, "replaced", send.received_at)
        if fresh and self._may_wait:
            self._may_wait = not self.release(fresh) or self.held.any_waiting()
        if send.device_id is not None:
            self.held.remember_offset(send.device_id, send.offset, send.received_at)
        results = [result for result in send.results if result is not None]
        positions = [result.position for result in results if result.position is not None]
        return Receipt(max(positions) if positions else self.recorder.read_head().position, results)

    def _may_mend(self, send: Send, place: int, mended: UUID) -> bool:
        """Whether an entry that came over the network settles what it says it mends: only its own author's, about the same student."""
        held = self.held.get(mended) if send.judge is not None else None
        if held is None:
            return True
        return isinstance(held.entry, dict) and all(held.entry.get(name) == send.raw[place].get(name) for name in ("author_id", "student_id"))

    def _answer(self, entry_id: UUID, print_: bytes, outcome: Outcome, state: str = "") -> Result:
        if isinstance(outcome, Appended):
            flags = tuple(orjson.loads(state).get("flags", ())) if '"flags"' in state else ()
            return Result(entry_id, "recorded", position=outcome.position, flags=flags)
        assert isinstance(outcome, Known)
        if outcome.fingerprint == print_:
            return Result(entry_id, "duplicate", position=outcome.position)
        return Result(entry_id, "conflict", position=None, message=CONFLICT)

    def _change(self, posted: PostedCorrection | PostedVoid, raw: dict[str, Any], send: Send) -> Result:
        """Records a correction or void; two people who correct at once are both kept, one after the other."""
        try:
            for _ in range(ATTEMPTS):
                known = self._known_before(posted.id, raw)
                if known is not None:
                    return known
                unit = self.changes.unit(posted, raw, send)
                outcome = self.recorder.writer.submit([unit]).result()[0]
                if isinstance(outcome, (Appended, Known)):
                    return self._answer(posted.id, unit.rows[0].fingerprint, outcome, unit.rows[0].state)
        except NotYet as reason:
            return self._hold(posted, raw, send, reason)
        except Refused as refusal:
            return refused(posted.id, refusal)
        return refused(posted.id, Refused("not-allowed", "Too many people are changing this entry at once. Send it again."))

    def _hold(self, posted: PostedCorrection | PostedVoid, raw: dict[str, Any], send: Send, reason: NotYet) -> Result:
        before = self.held.get(posted.id)
        if (
            before is not None
            and before.resolution is None
            and before.entry != raw
            and (before.status == "held" or self._place_for(posted.id, raw) != posted.id)
        ):
            return Result(posted.id, "conflict", message=CONFLICT)
        result = Result(posted.id, "held", field="entry_id", message=reason.message)
        self.held.keep(posted.id, result, raw, send.received_at, send.offset, send.device_id, posted.entry_id)
        self._may_wait = True
        # The entry may have arrived between looking for it and keeping this.
        if self.recorder.find([posted.entry_id]):
            self.release([posted.entry_id])
            known = self.recorder.find([posted.id]).get(posted.id)
            if known is not None:
                return Result(posted.id, "recorded", position=known.position)
        return result

    def _keep_refused(self, send: Send) -> None:
        for place, result in enumerate(send.results):
            # A change that waits for its entry was kept when it was found to; everything else that is held is kept here.
            if result is None or (result.status != "refused" and place not in send.boxes and result.field != "author_id"):
                continue
            if result.id is not None and place not in send.boxes and (known := self._known_before(result.id, send.raw[place])):
                send.results[place] = known
                continue
            self.held.keep(self._place_for(result.id, send.raw[place]), result, send.raw[place], send.received_at, send.offset, send.device_id, None)

    def _place_for(self, entry_id: UUID | None, raw: Any) -> UUID:
        """Under which id something refused is kept: its own, unless somebody else's lies there already and would be lost."""
        before = self.held.get(entry_id) if entry_id is not None else None
        others = before is not None and before.entry != raw and not (
            isinstance(before.entry, dict) and isinstance(raw, dict) and before.entry.get("author_id") == raw.get("author_id")
        )  # fmt: skip
        return new_id() if entry_id is None or others else entry_id

    def _known_before(self, entry_id: UUID, raw: Any) -> Result | None:
        """An id that is in the ledger is a duplicate or a conflict, even where its content would be refused today."""
        known = self.recorder.find([entry_id]).get(entry_id)
        if known is None:
            return None
        event = self.recorder.events_at([known.position])[0]
        # A worry's row names no student, so the student it was posted about says which key its fingerprint was made under.
        student = event.student_id or (self._student_of(raw) if event.topic == SealedRecord.TOPIC else None)
        key = self.keyring.key(student, "core") if student else None
        if student is not None and key is None:
            # The student's keys are gone, and with them every way to compare: the id alone means duplicate.
            return Result(entry_id, "duplicate", position=known.position)
        try:
            return self._answer(entry_id, Fingerprint(key.raw).of(raw) if key else b"", known)
        except ValueError:
            return Result(entry_id, "conflict", message=CONFLICT)

    @staticmethod
    def _student_of(raw: Any) -> UUID | None:
        try:
            return UUID(raw["student_id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    # What is held -------------------------------------------------------------------------------------------------

    def release(self, arrived: Sequence[UUID]) -> int:
        """Applies what waited for entries that are here now. Returns how many were settled."""
        return sum(self.retry(waiting.id) is not None for waiting in self.held.waiting_for(arrived))

    def release_all(self) -> int:
        """Looks at everything that waits for another entry, for instance after a crash between two commits."""
        settled, after = 0, None
        while waiting := self.held.waiting(after, 500):
            targets = [one.target_id for one in waiting if one.target_id is not None]
            settled += self.release([target for target in targets if target in self.recorder.find(targets)])
            after = waiting[-1].id
        self._may_wait = self.held.any_waiting()
        return settled

    def retry(self, held_id: UUID, sender: Sender | None = None) -> Result | None:
        """Tries one held thing again, as if it were sent now with the clock it was sent with. None when nothing waited.

        What waits for its author to confirm it is recorded when its author tries it.
        """
        held = self.held.get(held_id)
        if held is None or held.resolution is not None:
            return None
        send = Send(self.clock(), held.offset, False, held.device_id, [held.entry], [None])
        send.judge = None if sender is None else self.standing.judge(sender, self.accounts)
        self.door.let_in(send)
        outcomes = self.submit(send).result() if send.units else []
        result = self._settle(send, outcomes)
        if result.status in ("recorded", "duplicate"):
            self.held.resolve(held_id, "recorded", self.clock())
        elif result.status == "refused":
            # What it waited for came, and a rule still says no: its author sees today's reason, and it waits for nothing more.
            self.held.keep(held_id, result, held.entry, held.received_at, held.offset, held.device_id, None)
        return result

    def _settle(self, send: Send, outcomes: Sequence[Outcome]) -> Result:
        if send.units:
            unit = send.units[0]
            return self._answer(unit.id, unit.rows[0].fingerprint, outcomes[0], unit.rows[0].state)
        if send.changes:
            posted = send.changes[0][1]
            known = self.recorder.find([posted.entry_id])
            return self._change(posted, send.raw[0], send) if known else Result(posted.id, "held", message="Its entry has not arrived.")
        return send.results[0] or Result(None, "held", message="This box cannot be opened here yet.")

    def dismiss(self, held_id: UUID, reason_code: str, by: UUID | None = None) -> bool:
        """Settles a held thing without recording it; it stays in the store with the reason. False when nothing waited."""
        return self.held.resolve(held_id, f"dismissed: {reason_code}", self.clock(), by)

    def held_entries(self, after: UUID | None = None, limit: int = 100) -> list[Held]:
        """What is held or was refused and not settled yet. What was sent again and recorded since is settled by looking."""
        found = self.held.waiting(after, limit)
        recorded = self.recorder.find([held.id for held in found])
        for held_id in recorded:
            self.held.resolve(held_id, "recorded", self.clock())
        return [held for held in found if held.id not in recorded]

    # Streams with rules -------------------------------------------------------------------------------------------

    def execute(self, command: Command) -> Executed:
        """Lets a command decide, and records what follows. Doing it twice is harmless.

        Raises Refused when a rule says no, CommandConflict when its id was used for something else, Busy.
        """
        projector = next(projector for kind, projector in PROJECTORS if isinstance(command, kind))
        said = command.model_dump(mode="json")
        for _ in range(ATTEMPTS):
            owner = command.student_id or command.setting_id
            known = self.recorder.find([command.id]).get(command.id)
            if known is not None:
                key = self.keyring.key(owner, "core")
                if key is not None and Fingerprint(key.raw).of(said) != known.fingerprint:
                    raise CommandConflict("This command's id was used before for something else. Nothing was stored.")
                return Executed("duplicate", known.position)
            state = self.world.fold(command.stream_id, projector)
            self.deeds.check(command)
            stamp = Stamp(
                occurred_at=self.clock(), setting_id=command.setting_id, student_id=command.student_id,
                author_id=command.author_id, command_id=command.id,
            )  # fmt: skip
            events = NextEvents(command.stream_id, state.version if state else 0, stamp)
            decided = command.decide(state, events)
            decided += self._make_keys(command, events)
            key = self.keyring.key(owner, "core")
            print_ = Fingerprint(key.raw).of(said) if key else b""
            decided[0] = decided[0].model_copy(update={"stamp": replace(decided[0].stamp, fingerprint=print_)})
            self.deeds.intend(command)
            try:
                recordings = self.save(*decided)
            except IntegrityError:
                self.deeds.abandon(command)
                continue
            self.deeds.do(command)
            self.world.refresh()
            return Executed("recorded", recordings[0].notification.id)
        raise Refused("not-allowed", "Too many people are changing this at once. Try again.")

    def would_decide(self, command: Command) -> None:
        """Lets a command decide and stores nothing. Raises Refused when a rule says no."""
        projector = next(projector for kind, projector in PROJECTORS if isinstance(command, kind))
        state = self.world.fold(command.stream_id, projector)
        self.deeds.check(command)
        stamp = Stamp(occurred_at=self.clock(), setting_id=command.setting_id, student_id=command.student_id, author_id=command.author_id)
        command.decide(state, NextEvents(command.stream_id, state.version if state else 0, stamp))

    def record_read(self, what: Looked, who: UUID, setting_id: UUID | None, student_id: UUID | None = None) -> int:
        """Records that somebody looked at something, durably, before it is shown. Returns the position, 0 where it was recorded just now."""
        now, looked = self.clock(), (what, who, setting_id, student_id)
        if (before := self._looks.get(looked)) is not None and now - before < LOOK_AGAIN_AFTER:
            return 0
        stamp = Stamp(occurred_at=now, setting_id=setting_id, student_id=student_id, author_id=who)
        event = RecordRead(originator_id=new_id(), originator_version=1, stamp=stamp, what=what)
        position = int(self.save(event)[0].notification.id)
        if len(self._looks) > 10_000:
            self._looks.clear()
        self._looks[looked] = now
        return position

    def _make_keys(self, command: Command, events: NextEvents) -> list[Event]:
        # The keyring is durable before the ledger names its keys, so a crash in between leaves keys unused, never missing.
        if command.MAKES_KEYS_FOR is None:
            return []
        keys = self.keyring.make(getattr(command, command.MAKES_KEYS_FOR))
        return [events.event(KeyMade, key_id=key.id, retention_class=kept, commitment=key.commitment) for kept, key in keys.items()]

    # Reading ------------------------------------------------------------------------------------------------------

    def read(self, positions: Sequence[int]) -> list[Event]:
        """The events at these positions, opened where their keys remain, in order."""
        self.world.refresh()
        return [self.mapper.to_domain_event(stored) for stored in self.recorder.events_at(positions)]  # type: ignore[misc]

    def position_at(self, known_at: datetime) -> int:
        """The greatest position recorded at or before a time."""
        return self.recorder.position_at(microseconds(known_at))

    def close(self) -> None:
        """Stores what is waiting and lets go of every store."""
        if not self.closing.is_set() and hasattr(self, "world"):
            self.recorder.close()
            self.keyring.close()
            self.held.close()
            self.drafts.close()
            self.accounts.close()
        super().close()


def ledger_file(settings: Settings) -> Path:
    """The SQLite file of the ledger."""
    return settings.data / "ledger.sqlite"


def create_ledger(settings: Settings, service_role: str | None = None) -> Path | None:
    """Makes an empty ledger with its keyring and its stores. Returns the master key file made, if one was.

    On PostgreSQL `service_role` is the role as which the service will run: on the ledger it may INSERT and SELECT, nothing
    else. Raises SetupError where there is a ledger already.
    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.postgres is None and ledger_file(settings).exists():
        raise SetupError(f"There is a ledger at {settings.data} already; nothing was changed.")
    made = make_master_key(settings)
    if settings.postgres:
        PostgresLedgerRecorder.create(settings.postgres)
        recorder: LedgerRecorder = PostgresLedgerRecorder(settings.postgres, _now, settings.queue_limit)
    else:
        SQLiteLedgerRecorder.create(ledger_file(settings))
        recorder = SQLiteLedgerRecorder(ledger_file(settings), _now, settings.queue_limit)
    try:
        Keyring.create(settings, recorder.ledger_id())
        HeldStore.create(settings)
        Accounts.create(settings)
        if service_role is not None:
            grant_service_role(settings, service_role)
    finally:
        recorder.close()
    return made


def open_ledger(settings: Settings, clock: Callable[[], datetime] = system_clock) -> Ledger:
    """Opens a ledger, finishes what a crash left half done, and settles what waited for entries that have arrived. Raises SetupError or KeyringError."""
    ledger = Ledger(settings, clock)
    ledger.deeds.redo()
    ledger.release_all()
    return ledger


def _now() -> int:
    return time.time_ns() // 1000


__all__ = ["Executed", "Ledger", "create_ledger", "new_id", "open_ledger"]

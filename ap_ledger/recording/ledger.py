"""The one door: `Ledger.record` for entries, `Ledger.execute` for streams with rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID

from eventsourcing.application import Application, Repository
from eventsourcing.persistence import IntegrityError, Mapper
from eventsourcing.utils import Environment
from sqlalchemy.exc import SQLAlchemyError

from ap_ledger.commands.effects import Deeds
from ap_ledger.commands.proposals import Proposals
from ap_ledger.commands.two_people import TwoPeople
from ap_ledger.commands.ways_in import WaysIn
from ap_ledger.domain.base import Command, NextEvents
from ap_ledger.domain.device import DeviceCommand, project_device
from ap_ledger.domain.framework import PublishFramework, RetireFramework, project_framework
from ap_ledger.domain.person import PersonCommand, project_person
from ap_ledger.domain.proposal import ProposalCommand, project_proposal
from ap_ledger.domain.report import ReportCommand, project_report
from ap_ledger.domain.setting import SettingCommand, project_setting
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import project_student
from ap_ledger.errors import CommandConflict, EndNotProved, KeyringError, LedgerError, Refused
from ap_ledger.events.base import Event, Stamp
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.events.reading import Looked, RecordRead
from ap_ledger.events.setting import SettingOpened
from ap_ledger.events.student import KeyMade
from ap_ledger.persistence.chain import EndProof
from ap_ledger.persistence.pools import pool_size
from ap_ledger.persistence.proving import stands
from ap_ledger.persistence.recorder import LedgerFactory, LedgerRecorder
from ap_ledger.persistence.rows import Head
from ap_ledger.persistence.sqlite import ledger_file
from ap_ledger.recording.changes import Changes
from ap_ledger.recording.clock import SystemClock, Timekeeper
from ap_ledger.recording.door import Door
from ap_ledger.recording.memory import Memory
from ap_ledger.recording.noticing import NOT_DONE_YET, Warned, warnings_of
from ap_ledger.recording.published import Published
from ap_ledger.recording.same_child import SameChild
from ap_ledger.recording.sending import ATTEMPTS, Sending, new_id
from ap_ledger.recording.standing import Standing
from ap_ledger.recording.world import World
from ap_ledger.settings import Settings
from ap_ledger.stores.accounts.accounts import Accounts
from ap_ledger.stores.fingerprint import Fingerprint, require_canonical
from ap_ledger.stores.held.drafts import Drafts
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.held.sealing import HeldSealer
from ap_ledger.stores.keyring.keyring import Keyring
from ap_ledger.stores.keyring.told_keys import told_by
from ap_ledger.stores.mapper import LedgerMapper, RulesMapper
from ap_ledger.stores.upgrading import require_current_ledger

LOOK_AGAIN_AFTER = timedelta(minutes=10)
"""Looking at the same again within this time is one look."""
PROJECTORS: tuple[tuple[type[Command], Callable[..., Any]], ...] = (
    (StudentCommand, project_student),
    (SettingCommand, project_setting),
    (PersonCommand, project_person),
    (DeviceCommand, project_device),
    (ProposalCommand, project_proposal),
    (ReportCommand, project_report),
    (PublishFramework, project_framework),
    (RetireFramework, project_framework),
)


def _projector(command: Command) -> Callable[..., Any]:
    return next(projector for kind, projector in PROJECTORS if isinstance(command, kind))


@dataclass(frozen=True, slots=True)
class Executed:
    """The answer to a command: whether it was recorded now or before, the first position it caused, and what to look at
    again."""

    status: Literal["recorded", "duplicate"]
    position: int
    warnings: tuple[Warned, ...] = ()


class Ledger(Sending, Application[UUID]):
    """Records facts, and nothing but facts. Everything shown is computed from it elsewhere.

    `clock` gives aware datetimes; it is handed in so that tests and the example setting can live through other days.
    Without one it is this machine's, which is watched.
    """

    name = "ledger"
    recorder: LedgerRecorder
    mapper: LedgerMapper

    def __init__(self, settings: Settings, clock: Callable[[], datetime] | None = None) -> None:
        self.settings = settings
        self.clock = clock = clock or SystemClock()
        self.time = Timekeeper(clock, lambda: self.recorder.writer.newest, lambda: self.memory.trusted_stamp())
        require_current_ledger(settings)
        super().__init__(self._environment(settings))
        head = self.recorder.read_head()
        self.recorder.writer.newest = head.recorded_at
        ledger_id = self.recorder.ledger_id()
        try:
            self.keyring = Keyring.open(settings, ledger_id, self._newest_owner(head.keys_position))
            self.mapper.keyring = self.rules_mapper.keyring = self.keyring
            own = self.keyring.key(ledger_id, "core")
            if own is None:
                raise KeyringError(
                    "The ledger's own key is missing from the keyring. Restore the keyring from its backup."
                )
            self.end_proof = EndProof(own.raw, ledger_id)
            self.recorder.writer.prove_with(self.end_proof)
            self.memory = Memory(self.keyring.engine, self.recorder, self.end_proof)
            self.world = World(self.repository.event_store, self.recorder, self.keyring)
            sealer = HeldSealer(
                self.keyring, lambda one: self.world.student(one) is not None, own, partial(told_by, self.recorder)
            )
            self.held = HeldStore(settings, sealer)
            self.drafts = Drafts(settings, self.keyring)
            self.accounts = Accounts(settings, own, clock)
        except Exception:
            for store in ("recorder", "keyring", "held", "drafts"):
                if hasattr(self, store):
                    getattr(self, store).close()
            raise
        self.standing = Standing(self.world, clock)
        self.door = Door(self.world, self.keyring)
        self.published = Published(self.world, self.recorder)
        self.changes = Changes(self.door, self.world, self.recorder)
        self.two_people = TwoPeople(self.world, self.standing, self.accounts, self.recorder, clock)
        self.deeds = Deeds(
            self.world, self.recorder, self.keyring, self.held, self.drafts, self.accounts, self.two_people, own,
            partial(stands, self.recorder, self.end_proof),
        )  # fmt: skip
        self.proposals = Proposals(self)
        self.ways_in = WaysIn(self)
        self.same_child = SameChild(self.recorder, self.keyring, self.rules_mapper, self.world, ledger_id)
        self._looks: dict[tuple[str, UUID, UUID | None, UUID | None], datetime] = {}
        self._may_wait = self.held.any_waiting()

    def _newest_owner(self, position: int) -> UUID | None:
        """For whom the ledger made keys last. Its event is found without opening anything."""
        found = self.recorder.tail(position - 1, 1)
        # Where that row is gone or damaged the ledger must open all the same, so that a deep check can say so.
        return (
            UUID(bytes=found[0].originator_id)
            if found and found[0].topic == KeyMade.TOPIC and len(found[0].originator_id) == 16
            else None
        )

    @staticmethod
    def _environment(settings: Settings) -> dict[str, str]:
        common = {"MAPPER_TOPIC": "ap_ledger.stores.mapper:LedgerMapper", "QUEUE_LIMIT": str(settings.queue_limit)}
        if settings.postgres:
            return {
                **common,
                "PERSISTENCE_MODULE": "ap_ledger.persistence.postgres:Factory",
                "POSTGRES_URL": settings.postgres,
                "READERS": str(pool_size(settings.connections, "ledger")),
            }
        path = str(ledger_file(settings.data))
        return {**common, "PERSISTENCE_MODULE": "ap_ledger.persistence.sqlite:Factory", "SQLITE_DBNAME": path}

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """Only what the ledger was given: the library would let a stray variable of the system decide over it."""
        return Environment("", env)

    def construct_mapper(self) -> Mapper[UUID]:
        """Our mapper; its keyring follows once the ledger's id is known."""
        return self.factory.mapper(mapper_class=LedgerMapper)

    def construct_repository(self) -> Repository[UUID]:
        """Folds streams for the rules, whether their words can be opened or not."""
        mapper = self.factory.mapper(mapper_class=RulesMapper)
        assert isinstance(mapper, RulesMapper)
        self.rules_mapper = mapper
        return Repository(self.factory.event_store(mapper=mapper, recorder=self.recorder))

    def construct_recorder(self) -> LedgerRecorder:
        """Our recorder, with our clock."""
        assert isinstance(self.factory, LedgerFactory)
        return self.factory.ledger_recorder(self.time.stamp_in_microseconds)

    new_id = staticmethod(new_id)

    def settings_opened(self) -> list[UUID]:
        """Every setting that keeps its ledger here, in the order in which they were opened.

        Looks through the whole ledger.
        """
        return [UUID(bytes=row.originator_id) for row in self.recorder.tail_of_topics([SettingOpened.TOPIC])]

    # Streams with rules -------------------------------------------------------------------------------------------

    def execute(self, command: Command) -> Executed:
        """Lets a command decide, and records what follows. Doing it twice is harmless.

        Raises Refused when a rule says no, CommandConflict when its id was used for something else, Busy.
        """
        self.time.require()
        said = command.model_dump(mode="json")
        require_canonical(said)
        for _ in range(ATTEMPTS):
            owner = command.student_id or command.setting_id
            known = self.recorder.find([command.id]).get(command.id)
            if known is not None:
                key = self.keyring.key(owner, "core")
                if key is not None and Fingerprint(key.raw).of(said) != known.fingerprint:
                    raise CommandConflict("This command's id was used before for something else. Nothing was stored.")
                return Executed("duplicate", known.position)
            state, events, decided = self._decided(command, command.id)
            decided += self._make_keys(command, events)
            decided += self._beside(command, state)
            key = self.keyring.key(owner, "core")
            print_ = Fingerprint(key.raw).of(said) if key else b""
            decided[0] = decided[0].model_copy(update={"stamp": replace(decided[0].stamp, fingerprint=print_)})
            self.deeds.intend(command)
            try:
                recordings = self.save(*decided)
            except IntegrityError:
                self.deeds.abandon(command)
                self.world.refresh()
                if state is None and self.world.fold(command.stream_id, _projector(command)) is None:
                    raise Refused("not-allowed", "This id names something else here. Use a new one.") from None
                continue
            done = self.deeds.do(command)
            self.world.refresh()
            warned = warnings_of(decided[0], state, self.same_child) if done else (NOT_DONE_YET,)
            return Executed("recorded", recordings[0].notification.id, warned)
        raise Refused("not-allowed", "Too many people are changing this at once. Try again.")

    def would_decide(self, command: Command) -> None:
        """Lets a command decide and stores nothing. Raises Refused when a rule says no."""
        state, _, _ = self._decided(command, None)
        self._beside(command, state)

    def _decided(self, command: Command, command_id: UUID | None) -> tuple[Any, NextEvents, list[Event]]:
        """The state of a command's own stream, what makes its next events, and those that follow. Raises Refused."""
        self.world.refresh()
        state = self.world.fold(command.stream_id, _projector(command))
        self.deeds.check(command, self.clock())
        stamp = Stamp(
            occurred_at=self.clock(), setting_id=command.setting_id, student_id=command.student_id,
            author_id=command.author_id, command_id=command_id,
        )  # fmt: skip
        events = NextEvents(command.stream_id, state.version if state else 0, stamp)
        return state, events, command.decide(state, events)

    def _beside(self, command: Command, state: Any) -> list[Event]:
        """What follows in the further streams that a command changes. Raises Refused."""
        decided: list[Event] = []
        for stream in command.beside(state):
            other = self.world.fold(stream, _projector(command))
            student = stream if command.student_id else None
            stamp = Stamp(self.clock(), command.setting_id, student, command.author_id)
            decided += command.decide_beside(other, NextEvents(stream, other.version if other else 0, stamp))
        return decided

    def record_read(self, what: Looked, who: UUID, setting_id: UUID | None, student_id: UUID | None = None) -> int:
        """Records that somebody looked at something, durably, before it is shown.

        Returns the position, 0 where it was recorded just now.
        """
        # Who looked is recorded whatever the clock says: nobody must wait for a clock to see that a child is safe.
        now, looked = self.time.stamp(), (what, who, setting_id, student_id)
        if (before := self._looks.get(looked)) is not None and timedelta() <= now - before < LOOK_AGAIN_AFTER:
            return 0
        stamp = Stamp(occurred_at=now, setting_id=setting_id, student_id=student_id, author_id=who)
        event = RecordRead(originator_id=new_id(), originator_version=1, stamp=stamp, what=what)
        position = int(self.save(event)[0].notification.id)
        if len(self._looks) > 10_000:
            self._looks.clear()
        self._looks[looked] = now
        return position

    def _make_keys(self, command: Command, events: NextEvents) -> list[Event]:
        # The keyring is durable before the ledger names its keys, so a crash in between leaves keys unused, never
        # missing.
        if command.MAKES_KEYS_FOR is None:
            return []
        keys = self.keyring.make(getattr(command, command.MAKES_KEYS_FOR))
        return [
            events.event(KeyMade, key_id=key.id, retention_class=kept, commitment=key.commitment)
            for kept, key in keys.items()
        ]

    # Reading ------------------------------------------------------------------------------------------------------

    def read(self, positions: Sequence[int], max_age: float = 0.0) -> list[Event]:
        """The events at these positions, opened where their keys remain, in order.

        Whether a key was destroyed elsewhere is looked up where the last look is older than `max_age` seconds.
        """
        self.world.refresh(max_age)
        stored = self.recorder.events_at(positions)
        return [self.mapper.to_domain_event(one) for one in stored]  # type: ignore[misc]

    def now(self) -> datetime:
        """The moment up to which is read when nobody names one: never before the newest entry, so that none is left
        out."""
        return max(self.clock(), moment(self.recorder.read_head().recorded_at))

    def warnings(self) -> list[str]:
        """What somebody has to mend before this ledger can be relied on, as far as it can be told at a glance."""
        fault, head = self.time.fault(), self.recorder.read_head()
        proved = head.position == 0 or self.end_proof.holds(head)
        undone = self.deeds.undone()
        return [
            *([fault.sentence] if fault else []),
            *([] if proved else [str(EndNotProved())]),
            *([undone] if undone else []),
        ]

    def accept_end(self) -> int:
        """Somebody who has the keyring says that the ledger ends where it ends: it is proved anew, and later ends are
        forgotten. Returns the position."""
        rows = self.recorder.chained_rows((self.recorder.max_notification_id() or 1) - 1, 1)
        if rows:
            position, recorded_at, chain, _ = rows[0]
            keys = self.recorder.tail_of_topics([KeyMade.TOPIC])
            head = Head(position, recorded_at, position, keys[-1].position if keys else 0, chain, b"")
            self.recorder.put_head(head._replace(proof=self.end_proof.of(head)))
        self.memory.accept()
        return self.recorder.read_head().position

    def position_at(self, known_at: datetime) -> int:
        """The greatest position recorded at or before a time."""
        return self.recorder.position_at(microseconds(known_at))

    def close(self) -> None:
        """Stores what is waiting and lets go of every store."""
        if not self.closing.is_set() and hasattr(self, "world"):
            with suppress(LedgerError, SQLAlchemyError):
                # It is remembered every hour too; a store that is away must not keep the others from being closed.
                self.memory.remember(self.clock().date())
            self.recorder.close()
            self.keyring.close()
            self.held.close()
            self.drafts.close()
            self.accounts.close()
        super().close()


def open_ledger(settings: Settings, clock: Callable[[], datetime] | None = None) -> Ledger:
    """Opens a ledger, finishes what a crash left half done, and settles what waited for entries that have arrived.

    Raises SetupError or KeyringError.
    """
    ledger = Ledger(settings, clock)
    ledger.held.name_anew()
    ledger.deeds.redo()
    ledger.held.seal_anew(ledger.clock())
    fault = ledger.time.fault()
    if fault is None or not fault.refused:
        # What ends by the clock, and what would be stamped with it, waits for one that can be believed.
        ledger.held.end_lives(ledger.clock())
        ledger.release_all()
    return ledger


__all__ = ["Executed", "Ledger", "new_id", "open_ledger"]

"""The one door: `Ledger.record` for entries, `Ledger.execute` for streams with rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import EventStore, Mapper
from eventsourcing.utils import Environment
from sqlalchemy.exc import SQLAlchemyError

from ap_ledger.commands.effects import Effects
from ap_ledger.commands.executing import Executed, Executor
from ap_ledger.domain.base import Command
from ap_ledger.domain.results import Receipt
from ap_ledger.errors import EndNotProved, LedgerError
from ap_ledger.events.base import Event
from ap_ledger.events.ids import new_id
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.events.reading import Looked
from ap_ledger.events.setting import SettingOpened
from ap_ledger.events.student import KeyMade
from ap_ledger.persistence.chain import EndProof
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import Head
from ap_ledger.recording.access_facts import AccessFacts
from ap_ledger.recording.clock import Timekeeper
from ap_ledger.recording.judging import Sender
from ap_ledger.recording.looks import Looks
from ap_ledger.recording.memory import Memory
from ap_ledger.recording.published import Published
from ap_ledger.recording.same_child import SameChild
from ap_ledger.recording.sending import Sending
from ap_ledger.recording.states import States
from ap_ledger.recording.waiting import Waiting
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.keyring.keyring import Keyring
from ap_ledger.stores.mapper import LedgerMapper


class Ledger(Application[UUID]):
    """Records facts, and nothing but facts. Everything shown is computed from it elsewhere.

    Its parts are made and handed to it by `bootstrap`; `stores` lets go of them, also of those that only its parts
    know.
    """

    name = "ledger"
    recorder: LedgerRecorder
    mapper: LedgerMapper

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        time: Timekeeper,
        events: EventStore[UUID],
        recorder: LedgerRecorder,
        keyring: Keyring,
        end_proof: EndProof,
        memory: Memory,
        held: HeldStore,
        states: States,
        access_facts: AccessFacts,
        published: Published,
        same_child: SameChild,
        looks: Looks,
        effects: Effects,
        executor: Executor,
        sending: Sending,
        waiting: Waiting,
        stores: ExitStack,
    ) -> None:
        self.events, self.recorder = events, recorder
        super().__init__()
        self.clock, self.time = clock, time
        self.keyring, self.end_proof, self.memory, self.held = keyring, end_proof, memory, held
        self.states, self.access_facts, self.published, self.same_child = states, access_facts, published, same_child
        self.effects, self.sending, self.waiting = effects, sending, waiting
        self._looks, self._executor, self._stores = looks, executor, stores

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """Nothing is made of an environment: the library would let a stray variable of the system decide over it."""
        return Environment("", env)

    def construct_mapper(self) -> Mapper[UUID]:
        """The mapper of the event store that it was given."""
        return self.events.mapper

    def construct_recorder(self) -> LedgerRecorder:
        """The recorder that it was given."""
        return self.recorder

    def construct_event_store(self) -> EventStore[UUID]:
        """The event store that it was given."""
        return self.events

    new_id = staticmethod(new_id)

    # Recording ----------------------------------------------------------------------------------------------------

    def record(
        self,
        entries: Sequence[Mapping[str, Any]],
        *,
        sent_at: datetime | None = None,
        device_id: UUID | None = None,
        sender: Sender | None = None,
    ) -> Receipt:
        """Records a batch and waits until it is durable: one answer for each entry, in the order sent.

        `sent_at` is the sender's clock now; None means that it is ours. `sender` is who sends over the network; None is
        the machine itself, which may record for everybody. Raises Busy when too much is waiting.
        """
        return self.sending.record(entries, sent_at=sent_at, device_id=device_id, sender=sender)

    def execute(self, command: Command) -> Executed:
        """Lets a command decide, and records what follows. Doing it twice is harmless.

        Raises Refused when a rule says no, CommandConflict when its id was used for something else, Busy.
        """
        return self._executor.execute(command)

    def execute_all(self, commands: Sequence[Command]) -> Executed:
        """Lets several commands to one stream decide, and records what follows of all of them at once or not at all."""
        return self._executor.execute_all(commands)

    def would_decide_all(self, commands: Sequence[Command]) -> None:
        """Lets several commands to one stream decide in turn and stores nothing. Raises Refused when a rule says no."""
        self._executor.would_decide_all(commands)

    def record_read(self, what: Looked, who: UUID, setting_id: UUID | None, student_id: UUID | None = None) -> int:
        """Records that somebody looked at something, durably, before it is shown.

        Returns the position, 0 where it was recorded just now.
        """
        return self._looks.record(what, who, setting_id, student_id)

    def record_case_read(self, case_id: UUID, who: UUID) -> int:
        """Records that somebody looks at a safeguarding case, durably and sealed, before it is shown.

        Returns the position, 0 where it was recorded just now.
        """
        return self._looks.record_case(case_id, who)

    # Reading ------------------------------------------------------------------------------------------------------

    def settings_opened(self) -> list[UUID]:
        """Every setting that keeps its ledger here, in the order in which they were opened.

        Looks through the whole ledger.
        """
        return [UUID(bytes=row.originator_id) for row in self.recorder.tail_of_topics([SettingOpened.TOPIC])]

    def read(self, positions: Sequence[int], max_age: float = 0.0) -> list[Event]:
        """The events at these positions, opened where their keys remain, in order.

        Whether a key was destroyed elsewhere is looked up where the last look is older than `max_age` seconds.
        """
        self.states.refresh(max_age)
        stored = self.recorder.events_at(positions)
        return [self.mapper.to_domain_event(row) for row in stored]  # type: ignore[misc]

    def now(self) -> datetime:
        """The moment up to which is read when nobody names one: never before the newest entry, so that none is left
        out."""
        return max(self.clock(), moment(self.recorder.read_head().recorded_at))

    def warnings(self) -> list[str]:
        """What somebody has to mend before this ledger can be relied on, as far as it can be told at a glance."""
        fault, head = self.time.fault(), self.recorder.read_head()
        proved = head.position == 0 or self.end_proof.holds(head)
        undone = self.effects.undone()
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
        if not self.closing.is_set():
            with suppress(LedgerError, SQLAlchemyError):
                # It is remembered every hour too; a store that is away must not keep the others from being closed.
                self.memory.remember(self.clock().date())
            self.let_go()
        super().close()

    def let_go(self) -> None:
        """Closes every store and looks at none again: also not when what could not be opened is forgotten."""
        self.closing.set()
        self._stores.close()


__all__ = ["Executed", "Ledger", "new_id"]

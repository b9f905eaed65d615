"""Lets commands decide: on the state of their stream as it is now, with what follows recorded all at once or not at
all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from eventsourcing.persistence import EventStore, IntegrityError

from ap_ledger.commands.effects import Effects
from ap_ledger.domain.base import Command, NextEvents
from ap_ledger.domain.case import AcknowledgeWorry, CaseCommand
from ap_ledger.domain.case_state import project_case, project_worry
from ap_ledger.domain.device import DeviceCommand, project_device
from ap_ledger.domain.framework import PublishFramework, RetireFramework, project_framework
from ap_ledger.domain.person import PersonCommand, project_person
from ap_ledger.domain.proposal import ProposalCommand, project_proposal
from ap_ledger.domain.report import ReportCommand, project_report
from ap_ledger.domain.setting import SettingCommand, project_setting
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import project_student
from ap_ledger.errors import CommandConflict, Refused
from ap_ledger.events.base import Event, Stamp
from ap_ledger.events.student import KeyMade
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.recording.answering import ATTEMPTS
from ap_ledger.recording.clock import Timekeeper
from ap_ledger.recording.noticing import NOT_DONE_YET, Warned, warnings_of
from ap_ledger.recording.same_child import SameChild
from ap_ledger.recording.states import States
from ap_ledger.stores.fingerprint import Fingerprint, require_canonical
from ap_ledger.stores.keyring.keyring import Keyring

PROJECTORS: tuple[tuple[type[Command], Callable[..., Any]], ...] = (
    (StudentCommand, project_student),
    (SettingCommand, project_setting),
    (PersonCommand, project_person),
    (DeviceCommand, project_device),
    (ProposalCommand, project_proposal),
    (ReportCommand, project_report),
    (AcknowledgeWorry, project_worry),
    (CaseCommand, project_case),
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


class Executor:
    """Executes commands, each once."""

    def __init__(
        self,
        time: Timekeeper,
        events: EventStore[UUID],
        recorder: LedgerRecorder,
        keyring: Keyring,
        states: States,
        effects: Effects,
        same_child: SameChild,
    ) -> None:
        self._time = time
        self._events = events
        self._recorder = recorder
        self._keyring = keyring
        self._states = states
        self._effects = effects
        self._same_child = same_child

    def execute(self, command: Command) -> Executed:
        """Lets a command decide, and records what follows. Doing it twice is harmless.

        Raises Refused when a rule says no, CommandConflict when its id was used for something else, Busy.
        """
        self._time.require()
        content = command.model_dump(mode="json")
        require_canonical(content)
        for _ in range(ATTEMPTS):
            with self._effects.administrators.deciding(command):
                executed = self._executed_before(command, content) or self._try(command, content)
            if executed is not None:
                return executed
        raise Refused("not-allowed", "Too many people are changing this at once. Try again.")

    def execute_all(self, commands: Sequence[Command]) -> Executed:
        """Lets several commands to one stream decide, each on what those before it decided, and records what follows
        of all of them at once or not at all. Doing it twice is harmless.

        Raises what `execute` raises.
        """
        self._time.require()
        contents = [command.model_dump(mode="json") for command in commands]
        for content in contents:
            require_canonical(content)
        for _ in range(ATTEMPTS):
            before = [self._executed_before(*pair) for pair in zip(commands, contents, strict=True)]
            waiting = [
                pair for pair, done in zip(zip(commands, contents, strict=True), before, strict=True) if not done
            ]
            if not waiting:
                return Executed("duplicate", max(done.position for done in before if done))
            executed = self._try_all(waiting)
            if executed is not None:
                return executed
        raise Refused("not-allowed", "Too many people are changing this at once. Try again.")

    def _try_all(self, commands: Sequence[tuple[Command, dict[str, Any]]]) -> Executed | None:
        """Decides all once, on how things are now. None where somebody else changed the same stream meanwhile."""
        decided: list[Event] = []
        for command, events, made in self._decided_in_turn([command for command, _ in commands], True):
            content = next(content for asked, content in commands if asked is command)
            made += self._make_keys(command, events)
            fingerprint = self._fingerprint(command)
            stamp = replace(made[0].stamp, fingerprint=fingerprint.of(content) if fingerprint else b"")
            decided += [made[0].model_copy(update={"stamp": stamp}), *made[1:]]
        try:
            recordings = self._events.put(decided)
        except IntegrityError:
            self._states.refresh()
            return None
        self._states.refresh()
        return Executed("recorded", recordings[0].notification.id)

    def would_decide_all(self, commands: Sequence[Command]) -> None:
        """Lets several commands to one stream decide in turn and stores nothing. Raises Refused when a rule says
        no."""
        for _ in self._decided_in_turn(commands, False):
            pass

    def _decided_in_turn(
        self, commands: Sequence[Command], stamped: bool
    ) -> Iterator[tuple[Command, NextEvents, list[Event]]]:
        """What each command decides on what those before it decided, and on what whoever asks adds to the list."""
        self._states.refresh()
        stream, projector = commands[0].stream_id, _projector(commands[0])
        state = self._states.fold(stream, projector)
        for command in commands:
            if command.stream_id != stream or command.second_person:
                raise ValueError("only commands of one person to one stream are done all at once")
            self._effects.check(command, self._time.now())
            stamp = self._stamp(command, command.id if stamped else None)
            events = NextEvents(stream, state.version if state else 0, stamp)
            made = command.decide(state, events)
            if self._beside(command, state):
                raise ValueError("a command that changes further streams is done by itself")
            yield command, events, made
            state = projector(state, made)

    def _stamp(self, command: Command, command_id: UUID | None) -> Stamp:
        return Stamp(
            occurred_at=self._time.now(),
            setting_id=command.setting_id,
            student_id=command.student_id,
            author_id=command.author_id,
            command_id=command_id,
        )

    def _executed_before(self, command: Command, content: dict[str, Any]) -> Executed | None:
        known = self._recorder.find([command.id]).get(command.id)
        if known is None:
            return None
        fingerprint = self._fingerprint(command)
        if fingerprint is not None and fingerprint.of(content) != known.fingerprint:
            raise CommandConflict("This command's id was used before for something else. Nothing was stored.")
        return Executed("duplicate", known.position)

    def _fingerprint(self, command: Command) -> Fingerprint | None:
        """What tells whether a command is the same; None where the key of whom it is about is gone."""
        key = self._keyring.key(command.student_id or command.setting_id, "core")
        return Fingerprint(key.raw) if key else None

    def _try(self, command: Command, content: dict[str, Any]) -> Executed | None:
        """Decides once, on how things are now. None where somebody else changed the same stream meanwhile."""
        state, events, decided = self._decided(command, command.id)
        decided += self._make_keys(command, events)
        decided += self._beside(command, state)
        fingerprint = self._fingerprint(command)
        stamp = replace(decided[0].stamp, fingerprint=fingerprint.of(content) if fingerprint else b"")
        decided[0] = decided[0].model_copy(update={"stamp": stamp})
        self._effects.intend(command)
        try:
            recordings = self._events.put(decided)
        except IntegrityError:
            self._effects.abandon(command)
            self._states.refresh()
            if state is None and self._states.fold(command.stream_id, _projector(command)) is None:
                raise Refused("not-allowed", "This id names something else here. Use a new one.") from None
            return None
        done = self._effects.do(command)
        self._states.refresh()
        warnings = warnings_of(decided[0], state, self._same_child) if done else (NOT_DONE_YET,)
        return Executed("recorded", recordings[0].notification.id, warnings)

    def would_decide(self, command: Command) -> None:
        """Lets a command decide and stores nothing. Raises Refused when a rule says no."""
        state, _, _ = self._decided(command, None)
        self._beside(command, state)

    def _decided(self, command: Command, command_id: UUID | None) -> tuple[Any, NextEvents, list[Event]]:
        """The state of a command's own stream, what makes its next events, and those that follow. Raises Refused."""
        self._states.refresh()
        state = self._states.fold(command.stream_id, _projector(command))
        self._effects.check(command, self._time.now())
        events = NextEvents(command.stream_id, state.version if state else 0, self._stamp(command, command_id))
        return state, events, command.decide(state, events)

    def _beside(self, command: Command, state: Any) -> list[Event]:
        """What follows in the further streams that a command changes. Raises Refused."""
        decided: list[Event] = []
        for stream in command.beside(state):
            further = self._states.fold(stream, _projector(command))
            student = stream if command.student_id else None
            stamp = Stamp(self._time.now(), command.setting_id, student, command.author_id)
            decided += command.decide_beside(further, NextEvents(stream, further.version if further else 0, stamp))
        return decided

    def _make_keys(self, command: Command, events: NextEvents) -> list[Event]:
        # The keyring is durable before the ledger names its keys, so a crash in between leaves keys unused, never
        # missing.
        if command.MAKES_KEYS_FOR is None:
            return []
        keys = self._keyring.make(getattr(command, command.MAKES_KEYS_FOR))
        return [
            events.event(KeyMade, key_id=key.id, retention_class=kept, commitment=key.commitment)
            for kept, key in keys.items()
        ]

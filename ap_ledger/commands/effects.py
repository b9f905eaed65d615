"""What a command does beyond its event: shredding a key, removing a text, shutting a device out.

Done again after a crash.

The intention is written down first, in the keyring's own store, then the event, then the deed; only then is the
intention struck out. Whatever stops the program in between, `redo` finishes it: with the event the deed is done,
without it nothing is. `sweep` goes by the ledger alone, for instance after an old keyring was restored in which
shredded keys live again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from ap_ledger.commands.administrators import Administrators
from ap_ledger.commands.command_checks import check_command
from ap_ledger.commands.two_people import TwoPeople
from ap_ledger.domain.base import Command
from ap_ledger.domain.device import RevokeDevice
from ap_ledger.domain.erasure import ExciseText, ShredKey
from ap_ledger.domain.person import EndRole, GrantRole
from ap_ledger.domain.posting import id_of
from ap_ledger.errors import KeyringError, Refused
from ap_ledger.events.student import KeyShredded, TextExcised
from ap_ledger.persistence.erasing import ErasingProof
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.recording.boxes import unboxed
from ap_ledger.recording.states import States
from ap_ledger.stores.accounts.accounts import Accounts
from ap_ledger.stores.held.drafts import RETENTION_CLASS as DRAFTS_CLASS
from ap_ledger.stores.held.drafts import Drafts
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.held.rows import Held
from ap_ledger.stores.held.sealing import classes_in
from ap_ledger.stores.keyring.keyring import Intention, Key, Keyring
from ap_ledger.stores.keyring.told_keys import told_by

log = structlog.get_logger()
GIVEN_UP = timedelta(hours=1)
"""An erasure that was begun so long ago and is not recorded will not be: a command is answered within seconds."""


class Effects:
    """Checks what a command needs from outside its own stream, and does what follows from it."""

    def __init__(
        self,
        states: States,
        recorder: LedgerRecorder,
        keyring: Keyring,
        held: HeldStore,
        drafts: Drafts,
        accounts: Accounts,
        two_people: TwoPeople,
        administrators: Administrators,
        own: Key,
        stands: Callable[[int], bool],
    ) -> None:
        self._states = states
        self._recorder = recorder
        self._keyring = keyring
        self._held = held
        self._drafts = drafts
        self._accounts = accounts
        self._two_people = two_people
        self.administrators = administrators
        self._erasing = ErasingProof(own.raw)
        self._stands = stands

    def check(self, command: Command, now: datetime) -> None:
        """Refuses what names a setting, a person, a position or a thing that is not there. Raises Refused."""
        check_command(command, self._states, now)
        if isinstance(command, ExciseText):
            stored = self._recorder.events_at([command.position])
            if not stored or stored[0].student_id != command.student:
                raise Refused("unknown-item", "This student has no entry at this position.", "position")
        if isinstance(command, ShredKey):
            try:
                told = told_by(self._recorder)
                for record in self._records_of(command.student):
                    self._keyring.require_told(record, command.retention_class, told)
            except KeyringError as error:
                raise Refused("not-allowed", str(error), "retention_class") from None
        if isinstance(command, GrantRole) and command.first_lead:
            self._two_people.check_first_lead(command)
        if isinstance(command, GrantRole) and command.is_given_to_oneself and not command.second_person:
            self._two_people.check_first_leader(command)
        if isinstance(command, EndRole):
            self.administrators.check_ending(command)

    def intend(self, command: Command) -> None:
        """Writes down what is about to happen, before its event is stored."""
        if isinstance(command, ShredKey):
            self._keyring.intend(Intention(command.id, command.student, command.retention_class, None))
        elif isinstance(command, ExciseText):
            self._keyring.intend(Intention(command.id, command.student, command.retention_class, command.position))

    def do(self, command: Command) -> bool:
        """Does what the event said, and strikes the intention out.

        False where an erasure cannot be done now and is tried again.
        """
        if isinstance(command, ShredKey):
            return self._is_finished(Intention(command.id, command.student, command.retention_class, None))
        if isinstance(command, ExciseText):
            return self._is_finished(Intention(command.id, command.student, command.retention_class, command.position))
        if isinstance(command, RevokeDevice):
            self._accounts.revoke_device(command.device)
        return True

    def abandon(self, command: Command) -> None:
        """The event was refused, so nothing is intended any more."""
        if isinstance(command, (ShredKey, ExciseText)):
            self._keyring.strike_out(command.id)

    def redo(self) -> int:
        """Finishes what was stopped between an event and its deed, and strikes out what was stopped before its event.

        Returns how many deeds were done. What cannot be done now is kept, said by `undone` and tried again: it must
        not keep a whole house from its ledger.
        """
        self._strike_out_given_up()
        return self._shut_out() + sum(
            self._stands(position) and self._is_finished(intention) for intention, position in self._begun()
        )

    def _is_finished(self, intention: Intention) -> bool:
        try:
            self._finish(intention.student_id, intention.retention_class, intention.position)
            self._keyring.strike_out(intention.command_id)
        except Exception as error:
            # Whatever it is, the event stands. `undone` says for as long as it stays that the deed does not.
            log.error("an erasure is not done yet", error=type(error).__name__)
            return False
        return True

    def undone(self) -> str | None:
        """What was decided and is not done yet, in a sentence; None where there is nothing."""
        begun = self._begun()
        if not begun:
            return None
        what = "1 erasure was decided and is" if len(begun) == 1 else f"{len(begun)} erasures were decided and are"
        students = ", ".join(sorted({str(intention.student_id) for intention, _ in begun}))
        return (
            f"{what} not done yet (student {students}). It is tried again every minute; if this stays, run at the "
            "machine: ap-ledger check --deep"
        )

    def _begun(self) -> list[tuple[Intention, int]]:
        """The intentions whose event is in the ledger, and where."""
        intentions = self._keyring.intentions()
        known = self._recorder.find([intention.command_id for intention in intentions]) if intentions else {}
        return [
            (intention, known[intention.command_id].position)
            for intention in intentions
            if intention.command_id in known
        ]

    def _strike_out_given_up(self) -> None:
        """Strikes out what was intended so long ago that whoever intended it is gone, and whose event never came."""
        given_up = self._keyring.intentions(older_than=GIVEN_UP)
        known = self._recorder.find([intention.command_id for intention in given_up]) if given_up else {}
        for intention in given_up:
            if intention.command_id not in known:
                self._keyring.strike_out(intention.command_id)

    def _shut_out(self) -> int:
        """Shuts out every device that the ledger says is revoked and whose credential still lets it in."""
        known = {device: self._states.device(device) for device in self._accounts.let_in()}
        revoked = [device for device, state in known.items() if state is not None and state.revoked]
        for device in revoked:
            self._accounts.revoke_device(device)
        return len(revoked)

    def sweep(self, *, look_only: bool = False) -> int:
        """Does again every erasure that the ledger tells of and that does not hold now; returns how many.

        `look_only` does nothing.

        Reads every such event: slow on a large ledger.
        """
        done = 0
        for row in self._recorder.tail_of_topics([KeyShredded.TOPIC, TextExcised.TOPIC]):
            # One that was damaged, or that nobody with the keyring wrote, is told of by a deep check and destroys
            # nothing.
            with suppress(KeyError, TypeError, ValueError):
                state, student = orjson.loads(row.state), UUID(bytes=row.student_id or b"")
                erased = student, state["retention_class"], state.get("excised_position")
                if self._holds(*erased) or not self._stands(row.position):
                    continue
                if not look_only:
                    self._finish(*erased)
                done += 1
        return done

    def _holds(self, student: UUID, retention_class: str, position: int | None) -> bool:
        """Whether what was erased is gone."""
        if position is None:
            return not self._keyring.lives(student, retention_class)
        stored = self._recorder.events_at([position])
        return not stored or all(text.retention_class != retention_class for text in stored[0].sealed)

    def _finish(self, student: UUID, retention_class: str, position: int | None) -> None:
        if position is None:
            self._shred(student, retention_class)
        else:
            self._excise(student, position, retention_class)

    def _shred(self, student: UUID, retention_class: str) -> None:
        for record in self._records_of(student):
            self._shred_record(record, retention_class)

    def _records_of(self, student: UUID) -> tuple[UUID, ...]:
        """What is erased of a child is erased of every record that was joined to theirs; none is joined after that."""
        known = self._states.student(student)
        return (student, *(known.joined if known else ()))

    def _shred_record(self, student: UUID, retention_class: str) -> None:
        self._keyring.shred(student, retention_class, told_by(self._recorder))
        if retention_class == DRAFTS_CLASS:
            self._drafts.forget(student)
        # What was refused may be mended until then; it must not outlive the words it was to become.
        self._held.forget(
            student, lambda held, sealing: retention_class in (sealing.classes or self._classes_about(student, held))
        )

    def _excise(self, student: UUID, position: int, retention_class: str) -> None:
        stored = self._recorder.events_at([position])
        self._recorder.excise(position, retention_class, self._erasing.of(position, retention_class))
        self._states.forget()
        streams = {event.originator_id for event in stored}
        # A refused correction of the same entry may repeat the words that were just removed.
        self._held.forget(
            student,
            lambda held, _: bool(_ids_in(unboxed(self._keyring, held.entry)) & streams),
        )

    def _classes_about(self, student: UUID, held: Held) -> set[str]:
        """What something of which nobody knew whom it is about may hold about a student, now that it may open."""
        entry = unboxed(self._keyring, held.entry)
        return classes_in(entry, held.code) if entry is not None and student in self._held.students_in(entry) else set()


def _ids_in(entry: Any) -> set[UUID | None]:
    """The id that something came with, and that of the entry which it changes."""
    return {id_of(entry), id_of(entry, "entry_id")}

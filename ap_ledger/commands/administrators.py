"""That a setting keeps an administrator of accounts who can sign in: without one nobody is let in or helped any
more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import NoReturn
from uuid import UUID

import orjson

from ap_ledger.domain.base import Command
from ap_ledger.domain.person import EndRole, RoleAssignment
from ap_ledger.errors import Refused
from ap_ledger.events.person import RoleGranted
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.recording.access_facts import AccessFacts
from ap_ledger.recording.states import States
from ap_ledger.stores.accounts.accounts import Accounts

ADMINISTRATOR = "administrator"


class Administrators:
    """Looks who would be left, before a role ends or an account is closed."""

    def __init__(self, states: States, access_facts: AccessFacts, accounts: Accounts, recorder: LedgerRecorder) -> None:
        self._states = states
        self._access_facts = access_facts
        self._accounts = accounts
        self._recorder = recorder
        # Two administrators may end each other's roles at once, each in a stream of its own, which the store lets pass.
        self._one_at_a_time = threading.RLock()

    @contextmanager
    def deciding(self, command: Command) -> Iterator[None]:
        """Lets nobody else end a role while a command that ends one is decided and recorded."""
        if not isinstance(command, EndRole):
            yield
            return
        with self._one_at_a_time:
            yield

    def check_ending(self, command: EndRole) -> None:
        """Refuses to end the role of a setting's last administrator. Raises Refused."""
        ending = next((role for role in self._roles_of(command.person_id) if role.grant_id == command.grant_id), None)
        if ending is None or ending.role != ADMINISTRATOR or ending.setting_id != command.setting_id:
            return
        day = max(command.on, self._access_facts.today(command.setting_id))
        if not self._is_kept(command.setting_id, day, lambda person, role: role.grant_id != command.grant_id):
            _refuse(command.author_id == command.person_id, "grant_id")

    def close(self, person_id: UUID, by: UUID) -> None:
        """Takes every way in from somebody. Raises Refused where they are the last administrator of a setting."""
        with self._one_at_a_time:
            self._states.refresh()
            for setting in {role.setting_id for role in self._roles_of(person_id) if role.role == ADMINISTRATOR}:
                today = self._access_facts.today(setting)
                if not self._is_kept(setting, today, lambda person, role: person != person_id):
                    _refuse(by == person_id, "person")
            self._accounts.end_account(person_id)

    def _is_kept(self, setting_id: UUID, day: date, counts: Callable[[UUID, RoleAssignment], bool]) -> bool:
        """Whether an administrator who can sign in is left after a day, going by the roles that count.

        Looks through the whole ledger for whoever was given the role.
        """
        granted = self._recorder.tail_of_topics([RoleGranted.TOPIC])
        people = {UUID(bytes=row.originator_id) for row in granted if orjson.loads(row.state)["role"] == ADMINISTRATOR}
        left = {
            person
            for person in people
            for role in self._roles_of(person)
            if (role.role, role.setting_id) == (ADMINISTRATOR, setting_id)
            and role.from_date <= day
            and (role.until is None or day < role.until)
            and counts(person, role)
        }
        return any(account.ready for account in self._accounts.of(left).values())

    def _roles_of(self, person_id: UUID) -> tuple[RoleAssignment, ...]:
        """The roles of somebody that are not over."""
        return self._access_facts.roles_to_come(person_id)


def _refuse(own: bool, field: str) -> NoReturn:
    raise Refused(
        "not-allowed",
        "You are the only administrator of accounts who can sign in; give the role to somebody else first, and let "
        "them choose a password."
        if own
        else "They are the only administrator of accounts who can sign in; give the role to somebody else first, and "
        "let them choose a password.",
        field,
    )

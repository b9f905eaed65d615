"""Who may record what: each entry of a send is judged by who sends it, and whose words it is."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from uuid import UUID

from ap_ledger.access import Who, may
from ap_ledger.events.moments import local_day
from ap_ledger.recording.access_facts import AccessFacts
from ap_ledger.recording.states import States
from ap_ledger.stores.accounts.accounts import Accounts


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends entries. A device sends for the people signed in on it; a person or a program for themselves."""

    who: Who
    revoked: bool = False


REFUSED = "You may not record about this student. If that is wrong, ask a leader to put them on your caseload."
UNSURE = "This was not sent by its author, so it waits until they confirm it."
AFTER_REVOKED = "This came from a device that was shut out, so it waits until its author confirms it."


class SendJudge:
    """Judges the entries of one send: who may record what about whom. Asked once for each author, student and day."""

    def __init__(self, states: States, accounts: Accounts, access_facts: AccessFacts, sender: Sender) -> None:
        self._states = states
        self._accounts = accounts
        self._access_facts = access_facts
        self._sender = sender
        self._by_hour = sender.who.device_id is not None
        self._said: dict[tuple[UUID, UUID, UUID, bool, tuple[Hashable, ...]], str | None] = {}

    def verdict(
        self, setting_id: UUID, student_id: UUID, author_id: UUID, worry: bool, at: int, zone: str
    ) -> str | None:
        """None where it may be recorded; else REFUSED, or why it is held. `at` is when it happened, in microseconds."""
        # Caseloads go by days. Whether somebody was at a device is asked for every hour, and a role ends at any moment.
        when: tuple[Hashable, ...] = (local_day(at, zone).toordinal(),)
        if self._by_hour:
            when = (*when, at // 3_600_000_000, self._access_facts.roles(author_id, at))
        asked = (setting_id, student_id, author_id, worry, when)
        if asked not in self._said:
            if len(self._said) > 100_000:
                self._said.clear()
            self._said[asked] = self._verdict(setting_id, student_id, author_id, worry, at, zone)
        return self._said[asked]

    def _verdict(self, setting_id: UUID, student_id: UUID, author: UUID, worry: bool, at: int, zone: str) -> str | None:
        who = self._sender.who
        day = local_day(at, zone)
        about = self._access_facts.student(student_id, day)
        action = "raise-worry" if worry else "record"
        if who.device_id is None or who.person_id is not None:
            writer, itself = who, who.person_id == author
        else:
            device = self._states.device(who.device_id)
            itself = device is not None and self._accounts.was_here(who.device_id, author, at, device.kind == "tablet")
            # The device lends its way in; what may be written is for the author's own roles to say, as they were at
            # that moment.
            writer = self._access_facts.who(author, at=at)
            if not may(who, action, about):
                return REFUSED
        if not may(writer, action, about) or about.setting_id != setting_id:
            return REFUSED
        if self._sender.revoked:
            return AFTER_REVOKED
        if not itself and not (
            who.person_id is not None and may(who, "record-for-others", about) and self._works_here(author, setting_id)
        ):
            return UNSURE
        return None

    def _works_here(self, person_id: UUID, setting_id: UUID) -> bool:
        """Whether somebody belongs to a setting, or ever did: nobody writes in the name of a stranger."""
        person = self._states.person(person_id)
        return person is not None and (
            person.setting_id == setting_id or any(role.setting_id == setting_id for role in person.roles)
        )


class Judges:
    """Says who judges a send. People and programs keep their judge while nothing changed that it went by."""

    def __init__(self, states: States, access_facts: AccessFacts, accounts: Accounts) -> None:
        self._states = states
        self._access_facts = access_facts
        self._accounts = accounts
        self._judges: dict[Who, SendJudge] = {}
        self._judges_of = -1

    def of(self, sender: Sender) -> SendJudge:
        """Who judges the entries of a sender."""
        if sender.who.device_id is not None or sender.revoked:
            return self._new(sender)
        if self._judges_of != self._states.rules_position or len(self._judges) > 500:
            self._judges_of, self._judges = self._states.rules_position, {}
        judge = self._judges.get(sender.who)
        if judge is None:
            judge = self._judges[sender.who] = self._new(sender)
        return judge

    def _new(self, sender: Sender) -> SendJudge:
        return SendJudge(self._states, self._accounts, self._access_facts, sender)

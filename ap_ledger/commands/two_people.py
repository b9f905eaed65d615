"""Whether two people are two: nobody is the second person of somebody whom they let in, or who let them in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from ap_ledger.domain.base import Command
from ap_ledger.domain.person import AllowRecovery, GrantRole
from ap_ledger.errors import Refused
from ap_ledger.events.moments import microseconds
from ap_ledger.events.person import SAFEGUARDING_ROLES, TWO_PEOPLE_ROLES, RoleGranted
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.recording.access_facts import AccessFacts
from ap_ledger.recording.states import States
from ap_ledger.stores.accounts.accounts import Accounts

NEW_FOR = timedelta(days=30)
"""For so long somebody whom an administrator added, or let in by a link, is new here."""
NEW = (
    "What opens safeguarding records takes two people who have both been here for 30 days. One of you was added, "
    "or let in by a link, since then. Ask somebody who has been here for longer, or whoever holds the machine."
)
ONE_HAND = (
    "One of you made the link with which the other signs in, or somebody else made both of yours, so this could be one "
    "person's doing. Ask somebody else, a safeguarding lead where it is about those. A link made at the machine counts "
    "as nobody's: ap-ledger account link"
)
NO_LEAD = (
    "Nobody is safeguarding lead here yet. The first one is made at the machine itself: ap-ledger account first-lead"
)
LED_BEFORE = "Somebody led here before, so nobody makes themselves leader. Ask another administrator to give the role."
LED = "There is a safeguarding lead here, so another is made by two people: propose it under People."


class TwoPeople:
    """Looks at the two people of a deed, when it is proposed, when it is approved and when what it gave is used."""

    def __init__(
        self,
        states: States,
        access_facts: AccessFacts,
        accounts: Accounts,
        recorder: LedgerRecorder,
        clock: Callable[[], datetime],
    ) -> None:
        self._states = states
        self._access_facts = access_facts
        self._accounts = accounts
        self._recorder = recorder
        self._clock = clock

    def check_deed(self, command: Command, proposer: UUID, approver: UUID | None) -> None:
        """Refuses a deed for the two people of it; `approver` is None while it is only proposed. Raises Refused."""
        if isinstance(command, GrantRole) and not self._has_lead(command.setting_id):
            raise Refused("not-allowed", f"{NO_LEAD} --person {command.person_id}", "role")
        safeguarding = isinstance(command, GrantRole)
        if isinstance(command, AllowRecovery):
            safeguarding = self.opens_safeguarding(command.person_id)
        self.check(proposer, approver, safeguarding)

    def check(self, proposer: UUID, approver: UUID | None, safeguarding: bool) -> None:
        """Refuses two who may be one. For safeguarding both must have been here for a while, too. Raises Refused."""
        both = [person for person in (proposer, approver) if person is not None]
        if safeguarding and any(self._is_new(person) for person in both):
            raise Refused("not-allowed", NEW, "approved_by")
        if approver is not None and self._one_hand(proposer, approver, safeguarding):
            raise Refused("not-allowed", ONE_HAND, "approved_by")

    def check_first_lead(self, command: GrantRole) -> None:
        """Refuses to make a first lead where there is one. Raises Refused."""
        if self._has_lead(command.setting_id):
            raise Refused("not-allowed", LED, "first_lead")

    def check_first_leader(self, command: GrantRole) -> None:
        """Refuses to let somebody make themselves leader where anybody ever was. Raises Refused.

        Looks through the whole ledger.
        """
        granted = self._recorder.tail_of_topics([RoleGranted.TOPIC])
        here = (row for row in granted if row.setting_id and UUID(bytes=row.setting_id) == command.setting_id)
        if command.role == "leader" and any(orjson.loads(row.state)["role"] == "leader" for row in here):
            raise Refused("not-allowed", LED_BEFORE, "person_id")

    def opens_safeguarding(self, person_id: UUID) -> bool:
        """Whether somebody reads safeguarding records anywhere, or will: their account is a way to them."""
        return any(role.role in SAFEGUARDING_ROLES for role in self._access_facts.roles_to_come(person_id))

    def _is_new(self, person_id: UUID) -> bool:
        person = self._states.person(person_id)
        if person is None or (person.added_by is not None and self._lately(person.added_at)):
            return True
        return any(self._lately(opening.opened_at) for opening in self._accounts.openings(person_id))

    def _is_lead(self, person_id: UUID) -> bool:
        return any(role.role in TWO_PEOPLE_ROLES for role in self._access_facts.roles(person_id))

    def _lately(self, at: int) -> bool:
        # What is stamped in the future happened under a clock that was wrong, nobody knows when.
        return microseconds(self._clock()) - at < NEW_FOR // timedelta(microseconds=1)

    def _one_hand(self, first: UUID, second: UUID, safeguarding: bool) -> bool:
        """Whether two people may be one: the way in of one came from the other, or both ways in came from somebody else
        lately.

        For safeguarding it is asked whether it ever did. In most settings one administrator lets in everybody, so a
        present lead is excepted from the latter: two people made them one.
        """
        if second in self._hands(first, safeguarding) or first in self._hands(second, safeguarding):
            return True
        ever = safeguarding and not (self._is_lead(first) or self._is_lead(second))
        return bool(self._hands(first, ever) & self._hands(second, ever))

    def _hands(self, person_id: UUID, ever: bool) -> set[UUID]:
        """Whoever made the link by which somebody came in, whoever made that person's, and so on: lately, or `ever`."""
        hands: set[UUID] = set()
        waiting = [person_id]
        while waiting:
            for opening in self._accounts.openings(waiting.pop()):
                if (ever or self._lately(opening.opened_at)) and opening.made_by not in hands:
                    hands.add(opening.made_by)
                    waiting.append(opening.made_by)
        return hands

    def _has_lead(self, setting_id: UUID) -> bool:
        """Whether a setting has a safeguarding lead, or a deputy, at present. Looks through the whole ledger."""
        granted = self._recorder.tail_of_topics([RoleGranted.TOPIC])
        leads = {
            UUID(bytes=row.originator_id) for row in granted if orjson.loads(row.state)["role"] in TWO_PEOPLE_ROLES
        }
        roles = (role for person in leads for role in self._access_facts.roles(person))
        return any(role.setting_id == setting_id and role.role in TWO_PEOPLE_ROLES for role in roles)

"""The rules of what a student is supported with: their group, their needs, who may be called, what was agreed to, and
items of their own."""

from __future__ import annotations

import re

from pydantic import Field

from ap_ledger.domain.base import DatedCommand, NextEvents
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import ConsentGiver, ConsentName, DefinitionRef, GroupName, YesOrNo
from ap_ledger.events.student import (
    ConsentNoted,
    Contacts,
    Needs,
    OwnItemsSet,
    OwnLabels,
    StudentContactsNoted,
    StudentGrouped,
    StudentNeedsNoted,
)
from frameworks.needs import need_codes

NEEDS = f"Name each need once, by a code of the school census, six at most: {', '.join(need_codes())}."


class GroupStudent(DatedCommand, StudentCommand):
    """Puts the student in a group from a date on, or takes them out of theirs."""

    group: GroupName | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known."""
        dates = self.dates(self.admitted(state).facts(StudentGrouped))
        return [events.event(StudentGrouped, group=self.group, **dates)]


class NoteNeeds(DatedCommand, StudentCommand):
    """Says which types of special educational need the student has from a date on, the main one first; none where none
    is known any more."""

    needs: Needs = Field(description=NEEDS)

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Needs are codes that schools use, each named once, and are kept while the key that seals them is."""
        if "health" in self.admitted(state).shredded:
            raise Refused("not-allowed", "This student's health record was erased, so no needs can be kept for it.")
        if set(self.needs) - set(need_codes()) or len(set(self.needs)) < len(self.needs):
            raise Refused("malformed", NEEDS, "needs")
        dates = self.dates(self.admitted(state).facts(StudentNeedsNoted))
        return [events.event(StudentNeedsNoted, needs=self.needs, **dates)]


class NoteContacts(DatedCommand, StudentCommand):
    """Says who may be called about the student from a date on, and who may not; nobody where the list is empty."""

    contacts: Contacts

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Who may be called has a number, and is kept while the key that seals it is."""
        if "core" in self.admitted(state).shredded:
            raise Refused("not-allowed", "This student's record was erased, so no contacts can be kept for it.")
        for contact in self.contacts:
            if contact.call != "never" and contact.phone is None:
                raise Refused("malformed", "Whoever may be called needs a phone number.", "contacts")
        dates = self.dates(self.admitted(state).facts(StudentContactsNoted))
        return [events.event(StudentContactsNoted, contacts=self.contacts, **dates)]


class NoteConsent(DatedCommand, StudentCommand):
    """Says whether something was agreed to for the student from a date on, and by whom."""

    consent: ConsentName
    agreed: YesOrNo
    given_by: ConsentGiver | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known. Who said it is kept while the key that seals it is."""
        given_by = None if "core" in self.admitted(state).shredded else self.given_by
        earlier = [fact for fact in self.admitted(state).facts(ConsentNoted) if fact.consent == self.consent]
        return [
            events.event(
                ConsentNoted, consent=self.consent, agreed=self.agreed, given_by=given_by, **self.dates(earlier)
            )
        ]


OWN_ITEM = re.compile(r"[a-z0-9][a-z0-9.-]{0,100}\.[1-9][0-9]{0,3}")


class SetOwnItems(StudentCommand):
    """Gives a student items of their own under a shared definition, in their own words, replacing those set before."""

    definition: DefinitionRef
    labels: OwnLabels

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """An own item's id is that of the shared item with a number behind it, so that the id says nothing about the
        child."""
        if "learning" in self.admitted(state).shredded:
            raise Refused("not-allowed", "This student's learning record was erased, so no words can be kept for it.")
        if any(OWN_ITEM.fullmatch(item) is None for item in self.labels):
            raise Refused(
                "malformed",
                "An item of the student's own is named by the shared item, a dot and a number: goal.1",
                "labels",
            )
        return [events.event(OwnItemsSet, definition=self.definition, items=tuple(self.labels), labels=self.labels)]

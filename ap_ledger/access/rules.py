"""Rules of access that ask more than one question of the table, or ask it of something else than a student."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple
from uuid import UUID

from ap_ledger.access.answers import may, may_somewhere
from ap_ledger.access.commands import DEED_ACTIONS
from ap_ledger.access.shapes import About, Who
from ap_ledger.access.table import (
    COMMISSIONER,
    DEPUTY,
    DEVICE,
    DSL,
    FAMILY,
    LEADER,
    MENTOR,
    READER,
    ROLES,
    STAFF,
)
from ap_ledger.events.entries import WorryRaised

SAFEGUARDING = "safeguarding"
"""The retention class whose words end only with a safeguarding lead's word."""
LED_BY_TWO = (DSL, DEPUTY)
"""The roles that are given by two people."""


def kept_from(who: Who, students: Collection[UUID]) -> bool:
    """Whether a conflict of interest keeps somebody from any of these students: then they do not learn either what is
    told of them among others."""
    return bool(who.conflicts.intersection(students))


# What waits -----------------------------------------------------------------------------------------------------------


class Unsettled(NamedTuple):
    """Something refused or held, as far as it says whose it is.

    `readable` is False for what is sealed in a box or stands in a damaged row, and says nothing of itself.
    `student_setting` is where its student was admitted; `device_setting` that of the device it came from.
    """

    readable: bool
    damaged: bool = False
    kind: str | None = None
    kind_known: bool = False
    author_id: UUID | None = None
    setting_id: UUID | None = None
    student_id: UUID | None = None
    student_setting: UUID | None = None
    device_setting: UUID | None = None


def may_settle(who: Who, held: Unsettled) -> bool:
    """Whether somebody may see what waits and settle it: its author, and heads of its setting; worries are for the
    safeguarding lead.

    What says nothing of itself is for the heads of the setting whose device sent it; where none is known, for the heads
    of any. What says that it is another setting's student is that setting's to see, whatever else it says.
    """
    if not held.readable:
        if held.device_setting is not None:
            return may(who, "settle-held", About(held.device_setting))
        return held.damaged and may_somewhere(who, "settle-held")
    if held.author_id == who.person_id:
        return may_somewhere(who, "record") or may_somewhere(who, "raise-worry")
    if held.setting_id is None or held.student_id is None:
        return False
    here = About(held.setting_id)
    if not held.kind_known:
        return may(who, "read-safeguarding-words", here)
    if held.setting_id != (held.student_setting or held.setting_id) or kept_from(who, [held.student_id]):
        return False
    return may(who, "read-safeguarding-words" if held.kind == WorryRaised.TOPIC else "settle-held", here)


# Safeguarding cases ---------------------------------------------------------------------------------------------------


class CaseFacts(NamedTuple):
    """A safeguarding case as access asks about it: where, every child whom it is about, and who was named for it."""

    setting_id: UUID
    students: frozenset[UUID]
    named: frozenset[UUID] = frozenset()


def may_read_case(who: Who, case: CaseFacts) -> bool:
    """Whether somebody may read a case, and so learn that there is one: leads, whom the lead named to read worries,
    and who was named for this case; nobody who is kept from one of its children."""
    about = About(case.setting_id, named=case.named)
    return may(who, "read-case", about) and not kept_from(who, case.students)


def may_work_case(who: Who, case: CaseFacts) -> bool:
    """Whether somebody may change a case: leads who are kept from none of its children."""
    return may(who, "work-safeguarding", About(case.setting_id)) and not kept_from(who, case.students)


# Entries, and the words in them ---------------------------------------------------------------------------------------


def may_mend(who: Who, about: About, status: str) -> bool:
    """Whether somebody may put an entry right or take it back: one that was taken back stays so."""
    return status != "voided" and may(who, "record", about)


IDENTITY = frozenset({"given_name", "family_name", "known_as", "date_of_birth", "upn"})
"""What of a student says in full who they are: a mentor knows a first name and an initial."""
FOR_HEADS = frozenset({"holds", "family", "joined", "records", "admissions", "addresses"})
"""What of a student is told to those who manage students alone."""


def hidden_of_student(who: Who, about: About) -> frozenset[str]:
    """What somebody who may see a student is not told of them all the same."""
    hidden = frozenset[str]() if may(who, "see-identity", about) else IDENTITY
    return hidden if may(who, "manage-students", about) else hidden | FOR_HEADS


def hidden_of_person(who: Who, setting_id: UUID) -> frozenset[str]:
    """What is not told of a member of staff: whom they must not meet as a student is for the heads."""
    return frozenset() if may(who, "see-audit", About(setting_id)) else frozenset({"conflicts"})


# Reports --------------------------------------------------------------------------------------------------------------


class Released(NamedTuple):
    """A report that was released: to whom, about whom (a student or a setting), and whether it was withdrawn since."""

    about: About
    audience: str
    withdrawn: bool = False
    commissioner_id: UUID | None = None


def may_read_report(who: Who, released: Released) -> bool:
    """Whether somebody may read a report that was released. Its makers may read it after it was withdrawn, too."""
    about = released.about
    if may(who, "make-reports", about):
        return True
    if released.withdrawn:
        return False
    if released.audience == "family":
        return about.student_id is not None and may(who, "read-report", about)
    if released.commissioner_id is None:
        return False
    return may(who, "read-report", About(about.setting_id, released_to=released.commissioner_id))


def may_release(audience: str, about: str) -> bool:
    """Whether a report can be shown to anybody: a family reads about their child, a commissioner about their places."""
    return (audience, about) in (("family", "student"), ("commissioner", "commissioner"))


# Roles, erasure, and what takes two people ----------------------------------------------------------------------------


def roles_to_give(who: Who, setting_id: UUID) -> list[str]:
    """The roles that somebody may give or propose in a setting."""
    here, given = About(setting_id), list[str]()
    if may(who, "manage-people", here):
        given = [role for role in ROLES if role not in (DEVICE, READER)]
    elif may(who, "propose-people", here):
        given = list(LED_BY_TWO)
    return [*given, READER] if may(who, "name-safeguarding-reader", here) else given


def may_erase(who: Who, about: About, retention_class: str) -> bool:
    """Whether somebody may propose to erase a class of a student's words."""
    return may(who, "propose-erasure", about) and _ends(who, about, retention_class)


def _ends(who: Who, about: About, retention_class: str | None) -> bool:
    return retention_class != SAFEGUARDING or may(who, "erase-safeguarding", about)


class Proposed(NamedTuple):
    """A deed that was proposed: by whom, about a student or a setting, and whose account or which words it is about."""

    deed: str
    about: About
    proposed_by: UUID | None = None
    person_id: UUID | None = None
    retention_class: str | None = None


def may_approve(who: Who, proposed: Proposed) -> bool:
    """Whether somebody may approve or decline a deed of this kind here; never one about themselves."""
    if not _ends(who, proposed.about, proposed.retention_class) or proposed.person_id == who.person_id:
        return False
    return may(who, DEED_ACTIONS[proposed.deed][1], proposed.about)


def may_see_proposal(who: Who, proposed: Proposed) -> bool:
    """Whether somebody sees a proposal: whoever made it, and whoever may approve it."""
    return proposed.proposed_by == who.person_id or may_approve(who, proposed)


# How somebody is here -------------------------------------------------------------------------------------------------


def scores_as(who: Who, setting_id: UUID) -> str:
    """As whom somebody scores in a setting, unless they say otherwise: a mentor who teaches here is a teacher."""
    roles = {grant.role for grant in who.grants if grant.setting_id == setting_id}
    return "mentor" if MENTOR in roles and not roles & {STAFF, LEADER, DSL, DEPUTY} else "teacher"


Home = Literal["safeguarding", "leader", "mentor", "staff", "commissioner", "family", "set-up"]
"""What a first page may begin with."""


def homes_of(who: Who, setting_id: UUID) -> tuple[Home, ...]:
    """What somebody's first page holds of a setting, by their roles in it, what presses first at the top.

    Somebody with several roles finds them one under the other. By PIN only what is good for logging is there.
    """
    here = About(setting_id)
    roles = {grant.role for grant in who.grants if grant.setting_id == setting_id}
    heads, logs = may(who, "make-reports", here), may_somewhere(who, "record")
    held: dict[Home, bool] = {
        "safeguarding": may(who, "read-safeguarding-words", here),
        "leader": heads,
        "mentor": MENTOR in roles and logs,
        "staff": STAFF in roles and logs,
        "commissioner": COMMISSIONER in roles and may_somewhere(who, "read-report"),
        "family": FAMILY in roles and may_somewhere(who, "read-report"),
        "set-up": may(who, "set-up", here) and not heads,
    }
    return tuple(home for home, is_theirs in held.items() if is_theirs)

"""Who may do what to whom: one table, default deny. Pages, API, exports, jobs and reports all ask `may`.

`RULES` maps (role, action) to predicates, each of which says on which days of a student's record it holds; what all of
them leave is what is open, so that nobody reads outside their own time. What is not in the table is refused.
`FORBIDDEN` stands above it: no role gets past a conflict of interest or a legal hold. Everything here is pure:
relations are handed in, looked up only when a predicate asks for them. The matrix in docs/access.md is generated from
this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple
from uuid import UUID

from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.events.days import EVERY_DAY, NO_DAYS, Days

Via = Literal["session", "pin", "device", "token"]
"""How somebody is here: signed in, by PIN on an enrolled tablet, as a device, or by a program's token."""

TEXT_DAYS = 14
"""For so many days a mentor may read words written about a student of their caseload (security policy, section on
roles)."""


class Grant(NamedTuple):
    """A role in one setting. `commissioner_id` says for whom a commissioner buys places."""

    setting_id: UUID
    role: str
    commissioner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks: a person (or a device, which has none), the roles in force today, and how they are here."""

    person_id: UUID | None
    grants: tuple[Grant, ...] = ()
    via: Via = "session"
    scopes: frozenset[str] = frozenset()
    conflicts: frozenset[UUID] = frozenset()
    device_id: UUID | None = None


class Relations(NamedTuple):
    """What a student's own stream says about who belongs to them, on the day in question.

    `placed` holds the days of each commissioner's placements, and `family` the days from the link on of everybody whose
    link has begun.
    """

    caseload: frozenset[UUID] = frozenset()
    placed: Mapping[UUID | None, Days] = MappingProxyType({})
    family: Mapping[UUID, Days] = MappingProxyType({})
    released: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What is asked about: a setting, perhaps one student of it, perhaps one entry.

    `relations` is called only when a predicate needs it. `days_old` is that of an entry, `released_to` the commissioner
    of a report.
    """

    setting_id: UUID | None = None
    student_id: UUID | None = None
    relations: Callable[[], Relations] = field(default=Relations)
    days_old: int = 0
    released_to: UUID | None = None


Predicate = Callable[[Who, Grant, About], Days]
"""The days of a record on which a rule holds: every day, none, or those of a relation."""


def _always(holds: bool) -> Days:
    return EVERY_DAY if holds else NO_DAYS


def own_setting(who: Who, grant: Grant, about: About) -> Days:
    """own setting"""
    return _always(about.setting_id == grant.setting_id)


def on_caseload(who: Who, grant: Grant, about: About) -> Days:
    """students on their caseload, while they are on it"""
    return _always(about.setting_id == grant.setting_id and who.person_id in about.relations().caseload)


def own_placements(who: Who, grant: Grant, about: About) -> Days:
    """students they place, on the days of their placements"""
    if about.setting_id != grant.setting_id or grant.commissioner_id is None:
        return NO_DAYS
    return about.relations().placed.get(grant.commissioner_id, NO_DAYS)


def own_report(who: Who, grant: Grant, about: About) -> Days:
    """reports released to them"""
    return _always(
        about.setting_id == grant.setting_id
        and grant.commissioner_id is not None
        and grant.commissioner_id == about.released_to
    )


def own_child(who: Who, grant: Grant, about: About) -> Days:
    """own child, from the day of the link"""
    if about.setting_id != grant.setting_id or who.person_id is None:
        return NO_DAYS
    return about.relations().family.get(who.person_id, NO_DAYS)


def released(who: Who, grant: Grant, about: About) -> Days:
    """once released to the family"""
    return _always(about.relations().released)


def recent(who: Who, grant: Grant, about: About) -> Days:
    """words of the last 14 days"""
    return _always(about.days_old <= TEXT_DAYS)


def anywhere(who: Who, grant: Grant, about: About) -> Days:
    """always"""
    return EVERY_DAY


SETTING, CASELOAD, PLACED, CHILD, ALWAYS = (
    (own_setting,),
    (on_caseload,),
    (own_placements,),
    (own_child, released),
    (anywhere,),
)
MENTOR, STAFF, LEADER, DSL, DEPUTY, READER = "mentor", "ap-staff", "leader", "dsl", "deputy-dsl", "safeguarding-reader"
COMMISSIONER, FAMILY, ADMIN, RESEARCHER, DEVICE = "commissioner", "family", "administrator", "researcher", "device"
ROLES = (MENTOR, STAFF, LEADER, DSL, DEPUTY, READER, COMMISSIONER, FAMILY, ADMIN, RESEARCHER, DEVICE)
TEAM, HEADS = (STAFF, LEADER, DSL, DEPUTY), (LEADER, DSL, DEPUTY)
SAFEGUARDING = (DSL, DEPUTY)
ORDINARY = tuple(kept for kept in RETENTION_CLASSES if kept not in ("core", "safeguarding"))

Rules = dict[tuple[str, str], tuple[Predicate, ...]]


def _rows() -> Iterator[tuple[str, str, tuple[Predicate, ...]]]:
    """(action, role, predicates), action by action, as the policy reads."""

    def staff(
        action: str, mentor: tuple[Predicate, ...] | None = CASELOAD, roles: tuple[str, ...] = TEAM
    ) -> Iterator[tuple[str, str, tuple[Predicate, ...]]]:
        if mentor:
            yield action, MENTOR, mentor
        for role in roles:
            yield action, role, SETTING

    # What holds nothing personal.
    for role in ROLES:
        yield "see-frameworks", role, ALWAYS
        yield "see-setting", role, SETTING
        if role != DEVICE:
            yield "see-own-account", role, ALWAYS
    yield "publish-framework", LEADER, ALWAYS
    yield "manage-setting", LEADER, SETTING
    yield "set-retention", LEADER, SETTING
    # People and devices. An administrator of accounts reads no record.
    yield from staff("see-people", SETTING, (*TEAM, ADMIN))
    yield "manage-people", ADMIN, SETTING
    for role in (ADMIN, LEADER):
        yield "manage-devices", role, SETTING
        yield "propose-people", role, SETTING
    for role in (ADMIN, *HEADS):
        yield "approve-people", role, SETTING
    yield "name-safeguarding-reader", DSL, SETTING
    # Leads are told on their first page who is made one of them, and whose account is opened anew.
    for role in SAFEGUARDING:
        yield "see-deeds", role, SETTING
    yield "open-setting", ADMIN, ALWAYS
    yield "watch-service", ADMIN, ALWAYS
    # Students: who they are, how far they got.
    yield from staff("see-student")
    yield "see-student", COMMISSIONER, PLACED
    yield "see-student", FAMILY, (own_child,)
    yield from staff("see-identity", None)
    yield "see-identity", COMMISSIONER, PLACED
    yield from staff("read-history")
    yield "read-history", COMMISSIONER, PLACED
    yield from staff("read-learning")
    yield "read-learning", COMMISSIONER, PLACED
    yield "read-learning", FAMILY, CHILD
    yield from staff("read-questionnaires")
    yield from staff("read-group")
    yield from staff("see-clocks", None)
    for role in HEADS:
        yield "end-clock", role, SETTING
        yield "make-reports", role, SETTING
        yield "read-report", role, SETTING
    yield "read-report", COMMISSIONER, (own_report,)
    yield "read-report", FAMILY, (own_child,)
    for kept in ORDINARY:
        yield from staff(f"read-{kept}-words", (on_caseload, recent))
    for role in SAFEGUARDING:
        yield "read-safeguarding-words", role, SETTING
    yield "read-safeguarding-words", READER, SETTING
    # Writing.
    yield from staff("record")
    yield "record", DEVICE, SETTING
    yield from staff("raise-worry", SETTING)
    yield "raise-worry", DEVICE, SETTING
    for role in HEADS:
        yield "record-for-others", role, SETTING
        yield "manage-students", role, SETTING
        yield "settle-held", role, SETTING
        yield "see-audit", role, SETTING
        yield "propose-erasure", role, SETTING
        yield "approve-erasure", role, SETTING
        yield "set-hold", role, SETTING
    for role in SAFEGUARDING:
        yield "lift-hold", role, SETTING
        yield "erase-safeguarding", role, SETTING


RULES: Mapping[tuple[str, str], tuple[Predicate, ...]] = {
    (role, action): predicates for action, role, predicates in _rows()
}
ACTIONS: tuple[str, ...] = tuple(dict.fromkeys(action for action, _, _ in _rows()))

ERASING = frozenset({"propose-erasure", "approve-erasure", "erase-safeguarding"})
LOGGING = frozenset(
    {"see-frameworks", "see-own-account", "see-setting", "see-student", "read-group", "record", "raise-worry"}
)
"""What a PIN on a shared tablet is good for: logging, never looking back."""

SCOPES: Mapping[str, frozenset[str]] = {
    "read": frozenset(action for action in ACTIONS if action.startswith(("see-", "read-"))),
    "record": frozenset(
        {
            "see-frameworks",
            "see-setting",
            "see-people",
            "see-student",
            "record",
            "raise-worry",
            "record-for-others",
            "settle-held",
        }
    ),
    "manage": frozenset(
        {
            "see-frameworks",
            "see-setting",
            "see-people",
            "see-student",
            "publish-framework",
            "manage-setting",
            "manage-people",
            "manage-students",
        }
        | {"manage-devices", "set-retention", "end-clock"}
    ),
    "metrics": frozenset({"watch-service"}),
    "all": frozenset(ACTIONS),
}
"""What a token of each scope may be used for, where its person may do it at all."""


def conflict_of_interest(who: Who, action: str, about: About) -> bool:
    """A member of staff is never let near the record of their own child, or of a student who made an allegation against
    them; they may raise a worry."""
    return about.student_id is not None and about.student_id in who.conflicts and action != "raise-worry"


def legal_hold(who: Who, action: str, about: About) -> bool:
    """Nothing is erased while a legal hold stands."""
    return action in ERASING and about.student_id is not None and about.relations().held


FORBIDDEN: tuple[Callable[[Who, str, About], bool], ...] = (conflict_of_interest, legal_hold)


def lets(who: Who, action: str) -> bool:
    """Whether the way in which somebody is here is good for an action at all."""
    if who.via == "pin":
        return action in LOGGING
    if who.via == "token":
        return any(action in SCOPES[scope] for scope in who.scopes)
    return True


def days_open(who: Who, action: str, about: About) -> Days:
    """The days of a student's record on which somebody may do something.

    An action or a role that the table does not know opens none.
    """
    opened = NO_DAYS
    for grant in who.grants if lets(who, action) else ():
        if opened is not EVERY_DAY:
            opened = opened | _granted(who, grant, action, about)
    return NO_DAYS if opened and any(forbids(who, action, about) for forbids in FORBIDDEN) else opened


def _granted(who: Who, grant: Grant, action: str, about: About) -> Days:
    """The days that one role opens: those on which all that its row of the table asks for holds."""
    predicates = RULES.get((grant.role, action))
    held = NO_DAYS if predicates is None else EVERY_DAY
    for predicate in predicates or ():
        # A predicate may look relations up, so it is asked only while there is anything left.
        held = held and held & predicate(who, grant, about)
    return held


def may(who: Who, action: str, about: About) -> bool:
    """Whether somebody may do something at all: on any day.

    What they are shown of a student's record is cut to `days_open`.
    """
    return bool(days_open(who, action, about))


def may_somewhere(who: Who, action: str) -> bool:
    """Whether there can be anything about which somebody may do this: asked before a list is filtered item by item."""
    return lets(who, action) and any((grant.role, action) in RULES for grant in who.grants)


def may_open(who: Who, retention_class: str, about: About) -> bool:
    """Whether somebody may read words of a retention class. Names are opened with the student, by `see-student`."""
    return may(who, f"read-{retention_class}-words", about)


def settings_where(who: Who, action: str) -> frozenset[UUID]:
    """The settings in which somebody may do this to anything at all. What they see there is filtered item by item."""
    return (
        frozenset(grant.setting_id for grant in who.grants if (grant.role, action) in RULES)
        if lets(who, action)
        else frozenset()
    )


COMMAND_ACTIONS: Mapping[str, str | None] = {
    "open-setting": "open-setting", "add-place": "manage-setting", "add-commissioner": "manage-setting",
    "set-calendar": "manage-setting",
    "set-timetable": "manage-setting", "set-incident-categories": "manage-setting", "set-retention": "set-retention",
    "correct-setting": "manage-setting", "correct-place": "manage-setting", "correct-commissioner": "manage-setting",
    "withdraw-setting-fact": "manage-setting", "withdraw-student-fact": "manage-students",
    "add-person": "manage-people", "rename-person": "manage-people", "grant-role": "manage-people",
    "end-role": "manage-people", "declare-conflict": "manage-students",
    "end-conflict": "manage-students",
    "join-students": "manage-students", "part-students": "manage-students",
    "admit-student": "manage-students", "identify-student": "manage-students", "expect-student": "manage-students",
    "start-placement": "manage-students",
    "change-placement": "manage-students", "correct-placement": "manage-students",
    "correct-admission": "manage-students",
    "end-placement": "manage-students", "commission-sessions": "manage-students",
    "assign-key-worker": "manage-students", "assign-mentor": "manage-students", "group-student": "manage-students",
    "note-needs": "manage-students", "set-own-items": "record",
    "link-family": "manage-students", "unlink-family": "manage-students", "release-to-family": "manage-students",
    "end-clock": "end-clock", "resume-clock": "end-clock", "end-review": "end-clock", "resume-review": "end-clock",
    "release-report": "make-reports", "withdraw-report": "make-reports",
    "set-hold": "set-hold", "lift-hold": "lift-hold",
    "publish-framework": "publish-framework", "retire-framework": "publish-framework",
    "revoke-device": "manage-devices",
    # These have ways of their own, because they need a second person or a secret that is shown once.
    "shred-key": None, "excise-text": None, "allow-recovery": None, "enrol-device": None,
    "propose-deed": None, "approve-deed": None, "decline-deed": None,
}  # fmt: skip
"""The action that each command is. One without an action is never taken as a bare command over the network."""

DEED_ACTIONS: Mapping[str, tuple[str, str]] = {
    "shred-key": ("propose-erasure", "approve-erasure"),
    "excise-text": ("propose-erasure", "approve-erasure"),
    "grant-role": ("propose-people", "approve-people"),
    "allow-recovery": ("propose-people", "approve-people"),
}
"""For every deed that takes two people, the action of whoever proposes it and of whoever approves it."""

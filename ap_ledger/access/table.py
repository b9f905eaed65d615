"""The access table itself: which role may do what, on the days of which relation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ap_ledger.access.shapes import About, Grant, Predicate, Who
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.events.days import EVERY_DAY, NO_DAYS, Days

TEXT_DAYS = 14
"""For so many days a mentor may read words written about a student of their caseload (security policy, section on
roles)."""


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


def named_for_case(who: Who, grant: Grant, about: About) -> Days:
    """cases for which they were named"""
    return _always(about.setting_id == grant.setting_id and who.person_id in about.named)


def recent(who: Who, grant: Grant, about: About) -> Days:
    """words of the last 14 days"""
    return _always(about.recent)


def that_days_visitor(who: Who, grant: Grant, about: About) -> Days:
    """students they are to visit that day"""
    return _always(about.setting_id == grant.setting_id and who.person_id in about.relations().visitors)


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
        yield "set-up", role, SETTING
        yield "manage-devices", role, SETTING
        yield "propose-people", role, SETTING
    for role in (ADMIN, *HEADS):
        yield "approve-people", role, SETTING
        # Whom a file may be about goes by who may manage students, and who may manage people.
        yield "bring-in", role, SETTING
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
    # Who may be called, and what was agreed to: for whoever works with the child, and for nobody outside.
    yield from staff("read-contacts")
    # Planned visits. What a visitor should know about an address is for that day's visitor and those who lead on
    # safeguarding, and for nobody else.
    yield from staff("plan-visits")
    for role in HEADS:
        yield "see-visits", role, SETTING
    for role in (MENTOR, STAFF, LEADER):
        yield "read-address-flags", role, (that_days_visitor,)
    for role in SAFEGUARDING:
        yield "read-address-flags", role, SETTING
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
    # Cases: worked on by leads; read by whoever reads worries, and by whom a lead names for one of them.
    for role in SAFEGUARDING:
        yield "work-safeguarding", role, SETTING
        yield "read-case", role, SETTING
    yield "read-case", READER, SETTING
    for role in (MENTOR, STAFF, LEADER):
        yield "read-case", role, (named_for_case,)
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

CALENDAR = "calendar"
"""The scope of a token that stands in the address of a calendar: it is good for that calendar, and for nothing else."""
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
    CALENDAR: frozenset(),
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

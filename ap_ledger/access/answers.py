"""What the table answers: whether somebody may do something, on which days, and where."""

from __future__ import annotations

from uuid import UUID

from ap_ledger.access.shapes import About, Grant, Who
from ap_ledger.access.table import FORBIDDEN, LOGGING, RULES, SCOPES
from ap_ledger.events.days import EVERY_DAY, NO_DAYS, Days


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
    days = NO_DAYS if predicates is None else EVERY_DAY
    for predicate in predicates or ():
        # A predicate may look relations up, so it is asked only while there is anything left.
        days = days and days & predicate(who, grant, about)
    return days


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
    return may(who, words_action(retention_class), about)


def words_action(retention_class: str) -> str:
    """The action that reading words of a retention class is."""
    return f"read-{retention_class}-words"


def settings_where(who: Who, action: str) -> frozenset[UUID]:
    """The settings in which somebody may do this to anything at all. What they see there is filtered item by item."""
    return (
        frozenset(grant.setting_id for grant in who.grants if (grant.role, action) in RULES)
        if lets(who, action)
        else frozenset()
    )

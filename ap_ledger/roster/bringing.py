"""From a file to the ledger: what it would do, in the name of somebody who may; and then doing it, row by row.

Every row goes in through the door, by the commands that a page would give, all of them at once or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from ap_ledger.access import About, Who, may, words_action
from ap_ledger.bootstrap import Service
from ap_ledger.commands.all_at_once import give_all, judge_all, may_give_all
from ap_ledger.domain.base import Command
from ap_ledger.domain.columns import MatchColumns
from ap_ledger.domain.person import PersonCommand
from ap_ledger.errors import CommandConflict, Refused
from ap_ledger.events.ids import derived_id
from ap_ledger.notices.raising import Telling
from ap_ledger.notices.shapes import Happening
from ap_ledger.notices.table import NOTICE_BY_NAME
from ap_ledger.roster.cells import squeezed
from ap_ledger.roster.fields import NOT_USED, SUBJECTS, Subject, match
from ap_ledger.roster.holdings import Holdings, holdings_of
from ap_ledger.roster.plan import Plan, PlannedRow, Wishes, make_plan
from ap_ledger.roster.staff_rows import NEW_GRANT
from ap_ledger.roster.student_rows import NEW_PLACEMENT
from ap_ledger.roster.table import Table
from ap_ledger.stores.fingerprint import Fingerprint
from projections.bodies import SettingBody, StudentBody

ACTIONS: dict[Subject, str] = {"students": "manage-students", "staff": "manage-people"}
"""The action of the access table that bringing somebody in is."""
MADE_HERE = {"placement_id": NEW_PLACEMENT, "grant_id": NEW_GRANT}
"""The fields for which an id is made, and what stands for it in a plan."""


COLUMN_OF = {
    "on": "start", "start": "start", "from_date": "start", "sessions_a_week": "sessions", "hours_a_week": "hours",
    "name": "full_name",
}  # fmt: skip
"""The columns that hold what a command calls otherwise."""
MARK_LETTERS = 32
LONG = timedelta(seconds=20)
"""Whoever waited so long may have gone on to something else, and is told when a file is in."""
UNUSED = "nothing"
"""What is remembered of a column that is not brought in."""


class Bringer(NamedTuple):
    """Who brings a file in, and into which setting; `form` is an id by which doing it again is known."""

    who: Who
    setting: SettingBody
    form: UUID

    def may_bring(self, subject: Subject) -> bool:
        """Whether they may bring in whom a file is about."""
        return may(self.who, ACTIONS[subject], About(UUID(self.setting["id"])))

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Whom they may bring in."""
        return tuple(subject for subject in SUBJECTS if self.may_bring(subject))


def look(
    service: Service, bringer: Bringer, table: Table, subject: Subject, matched: Sequence[str], wishes: Wishes
) -> Plan:
    """What a table would do. What the rules refuse is refused here already, and nothing is stored.

    Raises RosterFault where the columns do not say who anybody is.
    """
    plan = make_plan(table, subject, matched, _holdings(service, bringer), wishes)
    return replace(plan, rows=tuple(_judged(service, bringer, row, plan) for row in plan.rows))


def _holdings(service: Service, bringer: Bringer) -> Holdings:
    setting_id = UUID(bringer.setting["id"])
    today = service.ledger.access_facts.today(setting_id)
    reads_needs = may(bringer.who, words_action("health"), About(setting_id))

    def reads_contacts(student: StudentBody) -> bool:
        about = service.ledger.access_facts.student(UUID(student["id"]))
        return may(bringer.who, "read-contacts", about)

    def sees_to(student: StudentBody) -> bool:
        return may(bringer.who, ACTIONS["students"], service.ledger.access_facts.student(UUID(student["id"])))

    return holdings_of(service, bringer.setting, today, reads_needs, reads_contacts, sees_to)


def _judged(service: Service, bringer: Bringer, row: PlannedRow, plan: Plan) -> PlannedRow:
    """A row as it is, or refused by a rule of the ledger in that rule's own words."""
    if not row.asks:
        return row
    try:
        judge_all(service.ledger, bringer.who, commands_of(bringer, row, plan.subject))
    except Refused as refusal:
        return row.refused(refusal.message, _column_of(refusal, plan))
    return row


def _column_of(refusal: Refused, plan: Plan) -> int | None:
    """The number of the column in which the field stands that a rule refused, where the file has one."""
    field = (refusal.field or "").partition(".")[0]
    name = COLUMN_OF.get(field, field)
    return plan.matched.index(name) if name and name in plan.matched else None


def commands_of(bringer: Bringer, row: PlannedRow, subject: Subject) -> list[Command]:
    """The commands that a row asks for, in the order in which they are done. Raises Refused.

    Their ids go by the form and by what they say, so that sending it again does nothing more.
    """
    number = str(row.row.number)
    whom = UUID(row.whom) if row.whom else derived_id(bringer.form, subject, number)
    return [_command(bringer, asked.kind, dict(asked.fields), whom, number) for asked in row.asks]


def _command(bringer: Bringer, kind: type[Command], fields: dict[str, Any], whom: UUID, number: str) -> Command:
    for name, placeholder in MADE_HERE.items():
        if fields.get(name) == placeholder:
            fields[name] = str(derived_id(bringer.form, name, str(whom), number))
    fields["person_id" if issubclass(kind, PersonCommand) else "student"] = str(whom)
    given = {name: value for name, value in fields.items() if value is not None}
    content = orjson.dumps(given, option=orjson.OPT_SORT_KEYS).decode()
    head = {
        "id": derived_id(bringer.form, kind.__name__, number, content),
        "setting_id": bringer.setting["id"],
        "author_id": bringer.who.person_id,
    }
    return kind.from_json(orjson.dumps({**head, **given}))


# Columns, remembered --------------------------------------------------------------------------------------------------


def found_columns(service: Service, bringer: Bringer, table: Table, subject: Subject) -> list[str]:
    """What each column of a table holds, as far as it is found: as somebody of the setting said before, or by its
    heading and values."""
    setting = service.ledger.states.setting(UUID(bringer.setting["id"]))
    told = setting.columns if setting is not None else {}
    marks = _marks(service, table, subject)
    remembered = {heading: told[mark] for heading, mark in marks.items() if mark in told}
    return match(
        table, subject, {heading: NOT_USED if name == UNUSED else name for heading, name in remembered.items()}
    )


def _marks(service: Service, table: Table, subject: Subject) -> dict[str, str]:
    """By each heading the mark under which it is remembered."""
    fingerprint = Fingerprint(service.ledger.keyring.own().raw)
    headings = {squeezed(heading) for heading in table.headings} - {""}
    return {
        heading: fingerprint.of({"heading": heading, "subject": subject}).hex()[:MARK_LETTERS] for heading in headings
    }


def remember_columns(
    service: Service, bringer: Bringer, table: Table, subject: Subject, matched: Sequence[str]
) -> None:
    """Remembers what somebody said of columns, where it is another thing than what was found."""
    marks, found = _marks(service, table, subject), found_columns(service, bringer, table, subject)
    columns = {
        marks[squeezed(heading)]: name or UNUSED
        for heading, name, guess in zip(table.headings, matched, found, strict=True)
        if name != guess and squeezed(heading) in marks
    }
    if not columns or table.matched is not None:
        return
    content = orjson.dumps(columns, option=orjson.OPT_SORT_KEYS).decode()
    command = MatchColumns(
        id=derived_id(bringer.form, MatchColumns.__name__, content),
        setting_id=UUID(bringer.setting["id"]),
        author_id=bringer.who.person_id,
        columns=columns,
    )
    if may_give_all(service.ledger, bringer.who, [command]):
        service.ledger.execute(command)


# Doing it -------------------------------------------------------------------------------------------------------------


class Brought(NamedTuple):
    """What became of one row: nothing to say, or why it did not go in after all."""

    row: PlannedRow
    position: int = 0
    fault: str = ""


def bring_in(
    service: Service,
    bringer: Bringer,
    plan: Plan,
    at_most: int | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Brought]:
    """Writes the rows of a plan that are new or changed, each at once or not at all, `at_most` so many of them."""
    rows = plan.to_save[:at_most]
    for number, row in enumerate(rows, 1):
        try:
            yield Brought(row, give_all(service.ledger, bringer.who, commands_of(bringer, row, plan.subject)))
        except (Refused, CommandConflict) as refusal:
            yield Brought(row, fault=str(refusal))
        report(number, len(rows))


def tell_when_long(service: Service, bringer: Bringer, began: datetime) -> None:
    """Tells whoever brought a file in that it is, where that took them long."""
    now, here = service.ledger.now(), UUID(bringer.setting["id"])
    if now - began >= LONG:
        happening = Happening(bringer.form, here, now, About(here), bringer.who.person_id)
        Telling(service).tell(NOTICE_BY_NAME["brought-in"], happening)

"""What each row about somebody who works here would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from ap_ledger.domain.person import AddPerson, GrantRole
from ap_ledger.errors import RosterFault
from ap_ledger.events.person import STAFF_ROLES
from ap_ledger.roster.cells import is_nothing, read_day, read_name, squeezed
from ap_ledger.roster.holdings import HeldPerson, Holdings
from ap_ledger.roster.plan import (
    Asked,
    Cells,
    Change,
    Here,
    PlannedRow,
    Refusal,
    Wishes,
    label_of,
    left_out,
    listed,
    read_cell,
    refused,
)
from ap_ledger.roster.table import TableRow
from frameworks.language.lookalikes import alike
from projections.queries.words import ROLE_NAMES

ROLES = {
    "mentor": ("mentor", "outreach", "outreachworker", "outreachmentor", "learningmentor"),
    "ap-staff": (
        "apstaff", "staff", "teacher", "teachingassistant", "ta", "hlta", "lsa", "assistant", "tutor", "supportworker",
        "instructor", "coach", "learningsupportassistant", "teachingstaff", "classteacher", "aide",
        "therapist", "youthworker", "coversupervisor",
    ),
    "leader": (
        "leader", "head", "headteacher", "headofprovision", "headofcentre", "manager", "centremanager", "deputyhead",
        "assistanthead", "senco", "principal", "director", "slt",
    ),
}  # fmt: skip
"""The roles that a file may give, by the words in which people write them, as `squeezed` leaves them."""
BY_HAND = (
    "dsl", "deputydsl", "ddsl", "designatedsafeguardinglead", "safeguardinglead", "deputysafeguardinglead",
    "safeguardingreader", "administrator", "admin", "commissioner", "family", "parent", "carer", "researcher",
)  # fmt: skip
GIVEN_BY_HAND = (
    "This role opens more than a file may give. Leave it empty here, and give it under People: a safeguarding lead "
    "takes two people."
)
NEW_GRANT = "grant"
"""Stands for the id of a role that a row gives, until there is one."""


def plan_staff(
    rows: Iterable[TableRow], matched: Sequence[str], holdings: Holdings, wishes: Wishes
) -> tuple[list[PlannedRow], list[Here]]:
    """What rows about people who work here would do, and who of those here is not among them. Raises RosterFault."""
    if "full_name" not in matched and not {"given_name", "family_name"} <= set(matched):
        raise RosterFault("Say which columns hold the first and the family name, or which one the whole name.")
    by_name: dict[str, list[HeldPerson]] = defaultdict(list)
    for person in holdings.people:
        by_name[alike(person.name)].append(person)
    planned: list[PlannedRow] = []
    rows_of: dict[str, int] = {}
    for row in rows:
        cells = Cells(row, matched)
        if cells.empty:
            continue
        name = _name(cells)
        if row.number in wishes.left_out:
            planned.append(left_out(row, name or "(no name)"))
            continue
        try:
            planned.append(_planned(row, cells, by_name, rows_of, wishes))
        except Refusal as refusal:
            planned.append(refused(row, name or "(no name)", refusal, matched))
    here = (person for person in holdings.people if person.roles & STAFF_ROLES)
    in_file = {alike(row.name) for row in planned}
    return planned, [Here(person.id, person.name) for person in here if alike(person.name) not in in_file]


def _planned(
    row: TableRow, cells: Cells, by_name: dict[str, list[HeldPerson]], rows_of: dict[str, int], wishes: Wishes
) -> PlannedRow:
    name = _name(cells)
    if not name:
        raise Refusal("A row needs a name. Put it in, or leave the row out.", "full_name")
    column = "full_name" if cells["full_name"] else "given_name"
    read_cell(cells, column, read_name)
    role = _role(cells["role"])
    key = alike(name)
    if key in rows_of:
        raise Refusal(f"This is the same person as row {rows_of[key]}. Leave one of the two out.")
    people = by_name.get(key, [])
    if len(people) > 1:
        raise Refusal("Several people here have this name. Give the role under People.", column)
    rows_of[key] = row.number
    start: date = wishes.from_date
    if not is_nothing(cells["start"]):
        # Whoever began long ago is given the role from today on: nothing was theirs to see here before.
        start = max(start, read_cell(cells, "start", read_day))
    grant = Asked(GrantRole, {"grant_id": NEW_GRANT, "role": role, "from_date": start.isoformat()})
    if not people:
        told = () if role else ("No role is given, so they can do nothing here until somebody gives them one.",)
        asks = (Asked(AddPerson, {"name": name}), *((grant,) if role else ()))
        return PlannedRow(row, name, "new", "", listed((ROLE_NAMES.get(role, ""),)), (), told, asks=asks)
    person = people[0]
    if not role or role in person.roles:
        return PlannedRow(row, person.name, "same", person.id)
    held = ", ".join(sorted(ROLE_NAMES[each] for each in person.roles))
    change = Change(label_of("role"), "", ROLE_NAMES[role])
    told = (f"They keep what they have: {held}.",) if held else ()
    return PlannedRow(row, person.name, "changed", person.id, "", (change,), told, asks=(grant,))


def _name(cells: Cells) -> str:
    parts = f"{cells['given_name']} {cells['family_name']}".strip() or cells["full_name"]
    family, comma, given = parts.partition(",")
    return f"{given.strip()} {family.strip()}" if comma and given.strip() else parts


def _role(text: str) -> str:
    if is_nothing(text):
        return ""
    wanted = squeezed(text)
    if wanted in BY_HAND:
        raise Refusal(GIVEN_BY_HAND, "role")
    for role, words in ROLES.items():
        if wanted in words or wanted == squeezed(ROLE_NAMES[role]):
            return role
    raise Refusal("There is no such role here. Write mentor, teacher or leader, or leave it empty.", "role")

"""OneRoster 1.1 and 1.2 as CSV in a zip: read with tolerance, because real ones are dirty.

Students and staff come out as two tables; what a key leads to nowhere, what is to be deleted and what is of no use here
is told in notes, and never stops the rest.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from ap_ledger.domain.upn import read_upn
from ap_ledger.errors import DefinitionError, RosterFault
from ap_ledger.roster.cells import squeezed
from ap_ledger.roster.fields import CONTACTS
from ap_ledger.roster.table import Table, TableRow
from ap_ledger.roster.zips import Zip
from frameworks.exchange.intake import Intake, decode
from frameworks.exchange.tables import read_text

FILES = (
    "users", "roles", "enrollments", "classes", "demographics", "orgs", "academicsessions", "courses", "manifest",
)  # fmt: skip
LIMIT = 200_000
GONE = ("tobedeleted", "inactive", "deleted")
STUDENTS = ("student", "pupil", "learner")
STAFF: Mapping[str, str] = {
    "teacher": "ap-staff", "aide": "ap-staff", "proctor": "", "administrator": "", "principal": "",
    "districtadministrator": "", "siteadministrator": "", "systemadministrator": "", "counselor": "ap-staff",
}  # fmt: skip
"""Who works there, with the role that they get here; none where a leader has to say which."""
FAMILY = ("parent", "guardian", "relative")
STUDENT_COLUMNS = (
    "given_name", "family_name", "known_as", "date_of_birth", "upn", "group", "year",
    *(f"{part}_{number}" for number in CONTACTS for part in ("contact", "relation", "phone", "email")),
)  # fmt: skip
OPTIONAL = STUDENT_COLUMNS[STUDENT_COLUMNS.index("year") :]
"""Columns that few rosters fill; an empty one is none."""
STAFF_COLUMNS = ("full_name", "role")
HEADINGS = {
    "given_name": "givenName", "family_name": "familyName", "known_as": "preferredFirstName",
    "date_of_birth": "birthDate", "upn": "UPN", "group": "class", "full_name": "name", "role": "role",
    "year": "grades", "contact": "agent", "relation": "role of agent", "phone": "phone of agent",
    "email": "email of agent",
}  # fmt: skip
"""What stands in each column, by the words of the format."""


class Record(NamedTuple):
    """One line of a file: its number, and its cells by the headings as `squeezed` leaves them."""

    number: int
    cells: Mapping[str, str]

    def get(self, *names: str) -> str:
        """The first of some cells that is filled."""
        return next((cell for name in names if (cell := self.cells.get(name, ""))), "")

    @property
    def is_gone(self) -> bool:
        """Whether its status says that it counts no more."""
        return squeezed(self.get("status")) in GONE


def is_oneroster(opened: Zip) -> bool:
    """Whether a zip holds the users of a roster."""
    return "users" in _parts(opened)


def _parts(opened: Zip) -> dict[str, str]:
    """The name of each file of OneRoster in the zip, wherever it lies; the outermost where one is there twice."""
    named: dict[str, str] = {}
    for name in sorted(opened.names, key=lambda name: (-name.count("/"), name)):
        path = PurePosixPath(name)
        if path.suffix.lower() == ".csv" and squeezed(path.stem) in FILES and not name.startswith("__MACOSX"):
            named[squeezed(path.stem)] = name
    return named


def read_oneroster(opened: Zip) -> list[Table]:
    """The students and the staff of a roster, each as a table. Raises RosterFault."""
    parts = _parts(opened)
    notes: list[str] = []
    files = {
        stem: _records(opened.read(name), stem, notes)
        for stem, name in parts.items()
        if stem in ("users", "roles", "enrollments", "classes", "demographics")
    }
    users = files["users"]
    roles = _roles(users, files.get("roles", ()))
    groups = _groups(users, files.get("enrollments", ()), files.get("classes", ()), notes)
    born = {
        record.get("sourcedid", "usersourcedid"): record.get("birthdate") for record in files.get("demographics", ())
    }
    kinds = {kind: [] for kind in ("student", "staff", "gone", "family", "other")}  # type: dict[str, list[Record]]
    for user in users:
        kinds[_kind(user, roles)].append(user)
    family = _family(kinds["student"], kinds["family"])
    notes += _left_out({**kinds, "family": _of_nobody(kinds["family"], family)})
    students = [_student(user, groups, born, family, roles) for user in kinds["student"]]
    staff = [_member(user, roles) for user in kinds["staff"]]
    tables = [
        _table("users.csv: students", "students", STUDENT_COLUMNS, students, notes),
        _table("users.csv: people who work there", "staff", STAFF_COLUMNS, staff, notes),
    ]
    if not students and not staff:
        raise RosterFault("There is nobody in this roster who is still there. Export it again.")
    return [table for table in tables if table.rows]


def _table(
    name: str, subject: Literal["students", "staff"], columns: tuple[str, ...], rows: Iterable[TableRow],
    notes: Iterable[str],
) -> Table:  # fmt: skip
    """A table of these columns, without those in which nobody has anything that is not asked of everybody."""
    kept = list(rows)
    used = [at for at, column in enumerate(columns) if column not in OPTIONAL or any(row.cells[at] for row in kept)]
    narrowed = tuple(row._replace(cells=tuple(row.cells[at] for at in used)) for row in kept)
    matched = tuple(columns[at] for at in used)
    return Table(name, tuple(map(_heading, matched)), narrowed, tuple(notes), subject, matched)


def _heading(column: str) -> str:
    part, _, number = column.rpartition("_")
    return f"{HEADINGS[part]} {number}" if number.isdecimal() else HEADINGS[column]


def _records(raw: bytes, stem: str, notes: list[str]) -> list[Record]:
    """The lines of one file. Headings are read in any case; what is no line of the table is left out."""
    if not raw.strip():
        return []
    intake = Intake()
    try:
        text, note = decode(raw)
        rows = read_text(text, lambda cells: len(cells), intake, LIMIT)
    except DefinitionError as error:
        raise RosterFault(f"{stem}.csv: {error.faults[0]}.") from None
    notes += [f"{stem}.csv: {words}." for words in filter(None, (note, *map(str, intake.folded())))]
    head = next((row for row in rows if any(row.cells)), None)
    if head is None:
        return []
    names = [squeezed(cell) for cell in head.cells]
    return [
        Record(row.number, dict(zip(names, row.cells, strict=False)))
        for row in rows
        if row.number > head.number and any(row.cells)
    ]


def _roles(users: Sequence[Record], roles: Iterable[Record]) -> dict[str, list[str]]:
    """What everybody is: from the users themselves (1.1), and from the file of roles (1.2), the primary one first."""
    told: dict[str, list[str]] = defaultdict(list)
    for user in users:
        if role := squeezed(user.get("role")):
            told[user.get("sourcedid")].append(role)
    for record in sorted(roles, key=lambda record: squeezed(record.get("roletype")) != "primary"):
        if not record.is_gone:
            told[record.get("usersourcedid")].append(squeezed(record.get("role")))
    return told


def _kind(user: Record, roles: Mapping[str, Sequence[str]]) -> str:
    held = roles.get(user.get("sourcedid"), ())
    if user.is_gone:
        return "gone"
    if any(role in STUDENTS for role in held):
        return "student"
    if any(role in STAFF for role in held):
        return "staff"
    return "family" if any(role in FAMILY for role in held) else "other"


def _left_out(kinds: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    told = {
        "gone": "to be deleted, so {} left out. Whoever of them is here stands under those who are not in the file",
        "family": "family of nobody in this roster, so {} left out",
        "other": "of no role that is known here, so {} left out",
    }
    for kind, words in told.items():
        if count := len(kinds[kind]):
            yield (
                f"{count} {'person is' if count == 1 else 'people are'} "
                + words.format("it was" if count == 1 else "they were")
                + "."
            )


def _groups(
    users: Sequence[Record], enrolments: Iterable[Record], classes: Iterable[Record], notes: list[str]
) -> dict[str, str]:
    """The group of every student: the homeroom in which they are enrolled, else the only class."""
    known = {user.get("sourcedid") for user in users}
    told = {record.get("sourcedid"): record for record in classes if not record.is_gone}
    inside: dict[str, list[Record]] = defaultdict(list)
    dangling = 0
    for enrolment in enrolments:
        user, group = enrolment.get("usersourcedid"), enrolment.get("classsourcedid")
        if enrolment.is_gone or squeezed(enrolment.get("role")) not in ("", *STUDENTS):
            continue
        if user not in known or group not in told:
            dangling += 1
        elif told[group] not in inside[user]:
            inside[user].append(told[group])
    if dangling:
        notes.append(
            f"{dangling} {'enrolment leads' if dangling == 1 else 'enrolments lead'} to a person or a class that is "
            "not in the roster, and said nothing."
        )
    chosen: dict[str, str] = {}
    for user, groups in inside.items():
        homerooms = [group for group in groups if squeezed(group.get("classtype")) == "homeroom"]
        one_of = homerooms or groups
        if len(one_of) == 1:
            chosen[user] = one_of[0].get("title", "classcode")
    several = sum(len(groups) > 1 and user not in chosen for user, groups in inside.items())
    if several:
        notes.append(f"{several} students are in several classes, so none of them is taken for the group.")
    return chosen


def _family(students: Iterable[Record], relatives: Iterable[Record]) -> dict[str, list[Record]]:
    """Who belongs to every student: the roster names them with the student, or the student with them."""
    named = {relative.get("sourcedid"): relative for relative in relatives}
    family: dict[str, list[Record]] = defaultdict(list)
    for student in students:
        family[student.get("sourcedid")] += [named[agent] for agent in _agents(student) if agent in named]
    for relative in named.values():
        for student_id in _agents(relative):
            if student_id in family and relative not in family[student_id]:
                family[student_id].append(relative)
    return family


def _agents(user: Record) -> list[str]:
    return [agent.strip() for agent in user.get("agentsourcedids", "agents").split(",") if agent.strip()]


def _of_nobody(relatives: Iterable[Record], family: Mapping[str, Sequence[Record]]) -> list[Record]:
    taken = {relative.get("sourcedid") for some in family.values() for relative in some}
    return [relative for relative in relatives if relative.get("sourcedid") not in taken]


def _student(
    user: Record,
    groups: Mapping[str, str],
    born: Mapping[str, str],
    family: Mapping[str, Sequence[Record]],
    roles: Mapping[str, Sequence[str]],
) -> TableRow:
    key = user.get("sourcedid")
    given, preferred = user.get("givenname"), user.get("preferredfirstname", "preferredgivenname")
    known_as = preferred if squeezed(preferred) != squeezed(given) else ""
    cells = [given, user.get("familyname"), known_as, born.get(key, ""), _upn(user), groups.get(key, "")]
    cells.append(user.get("grades").partition(",")[0])
    relatives = [*family.get(key, ())[: len(CONTACTS)]]
    for relative in relatives:
        name = f"{relative.get('givenname')} {relative.get('familyname')}".strip()
        relation = next((role for role in roles.get(relative.get("sourcedid"), ()) if role in FAMILY), "")
        cells += [name, relation, relative.get("sms", "phone"), relative.get("email")]
    cells += [""] * (len(STUDENT_COLUMNS) - len(cells))
    return TableRow(user.number, tuple(cells))


def _upn(user: Record) -> str:
    """The UPN, where some identifier says that it is one: `{UPN:...}` among the ids, or the identifier itself."""
    named = re.search(r"\{\s*UPN\s*:\s*([^}]*)\}", user.get("userids"), re.IGNORECASE)
    if named:
        return named[1].strip()
    try:
        return read_upn(user.get("identifier"))
    except ValueError:
        return ""


def _member(user: Record, roles: Mapping[str, Sequence[str]]) -> TableRow:
    held = [STAFF[role] for role in roles.get(user.get("sourcedid"), ()) if role in STAFF]
    name = f"{user.get('preferredfirstname', 'givenname')} {user.get('preferredlastname', 'familyname')}".strip()
    return TableRow(user.number, (name, next(filter(None, held), "")))

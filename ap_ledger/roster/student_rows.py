"""What each row about a student would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from ap_ledger.commands.all_at_once import NOT_YOURS
from ap_ledger.domain.patterns import school_year_of
from ap_ledger.domain.placement import PURPOSES, ChangePlacement, CommissionSessions, CorrectPlacement
from ap_ledger.domain.school_years import year_group, year_in_words
from ap_ledger.domain.student import (
    AdmitStudent,
    AssignKeyWorker,
    AssignMentor,
    ExpectStudent,
    IdentifyStudent,
    StartPlacement,
)
from ap_ledger.domain.support import GroupStudent, NoteConsent, NoteContacts, NoteNeeds
from ap_ledger.errors import RosterFault
from ap_ledger.events.student import Contact
from ap_ledger.kinds.telling import spoken
from ap_ledger.roster.cells import (
    is_nothing,
    read_day,
    read_name,
    read_needs,
    read_number,
    read_school_year,
    read_upn_cell,
    read_weekdays,
    read_whole_number,
    read_yes_or_no,
    split_name,
    squeezed,
)
from ap_ledger.roster.contact_cells import SaidContact, merged, read_contacts
from ap_ledger.roster.fields import CONSENTS
from ap_ledger.roster.holdings import HeldStudent, Holdings, named
from ap_ledger.roster.plan import (
    Asked,
    Cells,
    Change,
    Here,
    PlannedRow,
    Refusal,
    Wishes,
    day_told,
    label_of,
    left_out,
    listed,
    read_cell,
    refused,
)
from ap_ledger.roster.table import TableRow
from frameworks.language.lookalikes import alike
from projections.queries.words import WEEKDAYS

NEW_PLACEMENT = "new"
"""Stands for the placement that a row begins, until it is given an id."""
NO_NAME = "A row needs a first name and a family name. Put them in, or leave the row out."
REASON = "put-right-from-file"


class Said(NamedTuple):
    """What a row says of a student; None and empty where it says nothing."""

    given_name: str
    family_name: str
    known_as: str
    date_of_birth: date | None
    upn: str
    start: date | None
    planned_end: date | None
    commissioner: str
    purpose: str
    sessions: int | None
    hours: float | None
    weekdays: tuple[int, ...]
    group: str
    key_worker: str
    mentors: tuple[str, ...]
    needs: tuple[str, ...]
    year: int | None
    contacts: tuple[SaidContact, ...]
    consents: Mapping[str, bool]
    told: tuple[str, ...]

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.given_name} {self.family_name}"


def plan_students(
    rows: Iterable[TableRow], matched: Sequence[str], holdings: Holdings, wishes: Wishes
) -> tuple[list[PlannedRow], list[Here]]:
    """What rows about students would do, and which students are not among them. Raises RosterFault."""
    if "full_name" not in matched and not {"given_name", "family_name"} <= set(matched):
        raise RosterFault("Say which columns hold the first and the family name, or which one the whole name.")
    return _Students(matched, holdings, wishes).plan(rows)


class _Students:
    """Compares rows with the students of one setting."""

    def __init__(self, matched: Sequence[str], holdings: Holdings, wishes: Wishes) -> None:
        self._matched, self._holdings, self._wishes = matched, holdings, wishes
        self._by_id = {student.id: student for student in holdings.students}
        self._by_upn = {student.upn: student for student in holdings.students if student.upn}
        self._by_name: dict[str, list[HeldStudent]] = defaultdict(list)
        for student in holdings.students:
            for given in {student.given_name, student.known_as} - {""}:
                self._by_name[alike(f"{given} {student.family_name}")].append(student)

    def plan(self, rows: Iterable[TableRow]) -> tuple[list[PlannedRow], list[Here]]:
        """Every row, and who is not in any."""
        planned: list[PlannedRow] = []
        in_file: set[str] = set()
        rows_of: dict[str, int] = {}
        for row in rows:
            cells = Cells(row, self._matched)
            if cells.empty:
                continue
            name = _shown_name(cells)
            if row.number in self._wishes.left_out:
                planned.append(left_out(row, name))
                in_file.update(self._maybe(cells))
                continue
            try:
                said = self._read(cells)
                student, told = self._find(said, row.number)
                self._once(said, student, rows_of, row.number)
                made = self._compared(row, said, student, told) if student else self._new(row, said, cells)
            except Refusal as refusal:
                made = refused(row, name, refusal, self._matched)
                in_file.update(self._maybe(cells))
            else:
                in_file.update({student.id} if student else ())
            planned.append(made)
        here = (student for student in self._holdings.students if student.running is not None and not student.closed)
        return planned, [Here(student.id, student.name) for student in here if student.id not in in_file]

    # Reading ----------------------------------------------------------------------------------------------------------

    def _read(self, cells: Cells) -> Said:
        """What a row says. Raises Refusal for the first cell that cannot be used."""

        def maybe(name: str, read: Callable[[str], Any], otherwise: Any) -> Any:
            return otherwise if is_nothing(cells[name]) else read_cell(cells, name, read)

        given, family = self._names(cells)
        contacts, told = read_contacts(cells)
        agreed = {name: maybe(f"consent_{name}", read_yes_or_no, None) for name in CONSENTS}
        return Said(
            given,
            family,
            maybe("known_as", read_name, ""),
            maybe("date_of_birth", read_day, None),
            maybe("upn", read_upn_cell, ""),
            maybe("start", read_day, None),
            maybe("planned_end", read_day, None),
            "" if is_nothing(cells["commissioner"]) else self._commissioner(cells["commissioner"]),
            "" if is_nothing(cells["purpose"]) else _purpose(cells["purpose"]),
            maybe("sessions", read_whole_number, None),
            maybe("hours", read_number, None),
            maybe("days", read_weekdays, ()),
            "" if is_nothing(cells["group"]) else cells["group"][:120],
            "" if is_nothing(cells["key_worker"]) else self._member(cells["key_worker"], "key_worker"),
            tuple(self._mentors(cells["mentor"])),
            maybe("needs", read_needs, ()),
            maybe("year", read_school_year, None),
            tuple(contacts),
            {name: yes for name, yes in agreed.items() if yes is not None},
            tuple(told),
        )

    def _names(self, cells: Cells) -> tuple[str, str]:
        if cells["given_name"] and cells["family_name"]:
            return read_cell(cells, "given_name", read_name), read_cell(cells, "family_name", read_name)
        if cells["full_name"]:
            given, family = read_cell(cells, "full_name", split_name)
            return given, family
        column = "family_name" if cells["given_name"] else "given_name"
        raise Refusal(NO_NAME, column if cells.has(column) else "full_name")

    def _commissioner(self, text: str) -> str:
        matching = named(text, self._holdings.buyers)
        if len(matching) != 1:
            raise Refusal(
                "Nobody of that name buys places here. Add them under The setting, or leave this column out.",
                "commissioner",
            )
        return matching[0]

    def _member(self, text: str, column: str) -> str:
        matching = named(text, self._holdings.staff)
        if len(matching) > 1:
            raise Refusal("Several people who work here are called so. Write the whole name.", column)
        if not matching:
            raise Refusal(
                "Nobody of that name works here. Add them under People first, or leave this column out.", column
            )
        return matching[0]

    def _mentors(self, text: str) -> Iterator[str]:
        if is_nothing(text):
            return
        parts = [text] if named(text, self._holdings.staff) else text.replace("&", ";").replace("/", ";").split(";")
        for part in parts:
            if part.strip():
                yield self._member(part.strip(), "mentor")

    # Finding ----------------------------------------------------------------------------------------------------------

    def _find(self, said: Said, number: int) -> tuple[HeldStudent | None, list[str]]:
        """The student whom a row is about, and what to know of it. Raises Refusal where it may be two."""
        if (chosen := self._wishes.same.get(number)) in self._by_id:
            return self._by_id[chosen], []
        by_upn = self._by_upn.get(said.upn) if said.upn else None
        by_name = self._by_name.get(alike(said.name), [])
        sure = [student for student in by_name if _born_alike(student, said) and student.date_of_birth]
        if by_upn and any(student.id != by_upn.id for student in sure):
            raise Refusal(
                "The UPN is of one student here, and the name and birth date of another. Look at both.", "upn"
            )
        if by_upn:
            return by_upn, [] if by_upn in by_name else ["The name here is another one. They were told by the UPN."]
        # Somebody with another UPN or another birth date is somebody else, whatever they are called.
        possible = [
            student
            for student in by_name
            if _born_alike(student, said) and not (said.upn and student.upn and said.upn != student.upn)
        ]
        if len(possible) > 1:
            raise Refusal(
                "Several students here have this name. Add the date of birth or the UPN, so that they are told apart.",
                "date_of_birth",
            )
        if possible:
            return possible[0], []
        return None, []

    def _namesakes(self, said: Said) -> Iterator[tuple[HeldStudent, str]]:
        """Who may be the same child after all, each with a sentence that says why."""
        for student in self._by_name.get(alike(said.name), ()):
            if not student.closed:
                yield student, f"{student.name} is here, with the same name and another {_other(student, said)}."
        for student in self._holdings.students:
            born_alike = said.date_of_birth is not None and student.date_of_birth == said.date_of_birth
            if not student.closed and born_alike and _shares_a_name(student, said):
                yield student, f"{student.name}, born on the same day, is here."

    def _maybe(self, cells: Cells) -> set[str]:
        """The students whom a row that is not used may be about, so that none of them is said to have left."""
        try:
            given, family = self._names(cells)
        except Refusal:
            return set()
        return {student.id for student in self._by_name.get(alike(f"{given} {family}"), ())}

    def _once(self, said: Said, student: HeldStudent | None, rows_of: dict[str, int], number: int) -> None:
        """Nobody stands in a file twice. Raises Refusal."""
        keys = [student.id] if student else [
            *([said.upn] if said.upn else []), f"{alike(said.name)}/{said.date_of_birth or ''}"
        ]  # fmt: skip
        for key in keys:
            if key in rows_of:
                raise Refusal(f"This is the same child as row {rows_of[key]}. Leave one of the two out.")
        rows_of.update(dict.fromkeys(keys, number))

    # Somebody new -----------------------------------------------------------------------------------------------------

    def _new(self, row: TableRow, said: Said, cells: Cells) -> PlannedRow:
        start = said.start or self._wishes.from_date
        asks = [
            Asked(AdmitStudent, {"on": start.isoformat()}),
            Asked(IdentifyStudent, _identity(said)),
            Asked(StartPlacement, self._placement(said, start)),
            *self._beside(said, start, NEW_PLACEMENT, (said.sessions, said.hours)),
        ]
        parts = [
            spoken(said.group) if said.group else "",
            *(self._holdings.staff[mentor] for mentor in said.mentors),
            f"from {day_told(start)}",
            _weekdays(said.weekdays),
            f"born {day_told(said.date_of_birth)}" if said.date_of_birth else "",
        ]
        alike_here = list(self._namesakes(said))
        sentences = [
            *said.told, *self._told_of_year(said, said.date_of_birth), *self._told_of_week(said.weekdays, start)
        ]  # fmt: skip
        sentences += [sentence for _, sentence in alike_here]
        changes: list[Change] = []
        self._compare_around(said, (), {}, start, changes, asks, sentences)
        if alike_here:
            sentences.append("Look whether they are one child.")
        if not said.start and cells.has("start"):
            sentences.append("The file says no first day.")
        return PlannedRow(
            row, said.name, "new", "", listed(parts), tuple(changes), tuple(sentences), asks=tuple(asks),
            namesakes=tuple(Here(student.id, student.name) for student, _ in alike_here),
        )  # fmt: skip

    def _placement(self, said: Said, start: date) -> dict[str, Any]:
        return {
            "placement_id": NEW_PLACEMENT,
            "start": start.isoformat(),
            "planned_end": said.planned_end and said.planned_end.isoformat(),
            "commissioner_id": said.commissioner or None,
            "purpose": said.purpose or None,
        }

    def _beside(
        self, said: Said, start: date, placement: str, bought: tuple[int | None, float | None]
    ) -> Iterator[Asked]:
        """What a new placement, or a child who is new, has from its first day on."""
        day = start.isoformat()
        sessions, hours = bought
        if sessions is not None or hours is not None:
            yield _commissioned(placement, day, sessions or 0, hours or 0)
        if said.weekdays:
            yield self._expected(said.weekdays, start)
        if said.group:
            yield Asked(GroupStudent, {"from_date": day, "group": said.group})
        if said.key_worker:
            yield Asked(AssignKeyWorker, {"from_date": day, "person_id": said.key_worker})
        for mentor in said.mentors:
            yield Asked(AssignMentor, {"from_date": day, "person_id": mentor})
        if said.needs:
            yield Asked(NoteNeeds, {"from_date": day, "needs": list(said.needs)})

    def _expected(self, weekdays: Sequence[int], day: date) -> Asked:
        first, slots = self._holdings.slots_from(day)
        held = {weekday: [slot["id"] for slot in slots if weekday in slot["weekdays"]] for weekday in weekdays}
        without = [WEEKDAYS[weekday] for weekday, its_slots in held.items() if not its_slots]
        if without:
            raise Refusal(
                f"No slot is held on {', '.join(without)} here. Set the slots of the day first, or leave the day out.",
                "days",
            )
        days = [{"weekday": weekday, "slots": its_slots} for weekday, its_slots in held.items()]
        return Asked(ExpectStudent, {"from_date": first.isoformat(), "days": days})

    def _told_of_week(self, weekdays: Sequence[int], day: date) -> Iterator[str]:
        """That a week which is said from a day begins later, with the slots."""
        first = self._holdings.slots_from(day).first
        if weekdays and first > day:
            yield f"Their week begins on {day_told(first)}, when the slots of the day begin."

    # Somebody who is here ---------------------------------------------------------------------------------------------

    def _compared(self, row: TableRow, said: Said, student: HeldStudent, told: Sequence[str]) -> PlannedRow:
        if student.closed:
            # That nothing would change says what is held as well as a list of changes does.
            raise Refusal(NOT_YOURS)
        changes: list[Change] = []
        asks: list[Asked] = []
        sentences = [*told, *said.told, *self._told_of_year(said, said.date_of_birth or student.date_of_birth)]
        self._compare_identity(said, student, changes, asks)
        if student.running is None:
            self._come_back(said, student, changes, asks, sentences)
        else:
            self._compare_placement(said, student, changes, asks, sentences)
            self._compare_facts(said, student, changes, asks, sentences)
        day = max(self._wishes.from_date, student.day)
        self._compare_around(said, student.contacts, student.consents, day, changes, asks, sentences)
        outcome: Any = "changed" if asks else "same"
        return PlannedRow(
            row, student.name, outcome, student.id, "", tuple(changes), tuple(sentences), asks=tuple(asks)
        )

    def _told_of_year(self, said: Said, born: date | None) -> Iterator[str]:
        """What a school year of the file says beside the birth date, by which it goes here."""
        if said.year is None:
            return
        by_birth = None if born is None else year_group(born, school_year_of(self._wishes.from_date))
        if by_birth is None:
            yield "School years go by the birth date here, and none is known, so that of the file is left out."
        elif by_birth != said.year:
            yield (
                f"The file says {year_in_words(said.year) or f'year {said.year}'}; by the birth date it is "
                f"{year_in_words(by_birth) or 'none'}. School years go by the birth date here. Look which is right."
            )

    def _compare_around(
        self,
        said: Said,
        contacts: Sequence[Contact],
        consents: Mapping[str, bool],
        start: date,
        changes: list[Change],
        asks: list[Asked],
        told: list[str],
    ) -> None:
        """Who may be called, and what is agreed to."""
        day, around = start.isoformat(), merged(contacts, said.contacts)
        told += around.told
        if around.changes:
            changes += around.changes
            asks.append(Asked(NoteContacts, {"from_date": day, "contacts": around.contacts}))
        for name, agreed in said.consents.items():
            if consents.get(name) is not agreed:
                before = {True: "agreed", False: "not agreed", None: ""}[consents.get(name)]
                changes.append(Change(CONSENTS[name][0], before, "agreed" if agreed else "not agreed"))
                asks.append(Asked(NoteConsent, {"from_date": day, "consent": name, "agreed": agreed}))

    def _compare_identity(self, said: Said, student: HeldStudent, changes: list[Change], asks: list[Asked]) -> None:
        fields: dict[str, Any] = {}
        for name in ("given_name", "family_name", "known_as", "upn"):
            now, then = getattr(student, name), getattr(said, name)
            if then and now != then and not (name == "given_name" and alike(then) == alike(student.known_as)):
                fields[name] = then
                changes.append(Change(label_of(name), now, then))
        if said.date_of_birth is not None and said.date_of_birth != student.date_of_birth:
            fields["date_of_birth"] = said.date_of_birth.isoformat()
            before = day_told(student.date_of_birth)
            changes.append(Change(label_of("date_of_birth"), before, day_told(said.date_of_birth)))
        if fields:
            asks.append(Asked(IdentifyStudent, fields))

    def _come_back(
        self, said: Said, student: HeldStudent, changes: list[Change], asks: list[Asked], told: list[str]
    ) -> None:
        """A child who left, or was never placed, begins again where the file says from when."""
        left = f"{student.name} left on {day_told(student.left_on)}. " if student.left_on else ""
        if said.start is None or (student.left_on is not None and said.start <= student.left_on):
            told.append(f"{left}A placement begins anew where the file says a first day after that.")
            return
        told.append(f"{left}They come back.")
        changes.append(Change("Placement", "", f"from {day_told(said.start)}"))
        asks.append(Asked(StartPlacement, self._placement(said, said.start)))
        asks += self._beside(said, said.start, NEW_PLACEMENT, (said.sessions, said.hours))
        told += self._told_of_week(said.weekdays, said.start)

    def _compare_placement(
        self, said: Said, student: HeldStudent, changes: list[Change], asks: list[Asked], told: list[str]
    ) -> None:
        placement = student.running
        assert placement is not None
        where = {"placement_id": placement["id"]}
        if said.start is not None and said.start.isoformat() != placement["start"]:
            told.append(
                f"The file says that they began on {day_told(said.start)}, and here it is "
                f"{day_told(placement['start'])}. If the file is right, put it right under About "
                "them."
            )
        buyers = self._holdings.buyers
        if said.commissioner and placement["commissioner_id"] is None:
            asks.append(Asked(CorrectPlacement, {**where, "commissioner_id": said.commissioner, "reason_code": REASON}))
            changes.append(Change(label_of("commissioner"), "", buyers[said.commissioner]))
        elif said.commissioner and said.commissioner != placement["commissioner_id"]:
            told.append(
                f"The file says that {buyers[said.commissioner]} arranged it. Who arranges a place changes with a new "
                "placement, under About them."
            )
        changed: dict[str, str] = {}
        if said.planned_end is not None and said.planned_end.isoformat() != placement["planned_end"]:
            before = placement["planned_end"]
            changed["planned_end"] = said.planned_end.isoformat()
            changes.append(
                Change(
                    label_of("planned_end"),
                    day_told(before),
                    day_told(said.planned_end),
                )
            )
        if said.purpose and said.purpose != placement["purpose"]:
            before = placement["purpose"] or ""
            changed["purpose"] = said.purpose
            changes.append(
                Change(label_of("purpose"), PURPOSES.get(before, before), PURPOSES.get(said.purpose, said.purpose))
            )
        if changed:
            asks.append(Asked(ChangePlacement, {**where, **changed}))
        self._compare_bought(said, student, placement["id"], changes, asks)

    def _compare_bought(
        self, said: Said, student: HeldStudent, placement: str, changes: list[Change], asks: list[Asked]
    ) -> None:
        sessions = student.sessions if said.sessions is None else said.sessions
        hours = student.hours if said.hours is None else said.hours
        if (sessions, hours) == (student.sessions, student.hours):
            return
        for name, now, then in (("sessions", student.sessions, sessions), ("hours", student.hours, hours)):
            if now != then:
                changes.append(Change(label_of(name), "" if now is None else f"{now:g}", f"{then:g}"))
        day = max(self._wishes.from_date, student.day).isoformat()
        asks.append(_commissioned(placement, day, sessions or 0, hours or 0))

    def _compare_facts(
        self, said: Said, student: HeldStudent, changes: list[Change], asks: list[Asked], told: list[str]
    ) -> None:
        """What holds from a date on: the week, the group, the key worker, mentors, needs."""
        start = max(self._wishes.from_date, student.day)
        day, staff = start.isoformat(), self._holdings.staff
        if said.weekdays and said.weekdays != student.weekdays:
            asks.append(self._expected(said.weekdays, start))
            told += self._told_of_week(said.weekdays, start)
            changes.append(Change(label_of("days"), _weekdays(student.weekdays), _weekdays(said.weekdays)))
        if said.group and squeezed(said.group) != squeezed(student.group):
            asks.append(Asked(GroupStudent, {"from_date": day, "group": said.group}))
            changes.append(Change(label_of("group"), spoken(student.group), spoken(said.group)))
        if said.key_worker and said.key_worker != student.key_worker:
            asks.append(Asked(AssignKeyWorker, {"from_date": day, "person_id": said.key_worker}))
            before = staff.get(student.key_worker, "Somebody who left" if student.key_worker else "")
            changes.append(Change(label_of("key_worker"), before, staff[said.key_worker]))
        for mentor in said.mentors:
            if mentor not in student.mentors:
                asks.append(Asked(AssignMentor, {"from_date": day, "person_id": mentor}))
                changes.append(Change(label_of("mentor"), "", staff[mentor]))
        if said.needs and student.needs is not None and said.needs != student.needs:
            asks.append(Asked(NoteNeeds, {"from_date": day, "needs": list(said.needs)}))
            changes.append(Change(label_of("needs"), ", ".join(student.needs), ", ".join(said.needs)))


def _shown_name(cells: Cells) -> str:
    whole = f"{cells['given_name']} {cells['family_name']}".strip() or cells["full_name"]
    return whole or "(no name)"


def _born_alike(student: HeldStudent, said: Said) -> bool:
    """Whether a birth date does not tell the two apart."""
    return None in (student.date_of_birth, said.date_of_birth) or student.date_of_birth == said.date_of_birth


def _shares_a_name(student: HeldStudent, said: Said) -> bool:
    """Whether one of the two names is the same, and not both."""
    given = alike(said.given_name) in (alike(student.given_name), alike(student.known_as))
    return given != (alike(student.family_name) == alike(said.family_name))


def _other(student: HeldStudent, said: Said) -> str:
    return "UPN" if _born_alike(student, said) else "birth date"


def _identity(said: Said) -> dict[str, Any]:
    known_as = said.known_as if alike(said.known_as) != alike(said.given_name) else ""
    return {
        "given_name": said.given_name,
        "family_name": said.family_name,
        "known_as": known_as or None,
        "date_of_birth": said.date_of_birth and said.date_of_birth.isoformat(),
        "upn": said.upn or None,
    }


def _commissioned(placement: str, day: str, sessions: int, hours: float) -> Asked:
    fields = {"placement_id": placement, "from_date": day, "sessions_a_week": sessions, "hours_a_week": hours}
    return Asked(CommissionSessions, fields)


def _purpose(text: str) -> str:
    """A purpose as it is kept: by its code, or in the setting's own words."""
    known = {squeezed(words): code for code, words in PURPOSES.items()} | {squeezed(code): code for code in PURPOSES}
    return known.get(squeezed(text), text[:120])


def _weekdays(days: Sequence[int]) -> str:
    return ", ".join(WEEKDAYS[day][:3] for day in days)

"""The example setting: weeks in the life of a small provision, told through the same door as everything else.

A story is a list of sends, each with the moment at which it reaches the ledger; the clock of the ledger lives through
them. The same seed and last day give the same ids, the same content and the same two times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ap_ledger.cli import example_words as words
from ap_ledger.domain.base import Command
from ap_ledger.domain.family import LinkFamily, ReleaseToFamily
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.person import AddPerson, GrantRole
from ap_ledger.domain.placement import CommissionSessions
from ap_ledger.domain.setting import AddCommissioner, AddPlace, OpenSetting, SetCalendar, SetTimetable
from ap_ledger.domain.student import (
    AdmitStudent,
    AssignKeyWorker,
    AssignMentor,
    ExpectStudent,
    IdentifyStudent,
    StartPlacement,
)
from ap_ledger.domain.support import GroupStudent, NoteNeeds, SetOwnItems
from ap_ledger.events.base import Ref
from ap_ledger.events.person import TWO_PEOPLE_ROLES
from ap_ledger.events.setting import Closure, Slot, Term
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.ledger import Ledger
from frameworks import load_definition, shipped_definitions

ZONE = ZoneInfo("Europe/London")
DAY_SLOTS = (
    ("arrival", "Arrival", "arrival", "08:45", "09:00"), ("tutor", "Tutor time", "tutor", "09:00", "09:20"),
    ("lesson-1", "Lesson 1", "lesson", "09:20", "10:05"),
    ("break", "Break", "break", "10:05", "10:25"), ("lesson-2", "Lesson 2", "lesson", "10:25", "11:10"),
    ("lesson-3", "Lesson 3", "lesson", "11:10", "11:55"),
    ("lunch", "Lunch", "lunch", "11:55", "12:40"), ("lesson-4", "Workshop", "lesson", "12:40", "13:30"),
    ("wellbeing", "Wellbeing", "wellbeing", "13:30", "14:10"),
    ("reflection", "Reflection", "reflection", "14:10", "14:30"),
)  # fmt: skip
ON_SITE = 8
"""The lowest rung at which a student is in the building."""

PATHS: dict[str, tuple[float, float, float]] = {
    "climber": (2.5, 11, 0.0),
    "fast": (6.2, 11, 0.0),
    "stalled": (3, 6.2, 0.0),
    "relapse": (5.5, 11, 6.0),
    "behind-the-door": (1.2, 2.6, 0.0),
    "on-site": (10.4, 11.3, 0.0),
    "wobbly": (9.0, 9.9, 1.8),
}
"""Where each kind of story starts on the ladder, where it ends, and how far it falls in a bad patch two thirds
through."""

OWN_STEPS_FOR = frozenset({"behind-the-door", "stalled"})
"""Paths on which small steps of the child's own show what the shared ladder is too coarse for."""

STATUSES = ("introduced", "with-help", "on-my-own", "used-elsewhere")
ASKED_DAYS = (2, 3, 40)
"""School days from the first on which questionnaires go round: once for a starting point, once again weeks later."""

CAST = (
    "climber",
    "on-site",
    "relapse",
    "wobbly",
    "stalled",
    "fast",
    "on-site",
    "climber",
    "behind-the-door",
    "on-site",
    "wobbly",
    "fast",
)


@dataclass
class Send:
    """Entries that reach the ledger together: at `at`, from a device whose clock is off by `offset`."""

    at: datetime
    entries: list[dict[str, Any]]
    device: UUID | None = None
    offset: timedelta = timedelta(0)


@dataclass
class Child:
    """One student of the story."""

    id: UUID
    name: str
    path: str
    mentor: int
    context_day: int | None
    away: frozenset[int] = frozenset()
    units: dict[str, int] = field(default_factory=dict)


class Story:
    """Tells the weeks of one example setting."""

    def __init__(self, students: int, weeks: int, seed: int, last_day: date) -> None:
        self.random = Random(f"{seed}/{students}/{weeks}")
        self.weeks, self.last_day = weeks, last_day
        self.first_day = last_day - timedelta(days=last_day.weekday() + 7 * (weeks - 1))
        self.days = [
            day
            for n in range(weeks * 7)
            if (day := self.first_day + timedelta(days=n)).isoweekday() <= 5 and day <= last_day
        ]
        self.moment = datetime.combine(self.first_day - timedelta(days=5), time(9), ZONE).astimezone(UTC)
        self.counter = 0
        self.setting, self.site, self.commissioners = self.id(), self.id(), [self.id(), self.id()]
        self.mentors, self.staff = [self.id() for _ in words.MENTORS], [self.id() for _ in words.STAFF]
        self.phones, self.tablet = [self.id() for _ in words.MENTORS], self.id()
        self.children = [self._child(n) for n in range(students)]
        self.others = {role: self.id() for _, role in words.OTHERS}
        self.definitions = {definition.id: definition for definition in map(load_definition, shipped_definitions())}
        self.sends: list[Send] = []
        self.released: list[UUID] = []

    def id(self) -> UUID:
        """A UUIDv7 of the story's own moment, from the seed."""
        self.counter += 1
        milliseconds = int(self.moment.timestamp() * 1000)
        rest = hashlib.sha256(f"{self.random.random()}/{self.counter}".encode()).digest()
        raw = bytearray(milliseconds.to_bytes(6) + rest[:10])
        raw[6], raw[8] = 0x70 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F
        return UUID(bytes=bytes(raw))

    def _child(self, n: int) -> Child:
        name = words.STUDENTS[n % len(words.STUDENTS)] + (
            f" {n // len(words.STUDENTS) + 1}" if n >= len(words.STUDENTS) else ""
        )
        days = len(self.days)
        path = CAST[n % len(CAST)]
        away = frozenset(
            self.random.sample(range(days), round(days * self.random.uniform(0.0, 0.08 if path == "on-site" else 0.2)))
        )
        return Child(
            self.id(), name, path, n % len(self.mentors), self.random.randrange(days) if n % 4 == 1 else None, away
        )

    # Setting up ---------------------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Everything that must be there before the first entry."""
        setting, first, lead = self.setting, self.first_day, self.staff[2]
        read = time.fromisoformat
        slots = tuple(
            Slot(id=slot, label=name, kind=kind, starts=read(starts), ends=read(ends))  # type: ignore[arg-type]
            for slot, name, kind, starts, ends in DAY_SLOTS
        )
        half = self.days[len(self.days) // 2]
        made: list[Command] = [
            OpenSetting(id=self.id(), setting_id=setting, name="Riverbank (example setting)"),
            AddPlace(id=self.id(), setting_id=setting, place_id=self.site, label="Riverbank site"),
            AddCommissioner(
                id=self.id(),
                setting_id=setting,
                commissioner_id=self.commissioners[0],
                name="Example County Council",
                kind="local-authority",
            ),
            AddCommissioner(
                id=self.id(),
                setting_id=setting,
                commissioner_id=self.commissioners[1],
                name="Example Academy",
                kind="school",
            ),
            SetTimetable(id=self.id(), setting_id=setting, from_date=first, slots=slots),
            SetCalendar(
                id=self.id(),
                setting_id=setting,
                from_date=first,
                terms=self._terms(),
                closures=(Closure(first=half, last=half, label="Staff training"),),
            ),
        ]
        for person, name, role in [(p, n, "mentor") for p, n in zip(self.mentors, words.MENTORS, strict=True)] + [
            (p, n, "ap-staff") for p, n in zip(self.staff, words.STAFF, strict=True)
        ]:
            made.append(AddPerson(id=self.id(), setting_id=setting, person_id=person, name=name))
            grant = {"setting_id": setting, "person_id": person, "grant_id": self.id(), "role": role}
            made.append(GrantRole(id=self.id(), from_date=first, **grant))  # type: ignore[arg-type]
        made += self._others()
        made += [
            PublishFramework(id=self.id(), setting_id=setting, author_id=lead, definition=dict(authored))
            for authored in shipped_definitions()
        ]
        for n, child in enumerate(self.children):
            made += self._admit(n, child, lead)
        return made

    def _terms(self) -> tuple[Term, ...]:
        """Two half-terms, the first a little longer, as they are in autumn."""
        if self.weeks < 4:
            return (Term(first=self.first_day, last=self.last_day, label="First half-term"),)
        turn = self.first_day + timedelta(weeks=(self.weeks + 1) // 2)
        return Term(first=self.first_day, last=turn - timedelta(days=3), label="First half-term"), Term(
            first=turn, last=self.last_day, label="Second half-term"
        )

    def _others(self) -> list[Command]:
        """Leaders, safeguarding leads and those outside: somebody to sign in as, for every role."""
        setting, first = self.setting, self.first_day
        made: list[Command] = []
        for name, role in words.OTHERS:
            person, more = self.others[role], {}
            if role == "commissioner":
                more = {"commissioner_id": self.commissioners[0]}
            elif role in TWO_PEOPLE_ROLES:
                more = {"author_id": self.others["administrator"], "approved_by": self.others["leader"]}
            made.append(AddPerson(id=self.id(), setting_id=setting, person_id=person, name=name))
            grant = {"setting_id": setting, "person_id": person, "grant_id": self.id(), "role": role, **more}
            made.append(GrantRole(id=self.id(), from_date=first, **grant))  # type: ignore[arg-type]
        # Whoever gives a role, or approves it, is somebody by then.
        return sorted(made, key=lambda command: isinstance(command, GrantRole))

    def _admit(self, n: int, child: Child, lead: UUID) -> list[Command]:
        given, _, family = child.name.partition(" ")
        placement, start = self.id(), self.first_day - timedelta(days=3)
        week = tuple(
            ExpectedDay(weekday=day, slots=tuple(slot[0] for slot in DAY_SLOTS), place_id=self.site)
            for day in range(1, 6)
        )
        whose: dict[str, Any] = {"setting_id": self.setting, "student": child.id, "author_id": lead}
        return [
            AdmitStudent(id=self.id(), on=start, **whose),
            IdentifyStudent(
                id=self.id(),
                given_name=given,
                family_name=family,
                date_of_birth=date(2010 + n % 5, 1 + n % 12, 1 + n % 28),
                **whose,
            ),
            StartPlacement(
                id=self.id(),
                placement_id=placement,
                start=start,
                commissioner_id=self.commissioners[n % 3 != 2],
                purpose="reintegration",
                planned_end=start + timedelta(weeks=38),
                **whose,
            ),
            CommissionSessions(
                id=self.id(), placement_id=placement, from_date=start, sessions_a_week=10, hours_a_week=25.0, **whose
            ),
            ExpectStudent(id=self.id(), from_date=self.first_day, days=week, **whose),
            AssignKeyWorker(id=self.id(), person_id=self.staff[n % 2], from_date=start, **whose),
            AssignMentor(id=self.id(), person_id=self.mentors[child.mentor], from_date=start, **whose),
            GroupStudent(id=self.id(), from_date=self.first_day, group=words.GROUPS[n % len(words.GROUPS)], **whose),
            NoteNeeds(id=self.id(), from_date=self.first_day, needs=words.NEEDS[n % len(words.NEEDS)], **whose),
            SetOwnItems(
                id=self.id(),
                definition=Ref(id="personal-goal", version=1),
                labels={"goal.1": words.GOALS[n % len(words.GOALS)]},
                **whose,
            ),
            *(
                [
                    SetOwnItems(
                        id=self.id(), definition=Ref(id="default-ladder", version=1), labels=words.OWN_STEPS, **whose
                    )
                ]
                if child.path in OWN_STEPS_FOR
                else []
            ),
            *(
                [
                    LinkFamily(id=self.id(), person_id=self.others["family"], from_date=start, **whose),
                    ReleaseToFamily(id=self.id(), released=True, **whose),
                ]
                if n == 1
                else []
            ),
        ]

    # The weeks ----------------------------------------------------------------------------------------------------

    def tell(self) -> list[Send]:
        """Every send of the story, in the order in which they reach the ledger."""
        for n, day in enumerate(self.days):
            self.moment = self._at(day, "08:00")
            present = [child for child in self.children if self._on_site(child, n, day)]
            self._register(n, day, present)
            for slot in DAY_SLOTS:
                self._slot(n, day, slot, [child for child in present if self.random.random() < 0.93])
            for child in self.children:
                if child not in present and self.random.random() < 0.62:
                    self._visit(n, day, child)
                if child.context_day == n:
                    self._context(day, child)
            self._steps(day, present)
            if n == 0:
                self._known_before(day)
            if n in ASKED_DAYS:
                self._questionnaires(n, day)
            if n % 5 == 4:
                self._goals(n, day)
        self._correct()
        self._send_twice()
        # What still waits for a signal when the story ends arrives in its last hour, so that nothing lies in the
        # future.
        end = self._at(self.last_day, "18:00")
        for send in self.sends:
            send.at = min(send.at, end)
        return sorted(self.sends, key=lambda send: send.at)

    def rung(self, child: Child, n: int) -> float:
        """How far contact gets on a day: along the path, with good days, bad days, and a bad patch."""
        start, end, fall = PATHS[child.path]
        through = n / max(1, len(self.days) - 1)
        patch = fall if 0.6 < through < 0.78 else 0.0
        knock = 2.0 if child.context_day is not None and 0 <= n - child.context_day < 6 else 0.0
        level = start + (end - start) * min(1.0, through * (2.2 if child.path == "stalled" else 1.15))
        return max(0.0, min(11.4, level - patch - knock + self.random.gauss(0, 0.9)))

    def _on_site(self, child: Child, n: int, day: date) -> bool:
        closed = day == self.days[len(self.days) // 2]
        return not closed and n not in child.away and self.rung(child, n) >= ON_SITE

    def _at(self, day: date, clock: str, plus: float = 0) -> datetime:
        return (datetime.combine(day, time.fromisoformat(clock), ZONE) + timedelta(minutes=plus)).astimezone(UTC)

    def _entry(self, kind: str, child: Child, author: UUID, at: datetime, **fields: Any) -> dict[str, Any]:
        self.moment = at
        told = at.astimezone(ZONE).isoformat(timespec="seconds")
        common = {
            "id": str(self.id()),
            "kind": kind,
            "setting_id": str(self.setting),
            "student_id": str(child.id),
            "author_id": str(author),
        }
        return {**common, "device_time": told, **fields}

    def _register(self, n: int, day: date, present: list[Child]) -> None:
        entries = []
        closed = day == self.days[len(self.days) // 2]
        for child in self.children:
            for start, end in (("09:00", "11:55"), ("12:40", "14:30")):
                came = child in present
                late = self.random.choice((0, 0, 0, 5, 12, 25)) if came else 0
                by_us = closed or (not came and self.random.random() < 0.03)
                actual = (
                    {
                        "actual_start": self._at(day, start, late).isoformat(),
                        "actual_end": self._at(day, end).isoformat(),
                    }
                    if came
                    else {}
                )
                entries.append(
                    self._entry(
                        "session-attended",
                        child,
                        self.staff[0],
                        self._at(day, end),
                        planned_start=self._at(day, start).isoformat(),
                        planned_end=self._at(day, end).isoformat(),
                        place_id=str(self.site),
                        supervised_by=str(self.staff[0]) if came else None,
                        cancelled_by="us" if by_us else None,
                        **actual,
                    )
                )
        self.sends.append(Send(self._at(day, "14:45"), entries, self.tablet))

    def _slot(self, n: int, day: date, slot: tuple[str, ...], children: list[Child]) -> None:
        framework = self.definitions["every-child-matters"]
        entries = []
        for child in children:
            author = self.staff[self.random.random() < 0.4]
            easy = 0.35 + 0.055 * self.rung(child, n) - (0.12 if slot[2] == "lesson" else 0)
            for indicator in framework.in_slot(slot[2]):
                chance = self.random.random()
                if chance < 0.22:
                    continue
                answer = {"level": int(self.random.random() < easy)} if chance > 0.27 else {"missing": "not-observed"}
                entries.append(
                    self._entry(
                        "outcome-scored",
                        child,
                        author,
                        self._at(day, slot[4], 2),
                        session={"date": day.isoformat(), "slot": slot[0]},
                        framework={"id": framework.id, "version": framework.version},
                        indicator=indicator,
                        informant="teacher",
                        set_by="person",
                        **answer,
                    )
                )
            if self.random.random() < 0.012:
                category, text = self.random.choice(words.INCIDENTS)
                restrictive = self.random.random() < 0.08
                told = self._at(day, slot[4], 2).isoformat() if restrictive else None
                entries.append(
                    self._entry(
                        "incident-recorded",
                        child,
                        author,
                        self._at(day, slot[4]),
                        session={"date": day.isoformat(), "slot": slot[0]},
                        category=category,
                        restrictive=restrictive,
                        minutes=4,
                        parents_told_at=told,
                        text=text,
                    )
                )
        if entries:
            self.sends.append(Send(self._at(day, slot[4], self.random.uniform(3, 14)), entries, self.tablet))

    def _visit(self, n: int, day: date, child: Child) -> None:
        mentor, visit = child.mentor, self.id()
        author, start = (
            self.mentors[mentor],
            self._at(
                day,
                self.random.choice(("08:05", "08:30", "10:30", "13:15", "15:40", "16:20")),
                self.random.randrange(10),
            ),
        )
        shared = {"visit_id": str(visit)}
        if self.random.random() < 0.06:
            effort = self._entry(
                "visit-logged", child, author, start, effort="cancelled-by-us", channel="in-person", **shared
            )
            self.sends.append(Send(start + timedelta(minutes=2), [effort], self.phones[mentor]))
            return
        channel = "in-person" if self.random.random() < 0.85 else self.random.choice(("phone", "text"))
        top = min(7, int(self.rung(child, n) + 0.5)) if channel == "in-person" else self.random.choice((0, 3))
        rungs = [rung.id for rung in self.definitions["default-ladder"].rungs]
        minutes = 4 + 9 * top + self.random.randrange(6)
        note = self.random.choice(words.RUNG_NOTES[rungs[top]])
        entries = [
            self._entry(
                "visit-logged",
                child,
                author,
                start,
                effort="attempted",
                channel=channel,
                minutes=minutes,
                note=note,
                **shared,
            )
        ]
        for place in sorted({max(0, top - 2), top}):
            at = start + timedelta(minutes=minutes * (1 + place) / (2 + top))
            anxiety = max(0, min(10, round(9 - 0.55 * self.rung(child, n)))) if top >= 3 else None
            rung = self._own_step(child, n, rungs[place])
            entries.append(
                self._entry(
                    "rung-reached",
                    child,
                    author,
                    at,
                    ladder={"id": "default-ladder", "version": 1},
                    rung=rung,
                    anxiety=anxiety,
                    **shared,
                )
            )
        if top >= 3 and self.random.random() < 0.4:
            face = max(1, min(5, round(1 + top / 2 + self.random.gauss(0, 1))))
            own_words = self.random.choice(words.WORDS) if self.random.random() < 0.7 else None
            entries.append(
                self._entry(
                    "voice-heard",
                    child,
                    author,
                    start + timedelta(minutes=minutes),
                    speaker="student",
                    face=face,
                    words=own_words,
                    **shared,
                )
            )
        if n == len(self.days) // 3 and child.path == "stalled":
            entries.append(
                self._entry(
                    "worry-raised", child, author, start + timedelta(minutes=minutes), text=words.WORRY, **shared
                )
            )
        self._from_a_phone(start + timedelta(minutes=minutes + 1), entries, mentor)

    def _own_step(self, child: Child, n: int, rung: str) -> str:
        """The child's own smaller step after a rung, reached more often as the weeks go by."""
        own = [step for step in words.OWN_STEPS if step.startswith(f"{rung}.")] if child.path in OWN_STEPS_FOR else []
        through = n / max(1, len(self.days) - 1)
        return (
            own[min(len(own) - 1, int(through * len(own)))]
            if own and self.random.random() < 0.3 + 0.5 * through
            else rung
        )

    def _from_a_phone(self, done: datetime, entries: list[dict[str, Any]], mentor: int) -> None:
        """Most visits arrive at once; a third wait for a signal, some for days, and arrive out of order."""
        chance = self.random.random()
        wait = (
            timedelta(0)
            if chance < 0.66
            else timedelta(hours=self.random.uniform(1, 9))
            if chance < 0.93
            else timedelta(days=self.random.uniform(1, 6))
        )
        if wait > timedelta(hours=1):
            self.random.shuffle(entries)
        self.sends.append(Send(done + wait, entries, self.phones[mentor]))

    def _context(self, day: date, child: Child) -> None:
        category, text = self.random.choice(words.CONTEXTS)
        at = self._at(day, "12:00")
        self.sends.append(
            Send(
                at + timedelta(minutes=3),
                [self._entry("context-noted", child, self.staff[2], at, category=category, text=text)],
            )
        )

    def _steps(self, day: date, present: list[Child]) -> None:
        curriculum = self.definitions["everyday-steps"]
        units = list(curriculum.scored)
        entries = []
        rungs = [rung.id for rung in self.definitions["default-ladder"].rungs]
        for child in present:
            at = self._at(day, "14:35")
            place = max(ON_SITE, min(11, int(self.rung(child, self.days.index(day)) + 0.4)))
            entries.append(
                self._entry(
                    "rung-reached",
                    child,
                    self.staff[0],
                    at,
                    ladder={"id": "default-ladder", "version": 1},
                    rung=rungs[place],
                )
            )
            if self.random.random() > 0.3:
                continue
            ready = [
                unit
                for unit in units
                if child.units.get(unit, -1) < 3
                and all(child.units.get(prior, -1) >= 1 for prior in curriculum.priors[unit])
            ]
            unit = self.random.choice(ready)
            lost = child.units.get(unit, -1) >= 2 and self.random.random() < 0.18
            child.units[unit] = 0 if lost else child.units.get(unit, -1) + 1
            status = "not-secure" if lost else STATUSES[child.units[unit]]
            note = self.random.choice(words.EVIDENCE) if self.random.random() < 0.5 else None
            ref = {"id": curriculum.id, "version": curriculum.version}
            entries.append(
                self._entry(
                    "unit-progressed", child, self.staff[1], at, curriculum=ref, unit=unit, status=status, note=note
                )
            )
        if entries:
            self.sends.append(Send(self._at(day, "14:50"), entries, self.tablet))

    def _known_before(self, day: date) -> None:
        """What a first look at learning found: some of every strand, more of it for some children."""
        curriculum = self.definitions["everyday-steps"]
        ref = {"id": curriculum.id, "version": curriculum.version}
        for child in self.children:
            share = self.random.uniform(0.1, 0.45)
            entries = []
            for unit in curriculum.scored:
                if (
                    all(child.units.get(prior, -1) >= 2 for prior in curriculum.priors[unit])
                    and self.random.random() < share + 0.3
                ):
                    child.units[unit] = self.random.choice((1, 2, 2, 3))
                    status = STATUSES[child.units[unit]]
                    entries.append(
                        self._entry(
                            "unit-progressed",
                            child,
                            self.staff[1],
                            self._at(day, "13:00"),
                            curriculum=ref,
                            unit=unit,
                            status=status,
                        )
                    )
            self.sends.append(Send(self._at(day, "13:05"), entries, self.tablet))

    def _questionnaires(self, n: int, day: date) -> None:
        """Parents and carers say how confident they feel, at the beginning and weeks later."""
        instrument = self.definitions["carer-confidence"]
        for place, child in enumerate(self.children):
            # Half are asked on the first of the days and half on the next; not everybody answers again.
            if (n < 10 and n % 2 != place % 2) or self.random.random() < (0.15 if n < 10 else 0.4):
                continue
            feel = 1.8 + n / 40 + self.random.uniform(0, 1.2)
            answers = {
                item: max(1, min(5, round(self.random.gauss(feel, 0.8))))
                for item in instrument.scored
                if self.random.random() < 0.93
            }
            at = self._at(day, "16:00", place)
            ref = {"id": instrument.id, "version": instrument.version}
            entry = self._entry(
                "instrument-answered",
                child,
                self.mentors[child.mentor],
                at,
                instrument=ref,
                respondent="carer",
                answers=answers,
            )
            self.sends.append(Send(at + timedelta(minutes=6), [entry], self.tablet))

    def _goals(self, n: int, day: date) -> None:
        """How close everybody says that they are to their own goal, once a week."""
        for child in self.children:
            if self.random.random() < 0.7:
                close = max(0, min(10, round(self.rung(child, n) * 0.8 + self.random.gauss(0, 1))))
                at = self._at(day, "14:20")
                ref = {"id": "personal-goal", "version": 1}
                entry = self._entry(
                    "outcome-scored",
                    child,
                    self.mentors[child.mentor],
                    at,
                    framework=ref,
                    indicator="goal.1",
                    informant="student",
                    set_by="person",
                    level=close,
                )
                self.sends.append(Send(at + timedelta(minutes=9), [entry], self.phones[child.mentor]))

    # What goes wrong ----------------------------------------------------------------------------------------------

    def _correct(self) -> None:
        """About two in a hundred entries are put right later: most corrected, some taken back."""
        for send in list(self.sends):
            for entry in send.entries:
                if (
                    entry["kind"] not in ("outcome-scored", "rung-reached", "visit-logged")
                    or self.random.random() > 0.02
                ):
                    continue
                if "." in entry.get("indicator", "") or "." in entry.get("rung", ""):
                    continue
                at = min(send.at + timedelta(hours=self.random.uniform(0.2, 90)), self._at(self.last_day, "17:30"))
                if at <= send.at:
                    continue
                child = next(child for child in self.children if str(child.id) == entry["student_id"])
                about: dict[str, Any] = {
                    "entry_id": entry["id"],
                    "reason_code": "mistake",
                    "reason": self.random.choice(words.REASONS),
                }
                if self.random.random() < 0.15:
                    change = self._entry("entry-voided", child, UUID(entry["author_id"]), at, **about)
                else:
                    change = self._entry(
                        "entry-corrected",
                        child,
                        UUID(entry["author_id"]),
                        at,
                        replacement=self._put_right(entry),
                        **about,
                    )
                self.sends.append(Send(at + timedelta(seconds=20), [change], send.device))

    def _put_right(self, entry: dict[str, Any]) -> dict[str, Any]:
        if entry["kind"] == "outcome-scored":
            right = {name: value for name, value in entry.items() if name not in ("level", "missing")}
            return {**right, "level": 1 - entry.get("level", 0)}
        if entry["kind"] == "visit-logged":
            return {**entry, "minutes": (entry.get("minutes") or 10) + 5}
        rungs = [rung.id for rung in self.definitions["default-ladder"].rungs]
        return {**entry, "rung": rungs[min(11, rungs.index(entry["rung"]) + 1)]}

    def _send_twice(self) -> None:
        """Phones whose answer got lost send the same again."""
        for send in self.random.sample(self.sends, len(self.sends) // 40):
            self.sends.append(Send(send.at + timedelta(seconds=45), send.entries, send.device, send.offset))


@dataclass
class LivedClock:
    """A clock that says the moment the story has reached."""

    now: datetime

    def __call__(self) -> datetime:
        """The moment."""
        return self.now


def live_through(ledger: Ledger, clock: LivedClock, story: Story, report: Callable[[int, int], None]) -> dict[str, int]:
    """Takes the whole story through the door.

    Returns how many entries got which answer. Raises Refused if any command is.
    """
    clock.now = story.moment
    for command in story.commands():
        clock.now += timedelta(seconds=1)
        ledger.execute(command)
    sends = story.tell()
    total, done = sum(len(send.entries) for send in sends), 0
    answers: dict[str, int] = {}
    for send in sends:
        clock.now = max(clock.now, send.at)
        for start in range(0, len(send.entries), 500):
            some = send.entries[start : start + 500]
            for result in ledger.record(some, sent_at=clock.now - send.offset, device_id=send.device).results:
                answers[result.status] = answers.get(result.status, 0) + 1
            done += len(some)
            report(done, total)
    return answers


def last_school_day(today: date) -> date:
    """The last Friday that is over, so that the example is always fresh."""
    return today - timedelta(days=(today.weekday() - 4) % 7 or 7)

"""What can be done for several students at once: a mentor from a day on or until one, a group, a key worker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from ap_ledger.bootstrap import Service
from ap_ledger.domain.student import AssignKeyWorker, AssignMentor
from ap_ledger.domain.support import GroupStudent
from ap_ledger.events.dated import in_force, standing
from ap_ledger.kinds.telling import spoken
from ap_ledger.roster.plan import Asked, Change, day_told
from ap_ledger.several.doing import Doer, ForOne, judged
from projections.bodies import SettingBody, StudentBody
from projections.queries.on_day import group_of, key_worker_of, mentors_on
from projections.queries.relations import ALWAYS, by_student, still_here

DEEDS: Mapping[str, str] = {
    "mentor": "Assign a mentor",
    "end-mentor": "End a mentor’s time",
    "group": "Move to a group",
    "key-worker": "Set the key worker",
}
"""What can be done, as it is kept in a form, and as a person says it."""


class Wish(NamedTuple):
    """What somebody wants for each student: what is done, the first day of it (of a mentor's time that ends, the last),
    and the person or the group; empty for nobody and none."""

    deed: str
    day: date
    person: str = ""
    group: str = ""


class _Around(NamedTuple):
    """What is around the students: people's names by their ids, and the last days of those who have left."""

    people: Mapping[str, str | None]
    left: Mapping[str, str]

    def name(self, person: str) -> str:
        return self.people.get(person) or "somebody"


def for_each(
    service: Service,
    doer: Doer,
    setting: SettingBody,
    students: Sequence[StudentBody],
    wish: Wish,
    left_out: Collection[str] = (),
) -> list[ForOne]:
    """What a wish would do for each of some students. What the rules refuse is refused here already, and nothing is
    stored."""
    reader = service.reader
    people = {person["id"]: person["name"] for person in reader.whole("people")}
    placements = by_student(reader.whole("placements", setting))
    here = {student["id"] for student in still_here(students, reader.whole("placements", setting), wish.day)}
    left = {
        student["id"]: max(placement["end"] or "" for placement in placements[student["id"]])
        for student in students
        if student["id"] not in here
    }
    around, make = _Around(people, left), _MAKERS[wish.deed]
    return [
        ForOne(student["id"], student["name"], "left-out")
        if student["id"] in left_out
        else judged(service, doer, make(around, student, wish))
        for student in students
    ]


def mentors_among(students: Iterable[StudentBody], day: date) -> set[str]:
    """The ids of those who mentor any of some students on a day or later."""
    return {
        fact["person_id"]
        for student in students
        for fact in student["mentors"]
        if (fact.get("until") or ALWAYS) >= day.isoformat()
    }


def _mentor(around: _Around, student: StudentBody, wish: Wish) -> ForOne:
    if student["id"] in around.left:
        return _gone(around, student)
    facts, day, name = time_of(student, wish.person), wish.day.isoformat(), around.name(wish.person)
    now = in_force(facts, wish.day)
    if now is not None and not now.get("until"):
        return _same(student, f"{name} mentors them since {day_told(now['from_date'])}.")
    told = [f"{name}’s time was to end on {day_told(now['until'])}." if now and now["until"] >= day else ""]
    others = sorted(around.name(person) for person in mentors_on(student, day) - {wish.person})
    told.append(f"Beside {', '.join(others)}." if others else "")
    asked = Asked(AssignMentor, {"person_id": wish.person, **_from(wish.day, facts)})
    return _changed(student, Change("Mentor", "", name), told, asked)


def _end_mentor(around: _Around, student: StudentBody, wish: Wish) -> ForOne:
    facts, day, name = time_of(student, wish.person), wish.day.isoformat(), around.name(wish.person)
    now = in_force(facts, wish.day)
    later = next((fact["from_date"] for fact in facts if fact["from_date"] > day), "")
    if now is None and later:
        return _row(student).refused(f"{name}’s time begins only on {day_told(later)}. Choose a later last day.")
    if now is None:
        return _same(student, f"{name} does not mentor them.")
    if now.get("until") and now["until"] <= day:
        return _same(student, f"{name}’s time ended on {day_told(now['until'])}.")
    told = [f"It begins again on {day_told(later)}." if later else ""]
    told.append("" if mentors_on(student, day) - {wish.person} else "Nobody else mentors them then.")
    begun = now["from_date"]
    fields = {"person_id": wish.person, "from_date": begun, "until": day, "corrects": begun}
    before = f"until {day_told(now['until'])}" if now.get("until") else "with no last day"
    return _changed(
        student, Change(name, before, f"until {day_told(day)}"), told, Asked(AssignMentor, fields)
    )  # fmt: skip


def _group(around: _Around, student: StudentBody, wish: Wish) -> ForOne:
    if wish.group and student["id"] in around.left:
        return _gone(around, student)
    facts = standing(student.get("groups", ()))
    now = spoken(group_of(student, wish.day) or "")
    if now == spoken(wish.group):
        return _same(student, f"They are in {now} already." if now else "They are in no group.")
    told = [_later(wish.day, facts, lambda fact: spoken(fact.get("group") or "") or "no group")]
    asked = Asked(GroupStudent, {"group": wish.group or None, **_from(wish.day, facts)})
    return _changed(student, Change("Group", now, spoken(wish.group) or "none"), told, asked)


def _key_worker(around: _Around, student: StudentBody, wish: Wish) -> ForOne:
    if wish.person and student["id"] in around.left:
        return _gone(around, student)
    facts, now = standing(student.get("key_workers", ())), key_worker_of(student, wish.day) or ""
    if now == wish.person:
        return _same(student, f"{around.name(now)} is it already." if now else "Nobody is it.")
    told = [_later(wish.day, facts, lambda fact: around.name(fact["person_id"]) if fact.get("person_id") else "nobody")]
    asked = Asked(AssignKeyWorker, {"person_id": wish.person or None, **_from(wish.day, facts)})
    after = around.name(wish.person) if wish.person else "nobody"
    return _changed(student, Change("Key worker", around.name(now) if now else "", after), told, asked)


_MAKERS: Mapping[str, Callable[[_Around, StudentBody, Wish], ForOne]] = {
    "mentor": _mentor,
    "end-mentor": _end_mentor,
    "group": _group,
    "key-worker": _key_worker,
}


def _row(student: StudentBody) -> ForOne:
    return ForOne(student["id"], student["name"], "same")


def _same(student: StudentBody, sentence: str) -> ForOne:
    return ForOne(student["id"], student["name"], "same", told=(sentence,))


def _changed(student: StudentBody, change: Change, told: Iterable[str], asked: Asked) -> ForOne:
    return ForOne(student["id"], student["name"], "changed", change, tuple(filter(None, told)), asks=(asked,))


def _gone(around: _Around, student: StudentBody) -> ForOne:
    left = day_told(around.left[student["id"]])
    return _row(student).refused(f"They left on {left}. Begin a placement under About them first.")


def time_of(student: StudentBody, person: str) -> list[Any]:
    """What was said of one mentor's time with a student, the earliest first."""
    return standing(fact for fact in student["mentors"] if fact["person_id"] == person)


def _from(day: date, facts: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """From when a fact holds; where one was said from the same day before, it is put right."""
    from_date = day.isoformat()
    return {
        "from_date": from_date,
        "corrects": from_date if any(fact["from_date"] == from_date for fact in facts) else None,
    }


def _later(day: date, facts: Iterable[Any], words: Callable[[Any], str]) -> str:
    """What takes over later, as was said before: it stays so."""
    later = next((fact for fact in facts if fact["from_date"] > day.isoformat()), None)
    return f"From {day_told(later['from_date'])} on it is {words(later)}, as was said before." if later else ""

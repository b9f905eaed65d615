"""What stands at the top of every page about a student: who it is, who is beside them, and what is due for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ap_ledger.bootstrap import Service
from ap_ledger.events.days import holds_on
from api.core.asking import Asker
from api.core.filters import belonging
from api.core.languages import say
from api.core.show import people_of
from projections.bodies import SettingBody, StudentBody
from projections.queries.clocks import Clock, clocks_of_students
from projections.queries.on_day import mentors_on
from projections.queries.relations import by_student


@dataclass(frozen=True)
class StudentHead:
    """What the head of a page says of a student today, as far as whoever asks may know it.

    `day` is the day of the placement that runs, its first day being 1; None where none runs. What is not said, or is
    not for them, is empty.
    """

    name: str
    day: int | None
    group: str
    facts: Sequence[tuple[str, str]]
    needs: Sequence[str]
    due: Sequence[Clock]


def head_of(using: Service, asking: Asker, student: StudentBody, setting: SettingBody) -> StudentHead:
    """The head of a page about a student. It stands as of today, also where the page shows an earlier day."""
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    belongs = belonging(using.reader, asking, setting, [student], today)[student["id"]]

    def named(filter_name: str) -> str:
        return ", ".join(words for _, words in belongs[filter_name])

    facts = (
        (say("Mentor"), _mentors(using, asking, student, setting, today)),
        (say("Key worker"), named("worker")),
        (say("Group"), named("group")),
        (say("For"), named("commissioner")),
    )
    sees_clocks = asking.may("see-clocks", student["id"], setting["id"])
    due = clocks_of_students(using.reader, setting, [student], using.ledger.now()) if sees_clocks else []
    name = student["name"] or say("Not named yet")
    return StudentHead(
        name,
        _day_of_placement(using, asking, student, setting, today),
        named("group"),
        [(title, words) for title, words in facts if words],
        [words for _, words in belongs["need"]],
        due,
    )


def _mentors(using: Service, asking: Asker, student: StudentBody, setting: SettingBody, today: date) -> str:
    """Who visits them now, for those who may see who works here."""
    if not asking.may("see-people", setting=setting["id"]):
        return ""
    people = people_of(using.reader)
    return ", ".join(sorted(people.get(person) or "someone" for person in mentors_on(student, today.isoformat())))


def _day_of_placement(
    using: Service, asking: Asker, student: StudentBody, setting: SettingBody, today: date
) -> int | None:
    """Which day of the placement it is; that of a time which they may not know of is none."""
    if today not in asking.days("see-student", student["id"], setting["id"]):
        return None
    placements = by_student(using.reader.whole("placements", setting)).get(student["id"], ())
    first = max(
        (
            placement["start"]
            for placement in placements
            if holds_on(placement["start"], placement["end"], today.isoformat())
        ),
        default=None,
    )
    return None if first is None else (today - date.fromisoformat(first)).days + 1

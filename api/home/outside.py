"""What the first page holds for those who do not work with students here: what was released to them and whom they may
see; for a safeguarding lead that worries came in, and for an administrator how far setting up is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from ap_ledger.bootstrap import Service
from api.core.asking import Asker
from api.core.released import Line, lines_of, released_to
from api.core.safeguarding import new_ones
from projections.bodies import SettingBody, StudentBody
from projections.queries.journeys import Journey, journeys
from projections.queries.setting_up import Step, set_up_steps


class NewWorry(NamedTuple):
    """That a worry came that nobody has read, and when. Whom it is about is read on its own page, where looking is
    recorded."""

    id: UUID
    at: datetime


def new_worries(using: Service, asking: Asker, setting: SettingBody) -> list[NewWorry]:
    """The worries that no lead has read, the newest first, of students from whom whoever asks is not kept."""
    here = ZoneInfo(setting["time_zone"])
    return [NewWorry(worry.id, worry.received_at.astimezone(here)) for worry in new_ones(using, asking, setting)]


@dataclass(frozen=True)
class Outside:
    """What was released to somebody from outside, and the students whom they may see."""

    released: Sequence[Line]
    journeys: Mapping[str, Journey]
    children: Sequence[tuple[StudentBody, str]]
    """Each with the first of their pages that may be opened; empty where there is none yet."""


def outside(using: Service, asking: Asker, setting: SettingBody) -> Outside:
    """What a commissioner or a family finds of a setting."""
    students = sorted(asking.among(using.reader.everyone(setting), "see-student"), key=lambda each: str(each["name"]))
    days = asking.days_among(students, "read-history")
    readable = [student for student in students if student["id"] in days]
    reports = [report for report in released_to(using, asking) if report["setting_id"] == setting["id"]]
    named = {student["id"]: str(student["name"]) for student in students}
    return Outside(
        lines_of(reports, setting, named),
        journeys(using.reader, setting, readable, using.ledger.now(), days),
        [
            (student, next((link.of(student["id"]) for link in asking.links("student", student)), ""))
            for student in students
        ],
    )


def steps_left(using: Service, setting: SettingBody) -> tuple[list[Step], int]:
    """The steps of setting up that are still to do, and how many there are."""
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    steps = set_up_steps(using.reader, setting, today, using.ledger.now())
    return [step for step in steps if not step.done], len(steps)

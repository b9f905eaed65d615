"""Makes a report: a layout, the students it is about, two times, a preset.

The one way in for pages, program and jobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from ap_ledger import __version__
from ap_ledger.errors import SetupError
from ap_ledger.events.days import days_of
from ap_ledger.events.report import Layout
from projections.bodies import SettingBody, StudentBody
from projections.names import reference
from projections.queries.period_facts import StudentPeriod
from projections.queries.periods import periods
from projections.queries.reading import Reader, Unknown
from projections.queries.relations import known_of, latest_placement, placement_days
from reports.blocks import Block, Heading
from reports.builders import BUILDERS
from reports.cohort import Cohort
from reports.context import Context, Opens
from reports.disclosure import PRESETS, STRICTEST, Draft, Report, release

FOR_LEADERS = frozenset({"gaps"})
"""Blocks that name staff and what they left undone: nothing for anybody outside."""
YEARS = range(1900, 2201)
"""Days outside these years are slips of the finger."""


@dataclass(frozen=True)
class Order:
    """What was asked for: about one student, a commissioner's students, or (with neither) the whole setting."""

    layout: Layout
    setting_id: UUID
    first: date
    last: date
    student_id: UUID | None = None
    commissioner_id: UUID | None = None
    known_at: datetime | None = None
    preset: str | None = None

    @property
    def about(self) -> str:
        """student, commissioner or setting."""
        return "student" if self.student_id else "commissioner" if self.commissioner_id else "setting"


def words_that_leave(layout: Layout) -> Opens:
    """Which words may be in a report for its audience at all: a family's holds the child's own, a commissioner's
    none."""
    return lambda _, kept, __: layout.audience == "leader" or (layout.audience == "family" and kept == "learning")


def students_of(
    reader: Reader,
    setting: SettingBody,
    commissioner_id: UUID | None,
    first: date,
    last: date,
    known_at: datetime | None = None,
) -> list[StudentBody]:
    """The students whom a commissioner placed in a setting at any time of a period, as known at a time; all who were
    placed where none is named."""
    everyone = sorted(reader.everyone(setting, known_at), key=lambda student: (str(student["name"]), student["id"]))
    placements, period = known_of(reader, setting, everyone, known_at).placements, days_of([(first, last)])
    return [
        student for student in everyone if placement_days(placements.get(student["id"], ()), commissioner_id) & period
    ]


def make_report(
    reader: Reader, order: Order, opens: Opens, today: date, among: Sequence[StudentBody] | None = None
) -> Report:
    """The report as its readers may see it. `among` are the students it may be about, where not all may be.

    Raises SetupError or NotDisclosable with a sentence that says what to do, and Unknown for a student or setting.
    """
    return release(*draft_report(reader, order, opens, today, among))


def draft_report(
    reader: Reader, order: Order, opens: Opens, today: date, among: Sequence[StudentBody] | None = None
) -> tuple[Draft, str]:
    """The report before disclosure control, and the preset that follows its readers."""
    layout = order.layout
    if order.about not in layout.about:
        raise SetupError(f"The layout {layout.id} is made for {' or '.join(layout.about)}, not for a {order.about}.")
    if order.first.year not in YEARS or order.last.year not in YEARS:
        raise SetupError(f"A period lies between {YEARS.start} and {YEARS.stop - 1}. Look at its years again.")
    if order.first > order.last:
        raise SetupError("The period ends before it begins. Give the first day before the last.")
    setting = reader.one("settings", str(order.setting_id))
    if setting is None:
        raise Unknown
    setting = known_of(reader, setting, (), order.known_at).setting
    if order.student_id is not None:
        known = None if order.known_at is None else reader.ledger.position_at(order.known_at)
        students = [reader.student_and_setting(reader.ledger.states.kept(order.student_id, known))[0]]
    else:
        students = students_of(reader, setting, order.commissioner_id, order.first, order.last, order.known_at)
        if among is not None:
            allowed = {student["id"] for student in among}
            students = [student for student in students if student.get("kept_student", student["id"]) in allowed]
    made = periods(
        reader, setting, students, order.first, order.last, order.known_at, _placed_by(reader, setting, order, students)
    )
    if not made:
        raise SetupError("Nobody was placed here in this period, so there is nothing to report.")
    cohort = Cohort(made)
    words, one_student = _words(reader, order, setting, made, today), order.student_id is not None
    context = Context(reader, setting, made, cohort, opens, words, layout.title, one_student, _identified(order))
    blocks: list[Block] = []
    for block in layout.blocks:
        ((name, given),) = block.items()
        if name in FOR_LEADERS and layout.audience != "leader":
            raise SetupError(
                f"The block {name} is for leaders alone. Leave it out of what goes to a {layout.audience}."
            )
        blocks += _build(context, name, given)
    blocks = _levelled(blocks)
    foot = (
        f"{setting['name']} · {context.words['period']} · made {today.day} {today:%b %Y} from what was known on "
        f"{context.words['known']}"
    )
    preset = order.preset or ("internal" if order.about != "setting" or layout.audience == "leader" else STRICTEST)
    if preset not in PRESETS:
        raise SetupError(f"There is no preset {preset}. Use one of: {', '.join(PRESETS)}.")
    facts = {
        "layout": layout.id,
        "audience": layout.audience,
        "about": order.about,
        "setting": setting["name"],
        "first": order.first.isoformat(),
        "last": order.last.isoformat(),
        "known_at": None if order.known_at is None else order.known_at.isoformat(),
        "position": made[0].position,
        "software": __version__,
        "incomplete": any(period.incomplete for period in made),
    }
    names = {str(period.student["name"]): f"Student {reference(period.student['id'])}" for period in made}
    return Draft(
        context.say(layout.title), foot, "en", one_student, blocks, cohort.cells, cohort.families, facts, names
    ), preset


def _identified(order: Order) -> bool:
    """Whether a report's readers may know who each student in it is in full: whoever placed them, and the leaders
    here."""
    return order.layout.audience == "leader" or (order.layout.audience == "commissioner" and order.about != "setting")


def _placed_by(reader: Reader, setting: SettingBody, order: Order, students: Sequence[StudentBody]) -> UUID | None:
    """By whose placements a report is cut: those of the commissioner it is about, or for whom a pack about one student
    is made."""
    if order.student_id is not None and order.layout.audience != "commissioner":
        return None
    if order.student_id is None or order.commissioner_id is not None:
        return order.commissioner_id
    placements = known_of(reader, setting, students, order.known_at).placements.get(students[0]["id"], ())
    latest = latest_placement(placements, days_of([(order.first, order.last)]))
    return UUID(latest["commissioner_id"]) if latest and latest["commissioner_id"] else None


def _build(context: Context, name: str, given: object) -> list[Block]:
    builder = BUILDERS.get(name)
    if builder is None:
        raise SetupError(f"The layout names a block {name}. There are: {', '.join(BUILDERS)}.")
    if not isinstance(given, dict) and given is not None:
        raise SetupError(f"The block {name} takes names and values, for instance - {name}: {{}}.")
    try:
        return list(builder(context, **(given or {})))
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise SetupError(f"The block {name} of the layout: {str(error).partition(')')[2].strip() or error}.") from None


def _levelled(blocks: Sequence[Block]) -> list[Block]:
    """Headings that skip no level, which readers by ear rely on and PDF/UA demands."""
    made: list[Block] = []
    above = False
    for block in blocks:
        if isinstance(block, Heading):
            block = block if above else replace(block, level=2)
            above = True
        made.append(block)
    return made


def _words(
    reader: Reader, order: Order, setting: SettingBody, made: Sequence[StudentPeriod], today: date
) -> dict[str, str]:
    """What the texts of a layout may name in braces."""
    commissioners = {commissioner["commissioner_id"]: commissioner["name"] for commissioner in setting["commissioners"]}
    placed = made[0].placement["commissioner_id"] if order.about == "student" and made[0].placement else None
    named = str(order.commissioner_id) if order.commissioner_id else placed
    known = order.known_at.astimezone(ZoneInfo(setting["time_zone"])).date() if order.known_at else today
    numbers = [f"{what} {number}" for what, number in (("URN", setting["urn"]), ("UKPRN", setting["ukprn"])) if number]
    return {
        "student": str(made[0].student["name"] or "Student") if order.about == "student" else "Students",
        "setting": setting["name"],
        "commissioner": str(commissioners.get(str(named), "all commissioners")),
        "period": f"{_day(order.first)} to {_day(order.last)}",
        "first": _day(order.first),
        "last": _day(order.last),
        "known": _day(known),
        "position": str(made[0].position),
        "registered": ", ".join(numbers) or "non-school provider",
    }


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"

"""Who is here and how far contact got, and one student's history at any two times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from ap_ledger.kinds.items import DefinitionItem
from api.core.asking import Asking
from api.core.filters import Chosen, narrow
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.service import Current
from api.core.show import end_of_day, people_of, show
from api.core.stories import story_lines
from api.core.student_head import head_of
from api.core.withhold import withhold
from api.students.joining_pages import joined_on, twins_of
from frameworks import Definition
from projections.fold.cells import DatedCell
from projections.fold.progress import Progress
from projections.queries.crosswalks import outcomes_carried
from projections.queries.entries import entries_at
from projections.queries.frames import drawn_marks
from projections.queries.history import days_at, progress_of
from projections.queries.overview import WEEKS, overview
from projections.queries.own_words import own_labels
from projections.queries.reading import Reader
from projections.queries.register import suggested_codes
from projections.queries.words import Own
from reports.figures import Figure, ladder_over_time, outcomes_by_theme

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
RECENT = 30
CODES_DAYS, CODES_SHOWN = 21, 10


@router.get("/students", gate=Gate("see-student"), nav=Nav("Students", "pages", 1, icon="users"))
def students_page(request: Request, using: Current, asking: Asking, wanted: Chosen) -> HTMLResponse:
    """Every student of one's own, with how far contact got in the last weeks."""
    now, where = using.ledger.now(), {str(setting_id) for setting_id in asking.where("see-student")}
    seen = []
    for setting in [visible for visible in using.reader.whole("settings") if visible["id"] in where]:
        students = asking.among(using.reader.everyone(setting), "see-student")
        days = asking.days_among(students, "read-history")
        read = [student for student in students if student["id"] in days]
        today = using.ledger.access_facts.today(UUID(setting["id"]))
        narrowed = narrow(using.reader, asking, setting, read, wanted, today)
        lines = overview(using.reader, setting, narrowed.students, now, days)
        others = [student for student in students if student not in read]
        seen.append((setting, lines, others, narrowed.choices if len(read) > 1 else {}, today))
    return show(request, "students.html", settings=seen, wanted=wanted, shown_for=timedelta(weeks=WEEKS))


@router.get("/students/{student_id}", gate=Gate("read-history", reads="history"), nav=Nav("Step by step", "student", 1))
def student_page(
    request: Request,
    student_id: UUID,
    using: Current,
    asking: Asking,
    as_of: Annotated[str, Query(max_length=10)] = "",
    known: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """One student: the ladder over time, outcomes by theme and slot kind, units, and what happened lately."""
    student, setting = using.reader.student_and_setting(student_id)
    zone, now = ZoneInfo(setting["time_zone"]), using.ledger.now()
    happened_by, known_at = end_of_day(as_of, zone), end_of_day(known, zone)
    as_of, known, instant = as_of if happened_by else "", known if known_at else "", happened_by or now
    within = asking.days("read-history", student_id)
    days, position, incomplete = days_at(using.reader, student_id, setting, instant, known_at, within)
    progress = progress_of(using.reader, setting, days)
    entries = entries_at(
        using.reader, student_id, instant, position, 0, RECENT, from_day=_recent_from(days), within=within
    )
    withhold(asking, student_id, entries)
    people = people_of(using.reader)
    own = (
        own_labels(using.reader, [student])[student["id"]]
        if asking.opens(asking.about(student_id), "learning", now)
        else {}
    )
    sessions = suggested_codes(
        using.reader, student_id, (instant - timedelta(days=CODES_DAYS)).date(), instant, known_at, within
    )[:CODES_SHOWN]
    codes = [
        (
            f"{session.start:%Y-%m-%d}",
            f"{session.start:%H:%M} to {session.end:%H:%M}",
            session.suggestion,
            session.disputed,
        )
        for session in sessions
    ]
    figures = _figures(using.reader, progress, own, using.reader.newest("outcomes", instant.date()))
    if happened_by:
        # The slider goes on to what came later, so the drawings hold all of it; words and tables stay at the day that
        # was asked for.
        whole = progress_of(using.reader, setting, days_at(using.reader, student_id, setting, now, known_at, within)[0])
        figures = _drawn_whole(
            figures, _figures(using.reader, whole, own, using.reader.newest("outcomes", instant.date()))
        )
    return show(
        request,
        "student.html",
        student=student,
        setting=setting,
        head=head_of(using, asking, student, setting),
        progress=progress,
        incomplete=incomplete,
        position=position,
        as_of=as_of,
        known=known,
        today=f"{now.astimezone(zone):%Y-%m-%d}",
        figures=figures,
        units=_units(using.reader, progress),
        story=story_lines(using.reader, entries, zone, people, own),
        shown=len(entries),
        tiles=_tiles(using.reader, progress, own),
        codes=codes,
        rung_names=_rung_names(using.reader, progress, own),
        marks=drawn_marks(),
        twins=twins_of(using, asking, student),
        joined=joined_on(student, zone),
    )


def _recent_from(days: Sequence[DatedCell]) -> date | None:
    """The day from which the newest entries are enough to fill the list."""
    count = 0
    for day, cell in reversed(days):
        count += sum(cell.counted("kinds").values())
        if count >= RECENT:
            return date.fromisoformat(day)
    return None


def _figures(
    reader: Reader, progress: Progress, own: Own | None = None, newest: Sequence[Definition] = ()
) -> list[Figure]:
    own = own or {}
    ladders = [
        (definition, climbed)
        for key, climbed in progress["ladders"].items()
        if (definition := reader.definition(key)) and climbed["path"]
    ]
    figures = [ladder_over_time(ladder, climbed, own.get(ladder.id)) for ladder, climbed in ladders]
    outcomes = outcomes_carried(reader, progress["outcomes"], newest)
    figures += [
        outcomes_by_theme(definition, outcome)
        for key, outcome in outcomes.items()
        if (definition := reader.definition(key)) and definition.has_yes_or_no
    ]
    return figures


def _drawn_whole(then: Sequence[Figure], whole: Sequence[Figure]) -> list[Figure]:
    by_title = {figure.title: figure for figure in then}
    return [
        replace(by_title[figure.title], plot=figure.plot)
        if figure.title in by_title
        else replace(figure, alt="Nothing of this had happened by then.", rows=[])
        for figure in whole
    ]


def _tiles(reader: Reader, progress: Progress, own: Own) -> list[tuple[str, str]]:
    tiles: list[tuple[str, str]] = []
    for key, climbed in progress["ladders"].items():
        ladder = reader.definition(key)
        if ladder is not None:
            mine = own.get(ladder.id, {})
            marks = {
                name: mine.get(climbed[name] or "") or ladder.label_of(climbed[name])
                for name in ("baseline", "latest", "sustained")
            }
            tiles = [
                ("Starting point", marks["baseline"] or "–"),
                ("Latest contact", marks["latest"] or "–"),
                ("Kept up (3 of 5 contacts)", marks["sustained"] or "Not enough contacts yet"),
                ("Contacts so far", str(climbed["contacts"])),
            ]
    return tiles


def _rung_names(reader: Reader, progress: Progress, own: Own) -> str:
    """What every rung of the ladders is called, the student's own steps included, as JSON that is safe inside a
    page."""
    labels = {
        key: {**{rung.id: rung.label for rung, _ in ladder.climb()}, **own.get(ladder.id, {})}
        for key in progress["ladders"]
        if (ladder := reader.definition(key))
    }
    return orjson.dumps(labels).decode().replace("<", "\\u003c")


def _units(reader: Reader, progress: Progress) -> list[tuple[str, list[tuple[str, str]]]]:
    strands: dict[str, list[tuple[str, str]]] = {}
    for key, unit in progress["units"].items():
        framework, item = DefinitionItem.unpacked(key)
        definition = reader.definition(framework)
        if definition is not None and item in definition.scored:
            level = definition.scored[item].label(unit["status"])
            strands.setdefault(definition.labels[definition.theme[item]], []).append((definition.labels[item], level))
    return list(strands.items())

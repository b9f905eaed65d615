"""Who is here and how far contact got, and one student's history at any two times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response

from ap_ledger.bootstrap import Service
from ap_ledger.events.days import Days
from ap_ledger.events.entries import ContextNoted, RungReached
from ap_ledger.kinds.items import DefinitionItem
from ap_ledger.kinds.telling import spoken
from ap_ledger.several.deeds import DEEDS
from api.core.asking import Asker, Asking
from api.core.diary import diary_of
from api.core.filters import Chosen, Narrowed, narrow
from api.core.gate import Gate, gated
from api.core.listing import Column, Listing
from api.core.navigation import Nav
from api.core.service import Current, Json
from api.core.show import end_of_day, people_of, show
from api.core.stories import own_words_of
from api.core.student_head import head_of
from api.core.withhold import withhold
from api.students.joining_pages import joined_on, twins_of
from frameworks import Definition
from projections.bodies import SettingBody, StudentBody
from projections.fold.cells import DatedCell
from projections.fold.progress import Progress
from projections.queries.crosswalks import climbs_carried, outcomes_carried
from projections.queries.entries import ENTRIES_LIMIT, changed_since, entries_at
from projections.queries.frames import drawn_marks
from projections.queries.history import days_at, progress_of
from projections.queries.naming import ERASED
from projections.queries.on_day import mentors_on
from projections.queries.overview import WEEKS, overview
from projections.queries.reading import Reader
from projections.queries.register import suggested_codes
from projections.queries.words import WITHHELD, Own
from reports.contact_figure import Around, contacts_over_time
from reports.figures import Figure
from reports.seen_by_slot import SeenBySlot, seen_by_slot

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
RECENT, HAPPENINGS = 150, 10
"""The diary is made of whole days with so many of the newest entries, and shows so many of their visits, sessions and
single entries."""
CHANGES = 200
"""So many entries that came later are counted."""
AROUND = 60
"""Of what was going on outside so many are drawn."""
CODES_DAYS, CODES_SHOWN = 21, 10
STUDENT_COLUMNS = (
    Column("name", "Student", lambda line: line["name"]),
    Column("group", "Group", lambda line: line["group"]),
    Column("mentor", "Mentor", lambda line: line["mentors"]),
    Column("latest", "Latest contact", lambda line: line["latest"]),
    Column("kept", "Kept up (3 of 5)", lambda line: line["sustained"]),
    Column("contacts", "Contacts", lambda line: line["contacts"]),
    Column("last", "Last entry", lambda line: line["last_day"]),
)


@router.get(
    "/students",
    gate=Gate("see-student"),
    nav=Nav("Students", "pages", 1, icon="users", also="children pupils needs contacts consents placements"),
)
def students_page(request: Request, using: Current, asking: Asking, wanted: Chosen) -> HTMLResponse:
    """Every student of one's own, with how far contact got in the last weeks."""
    return show(
        request,
        "students.html",
        settings=_students(request, using, asking, wanted),
        wanted=wanted,
        shown_for=timedelta(weeks=WEEKS),
        deeds=DEEDS,
    )


@router.get("/students.csv", gate=Gate("see-student"))
def students_file(request: Request, using: Current, asking: Asking, wanted: Chosen) -> Response:
    """The same list as a file, of every setting of one's own."""
    rows = [line for part in _students(request, using, asking, wanted) for line in part.listing.rows]
    return Listing.of(request, STUDENT_COLUMNS, rows).as_file("students")


class StudentsOfSetting(NamedTuple):
    """The students of one setting as a list, those of whom the asker may know the name alone, what the list can be
    narrowed down by, and the day there."""

    setting: SettingBody
    listing: Listing
    others: list[StudentBody]
    choices: Any
    today: date


def _students(request: Request, using: Service, asking: Asker, wanted: Mapping[str, str]) -> list[StudentsOfSetting]:
    now, where = using.ledger.now(), {str(setting_id) for setting_id in asking.where("see-student")}
    seen = []
    for setting in [visible for visible in using.reader.whole("settings") if visible["id"] in where]:
        students = asking.among(using.reader.everyone(setting), "see-student")
        days = asking.days_among(students, "read-history")
        read = [student for student in students if student["id"] in days]
        today = using.ledger.access_facts.today(UUID(setting["id"]))
        narrowed = narrow(using.reader, asking, setting, read, wanted, today)
        beside = _beside(using, asking, setting, narrowed, today)
        lines = [line | beside[line["id"]] for line in overview(using.reader, setting, narrowed.students, now, days)]
        others = [student for student in students if student not in read]
        listing = Listing.of(request, STUDENT_COLUMNS, lines)
        seen.append(StudentsOfSetting(setting, listing, others, narrowed.choices if len(read) > 1 else {}, today))
    return seen


def _beside(
    using: Service, asking: Asker, setting: SettingBody, narrowed: Narrowed, today: date
) -> dict[str, dict[str, str | None]]:
    """By a student's id, their group and who visits them now, as far as whoever asks may know it."""
    people = people_of(using.reader) if asking.may("see-people", setting=setting["id"]) else {}
    mentors = {
        student["id"]: sorted(people.get(person) or "someone" for person in mentors_on(student, today.isoformat()))
        for student in narrowed.students
        if people
    }
    return {
        student["id"]: {
            "group": ", ".join(words for _, words in narrowed.belongs[student["id"]]["group"]) or None,
            "mentors": ", ".join(mentors.get(student["id"], ())) or None,
        }
        for student in narrowed.students
    }


@router.get("/students/{student_id}", gate=Gate("read-history", reads="history"), nav=Nav("Step by step", "student", 1))
def student_page(
    request: Request,
    student_id: UUID,
    using: Current,
    asking: Asking,
    as_of: Annotated[str, Query(max_length=10)] = "",
    known: Annotated[str, Query(max_length=10)] = "",
    week: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """One student: the ladder over time, outcomes by theme and slot kind, units, and what happened lately."""
    student, setting = using.reader.student_and_setting(student_id)
    zone, now = ZoneInfo(setting["time_zone"]), using.ledger.now()
    happened_by, known_at = end_of_day(as_of, zone), end_of_day(known, zone)
    as_of, known, instant = as_of if happened_by else "", known if known_at else "", happened_by or now
    within = asking.days("read-history", student_id)
    days, position, incomplete = days_at(using.reader, student_id, setting, instant, known_at, within)
    progress = progress_of(using.reader, setting, climbs_carried(using.reader, days, instant.date(), known_at))
    entries = entries_at(
        using.reader, student_id, instant, position, 0, ENTRIES_LIMIT, from_day=_recent_from(days), within=within
    )
    withhold(asking, student_id, entries)
    people = people_of(using.reader)
    own = own_words_of(using.reader, asking, student)
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
    late = changed_since(using.reader, student_id, instant, position, CHANGES, within) if known_at else []
    whole = progress
    if happened_by:
        # The slider goes on to what came later, so the drawings hold all of it; words and tables stay at the day that
        # was asked for.
        until_now = days_at(using.reader, student_id, setting, now, known_at, within)[0]
        whole = progress_of(using.reader, setting, climbs_carried(using.reader, until_now, now.date(), known_at))
    beside = Beside(own, _around(using, asking, student_id, whole, position, within), _late_rungs(late, zone))
    newest = using.reader.newest("outcomes", instant.date(), known_at)
    figures = _figures(using.reader, progress, beside)
    if happened_by:
        figures = _drawn_whole(figures, _figures(using.reader, whole, beside))
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
        shares=_shares(using.reader, progress, whole, newest),
        late=len(late),
        units=_units(using.reader, progress),
        diary=diary_of(using.reader, setting, entries, people, own, HAPPENINGS),
        standings=_standings(using.reader, progress, own),
        codes=codes,
        rung_names=_rung_names(using.reader, progress, own),
        marks=drawn_marks(),
        twins=twins_of(using, asking, student),
        joined=joined_on(student, zone),
        week_begins=min((said["from_date"] for said in student["expected"]), default="") if week == "later" else "",
    )


def _recent_from(days: Sequence[DatedCell]) -> date | None:
    """The day from which the newest entries are enough to fill the list."""
    count = 0
    for day, cell in reversed(days):
        count += sum(cell.counted("kinds").values())
        if count >= RECENT:
            return date.fromisoformat(day)
    return None


class LateRung(NamedTuple):
    """How far a contact got that was recorded only after the time as of which a page is known."""

    ladder: str
    day: str
    rung: str


class Beside(NamedTuple):
    """What a student's drawings show beside what was counted: the names of their own steps, what happened around them,
    and contacts that were recorded only later."""

    own: Own
    around: Sequence[Around]
    late: Sequence[LateRung]


def _around(
    using: Service, asking: Asker, student_id: UUID, progress: Progress, position: int, within: Days
) -> list[Around]:
    """What was going on outside, for those who may read it."""
    if ContextNoted.TOPIC not in progress["kinds"]:
        return []
    noted = entries_at(
        using.reader,
        student_id,
        using.ledger.now(),
        position,
        0,
        AROUND,
        kinds=[ContextNoted.TOPIC],
        within=within,
    )
    withhold(asking, student_id, noted)
    return [
        Around(entry["occurred_at"][:10], spoken(entry["entry"]["category"]))
        for entry in noted
        if entry["status"] != "voided" and entry["entry"]["category"] not in (WITHHELD, ERASED)
    ]


def _late_rungs(late: Sequence[Json], zone: ZoneInfo) -> list[LateRung]:
    """How far contacts got that were recorded only later."""
    return [
        LateRung(
            f"{entry['entry']['ladder']['id']}@{entry['entry']['ladder']['version']}",
            datetime.fromisoformat(entry["occurred_at"]).astimezone(zone).date().isoformat(),
            entry["entry"]["rung"],
        )
        for entry in late
        if entry["since"] == "came" and entry["kind"] == RungReached.TOPIC and entry["status"] != "voided"
    ]


def _figures(reader: Reader, progress: Progress, beside: Beside) -> list[Figure]:
    return [
        contacts_over_time(
            ladder,
            climbed,
            beside.own.get(ladder.id, {}),
            beside.around,
            [(late.day, late.rung) for late in beside.late if late.ladder.partition("@")[0] == ladder.id],
        )
        for key, climbed in progress["ladders"].items()
        if (ladder := reader.definition(key)) and climbed["path"]
    ]


def _shares(reader: Reader, then: Progress, whole: Progress, newest: Sequence[Definition]) -> list[SeenBySlot]:
    """What was seen of each framework until the day that was asked for, with a place for whatever came later."""
    until_then, ever = (outcomes_carried(reader, progress["outcomes"], newest) for progress in (then, whole))
    return [
        seen_by_slot(definition, until_then.get(key), outcomes)
        for key, outcomes in ever.items()
        if (definition := reader.definition(key)) and definition.has_yes_or_no
    ]


def _drawn_whole(then: Sequence[Figure], whole: Sequence[Figure]) -> list[Figure]:
    by_title = {figure.title: figure for figure in then}
    return [
        replace(by_title[figure.title], plot=figure.plot)
        if figure.title in by_title
        else replace(figure, alt="Nothing of this had happened by then.", rows=[])
        for figure in whole
    ]


class Standing(NamedTuple):
    """Where a student stands on one ladder, in words."""

    started: str
    latest: str
    kept_up: str
    contacts: int


def _standings(reader: Reader, progress: Progress, own: Own) -> dict[str, Standing]:
    """Where a student stands, by the ladder's id and version."""
    standings: dict[str, Standing] = {}
    for key, climbed in progress["ladders"].items():
        ladder = reader.definition(key)
        if ladder is not None:
            mine = own.get(ladder.id, {})
            marks = {
                name: mine.get(climbed[name] or "") or ladder.label_of(climbed[name])
                for name in ("baseline", "latest", "sustained")
            }
            standings[key] = Standing(
                marks["baseline"] or "–",
                marks["latest"] or "–",
                marks["sustained"] or "not enough contacts yet",
                climbed["contacts"],
            )
    return standings


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

"""The first pages: who is here and how far contact got, and one student's history at any two times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from api.asking import Asking
from api.entries import may_settle
from api.gate import gated
from api.service import Current, Json
from api.show import end_of_day, people_of, show
from api.templating import day_in_words
from api.withhold import withhold
from api.words import KINDS, Own, in_words
from frameworks import Definition
from projections.crosswalks import outcomes_carried
from projections.history import days_at, entries_at, progress_of
from projections.overview import overview
from projections.reading import Reader
from projections.register import suggested_codes
from reports.figures import Figure, ladder_over_time, outcomes_by_theme

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
RECENT = 30
CODES_DAYS, CODES_SHOWN = 21, 10


@router.get("/")
def home(request: Request, using: Current, asking: Asking) -> HTMLResponse:
    """Every student of one's own, with how far contact got; for others, where they can go from here."""
    now, where = using.ledger.clock(), {str(one) for one in asking.where("see-student")}
    seen = []
    for setting in [one for one in using.reader.whole("settings") if one["id"] in where]:
        students = asking.among(using.reader.everyone(setting), "see-student")
        read = [student for student in students if asking.may("read-history", student["id"], setting["id"])]
        lines = overview(using.reader, setting, read, now)
        seen.append((setting, lines, [student for student in students if student not in read]))
    held = sum(may_settle(asking, one) for one in using.ledger.held_entries(limit=100)) if asking.may("record") else 0
    return show(request, "home.html", settings=seen, held=held)


@router.get("/students/{student_id}")
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
    zone, now = ZoneInfo(setting["time_zone"]), using.ledger.clock()
    happened_by, known_at = end_of_day(as_of, zone), end_of_day(known, zone)
    as_of, known, instant = as_of if happened_by else "", known if known_at else "", happened_by or now
    days, position, incomplete = days_at(using.reader, student_id, setting, instant, known_at)
    progress = progress_of(using.reader, setting, days)
    entries = entries_at(using.reader, student_id, instant, position, 0, RECENT, from_day=_recent_from(days))
    withhold(asking, student_id, entries)
    people = people_of(using.reader)
    own = using.reader.own_labels([student])[student["id"]] if asking.opens(asking.about(student_id), "learning", now) else {}
    sessions = suggested_codes(using.reader, student_id, (instant - timedelta(days=CODES_DAYS)).date(), instant, known_at)[:CODES_SHOWN]
    codes = [(f"{one.start:%Y-%m-%d}", f"{one.start:%H:%M} to {one.end:%H:%M}", one.suggestion) for one in sessions]
    return show(
        request, "student.html", student=student, setting=setting, progress=progress, incomplete=incomplete, position=position,
        as_of=as_of, known=known, today=f"{now.astimezone(zone):%Y-%m-%d}", figures=_figures(using.reader, progress, own, using.reader.newest("outcomes", instant.date())), units=_units(using.reader, progress),
        story=_story([_line(using.reader, entry, zone, people, own) for entry in entries]), shown=len(entries), tiles=_tiles(using.reader, progress, own), codes=codes,
    )  # fmt: skip


def _recent_from(days: list[tuple[str, Json]]) -> date | None:
    """The day from which the newest entries are enough to fill the list."""
    found = 0
    for day, cell in reversed(days):
        found += sum(cell["kinds"].values())
        if found >= RECENT:
            return date.fromisoformat(day)
    return None


def _figures(reader: Reader, progress: Json, own: Own | None = None, newest: Sequence[Definition] = ()) -> list[Figure]:
    own = own or {}
    ladders = [(found, climbed) for key, climbed in progress["ladders"].items() if (found := reader.definition(key)) and climbed["path"]]
    figures = [ladder_over_time(ladder, climbed, own.get(ladder.id)) for ladder, climbed in ladders]
    outcomes = outcomes_carried(reader, progress["outcomes"], newest)
    figures += [outcomes_by_theme(found, said) for key, said in outcomes.items() if (found := reader.definition(key)) and found.has_yes_or_no]
    return figures


def _tiles(reader: Reader, progress: Json, own: Own) -> list[tuple[str, str]]:
    tiles: list[tuple[str, str]] = []
    for key, climbed in progress["ladders"].items():
        ladder = reader.definition(key)
        if ladder is not None:
            mine = own.get(ladder.id, {})
            said = {name: mine.get(climbed[name]) or ladder.label_of(climbed[name]) for name in ("baseline", "latest", "sustained")}
            tiles = [
                ("Starting point", said["baseline"] or "–"),
                ("Latest contact", said["latest"] or "–"),
                ("Kept up (3 of 5 contacts)", said["sustained"] or "Not enough contacts yet"),
                ("Contacts so far", str(climbed["contacts"])),
            ]
    return tiles


def _units(reader: Reader, progress: Json) -> list[tuple[str, list[tuple[str, str]]]]:
    strands: dict[str, list[tuple[str, str]]] = {}
    for key, unit in progress["units"].items():
        framework, _, item = key.partition("|")
        definition = reader.definition(framework)
        if definition is not None and item in definition.scored:
            level = definition.scored[item].label(unit["status"])
            strands.setdefault(definition.labels[definition.theme[item]], []).append((definition.labels[item], level))
    return list(strands.items())


def _story(lines: list[Json]) -> list[tuple[str, list[Json]]]:
    """Lines by day. The two sessions of a day that say the same are one line."""
    days: dict[str, list[Json]] = {}
    for line in lines:
        before = days.setdefault(line["day"], [])
        same = next((one for one in before if one["kind"] == line["kind"] == "Session" and one["what"] == line["what"] and not line["changes"]), None)
        if same is None:
            before.append(line)
        else:
            same["when"] = f"{line['when']} and {same['when']}"
    return list(days.items())


def _line(reader: Reader, told: Json, zone: ZoneInfo, people: dict[str, str | None], own: Own) -> Json:
    """An entry as a line that people read."""
    happened = datetime.fromisoformat(told["occurred_at"]).astimezone(zone)
    return {
        "id": told["id"], "kind": KINDS[told["kind"]], "what": in_words(reader, told["entry"], own), "status": told["status"], "flags": told["flags"],
        "day": happened.date().isoformat(), "when": f"{happened:%H:%M}", "who": people.get(told["author_id"]) or "someone",
        "changes": [
            {
                "what": "Taken back" if change["kind"] == "entry-voided" else "Corrected", "who": people.get(change["author_id"]) or "someone",
                "when": day_in_words(change["recorded_at"][:10]), "why": change["reason"] or change["reason_code"], "before": in_words(reader, change["before"], own),
            }
            for change in told["changes"]
        ],
    }  # fmt: skip

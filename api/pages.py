"""The first pages: who is here and how far contact got, and one student's history at any two times."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api.service import Current, Json
from api.static_files import address
from frameworks import Definition
from projections.history import Unknown, days_at, entries_at, progress_of
from projections.overview import overview
from projections.reading import Body, Reader
from reports.figures import Figure, ladder_over_time, outcomes_by_theme

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
RECENT = 30

templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.globals["address"] = address


def day_in_words(day: str | None) -> str:
    """An ISO date as people say it."""
    return f"{date.fromisoformat(day):%a} {date.fromisoformat(day).day} {date.fromisoformat(day):%b %Y}" if day else "–"


templates.filters["day"] = day_in_words


def show(request: Request, name: str, **given: Any) -> HTMLResponse:
    """A page from its template."""
    return HTMLResponse(templates.get_template(name).render(nonce=request.state.nonce, **given))


@router.get("/")
def home(request: Request, using: Current) -> HTMLResponse:
    """Every student of every setting, with how far contact got."""
    now = using.ledger.clock()
    settings = using.reader.collection("settings", limit=50)
    seen = [(setting, overview(using.reader, setting, now)) for setting in settings]
    return show(request, "home.html", settings=seen, held=len(using.ledger.held_entries(limit=100)))


@router.get("/students/{student_id}")
def student_page(
    request: Request, student_id: UUID, using: Current, as_of: Annotated[str, Query(max_length=10)] = "", known: Annotated[str, Query(max_length=10)] = ""
) -> HTMLResponse:
    """One student: the ladder over time, outcomes by theme and slot kind, units, and what happened lately."""
    student = using.reader.one("students", str(student_id))
    setting = using.reader.one("settings", student["setting_id"]) if student else None
    if student is None or setting is None:
        raise Unknown
    zone, now = ZoneInfo(setting["time_zone"]), using.ledger.clock()
    happened_by, known_at = _end_of(as_of, zone), _end_of(known, zone)
    as_of, known, instant = as_of if happened_by else "", known if known_at else "", happened_by or now
    days, position, incomplete = days_at(using.reader, student_id, setting, instant, known_at)
    progress = progress_of(using.reader, setting, days)
    entries = entries_at(using.reader, student_id, instant, position, 0, RECENT, from_day=_recent_from(days))
    people = {person["id"]: person["name"] for person in using.reader.collection("people", limit=500)}
    return show(
        request, "student.html", student=student, setting=setting, progress=progress, incomplete=incomplete, position=position,
        as_of=as_of, known=known, today=f"{now.astimezone(zone):%Y-%m-%d}", figures=_figures(using.reader, progress), units=_units(using.reader, progress),
        story=_story([_line(using.reader, entry, zone, people) for entry in entries]), shown=len(entries), tiles=_tiles(using.reader, progress),
    )  # fmt: skip


def _end_of(day: str, zone: ZoneInfo) -> datetime | None:
    """The last moment of a day that was asked for; a day that cannot be read is as good as none."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time.min, zone) - timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def _recent_from(days: list[tuple[str, Json]]) -> date | None:
    """The day from which the newest entries are enough to fill the list."""
    found = 0
    for day, cell in reversed(days):
        found += sum(cell["kinds"].values())
        if found >= RECENT:
            return date.fromisoformat(day)
    return None


def _figures(reader: Reader, progress: Json) -> list[Figure]:
    figures = [ladder_over_time(found, climbed) for key, climbed in progress["ladders"].items() if (found := reader.definition(key)) and climbed["path"]]
    figures += [outcomes_by_theme(found, said) for key, said in progress["outcomes"].items() if (found := reader.definition(key))]
    return figures


def _tiles(reader: Reader, progress: Json) -> list[tuple[str, str]]:
    tiles: list[tuple[str, str]] = []
    for key, climbed in progress["ladders"].items():
        ladder = reader.definition(key)
        if ladder is not None:
            tiles = [
                ("Starting point", ladder.labels.get(climbed["baseline"], "–")),
                ("Latest contact", ladder.labels.get(climbed["latest"], "–")),
                ("Kept up (3 of 5 contacts)", ladder.labels.get(climbed["sustained"], "Not enough contacts yet")),
                ("Contacts so far", str(climbed["contacts"])),
            ]
    return tiles


def _units(reader: Reader, progress: Json) -> list[tuple[str, list[tuple[str, str]]]]:
    strands: dict[str, list[tuple[str, str]]] = {}
    for key, unit in progress["units"].items():
        framework, _, item = key.partition("|")
        definition = reader.definition(framework)
        if definition is not None and item in definition.scored:
            level = next((level.label for level in definition.scored[item].levels if level.value == unit["status"]), unit["status"])
            strands.setdefault(definition.labels[definition.theme[item]], []).append((definition.labels[item], level))
    return list(strands.items())


KINDS = {
    "rung-reached": "Contact",
    "outcome-scored": "Outcome",
    "unit-progressed": "Step",
    "visit-logged": "Visit",
    "session-attended": "Session",
    "voice-heard": "Voice",
    "note-written": "Note",
    "incident-recorded": "Incident",
    "context-noted": "Context",
    "instrument-answered": "Questionnaire",
}
FACES = {1: "very low", 2: "low", 3: "okay", 4: "good", 5: "great"}


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


def _line(reader: Reader, told: Json, zone: ZoneInfo, people: dict[str, str | None]) -> Json:
    """An entry as a line that people read."""
    happened = datetime.fromisoformat(told["occurred_at"]).astimezone(zone)
    return {
        "id": told["id"], "kind": KINDS[told["kind"]], "what": in_words(reader, told["entry"]), "status": told["status"], "flags": told["flags"],
        "day": happened.date().isoformat(), "when": f"{happened:%H:%M}", "who": people.get(told["author_id"]) or "someone",
        "changes": [
            {
                "what": "Taken back" if change["kind"] == "entry-voided" else "Corrected", "who": people.get(change["author_id"]) or "someone",
                "when": day_in_words(change["recorded_at"][:10]), "why": change["reason"] or change["reason_code"], "before": in_words(reader, change["before"]),
            }
            for change in told["changes"]
        ],
    }  # fmt: skip


def in_words(reader: Reader, entry: Body) -> str:
    """What an entry says, in a short line."""

    def label(ref: str, item: str) -> str:
        found: Definition | None = reader.definition(f"{entry[ref]['id']}@{entry[ref]['version']}")
        return found.labels.get(item, item) if found else item

    match str(entry["kind"]):
        case "rung-reached":
            return label("ladder", entry["rung"]) + (f" (anxiety {entry['anxiety']} of 10)" if entry.get("anxiety") is not None else "")
        case "outcome-scored":
            if entry.get("level") is None:
                return f"{label('framework', entry['indicator'])}: {entry['missing'].replace('-', ' ')}"
            return f"{label('framework', entry['indicator'])}: {_level(reader, entry)}"
        case "unit-progressed":
            return f"{label('curriculum', entry['unit'])}: {entry['status'].replace('-', ' ')}" + _said(entry, "note")
        case "visit-logged":
            minutes = f", {entry['minutes']} minutes" if entry.get("minutes") is not None else ""
            return f"{entry['effort'].replace('-', ' ').capitalize()}, {entry['channel'].replace('-', ' ')}{minutes}" + _said(entry, "note")
        case "session-attended":
            if entry.get("cancelled_by"):
                return f"Cancelled by {entry['cancelled_by']}"
            return "Came" if entry.get("actual_start") else "Was expected and could not come"
        case "voice-heard":
            face = f"felt {FACES[entry['face']]}" if entry.get("face") else ""
            return f"{entry['speaker'].capitalize()} {face}".strip() + _said(entry, "words")
        case "incident-recorded":
            return str(entry["category"]).replace("-", " ").capitalize() + _said(entry, "text")
        case "context-noted":
            return str(entry["category"]).replace("-", " ").capitalize() + _said(entry, "text")
        case "instrument-answered":
            return f"Answered by {entry['respondent']}"
    return str(entry.get("text", ""))


def _level(reader: Reader, entry: Body) -> str:
    found = reader.definition(f"{entry['framework']['id']}@{entry['framework']['version']}")
    scale = found.scored.get(entry["indicator"]) if found else None
    return next((level.label.lower() for level in scale.levels if level.value == entry["level"]), str(entry["level"])) if scale else str(entry["level"])


def _said(entry: Body, field: str) -> str:
    return f". {entry[field]}" if entry.get(field) else ""

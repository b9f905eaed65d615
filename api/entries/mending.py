"""An entry as a form and back: every field that may be put right, with the choices there are, and nothing else of it
touched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, get_args, get_origin
from uuid import UUID

from pydantic.fields import FieldInfo
from starlette.datastructures import FormData

from ap_ledger.domain.incident_categories import categories_on
from ap_ledger.domain.posted import POSTED_BY_KIND
from ap_ledger.errors import Unreadable
from ap_ledger.events.moments import stored_time
from api.core.show import text_of
from api.core.withhold import WITHHELD
from projections.queries.reading import Reader, timetable_on

FIXED = frozenset(
    {
        "id",
        "kind",
        "setting_id",
        "author_id",
        "visit_id",
        "replaces",
        "framework",
        "ladder",
        "curriculum",
        "instrument",
        "answers",
        "set_by",
    }
)
"""Whose it is and what it was scored against stay as they are: another framework is another entry."""
NAMES = {
    "student_id": "Student", "device_time": "When it happened", "session.date": "Day", "session.slot": "Slot",
    "rung": "How far it went", "anxiety": "Anxiety, 0 to 10",
    "indicator": "Indicator", "level": "Score", "missing": "Or why there is none", "informant": "As said by",
    "unit": "Unit", "status": "Status", "note": "Note", "effort": "What we did",
    "channel": "By", "minutes": "Minutes", "planned_start": "Planned start", "planned_end": "Planned end",
    "actual_start": "Came at", "actual_end": "Left at", "cancelled_by": "Cancelled by",
    "speaker": "Who said it", "face": "How they felt, 1 to 5", "words": "Their words", "retention_class": "It is about",
    "text": "Text", "category": "What", "restrictive": "Restrictive",
    "parents_told_at": "Parents told at", "respondent": "Answered by",
}  # fmt: skip
TIMES = frozenset({"device_time", "planned_start", "planned_end", "actual_start", "actual_end", "parents_told_at"})
ERASED = "[erased]"
LONG = frozenset({"text", "note", "words"})


class MendingField(NamedTuple):
    """One field of a form.

    `choices` are (value, label); empty where something is typed, into an input of a `type` or, where it is `long`, an
    area.
    """

    name: str
    label: str
    value: str
    choices: list[tuple[str, str]]
    long: bool
    type: str
    required: bool


def fields_of(
    reader: Reader, entry: Mapping[str, Any], typed: Mapping[str, str] | None = None, fixed: Collection[str] = ()
) -> list[MendingField]:
    """The fields of an entry that may be changed, with what they say now, or what was just typed.

    `fixed` ones are left out.
    """
    made: list[MendingField] = []
    for name, value, required in _fields(entry):
        if name in fixed or value in (WITHHELD, ERASED):
            continue
        now = (
            ""
            if value is None
            else "yes"
            if value is True
            else "no"
            if value is False
            else to_the_minute(value)
            if name in TIMES
            else str(value)
        )
        label = NAMES.get(name, name.replace("_", " ").capitalize())
        made.append(
            MendingField(
                name,
                label,
                (typed or {}).get(name, now),
                _choices(reader, entry, name),
                name in LONG,
                _type(name, value),
                required,
            )
        )
    return made


def mended(reader: Reader, entry: Mapping[str, Any], form: FormData) -> tuple[dict[str, Any], dict[str, str]]:
    """The entry as the form says it, and what was typed.

    What cannot be read stays as typed, so that the door says what is wrong with it.
    """
    made: dict[str, Any] = {name: value for name, value in entry.items() if name != "replaces"}
    typed: dict[str, str] = {}
    for name, before, _ in _fields(entry):
        if f"field:{name}" not in form:
            continue
        said = typed[name] = text_of(form, f"field:{name}").strip()
        value = _read(reader, entry, name, before, said)
        outer, _, inner = name.partition(".")
        if inner:
            session = dict(made.get(outer) or {})
            made[outer] = {**session, inner: value}
            if not any(made[outer].values()):
                made.pop(outer)
        elif value is None:
            made.pop(name, None)
        else:
            made[name] = value
    return made, typed


def _type(name: str, value: Any) -> str:
    """What kind of input takes a field.

    What cannot be read as a time or a date is shown as it is, so that it can be put right.
    """
    if name not in TIMES and name != "session.date":
        return "text"
    try:
        if value and name in TIMES:
            stored_time(value)
        elif value:
            date.fromisoformat(str(value))
    except (Unreadable, ValueError):
        return "text"
    return "datetime-local" if name in TIMES else "date"


def _fields(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    model = POSTED_BY_KIND.get(str(entry.get("kind")))
    for name, info in (model.model_fields if model else {}).items():
        if name == "session":
            session = entry.get("session") if isinstance(entry.get("session"), dict) else None
            if session is not None:
                yield "session.date", session.get("date"), True
                yield "session.slot", session.get("slot"), True
        elif name == "device_time" and entry.get("kind") == "outcome-scored" and entry.get("session"):
            # A score in a slot happens at the slot's start, whenever it was given.
            continue
        elif name not in FIXED and not name.endswith(("place_id", "supervised_by")):
            yield name, entry.get(name), info.is_required()


def _choices(reader: Reader, entry: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """What may be chosen for a field, where that is known."""
    if name == "category" and entry.get("kind") == "incident-recorded":
        return _categories(reader, entry)
    definition = next(
        (
            found
            for ref in ("framework", "ladder", "curriculum")
            if (found := _definition(reader, entry.get(ref))) is not None
        ),
        None,
    )
    if name == "session.slot":
        setting = reader.one("settings", str(entry.get("setting_id")))
        day = str((entry.get("session") or {}).get("date"))
        return [(slot["id"], slot["label"]) for slot in timetable_on(setting, day)] if setting else []
    if definition is not None:
        if name == "rung":
            return [(rung.id, rung.label) for rung, _ in definition.climb()]
        if name in ("indicator", "unit"):
            return [(item, definition.labels[item]) for item in definition.scored]
        if name in ("level", "status"):
            scale = definition.scale_of(str(entry.get("indicator" if name == "level" else "unit")))
            return [(str(value), label) for value, label in scale.choices] if scale else []
    info = POSTED_BY_KIND[str(entry["kind"])].model_fields.get(name)
    if info is not None and info.annotation is bool:
        return [("no", "No"), ("yes", "Yes")]
    return [(one, one.replace("-", " ")) for one in _words_of(info)] if info else []


def _categories(reader: Reader, entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an incident may be called on its day; what it is called now stays as it is."""
    setting = reader.one("settings", str(entry.get("setting_id")))
    listed = (
        [(one.id, one.label) for one in categories_on(setting.get("incident_categories", ()), _day_of(entry))]
        if setting
        else []
    )
    now = str(entry.get("category") or "")
    return listed if now in dict(listed) or not now else [(now, now), *listed]


def _day_of(entry: Mapping[str, Any]) -> date:
    try:
        return stored_time(entry.get("device_time")).date()
    except Unreadable:
        return date.today()


def _words_of(info: FieldInfo) -> list[str]:
    """The words that a field of fixed words takes."""

    def inside(kind: Any) -> Iterator[str]:
        if get_origin(kind) is Literal:
            yield from (str(one) for one in get_args(kind))
        else:
            for one in get_args(kind):
                yield from inside(one)

    return list(inside(info.annotation))


def _definition(reader: Reader, ref: Any) -> Any:
    try:
        return reader.definition(f"{ref['id']}@{ref['version']}") if isinstance(ref, dict) else None
    except (KeyError, ValueError):
        return None


def _read(reader: Reader, entry: Mapping[str, Any], name: str, before: Any, said: str) -> Any:
    if said == "":
        return None
    if name in TIMES:
        return _moment(before, said, entry.get("device_time"))
    if name == "level":
        definition = _definition(reader, entry.get("framework"))
        scale = definition.scale_of(str(entry.get("indicator"))) if definition else None
        return scale.read(said) if scale else said
    if name == "restrictive":
        return said == "yes"
    if name in ("minutes", "face", "anxiety") and said.lstrip("-").isdecimal():
        return int(said)
    if name == "student_id":
        try:
            return str(UUID(said))
        except ValueError:
            return said
    return said


def to_the_minute(moment: Any) -> str:
    """A time as a browser's field for times takes it; what is no time stays as it is, so that it can be put right."""
    try:
        return stored_time(moment).strftime("%Y-%m-%dT%H:%M")
    except Unreadable:
        return str(moment)


def _moment(before: Any, said: str, beside: Any) -> Any:
    """A time from a form.

    One that was not touched stays to the letter; one without an offset has that of the time before it.
    """
    if before is not None and said == to_the_minute(before):
        return before
    try:
        found = datetime.fromisoformat(said)
        if found.tzinfo is None:
            found = found.replace(tzinfo=stored_time(before or beside).tzinfo)
    except (Unreadable, ValueError):
        return said
    return found.isoformat() if found.tzinfo is not None else said

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
from ap_ledger.kinds import KINDS
from ap_ledger.kinds.forms import TIMES, form_of, types_in
from ap_ledger.kinds.row import Choices, FormField
from api.core.show import text_of
from frameworks import Definition
from frameworks.language.parts import Scale
from projections.queries.on_day import timetable_on
from projections.queries.reading import Reader
from projections.queries.words import WITHHELD

COMMON = {
    "student_id": FormField("Student"),
    "device_time": FormField("When it happened"),
    "session.date": FormField("Day"),
    "session.slot": FormField("Slot"),
}
"""What may be put right in an entry of any kind. Whose it is and what it was scored against stay as they are: another
framework is another entry."""
ERASED = "[erased]"


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
    form = _form(entry)
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
            if _is_time(entry, name)
            else str(value)
        )
        field = form[name]
        made.append(
            MendingField(
                name,
                field.label,
                (typed or {}).get(name, now),
                _choices(reader, entry, name, field.choices),
                field.long,
                _type(entry, name, value),
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
        text = typed[name] = text_of(form, f"field:{name}").strip()
        value = _read(reader, entry, name, before, text)
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


def _type(entry: Mapping[str, Any], name: str, value: Any) -> str:
    """What kind of input takes a field.

    What cannot be read as a time or a date is shown as it is, so that it can be put right.
    """
    is_time = _is_time(entry, name)
    if not is_time and name != "session.date":
        return "text"
    try:
        if value and is_time:
            stored_time(value)
        elif value:
            date.fromisoformat(str(value))
    except (Unreadable, ValueError):
        return "text"
    return "datetime-local" if is_time else "date"


def _form(entry: Mapping[str, Any]) -> Mapping[str, FormField]:
    """The fields of an entry that may be put right: those of every kind, and those that its own kind's row names."""
    kind = KINDS.get(str(entry.get("kind")))
    if kind is None:
        return {}
    return {**COMMON, **form_of(kind)}


def _types(entry: Mapping[str, Any], name: str) -> frozenset[Any]:
    info = POSTED_BY_KIND[str(entry["kind"])].model_fields.get(name)
    return types_in(info.annotation) if info is not None else frozenset()


def _is_time(entry: Mapping[str, Any], name: str) -> bool:
    return bool(TIMES & _types(entry, name))


def _fields(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    form, kind = _form(entry), KINDS.get(str(entry.get("kind")))
    for name, info in POSTED_BY_KIND[kind.topic].model_fields.items() if kind else ():
        session = entry.get("session") if isinstance(entry.get("session"), dict) else None
        if name == "session" and session is not None:
            yield "session.date", session.get("date"), True
            yield "session.slot", session.get("slot"), True
        elif name == "device_time" and kind is not None and kind.at_slot and entry.get("session"):
            # It happens at its slot's start, whenever it was given.
            continue
        elif name in form:
            yield name, entry.get(name), info.is_required()


def _choices(
    reader: Reader, entry: Mapping[str, Any], name: str, chosen: Choices | None = None
) -> list[tuple[str, str]]:
    """What may be chosen for a field, where that is known."""
    if chosen == "categories":
        return _categories(reader, entry)
    if name == "session.slot":
        setting = reader.one("settings", str(entry.get("setting_id")))
        day = str((entry.get("session") or {}).get("date"))
        return [(slot["id"], slot["label"]) for slot in timetable_on(setting, day)] if setting else []
    if chosen is not None and (definition := _definition(reader, entry)) is not None:
        match chosen:
            case "rungs":
                return [(rung.id, rung.label) for rung, _ in definition.climb()]
            case "items":
                return [(item, definition.labels[item]) for item in definition.scored]
            case "levels":
                scale = _scale(reader, entry)
                return [(str(value), label) for value, label in scale.choices] if scale else []
    info = POSTED_BY_KIND[str(entry["kind"])].model_fields.get(name)
    if info is not None and info.annotation is bool:
        return [("no", "No"), ("yes", "Yes")]
    return [(word, word.replace("-", " ")) for word in _words_of(info)] if info else []


def _categories(reader: Reader, entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an incident may be called on its day; what it is called now stays as it is."""
    setting = reader.one("settings", str(entry.get("setting_id")))
    listed = (
        [
            (category.id, category.label)
            for category in categories_on(setting.get("incident_categories", ()), _day_of(entry))
        ]
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
            yield from (str(word) for word in get_args(kind))
        else:
            for arg in get_args(kind):
                yield from inside(arg)

    return list(inside(info.annotation))


def _definition(reader: Reader, entry: Mapping[str, Any]) -> Definition | None:
    """The published definition that an entry names, where it can be read."""
    kind = KINDS[str(entry["kind"])]
    ref = entry.get(kind.definition.ref) if kind.definition else None
    try:
        return reader.definition(f"{ref['id']}@{ref['version']}") if isinstance(ref, dict) else None
    except (KeyError, ValueError):
        return None


def _scale(reader: Reader, entry: Mapping[str, Any]) -> Scale | None:
    """The scale of the item that an entry names."""
    kind, definition = KINDS[str(entry["kind"])], _definition(reader, entry)
    if kind.definition is None or definition is None:
        return None
    return definition.scale_of(str(entry.get(kind.definition.item)))


def _read(reader: Reader, entry: Mapping[str, Any], name: str, before: Any, text: str) -> Any:
    """What was typed into a field, as a phone would send it; what cannot be read so stays as typed."""
    if text == "":
        return None
    kinds = _types(entry, name)
    if _is_time(entry, name):
        return _moment(before, text, entry.get("device_time"))
    if bool in kinds:
        return text == "yes"
    if float in kinds:
        scale = _scale(reader, entry)
        return scale.read(text) if scale else text
    if int in kinds and text.lstrip("-").isdecimal():
        return int(text)
    if UUID in kinds:
        try:
            return str(UUID(text))
        except ValueError:
            return text
    return text


def to_the_minute(moment: Any) -> str:
    """A time as a browser's field for times takes it; what is no time stays as it is, so that it can be put right."""
    try:
        return stored_time(moment).strftime("%Y-%m-%dT%H:%M")
    except Unreadable:
        return str(moment)


def _moment(before: Any, text: str, beside: Any) -> Any:
    """A time from a form.

    One that was not touched stays to the letter; one without an offset has that of the time before it.
    """
    if before is not None and text == to_the_minute(before):
        return before
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=stored_time(before or beside).tzinfo)
    except (Unreadable, ValueError):
        return text
    return instant.isoformat() if instant.tzinfo is not None else text

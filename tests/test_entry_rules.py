"""Every field of every kind of entry has its rule and its sentence; what cannot be true of an entry is refused, and says which field to mend."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID, uuid4

import annotated_types
import orjson
import pytest
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from ap_ledger.domain.incident_categories import default_categories
from ap_ledger.domain.person import GrantRole
from ap_ledger.domain.posted import POSTED_BY_KIND, PostedCorrection, PostedVoid
from ap_ledger.domain.posting import read_posted
from ap_ledger.domain.results import Result
from ap_ledger.domain.setting import AddPlace, OpenSetting, SetIncidentCategories
from ap_ledger.domain.student import IdentifyStudent
from ap_ledger.errors import Refused
from ap_ledger.events.setting import IncidentCategory
from ap_ledger.persistence.rows import Unit
from ap_ledger.recording.ledger import new_id
from tests.house import FRIDAY, MONDAY, THURSDAY, House

KINDS: dict[str, type[BaseModel]] = {**POSTED_BY_KIND, "entry-corrected": PostedCorrection, "entry-voided": PostedVoid}
FIELDS = [(kind, name) for kind, model in KINDS.items() for name in model.model_fields]
HOUR = timedelta(hours=1)


# Shapes, from the classes themselves --------------------------------------------------------------------------------------


def options(annotation: Any) -> Iterator[Any]:
    """The types that a field takes, one by one, without None."""
    if get_origin(annotation) in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from options(one)
    elif annotation is not type(None):
        yield annotation


def right(kind: str, name: str, info: FieldInfo) -> Any:
    """Something that a field takes, as JSON."""
    if name in ("kind", "id"):
        return kind if name == "kind" else str(new_id())
    kept = next(options(info.annotation))
    if kind == "entry-corrected" and name == "replacement":
        return whole("note-written")
    if isinstance(kept, type) and issubclass(kept, BaseModel):
        return {inner: right(kind, inner, found) for inner, found in kept.model_fields.items()}
    if get_origin(kept) is Literal:
        return get_args(kept)[0]
    known: dict[Any, Any] = {UUID: str(uuid4()), AwareDatetime: MONDAY.isoformat(), date: "2026-03-02", bool: True, int: 1}
    return {} if get_origin(kept) is dict else known.get(kept, "some-words")


def whole(kind: str) -> dict[str, Any]:
    """An entry of a kind in which every field that must be there is right."""
    fields = KINDS[kind].model_fields
    return {name: right(kind, name, info) for name, info in fields.items() if info.is_required()}


def judged(entry: dict[str, Any]) -> Any:
    return read_posted([entry])[0]


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_every_field_says_in_a_sentence_what_it_takes(kind: str, name: str) -> None:
    sentence = KINDS[kind].model_fields[name].description
    assert name == "kind" or (sentence and sentence[0].isupper() and sentence.endswith("."))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_right_values_are_right(kind: str) -> None:
    entry = {**whole(kind), **({"level": 1} if kind == "outcome-scored" else {})}
    assert not isinstance(judged(entry), Result)


def beyond(info: FieldInfo) -> Any:
    """Just more than a field takes, where it has an end."""
    for kept in (info, *options(info.annotation)):
        for rule in getattr(kept, "metadata", ()) or getattr(kept, "__metadata__", ()):
            for one in getattr(rule, "metadata", (rule,)):
                if isinstance(one, annotated_types.Le):
                    return int(one.le) + 1  # type: ignore[arg-type,call-overload]
                if isinstance(one, annotated_types.MaxLen):
                    return "x" * (one.max_length + 1)
    return None


def wrongs(kind: str, name: str) -> dict[str, Any]:
    """Values that a field does not take."""
    info = KINDS[kind].model_fields[name]
    takes = {get_args(one)[0] if get_origin(one) is Annotated else get_origin(one) or one for one in options(info.annotation)}
    found = {"a thing": 5 if dict in takes else {"nobody": [1]}, "a list": ["x"], "a wrong text": None if str in takes else "no such", "too much": beyond(info)}
    return {what: value for what, value in found.items() if value is not None}


@pytest.mark.parametrize(("kind", "name", "wrong"), [(kind, name, wrong) for kind, name in FIELDS if name != "kind" for wrong in wrongs(kind, name)])
def test_a_wrong_value_for_any_field_is_refused_with_that_fields_sentence(kind: str, name: str, wrong: str) -> None:
    result = judged({**whole(kind), name: wrongs(kind, name)[wrong]})
    assert isinstance(result, Result) and result.status == "refused"
    assert (result.field or "").split(".")[0] == name
    if (name, wrong) == ("replacement", "a thing"):
        assert result.field == "replacement.kind"
    else:
        assert result.code == "too-long" or result.message == KINDS[kind].model_fields[name].description


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_missing_field_says_so_and_what_it_takes(kind: str) -> None:
    for name, info in KINDS[kind].model_fields.items():
        if info.is_required() and name not in ("kind",):
            entry = whole(kind)
            del entry[name]
            assert (judged(entry).field, judged(entry).message) == (name, f"This field is missing. {info.description}")


def test_a_wrong_field_of_a_replacement_is_named_with_its_own_sentence() -> None:
    wrong = {**whole("entry-corrected"), "replacement": {**whole("rung-reached"), "anxiety": 11}}
    info = POSTED_BY_KIND["rung-reached"].model_fields["anxiety"]
    assert (judged(wrong).field, judged(wrong).message) == ("replacement.anxiety", info.description)


# What cannot be true -------------------------------------------------------------------------------------------------------


def attended(house: House, student: UUID | None = None, **fields: Any) -> dict[str, Any]:
    times = {"planned_start": MONDAY.isoformat(), "planned_end": (MONDAY + 3 * HOUR).isoformat()}
    return house.entry("session-attended", student=student, **{**times, "actual_start": MONDAY.isoformat(), **fields})


def at(moment: datetime) -> str:
    return moment.isoformat()


NOBODY = "01a20000-0000-7000-8000-0000000affff"
LONG_AGO = datetime(1989, 12, 31, 23, tzinfo=UTC)
IMPOSSIBLE: dict[str, tuple[Callable[[Any], dict[str, Any]], str, str]] = {
    "a session in the future": (
        lambda house: attended(house, planned_start=at(FRIDAY + timedelta(days=6)), planned_end=at(FRIDAY + timedelta(days=6, hours=2)), actual_start=None),
        "in-future", "planned_start",
    ),
    "a slot in the future": (lambda house: attended(house, session={"date": "2026-03-16", "slot": "lesson"}), "in-future", "session"),
    "somebody who comes in the future": (lambda house: attended(house, **today(actual_start=at(FRIDAY + HOUR))), "in-future", "actual_start"),
    "somebody who leaves in the future": (
        lambda house: attended(house, **today(actual_start=at(FRIDAY - HOUR), actual_end=at(FRIDAY + HOUR))), "in-future", "actual_end",
    ),
    "a plan that ends before it begins": (lambda house: attended(house, planned_end=at(MONDAY - HOUR)), "malformed", "planned_end"),
    "a plan that ends as it begins": (lambda house: attended(house, planned_end=at(MONDAY)), "malformed", "planned_end"),
    "a plan longer than a day": (lambda house: attended(house, planned_end=at(MONDAY + 25 * HOUR)), "malformed", "planned_end"),
    "left before coming": (lambda house: attended(house, actual_end=at(MONDAY - HOUR)), "malformed", "actual_end"),
    "there for longer than a day": (lambda house: attended(house, actual_end=at(MONDAY + 25 * HOUR)), "malformed", "actual_end"),
    "left and never came": (lambda house: attended(house, actual_start=None, actual_end=at(MONDAY + HOUR)), "malformed", "actual_end"),
    "came on another day": (lambda house: attended(house, actual_start=at(MONDAY - 30 * HOUR)), "malformed", "actual_start"),
    "came after it had ended": (lambda house: attended(house, actual_start=at(MONDAY + 6 * HOUR)), "malformed", "actual_start"),
    "came as it ended": (lambda house: attended(house, actual_start=at(MONDAY + 3 * HOUR)), "malformed", "actual_start"),
    "left before it began": (
        lambda house: attended(house, actual_start=at(MONDAY - 2 * HOUR), actual_end=at(MONDAY - HOUR)), "malformed", "actual_end",
    ),
    "supervised by a parent": (lambda house: attended(house, supervised_by=str(house.carer)), "unknown-person", "supervised_by"),
    "supervised by somebody without a role": (lambda house: attended(house, supervised_by=str(house.nobody)), "unknown-person", "supervised_by"),
    "supervised by somebody before their role": (
        lambda house: attended(house, supervised_by=str(house.newcomer)), "unknown-person", "supervised_by",
    ),
    "supervised by staff of somewhere else": (lambda house: attended(house, supervised_by=str(house.stranger)), "unknown-person", "supervised_by"),
    "a note of blanks": (lambda house: house.note(" \u200b\n"), "malformed", "text"),
    "a note of letters that show nothing": (lambda house: house.note("\u3164\u2800"), "malformed", "text"),
    "a worry of nothing": (lambda house: house.entry("worry-raised", text=""), "malformed", "text"),
    "a context of no kind": (lambda house: house.entry("context-noted", category=" "), "malformed", "category"),
    "a voice with neither face nor words": (lambda house: house.entry("voice-heard", speaker="student", face=None, words=None), "malformed", "words"),
    "a voice of blanks": (lambda house: house.entry("voice-heard", speaker="carer", face=None, words="\u2060 "), "malformed", "words"),
    "a rung long before they came": (lambda house: house.rung(at=datetime(1995, 3, 6, 9, tzinfo=UTC)), "malformed", "device_time"),
    "attended before they were born": (
        lambda house: attended(
            house, student=house.born, device_time=at(FRIDAY), planned_start="2012-03-05T09:00:00Z", planned_end="2012-03-05T10:00:00Z", actual_start=None,
        ), "malformed", "planned_start",
    ),
    "a rung before they were born": (lambda house: house.rung(at=datetime(2013, 5, 6, 9, tzinfo=UTC), student=house.born), "malformed", "device_time"),
    "attended and cancelled": (lambda house: attended(house, cancelled_by="us"), "malformed", "cancelled_by"),
    "supervised by nobody": (lambda house: attended(house, supervised_by=NOBODY), "unknown-person", "supervised_by"),
    "at no place": (lambda house: attended(house, place_id=NOBODY), "unknown-place", "place_id"),
    "a session on another day than its plan": (lambda house: attended(house, session={"date": "2026-03-03", "slot": "lesson"}), "malformed", "session"),
    "a score over a year late": (lambda house: house.outcome(day=date(2026, 1, 5), device_time=at(datetime(2027, 1, 7, tzinfo=UTC))), "malformed", "session"),
    "a score given before its session": (lambda house: house.outcome(day=date(2026, 3, 4), device_time=at(MONDAY)), "malformed", "session"),
    "a rung in a session of another week": (lambda house: house.rung(session={"date": "2026-02-23", "slot": "lesson"}), "malformed", "session"),
    "a rung in a session to come": (lambda house: house.rung(at=THURSDAY, session={"date": "2026-03-09", "slot": "lesson"}), "in-future", "session"),
    "parents told in 2030": (lambda house: incident(house, parents_told_at="2030-01-01T00:00:00+00:00"), "malformed", "parents_told_at"),
    "parents told tomorrow": (lambda house: incident(house, parents_told_at=at(FRIDAY + 24 * HOUR)), "in-future", "parents_told_at"),
    "parents told before it happened": (lambda house: incident(house, parents_told_at=at(MONDAY - HOUR)), "malformed", "parents_told_at"),
    "a plan in the year 1": (lambda house: attended(house, planned_start="0001-01-01T00:00:00+14:00"), "malformed", "planned_start"),
    "a plan in the year 9999": (lambda house: attended(house, planned_end="9999-12-31T23:59:59-12:00"), "malformed", "planned_end"),
    "an entry before 1990": (lambda house: house.rung(at=LONG_AGO), "malformed", "device_time"),
    "a session before 1990": (lambda house: house.outcome(day=date(1989, 6, 5), device_time=at(MONDAY)), "malformed", "session.date"),
    "a session in the year 206": (lambda house: {**house.outcome(), "session": {"date": "0206-03-02", "slot": "lesson"}}, "malformed", "session.date"),
}  # fmt: skip


def today(**fields: Any) -> dict[str, Any]:
    return {"device_time": at(FRIDAY), "planned_start": at(FRIDAY - HOUR), "planned_end": at(FRIDAY + 2 * HOUR), **fields}


def incident(house: House, **fields: Any) -> dict[str, Any]:
    return house.entry("incident-recorded", **{"category": "left-site", "restrictive": True, "minutes": 3, **fields})


class People(House):
    """A house with those who are not staff, or not yet, or not here; and a child whose birth is known."""

    def fill(self) -> None:
        self.carer, self.nobody = self.person("Rosemary", "family"), self.person("Sage")
        self.newcomer, self.stranger = self.person("Thyme"), self.person("Basil")
        elsewhere = new_id()
        self.ledger.execute(OpenSetting(id=new_id(), setting_id=elsewhere, name="Hillside"))
        about: dict[str, Any] = {"grant_id": new_id(), "role": "ap-staff", "from_date": date(2026, 3, 3)}
        self.ledger.execute(GrantRole(id=new_id(), setting_id=self.setting, person_id=self.newcomer, **about))
        self.grant(self.stranger, "leader", setting=elsewhere)
        self.born = self.admit("Finn", "Swift")
        whose: dict[str, Any] = {"setting_id": self.setting, "student": self.born, "author_id": self.teacher}
        self.ledger.execute(IdentifyStudent(id=new_id(), date_of_birth=date(2013, 5, 7), **whose))


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """One house for what is refused: nothing of it is stored."""
    house = People.furnished("sqlite", tmp_path_factory.mktemp("rules") / "data")
    house.fill()
    yield house
    house.close()


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_cannot_be_is_refused_with_the_field_to_mend(standing: House, what: str) -> None:
    make, code, field = IMPOSSIBLE[what]
    standing.clock.now = datetime(2027, 1, 8, tzinfo=UTC) if what == "a score over a year late" else FRIDAY
    result = standing.one(make(standing))
    standing.clock.now = FRIDAY
    assert (result.status, result.code, result.field) == ("refused", code, field)
    assert result.message and result.message.endswith(".")


RIGHT: dict[str, Callable[[House], dict[str, Any]]] = {
    "session-attended": attended,
    "incident-recorded": incident,
    "outcome-scored": lambda house: house.outcome(),
    "rung-reached": lambda house: house.rung(),
    "note-written": lambda house: house.note(),
    "voice-heard": lambda house: house.entry("voice-heard", speaker="student", face=3),
    "context-noted": lambda house: house.entry("context-noted", category="moved-home"),
}
"""An entry of each of these kinds in which nothing is wrong."""


@pytest.mark.parametrize("what", [what for what in IMPOSSIBLE if what not in ("an entry before 1990", "a worry of nothing")])
def test_a_correction_cannot_make_an_entry_say_what_cannot_be(standing: House, what: str) -> None:
    make, code, field = IMPOSSIBLE[what]
    wrong = make(standing)
    entry = {**RIGHT[wrong["kind"]](standing), "student_id": wrong["student_id"]}
    standing.clock.now = datetime(2027, 1, 8, tzinfo=UTC) if what == "a score over a year late" else FRIDAY
    correction = standing.correct(entry, at=standing.clock.now, **{**wrong, "id": entry["id"]})
    result = standing.record(entry, correction)[1]
    standing.clock.now = FRIDAY
    assert (result.status, result.code, result.field) == ("refused", code, f"replacement.{field}")


POSSIBLE: dict[str, Callable[[House], dict[str, Any]]] = {
    "came and left in one minute": lambda house: attended(house, actual_end=at(MONDAY)),
    "came early": lambda house: attended(house, actual_start=at(MONDAY - HOUR)),
    "not seen": lambda house: attended(house, actual_start=None),
    "cancelled": lambda house: attended(house, actual_start=None, cancelled_by="student"),
    "cancelled today for later today": lambda house: attended(
        house, device_time=at(FRIDAY), planned_start=at(FRIDAY + 2 * HOUR), planned_end=at(FRIDAY + 4 * HOUR), actual_start=None, cancelled_by="student"
    ),
    "here some minutes before it begins": lambda house: attended(
        house, device_time=at(FRIDAY), planned_start=at(FRIDAY + HOUR / 4), planned_end=at(FRIDAY + 2 * HOUR), actual_start=at(FRIDAY)
    ),
    "over midnight": lambda house: attended(
        house, planned_start=at(MONDAY + 13 * HOUR), planned_end=at(MONDAY + 20 * HOUR), actual_start=at(MONDAY + 13 * HOUR)
    ),
    "supervised by somebody": lambda house: attended(house, supervised_by=str(house.teacher)),
    "scored a month late": lambda house: house.outcome(day=date(2026, 2, 2), device_time=at(FRIDAY)),
    "a visit planned for a session to come": lambda house: house.entry(
        "visit-logged", effort="planned", channel="phone", session={"date": "2026-03-16", "slot": "lesson"}
    ),
    "parents told in the minute it happened": lambda house: incident(house, device_time=at(MONDAY + timedelta(seconds=40)), parents_told_at=at(MONDAY)),
    "a visit that nobody logged": lambda house: house.rung(visit_id=str(new_id())),
}


@pytest.mark.parametrize("what", POSSIBLE)
def test_what_can_be_is_recorded(standing: House, what: str) -> None:
    assert standing.one(POSSIBLE[what](standing)).status == "recorded"


def test_a_place_of_the_setting_is_taken(house: House) -> None:
    place = new_id()
    house.ledger.execute(AddPlace(id=new_id(), setting_id=house.setting, place_id=place, label="The hut"))
    assert house.one(attended(house, place_id=str(place))).status == "recorded"


# When it counts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("session", [None, {"date": "2026-03-02", "slot": "lesson"}])
def test_an_attendance_filled_in_late_counts_on_its_sessions_day(house: House, session: Any) -> None:
    assert house.one(attended(house, device_time=at(FRIDAY), session=session)).status == "recorded"
    told = house.look_back(as_of=MONDAY + 12 * HOUR)
    assert told["progress"]["sessions"] == {"attended": 1} and told["progress"]["last_day"] == "2026-03-02"
    assert told["entries"][0]["occurred_at"] == at(MONDAY)


def test_a_corrected_attendance_counts_on_the_day_of_its_new_plan(house: House) -> None:
    entry = attended(house, device_time=at(THURSDAY))
    tuesday = MONDAY + 24 * HOUR
    moved = house.correct(entry, at=FRIDAY, planned_start=at(tuesday), planned_end=at(tuesday + HOUR), actual_start=at(tuesday))
    assert [result.status for result in house.record(entry, moved)] == ["recorded", "recorded"]
    assert house.look_back()["progress"]["last_day"] == "2026-03-03"


def test_the_phones_clock_is_put_right_before_the_future_is_refused(house: House) -> None:
    ahead = FRIDAY + 2 * HOUR
    entry = attended(house, device_time=at(ahead), planned_start=at(FRIDAY), planned_end=at(FRIDAY + 3 * HOUR), actual_start=at(ahead))
    assert house.one(entry, sent_at=ahead).status == "recorded"
    assert house.one({**entry, "id": str(new_id())}).status == "refused"


# What an incident may be called --------------------------------------------------------------------------------------------


def test_a_category_outside_the_settings_list_is_refused_with_the_list(house: House) -> None:
    result = house.one(incident(house, category="Kit bit me"))
    assert (result.status, result.code, result.field) == ("refused", "unknown-category", "category")
    assert result.message and all(one.id in result.message for one in default_categories()) and "Kit" not in result.message
    for one in default_categories():
        assert house.one(incident(house, category=one.id)).status == "recorded"


def test_a_setting_has_a_list_of_its_own_from_a_date_on(house: House) -> None:
    own = (IncidentCategory(id="ran-off", label="Ran off"), IncidentCategory(id="other", label="Something else"))
    house.ledger.execute(SetIncidentCategories(id=new_id(), setting_id=house.setting, from_date=date(2026, 3, 4), categories=own))
    thursday = {"device_time": at(THURSDAY)}
    assert house.one(incident(house, category="ran-off", **thursday)).status == "recorded"
    assert house.one(incident(house, category="left-site", **thursday)).code == "unknown-category"
    assert house.one(incident(house, category="left-site")).status == "recorded", "on Monday the list that ships held"
    with pytest.raises(Refused):
        house.ledger.execute(SetIncidentCategories(id=new_id(), setting_id=house.setting, from_date=date(2026, 3, 4), categories=(own[0], own[0])))


def test_an_incident_stored_before_there_was_a_list_is_read_and_put_right(house: House) -> None:
    entry = incident(house)
    send = house.ledger.sending.open(house.clock(), None, None, [entry])
    (row,) = send.units[0].rows
    free = orjson.dumps({**orjson.loads(row.state), "category": "Words of earlier days"}).decode()
    house.ledger.recorder.writer.submit([Unit(send.units[0].id, (row._replace(state=free),))]).result()
    told = house.correct(entry, category="Words of earlier days", parents_told_at=at(MONDAY + HOUR))
    other = house.correct(entry, category="Words of today")
    assert [house.one(told).status, house.one(other).code] == ["recorded", "unknown-category"]
    assert house.look_back()["entries"][0]["entry"]["category"] == "Words of earlier days"


@pytest.mark.parametrize("code", ["Kit bit me", "KIT", "kit bit", "-", "a" * 61, "one-two-three-four-five-six-seven"])
def test_a_reason_code_has_no_room_for_words(house: House, code: str) -> None:
    entry = house.rung()
    house.one(entry)
    assert house.one({**house.void(entry), "reason_code": code}).field == "reason_code"

"""Several ladders, a student's own steps, one map for the cohort; and codes for the register that never flatter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.setting import AddCommissioner
from ap_ledger.domain.student import EndPlacement, ExpectStudent, StartPlacement
from ap_ledger.domain.support import SetOwnItems
from ap_ledger.errors import DefinitionError, Refused
from ap_ledger.events.base import Ref
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.ledger import new_id
from frameworks import load_definition, shipped_definitions
from frameworks.register import PRESENT, SessionFacts, codes, suggest
from projections.fold.climb import with_own_steps
from projections.queries.cohort_ladder import cohort_ladder
from projections.queries.own_words import own_labels
from projections.queries.register import suggested_codes
from tests.house import FRIDAY, LADDER, MONDAY, TUESDAY, House

LATER = datetime(2030, 1, 1, tzinfo=UTC)
ONLINE: dict[str, Any] = {
    "id": "online-ladder", "version": 1, "kind": "ladder", "title": "Online", "licence": {"name": "own", "use": "ship"},
    "rungs": [{"id": "reads", "label": "Reads what we write"}, {"id": "writes", "label": "Writes back"}, {"id": "camera", "label": "Turns the camera on"}],
}  # fmt: skip


def own(house: House, definition: str = "default-ladder", **labels: str) -> None:
    words = {name.replace("_", "-").replace("--", "."): label for name, label in labels.items()}
    house.ledger.execute(SetOwnItems(id=new_id(), setting_id=house.setting, student=house.student, definition=Ref(id=definition, version=1), labels=words))


def test_a_students_own_step_stands_between_the_shared_rungs(house: House) -> None:
    own(house, through_door__1="Knocks back", through_door__2="Laughs")
    contacts = ["through-door", "through-door.1", "through-door.2", "through-door.2", "face-to-face"]
    assert {house.one(house.rung(rung, MONDAY + timedelta(days=n))).status for n, rung in enumerate(contacts)} == {"recorded"}
    climbed = house.look_back()["progress"]["ladders"]["default-ladder@1"]
    assert (climbed["baseline"], climbed["latest"], climbed["sustained"]) == ("through-door.2", "face-to-face", "through-door.2")
    assert (
        own_labels(house.reader, [house.reader.one("students", str(house.student)) or {}])[str(house.student)]["default-ladder"]["through-door.1"]
        == "Knocks back"
    )


def test_own_steps_are_this_students_own_and_stand_under_something_shared(house: House) -> None:
    own(house, through_door__1="Knocks back")
    assert house.one(house.rung("through-door.2")).code == "unknown-item"
    assert house.one(house.rung("through-door.1", student=house.other)).code == "unknown-item"
    for definition, labels, code in (
        ("default-ladder", {"moon.1": "x"}, "unknown-item"), ("personal-goal", {"wish.1": "x"}, "unknown-item"), ("nothing", {"goal.1": "x"}, "unknown-framework"),
        ("personal-goal", {"goal": "x"}, "malformed"), ("every-child-matters", {"joined-in.1": "x"}, "unknown-item"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            house.ledger.execute(
                SetOwnItems(id=new_id(), setting_id=house.setting, student=house.student, definition=Ref(id=definition, version=1), labels=labels)
            )
        assert refusal.value.code == code
    own(house, through_door__2="Laughs")
    assert house.one(house.rung("through-door.1", TUESDAY)).status == "recorded", "a late entry may name a step of before"


def test_goals_in_the_students_own_words_are_scored_and_can_be_erased(house: House) -> None:
    own(house, "personal-goal", goal__1="Ride the bus")
    goal = {"framework": {"id": "personal-goal", "version": 1}, "informant": "student"}
    assert house.one(house.entry("outcome-scored", indicator="goal.1", level=4, **goal)).status == "recorded"
    assert house.one(house.entry("outcome-scored", indicator="goal.1", level=11, **goal)).code == "unknown-level"
    assert house.one(house.entry("outcome-scored", indicator="goal.9", level=4, **goal)).code == "unknown-item"
    said = house.look_back()["progress"]["outcomes"]["personal-goal@1"]
    assert said["by_informant"] == {"goal.1": {"student": {"4": 1}}}
    house.shred("learning")
    house.runner.catch_up()
    assert own_labels(house.reader, [house.reader.one("students", str(house.student)) or {}])[str(house.student)] == {"personal-goal": {"goal.1": "[erased]"}}
    with pytest.raises(Refused, match="erased"):
        own(house, "personal-goal", goal__2="More")


def test_raters_are_kept_apart(house: House) -> None:
    house.record(house.outcome(level=1), {**house.outcome(level=0), "informant": "student"})
    said = house.look_back()["progress"]["outcomes"]["every-child-matters@1"]
    assert said["indicators"]["joined-in"] == {"0": 1, "1": 1}
    assert said["by_informant"]["joined-in"] == {"student": {"0": 1}, "teacher": {"1": 1}}


@given(st.permutations(["b.2", "b.10", "b.1", "a.1", "b.1.1"]))
def test_own_steps_are_ordered_by_their_numbers(rungs: list[str]) -> None:
    assert with_own_steps(["a", "b", "c"], [*rungs, "c", "z.1"]) == ["a", "a.1", "b", "b.1", "b.1.1", "b.2", "b.10", "c"]


def test_rungs_below_a_rung_are_named_after_it_and_mean_the_same_for_the_register() -> None:
    def ladder(*smaller: dict[str, Any]) -> dict[str, Any]:
        return {
            **ONLINE,
            "rungs": [{"id": "gate", "label": "Gate", "rungs": list(smaller)}, {"id": "site", "label": "Site", "on_site": True, "supervised": True}],
        }

    nested = load_definition(ladder({"id": "gate.car", "label": "Car"}, {"id": "gate.path", "label": "Path"}))
    assert list(nested.rank) == ["gate", "gate.car", "gate.path", "site"] and nested.rung("gate.path.3").id == "gate.path"  # type: ignore[union-attr]
    for smaller, words in (({"id": "car", "label": "Car"}, "must start with 'gate.'"), ({"id": "gate.in", "label": "In", "on_site": True}, "exactly where")):
        with pytest.raises(DefinitionError, match=words):
            load_definition(ladder(smaller))
    with pytest.raises(DefinitionError, match="supervised and not on site"):
        load_definition({**ONLINE, "rungs": [*ONLINE["rungs"], {"id": "x", "label": "X", "supervised": True}]})


def publish(house: House, authored: dict[str, Any]) -> None:
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition=authored))


def test_a_cohort_stands_on_one_ladder_where_a_map_says_how(house: House) -> None:
    publish(house, ONLINE)
    own(house, through_door__1="Knocks back")
    online = {"ladder": {"id": "online-ladder", "version": 1}}
    for n in range(3):
        house.record(house.rung("through-door.1", MONDAY + timedelta(days=n)))
        house.record(house.entry("rung-reached", MONDAY + timedelta(days=n), house.other, rung="camera", **online))
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting)) or {}
    found = cohort_ladder(house.reader, setting, house.reader.everyone(setting), "default-ladder@1", FRIDAY)
    assert [(student["name"], climbed["sustained"]) for student, climbed in found.students] == [("Ash H", "through-door")] and found.elsewhere == 3
    shared = next(one for one in shipped_definitions() if one["id"] == "default-ladder")
    publish(house, {**shared, "version": 2, "crosswalks": [{"from": "default-ladder@1", "items": {rung["id"]: rung["id"] for rung in shared["rungs"]}}, {"from": "online-ladder@1", "items": {"camera": "face-to-face"}}]})  # fmt: skip
    house.runner.catch_up()
    mapped = cohort_ladder(house.reader, setting, house.reader.everyone(setting), "default-ladder@2", FRIDAY)
    assert [(student["name"], climbed["sustained"]) for student, climbed in mapped.students] == [("Ash H", "through-door"), ("Kit O", "face-to-face")]
    assert (mapped.median_sustained, mapped.elsewhere) == ("through-door", 0)


# The register -------------------------------------------------------------------------------------------------------

FACTS = st.builds(
    SessionFacts, on=st.dates(date(2024, 1, 1), date(2027, 1, 1)), attended=st.booleans(), supervised=st.booleans(), rung_supervised=st.sampled_from([None, True, False]),
    cancelled_by=st.sampled_from([None, "us", "student", "other"]), arranged_by=st.sampled_from([None, "local-authority", "school", "trust", "other"]),
    dual_registered=st.booleans(), expected=st.sampled_from([None, True, False]),
)  # fmt: skip


@given(FACTS)
def test_a_present_code_is_never_suggested_below_on_site_and_supervised(facts: SessionFacts) -> None:
    found = suggest(facts)
    assert found.reason
    if found.code is None:
        return
    code = codes()[found.code]
    assert code.effective_from <= facts.on
    if code.is_present or found.code == "D":
        assert facts.attended and facts.supervised and facts.rung_supervised is not False


def test_the_codes_are_dated_facts_and_those_to_check_stay_marked() -> None:
    known = codes()
    assert {code.code for code in known.values() if code.category in PRESENT} == set("/\\LKVPWB")
    assert all("to check" in known[sign].evidence for sign in ("D", "Q", "Y1")) and known["K"].effective_from == date(2024, 8, 19)


def attended(house: House, at: datetime = MONDAY, **more: Any) -> dict[str, Any]:
    end = at + timedelta(hours=1)
    said = {
        "planned_start": at.isoformat(),
        "planned_end": end.isoformat(),
        "actual_start": at.isoformat(),
        "actual_end": end.isoformat(),
        "supervised_by": str(house.teacher),
    }
    return house.entry("session-attended", end, **{**said, **more})


def suggestions(house: House) -> list[tuple[str | None, str]]:
    house.runner.catch_up()
    return [(one.suggestion.code, one.suggestion.reason) for one in suggested_codes(house.reader, house.student, date(2026, 3, 1), LATER)]


def place(house: House, kind: str, dual: bool = False) -> None:
    commissioner = new_id()
    house.ledger.execute(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=commissioner, name="Somebody", kind=kind))  # type: ignore[arg-type]
    whose: dict[str, Any] = {"setting_id": house.setting, "student": house.student, "author_id": house.teacher}
    house.runner.catch_up()
    (running,) = [one for one in house.reader.collection("placements") if one["student_id"] == str(house.student) and one["end"] is None]
    house.ledger.execute(EndPlacement(id=new_id(), placement_id=UUID(running["id"]), end=date(2026, 1, 30), reason_code="moved", **whose))
    house.ledger.execute(
        StartPlacement(id=new_id(), placement_id=new_id(), start=date(2026, 2, 2), commissioner_id=commissioner, dual_registered=dual, **whose)
    )


@pytest.mark.parametrize(("kind", "dual", "code"), [("local-authority", False, "K"), ("school", False, "B"), ("trust", False, "B"), ("other", False, None), ("local-authority", True, "D")])  # fmt: skip
def test_a_supervised_session_suggests_the_code_of_whoever_arranged_the_place(house: House, kind: str, dual: bool, code: str | None) -> None:
    place(house, kind, dual)
    house.record(attended(house))
    assert [found for found, _ in suggestions(house)] == [code]


def test_the_car_park_is_not_the_site_and_nobody_is_not_a_supervisor(house: House) -> None:
    place(house, "local-authority")
    house.record(attended(house), house.rung("reaches-site", MONDAY + timedelta(minutes=10)), attended(house, TUESDAY, supervised_by=None))
    assert [found for found, _ in suggestions(house)] == [None, None]
    house.record(house.rung("part-session", MONDAY + timedelta(minutes=40)))
    assert suggestions(house)[1] == ("K", "the local authority arranged the place, and the session was attended under supervision")


def test_an_absence_is_not_yet_established_unless_the_timetable_or_we_say_otherwise(house: House) -> None:
    missed = {"actual_start": None, "actual_end": None}
    house.record(attended(house, **missed), attended(house, TUESDAY, cancelled_by="us", **missed))
    assert [found for found, _ in suggestions(house)] == [None, "N"]
    days = (ExpectedDay(weekday=2, slots=("lesson",)),)
    house.ledger.execute(
        ExpectStudent(id=new_id(), setting_id=house.setting, student=house.student, author_id=house.teacher, from_date=date(2026, 3, 1), days=days)
    )
    assert suggestions(house)[1] == ("C2", "the session is outside the student's part-time timetable")


def test_the_default_ladder_is_supervised_from_one_to_one_on_site_upwards() -> None:
    ladder = load_definition(next(one for one in shipped_definitions() if one["id"] == LADDER["id"]))
    assert [rung.id for rung, _ in ladder.climb() if rung.supervised] == [
        "on-site-one-to-one",
        "part-session",
        "whole-session-supported",
        "whole-session-independent",
    ]

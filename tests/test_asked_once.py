"""Nothing is asked twice in one request: neither the access table, nor the read models, nor the frameworks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from ap_ledger.access import About, Who, answers
from ap_ledger.domain.person import RenamePerson
from ap_ledger.recording.ledger import new_id
from api.core import asking
from projections.queries.one_request import OneRequest
from projections.queries.reading import Reader
from tests.house import ECM, LADDER, STEPS, TUESDAY, House

Asked = Counter[tuple[str, Any, Any, bool]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What the access table was asked: the action, and about what."""
    counted: Asked = Counter()
    answer = answers.days_open

    def count(who: Who, action: str, about: About) -> Any:
        counted[action, about.setting_id, about.student_id, about.recent] += 1
        return answer(who, action, about)

    for module in (answers, asking):
        monkeypatch.setattr(module, "days_open", count)
    return counted


def furnish(house: House) -> None:
    """A week of entries, one of them put right."""
    first = house.outcome()
    house.record(house.rung(), house.rung("goes-out", TUESDAY), first, house.unit(), house.note(), house.note("again"))
    house.record(house.correct(first, level=0))
    house.runner.catch_up()


@pytest.mark.parametrize("role", ["leader", "ap-staff", "mentor"])
def test_a_students_page_asks_for_each_action_once(house: House, asked: Asked, role: str) -> None:
    furnish(house)
    person = {"leader": house.leader, "ap-staff": house.teacher, "mentor": house.mentor}[role]
    client = house.browser(person)
    asked.clear()
    answer = client.get(f"/students/{house.student}")
    assert answer.status_code == (403 if role == "mentor" else 200)
    assert asked and set(asked.values()) == {1}, asked


@pytest.mark.parametrize("address", ["/", "/students", "/students/{}/entries", "/students/{}/story", "/api/v1/students/{}/history"])
def test_no_page_about_students_asks_the_same_again(house: House, asked: Asked, address: str) -> None:
    furnish(house)
    client = house.browser()
    asked.clear()
    assert client.get(address.format(house.student)).status_code == 200
    assert asked and set(asked.values()) == {1}, asked


def recording(monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """What a method of the reader is asked for from now on."""
    told: list[str] = []
    ask: Callable[..., Any] = getattr(Reader, name)

    def record(self: Reader, asked: str, *more: Any) -> Any:
        told.append(asked)
        return ask(self, asked, *more)

    monkeypatch.setattr(Reader, name, record)
    return told


def test_a_students_page_reads_only_the_frameworks_that_its_entries_name(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(house)
    client = house.browser()
    client.get(f"/students/{house.student}")
    definitions, kinds = recording(monkeypatch, "definition"), recording(monkeypatch, "collection")
    assert client.get(f"/students/{house.student}").status_code == 200
    named = {f"{one['id']}@{one['version']}" for one in (LADDER, ECM, STEPS)}
    assert set(definitions) == named
    assert "frameworks" not in kinds and max(Counter(kinds).values()) == 1


def test_a_framework_that_was_published_since_is_seen_by_the_next_request(house: House) -> None:
    furnish(house)
    reader = OneRequest(house.reader)
    today = house.clock.now.date()
    before = reader.newest("ladder", today)
    assert [one.key for one in reader.newest("ladder", today)] == [one.key for one in before]
    assert [one.key for one in OneRequest(house.reader).newest("ladder", today)] == [one.key for one in before]


def test_what_one_request_was_told_the_next_one_asks_again(house: House) -> None:
    house.runner.catch_up()
    earlier, leader = OneRequest(house.reader), str(house.leader)
    first = earlier.one("people", leader)
    assert first is not None and first["name"] == "Juniper"
    house.ledger.execute(RenamePerson(id=new_id(), setting_id=house.setting, person_id=house.leader, name="Rowan", author_id=house.leader))
    house.runner.catch_up()
    again, later = earlier.one("people", leader), OneRequest(house.reader).one("people", leader)
    assert again is not None and again["name"] == "Juniper", "one page never says two things of one person"
    assert later is not None and later["name"] == "Rowan"


def test_a_name_that_was_erased_elsewhere_is_not_told_by_the_next_request(house: House) -> None:
    house.runner.catch_up()
    student = str(house.student)
    named = OneRequest(house.reader).one("students", student)
    assert named is not None and named["name"] == "Ash H"
    house.shred("core")
    house.runner.catch_up()
    erased = OneRequest(house.reader).one("students", student)
    assert erased is not None and erased["name"] == "[erased]"

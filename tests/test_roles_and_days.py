"""A role that ends, ends at once; and roles, caseloads and family links begin and end with the days of their setting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.family import LinkFamily, ReleaseToFamily
from ap_ledger.domain.person import EndRole
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.domain.student import AdmitStudent, AssignKeyWorker, AssignMentor, IdentifyStudent
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from tests.house import FRIDAY, House

AUCKLAND = ZoneInfo("Pacific/Auckland")
TOMORROW = FRIDAY.date() + timedelta(days=1)


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    house.runner.catch_up()
    with house.stranger() as made:
        yield made


def sees(house: House, client: TestClient, person: UUID, student: UUID | None = None) -> bool:
    """Whether somebody may read a student's history now."""
    answer = house.browser(person, client.app).get(f"/api/v1/students/{student or house.student}/history")  # type: ignore[arg-type]
    assert answer.status_code in (200, 403)
    return bool(answer.status_code == 200)


def end(house: House, person: UUID, grant: UUID, on: date) -> None:
    house.ledger.execute(EndRole(id=new_id(), setting_id=house.setting, person_id=person, grant_id=grant, on=on, author_id=house.leader))


# Roles --------------------------------------------------------------------------------------------------------------


def test_a_role_that_is_ended_today_ends_with_the_next_request(house: House, client: TestClient) -> None:
    ivy = house.person("Ivy")
    grant = house.grant(ivy, "leader")
    assert sees(house, client, ivy)
    end(house, ivy, grant, FRIDAY.date())
    assert not sees(house, client, ivy)
    house.clock.now += timedelta(hours=20)
    assert not sees(house, client, ivy)


def test_the_page_of_people_ends_a_role_at_once(house: House, client: TestClient) -> None:
    admin, ivy = house.person("Thyme", "administrator"), house.person("Ivy")
    grant, token = house.grant(ivy, "leader"), house.token(ivy)
    house.runner.catch_up()
    form = {"setting": str(house.setting), "do": "end", "person": str(ivy), "grant": str(grant), "command": str(new_id())}
    answer = house.browser(admin, client.app).post("/people", data=form)  # type: ignore[arg-type]
    assert "The role has ended" in answer.text
    assert not sees(house, client, ivy) and client.get("/api/v1/students", headers=token).status_code == 403
    assert str(grant) not in answer.text, "it is not among the roles that there are"


def test_a_last_day_that_is_to_come_is_the_settings_day(house: House, client: TestClient) -> None:
    ivy = house.person("Ivy")
    grant = house.grant(ivy, "leader")
    end(house, ivy, grant, TOMORROW)
    house.clock.now = datetime(2026, 3, 7, 23, 59, tzinfo=UTC)
    assert sees(house, client, ivy)
    house.clock.now = datetime(2026, 3, 8, 0, 1, tzinfo=UTC)
    assert not sees(house, client, ivy)


def test_a_role_whose_last_day_is_today_can_be_ended_before_the_day_is_over(house: House, client: TestClient) -> None:
    ivy = house.person("Ivy")
    planned = house.grant(ivy, "leader", until=FRIDAY.date())
    assert sees(house, client, ivy)
    end(house, ivy, planned, FRIDAY.date())
    assert not sees(house, client, ivy)
    with pytest.raises(Refused, match="does not hold that role"):
        end(house, ivy, planned, FRIDAY.date())


def test_what_was_written_before_a_role_ended_is_still_taken(house: House, client: TestClient) -> None:
    """An entry that comes from a tablet an hour later was written in somebody's role, or after it."""
    from api.core.asking import DEVICE_COOKIE

    ivy = house.person("Ivy")
    grant, device = house.grant(ivy, "ap-staff"), new_id()
    key = house.ways_in.admit(house.setting, "A tablet", "tablet", house.leader)
    device, credential = house.ways_in.enrol(key)
    house.accounts.begin(ivy, "full", device)
    began = house.clock.now
    house.clock.now += timedelta(minutes=30)
    end(house, ivy, grant, FRIDAY.date())
    house.clock.now += timedelta(minutes=30)
    before, after = (house.rung(at=began + timedelta(minutes=minute), author_id=str(ivy)) for minute in (20, 40))
    body = {"sent_at": house.clock.now.isoformat(), "device_id": None, "entries": [before, after]}
    client.cookies.set(DEVICE_COOKIE, credential)
    results = client.post("/api/v1/entries", json=body).json()["results"]
    assert [result["status"] for result in results] == ["recorded", "refused"]


@pytest.fixture
def far(house: House) -> UUID:
    """A setting where the day begins half a day earlier."""
    setting = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=setting, name="Otherfield", time_zone="Pacific/Auckland"))
    return setting


def test_a_role_begins_and_ends_with_the_days_of_its_setting(house: House, far: UUID, client: TestClient) -> None:
    student = admitted(house, far)
    ivy = house.person("Ivy")
    about = {"setting_id": far, "person_id": ivy, "role": "leader", "from_date": date(2026, 3, 9), "until": date(2026, 3, 9)}
    from ap_ledger.domain.person import GrantRole

    house.ledger.execute(GrantRole(id=new_id(), grant_id=new_id(), **about))
    seen = []
    for hour in (datetime(2026, 3, 8, 23, 59), datetime(2026, 3, 9, 0, 1), datetime(2026, 3, 9, 23, 59), datetime(2026, 3, 10, 0, 1)):
        house.clock.now = hour.replace(tzinfo=AUCKLAND).astimezone(UTC)
        seen.append(sees(house, client, ivy, student))
    assert seen == [False, True, True, False]


def admitted(house: House, setting: UUID) -> UUID:
    student = new_id()
    whose: dict[str, Any] = {"setting_id": setting, "student": student, "author_id": house.teacher}
    house.ledger.execute(AdmitStudent(id=new_id(), on=date(2026, 1, 5), **whose))
    house.ledger.execute(IdentifyStudent(id=new_id(), given_name="Kea", family_name="Fern", **whose))
    house.runner.catch_up()
    return student


# What ties somebody to a student --------------------------------------------------------------------------------------


@pytest.mark.parametrize("tie", [AssignMentor, AssignKeyWorker])
def test_a_caseload_begins_with_the_settings_day(house: House, far: UUID, client: TestClient, tie: Any) -> None:
    student = admitted(house, far)
    ivy = house.person("Ivy")
    house.grant(ivy, "mentor", far)
    house.ledger.execute(tie(id=new_id(), setting_id=far, student=student, person_id=ivy, from_date=date(2026, 3, 9)))
    seen = []
    for hour in (datetime(2026, 3, 8, 23, 59), datetime(2026, 3, 9, 0, 1)):
        house.clock.now = hour.replace(tzinfo=AUCKLAND).astimezone(UTC)
        seen.append(sees(house, client, ivy, student))
    assert seen == [False, True]


def test_a_caseload_ends_with_the_settings_day(house: House, far: UUID, client: TestClient) -> None:
    student = admitted(house, far)
    ivy = house.person("Ivy")
    house.grant(ivy, "mentor", far)
    days = {"from_date": date(2026, 3, 1), "until": date(2026, 3, 9)}
    house.ledger.execute(AssignMentor(id=new_id(), setting_id=far, student=student, person_id=ivy, **days))
    seen = []
    for hour in (datetime(2026, 3, 9, 23, 59), datetime(2026, 3, 10, 0, 1)):
        house.clock.now = hour.replace(tzinfo=AUCKLAND).astimezone(UTC)
        seen.append(sees(house, client, ivy, student))
    assert seen == [True, False]


def test_a_family_link_from_a_later_date_waits_for_it(house: House, client: TestClient) -> None:
    rose = house.person("Rosemary", "family")
    whose: dict[str, Any] = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
    house.ledger.execute(LinkFamily(id=new_id(), person_id=rose, from_date=TOMORROW, **whose))
    house.ledger.execute(ReleaseToFamily(id=new_id(), released=True, **whose))
    house.runner.catch_up()

    def shown() -> tuple[bool, bool]:
        browser = house.browser(rose, client.app)  # type: ignore[arg-type]
        listed = browser.get("/api/v1/students").json()["items"]
        return bool(listed), browser.get(f"/students/{house.student}/learning").status_code == 200

    assert shown() == (False, False)
    house.clock.now = datetime(2026, 3, 7, 0, 1, tzinfo=UTC)
    assert shown() == (True, True)


def test_what_a_page_gives_from_today_on_is_from_the_settings_today(house: House, far: UUID, client: TestClient) -> None:
    admin, ivy = house.person("Thyme"), house.person("Ivy", setting=far)
    house.grant(admin, "administrator", far)
    house.runner.catch_up()
    # In Auckland it is Saturday already, and in Greenwich still Friday.
    house.clock.now = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
    form = {"setting": str(far), "do": "grant", "person": str(ivy), "role": "mentor", "form": str(new_id()), "command": str(new_id())}
    assert "is given" in house.browser(admin, client.app).post("/people", data=form).text  # type: ignore[arg-type]
    person = house.ledger.states.person(ivy)
    assert person is not None and [role.from_date for role in person.roles] == [TOMORROW]

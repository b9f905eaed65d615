"""Who is kept from whose record is said on a page, by those who may, and ended by somebody else."""

from __future__ import annotations

from uuid import UUID

from fastapi.testclient import TestClient

from tests.house import House
from tests.test_setting_up import form_of, opened, send


def declare(client: TestClient, person: UUID, student: UUID, reason: str = "own-child", status: int = 200) -> str:
    fields = form_of(opened(client, "/conflicts"), "declare")
    answer = client.post("/conflicts", data={**fields, "person": str(person), "student": str(student), "reason_code": reason})
    assert answer.status_code == status, answer.text
    return answer.text


def test_a_leader_keeps_somebody_from_a_record_and_lets_them_see_it_again(house: House) -> None:
    with house.browser() as leader, house.browser(house.teacher) as teacher:
        assert teacher.get(f"/students/{house.student}").status_code == 200
        page = declare(leader, house.teacher, house.student)
        assert "kept from that record from now on" in page and "Birch, from Ash H" in page
        assert teacher.get(f"/students/{house.student}").status_code in (403, 404)
        assert teacher.get(f"/students/{house.other}").status_code == 200
        fields = form_of(page, "end")
        refused = leader.post("/conflicts", data=fields)
        assert refused.status_code == 422 and "Tick that you mean it" in refused.text
        assert "kept from it no more" in send(leader, "/conflicts", **fields, sure="1")
        assert teacher.get(f"/students/{house.student}").status_code == 200


def test_whoever_is_kept_from_a_child_learns_nothing_of_it_on_the_page(house: House) -> None:
    other = house.person("Sorrel", "leader")
    with house.browser() as leader, house.browser(other) as kept:
        assert "Ash H" in opened(kept, "/conflicts")
        declare(leader, other, house.student)
        declare(leader, house.teacher, house.student, "allegation")
        page = opened(kept, "/conflicts")
        assert "Ash H" not in page and "Kit O" in page and "Nobody is." in page


def test_nobody_ends_one_of_their_own(house: House) -> None:
    with house.browser() as leader:
        fields = form_of(opened(leader, "/conflicts"), "declare")
        declared = {**fields, "person": str(house.leader), "student": str(house.student), "reason_code": "own-child"}
        assert leader.post("/conflicts", data=declared).status_code == 200
        # They see nothing of the child any more, and so not this either.
        fields = {**form_of(opened(leader, "/conflicts"), "declare"), "do": "end", "person": str(house.leader), "student": str(house.student), "sure": "1"}
        assert leader.post("/conflicts", data=fields).status_code in (403, 422)


def test_a_lead_is_kept_from_a_child_by_no_one_person_and_may_say_it_of_themselves(house: House) -> None:
    lead = house.person("Yew", "dsl")
    with house.browser() as leader, house.browser(lead) as own:
        assert "This takes two people" in declare(leader, lead, house.student, status=422)
        assert "kept from that record from now on" in declare(own, lead, house.student)


def test_a_slip_is_said_and_what_was_chosen_stays(house: House) -> None:
    with house.browser() as leader:
        page = declare(leader, house.teacher, house.student, "because", 422)
        assert "Choose why" in page and page.count("selected") == 2
        declare(leader, house.teacher, house.student)
        assert "declared before" in declare(leader, house.teacher, house.student, status=422)


def test_people_leads_there_for_those_who_may(house: House) -> None:
    with house.browser() as leader, house.browser(house.teacher) as teacher:
        assert "/conflicts?setting=" in opened(leader, "/people") and "/conflicts?setting=" not in opened(teacher, "/people")

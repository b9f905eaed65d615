"""A leader brings a framework and publishes it; staff score a slot against it; a carer answers a questionnaire."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.student import IdentifyStudent
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.held.drafts import Draft
from api.core.show import entry_id
from frameworks import definition_hash, read_yaml, shipped_definitions
from frameworks.exchange.sheet_templates import template
from frameworks.exchange.sheets import read_sheet
from projections.queries.crosswalks import outcomes_carried
from projections.queries.instruments import half_terms
from projections.queries.periods import student_period
from tests.house import FRIDAY, MONDAY, TUESDAY, House
from tests.test_learning import publish, step

THEMES = template("outcomes")


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    house.runner.catch_up()
    with house.browser() as made:
        yield made


def text(page: Any) -> str:
    """The words of a page, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def fields(page: Any) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return {name: unescape(value) for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)}


def bring(client: TestClient, source: str, do: str = "check", **more: Any) -> Any:
    opened = fields(client.get("/frameworks/new"))
    answer = client.post("/frameworks/new", data={**opened, "source": source, "do": do, **more}, follow_redirects=False)
    if answer.status_code == 303:
        # The page that a browser goes to next has waited until what was published can be seen.
        assert client.get(answer.headers["location"]).status_code == 200
    return answer


# Publishing ---------------------------------------------------------------------------------------------------------


def test_everything_published_is_listed_and_shown_whole(house: House, client: TestClient) -> None:
    page = text(client.get("/frameworks"))
    for authored in shipped_definitions():
        assert authored["title"] in page
        shown = client.get(f"/frameworks/{authored['id']}/1")
        assert shown.status_code == 200 and definition_hash(authored) in shown.text
    ecm = text(client.get("/frameworks/every-child-matters/1"))
    assert "Crown copyright" in ecm and "Said or showed how they felt" in ecm and "Contains Parliamentary information" in ecm
    assert client.get("/frameworks/every-child-matters/9").status_code == 404


def test_a_published_definition_is_a_file_again_with_the_same_hash(house: House, client: TestClient) -> None:
    for authored in shipped_definitions():
        answer = client.get(f"/frameworks/{authored['id']}/1/yaml")
        assert read_yaml(answer.text) == authored and f'filename="{authored["id"]}-1.yaml"' in answer.headers["content-disposition"]
        told = client.get(f"/api/v1/frameworks/{authored['id']}/1").json()
        assert definition_hash(told["definition"]) == told["content_hash"]
        assert json.loads(client.get(f"/frameworks/{authored['id']}/1/case").content)["CFDocument"]["title"] == authored["title"]


def test_words_that_may_not_be_passed_on_are_refused_as_a_file(house: House, client: TestClient) -> None:
    authored = {**next(one for one in shipped_definitions() if one["id"] == "rag"), "id": "theirs", "licence": {"name": "paid for", "use": "user-supplied"}}
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition=authored))
    house.runner.catch_up()
    answer = client.get("/frameworks/theirs/1/yaml")
    assert answer.status_code == 422 and "may not be passed on" in answer.json()["detail"]
    assert "cannot be downloaded" in text(client.get("/frameworks/theirs/1"))


@pytest.mark.parametrize("kind", ["outcomes", "curriculum", "ladder", "instrument"])
def test_a_newcomer_starts_from_a_template_sees_the_tree_tries_it_and_publishes(house: House, client: TestClient, kind: str) -> None:
    source = template(kind)
    assert client.get(f"/frameworks/template/{kind}.csv").content.decode("utf-8-sig") == source
    checked = bring(client, source)
    assert checked.status_code == 200 and "is sound" in text(checked) and "Publish it" in text(checked)
    published = bring(client, source, "publish")
    assert published.status_code == 303
    page = client.get(published.headers["location"])
    assert page.status_code == 200
    authored = read_sheet(source).authored or {}
    assert house.ledger.published.content_hash(f"{authored['id']}@1") == definition_hash(authored)
    again = bring(client, source, "publish")
    assert again.status_code == 303, "publishing the very same thing again is harmless"


def test_every_fault_stands_beside_its_row_and_nothing_is_published(house: House, client: TestClient) -> None:
    source = "theme,indicator,scale,comes after\nA,One,,Two\n,Two,sceen,One\n,Three,,Four\n,Four,,Three\n"
    page = bring(client, source, "publish")
    assert page.status_code == 422 and house.ledger.published.newest("pasted") is None
    rows = re.findall(r'<tr class="marked"><td>(\d+)</td><td>(.*?)</td>', page.text, re.S)
    assert [number for number, _ in rows] == ["2", "3", "4", "5"]
    assert "no scale is called" in rows[1][1] and "wait for each other" in unescape(rows[2][1])


def test_an_upload_is_read_by_what_it_is(house: House, client: TestClient) -> None:
    def upload(name: str, content: bytes) -> Any:
        return client.post("/frameworks/new", data={**fields(client.get("/frameworks/new")), "do": "check"}, files={"file": (name, content)})

    ecm = next(one for one in shipped_definitions() if one["id"] == "every-child-matters")
    assert "Every Child Matters is sound" in text(upload("mine.yaml", client.get("/frameworks/every-child-matters/1/yaml").content))
    assert "is sound" in text(upload("mine.json", client.get("/frameworks/every-child-matters/1/case").content))
    assert "is sound" in text(upload("mine.csv", b"\xef\xbb\xbf" + THEMES.encode()))
    assert "a zip file" in text(upload("mine.xlsx", b"PK\x03\x04rest"))
    assert "no row names the columns" in text(upload("mine.csv", b"hello"))
    assert ecm["id"] not in upload("mine.csv", b"").text


def test_a_form_over_the_limit_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post(
        "/frameworks/new", content=b"x", headers={"content-length": str(30 * 1024 * 1024), "content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413


def test_the_same_id_and_version_with_other_words_is_refused_with_both_hashes(house: House, client: TestClient) -> None:
    bring(client, THEMES, "publish")
    changed = THEMES.replace("Started a task", "Began a task")
    page = bring(client, changed, "publish")
    hashes = [definition_hash(read_sheet(source).authored or {}) for source in (THEMES, changed)]
    assert page.status_code == 422 and all(one in page.text for one in hashes)


def test_a_questionnaire_is_tried_on_answers_that_are_not_kept(house: House, client: TestClient) -> None:
    before = house.ledger.recorder.read_head().position
    source = client.get("/frameworks/carer-confidence/1/yaml").text
    page = text(bring(client, source, "try", **{"try:mornings": "2", "try:hard-moments": "4", "try:rest": "3"}))
    assert "Day to day : 3" in page and "too few questions were answered" in page
    assert house.ledger.recorder.read_head().position == before


def test_the_next_version_says_what_changed(house: House, client: TestClient) -> None:
    bring(client, THEMES, "publish")
    second = THEMES.replace("version,1", "version,2").replace("Started a task", "Began a task")
    published = bring(client, second, "publish")
    assert "'Started a task' is gone" in text(client.get(published.headers["location"]))


def test_a_version_is_retired_once_and_stays_readable(house: House, client: TestClient) -> None:
    form = {**fields(client.get("/frameworks/rag/1"))}
    for _ in range(2):
        sent = client.post("/frameworks/rag/1/retire", data=form, follow_redirects=False)
        assert sent.status_code == 303
    page = client.get(sent.headers["location"])
    assert "This version is retired" in text(page) and "Getting there" in text(page) and "Retire rag@1" not in text(page)
    assert client.post("/frameworks/rag/1/retire", data={**form, "command": str(new_id())}).json()["code"] == "not-allowed"


def test_an_entry_of_a_form_always_has_the_same_id_and_it_is_a_uuid_of_version_7() -> None:
    form = new_id()
    made = entry_id(form, "a", "b")
    assert made == entry_id(form, "a", "b") != entry_id(form, "a", "c") and made.version == 7 and made.variant == form.variant
    assert entry_id(new_id(), "a", "b") != made


# Learning -----------------------------------------------------------------------------------------------------------


def test_the_learning_pages_plan_from_what_is_known(house: House, client: TestClient) -> None:
    publish(house)
    house.record(step(house, "a", "known"), step(house, "d", "met", TUESDAY))
    house.runner.catch_up()
    page = text(client.get(f"/students/{house.student}/learning", params={"curriculum": "small@1"}))
    assert "Worth building underneath 2" in page and "under: D" in page and "1 of 2 known" in page
    before = text(client.get(f"/students/{house.student}/learning", params={"curriculum": "small@1", "as_of": "2026-03-02"}))
    assert "Worth building underneath" not in before and "what had happened by Mon 2 Mar 2026" in before
    group = text(client.get("/learning", params={"curriculum": "small@1", "student": str(house.student)}))
    assert "1 of 2 students" in group and "Units that most are ready for" in group
    told = client.get(f"/api/v1/students/{house.student}/learning/small/1").json()
    assert told["units"]["a"] == {"status": "known", "since": "2026-03-02", "secure": True, "losses": 0, "steps": [{"on": "2026-03-02", "status": "known"}]}
    assert told["next"]["gaps"] == [{"unit": "b", "holds_up": ["d"]}, {"unit": "c", "holds_up": ["d"]}]
    grouped = client.get(f"/api/v1/settings/{house.setting}/learning/small/1").json()
    assert grouped["shared"][0] in ("a", "b") and {unit["unit"]: unit["secure"] for unit in grouped["units"]}["a"] == [str(house.student)]
    assert client.get(f"/api/v1/students/{house.student}/learning/nothing/1").status_code == 404


def test_contact_is_shown_in_middles_and_never_in_means(house: House, client: TestClient) -> None:
    house.record(*[house.rung("goes-out", MONDAY + timedelta(days=n)) for n in range(3)])
    house.runner.catch_up()
    page = text(client.get("/contact"))
    assert "Middle of what is kept up Goes out with the mentor" in page and "average" not in page.replace("no averages", "") and "%" not in page


# Questionnaires -----------------------------------------------------------------------------------------------------


def questions(client: TestClient, house: House, **more: str) -> Any:
    """The page that a carer is handed; staff take the tablet back at once, so that the test can go on."""
    answer = client.get(f"/students/{house.student}/questionnaires/carer-confidence/1", params={"respondent": "carer", **more})
    house.take_back(client)
    return answer


def answers(client: TestClient, house: House, form: dict[str, str], do: str = "finish", **said: str) -> Any:
    given = {f"answer:{item.replace('_', '-')}": value for item, value in said.items()}
    return client.post(f"/students/{house.student}/questionnaires/carer-confidence/1", data={**form, **given, "do": do}, follow_redirects=False)


def test_a_carer_handed_the_tablet_sees_the_questions_and_nothing_else(house: House, client: TestClient) -> None:
    page = questions(client, house)
    assert page.status_code == 200 and "Ash" not in page.text and 'href="/students' not in page.text and 'href="/sessions"' not in page.text
    assert page.text.count("<fieldset") == 10 and "You can leave out any question" in page.text
    assert questions(client, house, respondent="moon").status_code == 404
    assert client.get(f"/students/{house.student}/questionnaires/staff-confidence-audit/1", params={"respondent": "mentor"}).status_code == 404


def test_a_questionnaire_is_read_in_another_language_without_losing_what_was_kept(house: House, client: TestClient) -> None:
    authored = next(one for one in shipped_definitions() if one["id"] == "carer-confidence")
    welsh = {"title": "Pa mor hyderus?", "labels": {"rest": "Rwy'n cael digon o orffwys"}, "levels": {"confident/5": "Yn llwyr"}}
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition={**authored, "version": 2, "translations": {"cy": welsh}}))
    house.runner.catch_up()
    url, who = f"/students/{house.student}/questionnaires/carer-confidence/2", {"respondent": "carer"}
    page = client.get(url, params=who)
    assert "Cymraeg" in text(page) and "I get enough rest" in text(page)
    client.post(url, data={**fields(page), "answer:rest": "5", "do": "keep"})
    other = client.get(url, params={**who, "language": "cy", "draft": fields(page)["draft"]})
    assert "Rwy'n cael digon o orffwys" in text(other) and "Yn llwyr" in text(other) and "English" in text(other) and 'lang="cy"' in other.text
    assert other.text.count("checked") == 1
    assert client.post(url, data={**fields(other), "answer:rest": "5", "do": "finish"}, follow_redirects=False).status_code == 303


def test_what_is_for_other_ages_is_not_asked_of_a_student(house: House, client: TestClient) -> None:
    authored = {**(read_sheet(THEMES).authored or {}), "id": "by-age"}
    authored["items"] = [{"id": "t", "label": "T", "items": [{"id": "young", "label": "Young", "applies_to": {"ages": [5, 9]}}, {"id": "all", "label": "All"}]}]
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition=authored))
    whose: dict[str, Any] = {"setting_id": house.setting, "student": house.student, "author_id": house.teacher}
    house.ledger.execute(IdentifyStudent(id=new_id(), given_name="Ash", family_name="Heron", date_of_birth=date(2012, 5, 1), **whose))
    house.runner.catch_up()
    not_asked = {one["id"]: one["not_asked"] for one in client.get("/api/v1/capture").json()["students"]}
    assert not_asked == {str(house.student): ["by-age@1|young"], str(house.other): []}, "an age that is not known rules nothing out"
    missing = {row["student_id"]: [one["indicator"] for one in row["missing"] if one["framework"] == "by-age@1"] for row in client.get(f"/api/v1/settings/{house.setting}/sheet?date=2026-03-02&slot=lesson").json()["students"]}  # fmt: skip
    assert missing == {str(house.student): ["all"], str(house.other): ["young", "all"]}


def test_answers_are_kept_as_they_go_and_scored_when_finished(house: House, client: TestClient) -> None:
    form = fields(questions(client, house))
    assert answers(client, house, form, "keep", mornings="2").status_code == 204
    assert answers(client, house, form, "keep", mornings="2", rest="4").status_code == 204
    (draft,) = house.drafts.of(house.student)
    assert draft.answers == {"mornings": 2, "rest": 4} and house.look_back()["entries"] == []
    assert "2 of 10 answered" in text(client.get(f"/students/{house.student}/questionnaires"))
    resumed = questions(client, house, draft=form["draft"])
    assert resumed.text.count("checked") == 2 and fields(resumed)["draft"] == form["draft"]
    done = answers(client, house, fields(resumed), mornings="2", rest="4", hard_moments="3", next_step="~not-applicable")
    assert "Please hand the tablet back" in text(client.get(done.headers["location"]))
    assert house.drafts.of(house.student) == [] and len(house.look_back()["entries"]) == 1
    page = text(client.get(f"/students/{house.student}/questionnaires"))
    assert "Day to day 3 –" in page and "too few questions were answered" in page


def test_every_field_of_several_drafts_has_a_name_of_its_own(house: House, client: TestClient) -> None:
    for _ in range(2):
        answers(client, house, fields(questions(client, house)), "keep", rest="3")
    page = client.get(f"/students/{house.student}/questionnaires").text
    ids = re.findall(r' id="([^"]+)"', page)
    assert page.count("Go on") == 2 and len(ids) == len(set(ids)) and set(re.findall(r'<label for="([^"]+)"', page)) <= set(ids)


def test_what_was_still_being_kept_when_somebody_finished_leaves_no_ghost(house: House, client: TestClient) -> None:
    form = fields(questions(client, house))
    answers(client, house, form, mornings="2")
    assert answers(client, house, form, "keep", mornings="2").status_code == 204 and house.drafts.of(house.student) == []
    answers(client, house, form, "keep", mornings="5")
    assert [draft.answers for draft in house.drafts.of(house.student)] == [{"mornings": 5}], "what differs from what was recorded is kept"


def test_finishing_twice_records_once_and_going_back_to_change_an_answer_corrects_it(house: House, client: TestClient) -> None:
    form = fields(questions(client, house))
    for _ in range(2):
        assert answers(client, house, form, mornings="2", rest="4", hard_moments="3").status_code == 303
    assert [entry["status"] for entry in house.look_back()["entries"]] == ["current"]
    for _ in range(2):
        assert answers(client, house, form, mornings="5", rest="4", hard_moments="3").status_code == 303
    (entry,) = house.look_back()["entries"]
    assert (entry["status"], entry["entry"]["answers"]["mornings"], len(entry["changes"])) == ("corrected", 5, 1)
    house.runner.catch_up()
    told = client.get(f"/api/v1/students/{house.student}/questionnaires").json()["items"]
    carer = next(item for item in told if item["respondent"] == "carer")
    assert [one["scores"]["day-to-day-confidence"]["value"] for one in carer["answered"]] == [4]


def test_now_is_compared_with_the_starting_point_by_rater(house: House, client: TestClient) -> None:
    instrument = {"instrument": {"id": "carer-confidence", "version": 1}, "respondent": "carer"}
    low, high = (dict.fromkeys(("mornings", "hard-moments", "after-a-hard-moment", "rest"), level) for level in (2, 4))
    first, second = (
        house.entry("instrument-answered", MONDAY, answers=low, **instrument),
        house.entry("instrument-answered", TUESDAY, answers=high, **instrument),
    )
    assert [result.status for result in house.record(second, first)] == ["recorded", "recorded"]
    house.runner.catch_up()
    page = text(client.get(f"/students/{house.student}/questionnaires"))
    assert "Day to day 2 4 +2 (better)" in page
    house.record(house.void(second))
    house.runner.catch_up()
    assert "Day to day 2 – –" in text(client.get(f"/students/{house.student}/questionnaires"))
    past = client.get(f"/api/v1/students/{house.student}/questionnaires", params={"as_of": MONDAY.isoformat()}).json()["items"][0]
    assert len(past["answered"]) == 1


def test_an_earlier_version_is_the_starting_point_only_where_a_crosswalk_says_so(house: House, client: TestClient) -> None:
    authored = next(one for one in shipped_definitions() if one["id"] == "carer-confidence")
    asked = ("mornings", "hard-moments", "after-a-hard-moment", "rest")
    house.record(
        house.entry("instrument-answered", MONDAY, instrument={"id": authored["id"], "version": 1}, respondent="carer", answers=dict.fromkeys(asked, 2))
    )

    def told(version: int, **more: Any) -> list[Any]:
        house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition={**authored, "version": version, **more}))
        house.record(
            house.entry(
                "instrument-answered", TUESDAY, instrument={"id": authored["id"], "version": version}, respondent="carer", answers=dict.fromkeys(asked, 4)
            )
        )
        house.runner.catch_up()
        items = client.get(f"/api/v1/students/{house.student}/questionnaires").json()["items"]
        (found,) = [item for item in items if item["instrument"] == f"{authored['id']}@{version}"]
        return [answering["scores"]["day-to-day-confidence"]["value"] for answering in found["answered"]]

    assert told(2) == [4]
    assert told(3, crosswalks=[{"from": "carer-confidence@1", "items": {item: item for item in asked[:3]}, "levels": {"2": 1}}]) == [1, 4]


def test_outcomes_go_on_in_the_next_version_where_a_crosswalk_says_so(house: House) -> None:
    ecm = next(one for one in shipped_definitions() if one["id"] == "every-child-matters")
    house.record(house.outcome("joined-in", 1), house.outcome("kept-going", 0), house.outcome("came-back", level=None))
    walk = {"from": "every-child-matters@1", "items": {"joined-in": "joined-in", "kept-going": "tried-new", "came-back": "came-back"}, "levels": {"0": 1}}
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition={**ecm, "version": 2, "crosswalks": [walk]}))
    house.record(house.outcome("finished-part", 1), {**house.outcome("tried-new", 1), "framework": {"id": ecm["id"], "version": 2}})
    outcomes = house.look_back()["progress"]["outcomes"]
    moved = outcomes_carried(house.reader, outcomes, house.reader.newest("outcomes", date(2026, 3, 6)))
    assert moved["every-child-matters@2"]["indicators"] == {"tried-new": {"1": 2}, "joined-in": {"1": 1}, "came-back": {"~not-observed": 1}}
    assert (
        moved["every-child-matters@2"]["by_slot_kind"]["tried-new"] == {"lesson": {"1": 2}} and "joined-in" in outcomes["every-child-matters@1"]["indicators"]
    )
    assert moved["every-child-matters@1"]["indicators"] == {"finished-part": {"1": 1}}, "what no crosswalk names stays where it was scored"


def test_what_was_known_before_a_next_version_is_told_under_the_version_of_then(house: House) -> None:
    ecm = next(one for one in shipped_definitions() if one["id"] == "every-child-matters")
    house.record(house.outcome("joined-in", 1))
    walk = {"from": "every-child-matters@1", "items": {"joined-in": "joined-in"}}
    house.clock.now = FRIDAY + timedelta(days=14)
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition={**ecm, "version": 2, "crosswalks": [walk]}))
    house.runner.catch_up()
    student, setting = house.reader.student_and_setting(house.student)
    themes = [student_period(house.reader, student, setting, date(2026, 3, 2), date(2026, 3, 6), known_at).themes for known_at in (FRIDAY, None)]
    assert [[theme.framework.key for theme in told] for told in themes] == [["every-child-matters@1"], ["every-child-matters@2"]]
    frames = f"/students/{house.student}/frames"
    with house.browser() as client:
        told_on = [list(client.get(address).json()["themes"]) for address in (f"{frames}?known=2026-03-06", frames)]
    assert told_on == [["every-child-matters@1"], ["every-child-matters@2"]]


def test_an_answer_off_its_scale_or_by_the_wrong_person_is_refused_and_kept(house: House) -> None:
    instrument = {"instrument": {"id": "carer-confidence", "version": 1}}
    wrong = [
        ({"respondent": "teacher", "answers": {"rest": 1}}, "not-allowed"), ({"respondent": "carer", "answers": {"rest": 9}}, "unknown-level"),
        ({"respondent": "carer", "answers": {"moon": 1}}, "unknown-item"), ({"respondent": "carer", "answers": {"rest": "~never"}}, "unknown-level"),
    ]  # fmt: skip
    for said, code in wrong:
        assert house.one(house.entry("instrument-answered", **instrument, **said)).code == code
    staff = house.entry("instrument-answered", instrument={"id": "staff-confidence-audit", "version": 1}, respondent="mentor", answers={"doorstep": 2})
    assert house.one(staff).code == "not-allowed" and len(house.ledger.waiting.entries()) == 5


def test_drafts_and_answers_are_erased_with_the_students_key(house: House, client: TestClient) -> None:
    form = fields(questions(client, house))
    answers(client, house, form, mornings="2", rest="4", hard_moments="3")
    draft = Draft(new_id(), house.student, "carer-confidence@1", "carer", FRIDAY, {"rest": 1})
    assert house.drafts.keep(draft) and house.drafts.of(house.student) == [draft]
    house.shred("health")
    assert house.drafts.of(house.student) == [] and not house.drafts.keep(draft)
    late = answers(client, house, {**form, "draft": str(new_id())}, "later", rest="1")
    assert late.status_code == 422 and "was erased" in text(late)
    house.runner.catch_up()
    page = text(client.get(f"/students/{house.student}/questionnaires"))
    assert "1 erased" in page and "Answered 1 time" in page


def test_what_is_due_follows_the_cadence_and_goes_when_it_is_answered(house: House, client: TestClient) -> None:
    assert text(client.get("/due")).count("How confident do you feel?") == 2
    answers(client, house, fields(questions(client, house)), mornings="2")
    house.runner.catch_up()
    page = text(client.get("/due"))
    assert page.count("How confident do you feel?") == 1 and "Kit O" in page and "31 Aug 2026" in page
    house.clock.now = FRIDAY + timedelta(days=200)
    client = house.browser(app=client.app)  # type: ignore[arg-type]
    assert text(client.get("/due")).count("How confident do you feel?") == 2, "a new school year asks again"


def test_a_calendar_replaces_what_an_earlier_one_said_from_its_first_day_on() -> None:
    def calendar(begins: str, *terms: tuple[str, str]) -> dict[str, Any]:
        return {"from_date": begins, "terms": [{"first": first, "last": last, "label": "t"} for first, last in terms]}

    autumn, spring, moved = ("2025-09-01", "2025-10-24"), ("2026-01-05", "2026-02-13"), ("2026-01-07", "2026-02-20")
    held = half_terms({"calendars": [calendar("2025-09-01", autumn, spring), calendar("2026-01-01", moved)]})
    assert [(one.first.isoformat(), one.last.isoformat()) for one in held] == [autumn, moved]


@pytest.mark.parametrize("said", ["nan", "inf", "1e999", "9" * 400, "-0", "x" * 5000])
def test_a_number_that_is_none_is_told_and_never_a_crash(house: House, client: TestClient, said: str) -> None:
    assert bring(client, "scale x,count\ntheme,indicator\nA,B", "try", **{"try:b": said}).status_code == 200
    sent = answers(client, house, fields(questions(client, house)), rest=said)
    assert sent.status_code == 422 and "This still needs you" in text(sent) and fields(sent)["draft"]


def test_a_form_that_no_page_of_ours_sends_is_refused_in_a_sentence(house: House, client: TestClient) -> None:
    good = {**fields(questions(client, house)), "do": "keep"}
    url = f"/students/{house.student}/questionnaires/carer-confidence/1"
    assert [client.post(url, data={**good, **bad}).status_code for bad in ({"draft": "x"}, {"respondent": "moon"})] == [400, 404]
    assert client.post("/frameworks/new", content=b"hello", headers={"content-type": "multipart/form-data"}).json()["title"] == "This could not be read"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "nonsense"])
def test_a_time_out_of_mind_is_as_good_as_none_on_pages_and_refused_by_the_api(house: House, client: TestClient, day: str) -> None:
    for path in ("", "/learning"):
        assert client.get(f"/students/{house.student}{path}", params={"as_of": day, "known": day}).status_code == 200
    assert client.get("/learning", params={"as_of": day}).status_code == 200
    for path in ("history", "learning/everyday-steps/1", "questionnaires", "register"):
        assert client.get(f"/api/v1/students/{house.student}/{path}", params={"as_of": f"{day}T00:00:00Z"}).status_code == 400


def test_a_register_code_is_suggested_with_its_reason_on_the_page_and_as_json(house: House, client: TestClient) -> None:
    times = {"planned_start": MONDAY.isoformat(), "planned_end": (MONDAY + timedelta(hours=1)).isoformat()}
    house.record(house.entry("session-attended", **times), house.rung("reaches-site"))
    house.runner.catch_up()
    (item,) = client.get(f"/api/v1/students/{house.student}/register", params={"from": date(2026, 3, 1).isoformat()}).json()["items"]
    assert item["code"] == "N" and item["meaning"] == "reason for absence not yet established" and "5 school days" in item["reason"]
    assert "Register codes to suggest" in text(client.get(f"/students/{house.student}"))


def test_no_page_of_a_student_who_is_not_here_says_anything(client: TestClient) -> None:
    for path in ("learning", "questionnaires", "questionnaires/carer-confidence/1?respondent=carer&by=x", "questionnaires/thanks"):
        assert client.get(f"/students/{UUID(int=5)}/{path}").status_code == 404

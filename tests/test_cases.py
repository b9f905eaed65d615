"""A worry ends in a case, and the case in a printed chronology; and whoever may not read it does not learn that there is one."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.case import (
    AcknowledgeWorry,
    AnswerReferral,
    CloseCase,
    DecideCase,
    FinishCaseAction,
    LinkChild,
    NameCaseReader,
    OpenCase,
    ReferCase,
    ReopenCase,
    SetCaseAction,
    WriteCaseNote,
)
from ap_ledger.domain.joining import JoinStudents
from ap_ledger.domain.person import DeclareConflict
from ap_ledger.errors import Refused
from ap_ledger.notices.raising import raise_new
from ap_ledger.recording.ledger import new_id
from projections.queries.safeguarding import CaseFile, Worry, case_of, safeguarding_of
from tests.house import FRIDAY, MONDAY, TUESDAY, House

WORRY, TITLE, NOTE, REASON, TO = "canary worry", "canary title", "canary note", "canary reason", "canary council"
CANARIES = (WORRY, TITLE, NOTE, REASON, TO, "canary outcome", "canary answer")


class Desk:
    """A safeguarding lead at work in a house."""

    def __init__(self, house: House) -> None:
        self.house, self.lead = house, house.person("Elder", "dsl")

    def raise_worry(self, student: UUID | None = None, text: str = WORRY) -> UUID:
        """Somebody raises a worry. Its stream."""
        self.house.record(self.house.entry("worry-raised", MONDAY, student, text=text), at=TUESDAY)
        self.house.clock.now = FRIDAY
        return self.worries()[0].id

    def do(self, kind: Any, case: UUID, student: UUID | None = None, **fields: Any) -> None:
        """A step of a case."""
        about = {"setting_id": self.house.setting, "author_id": self.lead, "case": case, "student": student or self.house.student}
        self.house.ledger.execute(kind(id=new_id(), **about, **fields))

    def open(self, *worries: UUID, student: UUID | None = None) -> UUID:
        case = new_id()
        self.do(OpenCase, case, student, title=TITLE, worries=worries)
        return case

    def worked_on(self) -> UUID:
        """A case in which everything happened."""
        case, action, referral = self.open(self.raise_worry()), new_id(), new_id()
        self.do(LinkChild, case, linked_student=self.house.other)
        self.do(WriteCaseNote, case, text=NOTE, happened_at=TUESDAY)
        self.do(SetCaseAction, case, action=action, what="canary note", owner=self.house.teacher, due=date(2026, 3, 9))
        self.do(FinishCaseAction, case, action=action, outcome="canary outcome")
        self.do(ReferCase, case, referral=referral, to=TO, text=NOTE, answer_due=date(2026, 3, 9))
        self.do(AnswerReferral, case, referral=referral, text="canary answer")
        self.do(DecideCase, case, decision="not-refer", reason=REASON)
        return case

    def worries(self) -> list[Worry]:
        self.house.runner.catch_up()
        return list(safeguarding_of(self.house.reader, self.setting).worries)

    def case(self, case: UUID) -> CaseFile:
        self.house.runner.catch_up()
        found = case_of(self.house.reader, case)
        assert found is not None
        return found[0]

    @property
    def setting(self) -> Any:
        return self.house.reader.one("settings", str(self.house.setting))


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def form_of(page: str, do: str) -> dict[str, str]:
    """The hidden fields of the form that does something."""
    (form,) = [form for form in re.findall(r"<form.*?</form>", page, re.S) if f'name="do" value="{do}"' in form][:1]
    return dict(re.findall(r'name="(\w[\w-]*)" value="([^"]*)"', form))


# What a lead does ---------------------------------------------------------------------------------------------------


def test_a_worry_is_read_in_one_tap_taken_into_a_case_and_ends_in_a_chronology(desk: Desk) -> None:
    worry = desk.raise_worry()
    with desk.house.browser(desk.lead) as client:
        home = client.get("/").text
        assert "One worry waits to be read" in home and WORRY not in home
        seen = client.post(f"/safeguarding/worries/{worry}", data=form_of(home, "seen")).text
        assert "It is marked as read." in seen and WORRY in seen
        assert "No worry waits to be read" in client.get("/").text
        opened = client.post(f"/safeguarding/worries/{worry}", data={**form_of(seen, "open"), "title": TITLE})
        case, page = str(opened.url).split("?")[0], opened.text
        steps: list[tuple[str, dict[str, str]]] = [
            ("note", {"text": NOTE, "day": "2026-03-03", "at": "10:52"}),
            ("action", {"what": "Talk with Ash", "owner": str(desk.house.teacher), "due": "2026-03-06"}),
            ("done", {"outcome": "canary outcome"}),
            ("refer", {"to": TO, "text": "What Ash said", "answer_due": "2026-03-09"}),
            ("answer", {"text": "canary answer"}),
            ("link", {"linked_student": str(desk.house.other)}),
            ("decide", {"decision": "not-refer", "reason": REASON}),
            ("name", {"person": str(desk.house.teacher)}),
            ("close", {"reason": "canary closing"}),
        ]
        for do, fields in steps:
            answer = client.post(case, data={**form_of(page, do), **fields})
            assert answer.status_code == 200, (do, answer.text)
            page = answer.text
        for told in (WORRY, NOTE, "canary outcome", TO, "canary answer", REASON, "canary closing", "We do not refer", "Kit O"):
            assert told in page, told
        order = [page.index(words) for words in (WORRY, NOTE, "Case opened", "Decided", "Case closed")]
        assert order == sorted(order), "a chronology goes by when it happened"
        listed = client.get("/safeguarding").text
        assert TITLE in listed and "Closed" in listed
        again = client.post(case, data={**form_of(page, "reopen"), "reason": "canary again"}).text
        assert "canary again" in again and "Write a note" in again


def test_a_worry_that_needs_nothing_more_is_settled_with_its_reason_or_not_at_all(desk: Desk) -> None:
    worry = desk.raise_worry()
    with desk.house.browser(desk.lead) as client:
        page = client.get(f"/safeguarding/worries/{worry}").text
        fields = {**form_of(page, "settle"), "title": TITLE}
        refused = client.post(f"/safeguarding/worries/{worry}", data={**fields, "reason": " "})
        assert refused.status_code == 422 and "Say why nothing more is needed" in refused.text
        for _ in range(2):
            settled = client.post(f"/safeguarding/worries/{worry}", data={**fields, "reason": REASON}).text
            assert "Nothing more is needed" in settled and settled.count("Case closed") == 1
    (told,) = desk.worries()
    assert told.seen_at is not None
    assert len(safeguarding_of(desk.house.reader, desk.setting).cases) == 1, "sending the form again does nothing more"


def test_worries_that_were_read_before_they_could_be_marked_are_marked_at_once(desk: Desk) -> None:
    for _ in range(3):
        desk.raise_worry()
    with desk.house.browser(desk.lead) as client:
        page = client.get("/safeguarding").text
        fields = dict(re.findall('name="(setting|newest|command)" value="([^"]+)"', page.split("I have read all")[0]))
        desk.raise_worry(text="canary that came after")
        after = client.post("/safeguarding", data=fields).text
        assert "It is marked as read." in after
    assert [worry.seen_at is None for worry in desk.worries()] == [True, False, False, False], "what came after was not read"


def test_a_lead_opens_a_case_without_a_worry(desk: Desk) -> None:
    with desk.house.browser(desk.lead) as client:
        desk.house.runner.catch_up()
        page = client.get("/safeguarding/new").text
        fields = dict(re.findall('name="(command|form|setting)" value="([^"]+)"', page))
        assert client.post("/safeguarding/new", data={**fields, "title": TITLE}).status_code == 422
        opened = client.post("/safeguarding/new", data={**fields, "title": TITLE, "student": str(desk.house.student)})
        assert "The case is open." in opened.text and "Ash H" in opened.text


def test_the_list_tells_what_waits_for_an_answer_and_what_is_due(desk: Desk) -> None:
    waits, due, plain = desk.open(), desk.open(), desk.open(student=desk.house.other)
    desk.do(ReferCase, waits, referral=new_id(), to=TO, text=NOTE)
    desk.do(SetCaseAction, due, action=new_id(), what="Ring home", owner=desk.lead, due=date(2026, 3, 5))
    today = FRIDAY.date()
    assert [desk.case(case).stage(today) for case in (waits, due, plain)] == ["waiting", "due", "open"]
    with desk.house.browser(desk.lead) as client:
        page = client.get("/safeguarding").text
        assert page.index("Action due") < page.index("Waiting for an answer") < page.index(">Open <")


# Rules --------------------------------------------------------------------------------------------------------------


def test_a_case_is_closed_only_after_a_decision_and_then_nothing_is_written_in_it(desk: Desk) -> None:
    case = desk.open()
    with pytest.raises(Refused, match="what was decided"):
        desk.do(CloseCase, case, reason=REASON)
    desk.do(DecideCase, case, decision="monitor", reason=REASON)
    desk.do(CloseCase, case, reason=REASON)
    with pytest.raises(Refused, match="closed"):
        desk.do(WriteCaseNote, case, text=NOTE)
    desk.do(ReopenCase, case, reason=REASON)
    with pytest.raises(Refused, match="what was decided"):
        desk.do(CloseCase, case, reason=REASON)


def test_what_is_not_there_is_refused_in_a_sentence(desk: Desk) -> None:
    case, stranger = desk.open(), new_id()
    refusals: list[tuple[Any, dict[str, Any], str]] = [
        (WriteCaseNote, {"text": NOTE, "happened_at": FRIDAY + timedelta(minutes=1)}, "later than now"),
        (FinishCaseAction, {"action": stranger}, "No action"),
        (AnswerReferral, {"referral": stranger, "text": NOTE}, "No referral"),
        (SetCaseAction, {"action": new_id(), "what": NOTE, "owner": stranger, "due": date(2026, 3, 9)}, "works in this setting"),
        (NameCaseReader, {"person": stranger}, "works in this setting"),
        (LinkChild, {"linked_student": stranger}, "admitted"),
        (LinkChild, {"linked_student": desk.house.student}, "already"),
    ]
    for kind, fields, says in refusals:
        with pytest.raises(Refused, match=says):
            desk.do(kind, case, **fields)
    with pytest.raises(Refused, match="No worry"):
        desk.open(stranger)
    with pytest.raises(Refused, match="No case"):
        desk.do(WriteCaseNote, stranger, text=NOTE)
    with pytest.raises(Refused, match="No case"):
        desk.do(WriteCaseNote, case, desk.house.other, text=NOTE)
    worry = desk.raise_worry()
    seen = {"setting_id": desk.house.setting, "author_id": desk.lead, "worry": worry}
    desk.house.ledger.execute(AcknowledgeWorry(id=new_id(), **seen))
    with pytest.raises(Refused, match="marked as read before"):
        desk.house.ledger.execute(AcknowledgeWorry(id=new_id(), **seen))


def test_two_leads_who_write_at_once_are_both_kept(desk: Desk) -> None:
    case = desk.open()
    other = House(desk.house.settings, desk.house.clock, make=False)
    try:
        desk.do(WriteCaseNote, case, text="the first")
        about = {"setting_id": desk.house.setting, "author_id": desk.lead, "case": case, "student": desk.house.student}
        other.ledger.execute(WriteCaseNote(id=new_id(), text="the second", **about))
        desk.do(WriteCaseNote, case, text="the third")
    finally:
        other.close()
    texts = [getattr(step.event, "text", None) for step in desk.case(case).steps]
    assert texts == [None, "the first", "the second", "the third"]


# Who learns of it -----------------------------------------------------------------------------------------------------


def test_a_row_tells_neither_that_it_is_a_case_nor_of_whom_nor_by_whom(desk: Desk) -> None:
    before = desk.house.ledger.recorder.read_head().position
    case = desk.worked_on()
    rows = desk.house.rows("SELECT topic, student_id, author_id, device_id, state FROM stored_events WHERE position > ? AND topic <> 'record-read'", before)
    assert len(rows) > 8 and {tuple(row) for row in rows} == {("sealed-record", None, None, None, "{}")}
    assert desk.case(case).steps[0].by == str(desk.lead), "who took a step is in the step itself"


def test_whoever_may_not_read_a_case_finds_nothing_of_it_anywhere(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    house = desk.house
    # What the first look of everybody records stands in the audit of the second.
    everything(house)
    quiet = everything(house)
    case = desk.worked_on()
    with house.browser(desk.lead) as client:
        house.runner.catch_up()
        assert TITLE in client.get(f"/safeguarding/cases/{case}").text
    after = everything(house)
    assert not [address for address, text in after.items() if any(canary in text for canary in CANARIES)]
    assert not [address for address, text in after.items() if str(case) in text]
    changed = {address for address in quiet if numbers(quiet[address]) != numbers(after[address])}
    assert changed == set(), "not even a number tells that there is one"
    assert not any(canary in record.getMessage() for record in caplog.records for canary in CANARIES)


def everything(house: House) -> dict[str, str]:
    """What a leader, a teacher and a mentor are shown of everything that tells of the students or of what was done."""
    house.runner.catch_up()
    shown: dict[str, str] = {}
    student = house.student
    addresses = (
        "/", "/safeguarding", "/students", f"/students/{student}", f"/students/{student}/learning", f"/students/{student}/entries",
        f"/students/{student}/since", f"/students/{student}/erasure", f"/students/{student}/frames", f"/api/v1/students/{student}/history",
        "/clocks", "/clocks.csv", f"/api/v1/settings/{house.setting}/due", "/audit?from=2026-01-01", "/audit.csv?from=2026-01-01", "/held", "/retention",
        "/api/v1/held", "/api/v1/students", "/students.csv", "/day.csv?on=2026-03-03", "/reports", f"/reports/make?layout=review-pack&student={student}",
        "/api/v1/capture", "/search?q=canary", "/me",
    )  # fmt: skip
    app = house.app()
    with TestClient(app):
        for who in (house.leader, house.teacher, house.mentor):
            client = house.browser(who, app)
            for address in addresses:
                shown[f"{who} {address}"] = client.get(address).text
            shown[f"{who} search"] = client.post("/search", data={"q": "canary"}).text
    return shown


def numbers(page: str) -> list[str]:
    """The words and numbers of a page, without ids, nonces and what only says how long something took."""
    bare = re.sub(r"<script.*?</script>|[0-9a-f]{8}-[0-9a-f-]{27}|nonce=\S+|value=\"[^\"]*\"|\"position\": ?\d+", "", page, flags=re.S)
    return re.findall(r"[\w.:]+", re.sub(r"<[^>]+>", " ", bare))


def test_a_step_of_a_case_rings_nobody(desk: Desk) -> None:
    desk.worked_on()
    raise_new(desk.house.service)
    assert {notice.name: notice.number for notice in desk.house.service.notices.unread(desk.lead)} == {"worry": 1}


def test_what_is_due_in_safeguarding_runs_for_leads_and_for_nobody_else(desk: Desk) -> None:
    house = desk.house
    desk.raise_worry()
    case = desk.open()
    desk.do(SetCaseAction, case, action=new_id(), what="canary note", owner=desk.lead, due=date(2026, 3, 6))
    desk.do(ReferCase, case, referral=new_id(), to=TO, text=NOTE, answer_due=date(2026, 3, 9))
    with house.browser(desk.lead) as client:
        house.runner.catch_up()
        page = client.get("/clocks").text
        assert page.index("Safeguarding action") < page.index("Worry unread") < page.index("Referral without an answer"), "the longest overdue first"
        assert not any(canary in page for canary in CANARIES), "the list says no words"
        assert "safeguarding" not in client.get("/clocks.csv").text.lower()
        assert "safeguarding" not in client.get(f"/api/v1/settings/{house.setting}/due").text.lower()
        leader = house.browser(house.leader, client.app)  # type: ignore[arg-type]
        assert "afeguarding action" not in leader.get("/clocks").text
        raise_new(house.service)
        assert {notice.name: notice.number for notice in house.service.notices.unread(desk.lead)}["safeguarding-due"] == 1
        assert all(notice.name != "safeguarding-due" for notice in house.service.notices.unread(house.leader))
        desk.do(DecideCase, case, decision="monitor", reason=REASON)
        desk.do(CloseCase, case, reason=REASON)
        house.runner.catch_up()
        assert "Safeguarding action" not in client.get("/clocks").text, "a closed case is due for nothing"


def test_who_is_named_for_a_case_is_told_once_and_finds_it(desk: Desk) -> None:
    case = desk.open()
    desk.do(NameCaseReader, case, person=desk.house.teacher)
    desk.house.runner.catch_up()
    raise_new(desk.house.service)
    told = {notice.name: notice.number for notice in desk.house.service.notices.unread(desk.house.teacher)}
    assert told == {"case-to-read": 1}
    assert all(notice.name != "case-to-read" for notice in desk.house.service.notices.unread(desk.house.leader))


def test_others_are_told_of_a_case_what_they_are_told_of_none(desk: Desk) -> None:
    case = desk.open(desk.raise_worry())
    admin = desk.house.person("Thyme", "administrator")
    with desk.house.browser() as client:
        desk.house.runner.catch_up()
        for person in (desk.house.leader, desk.house.teacher, desk.house.mentor):
            asking = desk.house.browser(person, client.app)  # type: ignore[arg-type]
            there, nowhere = (asking.get(f"/safeguarding/cases/{one}") for one in (case, new_id()))
            assert there.status_code == nowhere.status_code == 404 and there.text.count("canary") == 0
            assert asking.post(f"/safeguarding/cases/{case}", data={}).status_code == 403
            assert TITLE not in asking.get("/safeguarding").text
        assert "canary" not in desk.house.browser(admin, client.app).get("/metrics").text  # type: ignore[arg-type]
        given = {
            "command": "write-case-note",
            "id": str(new_id()),
            "setting_id": str(desk.house.setting),
            "case": str(case),
            "student": str(desk.house.student),
        }
        answer = client.post("/api/v1/commands", json={**given, "text": NOTE}, headers=desk.house.token())
        assert answer.status_code == 403
    assert len(desk.case(case).steps) == 1


def test_whoever_is_kept_from_one_child_of_a_case_is_kept_from_all_of_it(desk: Desk) -> None:
    kept, case = desk.house.person("Rue", "deputy-dsl"), desk.open()
    about = {"setting_id": desk.house.setting, "person_id": kept, "conflicted_student": desk.house.other, "reason_code": "own-child"}
    desk.house.ledger.execute(DeclareConflict(id=new_id(), author_id=desk.house.leader, approved_by=desk.house.teacher, **about))
    with desk.house.browser(kept) as client:
        desk.house.runner.catch_up()
        assert TITLE in client.get("/safeguarding").text
        desk.do(LinkChild, case, linked_student=desk.house.other)
        desk.house.runner.catch_up()
        assert TITLE not in client.get("/safeguarding").text
        assert client.get(f"/safeguarding/cases/{case}").status_code == 404
        assert client.post(f"/safeguarding/cases/{case}", data={"do": "note", "command": str(new_id()), "text": "x"}).status_code == 404


def test_a_worry_about_another_child_keeps_who_is_kept_from_them_out_of_the_case(desk: Desk) -> None:
    kept = desk.house.person("Rue", "deputy-dsl")
    about = {"setting_id": desk.house.setting, "person_id": kept, "conflicted_student": desk.house.other, "reason_code": "own-child"}
    desk.house.ledger.execute(DeclareConflict(id=new_id(), author_id=desk.house.leader, approved_by=desk.house.teacher, **about))
    case = desk.open(desk.raise_worry(desk.house.other))
    with desk.house.browser(kept) as client:
        desk.house.runner.catch_up()
        assert client.get(f"/safeguarding/cases/{case}").status_code == 404


def test_who_is_named_for_a_case_reads_that_one_and_changes_nothing(desk: Desk) -> None:
    named, other = desk.open(desk.raise_worry()), desk.open()
    desk.do(NameCaseReader, named, person=desk.house.teacher)
    with desk.house.browser(desk.house.teacher) as client:
        desk.house.runner.catch_up()
        page = client.get(f"/safeguarding/cases/{named}").text
        assert TITLE in page and WORRY in page and "Write a note" not in page
        assert client.get(f"/safeguarding/cases/{other}").status_code == 404
        assert client.get("/safeguarding").text.count(TITLE) == 1
        assert client.post(f"/safeguarding/cases/{named}", data={}).status_code == 403
    reads = desk.house.rows(
        "SELECT count(*) FROM stored_events WHERE topic = 'record-read' AND author_id = ?", desk.house.ledger.recorder.key(desk.house.teacher)
    )
    assert reads[0][0] == 0, "a look in the clear would tell that there is a case"
    assert [look.by for look in desk.case(named).looks] == [str(desk.house.teacher)]


def test_who_looked_at_a_case_stands_in_it_once_in_ten_minutes(desk: Desk) -> None:
    case = desk.open()
    with desk.house.browser(desk.lead) as client:
        desk.house.runner.catch_up()
        for minutes in (0, 5, 6):
            desk.house.clock.now += timedelta(minutes=minutes)
            page = client.get(f"/safeguarding/cases/{case}").text
    assert len(desk.case(case).looks) == 2 and "Who looked" in page


# Leaving, and ending --------------------------------------------------------------------------------------------------


def test_a_case_leaves_as_a_file_with_a_receipt_of_its_hash(desk: Desk) -> None:
    case = desk.worked_on()
    with desk.house.browser(desk.lead) as client:
        desk.house.runner.catch_up()
        page = client.get(f"/safeguarding/cases/{case}").text
        form = next(form for form in re.findall(r"<form.*?</form>", page, re.S) if f"{case}/file" in form)
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        refused = client.post(f"/safeguarding/cases/{case}/file", data={**fields, "to": " "})
        assert refused.status_code == 422
        answer = client.post(f"/safeguarding/cases/{case}/file", data={**fields, "to": "canary successor"})
        assert answer.headers["content-type"] == "application/zip" and "Ash" not in answer.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
            files = {name: zipped.read(name).decode() for name in zipped.namelist()}
        assert "not locked" in files["READ-FIRST.txt"]
        told = json.loads(files["chronology.json"])
        assert [line["title"] for line in told["lines"]][:1] == ["Worry"] and REASON in files["chronology.json"]
        assert all(words in files["chronology.html"] for words in (WORRY, NOTE, REASON, "Ash H"))
        desk.house.runner.catch_up()
        receipt = client.get(f"/safeguarding/cases/{case}").text
        assert hashlib.sha256(answer.content).hexdigest() in receipt and "canary successor" in receipt
        leader = desk.house.browser(desk.house.leader, client.app)  # type: ignore[arg-type]
        assert leader.post(f"/safeguarding/cases/{case}/file", data=fields).status_code == 403


def test_the_words_of_a_case_end_with_the_safeguarding_part_of_the_childs_record(desk: Desk) -> None:
    case = desk.worked_on()
    desk.house.shred("safeguarding", author_id=desk.lead, approved_by=desk.house.leader)
    told = desk.case(case)
    assert told.title == "[erased]" and not any(canary in repr(told) for canary in CANARIES)
    with pytest.raises(Refused, match="was erased"):
        desk.do(WriteCaseNote, case, text=NOTE)
    with desk.house.browser(desk.lead) as client:
        page = client.get(f"/safeguarding/cases/{case}").text
        assert "[erased]" in page and not any(canary in page for canary in CANARIES)
    assert desk.house.ledger.effects.sweep() == 0


def test_a_case_is_whole_after_everything_was_made_anew(desk: Desk) -> None:
    case = desk.worked_on()
    before = repr(desk.case(case))
    again = House(desk.house.settings, desk.house.clock, make=False)
    try:
        again.runner.catch_up()
        found = case_of(again.reader, case)
        assert found is not None and repr(found[0]) == before
    finally:
        again.close()


def test_a_case_goes_on_after_its_childs_record_was_joined_to_another_and_keeps_out_whoever_is_kept_from_the_child(desk: Desk) -> None:
    house, third = desk.house, desk.house.admit("Wren", "Robin")
    fourth = house.admit("Wren", "Robyn")
    case, later = desk.open(desk.raise_worry()), desk.raise_worry(text="another worry")
    desk.do(LinkChild, case, linked_student=third)
    for joined, kept in ((house.student, house.other), (third, fourth)):
        about: dict[str, Any] = {"setting_id": house.setting, "author_id": house.leader, "student": joined, "kept_student": kept}
        house.ledger.execute(JoinStudents(id=new_id(), **about, reason_code="admitted-twice"))
    house.runner.catch_up()
    with house.browser(desk.lead) as client:
        address = f"/safeguarding/cases/{case}"
        page = client.get(address).text
        said = client.post(f"/safeguarding/worries/{later}", data={**form_of(client.get(f"/safeguarding/worries/{later}").text, "take-in"), "case": str(case)})
        assert said.status_code == 200 and "another worry" in said.text
        steps: tuple[tuple[str, dict[str, str]], ...] = (
            ("note", {"text": NOTE}), ("unlink", {}), ("decide", {"decision": "monitor", "reason": REASON}), ("close", {"reason": REASON}),
        )  # fmt: skip
        for do, typed in steps:
            answer = client.post(address, data={**form_of(page, do), **typed})
            assert answer.status_code == 200, do
            page = answer.text
    found = desk.case(case)
    assert not found.is_open and not found.linked and found.student_id == str(house.other)
    parent = house.person("Rook", "deputy-dsl")
    kept_out: dict[str, Any] = {"setting_id": house.setting, "person_id": parent, "conflicted_student": house.other, "reason_code": "own-child"}
    house.ledger.execute(DeclareConflict(id=new_id(), author_id=house.leader, approved_by=house.teacher, **kept_out))
    house.runner.catch_up()
    with house.browser(parent) as client:
        assert client.get(address).status_code == 404 == client.get(f"/safeguarding/worries/{later}").status_code
        assert TITLE not in client.get("/safeguarding").text

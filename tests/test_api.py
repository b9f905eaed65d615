"""The web face, as a client meets it that was written from the contract alone."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.commands import COMMAND_BY_NAME
from ap_ledger.errors import Busy
from ap_ledger.recording.ledger import new_id
from frameworks import shipped_definitions
from tests.house import FRIDAY, MONDAY, House

CANARY = "canary-7f3a: he said f*** off"


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with house.browser() as made:
        yield made


def post(client: TestClient, *entries: Any, **more: Any) -> Any:
    return client.post("/api/v1/entries", json={"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": list(entries), **more})


def test_a_send_is_answered_as_the_contract_says(house: House, client: TestClient) -> None:
    good, bad = house.rung(), {**house.rung(), "rung": "moon"}
    answer = post(client, good, bad, good, house.void(house.rung()))
    assert answer.status_code == 200
    said = answer.json()
    assert set(said) == {"position", "results"}
    assert [set(result) for result in said["results"]] == [{"id", "status", "position", "code", "field", "message", "flags"}] * 4
    assert [result["status"] for result in said["results"]] == ["recorded", "refused", "duplicate", "held"]
    assert said["results"][0] == {
        "id": good["id"],
        "status": "recorded",
        "position": said["position"],
        "code": None,
        "field": None,
        "message": None,
        "flags": [],
    }
    assert post(client, {**good, "anxiety": 1}).json()["results"][0]["status"] == "conflict"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"entries": 3}', b'{"entries": []}', b'{"sent_at": "now", "entries": []}', b'{"sent_at": 5, "entries": []}', b'{"sent_at": "2026-03-02T09:00:00Z", "device_id": "x", "entries": []}', b"\xff\xfe"])  # fmt: skip
def test_what_cannot_be_read_is_400_with_a_sentence(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/v1/entries", content=body)
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")


def test_an_empty_send_is_answered_with_no_results(client: TestClient) -> None:
    assert post(client).json()["results"] == []


def test_too_many_entries_or_bytes_are_413_and_nothing_is_stored(house: House, client: TestClient) -> None:
    end = house.ledger.recorder.read_head().position
    assert post(client, *[house.rung() for _ in range(1001)]).status_code == 413
    assert client.post("/api/v1/entries", content=b"x" * (5 * 1024 * 1024 + 1)).status_code == 413
    assert house.ledger.recorder.read_head().position == end
    assert {result["status"] for result in post(client, *[house.rung() for _ in range(1000)]).json()["results"]} == {"recorded"}


def test_a_body_without_a_length_is_stopped_where_it_gets_too_long(client: TestClient) -> None:
    # A form has to say how long it is, so nothing of one without a length is read at all.
    for url, status in {"/api/v1/commands": 413, "/api/v1/entries": 413, "/frameworks/new": 400, "/sign-in": 400}.items():
        answer = client.post(url, content=iter([b"x" * 1024 * 1024] * 22), headers={"content-type": "application/json"}, follow_redirects=False)
        assert answer.status_code == status, url


def test_a_full_queue_is_503_with_retry_after(house: House, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> Any:
        raise Busy

    monkeypatch.setattr(house.ledger.sending, "submit", full)
    answer = post(client, house.rung())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["detail"].startswith("Too many")


def test_a_box_is_kept_and_answered_held(house: House, client: TestClient) -> None:
    box = {"id": str(new_id()), "box": {"v": 1, "kid": "k", "epk": "e", "iv": "i", "ct": "c"}}
    (result,) = post(client, box).json()["results"]
    assert (result["id"], result["status"]) == (box["id"], "held")
    assert house.ledger.waiting.entries()[0].entry == box


def test_you_read_your_own_writes(house: House, client: TestClient) -> None:
    for n in range(5):
        position = post(client, house.rung(at=MONDAY + timedelta(minutes=n))).json()["position"]
        told = client.get(f"/api/v1/students/{house.student}/history", params={"min_position": position}).json()
        assert told["position"] >= position and len(told["entries"]) == n + 1


def test_a_history_has_the_shape_of_the_contract(house: House, client: TestClient) -> None:
    entry = house.note("first words")
    change = house.correct(entry, text="better words")
    position = post(client, entry, change, house.outcome(), house.rung()).json()["position"]
    told = client.get(f"/api/v1/students/{house.student}/history", params={"min_position": position}).json()
    assert {"student_id", "as_of", "known_at", "position", "entries", "progress"} <= set(told)
    note = next(one for one in told["entries"] if one["id"] == entry["id"])
    assert {"id", "kind", "occurred_at", "recorded_at", "position", "author_id", "status", "entry", "changes"} <= set(note)
    assert (note["status"], note["kind"], note["entry"]["text"], note["author_id"]) == ("corrected", "note-written", "better words", str(house.mentor))
    assert (note["changes"][0]["id"], note["changes"][0]["before"]["text"]) == (change["id"], "first words")
    assert told["progress"]["kinds"] == {"note-written": 1, "outcome-scored": 1, "rung-reached": 1}
    assert client.get(f"/api/v1/students/{house.student}/history", params={"as_of": "2026-03-02"}).status_code == 400
    assert client.get(f"/api/v1/students/{uuid4()}/history").status_code == 404


def test_a_long_history_comes_in_pages_that_miss_and_repeat_nothing(house: House, client: TestClient) -> None:
    entries = [house.rung(at=MONDAY + timedelta(minutes=n)) for n in range(23)]
    position = post(client, *entries).json()["position"]
    url, seen = f"/api/v1/students/{house.student}/history?limit=10&min_position={position}", []
    while url:
        answer = client.get(url)
        seen += [entry["id"] for entry in answer.json()["entries"]]
        link = re.match(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        url = link[1] if link else ""
    assert seen == [entry["id"] for entry in reversed(entries)]


def test_collections_come_in_pages_by_an_opaque_cursor(house: House, client: TestClient) -> None:
    house.runner.wait_for(house.ledger.recorder.read_head().position)
    students = [house.admit(f"A{n}", "B") for n in range(5)]
    position = house.ledger.recorder.read_head().position
    url, seen = f"/api/v1/students?limit=3&min_position={position}", []
    while url:
        answer = client.get(url)
        assert len(answer.json()["items"]) <= 3
        seen += [item["id"] for item in answer.json()["items"]]
        link = re.match(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        url = link[1] if link else ""
    assert sorted(seen) == sorted(map(str, [house.student, house.other, *students]))
    assert client.get("/api/v1/students?cursor=%00%ff").status_code == 400
    assert client.get("/api/v1/students?limit=0").status_code == 400
    assert client.get("/api/v1/students?limit=many").status_code == 400


@pytest.mark.parametrize(
    ("kind", "wanted"), [("settings", 1), ("people", 3), ("students", 2), ("placements", 2), ("frameworks", len(list(shipped_definitions())))]
)
def test_every_collection_answers_items_with_their_ids(house: House, client: TestClient, kind: str, wanted: int) -> None:
    position = house.ledger.recorder.read_head().position
    items = client.get(f"/api/v1/{kind}", params={"min_position": position}).json()["items"]
    assert len(items) == wanted and all(item["id"] for item in items)
    if kind in ("people", "students", "placements"):
        assert {item["setting_id"] for item in items} == {str(house.setting)}
        assert client.get(f"/api/v1/{kind}", params={"setting_id": str(uuid4())}).json()["items"] == []


def test_the_timetable_the_sheet_and_a_framework_can_be_read(house: House, client: TestClient) -> None:
    position = post(client, house.outcome("kind-words", 1, slot="break")).json()["position"]
    slots = client.get(f"/api/v1/settings/{house.setting}/timetable", params={"on": "2026-03-02", "min_position": position}).json()["slots"]
    assert [slot["id"] for slot in slots] == ["lesson", "break", "lunch"]
    sheet = client.get(f"/api/v1/settings/{house.setting}/sheet", params={"date": "2026-03-02", "slot": "break"}).json()
    assert [score["indicator"] for row in sheet["students"] for score in row["scores"]] == ["kind-words"]
    assert client.get(f"/api/v1/settings/{house.setting}/sheet", params={"date": "2026-03-02", "slot": "moon"}).status_code == 404
    assert client.get("/api/v1/frameworks/default-ladder/1").json()["definition"]["rungs"][0]["id"] == "no-contact"
    assert client.get("/api/v1/frameworks/default-ladder/9").status_code == 404
    assert client.get(f"/api/v1/students/{house.student}").json()["name"] == "Ash H"
    assert client.get(f"/api/v1/students/{uuid4()}").status_code == 404


def test_commands_change_streams_with_rules_over_http(house: House, client: TestClient) -> None:
    place = {"command": "add-place", "id": str(new_id()), "setting_id": str(house.setting), "place_id": str(uuid4()), "label": "Site"}
    assert [client.post("/api/v1/commands", json=place).json()["status"] for _ in range(2)] == ["recorded", "duplicate"]
    assert client.post("/api/v1/commands", json={**place, "label": "Other"}).status_code == 409
    refused = client.post("/api/v1/commands", json={**place, "id": str(new_id()), "setting_id": str(uuid4())})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert client.post("/api/v1/commands", json={"command": "fly"}).status_code == 422
    assert client.post("/api/v1/commands", content=b"{").status_code == 400
    assert "admit-student" in COMMAND_BY_NAME


def test_what_is_held_is_listed_and_settled_over_http(house: House, client: TestClient) -> None:
    post(client, {**house.rung(), "rung": "moon"}, {**house.rung(), "rung": "sun"})
    items = client.get("/api/v1/held").json()["items"]
    assert [item["code"] for item in items] == ["unknown-item", "unknown-item"]
    first, second = (item["id"] for item in items)
    assert client.post(f"/api/v1/held/{first}/retry").json()["result"]["status"] == "refused"
    assert client.post(f"/api/v1/held/{second}/dismiss", json={"reason_code": "mistake"}).json() == {"done": True}
    assert client.post(f"/api/v1/held/{second}/dismiss", json={"reason_code": "mistake"}).status_code == 404
    assert client.post(f"/api/v1/held/{uuid4()}/retry").status_code == 404
    assert [item["id"] for item in client.get("/api/v1/held").json()["items"]] == [first]


def test_health_position_and_metrics_answer_and_name_nobody(house: House, client: TestClient) -> None:
    position = post(client, house.rung()).json()["position"]
    client.get(f"/api/v1/students/{house.student}/history", params={"min_position": position})
    assert client.get("/health/live").json() == client.get("/health/ready").json() == {"status": "ok"}
    said = client.get("/api/v1/position").json()
    assert said["ledger"] == position + 1 and said["lag"] <= 1, "that somebody looked was recorded"
    text = house.browser(house.person("Thyme", "administrator"), client.app).get("/metrics").text  # type: ignore[arg-type]
    assert 'ap_ledger_entries_total{status="recorded"}' in text and "/students/{student_id}/history" in text
    for name in (house.student, house.setting, house.mentor):
        assert str(name) not in text


def test_every_answer_carries_the_guards(client: TestClient) -> None:
    for url in ("/", "/api/v1/students", "/health/live", "/nowhere"):
        headers = client.get(url).headers
        assert "script-src 'self';" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"


def test_another_site_cannot_post(house: House, client: TestClient) -> None:
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}, {"sec-fetch-site": "same-site"}):
        assert client.post("/api/v1/entries", json={}, headers=headers).status_code == 403
    assert client.post("/api/v1/entries", json={}, headers={"origin": "http://127.0.0.1:8000"}).status_code == 400


def test_a_name_that_is_not_served_is_refused_in_a_sentence_and_with_the_guards_of_every_answer(client: TestClient) -> None:
    for name in ("evil.example", "127.0.0.1.evil.example", "[::2]:8000", ""):
        refused = client.get("/", headers={"host": name})
        assert refused.status_code == 421 and refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["detail"] == "This service does not answer under that name."
        assert refused.headers["cache-control"] == "no-store" and "script-src 'self';" in refused.headers["content-security-policy"]
    for name in ("127.0.0.1", "127.0.0.1:9999", "localhost:8000", "[::1]:8000"):
        assert client.get("/health/live", headers={"host": name}).status_code == 200, name


def test_no_error_body_and_no_log_repeats_what_was_sent(
    house: House, client: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        post(client, {**house.note(CANARY), "retention_class": CANARY}, {CANARY: CANARY}, CANARY),
        client.post("/api/v1/entries", content=f'{{"sent_at": "{CANARY}"'.encode()),
        client.post("/api/v1/commands", json={"command": CANARY}),
        client.post("/api/v1/commands", json={"command": "admit-student", "on": CANARY}),
        client.get(f"/api/v1/students/{CANARY}/history"),
        client.get("/api/v1/students", params={"cursor": CANARY, "setting_id": CANARY}),
        client.post(f"/api/v1/held/{CANARY}/retry"),
    ]
    out, err = capfd.readouterr()
    assert (
        "canary"
        not in "".join(answer.text for answer in answers)
        + "".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
        + out
        + err
    )
    assert all(answer.status_code < 500 for answer in answers)


def test_an_error_that_nobody_foresaw_keeps_its_words_to_itself(
    house: House, client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> Any:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(house.reader, "positions", fail)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["title"]) == (500, "Unexpected error")
    out, err = capfd.readouterr()
    assert "canary" not in answer.text + out + err + "".join(record.getMessage() + str(record.exc_info) for record in caplog.records)


def test_what_is_nested_too_deeply_is_refused_alone(house: House, client: TestClient) -> None:
    deep: Any = []
    for _ in range(600):
        deep = [deep]
    body = json.dumps({"sent_at": FRIDAY.isoformat(), "entries": [{**house.rung(), "anxiety": deep}, house.rung()]})
    assert [one["status"] for one in client.post("/api/v1/entries", content=body).json()["results"]] == ["refused", "recorded"]
    assert client.post("/api/v1/commands", content=body).status_code == 400


def test_pages_show_the_main_job_and_survive_erasure(house: House, client: TestClient) -> None:
    house.clock.now = FRIDAY
    position = post(client, house.rung("goes-out"), house.outcome(), house.unit(), house.note(CANARY)).json()["position"]
    home = client.get("/students", params={"min_position": position}).text
    assert "Ash H" in home and "Goes out with the mentor" in home
    page = client.get(f"/students/{house.student}").text
    assert CANARY in page and "Every Child Matters" in page and "Finds the right bus stop" in page
    assert "<script>" not in page and " style=" not in page and "onclick" not in page
    before = client.get(f"/students/{house.student}", params={"as_of": "2026-03-01"}).text
    assert CANARY not in before and "Nothing of this had happened by then" in before
    assert client.get(f"/students/{house.student}", params={"as_of": "soon", "known": "9999-12-31"}).status_code == 200
    for kept in ("learning", "core"):
        house.shred(kept)
    position = house.ledger.recorder.read_head().position
    page = client.get(f"/students/{house.student}", params={"min_position": position}).text
    assert CANARY not in page and "[erased]" in page and "Heron" not in page
    assert client.get("/").status_code == 200


def test_html_in_what_was_said_stays_text(house: House, client: TestClient) -> None:
    payload = "<script>alert(1)</script>"
    position = post(client, house.note(payload), house.entry("voice-heard", speaker="student", words=payload)).json()["position"]
    page = client.get(f"/students/{house.student}", params={"min_position": position}).text
    assert payload not in page and "&lt;script&gt;" in page


def test_static_files_are_kept_for_ever_under_the_hash_of_their_content(client: TestClient) -> None:
    address = re.search(r'href="(/static/[0-9a-f]{12}/app/ap.css)"', client.get("/").text)
    assert address is not None
    answer = client.get(address[1])
    assert "immutable" in answer.headers["cache-control"] and answer.headers["content-encoding"] == "gzip"
    assert "{{" not in answer.text and "/vendor/atkinson-latin.woff2" in answer.text
    assert client.get("/static/x/../../app.py").status_code == 404
    assert client.get("/static/x/vendor/../../app.py").status_code == 404


def test_the_openapi_document_describes_every_kind_of_entry_with_stable_operation_ids(client: TestClient) -> None:
    said = client.get("/api/v1/openapi.json").json()
    ids = [operation["operationId"] for path in said["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids)) and "recordEntries" in ids and "getHistory" in ids
    assert "PostedRungReached" in said["components"]["schemas"]
    references = set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(said)))
    assert references <= set(said["components"]["schemas"])
    assert datetime.now(UTC)


def test_the_openapi_document_says_of_a_problem_what_it_means_whatever_this_python_calls_its_status(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    answers = [answer for path in paths.values() for operation in path.values() for answer in operation["responses"].items()]
    told = {(status, answer["description"], *answer["content"]) for status, answer in answers if status >= "400"}
    assert len(told) == len({status for status, *_ in told}) == 8
    assert all(kind == "application/problem+json" and text.endswith(".") for _, text, kind in told)

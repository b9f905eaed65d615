"""What is held: nothing refused is lost, nobody takes another's place, a broken row harms no other, and erasure leaves no word of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from ap_ledger.cli.main import app as program
from ap_ledger.domain.results import Result
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.stores.compaction import compact
from ap_ledger.stores.held.rows import Keeping
from tests.house import FRIDAY, House

CANARY = "a-word-that-nobody-else-says"


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with house.browser() as browser:
        yield browser


def change_rows(house: House, statement: str, **given: Any) -> list[Any]:
    """Looks at or changes the store of held entries behind its back."""
    options = {"options": "-c search_path=held"} if house.settings.postgres else {}
    engine = create_engine(house.settings.sqlalchemy_url("held"), connect_args=options)
    with engine.begin() as connection:
        found = connection.execute(text(statement), given)
        rows = found.all() if found.returns_rows else []
    engine.dispose()
    return list(rows)


def reopened(house: House) -> House:
    """The same place, opened once more as its service would open it when it starts."""
    again = House(house.settings, house.clock, make=False)
    again.leader, again.student = house.leader, house.student
    return again


def post(house: House, client: TestClient, person: UUID, *entries: Any, raw: str | None = None) -> Any:
    body = raw or json.dumps({"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": entries})
    return client.post("/api/v1/entries", content=body, headers=house.token(person, "record"))


POISON: dict[str, dict[str, Any]] = {
    "a kind that is a list": {"kind": ["x"]},
    "a kind that is a thing": {"kind": {"kind": "note-written"}},
    "a kind that is a number": {"kind": 7},
    "an author that is a list": {"author_id": ["x"]},
    "a student that is a thing": {"student_id": {"id": 1}},
    "a setting that is a number": {"setting_id": 5},
    "an id that is a list": {"id": ["x"]},
    "a session that is a text": {"session": "lesson"},
    "a session of lists": {"session": {"date": [1], "slot": [2]}},
    "a ladder that is a text": {"ladder": "default-ladder"},
    "a ladder of things": {"ladder": {"id": {}, "version": []}},
    "a rung that is a thing": {"rung": {"a": 1}},
    "a time that is a list": {"device_time": [1]},
    "half an emoji": {"rung": "\ud83d"},
    "half an emoji in a name": {"\ud83d": 1},
    "a zero character": {"rung": "a\x00b"},
    "a zero character in a name": {"a\x00b": 1},
    "a number beyond all": {"anxiety": float("inf")},
    "no number": {"anxiety": float("nan")},
    "a huge number": {"anxiety": 10**400},
    "a field of a thousand letters": {"x" * 1000: 1},
}


@pytest.mark.parametrize("what", POISON)
def test_no_poisoned_entry_takes_a_page_or_the_rest_of_its_send_from_anybody(house: House, client: TestClient, what: str) -> None:
    good = house.rung(author_id=str(house.leader))
    wrong = {**house.rung(author_id=str(house.leader)), **POISON[what]}
    answer = post(house, client, house.leader, wrong, good)
    assert answer.status_code == 200
    assert [one["status"] for one in answer.json()["results"]] == ["refused", "recorded"]
    for url in ("/held", "/api/v1/held", "/"):
        assert client.get(url).status_code == 200, url
    assert len(house.ledger.waiting.entries()) == 1
    house.ledger.waiting.release_all()


@pytest.mark.parametrize("kind", ["note-written", "outcome-scored", "session-attended", "visit-logged", "incident-recorded", "entry-corrected"])
@pytest.mark.parametrize("field", ["session", "text", "category", "replacement", "planned_start", "level", "framework", "minutes"])
@pytest.mark.parametrize("value", [["x"], {"a": [1]}, 5, True, "", "\x00"])
def test_every_wrong_shape_of_every_field_is_shown(shared: tuple[House, TestClient], kind: str, field: str, value: Any) -> None:
    house, client = shared
    entry = house.entry(kind, author_id=str(house.leader), **{field: value})
    assert house.one(entry).status == "refused"
    page = client.get("/held")
    assert page.status_code == 200
    for held in house.ledger.waiting.entries():
        house.ledger.waiting.dismiss(held.id, "done")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, TestClient]]:
    house = House.furnished("sqlite", tmp_path_factory.mktemp("shown") / "data")
    with house.browser() as browser:
        yield house, browser
    house.close()


def test_a_field_written_twice_is_refused_and_shows_both(house: House, client: TestClient) -> None:
    entry, good = house.rung(anxiety=3, author_id=str(house.leader)), house.rung(author_id=str(house.leader))
    written = json.dumps(entry)[:-1] + ', "anxiety": 7}'
    raw = f'{{"sent_at": "{FRIDAY.isoformat()}", "device_id": null, "entries": [{written}, {json.dumps(good)}]}}'
    results = post(house, client, house.leader, raw=raw).json()["results"]
    assert [one["status"] for one in results] == ["refused", "recorded"] and "twice" in results[0]["message"]
    (held,) = house.ledger.waiting.entries()
    assert (held.entry["anxiety"], held.entry["anxiety (written twice)"]) == (3, 7)


def test_half_an_emoji_at_the_end_of_a_note_does_not_cost_the_note(house: House, client: TestClient) -> None:
    note = house.note("well done \ud83d", author_id=str(house.leader))
    first, again = post(house, client, house.leader, note).json()["results"], post(house, client, house.leader, note).json()["results"]
    assert (first[0]["status"], again[0]["status"]) == ("recorded", "duplicate")
    assert house.look_back()["entries"][0]["entry"]["text"] == "well done \ufffd"


# Rows that are broken ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage", ["body = :junk", "nonce = :junk", "owners = :junk", "received_at = 9000000000000000000", "target_id = :junk", "device_id = :junk, body = :junk"]
)
def test_a_damaged_row_is_shown_as_broken_and_stops_nothing(house: House, damage: str) -> None:
    wrong, other = {**house.note("one"), "retention_class": "moon"}, {**house.note("two", author_id=str(house.leader)), "retention_class": "moon"}
    house.record(wrong, other)
    (row,) = [one for one in house.ledger.waiting.entries() if one.entry_id == UUID(wrong["id"])]
    change_rows(house, f"UPDATE held SET {damage} WHERE id = :id", junk=b"junk", id=row.id.bytes)
    house = reopened(house)
    found = {one.id: one for one in house.ledger.waiting.entries()}
    assert found[row.id].broken and found[row.id].entry is None and len(found) == 2
    assert house.ledger.waiting.retry(row.id) is None
    with house.browser() as client:
        assert "cannot be opened" in client.get("/held").text
        items = client.get("/api/v1/held").json()["items"]
        assert {item["id"]: item["broken"] for item in items} == {str(one.id): one.broken for one in found.values()}
    assert house.ledger.waiting.dismiss(row.id, "damaged") and len(house.ledger.waiting.entries()) == 1
    house.close()


def test_a_row_whose_own_id_is_damaged_stops_nothing_and_is_shown_as_broken(house: House) -> None:
    house.record({**house.note("one"), "retention_class": "moon"})
    change_rows(house, "UPDATE held SET id = :junk", junk=b"junk")
    house = reopened(house)
    (held,) = house.ledger.waiting.entries()
    assert held.broken and held.entry is None
    house.close()


# Each in its own place -----------------------------------------------------------------------------------------------------


def test_a_second_refusal_under_one_id_is_kept_too_and_the_same_again_is_one(house: House) -> None:
    first = {**house.note("first"), "retention_class": "moon"}
    second = {**first, "text": "second"}
    house.record(first, second, first)
    assert house.one(second).status == "refused"
    assert [one.entry["text"] for one in house.ledger.waiting.entries()] == ["first", "second"]
    assert {one.entry_id for one in house.ledger.waiting.entries()} == {UUID(first["id"])}


def test_knowing_a_held_id_takes_nobodys_place(house: House, client: TestClient) -> None:
    mine = {**house.note("mine", author_id=str(house.teacher)), "retention_class": "moon"}
    post(house, client, house.teacher, mine)
    (held,) = house.ledger.waiting.entries()
    other = house.person("Poplar", "ap-staff")
    for stolen in (mine["id"], str(held.id)):
        post(house, client, other, {**mine, "id": stolen, "author_id": str(other), "text": "theirs"})
        post(house, client, other, {**house.rung(author_id=str(other)), "replaces": stolen})
        assert client.post(f"/api/v1/held/{stolen}/dismiss", json={"reason_code": "gone"}, headers=house.token(other, "record")).status_code == 404
    assert mine in [one.entry for one in house.ledger.waiting.entries()]


def test_a_recorded_id_settles_only_what_its_own_author_sent_under_it(house: House) -> None:
    entry = house.rung()
    house.record({**entry, "rung": "moon"}, {**entry, "author_id": str(house.teacher), "rung": "moon"})
    assert len(house.ledger.waiting.entries()) == 2
    house.record(entry)
    (left,) = house.ledger.waiting.entries()
    assert left.entry["author_id"] == str(house.teacher)


def test_what_a_send_could_not_bring_in_is_kept_in_one_transaction(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    keep = house.ledger.held.keep

    def counted(rows: Any, *more: Any) -> None:
        kept.append(len(rows))
        keep(rows, *more)

    monkeypatch.setattr(house.ledger.held, "keep", counted)
    waiting = house.correct(house.rung())
    wrong = [{**house.note(str(n)), "retention_class": "moon"} for n in range(20)]
    house.record(*wrong[:10], house.rung(), waiting, *wrong[10:], {})
    assert kept == [22]


def test_either_id_names_what_is_held(house: House, client: TestClient) -> None:
    first, second = ({**house.note("x", author_id=str(house.leader)), "retention_class": "moon"} for _ in range(2))
    house.record(first, second)
    by_entry, by_own = house.ledger.waiting.entries()
    for held_id in (by_entry.entry_id, by_own.id):
        assert client.post(f"/api/v1/held/{held_id}/dismiss", json={"reason_code": "not-needed"}).status_code == 200
    assert house.ledger.waiting.entries() == []


def test_a_reason_for_letting_go_is_a_code_and_no_free_words(house: House, client: TestClient) -> None:
    house.record({**house.note("x", author_id=str(house.leader)), "retention_class": "moon"})
    (held,) = house.ledger.waiting.entries()
    for reason in ("Kit bit me, and then", "KIT", "", "x" * 200):
        assert client.post(f"/api/v1/held/{held.id}/dismiss", json={"reason_code": reason}).status_code == 400


@pytest.mark.parametrize("cursor", ["4pyT", "AA==", "", "bm90LWFuLWlk", "\u2713"])
def test_a_cursor_that_is_none_of_ours_is_a_bad_request(house: House, client: TestClient, cursor: str) -> None:
    assert client.get("/api/v1/held", params={"cursor": cursor}).status_code == (400 if cursor else 200)


def test_check_says_what_waits_and_is_content(house: House) -> None:
    house.record({**house.note("x"), "retention_class": "moon"})
    house.runner.catch_up()
    given = ["--database-url", house.settings.postgres] if house.settings.postgres else []
    ran = CliRunner().invoke(program, ["check", "--data", str(house.settings.data), *given])
    assert ran.exit_code == 0 and "1 wait for somebody" in " ".join(ran.output.split())
    change_rows(house, "UPDATE held SET body = :junk", junk=b"junk")
    assert CliRunner().invoke(program, ["check", "--data", str(house.settings.data), *given]).exit_code != 0


# Erasure -------------------------------------------------------------------------------------------------------------------


def spellings(student: UUID) -> dict[str, Any]:
    return {
        "plain": str(student), "capitals": str(student).upper(), "braces": "{" + str(student) + "}", "urn": f"urn:uuid:{student}", "no hyphens": student.hex,
        "with words": f"the student {student}, I think", "in a list": [str(student)], "in a thing": {"id": str(student)},
    }  # fmt: skip


def everything_kept(house: House) -> bytes:
    """Every byte of the data folder, and every row of every table where the stores are on PostgreSQL."""
    kept = b"".join(path.read_bytes() for path in house.settings.data.rglob("*") if path.is_file())
    if house.settings.postgres is None:
        return kept
    engine = create_engine(house.settings.sqlalchemy_url("held"))
    with engine.connect() as connection:
        ask = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        for schema, table in connection.execute(text(ask)).all():
            kept += "".join(str(tuple(row)) for row in connection.execute(text(f'SELECT t::text FROM "{schema}"."{table}" t'))).encode()
    engine.dispose()
    return kept


def words_in(house: House) -> dict[str, Any]:
    """Entries refused for every reason, with the word in every place that takes words, about a student spelt in every way."""
    made = {how: {**house.note(CANARY), "student_id": spelt, "retention_class": "moon"} for how, spelt in spellings(house.student).items()}
    made["in a field of its own"] = {**house.note(CANARY), CANARY: CANARY}
    made["in a rung"] = house.rung(CANARY)
    made["in a category"] = house.entry("incident-recorded", category=CANARY, restrictive=False)
    made["in a reason code"] = {**house.correct(house.rung()), "reason_code": CANARY + " "}
    made["waiting"] = house.correct(house.note(), text=CANARY)
    made["a worry"] = {**house.entry("worry-raised", text=CANARY), "x": 1}
    made["in the wrong field"] = {**house.note(CANARY), "student_id": "who knows", "whom": str(house.student)}
    return made


def test_nothing_that_was_held_about_a_student_is_left_after_erasure(house: House, client: TestClient) -> None:
    for entry in words_in(house).values():
        assert house.one(entry).status in ("refused", "held")
    for url in ("/held", "/api/v1/held"):
        assert client.get(url).status_code == 200
    settled = house.ledger.waiting.entries()[:3]
    for held in settled:
        house.ledger.waiting.dismiss(held.id, "not-needed")
    assert CANARY.encode() not in everything_kept(house), "everything is sealed from the first moment"
    for kept in RETENTION_CLASSES:
        house.shred(kept)
    assert house.ledger.waiting.entries() == []
    assert change_rows(house, "SELECT count(*) FROM held")[0][0] == 0
    assert CANARY.encode() not in everything_kept(house)


def test_copies_of_the_store_open_nothing_once_any_class_is_erased(house: House) -> None:
    for entry in words_in(house).values():
        house.one(entry)
    rows = change_rows(house, "SELECT * FROM held")
    house.shred("learning")
    sealer = house.ledger.held._sealer
    from ap_ledger.stores.held.rows import open_row

    opened = [open_row(sealer, row) for row in rows]
    assert sum(one.broken for one in opened) >= 10
    assert all(CANARY not in repr(one) or "learning" not in (row.classes or "") for one, row in zip(opened, rows, strict=True))


def test_what_names_no_student_here_ends_after_35_days_with_its_key(house: House) -> None:
    nobody = {**house.note(CANARY), "student_id": str(uuid4())}
    assert house.record(nobody, {**nobody, "id": "none", "student_id": 5})[0].code == "unknown-student"
    (held, _) = house.ledger.waiting.entries()
    assert held.ends_at == held.received_at + timedelta(days=35) and held.entry["text"] == CANARY
    copies = change_rows(house, "SELECT * FROM held")
    assert house.ledger.held.end_lives(FRIDAY + timedelta(days=34, hours=23)) == 0
    assert house.ledger.held.end_lives(FRIDAY + timedelta(days=35)) == 2
    assert house.ledger.waiting.entries() == []
    from ap_ledger.stores.held.rows import open_row

    assert all(open_row(house.ledger.held._sealer, row).broken for row in copies), "a copy opens nothing any more"
    house.one({**house.note(), "student_id": str(uuid4())})
    house.clock.now = FRIDAY + timedelta(days=40)
    house = reopened(house)
    assert house.ledger.waiting.entries() == [], "opening ends what is over, should no job have run"
    house.close()


def test_about_somebody_partly_erased_no_word_of_that_class_is_sealed_for_good(house: House) -> None:
    house.shred("learning")
    assert house.one(house.note(CANARY)).status == "refused"
    (held,) = house.ledger.waiting.entries()
    assert held.ends_at is not None


def test_what_an_earlier_version_held_is_sealed_anew_when_the_ledger_opens(house: House) -> None:
    entry, student = {**house.note(CANARY), "retention_class": "moon"}, house.student
    house.ledger.held.keep(
        [Keeping(Result(UUID(entry["id"]), "refused", code="malformed", field="retention_class", message="No."), entry)], FRIDAY, timedelta(), None
    )
    own = house.ledger.held._sealer._own
    nonce = b"n" * 12
    (row,) = change_rows(house, "SELECT id FROM held")
    body = own.cipher.encrypt(nonce, json.dumps(entry).encode(), bytes(row.id))
    old = "UPDATE held SET body = :body, nonce = :nonce, owners = NULL, classes = NULL, send_key = NULL, field = 'retention_class', message = 'No.'"
    change_rows(house, old, body=body, nonce=nonce)
    house = reopened(house)
    (held,) = house.ledger.waiting.entries()
    assert (held.entry, held.field, held.message) == (entry, "retention_class", "No.")
    (row,) = change_rows(house, "SELECT owners, message, field FROM held")
    assert (bytes(row.owners), row.message, row.field) == (student.bytes, "", None)
    house.close()


def test_compacting_and_looking_leave_no_word_either(house: House) -> None:
    house.one({**house.note(CANARY), "retention_class": "moon"})
    for kept in RETENTION_CLASSES:
        house.shred(kept)
    house.ledger.effects.sweep()
    compact(house.settings)
    assert CANARY.encode() not in everything_kept(house)
    if house.settings.postgres is None:
        assert sqlite3.connect(house.settings.data / "held.sqlite").execute("SELECT count(*) FROM held").fetchone() == (0,)

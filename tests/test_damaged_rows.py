"""One damaged row of a small store harms nobody else: the service starts, pages open, erasures are done, and `check` tells of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from ap_ledger.cli.checking import faults
from ap_ledger.cli.main import app as program
from ap_ledger.stores.held.drafts import Draft
from ap_ledger.stores.keyring.copies import copy_into
from tests.house import FRIDAY, House

PASSWORD = "correct horse battery 77"
HELD = "INSERT INTO held (id, status, message, offset_seconds, received_at, nonce, body, {more}) VALUES ({id}, {status}, '', {offset}, {at}, {nonce}, {octet}, {values})"


def change(house: House, store: str, statement: str, **given: Any) -> None:
    """Changes a small store behind its back."""
    options = {"options": f"-c search_path={store}"} if house.settings.postgres else {}
    engine = create_engine(house.settings.sqlalchemy_url(store), connect_args=options)
    with engine.begin() as connection:
        connection.execute(text(statement), given)
    engine.dispose()


def octets(house: House, value: bytes) -> str:
    return f"'\\x{value.hex()}'::bytea" if house.settings.postgres else f"x'{value.hex()}'"


def again(house: House) -> House:
    """The same place, closed and opened once more as its service would open it when it starts."""
    house.close()
    made = House(house.settings, house.clock, make=False)
    made.__dict__.update({name: value for name, value in house.__dict__.items() if name not in made.__dict__})
    return made


def told(house: House, what: str) -> str:
    """What `check` says of one thing."""
    return next(look.fault or "" for look in faults(house.settings, False) if look.what == what)


# What is held -------------------------------------------------------------------------------------------------------

ANYWHERE = {
    "an id of one octet": {"id": b"\0"},
    "an id of one octet and no keys": {"id": b"\0", "owners": None},
    "an id of forty octets": {"id": b"\1" * 40},
    "owners that are no ids": {"owners": b"\0\1"},
    "a send key that is no id": {"send_key": b"abc"},
    "a status that there is not": {"status": "gone"},
    "a clock beyond all clocks": {"offset": 2_000_000_000},
    "a time beyond all times": {"at": 9_000_000_000_000_000_000},
}
ON_SQLITE = {
    "an id that is a text": {"id": "'sixteen-letters-'"},
    "an id that is a number": {"id": "5"},
    "an id that is a huge number": {"id": "999999999999"},
    "a nonce that is a text": {"nonce": "'n'"},
    "a body that is a huge number": {"octet": "999999999999"},
    "a time that is a text": {"at": "'abc'"},
    "a clock that is a text": {"offset": "'abc'"},
    "a status of octets": {"status": "x'ff'"},
    "a status of letters that there are not": {"status": "cast(x'ff' AS TEXT)"},
    "owners that are a number": {"owners": "5"},
}


@pytest.fixture(params=[*ANYWHERE, *ON_SQLITE])
def damaged(request: pytest.FixtureRequest, make_house: Callable[..., House], database: str) -> House:
    """A house in whose store of held things one row is damaged."""
    if database == "postgres" and request.param in ON_SQLITE:
        pytest.skip("PostgreSQL takes no such value")
    house: House = make_house(database)
    wrong = ANYWHERE.get(request.param) or ON_SQLITE[request.param]
    if wrong.get("offset") == 2_000_000_000 and database == "sqlite":
        wrong = {"offset": 99_999_999_999_999}
    one, nothing = uuid4().bytes, octets(house, b"")
    row: dict[str, Any] = {"id": one, "status": "'refused'", "offset": 0, "at": 1, "nonce": b"\0", "octet": b"\0", "owners": nothing, "send_key": None, **wrong}
    if row["status"] == "gone":
        row["status"] = "'gone'"
    put = {name: "NULL" if value is None else octets(house, value) if isinstance(value, bytes) else str(value) for name, value in row.items()}
    change(house, "held", HELD.format(more="owners, send_key", values=f"{put.pop('owners')}, {put.pop('send_key')}", **put))
    return house


def test_a_damaged_row_of_what_is_held_keeps_nobody_from_anything(damaged: House) -> None:
    house = damaged
    house.record(house.note("ASH-WORDS"), {**house.note(), "retention_class": "moon"})
    with house.browser() as client:
        assert {url: client.get(url).status_code for url in ("/", "/held", "/api/v1/held")} == dict.fromkeys(("/", "/held", "/api/v1/held"), 200)
    assert told(house, "the rows of held") or told(house, "held entries")
    house.shred("learning")
    assert house.ledger.keyring.intentions() == [] and "ASH-WORDS" not in repr(house.look_back())
    house = again(house)
    try:
        (broken,) = [one for one in house.ledger.waiting.entries() if one.broken]
        with house.browser() as client:
            assert "cannot be opened" in client.get("/held").text
            assert [item["broken"] for item in client.get("/api/v1/held").json()["items"]].count(True) == 1
        assert "1 cannot be opened" in told(house, "held entries")
        assert house.ledger.waiting.dismiss(broken.id, "damaged") and not any(one.broken for one in house.ledger.waiting.entries())
    finally:
        house.close()


def test_a_hundred_rows_without_an_id_hide_none_that_has_one(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    house.record({**house.note(), "retention_class": "moon"})
    for n in range(120):
        change(
            house,
            "held",
            "INSERT INTO held (id, status, message, offset_seconds, received_at, nonce, body) VALUES (:id, 'refused', '', 0, 1, x'', x'')",
            id=str(n),
        )
    assert [one.broken for one in house.ledger.waiting.entries()] == [False]


def test_the_keys_of_a_send_are_never_those_of_a_child_or_of_the_ledger(house: House) -> None:
    house.record(house.note("ASH-WORDS"))
    for owner in (house.student, house.setting, house.ledger.recorder.ledger_id()):
        row = HELD.format(
            more="send_key, ends_at", id=octets(house, uuid4().bytes), status="'refused'", offset=0, at=1, nonce=octets(house, b""), octet=octets(house, b""),
            values=f"{octets(house, owner.bytes)}, 1",
        )  # fmt: skip
        change(house, "held", row)
    assert house.ledger.held.end_lives(FRIDAY) == 3
    house = again(house)
    try:
        assert "ASH-WORDS" in repr(house.look_back()) and house.one(house.rung()).status == "recorded"
    finally:
        house.close()


def test_a_devices_clock_that_was_damaged_is_as_good_as_unknown(make_house: Callable[..., House]) -> None:
    house, device = make_house("sqlite"), uuid4()
    change(house, "held", "INSERT INTO device_clocks VALUES (:id, 'abc', 'x')", id=device.bytes)
    assert house.ledger.held.last_offset(device) is None
    assert "device_clocks" in told(house, "the rows of held")


# Drafts -------------------------------------------------------------------------------------------------------------


def test_a_damaged_draft_is_left_out_and_told_of(house: House) -> None:
    for n, student in enumerate((house.student, house.student, house.other)):
        house.drafts.keep(Draft(uuid4(), student, "carer-confidence@1", "carer", FRIDAY, {"rest": n}))
    first, *_ = house.drafts.of(house.student)
    change(house, "held", f"UPDATE drafts SET body = {octets(house, b'junk')} WHERE id = :id", id=first.id.bytes)
    assert len(house.drafts.of(house.student)) == 1 and len(house.drafts.of(house.other)) == 1
    house.runner.catch_up()
    with house.browser() as client:
        assert client.get(f"/students/{house.student}/questionnaires").status_code == 200
    assert told(house, "questionnaires that were begun").startswith("1 were damaged")


# Accounts -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def signing(house: House) -> Iterator[tuple[House, TestClient]]:
    """A house whose leader signs in with a password, and a browser in which nobody is signed in."""
    house.accounts.set_password(house.leader, "juniper@example.org", PASSWORD)
    with house.stranger() as client:
        yield house, client


def sign_in(client: TestClient) -> Any:
    return client.post("/sign-in", data={"name": "juniper@example.org", "password": PASSWORD, "code": "123456"}, follow_redirects=False)


@pytest.mark.parametrize("factor", [b"", b"\0", b"\0" * 12, b"\0" * 40], ids=len)
def test_a_damaged_second_factor_is_refused_in_a_sentence_and_told_of(signing: tuple[House, TestClient], factor: bytes) -> None:
    house, client = signing
    change(house, "accounts", f"UPDATE accounts SET totp = {octets(house, factor)}")
    answer = sign_in(client)
    assert answer.status_code == 403 and "was damaged" in answer.text and "123456" not in answer.text
    assert str(house.leader) in told(house, "what lets people in")
    wrong = client.post("/sign-in", data={"name": "juniper@example.org", "password": "another one altogether", "code": "123456"})
    assert wrong.status_code == 403 and "was damaged" not in wrong.text, "nothing is told to somebody without the password"


@pytest.mark.parametrize("column", ["password", "pin"])
def test_a_damaged_password_or_pin_is_refused_in_a_sentence_and_told_of(signing: tuple[House, TestClient], column: str) -> None:
    house, client = signing
    change(house, "accounts", f"UPDATE accounts SET {column} = 'junk'")
    assert str(house.leader) in told(house, "what lets people in")
    answer = sign_in(client)
    assert (answer.status_code, "was damaged" in answer.text) == ((403, True) if column == "password" else (303, False))


def test_what_is_damaged_beside_a_credential_keeps_nobody_out_and_a_damaged_credential_lets_nobody_in(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    house.accounts.set_password(house.leader, "juniper@example.org", PASSWORD)
    with house.stranger() as client:
        change(house, "accounts", "UPDATE accounts SET changed_at = 'abc'")
        assert sign_in(client).status_code == 303
        assert "accounts (changed_at)" in told(house, "the rows of accounts")
        change(house, "accounts", "UPDATE accounts SET totp = 'abc'")
        assert sign_in(client).status_code == 403


CREDENTIALS = {
    "sessions": "UPDATE sessions SET began_at = 'abc'",
    "a session's device": "UPDATE sessions SET device_id = x'00'",
    "tokens": "UPDATE tokens SET scopes = x'ff'",
    "a token's end": "UPDATE tokens SET expires_at = 9223372036854775807",
    "devices": "INSERT INTO devices VALUES (x'00', x'00', NULL, NULL)",
    "presence": "INSERT INTO presence VALUES (x'00', x'00', 'abc', NULL, 1)",
    "links": "INSERT INTO links VALUES ('account', x'00', x'00', 'nothing', '{', NULL, 'abc', NULL, 0)",
    "openings": "INSERT INTO openings SELECT person_id, x'00', 'abc' FROM accounts",
    "tries": "INSERT INTO tries VALUES (x'00', 'abc')",
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_damaged_row_of_the_accounts_stops_neither_the_start_nor_anybody_else(make_house: Callable[..., House], name: str) -> None:
    house = make_house("sqlite")
    house.accounts.set_password(house.leader, "juniper@example.org", PASSWORD)
    token = house.token()
    damaged_session = house.accounts.begin(house.teacher, "full")
    change(house, "accounts", CREDENTIALS[name])
    assert told(house, "the rows of accounts")
    house = again(house)
    house.runner.catch_up()
    try:
        with house.browser() as client, house.stranger(client.app) as stranger:  # type: ignore[arg-type]
            for url in ("/", "/me", "/people", "/devices"):
                assert client.get(url).status_code == 200, url
            assert sign_in(stranger).status_code == 303
            for headers in ({"cookie": f"session={damaged_session}"}, token):
                assert stranger.get("/api/v1/held", headers=headers).status_code < 500
        house.accounts.tidy()
    finally:
        house.close()


# The keyring --------------------------------------------------------------------------------------------------------

KEYS = {
    "an id of one octet": "UPDATE keys SET key_id = x'00' WHERE owner_id = :other AND retention_class = 'health'",
    "an id that is a text": "UPDATE keys SET key_id = 'abc' WHERE owner_id = :other AND retention_class = 'health'",
    "an owner that is a number": "UPDATE keys SET owner_id = 5 WHERE owner_id = :other AND retention_class = 'health'",
    "a key that is a text": "UPDATE keys SET wrapped = 'abc' WHERE owner_id = :other AND retention_class = 'health'",
    "a key that is a huge number": "UPDATE keys SET wrapped = 999999999999 WHERE owner_id = :other AND retention_class = 'health'",
    "a key of one octet": "UPDATE keys SET wrapped = x'00' WHERE owner_id = :other AND retention_class = 'health'",
    "an intention of nobody": "INSERT INTO intentions VALUES (x'00', 'abc', 5, 'x', 'y')",
}


@pytest.mark.parametrize("name", KEYS)
def test_a_damaged_row_of_the_keyring_stops_neither_the_start_nor_anybody_else(make_house: Callable[..., House], name: str) -> None:
    house = make_house("sqlite")
    house.record(house.note("ASH-WORDS"), house.note("KIT-WORDS", student=house.other))
    change(house, "keyring", KEYS[name], **({"other": house.other.bytes} if ":other" in KEYS[name] else {}))
    house = again(house)
    try:
        assert "ASH-WORDS" in repr(house.look_back()) and house.one(house.note("more")).status == "recorded"
        assert told(house, "the rows of keyring") or told(house, "the keys")
        copy_into(house.settings.data / "copies", house.ledger.keyring.engine)
        said = CliRunner().invoke(program, ["keyring", "rotate", "--data", str(house.settings.data)])
        assert said.exit_code == 0, said.output
        assert "ASH-WORDS" in repr(house.look_back())
        house.shred("learning")
        assert "ASH-WORDS" not in repr(house.look_back()) and "KIT-WORDS" in repr(house.look_back(student=house.other))
    finally:
        house.close()


def test_a_key_beside_whose_row_only_the_day_is_damaged_still_opens(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    house.record(house.note("ASH-WORDS"))
    change(house, "keyring", "UPDATE keys SET made_at = x'ff'")
    house = again(house)
    try:
        assert "ASH-WORDS" in repr(house.look_back())
        path, _ = copy_into(house.settings.data / "copies", house.ledger.keyring.engine)
        with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(house.settings.data / "keyring.sqlite")) as there:
            assert copy.execute("SELECT * FROM keys ORDER BY key_id").fetchall() == there.execute("SELECT * FROM keys ORDER BY key_id").fetchall()
    finally:
        house.close()


# Deeds --------------------------------------------------------------------------------------------------------------


def test_an_erasure_that_cannot_be_done_is_said_and_tried_again_and_does_not_stop_the_start(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.record(house.note("ASH-WORDS"))

    def fail(*_: Any) -> None:
        raise RuntimeError("a fault that nobody foresaw")

    with monkeypatch.context() as patch:
        patch.setattr("ap_ledger.stores.keyring.keyring.Keyring.shred", fail)
        house.shred("learning")
        house = again(house)
        assert house.ledger.keyring.intentions() != []
        with house.browser() as client:
            assert "is not done yet" in client.get("/").text and "a fault that nobody" not in client.get("/").text
        assert str(house.student) in told(house, "what was decided is done")
    assert house.ledger.effects.redo() == 1
    assert house.ledger.warnings() == [] and house.ledger.keyring.intentions() == [] and "ASH-WORDS" not in repr(house.look_back())
    house.close()


def test_one_erasure_that_cannot_be_done_keeps_no_other_from_being_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from ap_ledger.stores.keyring.keyring import Keyring

    honest = Keyring.shred

    def fail_for_one(self: Keyring, owner: UUID, *given: Any) -> None:
        if owner == house.student:
            raise ValueError
        honest(self, owner, *given)

    monkeypatch.setattr(Keyring, "shred", fail_for_one)
    house.shred("learning")
    house.shred("learning", student=house.other)
    assert house.ledger.effects.redo() == 0 and [one.student_id for one in house.ledger.keyring.intentions()] == [house.student]
    assert not house.ledger.keyring.lives(house.other, "learning") and house.ledger.keyring.lives(house.student, "learning")

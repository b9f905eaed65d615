"""On PostgreSQL the service runs as a role that can add to the ledger at its end, and can do nothing else to it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from ap_ledger.bootstrap import open_ledger
from ap_ledger.domain.erasure import ExciseText
from ap_ledger.errors import EndNotProved, SetupError
from ap_ledger.persistence.erasing import ErasingProof
from ap_ledger.persistence.postgres import APPEND
from ap_ledger.recording.ledger import new_id
from ap_ledger.recording.verifying import verify
from ap_ledger.settings import Settings, read_settings
from ap_ledger.stores.creating import create_ledger
from ap_ledger.stores.upgrading import upgrade
from tests.golden.make_stores import load_dump
from tests.house import House, settings_for

GOLDEN = Path(__file__).parent / "golden"


class Walled(NamedTuple):
    """A furnished house that runs as its role, what its role can do by hand, and what the owner can."""

    house: House
    role: psycopg.Connection[Any]
    owner: psycopg.Connection[Any]
    owned: str

    def count(self, table: str) -> int:
        row = self.owner.execute(f"SELECT count(*) FROM ledger.{table}").fetchone()  # type: ignore[arg-type]
        assert row is not None
        return int(row[0])


def make_role(url: str) -> str:
    role = f"service{uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")  # type: ignore[arg-type]
    return role


def as_role(settings: Settings, role: str) -> Settings:
    assert settings.postgres is not None
    return read_settings(data=settings.data, database_url=f"postgresql://{role}:x@{settings.postgres.split('@', 1)[1]}")


@pytest.fixture
def walled(postgres: str, tmp_path: Path) -> Iterator[Walled]:
    settings = settings_for("postgres", tmp_path / "data", postgres)
    role = make_role(str(settings.postgres))
    create_ledger(settings, role)
    service = as_role(settings, role)
    house = House(service, make=False).furnish()
    house.record(house.note("the first"), house.rung(), house.note("the second"))
    with (
        psycopg.connect(str(service.postgres), autocommit=True, options="-c search_path=ledger") as as_service,
        psycopg.connect(str(settings.postgres), autocommit=True) as as_owner,
    ):
        yield Walled(house, as_service, as_owner, str(settings.postgres))
    house.close()


def addition(house: House, **changed: Any) -> list[Any]:
    """What the service hands to `append` for one row at the end of the ledger, with what a thief would change."""
    head = house.ledger.recorder.read_head()
    given = {
        "first": head.position + 1, "at_time": head.recorded_at, "rules": head.rules_position, "keys": head.keys_position, "chained_to": head.chain,
        "proved": b"p", "stream": [uuid4()], "version": [1], "topic": ["rung-reached"], "class_version": [1], "command": [None], "setting": [house.setting],
        "student": [house.student], "author": [house.mentor], "device": [None], "happened": [0], "print": [b"f"], "hash": [None], "state": ["{}"],
        "link": [b"l"], "positions": [], "classes": [], "keys_of": [], "nonces": [], "texts": [], **changed,
    }  # fmt: skip
    return [psycopg.types.numeric.Int8(value) if isinstance(value, int) else value for value in given.values()]


def proof_of(house: House, position: int, kept: str = "learning") -> bytes:
    """What the service shows the database when it removes a text."""
    own = house.ledger.keyring.key(house.ledger.recorder.ledger_id(), "core")
    assert own is not None
    return ErasingProof(own.raw).of(position, kept)


def test_the_role_cannot_add_a_row_past_the_function(walled: Walled) -> None:
    columns = "position, originator_id, originator_version, topic, class_version, occurred_at, recorded_at, fingerprint, state"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        walled.role.execute(
            f"INSERT INTO stored_events ({columns}) VALUES (1000000000, gen_random_uuid(), 1, 'rung-reached', 1, 0, 0, '', '{{}}')",  # type: ignore[arg-type]
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        walled.role.execute("INSERT INTO sealed VALUES (1, 'core', gen_random_uuid(), '', '')")


@pytest.mark.parametrize(
    "wrong",
    [{"first": 10**9}, {"first": 2}, {"at_time": 0}, {"rules": 1}, {"rules": 10**9}, {"keys": 0}, {"keys": 10**9}, {"chained_to": b"another chain"}],
    ids=str,
)
def test_the_function_refuses_a_gap_a_step_back_and_another_chain(walled: Walled, wrong: dict[str, Any]) -> None:
    before = walled.count("stored_events")
    with pytest.raises(psycopg.errors.RaiseException, match="at the end of the ledger only"):
        walled.role.execute(APPEND, addition(walled.house, **wrong))
    assert walled.count("stored_events") == before


@pytest.mark.parametrize("wrong", [{"stream": []}, {"topic": []}, {"link": []}, {"state": ["{}", "{}"]}, {"link": [b"l", b"m"]}], ids=str)
def test_the_function_refuses_columns_of_different_lengths(walled: Walled, wrong: dict[str, Any]) -> None:
    before = walled.count("stored_events")
    with pytest.raises(psycopg.Error):
        walled.role.execute(APPEND, addition(walled.house, **wrong))
    assert walled.count("stored_events") == before


def test_a_sealed_text_is_added_with_its_own_row_only(walled: Walled) -> None:
    text = {"classes": ["health"], "keys_of": [uuid4()], "nonces": [b"n"], "texts": [b"c"]}
    for elsewhere in (1, 10**9):
        with pytest.raises(psycopg.errors.RaiseException, match="with its row only"):
            walled.role.execute(APPEND, addition(walled.house, **text, positions=[elsewhere]))


def test_a_row_that_the_role_adds_by_hand_is_at_the_end_and_nothing_follows_until_the_owner_takes_it(walled: Walled) -> None:
    walled.role.execute(APPEND, addition(walled.house))
    with pytest.raises(EndNotProved):
        walled.house.one(walled.house.rung())
    with pytest.raises(SetupError, match="Only the owner"):
        walled.house.ledger.accept_end()
    owner = walled.house.settings.model_copy(update={"database_url": SecretStr(walled.owned)})
    with closing(open_ledger(owner, walled.house.clock)) as ledger:
        assert ledger.accept_end() == walled.count("stored_events")
    assert walled.house.one(walled.house.rung()).position == walled.count("stored_events")


@pytest.mark.parametrize("shadow", ["stored_events", "sealed", "head"])
def test_no_temporary_table_of_the_role_stands_in_for_one_of_the_ledger(walled: Walled, shadow: str) -> None:
    texts, run = walled.count("sealed"), walled.role.execute
    run(f"CREATE TEMPORARY TABLE {shadow} (LIKE ledger.{shadow} INCLUDING DEFAULTS)")  # type: ignore[arg-type]
    run(f"GRANT ALL ON pg_temp.{shadow} TO PUBLIC")  # type: ignore[arg-type]
    if shadow == "stored_events":
        columns = "position, originator_id, originator_version, topic, class_version, occurred_at, recorded_at, fingerprint, state"
        for position in range(1, walled.count("stored_events") + 1):
            run(
                f"INSERT INTO pg_temp.stored_events ({columns}) SELECT {position}, gen_random_uuid(), 1, 'text-excised', 1, 0, 0, '', "  # type: ignore[arg-type]
                f"json_build_object('excised_position', {position}, 'retention_class', 'learning')::text"
            )
    for position in range(1, walled.count("stored_events") + 1):
        with pytest.raises(psycopg.errors.RaiseException, match="no event says"):
            run("SELECT ledger.excise(%s::bigint, 'learning', %s)", (position, proof_of(walled.house, position)))
    assert walled.count("sealed") == texts
    assert walled.house.one(walled.house.rung()).status == "recorded"


def test_every_function_that_runs_as_the_owner_looks_for_temporary_names_last(walled: Walled) -> None:
    ask = "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace AND prosecdef"
    found = dict(walled.owner.execute(ask).fetchall())
    assert found.keys() == {"lock_head", "append", "excise"}
    assert set(map(str, found.values())) == {"['search_path=ledger, pg_temp']"}


def test_nobody_without_a_grant_may_call_the_functions(walled: Walled) -> None:
    stranger = f"stranger{uuid4().hex[:8]}"
    walled.owner.execute(f"CREATE ROLE {stranger} LOGIN PASSWORD 'x'")  # type: ignore[arg-type]
    walled.owner.execute(f"GRANT USAGE ON SCHEMA ledger TO {stranger}")  # type: ignore[arg-type]
    with psycopg.connect(str(as_role(walled.house.settings, stranger).postgres), autocommit=True) as connection:
        for call in ("SELECT * FROM ledger.lock_head()", "SELECT ledger.excise(1, 'core', '')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(call)  # type: ignore[arg-type]


def test_upgrading_takes_from_the_role_of_an_older_ledger_what_it_needs_no_more(postgres: str, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "data-0.1.0", tmp_path / "older", ignore=shutil.ignore_patterns("*.sqlite"))
    settings = read_settings(data=tmp_path / "older", database_url=load_dump(postgres, GOLDEN / "postgres-0.1.0.sql"))
    role = make_role(str(settings.postgres))
    with psycopg.connect(str(settings.postgres), autocommit=True) as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA ledger TO {role}")  # type: ignore[arg-type]
        connection.execute(f"GRANT SELECT, INSERT ON ledger.stored_events, ledger.sealed TO {role}")  # type: ignore[arg-type]
    upgrade(settings)
    with psycopg.connect(str(as_role(settings, role).postgres), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO ledger.sealed VALUES (1, 'core', gen_random_uuid(), '', '')")
        head = connection.execute("SELECT position FROM ledger.lock_head()").fetchone()
        assert head is not None and head[0] > 0


# Erasing ------------------------------------------------------------------------------------------------------------


def forge(walled: Walled, topic: str, state: str) -> None:
    """Adds a row at the end as the role, as somebody who took the role over could."""
    walled.role.execute(APPEND, addition(walled.house, topic=[topic], state=[state]))


def excised(position: int, kept: str = "learning") -> str:
    return json.dumps({"excised_position": position, "retention_class": kept})


def test_a_forged_event_removes_no_text_because_the_role_lacks_the_proof(walled: Walled) -> None:
    places = [position for (position,) in walled.owner.execute("SELECT position FROM ledger.sealed").fetchall()]
    for position in places[:3]:
        forge(walled, "text-excised", excised(position))
        proofs = (b"", b"p" * 32, proof_of(walled.house, position + 1), proof_of(walled.house, position, "core"), None)
        for proof in proofs:
            with pytest.raises(psycopg.errors.RaiseException, match="a holder of the keyring only"):
                walled.role.execute("SELECT excise(%s::bigint, 'learning', %s::bytea)", (position, proof))
    with pytest.raises(psycopg.errors.UndefinedFunction):
        walled.role.execute("SELECT excise(%s::bigint, 'learning')", (places[0],))
    for table in ("erasing", "sealed"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            walled.role.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        walled.role.execute("SELECT * FROM erasing")
    assert walled.count("sealed") == len(places)


@pytest.mark.parametrize("state", ["no json", "[]", "{}", '{"excised_position": "x", "retention_class": []}', "null", '{"excised_position": 1e400}'])
def test_a_forged_event_that_says_nothing_keeps_nobody_from_removing_a_text(walled: Walled, state: str) -> None:
    house = walled.house
    (note, _) = house.record(house.note("a word to be removed"), house.rung())
    assert note.position is not None
    house.ledger.execute(ExciseText(id=new_id(), position=note.position, **house.erasing()))
    (again,) = walled.owner.execute("SELECT count(*) FROM ledger.sealed WHERE position = %s", (note.position,)).fetchone() or (None,)
    assert again == 0
    forge(walled, "text-excised", state)
    assert not house.ledger.recorder.excise(note.position, "learning", proof_of(house, note.position)), "it was removed before, and that is all"
    assert any("position" in fault for found in verify(house.ledger) for fault in found.faults)


def test_the_service_destroys_nothing_because_of_a_row_that_somebody_else_wrote(walled: Walled) -> None:
    house = walled.house
    house.record(house.note("ASH-WORDS"))
    texts, head = walled.count("sealed"), house.ledger.recorder.read_head().position
    forge(walled, "key-shredded", json.dumps({"retention_class": "learning", "rule": "asked", "texts": 0}))
    forge(walled, "text-excised", excised(head))
    assert house.ledger.effects.sweep(look_only=True) == house.ledger.effects.sweep() == 0
    assert house.ledger.keyring.lives(house.student, "learning") and walled.count("sealed") == texts
    assert "ASH-WORDS" in repr(house.look_back())


def test_upgrading_gives_the_role_the_function_that_wants_a_proof_in_the_place_of_the_other(postgres: str, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "data-0.1.0", tmp_path / "older", ignore=shutil.ignore_patterns("*.sqlite"))
    settings = read_settings(data=tmp_path / "older", database_url=load_dump(postgres, GOLDEN / "postgres-0.1.0.sql"))
    role = make_role(str(settings.postgres))
    with psycopg.connect(str(settings.postgres), autocommit=True) as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA ledger TO {role}")  # type: ignore[arg-type]
        connection.execute(f"GRANT SELECT, INSERT ON ledger.stored_events, ledger.sealed TO {role}")  # type: ignore[arg-type]
        connection.execute(f"GRANT EXECUTE ON FUNCTION ledger.excise TO {role}")  # type: ignore[arg-type]
    upgrade(settings)
    house = House(settings, make=False)
    with psycopg.connect(str(as_role(settings, role).postgres), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="a holder of the keyring only"):
            connection.execute("SELECT ledger.excise(1, 'core', 'p')")
        with pytest.raises(psycopg.errors.RaiseException, match="no event says"):
            connection.execute("SELECT ledger.excise(1, 'core', %s)", (proof_of(house, 1, "core"),))
    house.close()

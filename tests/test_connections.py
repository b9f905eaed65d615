"""One process holds a bounded number of connections to a server, and says so where there is no turn."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest
from pydantic import ValidationError

from ap_ledger.errors import Busy
from ap_ledger.persistence import pools
from ap_ledger.persistence.pools import LEAST, OF, SHARES, pool_size
from ap_ledger.settings import read_settings
from tests.house import House


def open_now(house: House) -> int:
    """How many connections the server has to this house's database, our own question apart."""
    assert house.settings.postgres is not None
    with psycopg.connect(house.settings.postgres) as connection:
        row = connection.execute("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])


def test_the_shares_of_the_stores_never_exceed_what_a_process_may_hold() -> None:
    for connections in range(LEAST, 200):
        sizes = {store: pool_size(connections, store) for store in SHARES}
        assert sum(sizes.values()) + 1 <= connections and min(sizes.values()) >= 1, connections
    assert sizes["keyring"] > 1 and pool_size(LEAST, "keyring") > 1, "one of them asks whether keys changed, all the time"
    assert read_settings().connections == OF
    with pytest.raises(ValidationError):
        read_settings(connections=LEAST - 1)


@pytest.mark.parametrize("connections", [LEAST, OF])
def test_sixty_four_threads_are_answered_within_the_bound(make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch, connections: int) -> None:
    # How long somebody waits for a turn before they are told so is another test's; a slow machine only takes longer.
    monkeypatch.setattr(pools, "LOCK_SECONDS", 120)
    monkeypatch.setattr("ap_ledger.persistence.postgres.LOCK_SECONDS", 120)
    house = make_house("postgres", connections=connections)
    house.record(house.rung())
    house.runner.catch_up()
    faults: list[BaseException] = []
    most: list[int] = []

    def ask(client: object, number: int) -> None:
        try:
            house.ledger.recorder.read_head()
            house.reader.positions()
            list(house.ledger.held.waiting())
            house.drafts.of(house.student)
            house.ledger.keyring.unreadable()
            house.jobs.latest_runs()
            if number % 8 == 0:
                house.record(house.rung())
                most.append(open_now(house))
            path = ("/", f"/students/{house.student}", "/held", "/clocks")[number % 4]
            assert client.get(path).status_code == 200  # type: ignore[attr-defined]
        except BaseException as fault:
            faults.append(fault)

    with house.browser() as client:
        threads = [threading.Thread(target=ask, args=(client, number)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        most.append(open_now(house))
    assert faults == []
    # Others of these threads may be asking the same question just now.
    assert max(most) <= connections + 8, most
    assert most[-1] <= connections


@pytest.mark.parametrize("store", ["accounts", "views", "ledger"])
def test_whoever_waits_in_vain_for_a_turn_is_told_which_store_is_crowded(make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    monkeypatch.setattr(pools, "LOCK_SECONDS", 0.2)
    monkeypatch.setattr("ap_ledger.persistence.postgres.LOCK_SECONDS", 0.2)
    house = make_house("postgres", connections=LEAST)
    size = pool_size(LEAST, store)
    opens = {
        "accounts": house.accounts._engine.connect,
        "views": house.views.reading,
        "ledger": house.ledger.recorder.reading,
    }[store]
    turns = [opens() for _ in range(size)]
    for turn in turns:
        turn.__enter__()
    try:
        with pytest.raises(Busy, match="at once that there was no turn"), opens():
            pass
    finally:
        for turn in turns:
            turn.__exit__(None, None, None)
    with opens():
        pass


def test_a_connection_that_comes_back_after_the_end_is_closed(make_house: Callable[..., House]) -> None:
    house = make_house("postgres")
    reading = house.ledger.recorder.reading()
    cursor = reading.__enter__()
    house.close()
    reading.__exit__(None, None, None)
    assert cursor.connection.closed

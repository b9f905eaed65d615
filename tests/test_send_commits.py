"""A send is kept in one transaction of each store, whatever becomes of its entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.house import House

MANY = 1_000


@pytest.fixture
def commits(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], dict[str, int]]]:
    """How often each store was committed to since this was asked last."""
    counted: Counter[str] = Counter()
    engines = {"held": house.ledger.held._engine, "keyring": house.ledger.keyring.engine}
    listeners = {name: lambda _, name=name: counted.update([name]) for name in engines}
    for name, engine in engines.items():
        event.listen(engine, "commit", listeners[name])
    writing = house.ledger.recorder.writing

    @contextmanager
    def counting() -> Iterator[None]:
        with writing():
            yield
        counted["ledger"] += 1

    monkeypatch.setattr(house.ledger.recorder, "writing", counting)

    def since() -> dict[str, int]:
        found = dict(counted)
        counted.clear()
        return found

    yield since
    for name, engine in engines.items():
        event.remove(engine, "commit", listeners[name])


def sent(house: House, entries: list[dict[str, Any]]) -> set[str]:
    return {result.status for result in house.record(*entries)}


def test_a_thousand_refused_entries_are_one_commit(house: House, commits: Callable[[], dict[str, int]]) -> None:
    wrong = [{**house.rung(), "rung": "no-such-rung"} for _ in range(MANY)]
    assert sent(house, wrong) == {"refused"}
    assert commits() == {"held": 1}
    assert sent(house, wrong) == {"refused"}
    assert commits() == {"held": 1}, "sent again it is as quick"
    assert len(house.ledger.waiting.entries(limit=MANY + 1)) == MANY


def test_a_thousand_held_corrections_are_one_commit(house: House, commits: Callable[[], dict[str, int]]) -> None:
    absent = [house.rung() for _ in range(MANY)]
    assert sent(house, [house.correct(entry, rung="face-to-face") for entry in absent]) == {"held"}
    assert commits() == {"held": 1}


def test_what_is_recorded_refused_and_held_in_one_send_is_one_commit_each(house: House, commits: Callable[[], dict[str, int]]) -> None:
    good, wrong = [house.rung() for _ in range(50)], [{**house.rung(), "rung": "no-such-rung"} for _ in range(50)]
    waiting = [house.correct(house.rung(), rung="face-to-face") for _ in range(50)]
    assert sent(house, [*good, *wrong, *waiting]) == {"recorded", "refused", "held"}
    assert commits() == {"ledger": 1, "held": 1}

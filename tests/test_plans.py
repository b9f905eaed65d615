"""No question that is asked while people wait looks through what grows with the ledger: every one finds its rows by an index."""

from __future__ import annotations

import re
import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.app import GATES
from projections import PROJECTIONS
from projections.runner import Runner
from tests.house import FRIDAY, MONDAY, Clock, House, settings_for

ROOT = Path(__file__).parents[1]
GROWS = re.compile(r"\bSCAN (stored_events|sealed|timeline__\w+|cells__\w+|marks__\w+|unit_steps__\w+|instruments_answered__\w+)\b(.*)")
"""Tables that hold a row or more for each entry, as SQLite names them in the plan of a statement."""
WHOLE_ON_PURPOSE = (
    # The projector reads the ledger onwards from where it was, in the order of its key, so many rows at a time.
    re.compile(r"FROM stored_events WHERE position > \d+ ORDER BY position LIMIT"),
    # What of a student would be erased is counted in the ledger itself, once, for the two people who decide on it.
    re.compile(r"SELECT retention_class, count\(\*\) FROM sealed"),
)


def plans(statements: list[str], *files: Path) -> list[str]:
    """What of these statements looks through a table that grows: the plan, and the statement."""
    found: list[str] = []
    connection = sqlite3.connect("file::memory:", uri=True)
    for n, file in enumerate(files):
        connection.execute(f"ATTACH '{file}' AS d{n}")
    for said in statements:
        if not said.upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")) or any(one.search(said) for one in WHOLE_ON_PURPOSE):
            continue
        for _, _, _, detail in connection.execute(f"EXPLAIN QUERY PLAN {said}"):
            if GROWS.search(detail):
                found.append(f"{detail}: {said[:300]}")
    connection.close()
    return found


def test_questions_are_written_with_the_tables_and_not_as_text() -> None:
    written = [path.name for path in sorted((ROOT / "projections" / "queries").glob("*.py")) if re.search(r"exec_driver_sql|\.sql\(", path.read_text("utf-8"))]
    assert written == []


def test_no_question_asked_while_people_wait_looks_through_what_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: dict[str, str] = {}

    def keep(said: str) -> None:
        # One of each shape is enough: numbers, words and blobs do not change a plan.
        statements.setdefault(re.sub(r"x'[0-9a-f]*'|'[^']*'|\b\d+\b", "?", said.strip(), flags=re.IGNORECASE), said.strip())

    real = sqlite3.connect

    def traced(*given: Any, **more: Any) -> sqlite3.Connection:
        made = real(*given, **more)
        made.set_trace_callback(keep)
        return made

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", traced)
        patch.setattr(sqlite3.dbapi2, "connect", traced)  # type: ignore[attr-defined]
        house = House(settings_for("sqlite", tmp_path / "data", None), Clock(FRIDAY)).furnish()
        wrong, moved = house.note("wrong"), house.rung("goes-out")
        house.record(house.rung(), house.outcome(), house.unit(), wrong, moved, house.entry("voice-heard", speaker="student", face=4, words="good"))
        house.runner.catch_up()
        house.record(house.void(wrong), house.correct(moved, rung="shares-space"), house.outcome(day=date(2026, 3, 3)))
        # A runner that has just started remembers nothing of the days that are open.
        Runner(house.ledger.recorder, house.views, PROJECTIONS).catch_up()
        whose = {"student_id": str(house.student), "setting_id": str(house.setting), "kind": "curriculum", "entry": moved["id"]}
        asked = {
            "setting": str(house.setting),
            "as_of": "2026-03-05",
            "known_at": (MONDAY + timedelta(days=2)).isoformat(),
            "known": "2026-03-04",
            "date": "2026-03-02",
        }
        asked |= {"from": "2026-03-01", "to": "2026-03-06", "on": "2026-03-02", "slot": "lesson", "layout": "review-pack", "student": str(house.student)}
        with house.browser() as leader:
            for key in GATES:
                method, path = key.split(" ", 1)
                if method == "GET" and not re.search(r"\{(?!student_id|setting_id|entry\b)", path):
                    assert leader.get(path.format(**whose), params=asked, follow_redirects=False).status_code < 500, path
            for layout in ("family", "commissioner-pack", "gaps"):
                leader.get("/reports/make", params={**asked, "layout": layout, **({} if layout == "family" else {"student": ""})})
        house.close()
    folder = tmp_path / "data"
    assert len(statements) > 80, "what is said to the databases was not heard"
    assert (
        plans(
            list(statements.values()),
            folder / "ledger.sqlite",
            folder / "views.sqlite",
            *(folder / f"{name}.sqlite" for name in ("keyring", "held", "accounts", "jobs", "notices")),
        )
        == []
    )

"""What a report may hold is decided by who reads it. A layout that cannot be read takes nothing from anybody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from ap_ledger import __version__
from ap_ledger.domain.setting import AddCommissioner
from ap_ledger.domain.student import EndPlacement, StartPlacement
from ap_ledger.events.base import Stamp
from ap_ledger.events.report import ReportReleased
from ap_ledger.recording.ledger import new_id
from reports.layouts import read_layout
from tests.house import MONDAY, House

COUNCIL = UUID("01a20000-0000-7000-8000-0000000c0001")
TELLS_ALL: dict[str, Any] = {
    "id": "tells-all", "title": "Everything about {student}", "summary": "Everything", "audience": "leader", "about": ["student"],
    "blocks": [{"banner": {}}, {"context": {}}],
}  # fmt: skip


@pytest.fixture
def placed(make_house: Callable[..., House], database: str) -> House:
    """A house whose student was placed by a council, with somebody who reads for it."""
    house = make_house(database)
    own: dict[str, Any] = {"setting_id": house.setting, "author_id": house.leader}
    house.ledger.execute(AddCommissioner(id=new_id(), commissioner_id=COUNCIL, name="Lakeside Council", kind="local-authority", **own))
    state = house.ledger.states.student(house.student)
    assert state is not None
    whose = {**own, "student": house.student}
    end = {"placement_id": state.placements[0].id, "end": date(2026, 1, 6), "reason_code": "moved"}
    house.ledger.execute(EndPlacement(id=new_id(), **end, **whose))
    house.ledger.execute(StartPlacement(id=new_id(), placement_id=new_id(), start=date(2026, 1, 7), commissioner_id=COUNCIL, **whose))
    house.reader_of_council = house.person("Quill", "commissioner", commissioner_id=COUNCIL)  # type: ignore[attr-defined]
    house.record(house.rung(), house.entry("context-noted", MONDAY, category="bereavement", text="told on the doorstep"))
    return house


def stored(house: House, layout: dict[str, Any], **more: Any) -> UUID:
    """A release as an earlier version may have stored it, with a layout that nobody looked at."""
    report = new_id()
    stamp = Stamp(occurred_at=house.clock(), setting_id=house.setting, student_id=house.student, author_id=house.leader)
    fields: dict[str, Any] = {
        "audience": "commissioner", "commissioner_id": COUNCIL, "first": date(2026, 2, 23), "last": date(2026, 3, 6), "known_at": house.clock(),
        "preset": "internal", "figures_hash": "0" * 64, "software": __version__, **more,
    }  # fmt: skip
    house.ledger.save(ReportReleased(originator_id=report, originator_version=1, stamp=stamp, layout=layout, **fields))
    house.runner.catch_up()
    return report


def release_command(house: House, layout: Any, **more: Any) -> dict[str, Any]:
    report = str(new_id())
    return {
        "command": "release-report", "id": report, "report": report, "setting_id": str(house.setting), "author_id": str(house.leader), "layout": layout,
        "audience": "commissioner", "commissioner_id": str(COUNCIL), "first": "2026-02-23", "last": "2026-03-06",
        "known_at": (house.clock() - timedelta(minutes=1)).isoformat(), "preset": "internal", "figures_hash": "0" * 64, "software": __version__, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    "layout", ({}, {"id": "x"}, "commissioner-pack", None, [1], {**TELLS_ALL, "blocks": []}, TELLS_ALL, read_layout("family").model_dump(mode="json"))
)
def test_a_layout_that_is_none_or_for_other_readers_is_not_released(placed: House, layout: Any) -> None:
    with placed.browser() as client:
        answer = client.post("/api/v1/commands", json=release_command(placed, layout), headers=placed.token())
        assert answer.status_code == 422 and any("layout" in str(field) for field in answer.json()["fields"]), answer.text
        placed.runner.catch_up()
        assert client.get("/reports").status_code == 200


def test_a_stored_release_that_cannot_be_read_is_shown_as_broken_and_takes_no_page(placed: House) -> None:
    broken = stored(placed, {})
    good = stored(placed, read_layout("commissioner-pack").model_dump(mode="json"))
    app = placed.app()
    with placed.browser(app=app) as leader:
        page = leader.get("/reports")
        assert page.status_code == 200 and "A report whose layout cannot be read" in page.text and f"/reports/{good}" in page.text
        reader = placed.browser(placed.reader_of_council, app)  # type: ignore[attr-defined]
        home = reader.get("/")
        assert home.status_code == 200 and "A report that cannot be shown any more" in home.text and f"/reports/{good}" in home.text
        told = reader.get(f"/reports/{broken}")
        assert told.status_code == 422 and "a layout that cannot be read" in told.text


def test_a_commissioner_reads_no_health_category_whatever_the_layout_says_of_itself(placed: House) -> None:
    about = {"about": ["student"], "blocks": [{"banner": {}}, {"context": {}}]}
    report = stored(placed, {**TELLS_ALL, **about})
    app = placed.app()
    with placed.browser(app=app):
        page = placed.browser(placed.reader_of_council, app).get(f"/reports/{report}")  # type: ignore[attr-defined]
    assert page.status_code == 200
    assert "bereavement" not in page.text and "something outside school" in page.text


def test_what_staff_left_undone_goes_to_nobody_outside(placed: House) -> None:
    gaps = {**TELLS_ALL, "audience": "commissioner", "blocks": [{"banner": {}}, {"gaps": {}}]}
    report = stored(placed, gaps)
    app = placed.app()
    with placed.browser(app=app):
        page = placed.browser(placed.reader_of_council, app).get(f"/reports/{report}")  # type: ignore[attr-defined]
    assert page.status_code == 422 and "for leaders alone" in page.text

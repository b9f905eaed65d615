"""Reports that were released, as lines of a list: to those who made them, and to their readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from ap_ledger.access.rules import Released, may_read_report
from ap_ledger.bootstrap import Service
from api.core.asking import Asker
from api.core.show import one_by_one
from projections.bodies import ReportBody, SettingBody
from reports.layouts import SHIPPED, layout_from


def released_of(asking: Asker, body: ReportBody) -> Released:
    """A released report as the rules of access ask about it."""
    commissioner = body["commissioner_id"]
    return Released(
        asking.about(body["student_id"], body["setting_id"]),
        body["audience"],
        bool(body["withdrawn"]),
        UUID(commissioner) if commissioner else None,
    )


def released_to(using: Service, asking: Asker) -> list[ReportBody]:
    """The reports that were released to somebody, the newest first."""
    where = {str(setting_id) for setting_id in asking.where("read-report")}
    reports = [
        report
        for report in using.reader.whole("reports")
        if report["setting_id"] in where
        and not report["withdrawn"]
        and may_read_report(asking.who, released_of(asking, report))
    ]
    return sorted(reports, key=lambda report: -report["released_at"])


def lines_of(
    released: list[ReportBody], setting: SettingBody | None = None, named: Mapping[str, str] | None = None
) -> list[Line]:
    """Each released report as a line of a list; one whose layout cannot be read says so."""
    return one_by_one(
        released,
        lambda body: _line(body, setting, named or {}),
        lambda body: _line({**body, "layout": BROKEN}, None, {}),
    )


class Line(NamedTuple):
    """A released report in a list. `title` is for those who made it, `summary` for its readers."""

    id: str
    title: str
    summary: str
    first: str
    last: str
    withdrawn: bool


BROKEN = {"title": "A report whose layout cannot be read", "summary": "A report that cannot be shown any more"}


def _line(body: ReportBody, setting: SettingBody | None, named: Mapping[str, str]) -> Line:
    placers = {
        commissioner["commissioner_id"]: commissioner["name"]
        for commissioner in (setting["commissioners"] if setting else ())
    }
    words = {
        "student": named.get(body["student_id"] or "") or "a student",
        "setting": setting["name"] if setting else "the setting",
        "commissioner": placers.get(body["commissioner_id"] or "", "a commissioner"),
    }
    layout = body["layout"] if body["layout"] is BROKEN else layout_from(body["layout"]).model_dump()
    title = layout["title"]
    for name, word in words.items():
        title = title.replace(f"{{{name}}}", word)
    summary = "Steps we took together" if body["audience"] == "family" else "Half-term report"
    return Line(
        body["id"],
        title,
        layout["summary"] if layout is BROKEN or layout["id"] not in SHIPPED else summary,
        body["first"],
        body["last"],
        bool(body["withdrawn"]),
    )

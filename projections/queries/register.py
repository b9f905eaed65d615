"""The register codes to suggest for a student's sessions, each with its reason. The host school decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ap_ledger.errors import Unreadable
from ap_ledger.events.days import EVERY_DAY, Days, holds_on
from ap_ledger.events.entries import RungReached, SessionAttended
from ap_ledger.events.moments import stored_time
from ap_ledger.kinds.timeline import attendance, planned
from frameworks.register import SessionFacts, Suggestion, suggest
from projections.bodies import PlacementFacts, SettingBody, StudentBody
from projections.one_fact import DISPUTED, Attested, sessions_of, status_of
from projections.queries.entries import entries_at, entries_of_day
from projections.queries.expected import Expectations
from projections.queries.reading import Reader
from projections.queries.relations import known_of

KINDS = (SessionAttended.TOPIC, RungReached.TOPIC)
"""What a suggestion is made from: a rule about these two alone."""


DIFFERENT = (
    "two people said different things about this session, so no code "
    "is suggested until one of them is put right or taken back"
)


@dataclass(frozen=True)
class SuggestedCode:
    """A session, and the code to suggest.

    `told` is what was said of it, in the order in which it was recorded: most often one entry.
    """

    start: datetime
    end: datetime
    attended: bool
    disputed: bool
    suggestion: Suggestion
    told: Sequence[dict[str, Any]]

    @property
    def entry_id(self) -> str:
        """The entry that was recorded first."""
        return str(self.told[0]["id"])


def suggested_codes(
    reader: Reader,
    student_id: UUID,
    first: date,
    as_of: datetime,
    known_at: datetime | None = None,
    within: Days = EVERY_DAY,
) -> list[SuggestedCode]:
    """The sessions from a day on, of the days of `within`, newest first, as known at a time.

    Raises Unknown for the student.
    """
    student, setting = reader.student_and_setting(student_id)
    known = known_of(reader, setting, [student], known_at)
    entries = [
        entry
        for entry in entries_at(reader, student_id, as_of, known.position, 0, 5_000, first, KINDS, within)
        if entry["status"] != "voided"
    ]
    student = {**student, "expected": known.expected.get(student["id"], [])}
    return _suggested(reader, known.setting, student, known.placements.get(student["id"], ()), entries)


def codes_of_day(
    reader: Reader, setting: SettingBody, students: Sequence[StudentBody], day: date
) -> dict[str, list[SuggestedCode]]:
    """The sessions of several students on one day, by student id, as known now."""
    told = entries_of_day(reader, [UUID(student["id"]) for student in students], day, KINDS)
    placements = reader.whole("placements", setting)
    return {
        student["id"]: _suggested(
            reader,
            setting,
            student,
            [placement for placement in placements if placement["student_id"] == student["id"]],
            [entry for entry in told if entry["entry"]["student_id"] == student["id"]],
        )
        for student in students
    }


def _suggested(
    reader: Reader,
    setting: SettingBody,
    student: StudentBody,
    placements: Sequence[PlacementFacts],
    entries: Sequence[dict[str, Any]],
) -> list[SuggestedCode]:
    zone = ZoneInfo(setting["time_zone"])
    rungs = [entry for entry in entries if entry["kind"] == RungReached.TOPIC]
    commissioners = {commissioner["commissioner_id"]: commissioner["kind"] for commissioner in setting["commissioners"]}
    expectations = Expectations(setting, placements)
    suggested: list[SuggestedCode] = []
    for session in _sessions(zone, [entry for entry in entries if _is_readable(entry)]):
        content = session[0]["entry"]
        start, end = (stored_time(content[name]).astimezone(zone) for name in ("planned_start", "planned_end"))
        expected = expectations.of_session(student, start.date(), [_attested(told) for told in session])
        placement = next(
            (running for running in placements if holds_on(running["start"], running["end"], start.date().isoformat())),
            None,
        )
        facts = SessionFacts(
            on=start.date(),
            attended=bool(content.get("actual_start")) and not content.get("cancelled_by"),
            supervised=any(told["entry"].get("supervised_by") for told in session),
            rung_supervised=_supervised(reader, rungs, content, start, end),
            cancelled_by=content.get("cancelled_by"),
            arranged_by=commissioners.get(placement["commissioner_id"] or "") if placement else None,
            dual_registered=bool(placement and placement["dual_registered"]),
            expected=expected.why,
        )
        disputed = status_of([_attested(told) for told in session]) == DISPUTED
        suggestion = Suggestion(None, DIFFERENT) if disputed else suggest(facts)
        suggested.append(SuggestedCode(start, end, facts.attended and not disputed, disputed, suggestion, session))
    return suggested


def _is_readable(told: dict[str, Any]) -> bool:
    """Whether a session says when it was. One that does not takes no other with it."""
    try:
        return told["kind"] == SessionAttended.TOPIC and bool(_attested(told))
    except (Unreadable, LookupError, TypeError, ValueError):
        return False


def _attested(told: dict[str, Any]) -> Attested:
    entry = told["entry"]
    slot = entry["session"]["slot"] if entry.get("session") else None
    return Attested(told["position"], *planned(entry), slot, attendance(entry), None)


def _sessions(zone: ZoneInfo, entries: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """What was told of each session, in the order of the first that is told of it.

    Sessions are told apart within a day, as the fold does.
    """
    by_position = {told["position"]: told for told in entries if told["kind"] == SessionAttended.TOPIC}
    days: dict[date, list[Attested]] = {}
    for told in by_position.values():
        days.setdefault(datetime.fromisoformat(told["occurred_at"]).astimezone(zone).date(), []).append(_attested(told))
    place = {position: number for number, position in enumerate(by_position)}
    sessions = sorted(
        (session for some in days.values() for session in sessions_of(some)),
        key=lambda day: min(place[told.position] for told in day),
    )
    return [[by_position[told.position] for told in session] for session in sessions]


def _supervised(
    reader: Reader, rungs: Sequence[dict[str, Any]], session: dict[str, Any], start: datetime, end: datetime
) -> bool | None:
    """Whether the highest rung recorded in the session is on site and supervised; None where none was recorded in
    it."""
    within: list[bool] = []
    for told in rungs:
        content = told["entry"]
        same_slot = content.get("session") is not None and content.get("session") == session.get("session")
        if same_slot or start <= datetime.fromisoformat(told["occurred_at"]) < end:
            ladder = reader.definition(f"{content['ladder']['id']}@{content['ladder']['version']}")
            rung = ladder.rung(content["rung"]) if ladder else None
            within.append(bool(rung and rung.on_site and rung.supervised))
    return any(within) if within else None

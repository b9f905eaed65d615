"""Every column that a table about students can have: what it is called, what it means, how it is found, and the entries
behind it.

A layout names columns in the order that its reader wants. Adding a column is one function and one line here. Names that
the Department for Education gave are used as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from ap_ledger.events.clocks import FULL_TIME_HOURS
from ap_ledger.events.dated import in_force
from ap_ledger.events.days import days_of
from ap_ledger.events.entries import (
    IncidentRecorded,
    InstrumentAnswered,
    OutcomeScored,
    RungReached,
    SessionAttended,
    UnitProgressed,
    VisitLogged,
    VoiceHeard,
)
from ap_ledger.kinds.items import ATTEMPTED, SpokenFace
from ap_ledger.kinds.timeline import MISSING
from projections.fold.cells import scored_facts
from projections.fold.climb import RungMark
from projections.names import reference
from projections.queries.period_facts import PERSISTENT, SEVERE, WEEKS_COMPARED, Attendance, StudentPeriod
from projections.uncertainty import Interval, change, share
from reports.blocks import Shown, Trace
from reports.disclosure import NOT_APPLICABLE, NOT_AVAILABLE

SESSIONS, RUNGS, VISITS, OUTCOMES = (
    (SessionAttended.TOPIC,),
    (RungReached.TOPIC,),
    (VisitLogged.TOPIC, RungReached.TOPIC),
    (OutcomeScored.TOPIC,),
)
INCIDENTS, UNITS, VOICES = (IncidentRecorded.TOPIC,), (UnitProgressed.TOPIC,), (VoiceHeard.TOPIC,)


@dataclass(frozen=True)
class StudentColumn:
    """One column.

    `kinds` are those of the entries behind it; `whole` ones look back to the first day there is; `span` names other
    days.
    """

    label: str
    means: str
    value: Callable[[StudentPeriod], Any]
    kinds: tuple[str, ...] = ()
    whole: bool = False
    span: Callable[[StudentPeriod], tuple[str, str] | None] | None = None

    def cell(self, period: StudentPeriod) -> Shown:
        """The column of one student, as words, as a value, and with the way to its entries."""
        raw = self.value(period)
        first, last = date.fromisoformat(period.days[0][0]) if self.whole and period.days else period.first, period.last
        if self.span is not None and (days := self.span(period)) is not None:
            first, last = (date.fromisoformat(day) for day in days)
        trace = (
            trace_of(period, self.kinds, first, last)
            if self.kinds and raw not in (None, NOT_AVAILABLE, NOT_APPLICABLE)
            else None
        )
        return Shown(in_words(raw), raw, trace)


def trace_of(period: StudentPeriod, kinds: tuple[str, ...], first: date, last: date, about: str = "") -> Trace:
    """The way to the entries behind a figure of a student's period: those of the days that count."""
    counted = period.within & days_of([(first, last)])
    if not counted:
        return Trace(period.student["id"], kinds, first, last, about)
    whose = str(period.placed_by) if len(counted.spans) > 1 and period.placed_by else ""
    return Trace(period.student["id"], kinds, counted.spans[0].first, counted.last, about, whose)


def in_words(raw: Any) -> str:
    """A value as people read it."""
    match raw:
        case None:
            return NOT_APPLICABLE
        case bool():
            return "yes" if raw else "no"
        case Interval():
            return f"{raw.value:.0%} ({raw.low:.0%} to {raw.high:.0%})"
        case float():
            return f"{raw:.2f}" if 0 < abs(raw) < 0.1 else f"{raw:.1f}"
        case date():
            return f"{raw.day} {raw:%b %Y}"
        case list():
            return ", ".join(raw) or "none"
    return str(raw)


def percent(part: int, whole: int) -> float | None:
    """A per cent with one decimal; None where there is nothing to take it of."""
    return round(100 * part / whole, 1) if whole else None


def _day_placed(name: Literal["start", "planned_end", "end"]) -> Callable[[StudentPeriod], date | None]:
    def day(period: StudentPeriod) -> date | None:
        told = period.placement[name] if period.placement else None
        return date.fromisoformat(told) if told else None

    return day


def _purpose(period: StudentPeriod) -> str | None:
    purpose = period.placement["purpose"] if period.placement else None
    return None if purpose is None else purpose.replace("-", " ")


def bought(period: StudentPeriod, name: Literal["hours_a_week", "sessions_a_week"]) -> float | None:
    """What the commissioner bought, as it stood on the last day."""
    commissioned = in_force(period.placement["commissioned"] if period.placement else (), period.until)
    return commissioned[name] if commissioned else None


def _weeks_placed(period: StudentPeriod) -> int | None:
    return ((period.until - period.began).days + 1) // 7 if period.began and period.began <= period.until else None


def _venues(period: StudentPeriod) -> list[str]:
    places = {place["place_id"]: place["label"] for place in period.setting["places"]}
    week = in_force(period.expected, period.until)
    days = week["days"] if week else []
    return sorted({places[day["place_id"]] for day in days if day.get("place_id") in places})


def _over_full_time(period: StudentPeriod) -> bool | None:
    hours = bought(period, "hours_a_week")
    return None if hours is None else hours > FULL_TIME_HOURS


def _over_four_sessions(period: StudentPeriod) -> bool | None:
    sessions = bought(period, "sessions_a_week")
    return None if sessions is None else sessions > 4


def _of_weeks(which: Callable[[StudentPeriod], Attendance]) -> Callable[[StudentPeriod], float | None]:
    return lambda period: percent(which(period).attended, which(period).offered)


def _mark(name: RungMark) -> Callable[[StudentPeriod], str | None]:
    def label_of(period: StudentPeriod) -> str | None:
        ladder = period.main_ladder
        return ladder.ladder.label_of(ladder.marks[name]) if ladder else None

    return label_of


def attempted(period: StudentPeriod) -> int:
    """Visits of the period that were tried, by whatever channel."""
    return period.visits(ATTEMPTED)


def _days_since(period: StudentPeriod) -> int | None:
    ladder = period.main_ladder
    met = [day for day, place in zip(ladder.days, ladder.places, strict=True) if place > 0] if ladder else []
    return (period.until - date.fromisoformat(met[-1])).days if met else None


def _to_site(period: StudentPeriod) -> int | str | None:
    ladder = period.main_ladder
    if ladder is None or period.began is None:
        return None
    return (date.fromisoformat(ladder.first_on_site) - period.began).days if ladder.first_on_site else "not yet"


def _further(period: StudentPeriod) -> Interval | str:
    distance = period.main_ladder.distance if period.main_ladder else None
    return distance.further if distance else "not enough contacts yet"


def _setbacks(period: StudentPeriod) -> int | None:
    return len(period.main_ladder.setbacks) if period.main_ladder else None


def seen(period: StudentPeriod, which: str) -> tuple[int, int]:
    """How often what was looked for was seen, over the yes-or-no indicators of every framework."""
    counts = [cell for theme in period.themes for cell in getattr(theme, which).values()]
    return sum(cell[0] for cell in counts), sum(cell[1] for cell in counts)


def _seen(which: str) -> Callable[[StudentPeriod], Interval | None]:
    return lambda period: share(*seen(period, which))


def _seen_change(period: StudentPeriod) -> str | None:
    moved = change(share(*seen(period, "baseline")), share(*seen(period, "latest")))
    return None if moved is None else points(moved)


def points(moved: Interval) -> str:
    """A change between two shares, in points of a hundred, with its interval."""
    return f"{100 * moved.value:+.0f} points ({100 * moved.low:+.0f} to {100 * moved.high:+.0f})"


def incidents(period: StudentPeriod) -> int:
    """Incidents of the period, restrictive ones included."""
    return sum(period.counted("incidents").values())


def restrictive(period: StudentPeriod) -> int:
    """Incidents in which somebody was restrained."""
    return sum(times for key, times in period.counted("incidents").items() if key.startswith("restrictive"))


def _per_hundred(period: StudentPeriod) -> float | None:
    attended = period.attendance.attended
    return round(100 * incidents(period) / attended, 1) if attended else None


def _flashpoints(period: StudentPeriod) -> list[str]:
    labels = {slot["id"]: slot["label"] for timetable in period.setting["timetables"] for slot in timetable["slots"]}
    points_ = sorted(period.counted("flashpoints").items(), key=lambda pair: (-pair[1], pair[0]))
    return [f"{labels.get(slot, 'outside a slot')} ({times})" for slot, times in points_[:2]]


def units(period: StudentPeriod, name: str) -> int:
    """One of the counts of units, over every curriculum."""
    return sum(getattr(curriculum, name) for curriculum in period.curricula)


def _units_an_hour(period: StudentPeriod) -> float | None:
    hours = period.attendance.minutes / 60
    return round(units(period, "secured_in_period") / hours, 2) if hours else None


def voices(period: StudentPeriod) -> int:
    """How often anybody's voice was recorded."""
    return sum(period.counted("faces").values())


def faces(period: StudentPeriod) -> list[int]:
    """How often the student chose each of the five faces, the lowest first."""
    chosen = period.counted("faces")
    return [chosen.get(SpokenFace("student", str(face)).packed(), 0) for face in range(1, 6)]


def _response(period: StudentPeriod) -> float | None:
    return percent(min(voices(period), attempted(period)), attempted(period))


def goal(period: StudentPeriod) -> list[tuple[str, float]]:
    """How close the student said they were to their own goal, day by day."""
    closeness: list[tuple[str, float]] = []
    for day, cell in period.days:
        for fact in scored_facts(cell):
            if (
                fact.indicator.startswith("goal.")
                and fact.informant == "student"
                and not fact.value.startswith(MISSING)
            ):
                closeness.append((day, float(fact.value)))
    return closeness


def _goal(place: int) -> Callable[[StudentPeriod], float | None]:
    return lambda period: goal(period)[place][1] if goal(period) else None


def _carers(place: int) -> Callable[[StudentPeriod], str | None]:
    return lambda period: period.carers[place] if period.carers else None


def _completeness(period: StudentPeriod) -> float | None:
    return percent(period.completeness[1], period.completeness[0])


def _missing(_: StudentPeriod) -> str:
    return NOT_AVAILABLE


def _x(label: str, means: str = "Not recorded in this software yet.") -> StudentColumn:
    return StudentColumn(label, means, _missing)


def _contacts(low: int | None, high: int | None) -> Callable[[StudentPeriod], tuple[str, str] | None]:
    """The days of some of the contacts on the main ladder, counted like a slice."""

    def days(period: StudentPeriod) -> tuple[str, str] | None:
        chosen = list(period.main_ladder.days[low:high]) if period.main_ladder else []
        return (min(chosen), max(chosen)) if chosen else None

    return days


def _fortnight(name: str) -> Callable[[StudentPeriod], tuple[str, str] | None]:
    """The fortnight that a share was taken over: the earliest of the frameworks' first ones, or the last."""

    def days(period: StudentPeriod) -> tuple[str, str] | None:
        spans = [getattr(theme, name) for theme in period.themes]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    return days


def _first_weeks(period: StudentPeriod) -> tuple[str, str] | None:
    return (
        (period.began.isoformat(), (period.began + timedelta(weeks=WEEKS_COMPARED, days=-1)).isoformat())
        if period.began
        else None
    )


def _latest_weeks(period: StudentPeriod) -> tuple[str, str]:
    return (period.until - timedelta(weeks=WEEKS_COMPARED, days=-1)).isoformat(), period.until.isoformat()


COLUMNS: Mapping[str, StudentColumn] = {
    "student": StudentColumn("Student", "The name that staff use.", lambda period: period.student["name"]),
    "reference": StudentColumn(
        "Reference", "The last six signs of the student's id.", lambda period: reference(period.student["id"])
    ),
    # 1. Placement
    "start": StudentColumn("Start", "First day of the placement.", _day_placed("start")),
    "purpose": StudentColumn("Purpose", "Why the place was bought.", _purpose),
    "planned_end": StudentColumn("Planned end", "As last agreed.", _day_placed("planned_end")),
    "end": StudentColumn("Ended", "Last day, where the placement is over.", _day_placed("end")),
    "weeks_placed": StudentColumn("Weeks", "Whole weeks from the start to the last day of the period.", _weeks_placed),
    "hours_a_week": StudentColumn("Hours a week", "As commissioned.", lambda period: bought(period, "hours_a_week")),
    "sessions_a_week": StudentColumn(
        "Sessions a week", "As commissioned; two are a full day.", lambda period: bought(period, "sessions_a_week")
    ),
    "venues": StudentColumn("Where", "Places in which the student is expected.", _venues),
    "over_18_hours": StudentColumn(
        "Over 18 hours",
        f"More than {FULL_TIME_HOURS} hours a week are likely to be full-time education, which needs registration.",
        _over_full_time,
    ),
    "over_4_sessions": StudentColumn(
        "Over 4 sessions", "More than four sessions (two days) a week.", _over_four_sessions
    ),
    "reviews_held": _x("Reviews held"),
    "reviews_due": _x("Reviews due"),
    # 2. Attendance
    "sess_possible": StudentColumn(
        "Sessions offered",
        "This student's own sessions, less those that we or others cancelled.",
        lambda period: period.attendance.offered,
        SESSIONS,
    ),
    "sess_attended": StudentColumn(
        "Attended", "Sessions attended.", lambda period: period.attendance.attended, SESSIONS
    ),
    "sess_late": StudentColumn(
        "Began late",
        "Attended, beginning more than five minutes late.",
        lambda period: period.attendance.late,
        SESSIONS,
    ),
    "sess_overall": StudentColumn(
        "Absent", "Offered and not attended.", lambda period: period.attendance.absent, SESSIONS
    ),
    "sess_in_dispute": StudentColumn(
        "Said differently",
        "Offered, and two people said different things about it: neither attended nor absent until that is settled.",
        lambda period: period.attendance.disputed,
        SESSIONS,
    ),
    "sess_authorised": _x("Authorised", "Whether an absence is authorised is for the host school's register."),
    "sess_unauthorised": _x("Unauthorised", "Whether an absence is authorised is for the host school's register."),
    "sess_overall_percent": StudentColumn(
        "Absent, %",
        "Absent of offered.",
        lambda period: percent(period.attendance.absent, period.attendance.offered),
        SESSIONS,
    ),
    "enrolments_pa_10_exact": StudentColumn(
        "Persistent",
        f"Missed {PERSISTENT:.0%} or more of the sessions offered.",
        lambda period: None if period.attendance.level is None else period.attendance.level != "neither",
        SESSIONS,
    ),
    "enrolments_pa_50_exact": StudentColumn(
        "Severe",
        f"Missed {SEVERE:.0%} or more.",
        lambda period: None if period.attendance.level is None else period.attendance.level == "severe",
        SESSIONS,
    ),
    "sess_cancelled_by_us": StudentColumn(
        "Cancelled by us", "Sessions that we did not offer.", lambda period: period.attendance.by_us, SESSIONS
    ),
    "hours_attended": StudentColumn(
        "Hours attended", "From arrival to leaving.", lambda period: round(period.attendance.minutes / 60, 1), SESSIONS
    ),
    "weeks_before_percent": _x("Weeks before, %", "Attendance before the placement is the host school's to give."),
    "first_weeks_percent": StudentColumn(
        "First 6 weeks, %",
        "Attended of offered in the first six weeks of the placement.",
        _of_weeks(lambda period: period.first_weeks),
        SESSIONS,
        True,
        _first_weeks,
    ),
    "latest_weeks_percent": StudentColumn(
        "Latest 6 weeks, %",
        "Attended of offered in the last six weeks of the period.",
        _of_weeks(lambda period: period.latest_weeks),
        SESSIONS,
        True,
        _latest_weeks,
    ),
    # 3. Ladder
    "baseline": StudentColumn(
        "Starting point", "The middle of the first ten contacts.", _mark("baseline"), RUNGS, True, _contacts(None, 10)
    ),
    "latest": StudentColumn(
        "Latest", "How far the latest contact got.", _mark("latest"), RUNGS, True, _contacts(-1, None)
    ),
    "kept_up": StudentColumn(
        "Kept up", "Reached in three of the last five contacts.", _mark("sustained"), RUNGS, True, _contacts(-5, None)
    ),
    "highest_sustained": StudentColumn(
        "Highest kept up",
        "The furthest rung ever reached in three of five contacts.",
        _mark("highest_sustained"),
        RUNGS,
        True,
    ),
    "contacts_attempted": StudentColumn(
        "Visits tried", "Visits that were attempted, by any channel.", attempted, VISITS
    ),
    "contacts_made": StudentColumn(
        "Contacts made", "Contacts that got further than the lowest rung.", lambda period: period.contacts_made, RUNGS
    ),
    "days_since_contact": StudentColumn(
        "Days since", "Days from the last contact made to the end of the period.", _days_since, RUNGS, True
    ),
    "days_to_first_on_site": StudentColumn(
        "Days to first on site", "Days from the start of the placement.", _to_site, RUNGS, True
    ),
    "further": StudentColumn(
        "Now further",
        "Of all pairs of one of the first and one of the latest ten "
        "contacts, how many got further lately (95 % interval).",
        _further,
        RUNGS,
        True,
    ),
    "setbacks": StudentColumn(
        "Setbacks", "Stretches in which two rungs or more less were kept up than before.", _setbacks, RUNGS, True
    ),
    # 4. Outcomes
    "seen_baseline": StudentColumn(
        "Seen at the start",
        "Of what was looked for in the first fortnight, how much was seen.",
        _seen("baseline"),
        OUTCOMES,
        True,
        _fortnight("baseline_days"),
    ),
    "seen_latest": StudentColumn(
        "Seen lately",
        "The same in the last fortnight of the period.",
        _seen("latest"),
        OUTCOMES,
        False,
        _fortnight("latest_days"),
    ),
    "seen_change": StudentColumn("Change", "The difference, with its 95 % interval.", _seen_change, OUTCOMES, True),
    "seen_n": StudentColumn(
        "Looked for",
        "How often anything was looked for in the period.",
        lambda period: seen(period, "period")[1],
        OUTCOMES,
    ),
    "scored_percent": StudentColumn(
        "Slots scored, %", "Of the slots expected on days attended, how many have a score.", _completeness, OUTCOMES
    ),
    # 5. Behaviour and safety
    "incidents": StudentColumn("Incidents", "All that were recorded.", incidents, INCIDENTS),
    "incidents_per_100": StudentColumn(
        "Per 100 sessions", "Incidents for each hundred sessions attended.", _per_hundred, INCIDENTS
    ),
    "restrictive": StudentColumn("Restrictive", "Restrictive interventions.", restrictive, INCIDENTS),
    "flashpoints": StudentColumn("Where most", "The two slots with most incidents.", _flashpoints, INCIDENTS),
    # 6. Curriculum
    "units_available": StudentColumn(
        "Units", "Units of the curricula that were begun.", lambda period: units(period, "available")
    ),
    "units_started": StudentColumn(
        "Begun", "Units with any step.", lambda period: units(period, "started"), UNITS, True
    ),
    "units_secure": StudentColumn(
        "Secure", "Known at the end of the period.", lambda period: units(period, "secure"), UNITS, True
    ),
    "units_kept": StudentColumn(
        "Kept", "Secure, and never lost since.", lambda period: units(period, "kept"), UNITS, True
    ),
    "units_secured": StudentColumn(
        "Newly secure",
        "Secure now and not before the period.",
        lambda period: units(period, "secured_in_period"),
        UNITS,
    ),
    "units_an_hour": StudentColumn(
        "Newly secure an hour", "Newly secure units for each hour attended.", _units_an_hour, UNITS
    ),
    "qualifications": _x("Qualifications"),
    # 10. Voice
    "voices": StudentColumn("Times heard", "Faces and words that were recorded.", voices, VOICES),
    "voice_percent": StudentColumn(
        "Answered, %", "Voices for each hundred visits tried.", _response, (*VOICES, VisitLogged.TOPIC)
    ),
    "carer_start": StudentColumn(
        "Carer, first",
        "The middle of a carer's own answers on how confident they feel, the first time.",
        _carers(0),
        (InstrumentAnswered.TOPIC,),
        True,
    ),
    "carer_latest": StudentColumn(
        "Carer, latest",
        "The same, the latest time, where they answered again.",
        _carers(1),
        (InstrumentAnswered.TOPIC,),
        True,
    ),
    "goal_start": StudentColumn(
        "Own goal, first", "How close the student said they were, 0 to 10.", _goal(0), OUTCOMES, True
    ),
    "goal_latest": StudentColumn("Own goal, latest", "The same, the latest time.", _goal(-1), OUTCOMES, True),
    # What later versions will record. The columns are there, so that a reader's order of columns need not change then.
    "measure_before": _x("Before"),
    "measure_after": _x("After"),
    "target": _x("Target"),
    "review_score": _x("Review"),
    "returned": _x("Date returned"),
    "sustained_weeks": _x("Weeks sustained"),
    "concerns": _x("Concerns"),
    "cost": _x("Cost"),
}
"""Every column by its name, in the order of the tables that a commissioner's report holds."""

UPN = StudentColumn("UPN", "The unique pupil number, where it was given.", lambda period: period.student["upn"] or "")
"""Stands in files for readers who may identify the student. A layout cannot ask for it."""

"""What is due, when and for whom: every clock of the table in `ap_ledger/events/clocks.py` that runs today.

Nothing here looks back so many days: what is due stays until what the table names ends it, or somebody ends it with a
reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from ap_ledger.events.clocks import (
    CLOCK_BY_NAME,
    FULL_TIME_HOURS,
    FULL_WEEK_SESSIONS,
    PART_TIME_REVIEW,
    SOON,
    ClockRule,
)
from ap_ledger.events.dated import in_force
from ap_ledger.events.days import holds_on
from ap_ledger.events.entries import SessionAttended
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.stores.jobs import PackDraft
from frameworks.language.cadence import Stretch
from projections.bodies import EndedClock, EndedReview, PlacementFacts, ReportBody, SettingBody, StudentBody
from projections.queries.expected import Expectations
from projections.queries.instruments import half_terms
from projections.queries.planned_visits import unsettled_visits
from projections.queries.reading import Reader
from projections.writers.day_marks import Missed, SaidDifferently, open_days
from projections.writers.student_days import StudentDays

FEW_DAYS = timedelta(days=4)
"""A pack covers a half-term though it begins or ends so many days within it, which may be holidays or training days."""

State = Literal["overdue", "due", "soon"]


@dataclass(frozen=True)
class Clock:
    """Something that is due.

    `about` names this run of the clock; `student` is None where it is about a commissioner or the setting.

    `told` are the entries of two people who said different things, in the order in which they were recorded.
    """

    rule: ClockRule
    what: str
    due: date
    state: State
    about: str
    student: StudentBody | None = None
    link: str = ""
    told: tuple[UUID, ...] = ()

    @property
    def kind(self) -> str:
        """The name of the clock."""
        return self.rule.name

    @property
    def done(self) -> str:
        """What counts as done."""
        return self.rule.done


class Ended(NamedTuple):
    """Something that was due and was ended with a reason. `reason` is None where it was erased."""

    rule: ClockRule
    about: str
    student: StudentBody | None
    what: str
    reason_code: str
    reason: str | None
    by: str | None
    on: date


class Review(NamedTuple):
    """The review of one half-term with one commissioner, which no pack has covered yet."""

    commissioner_id: UUID
    name: str
    term: Stretch

    @property
    def about(self) -> str:
        """What names it in the list of what is due."""
        return f"{self.commissioner_id}/{self.term.last}"


NOT_RECORDED_YET = (
    "Annual review of an education, health and care plan (12 months)",
    "Family review of SEN support (three times a year)",
)
"""Clocks whose facts are not recorded yet.

They are named, so that nobody believes that silence means that nothing is due.
"""


def clocks(reader: Reader, setting: SettingBody, students: Sequence[StudentBody], now: datetime) -> list[Clock]:
    """Everything that is due in a setting for these students, or will be within a week; the longest overdue first."""
    today = local_day(microseconds(now), setting["time_zone"])
    reviews = open_reviews(reader, setting, reader.whole("placements", setting), today)
    of_reviews = [_of_review(review, today) for review in reviews]
    return sorted((*of_reviews, *clocks_of_students(reader, setting, students, now)), key=_by_day)


def clocks_of_students(
    reader: Reader, setting: SettingBody, students: Sequence[StudentBody], now: datetime
) -> list[Clock]:
    """The part of it that is about one student each; the longest overdue first."""
    today = local_day(microseconds(now), setting["time_zone"])
    placements = reader.whole("placements", setting)
    by_id = {student["id"]: student for student in students}
    running = [
        current
        for current in placements
        if holds_on(current["start"], current["end"], today.isoformat()) and current["student_id"] in by_id
    ]
    due = [
        *(
            clock
            for placement in running
            for clock in _of_placement(setting, placement, by_id[placement["student_id"]], today)
        ),
        *_of_days(reader, students, Expectations(setting, placements), today),
        *_of_visits(reader, setting, by_id, now, today),
    ]
    return sorted(due, key=_by_day)


def _by_day(clock: Clock) -> tuple[date, str, str]:
    return clock.due, clock.kind, clock.student["name"] if clock.student else ""


def _state(due: date, today: date) -> State:
    return "overdue" if due < today else "due" if due == today else "soon"


def _ended(student: StudentBody, clock: str) -> dict[str, int]:
    """What of a student's clock was ended with a reason, and when, in microseconds."""
    return {ended["about"]: ended["ended_at"] for ended in student.get("ended_clocks", ()) if ended["clock"] == clock}


def _is_ended(ended: Mapping[Any, int], about: Any, due: date, setting: SettingBody) -> bool:
    """Whether this was ended with a reason when it was due, or nearly: nothing is ended before it is there."""
    return about in ended and local_day(ended[about], setting["time_zone"]) >= due - SOON


# Reviews --------------------------------------------------------------------------------------------------------------


def open_reviews(
    reader: Reader, setting: SettingBody, placements: Sequence[PlacementFacts], today: date
) -> list[Review]:
    """The half-term reviews that are due or nearly, in the order of the half-terms, however long ago they were."""
    released = [
        report
        for report in reader.whole("reports", setting)
        if not report["withdrawn"] and report["audience"] == "commissioner"
    ]
    names = {buyer["commissioner_id"]: buyer["name"] for buyer in setting["commissioners"]}
    ended = {(clock["commissioner_id"], clock["last"]): clock["ended_at"] for clock in setting.get("ended_clocks", ())}
    reviews: list[Review] = []
    for term in sorted(half_terms(setting), key=lambda half_term: half_term.last):
        if term.last - SOON > today:
            continue
        until = min(term.last, today).isoformat()
        here = [
            placement
            for placement in placements
            if placement["start"] <= until and term.first.isoformat() <= (placement["end"] or "9999")
        ]
        for commissioner in sorted(
            {placed["commissioner_id"] for placed in here if placed["commissioner_id"]},
            key=lambda buyer: str(names.get(buyer)),
        ):
            mine = (report for report in released if report["commissioner_id"] == commissioner)
            theirs = [placed for placed in here if placed["commissioner_id"] == commissioner]
            is_ended = _is_ended(ended, (commissioner, term.last.isoformat()), term.last, setting)
            if not is_ended and not any(_covers(report, term, theirs) for report in mine):
                reviews.append(Review(UUID(commissioner), names.get(commissioner, "a commissioner"), term))
    return reviews


def _covers(report: ReportBody, term: Stretch, placements: Sequence[PlacementFacts]) -> bool:
    """Whether a report tells of a half-term, or of it since the first of some placements began, and of all their
    students."""
    begins = max(term.first, date.fromisoformat(min(placement["start"] for placement in placements)))
    of_all = report["student_id"] is None or {placement["student_id"] for placement in placements} == {
        report["student_id"]
    }
    whole = report["first"] <= (begins + FEW_DAYS).isoformat() and report["last"] >= (term.last - FEW_DAYS).isoformat()
    return of_all and whole


def _of_review(review: Review, today: date) -> Clock:
    term = review.term
    about = f"commissioner={review.commissioner_id}&from={term.first}&to={min(term.last, today)}"
    return Clock(
        CLOCK_BY_NAME["half-term review"],
        f"Half-term review with {review.name}",
        term.last,
        _state(term.last, today),
        review.about,
        link=f"/reports/make?layout=commissioner-pack&{about}",
    )


def packs_waiting(
    reader: Reader, prepared: Sequence[PackDraft], setting: SettingBody, now: datetime
) -> list[PackDraft]:
    """Of a setting's prepared packs those of reviews that are still due.

    What was released or ended waits for nobody.
    """
    today = local_day(microseconds(now), setting["time_zone"])
    due = {
        (review.commissioner_id, review.term.last)
        for review in open_reviews(reader, setting, reader.whole("placements", setting), today)
    }
    return [draft for draft in prepared if (draft.commissioner_id, draft.last) in due]


# Placements -----------------------------------------------------------------------------------------------------------


def _of_placement(
    setting: SettingBody, placement: PlacementFacts, student: StudentBody, today: date
) -> Iterator[Clock]:
    runs: list[tuple[str, str, date, date]] = []
    bought = in_force(placement["commissioned"], today.isoformat())
    if bought is not None:
        since, hours, sessions = (
            date.fromisoformat(bought["from_date"]),
            bought["hours_a_week"],
            bought["sessions_a_week"],
        )
        if hours > FULL_TIME_HOURS and not setting.get("urn"):
            what = f"Commissioned for {hours:g} hours a week, more than {FULL_TIME_HOURS}, and the setting has no URN"
            runs.append(("18 hours", what, since, since))
        if 0 < sessions < FULL_WEEK_SESSIONS:
            what = f"Part-time timetable of {sessions} sessions a week since {since.day} {since:%B}"
            runs.append(("part-time timetable", what, since, since + PART_TIME_REVIEW))
    if placement["planned_end"] and not placement["end"]:
        end = date.fromisoformat(placement["planned_end"])
        runs.append(("planned end", "The placement comes to its planned end", end, end))
    for name, what, begins, due in runs:
        about = f"{placement['id']}/{begins}"
        if due - SOON <= today and not _is_ended(_ended(student, name), about, due, setting):
            yield Clock(CLOCK_BY_NAME[name], what, due, _state(due, today), about, student)


# Days -----------------------------------------------------------------------------------------------------------------


def _of_days(
    reader: Reader, students: Sequence[StudentBody], expectations: Expectations, today: date
) -> Iterator[Clock]:
    by_id = {UUID(student["id"]): student for student in students}
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        open_now = open_days(reader.views, live.name, connection, list(by_id))
    for untold in open_now.untold:
        student = by_id[untold.student]
        if str(untold.entry) not in _ended(student, "restrictive intervention"):
            yield Clock(
                CLOCK_BY_NAME["restrictive intervention"],
                "Parents are to be told of a restrictive intervention",
                untold.day,
                _state(untold.day, today),
                str(untold.entry),
                student,
                f"/students/{untold.student}/incidents/{untold.entry}",
            )
    for uncopied in open_now.uncopied:
        student = by_id[uncopied.student]
        if str(uncopied.entry) not in _ended(student, "written record"):
            yield Clock(
                CLOCK_BY_NAME["written record"],
                "Parents are to have a copy of the written record",
                uncopied.day,
                _state(uncopied.day, today),
                str(uncopied.entry),
                student,
                f"/students/{uncopied.student}/incidents/{uncopied.entry}",
            )
    yield from (_differ(difference, by_id[difference.student], today) for difference in open_now.said_differently)
    for whose, missed in open_now.missed.items():
        days = {session.day for session in _left(missed, by_id[whose], expectations) if session.day <= today}
        if days:
            yield _absence(sorted(days), by_id[whose], today)


def _differ(said_differently: SaidDifferently, student: StudentBody, today: date) -> Clock:
    about = "session" if said_differently.kind == SessionAttended.TOPIC else "score"
    what = f"Two people said different things about a {about}"
    return Clock(
        CLOCK_BY_NAME["two people said"],
        what,
        said_differently.day,
        _state(said_differently.day, today),
        str(said_differently.entries[0]),
        student,
        told=said_differently.entries,
    )


def _left(missed: Sequence[Missed], student: StudentBody, expectations: Expectations) -> list[Missed]:
    """The sessions missed that are to be followed up: the student was expected, and nobody ended it with a reason.

    An ending ends what was missed until the day that it names and before it was recorded: never what is missed later.
    """
    ended = [(date.fromisoformat(about), at) for about, at in _ended(student, "absence").items()]
    left = [session for session in missed if not any(session.day <= day and session.begins <= at for day, at in ended)]
    return [session for session in left if expectations.of_session(student, session.day, session.session).was_offered]


def _absence(days: Sequence[date], student: StudentBody, today: date) -> Clock:
    """One clock for each student: from the first day that nobody followed up, until somebody reaches out."""
    whole = "An absence without a reason is" if len(days) == 1 else f"{len(days)} days of absence without a reason are"
    return Clock(
        CLOCK_BY_NAME["absence"],
        f"{whole} to be followed up",
        days[0],
        _state(days[0], today),
        days[-1].isoformat(),
        student,
    )


# Planned visits -------------------------------------------------------------------------------------------------------


def _of_visits(
    reader: Reader, setting: SettingBody, students: Mapping[str, StudentBody], now: datetime, today: date
) -> Iterator[Clock]:
    for plan in unsettled_visits(reader, setting, now):
        student = students.get(str(plan.student_id))
        if student is not None and str(plan.id) not in _ended(student, "planned visit"):
            yield Clock(
                CLOCK_BY_NAME["planned visit"],
                "Say what came of a planned visit",
                plan.day,
                _state(plan.day, today),
                str(plan.id),
                student,
                f"/week/{plan.id}",
            )


# What was ended -------------------------------------------------------------------------------------------------------


def ended_with_reason(reader: Reader, setting: SettingBody, students: Iterable[StudentBody]) -> list[Ended]:
    """What was due for these students, or with a commissioner, and was ended with a reason; the newest first.

    Opens the reasons.
    """
    names = {commissioner["commissioner_id"]: commissioner["name"] for commissioner in setting["commissioners"]}
    of_students = [(student, clock) for student in students for clock in student.get("ended_clocks", ())]
    reviews = setting.get("ended_clocks", ())
    events = reader.events([ended["position"] for ended in (*(clock for _, clock in of_students), *reviews)])
    endings: list[tuple[int, Ended]] = []

    def tell(ended: EndedClock | EndedReview, name: str, about: str, student: StudentBody | None, what: str) -> None:
        event: Any = events.get(ended["position"])
        if event is not None:
            on = local_day(microseconds(event.stamp.recorded_at), setting["time_zone"])
            reason = event.reason if isinstance(event.reason, str) else None
            rule, by = CLOCK_BY_NAME[name], str(event.stamp.author_id)
            told = Ended(rule, about, student, what, ended["reason_code"], reason, by, on)
            endings.append((ended["position"], told))

    for student, clock in of_students:
        tell(clock, clock["clock"], clock["about"], student, "")
    for review in reviews:
        commissioner = names.get(review["commissioner_id"], "a commissioner")
        about = f"{review['commissioner_id']}/{review['last']}"
        tell(review, "half-term review", about, None, f"with {commissioner}, half-term until {review['last']}")
    return [ended for _, ended in sorted(endings, key=lambda pair: -pair[0])]

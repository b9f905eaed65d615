"""The visits that are planned, what came of each, and of whom nothing was heard when it should have been.

Nothing here says where anybody is: a visit has the times at which somebody checked in and out, and no places.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select

from ap_ledger.events.entries import CheckedIn, CheckedOut, VisitLogged
from ap_ledger.events.moments import local_day, microseconds, moment, zone
from ap_ledger.kinds.items import ATTEMPTED
from projections.bodies import SettingBody, StudentBody
from projections.queries.entries import entries_of_day
from projections.queries.reading import Reader, Unknown
from projections.writers.planned_visits import PlannedVisits

TO_BUDDY, TO_LEAD = timedelta(minutes=15), timedelta(minutes=30)
"""So long after its planned end a visit of which nothing was heard goes to the buddy, and then to whoever leads."""
TOLD_BY = (CheckedIn.TOPIC, CheckedOut.TOPIC, VisitLogged.TOPIC)
CANCELLED_BY_US = "cancelled-by-us"

State = Literal["planned", "under-way", "left", "done", "missed", "cancelled-by-us", "cancelled-by-them"]
Silence = Literal["buddy", "lead"]


@dataclass(frozen=True)
class Plan:
    """A visit as it was planned, in the setting's own time, and what was told of it so far.

    `heard_at` is when its visitor was last heard that day, about this visit or another one; None where they were not.
    `logged` is the id of the entry that tells what came of it.
    """

    id: UUID
    student_id: UUID
    person_id: UUID
    starts_at: datetime
    minutes: int
    purpose: str
    alone: bool
    address_id: UUID | None = None
    buddy_id: UUID | None = None
    authorised_by: UUID | None = None
    planned_by: UUID | None = None
    cancelled_by: str | None = None
    reason_code: str | None = None
    checked_in: datetime | None = None
    checked_out: datetime | None = None
    logged: UUID | None = None
    effort: str | None = None
    heard_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is planned to end."""
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def day(self) -> date:
        """The day on which it is planned."""
        return self.starts_at.date()

    @property
    def settled(self) -> bool:
        """Whether it is known what came of it: it was logged, or cancelled by either side."""
        return self.cancelled_by is not None or self.effort in (ATTEMPTED, CANCELLED_BY_US)

    def state(self, now: datetime) -> State:
        """How it stands. Missed is what nobody said anything of on its day."""
        if self.cancelled_by is not None or self.effort == CANCELLED_BY_US:
            return "cancelled-by-them" if self.cancelled_by == "them" else "cancelled-by-us"
        if self.effort == ATTEMPTED:
            return "done"
        if self.day < now.astimezone(self.starts_at.tzinfo).date():
            return "missed"
        if self.checked_out is not None:
            return "left"
        return "planned" if self.checked_in is None else "under-way"

    def silence(self, now: datetime) -> Silence | None:
        """Who is told that nothing was heard at its end: nobody yet, the buddy, or whoever leads as well.

        It says no more than that. Whoever logged the visit was heard, and what is settled needs nobody.
        """
        if self.settled or self.checked_out is not None or self.day != now.astimezone(self.starts_at.tzinfo).date():
            return None
        late = now - self.ends_at
        return "lead" if late >= TO_LEAD else "buddy" if late >= TO_BUDDY else None


def planned_visits(
    reader: Reader, setting: SettingBody, first: date, last: date, person_id: UUID | None = None
) -> list[Plan]:
    """The visits planned in a setting for some days, of one person or of everybody, in the order of their times."""
    here = zone(setting["time_zone"])
    begins, ends = (
        microseconds(datetime(day.year, day.month, day.day, tzinfo=here)) for day in (first, last + timedelta(days=1))
    )
    with reader.views.reading() as connection:
        live = reader.views.live(connection, PlannedVisits.name)
        if live is None:
            return []
        visits, *_ = PlannedVisits.tables_in(live)
        ask = select(visits).where(
            visits.c.setting == UUID(setting["id"]).bytes, visits.c.starts_at >= begins, visits.c.starts_at < ends
        )
        if person_id is not None:
            ask = ask.where(visits.c.person == person_id.bytes)
        rows = connection.execute(ask.order_by(visits.c.starts_at, visits.c.visit)).mappings().all()
    plans = [_plan(reader, row, setting["time_zone"]) for row in rows]
    by_day: dict[date, list[Plan]] = {}
    for plan in plans:
        by_day.setdefault(plan.day, []).append(plan)
    return [told for day, some in by_day.items() for told in _told(reader, day, some, setting["time_zone"])]


def unsettled_visits(reader: Reader, setting: SettingBody, now: datetime) -> list[Plan]:
    """The visits whose day has come and of which nobody has said what came of them, the oldest first, however long ago.

    The tables say which these can be; what was told of their days says which they are.
    """
    today = local_day(microseconds(now), setting["time_zone"])
    with reader.views.reading() as connection:
        live = reader.views.live(connection, PlannedVisits.name)
        if live is None:
            return []
        visits, logged, _ = PlannedVisits.tables_in(live)
        same = (visits.c.person, visits.c.record, visits.c.day)
        others = visits.alias()
        told = select(func.count()).where(
            logged.c.person == same[0], logged.c.record == same[1], logged.c.day == same[2]
        )
        before = select(func.count()).where(
            others.c.person == same[0],
            others.c.record == same[1],
            others.c.day == same[2],
            others.c.cancelled_by.is_(None),
            others.c.starts_at <= visits.c.starts_at,
        )
        ask = select(visits.c.day).where(
            visits.c.setting == UUID(setting["id"]).bytes,
            visits.c.cancelled_by.is_(None),
            visits.c.day <= today.toordinal(),
            told.correlate(visits).scalar_subquery() < before.correlate(visits).scalar_subquery(),
        )
        days = sorted(set(connection.scalars(ask)))
    dates = map(date.fromordinal, days)
    plans = (plan for day in dates for plan in planned_visits(reader, setting, day, day))
    return [plan for plan in plans if not plan.settled and plan.ends_at <= now]


def planned_visit(reader: Reader, visit_id: UUID) -> tuple[SettingBody, Plan]:
    """One visit by its id, and the setting that planned it. Raises Unknown."""
    with reader.views.reading() as connection:
        live = reader.views.live(connection, PlannedVisits.name)
        row = None
        if live is not None:
            visits, *_ = PlannedVisits.tables_in(live)
            ask = select(visits.c.setting, visits.c.starts_at).where(visits.c.visit == visit_id.bytes)
            row = connection.execute(ask).first()
    setting = reader.one("settings", str(UUID(bytes=bytes(row.setting)))) if row is not None else None
    if row is None or setting is None:
        raise Unknown
    day = local_day(row.starts_at, setting["time_zone"])
    found = (plan for plan in planned_visits(reader, setting, day, day) if plan.id == visit_id)
    return setting, next(found)


def _plan(reader: Reader, row: Mapping[Any, Any], time_zone: str) -> Plan:
    def there(name: str) -> UUID | None:
        return UUID(bytes=bytes(row[name])) if row[name] is not None else None

    return Plan(
        UUID(bytes=bytes(row["visit"])),
        reader.ledger.states.kept(UUID(bytes=bytes(row["record"]))),
        UUID(bytes=bytes(row["person"])),
        moment(row["starts_at"]).astimezone(zone(time_zone)),
        row["minutes"],
        row["purpose"],
        bool(row["alone"]),
        there("address"),
        there("buddy"),
        there("authorised_by"),
        there("planned_by"),
        row["cancelled_by"],
        row["reason_code"],
    )


def _told(reader: Reader, day: date, plans: Sequence[Plan], time_zone: str) -> list[Plan]:
    """The plans of one day, each with what was told of it."""
    entries = entries_of_day(reader, sorted({plan.student_id for plan in plans}), day, TOLD_BY)
    heard: dict[str, datetime] = {}
    for entry in entries:
        at = datetime.fromisoformat(entry["occurred_at"]).astimezone(zone(time_zone))
        heard[entry["author_id"]] = max(at, heard.get(entry["author_id"], at))
    logged = _logged(reader, plans, [entry for entry in entries if entry["kind"] == VisitLogged.TOPIC])
    told = []
    for plan in plans:
        moments = {
            kind: [
                datetime.fromisoformat(entry["occurred_at"]).astimezone(zone(time_zone))
                for entry in entries
                if entry["kind"] == kind and entry["entry"].get("visit_id") == str(plan.id)
            ]
            for kind in (CheckedIn.TOPIC, CheckedOut.TOPIC)
        }
        visit = logged.get(plan.id)
        told.append(
            Plan(
                **{
                    **vars(plan),
                    "checked_in": min(moments[CheckedIn.TOPIC], default=None),
                    "checked_out": max(moments[CheckedOut.TOPIC], default=None),
                    "logged": UUID(visit["id"]) if visit else None,
                    "effort": visit["entry"]["effort"] if visit else None,
                    "heard_at": heard.get(str(plan.person_id)),
                }
            )
        )
    return told


def _logged(
    reader: Reader, plans: Sequence[Plan], visits: Sequence[Mapping[str, Any]]
) -> dict[UUID, Mapping[str, Any]]:
    """The logged visit that settles each plan: the one that names it, or else one of its visitor and student that names
    none of the others."""
    told = [visit for visit in visits if visit["entry"]["effort"] in (ATTEMPTED, CANCELLED_BY_US)]
    by_name = {visit["entry"].get("visit_id"): visit for visit in told}
    found = {plan.id: by_name[str(plan.id)] for plan in plans if str(plan.id) in by_name}
    taken = {visit["id"] for visit in found.values()}
    for plan in plans:
        if plan.id in found or plan.cancelled_by is not None:
            continue
        for visit in told:
            kept = reader.ledger.states.kept(UUID(visit["entry"]["student_id"]))
            mine = visit["author_id"] == str(plan.person_id) and kept == plan.student_id
            if mine and visit["id"] not in taken:
                found[plan.id] = visit
                taken.add(visit["id"])
                break
    return found


def overdue(reader: Reader, setting: SettingBody, now: datetime) -> list[Plan]:
    """Today's visits of which nothing was heard when they should have ended, the longest silent first."""
    today = local_day(microseconds(now), setting["time_zone"])
    silent = [plan for plan in planned_visits(reader, setting, today, today) if plan.silence(now) is not None]
    return sorted(silent, key=lambda plan: plan.ends_at)


# Addresses ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Address:
    """An address where a student is visited. What was erased or cannot be read is None.

    `flags` is what a visitor should know; None where there is nothing, or where whoever asks may not read it.
    """

    id: UUID
    home: bool
    text: str | None
    flagged: bool
    flags: str | None = None


def addresses_of(
    reader: Reader, students: Iterable[StudentBody], flags_of: Collection[str] = ()
) -> dict[str, list[Address]]:
    """The addresses of students, by student, the home first; what a visitor should know only of those in `flags_of`.

    They are opened here, all at once.
    """
    noted = [(student["id"], key, body) for student in students for key, body in student.get("addresses", {}).items()]
    wanted = [body["position"] for _, _, body in noted]
    wanted += [body["flagged_at"] for student, _, body in noted if student in flags_of and body["flagged_at"]]
    events = reader.events(wanted)
    told: dict[str, list[Address]] = {}
    for student, key, body in noted:
        text = getattr(events.get(body["position"]), "address", None)
        said = getattr(events.get(body["flagged_at"]), "flags", None) if student in flags_of else None
        told.setdefault(student, []).append(
            Address(
                UUID(key),
                body["home"],
                text if isinstance(text, str) else None,
                body["flagged_at"] is not None,
                said if isinstance(said, str) else None,
            )
        )
    return {student: sorted(some, key=lambda one: (not one.home, one.text or "")) for student, some in told.items()}

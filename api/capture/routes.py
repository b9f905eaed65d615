"""What the capture app asks for: whom and what there is to log, a day as it stands, and the key that seals its
outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response

from ap_ledger.access.rules import scores_as
from ap_ledger.bootstrap import Service
from ap_ledger.domain.incident_categories import categories_on
from ap_ledger.events.as_written import WrittenDate
from ap_ledger.events.moments import moment
from ap_ledger.kinds import TOLD
from ap_ledger.recording.boxes import public_key
from api.capture.answers import (
    AttestedOut,
    Capture,
    CategoryHere,
    ContactOut,
    DayOfSetting,
    DeviceHere,
    Me,
    MissingOfDay,
    Named,
    PlannedHere,
    StepsOfGroup,
    StepUnit,
    StudentsDay,
    ToldOfSession,
)
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.languages import say
from api.core.service import Current, Json, Using
from api.core.show import people_here, people_of, setting_for
from api.core.visits import PURPOSES, visit_lines
from api.core.withhold import student_seen
from frameworks.language.learning import group_units
from frameworks.language.things import Item
from projections.bodies import SettingBody, StudentBody
from projections.names import reference
from projections.queries.curriculum_state import group_statuses
from projections.queries.entries import entries_of_day
from projections.queries.on_day import group_of
from projections.queries.own_words import own_labels
from projections.queries.planned_visits import planned_visits
from projections.queries.reading import Reader, Unknown
from projections.queries.register import SuggestedCode, codes_of_day
from projections.queries.relations import still_visited
from projections.queries.roster import roster, scale_as_json
from projections.queries.session_sheet import missing_by_slot
from reports.csv_files import csv_text

router = gated(prefix="/api/v1")
pages = gated(include_in_schema=False)
CONTACTS = {topic: kind.contact for topic, kind in TOLD.items() if kind.contact is not None}
"""How the day tells of somebody who reached out, by the kind of entry that says so."""


@router.get(
    "/capture",
    gate=Gate("record"),
    operation_id="getCapture",
    summary="Everything a phone or tablet needs in order to log with no signal",
)
def capture(using: Using, asking: Asking, setting: Annotated[str, Query(max_length=36)] = "") -> Capture:
    """Students by the names staff call them, slots, and what to log against; and the public key that seals what is
    logged."""
    reader, ledger = using.reader, using.ledger
    device = ledger.states.device(asking.device.device_id) if asking.device is not None else None
    wanted = str(device.setting_id) if device is not None else setting
    body, settings = setting_for(reader, asking, wanted, "see-student")
    now = ledger.clock()
    today = now.astimezone(ZoneInfo(body["time_zone"])).date()
    among = [student for student in asking.among(reader.everyone(body), "record") if "core" not in student["shredded"]]
    students = sorted(
        still_visited(among, reader.whole("placements", body), today), key=lambda student: str(student["name"])
    )
    mine = frozenset(
        student["id"] for student in students if asking.person in asking.about(student["id"]).relations().caseload
    )
    # What a student's own goals and steps are called is what they are logged against, so it comes with the student.
    known = roster(reader, body, students, own_labels(reader, students), mine, today)
    # Every definition and week comes as a dict from the roster, which knows no web; the model says what they hold.
    return Capture.model_validate(
        {
            **known,
            "setting": {**known["setting"], "incident_categories": _categories(body, today)},
            "now": now.isoformat(),
            "me": _me(reader, asking, UUID(body["id"])),
            "device": DeviceHere(id=device.id, kind=device.kind) if device is not None else None,
            "settings": [Named(id=known_setting["id"], name=known_setting["name"]) for known_setting in settings]
            if device is None
            else [],
            "here": [Named(id=UUID(person), name=name) for person, name in people_here(reader, asking)]
            if device is not None and device.kind == "tablet"
            else [],
            "planned": _planned(using, asking, body, students, now, device is not None and device.kind == "tablet"),
            "box_key": public_key(ledger.keyring, UUID(body["id"])),
        }
    )


def _planned(
    using: Service, asking: Asker, setting: SettingBody, students: list[StudentBody], now: datetime, shared: bool
) -> list[PlannedHere]:
    """The visits of whoever asks, of today and of tomorrow, which may begin where there is no signal.

    A shared tablet is told no address: it stays where others look at it.
    """
    today = now.astimezone(ZoneInfo(setting["time_zone"])).date()
    plans = planned_visits(using.reader, setting, today, today + timedelta(days=1), asking.person)
    return [
        PlannedHere(
            id=line.plan.id,
            student=line.plan.student_id,
            starts_at=line.plan.starts_at,
            ends_at=line.plan.ends_at,
            minutes=line.plan.minutes,
            purpose=say(PURPOSES[line.plan.purpose]),
            address=line.address.text if line.address and not shared else None,
            flags=line.address.flags if line.address and not shared else None,
            state=line.state,
        )
        for line in visit_lines(using, asking, plans, students, now)
        if line.student is not None
    ]


def _categories(setting: SettingBody, today: date) -> list[CategoryHere]:
    """What an incident may be called today."""
    listed = categories_on(setting.get("incident_categories", ()), today)
    return [CategoryHere(id=category.id, label=category.label) for category in listed]


def _me(reader: Reader, asking: Asker, setting_id: UUID) -> Me:
    person = reader.one("people", str(asking.person))
    return Me(
        id=asking.person,
        name=(person and person["name"]) or "Somebody",
        role=scores_as(asking.who, setting_id),
        by=asking.who.via,
        since=moment(asking.session.began_at).isoformat() if asking.session is not None else None,
    )


@router.get(
    "/settings/{setting_id}/day",
    gate=Gate("read-group"),
    operation_id="getDay",
    summary="A day: who came, who did not, who followed up",
)
def day(setting_id: UUID, using: Current, asking: Asking, on: Annotated[date, Query(alias="date")]) -> DayOfSetting:
    """For every student the sessions attested that day, each with the register code to suggest, and who reached out.

    The host school decides.
    """
    setting, students = _of(using.reader, asking, setting_id)
    told = entries_of_day(using.reader, [UUID(student["id"]) for student in students], on, tuple(CONTACTS))
    people = people_of(using.reader)
    sessions = codes_of_day(using.reader, setting, students, on)
    contacts: dict[UUID, list[ContactOut]] = {}
    for entry in told:
        kept = using.ledger.states.kept(UUID(entry["entry"]["student_id"]))
        contacts.setdefault(kept, []).append(_contact(entry, people))
    broken = using.reader.incomplete_students()
    return DayOfSetting(
        setting_id=setting_id,
        date=on,
        students=[
            StudentsDay(
                student_id=student["id"],
                name=student["name"],
                incomplete=student["id"] in broken,
                sessions=[_attested(session, people) for session in sessions[student["id"]]],
                contacts=contacts.get(UUID(student["id"]), []),
            )
            for student in students
        ],
    )


def _contact(told: Mapping[str, Any], people: Mapping[str, str | None]) -> ContactOut:
    """Who reached out. The note stays where it is: the day asks who did, not what was said."""
    reached = CONTACTS[told["kind"]](told["entry"])
    return ContactOut(
        entry_id=told["id"],
        author_id=told["author_id"],
        effort=reached.effort,
        channel=reached.channel,
        minutes=reached.minutes,
        at=told["occurred_at"],
        by=people.get(told["author_id"]),
    )


def _attested(session: SuggestedCode, people: Mapping[str, str | None]) -> AttestedOut:
    """A session as the day tells it: the entry recorded first, whatever else was told of it, and the code."""
    first, suggestion = session.told[0], session.suggestion
    return AttestedOut(
        entry_id=first["id"],
        author_id=first["author_id"],
        entry=first["entry"],
        disputed=session.disputed,
        told=[
            ToldOfSession(
                entry_id=told["id"],
                author_id=told["author_id"],
                by=people.get(told["author_id"]),
                entry=told["entry"],
            )
            for told in session.told
        ],
        code=suggestion.code,
        meaning=suggestion.meaning,
        reason=suggestion.reason,
    )


def _of(reader: Reader, asking: Asker, setting_id: UUID) -> tuple[SettingBody, list[StudentBody]]:
    setting = reader.one("settings", str(setting_id))
    if setting is None:
        raise Unknown
    return setting, sorted(
        asking.among(reader.everyone(setting), "read-group"), key=lambda student: str(student["name"])
    )


@router.get(
    "/settings/{setting_id}/missing",
    gate=Gate("read-group"),
    operation_id="getMissing",
    summary="How many scores are missing in each slot of a day",
)
def missing(
    setting_id: UUID, using: Current, asking: Asking, on: Annotated[date, Query(alias="date")], group: str = ""
) -> MissingOfDay:
    """By slot and framework, of everybody or of one group.

    Only what is meant to be scored in every such slot counts.
    """
    setting, everyone = _of(using.reader, asking, setting_id)
    students = [student for student in everyone if not group or group_of(student, on) == group]
    return MissingOfDay(setting_id=setting_id, date=on, slots=missing_by_slot(using.reader, setting, on, students))


@router.get(
    "/settings/{setting_id}/steps/{curriculum_id}/{version}",
    gate=Gate("read-group"),
    operation_id="getSteps",
    summary="A curriculum's units, and where some students stand in them",
)
def steps(
    setting_id: UUID,
    curriculum_id: str,
    version: int,
    using: Current,
    asking: Asking,
    student: Annotated[list[UUID], Query(max_length=40, description="The students; at most 40.")],
) -> StepsOfGroup:
    """Units in the authored order, each with who is ready for it or nearly there, and the statuses from the least to
    the most."""
    _, everyone = _of(using.reader, asking, setting_id)
    students = [
        candidate
        for candidate in everyone
        if UUID(candidate["id"]) in student and asking.may("record", candidate["id"], setting_id)
    ]
    curriculum, statuses = group_statuses(
        using.reader, students, f"{curriculum_id}@{version}", using.ledger.now(), None
    )
    ids = [UUID(member["id"]) for member in students]
    group = {unit.unit: unit for unit in group_units(curriculum, statuses)}

    def step_unit(item: Item, above: Sequence[Item]) -> StepUnit:
        unit = group[item.id]
        return StepUnit(
            id=item.id,
            label=item.label,
            under=" › ".join(heading.label for heading in above),
            scale=curriculum.scored[item.id].id,
            ready=[ids[place] for place in unit.students(unit.ready)],
            nearly=[ids[place] for place in unit.students(unit.nearly)],
        )

    return StepsOfGroup(
        id=curriculum.id,
        version=curriculum.version,
        title=curriculum.title,
        units=[step_unit(item, above) for item, above in curriculum.walk() if item.id in curriculum.scored],
        scales={scale.id: scale_as_json(scale) for scale in curriculum.scored.values()},
        students={str(student): touched for student, touched in zip(ids, statuses, strict=True)},
    )


@pages.get("/day.csv", gate=Gate("read-group", reads="register"))
def day_csv(request: Request, using: Current, asking: Asking, on: WrittenDate, setting: str = "") -> Response:
    """The codes to suggest to the commissioning schools for one day, as a spreadsheet opens it."""
    body, _ = setting_for(using.reader, asking, setting, "read-group")
    _, students = _of(using.reader, asking, UUID(body["id"]))
    names = {student["id"]: student["name"] for student in students}
    who = {student["id"]: _identifiers(student_seen(asking, student)) for student in students}
    rows = [
        (
            names[student],
            on.isoformat(),
            f"{session.start:%H:%M}",
            f"{session.end:%H:%M}",
            session.suggestion.code or "",
            session.suggestion.meaning or "",
            session.suggestion.reason,
            *who[student],
        )
        for student, sessions in codes_of_day(using.reader, body, students, on).items()
        for session in sessions
    ]
    broken = using.reader.incomplete_students()
    rows += [
        (name, on.isoformat(), "", "", "", "", UNREAD, *who[student])
        for student, name in names.items()
        if student in broken
    ]
    text = csv_text((*CODE_COLUMNS, *IDENTIFIERS), rows)
    return Response(
        text, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="suggested-codes-{on}.csv"'}
    )


UNREAD = "Something recorded about this student could not be read, so there may be more."
CODE_COLUMNS = ("student", "date", "session starts", "session ends", "suggested code", "meaning", "why")
IDENTIFIERS = ("reference", "given name", "family name", "date of birth", "UPN")


def _identifiers(student: Json) -> tuple[str, ...]:
    """By what a school knows which child a line is about: a short name alone is shared too easily."""
    full = (str(student.get(name) or "") for name in ("given_name", "family_name", "date_of_birth", "upn"))
    return (reference(student["id"]), *full)

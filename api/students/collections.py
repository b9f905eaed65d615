"""What there is: settings, people, students, placements, frameworks; the timetable and the sheet of a slot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response

from ap_ledger.bootstrap import Service
from ap_ledger.events.as_written import WrittenDate
from api.core.asking import Asker, Asking
from api.core.filters import needs_seen
from api.core.gate import Gate, gated
from api.core.paging import LIMIT, Cursor, link_next, page
from api.core.service import Current, Json
from api.core.withhold import person_seen, student_seen
from api.students.answers import Item, Items, PublishedFramework, Sheet, Timetable
from projections.queries.reading import Unknown, timetable_on
from projections.queries.relations import placement_days
from projections.queries.session_sheet import session_sheet

router = gated(prefix="/api/v1")
Kind = Literal["settings", "people", "students", "placements", "frameworks"]


def _without_key(body: Json) -> Json:
    return {name: value for name, value in body.items() if name not in ("key", "timetables", "ended_clocks")}


def _seen(asking: Asker, kind: Kind, body: Json) -> Json | None:
    """A body as whoever asks may see it, or None."""
    if kind == "frameworks":
        return body
    if kind == "settings":
        return body if asking.may("see-setting", setting=body["id"]) else None
    if kind == "people":
        where = {body["setting_id"], *(role["setting_id"] for role in body["roles"])}
        return person_seen(asking, body) if any(asking.may("see-people", setting=one) for one in where) else None
    days = asking.days("see-student", body["student_id"] if kind == "placements" else body["id"], body["setting_id"])
    if kind == "placements":
        # Who else bought a place, and when, is nobody's business but that of whoever may see those days.
        return body if placement_days([body]) & days else None
    return student_seen(asking, body) if days else None


def _with_needs(using: Service, asking: Asker, students: list[Json]) -> list[Json]:
    """Students with the codes of their needs, for those who may read their health records.

    To others nothing says that there are any.
    """
    told: dict[str, tuple[str, ...]] = {}
    for setting in {str(student["setting_id"]) for student in students}:
        there = [student for student in students if str(student["setting_id"]) == setting]
        told |= needs_seen(using.reader, asking, there, using.ledger.access_facts.today(UUID(setting)))
    bare = ({name: value for name, value in student.items() if name != "needs"} for student in students)
    return [{**one, "needs": list(told[one["id"]])} if one["id"] in told else one for one in bare]


def _collection(kind: Kind) -> Any:
    def listed(
        request: Request,
        response: Response,
        using: Current,
        asking: Asking,
        setting_id: UUID | None = None,
        cursor: Cursor = None,
        limit: int = 100,
    ) -> Items:
        after, size = page(cursor, limit)
        found: list[Json] = []
        # What may not be seen leaves no gap: pages are filled with what may.
        while bodies := using.reader.collection(
            kind, setting_id if kind not in ("settings", "frameworks") else None, after, LIMIT
        ):
            found += [seen for body in bodies if (seen := _seen(asking, kind, body)) is not None]
            after = bodies[-1]["key"]
            if len(found) >= size or len(bodies) < LIMIT:
                break
        bodies = found[:size]
        link_next(request, response, [str(body["key"]) for body in bodies], size)
        told = _with_needs(using, asking, bodies) if kind == "students" else bodies
        return Items(items=[Item.model_validate(_without_key(body)) for body in told])

    return listed


COLLECTIONS: Mapping[Kind, tuple[Gate, str]] = {
    "settings": (Gate("see-setting", device=True), "Settings that keep their ledger here"),
    "people": (Gate("see-people"), "People who may be named as authors"),
    "students": (Gate("see-student"), "Students who were admitted"),
    "placements": (Gate("see-student"), "Placements, running and ended"),
    "frameworks": (
        Gate("see-frameworks", device=True),
        "Published ladders, frameworks, curricula and instruments",
    ),
}
for _kind, (_gate, _what) in COLLECTIONS.items():
    router.get(f"/{_kind}", gate=_gate, operation_id=f"list{_kind.title()}", summary=_what)(_collection(_kind))


@router.get(
    "/students/{student_id}",
    gate=Gate("see-student"),
    operation_id="getStudent",
    summary="One student",
)
def student(student_id: UUID, using: Current, asking: Asking) -> Item:
    """Who a student is, and what is expected of their week."""
    body = using.reader.one("students", str(student_id))
    if body is None:
        raise Unknown
    return Item.model_validate(_without_key(_with_needs(using, asking, [student_seen(asking, body)])[0]))


@router.get(
    "/frameworks/{framework_id}/{version}",
    gate=Gate("see-frameworks", device=True),
    operation_id="getFramework",
    summary="A published definition, whole",
)
def framework(framework_id: str, version: int, using: Current) -> PublishedFramework:
    """The definition as it was published; it never changes."""
    key = f"{framework_id}@{version}"
    body, definition = using.reader.one("frameworks", key), using.reader.definition(key)
    if body is None or definition is None:
        raise Unknown
    whole = {**_without_key(body), "definition": using.ledger.published.authored(key)}
    return PublishedFramework.model_validate(whole)


@router.get(
    "/settings/{setting_id}/timetable",
    gate=Gate("see-setting", device=True),
    operation_id="getTimetable",
    summary="The slots in force on a day",
)
def timetable(
    setting_id: UUID,
    using: Current,
    on: Annotated[WrittenDate | None, Query(description="The day; today if not given.")] = None,
) -> Timetable:
    """The slots of the timetable that holds on a day."""
    setting = using.reader.one("settings", str(setting_id))
    if setting is None:
        raise Unknown
    day = on or using.ledger.now().astimezone(ZoneInfo(setting["time_zone"])).date()
    return Timetable(setting_id=setting_id, on=day, slots=list(timetable_on(setting, day.isoformat())))


@router.get(
    "/settings/{setting_id}/sheet",
    gate=Gate("read-group"),
    operation_id="getSheet",
    summary="Who was scored on what in a slot, and what is missing",
)
def sheet(
    setting_id: UUID,
    using: Current,
    asking: Asking,
    on: Annotated[WrittenDate, Query(alias="date")],
    slot: Annotated[str, Query(max_length=120)],
) -> Sheet:
    """The sheet of one slot of one day."""
    setting = using.reader.one("settings", str(setting_id))
    if setting is None:
        raise Unknown
    students = asking.among(using.reader.everyone(setting), "read-group")
    return Sheet.model_validate(session_sheet(using.reader, setting_id, on, slot, students))

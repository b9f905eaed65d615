"""What there is: settings, people, students, placements, frameworks; the timetable and the sheet of a slot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple
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
from projections.bodies import Kind, PersonBody, PlacementBody, SettingBody, StudentBody
from projections.queries.on_day import timetable_on
from projections.queries.reading import Unknown
from projections.queries.relations import placement_days
from projections.queries.session_sheet import session_sheet

router = gated(prefix="/api/v1")


def _without_key(body: Mapping[str, Any]) -> Json:
    return {name: value for name, value in body.items() if name not in ("key", "timetables", "ended_clocks")}


def _may_see_setting(asking: Asker, setting: SettingBody) -> bool:
    return asking.may("see-setting", setting=setting["id"])


def _may_see_person(asking: Asker, person: PersonBody) -> bool:
    where = {person["setting_id"], *(role["setting_id"] for role in person["roles"])}
    return any(asking.may("see-people", setting=setting_id) for setting_id in where)


def _may_see_student(asking: Asker, student: StudentBody) -> bool:
    return asking.may("see-student", student["id"], student["setting_id"])


def _may_see_placement(asking: Asker, placement: PlacementBody) -> bool:
    # Who else bought a place, and when, is nobody's business but that of whoever may see those days.
    days = asking.days("see-student", placement["student_id"], placement["setting_id"])
    return bool(placement_days([placement]) & days)


def _people(using: Service, asking: Asker, people: Sequence[PersonBody]) -> list[Json]:
    return [person_seen(asking, person) for person in people]


def _students(using: Service, asking: Asker, students: Sequence[StudentBody]) -> list[Json]:
    """Students with the codes of their needs, for those who may read their health records.

    To others nothing says that there are any.
    """
    told: dict[str, tuple[str, ...]] = {}
    for setting in {student["setting_id"] for student in students}:
        there = [student for student in students if student["setting_id"] == setting]
        told |= needs_seen(using.reader, asking, there, using.ledger.access_facts.today(UUID(setting)))
    made: list[Json] = []
    for student in students:
        bare = {name: value for name, value in student_seen(asking, student).items() if name != "needs"}
        made.append({**bare, "needs": list(told[student["id"]])} if student["id"] in told else bare)
    return made


class Collection(NamedTuple):
    """One kind of thing that there is: who may ask for a list, what it is, which of them they see, and how."""

    gate: Gate
    summary: str
    may_see: Callable[[Asker, Any], bool] = lambda asking, body: True
    seen: Callable[[Service, Asker, Sequence[Any]], Sequence[Mapping[str, Any]]] = lambda using, asking, bodies: bodies


COLLECTIONS: Mapping[Kind, Collection] = {
    "settings": Collection(Gate("see-setting", device=True), "Settings that keep their ledger here", _may_see_setting),
    "people": Collection(Gate("see-people"), "People who may be named as authors", _may_see_person, _people),
    "students": Collection(Gate("see-student"), "Students who were admitted", _may_see_student, _students),
    "placements": Collection(Gate("see-student"), "Placements, running and ended", _may_see_placement),
    "frameworks": Collection(
        Gate("see-frameworks", device=True), "Published ladders, frameworks, curricula and instruments"
    ),
}


def _collection(kind: Kind, collection: Collection) -> Any:
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
        visible: list[Any] = []
        # What may not be seen leaves no gap: pages are filled with what may.
        while bodies := using.reader.collection(
            kind, setting_id if kind not in ("settings", "frameworks") else None, after, LIMIT
        ):
            visible += [body for body in bodies if collection.may_see(asking, body)]
            after = bodies[-1]["key"]
            if len(visible) >= size or len(bodies) < LIMIT:
                break
        bodies = visible[:size]
        link_next(request, response, [str(body["key"]) for body in bodies], size)
        seen = collection.seen(using, asking, bodies)
        return Items(items=[Item.model_validate(_without_key(body)) for body in seen])

    return listed


for _kind, _each in COLLECTIONS.items():
    _listed = _collection(_kind, _each)
    router.get(f"/{_kind}", gate=_each.gate, operation_id=f"list{_kind.title()}", summary=_each.summary)(_listed)


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
    return Item.model_validate(_without_key(_students(using, asking, [body])[0]))


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

"""Looking back over one student: day frames for the slider, the story of a day, what changed since, two periods, the
entries behind a figure."""

from __future__ import annotations

import gzip
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse

from ap_ledger.kinds.items import DefinitionItem
from api.core.asking import Asker, Asking
from api.core.diary import diary_of, whole_days
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.service import Current, Json
from api.core.show import day_of, end_of_day, people_of, show
from api.core.stories import own_words_of, story_lines
from api.core.student_head import head_of
from api.core.times import times_of
from api.core.withhold import withhold
from projections.bodies import SettingBody, StudentBody
from projections.queries.crosswalks import climbs_carried
from projections.queries.entries import changed_since, entries_at
from projections.queries.frames import frames
from projections.queries.history import days_at, known_position, statuses_of
from projections.queries.periods import student_period
from projections.queries.reading import Reader
from projections.queries.relations import known_of, placement_days
from reports.two_periods import compared, share_days

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
STORY, BEHIND, SINCE = 100, 300, 200
HAPPENINGS = 8
"""The diary beside the slider shows so many visits, sessions and single entries."""
READ_AT_MOST = 5_000
LATELY = 60
Day = Annotated[str, Query(max_length=10)]


@router.get("/students/{student_id}/frames", gate=Gate("read-history", reads="history"))
def student_frames(request: Request, student_id: UUID, using: Current, asking: Asking, known: Day = "") -> Response:
    """Where everything stood at the end of every day, for the script that only looks up."""
    _, setting = using.reader.student_and_setting(student_id)
    now = using.ledger.now()
    known_at = end_of_day(known, ZoneInfo(setting["time_zone"]))
    days, _, _ = days_at(using.reader, student_id, setting, now, known_at, asking.days("read-history", student_id))
    carried = climbs_carried(using.reader, days, now.date(), known_at)
    newest = using.reader.newest("outcomes", now.date(), known_at)
    body = orjson.dumps(frames(using.reader, setting, carried, statuses_of(using.reader, days), newest))
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            gzip.compress(body, 6, mtime=0),
            media_type="application/json",
            headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"},
        )
    return Response(body, media_type="application/json")


@router.get("/students/{student_id}/story", gate=Gate("read-history", reads="history"))
def student_story(
    request: Request, student_id: UUID, using: Current, asking: Asking, as_of: Day = "", known: Day = ""
) -> HTMLResponse:
    """The newest entries up to a day, as the part of a page that the slider puts in."""
    student, setting = using.reader.student_and_setting(student_id)
    times = times_of(using, setting, as_of, known)
    position = known_position(using.reader, times.known_at)
    lately = (times.happened_by - timedelta(days=LATELY)).date()
    # Where nothing happened lately, what happened before is looked for, however long ago it was.
    within = asking.days("read-history", student_id)
    entries = entries_at(
        using.reader, student_id, times.happened_by, position, 0, STORY, from_day=lately, within=within
    )
    entries = entries or entries_at(using.reader, student_id, times.happened_by, position, 0, STORY, within=within)
    withhold(asking, student_id, entries)
    own = own_words_of(using.reader, asking, student)
    whole = whole_days(entries, STORY, ZoneInfo(setting["time_zone"]))
    diary = diary_of(using.reader, setting, whole, people_of(using.reader), own, HAPPENINGS)
    return show(request, "story_part.html", student=student, diary=diary)


@router.get("/students/{student_id}/since", gate=Gate("read-history", reads="history"))
def since(
    request: Request, student_id: UUID, using: Current, asking: Asking, as_of: Day = "", known: Day = ""
) -> HTMLResponse:
    """What was recorded, put right or taken back after a day, about what had happened by then."""
    student, setting = using.reader.student_and_setting(student_id)
    times = times_of(using, setting, as_of, known)
    changed = []
    if times.known_at is not None:
        within = asking.days("read-history", student_id)
        changed = changed_since(
            using.reader, student_id, times.happened_by, using.ledger.position_at(times.known_at), SINCE + 1, within
        )
    groups = {
        what: [entry for entry in changed[:SINCE] if entry["since"] == what]
        for what in ("came", "put-right", "taken-back")
    }
    told = {what: _story(using.reader, asking, student, setting, entries) for what, entries in groups.items()}
    return show(
        request,
        "since.html",
        student=student,
        head=head_of(using, asking, student, setting),
        times=times,
        told=told,
        counts={what: len(some) for what, some in groups.items()},
        more=len(changed) > SINCE,
    )


@router.get("/students/{student_id}/entries", gate=Gate("read-history", reads="history"))
def behind(
    request: Request,
    student_id: UUID,
    using: Current,
    asking: Asking,
    kind: Annotated[str, Query(max_length=200)] = "",
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
    about: Annotated[str, Query(max_length=300)] = "",
    known: Annotated[str, Query(max_length=40)] = "",
    placed_by: Annotated[UUID | None, Query()] = None,
) -> HTMLResponse:
    """The entries behind a figure, newest first, each leading to its own page."""
    student, setting = using.reader.student_and_setting(student_id)
    times = times_of(using, setting, last, known[:10])
    known_at = times.known_at if len(known) <= 10 else _moment(known)
    position = known_position(using.reader, known_at)
    start = end_of_day(first, ZoneInfo(setting["time_zone"]))
    kinds, within = [part for part in kind.split(",") if part], asking.days("read-history", student_id)
    if placed_by is not None:
        within = within & placement_days(
            known_of(using.reader, setting, [student], known_at).placements.get(student["id"], ()), placed_by
        )
    told = entries_at(
        using.reader, student_id, times.happened_by, position, 0, READ_AT_MOST, start and start.date(), kinds, within
    )
    entries = [
        entry
        for entry in told
        if entry["status"] != "voided" and _is_about(using.reader, setting, entry["entry"], about)
    ]
    return show(
        request,
        "behind.html",
        student=student,
        head=head_of(using, asking, student, setting),
        first=start and start.date(),
        times=times,
        count=len(entries),
        capped=len(told) == READ_AT_MOST,
        shown=min(BEHIND, len(entries)),
        about=_about(using.reader, about),
        story=_story(using.reader, asking, student, setting, entries[:BEHIND], together=False),
    )


@router.get(
    "/students/{student_id}/compare", gate=Gate("read-history", reads="history"), nav=Nav("Two periods", "student", 9)
)
def compare(
    request: Request,
    student_id: UUID,
    using: Current,
    asking: Asking,
    first_from: Day = "",
    first_to: Day = "",
    then_from: Day = "",
    then_to: Day = "",
    known: Day = "",
) -> HTMLResponse:
    """Two periods of one student, side by side."""
    student, setting = using.reader.student_and_setting(student_id)
    times = times_of(using, setting, "", known)
    today = date.fromisoformat(times.today)
    within = asking.days("read-history", student_id)
    days, _, _ = days_at(using.reader, student_id, setting, times.happened_by, times.known_at, within)
    begins = date.fromisoformat(days[0][0]) if days else today
    begins = min(begins, today)
    # Four weeks each, or two halves of a shorter time: periods that share days say nothing of a change.
    some = timedelta(days=min(27, max(0, (today - begins).days // 2 - 1)))
    asked = [
        (day_of(first_from) or begins, day_of(first_to) or begins + some),
        (day_of(then_from) or today - some, day_of(then_to) or today),
    ]
    refusal = (
        ""
        if all(start <= end for start, end in asked)
        else "A period ends before it begins. Give its first day before its last."
    )
    made = (
        []
        if refusal
        else [
            student_period(using.reader, student, setting, start, end, times.known_at, within) for start, end in asked
        ]
    )
    return show(
        request,
        "compare.html",
        400 if refusal else 200,
        student=student,
        head=head_of(using, asking, student, setting),
        times=times,
        periods=asked,
        groups=compared(*made) if made else [],
        overlap=bool(made) and share_days(*made),
        said=refusal,
    )


def _story(
    reader: Reader,
    asking: Asker,
    student: StudentBody,
    setting: SettingBody,
    entries: list[Json],
    together: bool = True,
) -> list[tuple[str, list[Json]]]:
    withhold(asking, UUID(student["id"]), entries)
    own = own_words_of(reader, asking, student)
    return story_lines(reader, entries, ZoneInfo(setting["time_zone"]), people_of(reader), own, together)


def _is_about(reader: Reader, setting: SettingBody, entry: Json, about: str) -> bool:
    """Whether an entry is part of a framework, a theme of it, or a kind of slot."""
    if not about:
        return True
    if about.startswith("#"):
        return bool(entry.get("session")) and reader.slot_kinds(setting).get(entry["session"]["slot"]) == about[1:]
    key, theme = DefinitionItem.unpacked(about)
    reference = entry.get("framework")
    if not reference or f"{reference['id']}@{reference['version']}" != key:
        return False
    framework = reader.definition(key)
    return not theme or bool(framework and framework.theme.get(entry["indicator"]) == theme)


def _about(reader: Reader, about: str) -> str:
    if about.startswith("#"):
        return about[1:].replace("-", " ")
    key, theme = DefinitionItem.unpacked(about)
    framework = reader.definition(key) if key else None
    return (
        ""
        if framework is None
        else f"{framework.title}: {framework.labels[theme]}"
        if theme in framework.labels
        else framework.title
    )


def _moment(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None

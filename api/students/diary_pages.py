"""A student's whole diary: visits and sessions day by day, narrowed down, searched, and back to the first of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from ap_ledger.bootstrap import Service
from ap_ledger.events.days import Days
from ap_ledger.kinds import KINDS
from api.core.asking import Asker, Asking
from api.core.diary import diary_of
from api.core.gate import Gate, gated
from api.core.languages import month_and_year, say
from api.core.navigation import Nav
from api.core.service import Current, Json, Using
from api.core.show import day_of, people_of, read_form, show, text_of
from api.core.stories import own_words_of
from api.core.student_head import head_of
from api.core.times import Times, times_of
from api.core.withhold import withhold
from projections.bodies import SettingBody
from projections.fold.cells import DatedCell
from projections.queries.entries import entries_at
from projections.queries.history import days_at, known_position
from projections.queries.searching import Wanted
from projections.queries.words import Own, in_words

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
AT_ONCE, ENOUGH, READ_AT_MOST = 400, 200, 6_000
"""So many entries are read at once; so many that were looked for fill a page; and so many are read for one page, after
which whoever looks for something rare is asked to go on."""
LONGEST = 120
"""So many letters of what is looked for are looked at."""
DEFINED = ("ladder", "framework", "curriculum", "instrument")
"""The fields by which an entry names what it goes by."""
WRITE = frozenset({"mentor", "ap-staff", "leader", "dsl", "deputy-dsl"})
"""The roles of those who record."""
Choices = list[tuple[str, str, list[tuple[str, str]]]]
Short = Annotated[str, Query(max_length=LONGEST)]
Day = Annotated[str, Query(max_length=10)]


@dataclass(frozen=True)
class Looked:
    """What somebody looks for in a diary: until which day, back to which day, as it was known when, of which kind, by
    whom, by which definition, and with which words; each empty where it does not matter."""

    to: str = ""
    since: str = ""
    known: str = ""
    kind: str = ""
    author: str = ""
    framework: str = ""
    words: str = ""

    def takes(self, told: Json) -> bool:
        """Whether an entry is looked for, whatever it says."""
        entry = told["entry"]
        return (not self.author or told["author_id"] == self.author) and (
            not self.framework or any((entry.get(name) or {}).get("id") == self.framework for name in DEFINED)
        )


@router.get(
    "/students/{student_id}/diary",
    gate=Gate("read-history", reads="history"),
    nav=Nav("Diary", "student", 2, also="notes history log"),
)
def diary_page(
    request: Request,
    student_id: UUID,
    using: Current,
    asking: Asking,
    to: Day = "",
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    known: Day = "",
    kind: Short = "",
    author: Short = "",
    framework: Short = "",
) -> HTMLResponse:
    """The newest days, or those up to a day, of everything or of what is looked for."""
    return _page(request, student_id, using, asking, Looked(to, since, known, kind, author, framework))


@router.post("/students/{student_id}/diary", gate=Gate("read-history", reads="history"))
async def diary_search(request: Request, student_id: UUID, using: Using, asking: Asking) -> HTMLResponse:
    """The same with words that are looked for, which stand in no address."""
    form = await read_form(request)

    def typed(name: str, most: int = LONGEST) -> str:
        return text_of(form, name)[:most].strip()

    looked = Looked(
        typed("to", 10), typed("from", 10), typed("known", 10), typed("kind"), typed("author"), typed("framework"),
        typed("q"),
    )  # fmt: skip
    return await run_in_threadpool(_page, request, student_id, using, asking, looked)


def _page(request: Request, student_id: UUID, using: Service, asking: Asker, looked: Looked) -> HTMLResponse:
    student, setting = using.reader.student_and_setting(student_id)
    times = times_of(using, setting, looked.to, looked.known)
    within = asking.days("read-history", student_id)
    own = own_words_of(using.reader, asking, student)
    found = _found(using, asking, student_id, looked, times, within, own)
    people, whole = people_of(using.reader), len(found.entries) + 1
    days, _, _ = days_at(using.reader, student_id, setting, using.ledger.now(), times.known_at, within)
    return show(
        request,
        "diary.html",
        student=student,
        head=head_of(using, asking, student, setting),
        looked=looked,
        times=times,
        diary=diary_of(using.reader, setting, found.entries, people, own, whole),
        earlier=found.earlier,
        count=len(found.entries),
        months=_months(days),
        choices=_choices(using, asking, setting, days),
    )


@dataclass(frozen=True)
class _Found:
    """Entries that were looked for, newest first, in whole days; `earlier` is the day on which to go on, if any."""

    entries: Sequence[Json]
    earlier: date | None


def _found(
    using: Service, asking: Asker, student_id: UUID, looked: Looked, times: Times, within: Days, own: Own
) -> _Found:
    reader, zone = using.reader, ZoneInfo(times.zone)
    position = known_position(reader, times.known_at)
    kinds = [looked.kind] if looked.kind in KINDS else []
    since, wanted = day_of(looked.since), Wanted.of(looked.words) if looked.words else None
    found: list[tuple[date, Json]] = []
    read, newest = 0, None
    while True:
        told = entries_at(reader, student_id, times.happened_by, position, read, AT_ONCE, since, kinds, within)
        withhold(asking, student_id, told)
        for entry in filter(looked.takes, told):
            if wanted is None or wanted.is_in(in_words(reader, entry["entry"], own, say)):
                found.append((_day_of(entry, zone), entry))
        read += len(told)
        if len(told) < AT_ONCE:
            return _Found([entry for _, entry in found], None)
        newest = newest or _day_of(told[0], zone)
        # The last day that was read may go on, so it is left for the next page, unless there is no other yet.
        last = _day_of(told[-1], zone)
        if last != newest and (len(found) >= ENOUGH or read >= READ_AT_MOST):
            return _Found([entry for day, entry in found if day != last], last)


def _day_of(told: Json, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(told["occurred_at"]).astimezone(zone).date()


class Month(NamedTuple):
    """A month in which something happened: its last day, what it is called, and how many entries it has."""

    last: str
    words: str
    entries: int


def _months(days: Sequence[DatedCell]) -> list[Month]:
    """The months of a diary, the newest first."""
    counts: Counter[str] = Counter()
    for day, cell in days:
        counts[day[:7]] += sum(cell.counted("kinds").values())
    firsts = [(date.fromisoformat(f"{month}-01"), entries) for month, entries in sorted(counts.items(), reverse=True)]
    return [
        Month(((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).isoformat(), month_and_year(first), n)
        for first, n in firsts
        if n
    ]


def _choices(using: Service, asking: Asker, setting: SettingBody, days: Sequence[DatedCell]) -> Choices:
    """What a diary can be narrowed down by: each filter's name, its title, and pairs of key and words."""
    kinds = {kind for _, cell in days for kind in cell.counted("kinds")}
    used = {
        key.partition("@")[0]
        for _, cell in days
        for key in (*(rung.ladder for rung in cell.rungs), *cell.outcomes, *(step.unit for step in cell.units))
    }
    titles = {
        body["id"]: body["title"]
        for body in sorted(using.reader.whole("frameworks"), key=lambda each: int(each["version"]))
        if body["id"] in used
    }
    people = people_of(using.reader) if asking.may("see-people", setting=setting["id"]) else {}
    staff = [
        (person["id"], people.get(person["id"]) or say("someone"))
        for person in using.reader.whole("people")
        if people and any(role["setting_id"] == setting["id"] and role["role"] in WRITE for role in person["roles"])
    ]
    offered = (
        ("kind", "What", [(kind, say(KINDS[kind].label)) for kind in kinds if kind in KINDS]),
        ("author", "By", staff),
        ("framework", "Framework", list(titles.items())),
    )
    return [(name, title, sorted(pairs, key=lambda pair: pair[1])) for name, title, pairs in offered if len(pairs) > 1]

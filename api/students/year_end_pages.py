"""The end of a school year on one page: what moves on by itself, the placements that may end, and what the coming year
still lacks. Nothing is copied, and nothing is ended but what is ticked."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.patterns import school_year_of
from ap_ledger.domain.school_years import span_in_words
from ap_ledger.recording.ledger import new_id
from ap_ledger.several.doing import Doer, ForOne, do, judged
from ap_ledger.several.year_end import Ending, EndWish, ended, endings, going_on, lacking, year_of
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.languages import said_table
from api.core.navigation import Nav
from api.core.service import Current, Using, wait_for
from api.core.show import id_of, read_form, setting_for, show, text_of
from api.students.choices import DESTINATIONS
from projections.bodies import SettingBody, StudentBody

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
LOOKED_BACK_AT = (8, 9)
"""The months in which the year that has just ended is the one to see to."""
NO_LAST_DAY = "Say their last day."


@router.get(
    "/end-of-year",
    gate=Gate("manage-students"),
    nav=Nav("End of the year", "more", 23, also="leavers move up groups", group="students"),
)
def year_end_page(request: Request, using: Current, asking: Asking, setting: str = "", year: int = 0) -> HTMLResponse:
    """What there is to decide at the end of a school year."""
    body, settings = setting_for(using.reader, asking, setting, "manage-students")
    return _page(request, using, asking, body, settings, year, new_id())


class _Row(NamedTuple):
    """A placement that may end, as it stands in the form, and why ending it would be refused, where it would."""

    ending: Ending
    fault: str


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    setting: SettingBody,
    settings: list[SettingBody],
    begun: int,
    form: UUID,
    results: list[ForOne] | None = None,
) -> HTMLResponse:
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    years = _years(today)
    year = year_of(setting, begun if begun in years else _usual(today))
    students, doer = _students(using, asking, setting), Doer(asking.who, setting["id"], form)
    may_end = endings(using, setting, students, year, today)
    judging = (judged(using, doer, ended(each, EndWish(each.last, "", with_mentors=True))) for each in may_end)
    staying = going_on(using, setting, students, year, today)
    return show(
        request, "year_end.html", setting=setting, settings=settings, form=str(form), year=year,
        words=span_in_words(year.begun), next_words=span_in_words(year.begun + 1),
        others=[(each, span_in_words(each)) for each in years if each != year.begun],
        rows=[_Row(each, row.fault) for each, row in zip(may_end, judging, strict=True)],
        staying=staying, lacking=lacking(setting, [student for group in staying for student in group.students], year),
        destinations=said_table(DESTINATIONS), results=results,
        saved=[row for row in results or () if row.outcome == "changed"],
        refused=[row for row in results or () if row.outcome == "refused"],
    )  # fmt: skip


def _years(today: date) -> tuple[int, ...]:
    """The school years that can be looked at: the one before, and the one that runs."""
    running = school_year_of(today)
    return running - 1, running


def _usual(today: date) -> int:
    """The school year that is seen to on a day: the one that runs, or has just ended."""
    return school_year_of(today) - (today.month in LOOKED_BACK_AT)


def _students(using: Service, asking: Asker, setting: SettingBody) -> list[StudentBody]:
    return asking.among(using.reader.everyone(setting), "manage-students")


@router.post("/end-of-year", gate=Gate("manage-students"))
async def end_placements(request: Request, using: Using, asking: Asking) -> Response:
    """Ends the placements that are ticked, each by itself."""
    form = await read_form(request)
    # What has ended a moment ago is not ended again.
    await wait_for(using, using.ledger.recorder.read_head().position)
    return await run_in_threadpool(_end, request, using, asking, form)


def _end(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, settings = setting_for(using.reader, asking, text_of(form, "setting"), "manage-students")
    doer = Doer(asking.who, setting["id"], id_of(form, "form"))
    today, ticked = using.ledger.access_facts.today(UUID(setting["id"])), set(map(str, form.getlist("student")))
    # A year that is none of those there are, or no number at all, is the usual one, as it is in the address.
    begun = next((each for each in _years(today) if str(each) == text_of(form, "year")), _usual(today))
    year = year_of(setting, begun)
    may_end = endings(using, setting, _students(using, asking, setting), year, today)
    wanted = [_wanted(form, each) for each in may_end if each.student["id"] in ticked]
    results = [*(row for row in wanted if row.outcome == "refused"), *(done.row for done in do(using, doer, wanted))]
    return _page(request, using, asking, setting, settings, year.begun, doer.form, results)


def _wanted(form: FormData, ending: Ending) -> ForOne:
    """What a row of the form asks for, or why it cannot be done."""
    student = ending.student["id"]
    try:
        last = date.fromisoformat(text_of(form, f"last-{student}"))
    except ValueError:
        return ForOne(student, ending.student["name"], "refused", fault=NO_LAST_DAY)
    with_mentors = bool(text_of(form, "with_mentors"))
    return ended(ending, EndWish(last, text_of(form, f"to-{student}"), with_mentors))

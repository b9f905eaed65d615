"""What is due, how it is ended with a reason, what two people said differently; and what runs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.due import EndClock, EndingReason, EndReview, ResumeClock, ResumeReview
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.clocks import CLOCK_BY_NAME, ClockRule
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.jobs import PackDraft
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.listing import Column, Listing
from api.core.navigation import Nav
from api.core.safeguarding import readable
from api.core.service import Current, Using
from api.core.show import people_of, read_form, setting_for, show, text_of
from api.setting.settling import settle, statements_of
from projections.bodies import SettingBody, StudentBody
from projections.queries.clocks import NOT_RECORDED_YET, Clock, clocks, ended_with_reason, packs_waiting
from projections.queries.safeguarding_due import SealedDue, safeguarding_due

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
REASONS: Mapping[str, str] = {
    "done-elsewhere": "Done, and recorded elsewhere",
    "not-needed": "Not needed after all",
    "too-late": "Can no longer be done",
    "other": "Something else",
}
assert set(REASONS) == set(get_args(EndingReason))
DONE = {
    "ended": "It is ended, with your reason. It stands below, and can be taken up again.",
    "resumed": "It is due again.",
    "settled": "It is settled. What the others said is kept, and was taken back.",
}
TROUBLED = "This could not be read. Open the page again, and say why in your own words."


@router.get(
    "/clocks",
    gate=Gate("see-clocks"),
    nav=Nav("What is due", "pages", 7, icon="clock", also="overdue clocks deadlines reviews"),
)
def clocks_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """What is due, for whom, and what counts as done; and how what runs on a clock went."""
    return _clocks(request, using, asking, setting, done=DONE.get(done, ""))


@router.get("/clocks.csv", gate=Gate("see-clocks"))
def clocks_file(request: Request, using: Current, asking: Asking, setting: str = "") -> Response:
    """The same list as a file, a line for each student."""
    where, _ = setting_for(using.reader, asking, setting, "see-clocks")
    students = asking.among(using.reader.everyone(where), "see-clocks")
    due = clocks(using.reader, where, students, using.ledger.now())
    return Listing.of(request, CLOCK_COLUMNS, due).as_file("what-is-due")


STATES = {"overdue": "past its day", "due": "due today", "soon": "soon"}
CLOCK_COLUMNS = (
    Column("student", "For whom", lambda clock: clock.student["name"] if clock.student else "the setting"),
    Column("what", "What", lambda clock: clock.what),
    Column("by", "By", lambda clock: clock.due.isoformat()),
    Column("state", "State", lambda clock: STATES[clock.state]),
    Column("done", "It is done when", lambda clock: clock.done),
)


def _clocks(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: FormData | None = None,
) -> HTMLResponse:
    where, settings = setting_for(using.reader, asking, wanted, "see-clocks")
    students = asking.among(using.reader.everyone(where), "see-clocks")
    due: dict[tuple[object, ...], list[Clock]] = {}
    due_now = clocks(using.reader, where, students, using.ledger.now())
    for clock in due_now:
        # What is the same for many is one line. What two people said is about one child, and is settled there.
        due.setdefault((clock.kind, clock.what, clock.due, clock.link, clock.told), []).append(clock)
    people = people_of(using.reader)
    told = {clock.about: statements_of(using, asking, where, clock, people) for clock in due_now if clock.told}
    may_make = asking.may("make-reports", setting=where["id"])
    may_end = asking.may("end-clock", setting=where["id"])
    return show(
        request,
        "clocks.html",
        status,
        setting=where,
        settings=settings,
        due=list(due.values()),
        sealed=_sealed(using, asking, where),
        not_recorded=NOT_RECORDED_YET,
        runs=using.jobs.latest_runs(),
        jobs=request.app.state.jobs,
        drafts=_prepared(using, where) if may_make else [],
        may_make=may_make,
        may_end=may_end,
        told=told,
        states=STATES,
        listing=Listing.of(request, CLOCK_COLUMNS, due_now),
        ended=ended_with_reason(using.reader, where, students) if may_end else [],
        people=people,
        reasons=REASONS,
        said=refusal,
        done=done,
        form=new_id,
        typed=typed,
        run_of=run_of,
        runs_of=lambda some: [run_of(clock.student, clock.about) for clock in some],
    )


def _sealed(using: Service, asking: Asker, where: SettingBody) -> list[SealedDue]:
    """What is due in safeguarding, for whoever works on it; in no file and no API."""
    if not asking.may("work-safeguarding", setting=where["id"]):
        return []
    today = using.ledger.access_facts.today(UUID(where["id"]))
    return safeguarding_due(readable(using, asking, where), where["time_zone"], today)


def _prepared(using: Service, where: SettingBody) -> list[PackDraft]:
    prepared = using.jobs.drafts_of(UUID(where["id"]))
    return packs_waiting(using.reader, prepared, where, using.ledger.now())


class ClockRun(NamedTuple):
    """One run of a clock, as a form names it."""

    student: str
    """The id of the student; empty where it is about none."""
    about: str
    """What names it among the student's, or among those of the setting."""

    def packed(self) -> str:
        """The text that says both."""
        return f"{self.student}|{self.about}"

    @classmethod
    def unpacked(cls, text: str) -> ClockRun:
        """What a text says."""
        student, _, about = text.partition("|")
        return cls(student, about)


def run_of(student: StudentBody | None, about: str) -> str:
    """One run of a clock as a form names it."""
    return ClockRun(student["id"] if student else "", about).packed()


@router.post("/clocks", gate=Gate("see-clocks"))
async def change_clocks(request: Request, using: Using, asking: Asking) -> Response:
    """Ends what is due with a reason, takes it up again, or settles what two people said."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    do, wanted = text_of(form, "do"), text_of(form, "setting")
    where, _ = setting_for(using.reader, asking, wanted, "see-clocks")
    try:
        if do == "settle":
            position = settle(using, asking, form)
        else:
            position = give(using, asking, _command(asking, where, form), form).position
    except Refused as refusal:
        return _clocks(request, using, asking, wanted, refusal.message, 422, typed=form)
    done = {"end": "ended", "resume": "resumed", "settle": "settled"}[do]
    return RedirectResponse(f"/clocks?setting={where['id']}&done={done}&min_position={position}", 303)


def _record_of(asking: Asker, rule: ClockRule, student: UUID, clock: str, about: str, do: str) -> UUID:
    """The record of a child in which the placement stands that something is due for, or the reason that ended it."""

    def is_there(record: Student) -> bool:
        if do == "resume":
            return (clock, about) in record.ended
        return rule.about == "placement" and about.partition("/")[0] in {
            str(placement.id) for placement in record.placements
        }

    return asking.ledger.states.record_where(student, is_there)


def _command(asking: Asker, where: SettingBody, form: FormData) -> Command:
    """The command that a form asks for. Raises Refused."""
    clock, do = text_of(form, "clock"), text_of(form, "do")
    student, about = ClockRun.unpacked(text_of(form, "run"))
    rule = CLOCK_BY_NAME.get(clock)
    if rule is None or do not in ("end", "resume"):
        raise Refused("malformed", TROUBLED, "do")

    def made(ends: type[Command], resumes: type[Command], **run: Any) -> Command:
        if do == "resume":
            return command_of(resumes, form, asking, where["id"], **run)
        why = {"reason_code": text_of(form, "reason_code"), "reason": text_of(form, "reason")}
        return command_of(ends, form, asking, where["id"], **run, **why)

    try:
        whose = _record_of(asking, rule, UUID(student), clock, about, do) if student else None
    except ValueError:
        raise Refused("malformed", TROUBLED, "run") from None
    if whose is not None:
        return made(EndClock, ResumeClock, student=whose, clock=clock, about=about)
    commissioner, _, last = about.partition("/")
    return made(EndReview, ResumeReview, commissioner_id=commissioner, last=last)

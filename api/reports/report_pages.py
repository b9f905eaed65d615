"""Reports on pages: made and looked at by leaders, released to families and commissioners, read by them as they were
released."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from ap_ledger import __version__
from ap_ledger.access.rules import kept_from, may_read_report, may_release
from ap_ledger.bootstrap import Service
from ap_ledger.domain.report import ReleaseReport, WithdrawReport
from ap_ledger.errors import LedgerError, Refused, SetupError
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.problems import NotAllowed
from api.core.released import lines_of, released_of
from api.core.service import Current, Using
from api.core.show import end_of_day, id_of, read_form, setting_for, show, text_of
from projections.bodies import ReportBody
from projections.queries.clocks import packs_waiting
from projections.queries.instruments import usual_period
from projections.queries.reading import Unknown
from reports.compose import Order, make_report, students_of, words_that_leave
from reports.disclosure import PRESETS, Report
from reports.layouts import SHIPPED, layout_from, read_layout
from reports.pack import figures_hash, pack
from reports.pdf import as_pdf

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
FORMS = {"pdf": "application/pdf", "zip": "application/zip"}
Asked = Annotated[str, Query(max_length=60)]
LAYOUT_NAMES: Mapping[str, str] = {"family": "Family page", "gaps": "What is missing"}
"""Of layouts that are called something else than their id says."""
ABOUT: Mapping[str, tuple[str, str]] = {
    "student": ("One student", "Choose the student whom it is about."),
    "commissioner": ("A commissioner’s students", "Choose the commissioner whose students it is about."),
    "setting": ("The whole setting", ""),
}
"""What a report may be about: the words for it, and what is said where the form names none."""


@router.get(
    "/reports",
    gate=Gate("make-reports"),
    nav=Nav("Reports", "pages", 8, also="packs print pdf evidence impact commissioner family"),
)
def reports_page(
    request: Request,
    using: Current,
    asking: Asking,
    setting: str = "",
    student: str = "",
    layout: Asked = "",
    done: str = "",
) -> HTMLResponse:
    """What can be made, what was prepared, what was released. The form offers what the chosen layout can use."""
    return _reports(request, using, asking, setting, student, done=done, typed={"layout": layout})


def _reports(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    student: str = "",
    refusal: str = "",
    done: str = "",
    status: int = 200,
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    where, settings = setting_for(using.reader, asking, wanted, "make-reports")
    students = asking.among(using.reader.everyone(where), "make-reports")
    today = using.ledger.now().astimezone(ZoneInfo(where["time_zone"])).date()
    first, last = usual_period(where, today)
    released = sorted(
        (report for report in using.reader.whole("reports", where)), key=lambda report: -report["released_at"]
    )
    named = {candidate["id"]: candidate["name"] for candidate in students}
    filled: dict[str, Any] = {
        **dict.fromkeys(("about", "commissioner", "known", "preset"), ""),
        "student": student,
        "from": first,
        "to": last,
        **(typed or {}),
    }
    chosen = read_layout(filled["layout"] if filled.get("layout") in SHIPPED else SHIPPED[0])
    filled["about"] = filled["about"] if filled["about"] in chosen.about else chosen.about[0]
    prepared = using.jobs.drafts_of(UUID(where["id"]))
    return show(
        request,
        "reports.html",
        status,
        setting=where,
        settings=settings,
        students=sorted(students, key=lambda candidate: str(candidate["name"])),
        commissioners=where["commissioners"],
        layouts=[read_layout(name) for name in SHIPPED],
        presets=PRESETS,
        first=first,
        last=last,
        today=today,
        drafts=packs_waiting(using.reader, prepared, where, using.ledger.now()),
        named=named,
        released=lines_of(
            [report for report in released if not report["student_id"] or report["student_id"] in named], where, named
        ),
        chosen=chosen,
        name_of=name_of,
        about=ABOUT,
        typed=filled,
        placers={commissioner["commissioner_id"]: commissioner["name"] for commissioner in where["commissioners"]},
        form=new_id,
        said=refusal,
        done=done,
    )


@router.get("/reports/make", gate=Gate("make-reports"))
def make_page(
    request: Request,
    using: Current,
    asking: Asking,
    layout: Asked = "",
    student: Asked = "",
    commissioner: Asked = "",
    setting: Asked = "",
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
    known: Asked = "",
    preset: Asked = "",
    form: Asked = "",
    about: Asked = "",
) -> Response:
    """A report, looked at before it leaves; or its PDF or pack."""
    typed = {
        "layout": layout,
        "about": about,
        "student": student,
        "commissioner": commissioner,
        "from": first,
        "to": last,
        "known": known,
        "preset": preset,
    }
    chosen = {
        "student": student if about in ("", "student") else "",
        "commissioner": commissioner if about in ("", "commissioner") else "",
    }
    try:
        if about in ABOUT and about != "setting" and not chosen[about]:
            raise Refused("malformed", ABOUT[about][1], about)
        order = _order(
            using,
            asking,
            {
                "layout": layout,
                **chosen,
                "setting": setting,
                "from": first,
                "to": last,
                "known": known,
                "preset": preset,
            },
        )
        report = _made(using, asking, order)
    except (NotAllowed, Unknown):
        raise
    except LedgerError as error:
        return _reports(request, using, asking, setting, student, refusal=str(error), status=400, typed=typed)
    using.ledger.record_read("report", asking.person, order.setting_id, order.student_id)
    if form in FORMS:
        return _file(report, form, order)
    asked = _asked(order)
    return show(
        request,
        "report.html",
        report=report,
        order=order,
        links=True,
        known=order.known_at.isoformat() if order.known_at else "",
        asked=asked,
        query=urlencode(asked),
        form=new_id(),
        released=None,
        may_release=may_release(order.layout.audience, order.about),
        stale=False,
        chosen=_in_words(order, report),
    )


def name_of(layout: str) -> str:
    """What a layout is called where one is chosen."""
    return LAYOUT_NAMES.get(layout) or layout.replace("-", " ").capitalize()


def _in_words(order: Order, report: Report) -> str:
    """What was chosen and is shown here, so that a slip is seen before anything leaves."""
    whom = {
        "student": "one student",
        "commissioner": "all students of one commissioner",
        "setting": "everybody in the setting",
    }[order.about]
    hidden = f"; {report.preset.says}" if report.preset.threshold else ""
    return f"{name_of(order.layout.id)} about {whom}{hidden}."


def _order(using: Service, asking: Asker, asked: Mapping[str, str]) -> Order:
    """What a page or a form asked for. Raises SetupError or Refused with a sentence, NotAllowed, Unknown."""
    student = _id(asked["student"]) if asked["student"] else None
    if student is not None:
        _, where = using.reader.student_and_setting(student)
        if not asking.may("make-reports", student):
            raise NotAllowed
    else:
        where, _ = setting_for(using.reader, asking, asked["setting"], "make-reports")
    first, last = (_date(asked[name]) for name in ("from", "to"))
    zone = ZoneInfo(where["time_zone"])
    known = _known(asked["known"], zone) or using.ledger.now()
    return Order(
        read_layout(asked["layout"] if asked["layout"] in SHIPPED else SHIPPED[0]),
        UUID(where["id"]),
        first,
        last,
        student,
        _id(asked["commissioner"]) if asked["commissioner"] else None,
        known,
        asked["preset"] or None,
    )


def _asked(order: Order) -> dict[str, str]:
    """The same as `_order` reads, so that a report can be asked for again."""
    whose = {
        "student": str(order.student_id or ""),
        "commissioner": str(order.commissioner_id or ""),
        "setting": str(order.setting_id),
    }
    return {
        "layout": order.layout.id,
        **whose,
        "from": order.first.isoformat(),
        "to": order.last.isoformat(),
        "known": order.known_at.isoformat() if order.known_at else "",
        "preset": order.preset or "",
    }


def _made(using: Service, asking: Asker, order: Order) -> Report:
    """The report as whoever it is for would see it; words of a leaders' report as this leader may read them."""
    setting = using.reader.one("settings", str(order.setting_id))
    if setting is None:
        raise Unknown
    among = asking.among(using.reader.everyone(setting), "make-reports")
    if order.layout.audience == "commissioner" and order.student_id is None:
        # A pack without one of its students would be wrong, and its readers would see more than whoever made it.
        inside = students_of(using.reader, setting, order.commissioner_id, order.first, order.last, order.known_at)
        if {student["id"] for student in inside} - {student["id"] for student in among}:
            raise Refused(
                "not-allowed",
                "You are kept from one of the students in this pack, so somebody else has to make it.",
                "commissioner",
            )
    today = using.ledger.now().astimezone(ZoneInfo(setting["time_zone"])).date()

    leaves = words_that_leave(order.layout)

    def opens(student: UUID, kept: str, written: datetime) -> bool:
        return leaves(student, kept, written) and asking.opens(asking.about(student), kept, written)

    return make_report(using.reader, order, opens, today, among)


@router.post("/reports", gate=Gate("make-reports"))
async def settle_report(request: Request, using: Using, asking: Asking) -> Response:
    """Releases a report to its readers, or withdraws it."""
    form = await read_form(request)
    asked = {
        name: text_of(form, name)
        for name in (
            "do",
            "layout",
            "student",
            "commissioner",
            "setting",
            "from",
            "to",
            "known",
            "preset",
            "report",
            "hash",
        )
    }

    def settle() -> str:
        setting = _setting_of(using, asking, asked)
        if asked["do"] == "withdraw":
            using.ledger.execute(
                WithdrawReport(
                    id=id_of(form, "form"),
                    setting_id=setting,
                    author_id=asking.person,
                    report=_id(asked["report"]),
                    reason_code="withdrawn",
                )
            )
            return "withdrawn"
        order = _order(using, asking, asked)
        report = _made(using, asking, order)
        if figures_hash(report) != asked["hash"]:
            raise Refused(
                "not-allowed",
                "What this report says has changed since you looked at it. Look at it again before you release it.",
                "hash",
            )
        command = id_of(form, "form")
        using.ledger.execute(
            ReleaseReport(
                id=command,
                setting_id=setting,
                author_id=asking.person,
                report=command,
                student=order.student_id,
                layout=order.layout.model_dump(mode="json"),
                audience=order.layout.audience,
                commissioner_id=order.commissioner_id,
                first=order.first,
                last=order.last,
                known_at=order.known_at or using.ledger.now(),
                preset=report.preset.name,
                figures_hash=asked["hash"],
                software=__version__,
            )
        )
        return "released"

    try:
        done = await run_in_threadpool(settle)
    except (NotAllowed, Unknown):
        raise
    except LedgerError as error:
        return await run_in_threadpool(
            _reports, request, using, asking, asked["setting"], asked["student"], str(error), "", 400
        )
    position = using.ledger.recorder.read_head().position
    return RedirectResponse(
        f"/reports?{urlencode({'setting': asked['setting'], 'done': done, 'min_position': position})}", 303
    )


def _setting_of(using: Service, asking: Asker, asked: Mapping[str, str]) -> UUID:
    if asked["do"] != "withdraw":
        return _order(using, asking, asked).setting_id
    report = using.reader.one("reports", asked["report"])
    if report is None:
        raise Unknown
    if not asking.may("make-reports", report["student_id"] or None, report["setting_id"]):
        raise NotAllowed
    return UUID(report["setting_id"])


# What was released ----------------------------------------------------------------------------------------------------


@router.get("/reports/{report_id}", gate=Gate("read-report"))
def released_page(request: Request, report_id: UUID, using: Current, asking: Asking) -> HTMLResponse:
    """A report as it was released, made again from what was known then."""
    released, order, report = _released(using, asking, report_id)
    links = bool(released["student_id"]) and asking.may("read-history", released["student_id"], released["setting_id"])
    if released["audience"] == "commissioner":
        links = asking.may("read-history", setting=released["setting_id"]) or asking.may("read-history")
    return show(
        request,
        "report.html",
        report=report,
        order=order,
        links=links,
        known=released["known_at"],
        asked={},
        query="",
        form=None,
        released=released,
        chosen="",
        may_release=False,
        stale=figures_hash(report) != released["figures_hash"],
    )


@router.get("/reports/{report_id}/{form}", gate=Gate("read-report"))
def released_file(report_id: UUID, form: str, using: Current, asking: Asking) -> Response:
    """Its PDF, or its pack."""
    if form not in FORMS:
        raise Unknown
    _, order, report = _released(using, asking, report_id)
    return _file(report, form, order)


def _released(using: Service, asking: Asker, report_id: UUID) -> tuple[ReportBody, Order, Report]:
    released = using.reader.one("reports", str(report_id))
    if released is None:
        raise Unknown
    if not may_read_report(asking.who, released_of(asking, released)):
        raise NotAllowed
    # What was released of a record before it was joined to another one is made again of that record.
    named = released.get("recorded_as", released["student_id"])
    student = UUID(named) if named else None
    using.ledger.record_read("report", asking.person, UUID(released["setting_id"]), student)
    # Whose words may be in it is decided by who reads it, and never by what the layout says of itself.
    try:
        layout = layout_from(released["layout"]).model_copy(update={"audience": released["audience"]})
    except SetupError:
        message = "This report was released with a layout that cannot be read. Ask whoever released it to do so again."
        raise Refused("malformed", message, "layout") from None
    order = Order(
        layout,
        UUID(released["setting_id"]),
        date.fromisoformat(released["first"]),
        date.fromisoformat(released["last"]),
        student,
        UUID(released["commissioner_id"]) if released["commissioner_id"] else None,
        datetime.fromisoformat(released["known_at"]),
        released["preset"],
    )
    setting = using.reader.one("settings", released["setting_id"])
    assert setting is not None
    inside = (
        {order.student_id}
        if order.student_id
        else {
            UUID(member["id"])
            for member in students_of(
                using.reader, setting, order.commissioner_id, order.first, order.last, order.known_at
            )
        }
    )
    if kept_from(asking.who, inside):
        # Somebody who is kept from one of these children does not read about them among others either.
        raise NotAllowed
    # A commissioner's pack is made again with everybody who was in it, whoever has left since.
    report = make_report(
        using.reader, order, words_that_leave(order.layout), datetime.fromisoformat(released["known_at"]).date()
    )
    return released, order, report


def _file(report: Report, form: str, order: Order) -> Response:
    content = as_pdf(report) if form == "pdf" else pack(report)
    name = f"{order.layout.id}-{order.first}-to-{order.last}.{form}"
    return Response(content, media_type=FORMS[form], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unknown from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("malformed", "Give the first and the last day of the period.", "from") from None


def _known(text: str, zone: ZoneInfo) -> datetime | None:
    if len(text) <= 10:
        return end_of_day(text, zone)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None

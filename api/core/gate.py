"""The gate before every route: what it is that a route does, so that the access table can say who may.

A route that is not in `GATES` stops the service from starting, and so every test. Whether somebody may is decided by
`ap_ledger.access.may`, here for the student or setting in the address, and item by item inside a page that lists
several.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from ap_ledger.events.reading import Looked
from api.core.asking import CLEAR, Asker, find_asker
from api.core.problems import NOT_ALLOWED, answer_problem
from api.core.show import end_of_day

SHUT_OUT = (
    "This device was shut out. What it still holds is taken, once; "
    "nothing is shown on it. Ask a leader to enrol it again."
)
FACTOR_FIRST = "A password alone opens nothing here. Sign in on a page and set up a second factor, under My account."
OPEN = "open"
"""Answers a stranger: sign-in, health and static files, and nothing else."""


class Gate(NamedTuple):
    """What a route does.

    `reads` is what is recorded as looked at. `handed_over` may be used while a tablet is handed over.

    With `by_device` an enrolled device is asked for its own credential alone: whoever is signed in on it, or no longer
    is, what lies in its outbox is sent. `device` routes answer a device as itself, with nobody signed in on it.
    `before_factor` ones are there for setting up a second factor, where nobody gets further without one.
    """

    action: str
    reads: Looked | None = None
    handed_over: bool = False
    by_device: bool = False
    device: bool = False
    before_factor: bool = False


GATES: Mapping[str, Gate] = {
    # Strangers.
    "GET /sign-in": Gate(OPEN), "POST /sign-in": Gate(OPEN),
    "GET /welcome": Gate(OPEN), "POST /welcome": Gate(OPEN),
    "GET /enrol": Gate(OPEN), "POST /enrol": Gate(OPEN), "POST /api/v1/devices/enrol": Gate(OPEN),
    "GET /switch": Gate(OPEN), "POST /switch": Gate(OPEN),
    "GET /health/live": Gate(OPEN), "GET /health/ready": Gate(OPEN),
    "GET /static/{version}/{name:path}": Gate(OPEN, handed_over=True),
    # The app that works with no signal. Its pages hold nothing about anybody; what they show comes from routes below.
    "GET /visit": Gate(OPEN), "GET /sessions": Gate(OPEN), "GET /steps": Gate(OPEN), "GET /day": Gate(OPEN),
    "GET /offline": Gate(OPEN),
    "GET /sw.js": Gate(OPEN, handed_over=True), "GET /manifest.webmanifest": Gate(OPEN, handed_over=True),
    # One's own account.
    "POST /sign-out": Gate("see-own-account", before_factor=True),
    "GET /me/factor": Gate("see-own-account", before_factor=True),
    "POST /me/factor": Gate("see-own-account", before_factor=True),
    "GET /me": Gate("see-own-account"), "POST /me": Gate("see-own-account"),
    "GET /take-back": Gate("see-own-account", handed_over=True),
    "POST /take-back": Gate("see-own-account", handed_over=True),
    # The service itself.
    "GET /metrics": Gate("watch-service"),
    "GET /api/v1/position": Gate("see-frameworks", device=True),
    "GET /api/v1/openapi.json": Gate("see-frameworks", device=True),
    # Recording.
    "POST /api/v1/entries": Gate("record", by_device=True, device=True),
    "POST /api/v1/commands": Gate("see-frameworks"),
    "GET /api/v1/held": Gate("record", reads="held"), "POST /api/v1/held/{held_id}/retry": Gate("record"),
    "POST /api/v1/held/{held_id}/dismiss": Gate("record"),
    "GET /api/v1/capture": Gate("record"), "GET /api/v1/settings/{setting_id}/day": Gate("read-group"),
    "GET /day.csv": Gate("read-group", reads="register"),
    "GET /api/v1/settings/{setting_id}/missing": Gate("read-group"),
    "GET /api/v1/settings/{setting_id}/steps/{curriculum_id}/{version}": Gate("read-group"),
    "GET /log": Gate("record"), "POST /log": Gate("record"),
    "GET /held": Gate("see-own-account", reads="held"), "POST /held": Gate("see-own-account"),
    "POST /held/{held_id}": Gate("see-own-account"),
    "GET /students/{student_id}/entries/{entry}": Gate("read-history", reads="history"),
    "POST /students/{student_id}/entries/{entry}": Gate("record"),
    # What there is.
    "GET /": Gate("see-own-account"),
    "GET /api/v1/settings": Gate("see-setting", device=True), "GET /api/v1/people": Gate("see-people"),
    "GET /api/v1/students": Gate("see-student"),
    "GET /api/v1/placements": Gate("see-student"), "GET /api/v1/frameworks": Gate("see-frameworks", device=True),
    "GET /api/v1/frameworks/{framework_id}/{version}": Gate("see-frameworks", device=True),
    "GET /api/v1/students/{student_id}": Gate("see-student"),
    "GET /api/v1/settings/{setting_id}/timetable": Gate("see-setting", device=True),
    "GET /api/v1/settings/{setting_id}/sheet": Gate("read-group"),
    # Students.
    "GET /students/{student_id}": Gate("read-history", reads="history"),
    "GET /students/{student_id}/frames": Gate("read-history", reads="history"),
    "GET /students/{student_id}/story": Gate("read-history", reads="history"),
    "GET /students/{student_id}/since": Gate("read-history", reads="history"),
    "GET /students/{student_id}/entries": Gate("read-history", reads="history"),
    "GET /students/{student_id}/compare": Gate("read-history", reads="history"),
    "GET /api/v1/students/{student_id}/history": Gate("read-history", reads="history"),
    "GET /students/{student_id}/learning": Gate("read-learning", reads="learning"),
    "GET /api/v1/students/{student_id}/learning/{curriculum_id}/{version}": Gate("read-learning", reads="learning"),
    "GET /api/v1/students/{student_id}/register": Gate("read-history", reads="register"),
    "GET /students/{student_id}/questionnaires": Gate("read-questionnaires", reads="questionnaires"),
    "GET /api/v1/students/{student_id}/questionnaires": Gate("read-questionnaires", reads="questionnaires"),
    "GET /students/{student_id}/questionnaires/{framework_id}/{version}": Gate("record", handed_over=True),
    "POST /students/{student_id}/questionnaires/{framework_id}/{version}": Gate("record", handed_over=True),
    "GET /students/{student_id}/questionnaires/thanks": Gate("record", handed_over=True),
    # Groups.
    "GET /learning": Gate("read-group"), "GET /contact": Gate("read-group"), "GET /due": Gate("read-questionnaires"),
    "GET /api/v1/settings/{setting_id}/learning/{curriculum_id}/{version}": Gate("read-group"),
    # Frameworks.
    "GET /frameworks": Gate("see-frameworks"), "GET /frameworks/template/{kind}.csv": Gate("see-frameworks"),
    "GET /frameworks/new": Gate("publish-framework"), "POST /frameworks/new": Gate("publish-framework"),
    "GET /frameworks/{framework_id}/{version}": Gate("see-frameworks"),
    "GET /frameworks/{framework_id}/{version}/{form}": Gate("see-frameworks"),
    "POST /frameworks/{framework_id}/{version}/retire": Gate("publish-framework"),
    # Reports. Which of those that were released somebody may read is decided for each, and every look is recorded.
    "GET /reports": Gate("make-reports"), "POST /reports": Gate("make-reports"),
    "GET /reports/make": Gate("make-reports"),
    "GET /reports/{report_id}": Gate("read-report"), "GET /reports/{report_id}/{form}": Gate("read-report"),
    "GET /clocks": Gate("see-clocks"), "POST /clocks": Gate("see-clocks"),
    "GET /api/v1/settings/{setting_id}/due": Gate("see-clocks"),
    # People and devices.
    "GET /people": Gate("see-people"), "POST /people": Gate("see-people"),
    "GET /devices": Gate("manage-devices"), "POST /devices": Gate("manage-devices"),
    # Worries.
    "GET /worries": Gate("read-safeguarding-words"),
    # Erasure, two people, and who did what.
    "GET /proposals": Gate("see-own-account"), "POST /proposals/{proposal_id}": Gate("see-own-account"),
    "GET /students/{student_id}/erasure": Gate("manage-students", reads="erasure"),
    "POST /students/{student_id}/erasure": Gate("manage-students"),
    "GET /students/{student_id}/one-child": Gate("manage-students", reads="history"),
    "POST /students/{student_id}/one-child": Gate("manage-students"),
    "GET /retention": Gate("see-audit"), "POST /retention": Gate("set-retention"),
    "GET /audit": Gate("see-audit"), "GET /audit.csv": Gate("see-audit", reads="audit"),
}  # fmt: skip


class GatedRoute(APIRoute):
    """A route that lets nobody in whom the gate does not."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind the gate. Nothing of the request's body is read before."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            key = f"{request.method if request.method != 'HEAD' else 'GET'} {self.path}"
            gate = GATES[key]
            # What needs no database is answered here: a thread of its own would cost a program more than the question.
            quick = gate.reads is None and request.app.state.service.ledger.accounts.remembers(
                request.headers.get("authorization", "")
            )
            refusal = _let_in(request, gate) if quick else await run_in_threadpool(_let_in, request, gate)
            return refusal if refusal is not None else await inner(request)

        return handler


def gated(**given: Any) -> APIRouter:
    """A router whose every route stands behind the gate."""
    return APIRouter(route_class=GatedRoute, **given)


def every_route(app: FastAPI) -> Iterator[Any]:
    """Every route of a service, those of its routers included."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        yield from inner.routes if inner is not None else (route,)


def check_gates(app: FastAPI) -> None:
    """Stops a service that has a route without a rule, or a rule without a route."""
    keys: set[str] = set()
    for route in every_route(app):
        if not isinstance(route, GatedRoute):
            raise RuntimeError(
                f"{getattr(route, 'path', route)} is not behind the gate. Make its router with api.core.gate.gated()."
            )
        keys |= {f"{method} {route.path}" for method in route.methods or ()}
    for key in sorted(keys ^ set(GATES)):
        raise RuntimeError(
            f"{key} has {'no rule in api/core/gate.py' if key in keys else 'a rule in api/core/gate.py and no route'}."
        )


def _let_in(request: Request, gate: Gate) -> Response | None:
    """Finds out who asks and whether they may. None lets them in; anything else is the answer."""
    ledger = request.app.state.service.ledger
    asking = request.state.asking = find_asker(request, ledger, gate.by_device)
    if asking.wiped:
        # A device that was shut out has delivered what it held; nothing is left for it here, nor there.
        return answer_problem(
            request,
            401,
            "Signed out",
            "This device was shut out. Ask a leader to enrol it again.",
            {"Clear-Site-Data": CLEAR},
            code="shut-out",
        )
    if asking.session is not None and asking.session.handed_over is not None:
        page = asking.session.handed_over
        if not gate.handed_over or (
            gate.action == "record" and request.url.path not in (page, f"{page.rsplit('/', 2)[0]}/thanks")
        ):
            return RedirectResponse("/take-back", 303)
    if gate.action == OPEN:
        return None
    if asking.shut_out:
        return answer_problem(request, 401, "Signed out", SHUT_OUT)
    if not asking.known:
        return _stranger(request)
    if asking.by_cookie and request.method == "POST" and not ({"origin", "sec-fetch-site"} & set(request.headers)):
        # A browser always says where a request comes from; what does not may only come with a token of its own.
        return answer_problem(
            request,
            403,
            "Cross-origin request",
            "This request does not say which page it came from and was not carried out.",
        )
    if asking.who.person_id is None and not gate.device:
        # A device is nobody: it delivers what people logged on it, and everything else is done by somebody.
        return (
            answer_problem(request, 403, "Not allowed", NOT_ALLOWED, code="not-allowed")
            if _is_program(request)
            else _stranger(request)
        )
    if request.app.state.second_factor and asking.password_only and not gate.before_factor:
        return _factor_first(request)
    if not _may(request, asking, gate):
        return answer_problem(request, 403, "Not allowed", NOT_ALLOWED, code="not-allowed")
    if (kept := _kept_page(request, asking)) is not None:
        return kept
    if gate.reads is not None and asking.who.person_id is not None:
        _record_read(request, asking, gate.action, gate.reads)
    return None


def _kept_page(request: Request, asking: Asker) -> Response | None:
    """Where a page of a record is that was joined to another one: under the id of the one that is kept."""
    student = request.path_params.get("student_id")
    try:
        named = None if student is None else UUID(student)
    except ValueError:
        return None
    kept = None if named is None else asking.ledger.world.kept(named)
    if student is None or named is None or kept == named:
        return None
    known = _known(request, asking, named)
    if known is not None and asking.ledger.world.kept(named, asking.ledger.position_at(known)) == named:
        # As it was known at that time they were two, so each is shown by itself.
        return None
    path = request.url.path.replace(student, str(kept), 1)
    return RedirectResponse(str(request.url.replace(scheme="", netloc="", path=path)), 308)


def _known(request: Request, asking: Asker, student: UUID) -> datetime | None:
    """What is asked for as it was known at a time: a moment, or the end of a day where the student is."""
    try:
        moment = datetime.fromisoformat(request.query_params.get("known_at", ""))
        return moment if moment.tzinfo else None
    except ValueError:
        zone = asking.ledger.standing.zone_of(student)
        return end_of_day(request.query_params.get("known", ""), ZoneInfo(zone))


def _record_read(request: Request, asking: Asker, action: str, what: Looked) -> None:
    student = request.path_params.get("student_id")
    try:
        about = asking.about(student) if student is not None else None
    except ValueError:
        # No id at all, so there is nothing to look at.
        return
    if about is not None and about.setting_id is None:
        return
    setting = about.setting_id if about else next(iter(sorted(asking.where(action))), None)
    asking.ledger.record_read(what, asking.person, setting, about.student_id if about else None)


def _may(request: Request, asking: Asker, gate: Gate) -> bool:
    student, setting = request.path_params.get("student_id"), request.path_params.get("setting_id")
    try:
        if student is not None:
            return asking.may(gate.action, UUID(student)) or (
                asking.ledger.world.student(UUID(student)) is None and asking.may(gate.action)
            )
        if setting is not None:
            # Somebody who may see some students of a setting may ask; what comes back is filtered.
            return UUID(setting) in asking.where(gate.action) or (
                not asking.knows_setting(setting) and asking.may(gate.action)
            )
    except ValueError:
        # No id at all: the route itself says so.
        return asking.may(gate.action)
    return asking.may(gate.action)


def _is_program(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/metrics"))


def _factor_first(request: Request) -> Response:
    if _is_program(request):
        return answer_problem(request, 403, "Second factor first", FACTOR_FIRST, code="second-factor")
    return RedirectResponse("/me/factor", 303)


def _stranger(request: Request) -> Response:
    if _is_program(request):
        return answer_problem(
            request,
            401,
            "Sign in",
            "Send a token: Authorization: Bearer TOKEN. Make one with: ap-ledger token make",
            {"WWW-Authenticate": "Bearer"},
        )
    said = "1" if "from" in request.query_params else ""
    return RedirectResponse(f"/sign-in?next={quote(request.url.path)}" + ("&lost=1" if said else ""), 303)

"""The gate before every route: what it is that a route does, so that the access table can say who may.

A route is declared with its gate, beside the function that answers; without one the service does not start, and so no
test. Whether somebody may is decided by `ap_ledger.access.may`, here for the student or setting in the address, and
item by item inside a page that lists several.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, TypeVar
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from ap_ledger.access import ACTIONS
from ap_ledger.events.reading import Looked
from api.core.asking import CLEAR, Asker, find_asker
from api.core.navigation import Link, Nav
from api.core.problems import NOT_ALLOWED, answer_problem
from api.core.show import end_of_day

SHUT_OUT = (
    "This device was shut out. What it still holds is taken, once; "
    "nothing is shown on it. Ask a leader to enrol it again."
)
FACTOR_FIRST = "A password alone opens nothing here. Sign in on a page and set up a second factor, under My account."
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
OPEN = "open"
"""Answers a stranger: sign-in, health and static files, and nothing else."""


class Gate(NamedTuple):
    """What a route does.

    `reads` is what is recorded as looked at. `handed_over` may be used while a tablet is handed over.

    With `by_device` an enrolled device is asked for its own credential alone: whoever is signed in on it, or no longer
    is, what lies in its outbox is sent. `device` routes answer a device as itself, with nobody signed in on it.
    `before_factor` ones are there for setting up a second factor, where nobody gets further without one. What a page
    asks `by_itself` is no sign of anybody, and keeps no session alive.
    """

    action: str
    reads: Looked | None = None
    handed_over: bool = False
    by_device: bool = False
    device: bool = False
    before_factor: bool = False
    by_itself: bool = False


class GatedRoute(APIRoute):
    """A route that lets nobody in whom the gate does not."""

    gate: ClassVar[Gate | None] = None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind the gate. Nothing of the request's body is read before."""
        inner, gate = super().get_route_handler(), self.gate

        async def handler(request: Request) -> Response:
            assert gate is not None, "check_gates lets no service start that has such a route"
            # What needs no database is answered here: a thread of its own would cost a program more than the question.
            quick = gate.reads is None and request.app.state.service.accounts.remembers(
                request.headers.get("authorization", "")
            )
            refusal = _let_in(request, gate) if quick else await run_in_threadpool(_let_in, request, gate)
            return refusal if refusal is not None else await inner(request)

        return handler


class GatedRouter(APIRouter):
    """A router whose every route is declared with its gate and, where it is a page that others lead to, its place in
    the navigation."""

    def __init__(self, **given: Any) -> None:
        super().__init__(route_class=GatedRoute, **given)
        self.links: list[Link] = []

    def get(  # type: ignore[override]  # a route without a gate is none
        self, path: str, *, gate: Gate, nav: Nav | tuple[Nav, ...] = (), **given: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """Declares what is shown at an address, the action that it is, and where pages lead to it."""
        own = () if gate.action == OPEN else (gate.action,)
        places = (nav,) if isinstance(nav, Nav) else nav
        self.links += [Link(self.prefix + path, place, place.actions or own) for place in places]
        return self._declare(path, "GET", gate, given)

    def post(  # type: ignore[override]  # a route without a gate is none
        self, path: str, *, gate: Gate, **given: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """Declares what takes what is sent to an address, and the action that it is."""
        return self._declare(path, "POST", gate, given)

    def _declare(self, path: str, method: str, gate: Gate, given: dict[str, Any]) -> Callable[[Endpoint], Endpoint]:
        # The class carries the gate, because it is what FastAPI keeps of a route wherever it puts its router.
        kind = type("GatedRoute", (GatedRoute,), {"gate": gate})

        def declared(endpoint: Endpoint) -> Endpoint:
            self.add_api_route(path, endpoint, methods=[method], route_class_override=kind, **given)
            return endpoint

        return declared

    @property
    def gates(self) -> dict[str, Gate]:
        """The gate of each of its routes, by method and address."""
        return {
            f"{method} {route.path}": route.gate
            for route in self.routes
            if isinstance(route, GatedRoute) and route.gate is not None
            for method in route.methods or ()
        }


def gated(**given: Any) -> GatedRouter:
    """A router whose every route stands behind the gate."""
    return GatedRouter(**given)


def every_route(app: FastAPI) -> Iterator[Any]:
    """Every route of a service, those of its routers included."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        yield from inner.routes if inner is not None else (route,)


def check_gates(app: FastAPI) -> None:
    """Stops a service that has a route without an action, or with one that the access table does not know."""
    for route in every_route(app):
        gate = route.gate if isinstance(route, GatedRoute) else None
        if gate is None:
            raise RuntimeError(
                f"{getattr(route, 'path', route)} is not behind the gate. Declare it with a router from "
                "api.core.gate.gated(), and say which action it is: gate=Gate(ACTION)."
            )
        if gate.action not in (OPEN, *ACTIONS):
            raise RuntimeError(f"{route.path} is '{gate.action}', which is no action of the access table.")


def _let_in(request: Request, gate: Gate) -> Response | None:
    """Finds out who asks and whether they may. None lets them in; anything else is the answer."""
    service = request.app.state.service
    asker = find_asker(request, service, gate.by_device, gate.by_itself)
    asking = request.state.asking = replace(asker, navigation=request.app.state.navigation)
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
    kept = None if named is None else asking.ledger.states.kept(named)
    if student is None or named is None or kept == named:
        return None
    known = _known(request, asking, named)
    if known is not None and asking.ledger.states.kept(named, asking.ledger.position_at(known)) == named:
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
        zone = asking.ledger.access_facts.zone_of(student)
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
                asking.ledger.states.student(UUID(student)) is None and asking.may(gate.action)
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
    lost = "1" if "from" in request.query_params else ""
    return RedirectResponse(f"/sign-in?next={quote(request.url.path)}" + ("&lost=1" if lost else ""), 303)

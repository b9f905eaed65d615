"""The application, put together in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from ap_ledger import __version__
from ap_ledger.bootstrap import Service
from api.capture import routes as capture
from api.capture import shell_pages
from api.core import static_files
from api.core.gate import Gate, GatedRouter, check_gates
from api.core.guards import Guards
from api.core.navigation import in_order
from api.core.problems import Problem, add_problem_handlers, problems
from api.entries import entry_pages, held_pages, incident_pages, online_pages
from api.entries import routes as entries
from api.frameworks import framework_pages
from api.home import home_pages, search_pages
from api.keeping import audit_pages, erasure_pages, health, proposal_pages, retention_pages
from api.learning import instrument_pages, learning_pages
from api.learning import routes as learning
from api.notices import choice_pages, mail_pages, notice_pages
from api.people import conflict_pages, device_pages, people_pages, sign_in_pages
from api.reports import report_pages
from api.safeguarding import case_pages, file_pages, list_pages, worry_pages
from api.setting import (
    calendar_pages,
    clock_pages,
    due,
    ladder_pages,
    look_pages,
    roster_pages,
    set_up_pages,
    setting_pages,
    timetable_pages,
    withdraw_pages,
)
from api.students import (
    about_pages,
    admitting_pages,
    collections,
    contact_pages,
    diary_pages,
    history_pages,
    joining_pages,
    pages,
    several_pages,
    withdrawing_pages,
    year_end_pages,
)
from api.students import routes as students
from api.visits import address_pages, feed, week_pages
from frameworks.language.load import SIZE_LIMIT

MODULES = (
    entries, entry_pages, online_pages, held_pages, capture, collections, students, learning, health, pages,
    admitting_pages, shell_pages, learning_pages, instrument_pages, framework_pages, static_files,
    sign_in_pages, people_pages, device_pages, worry_pages, erasure_pages, proposal_pages, retention_pages, audit_pages,
    joining_pages, diary_pages, history_pages, report_pages, clock_pages, due,
    setting_pages, timetable_pages, calendar_pages, set_up_pages, about_pages, contact_pages, home_pages, roster_pages,
    search_pages, ladder_pages, look_pages, several_pages, year_end_pages, withdraw_pages, conflict_pages,
    withdrawing_pages, week_pages, address_pages, feed, notice_pages, choice_pages, mail_pages,
    list_pages, case_pages, file_pages, incident_pages,
)  # fmt: skip
ROUTERS: tuple[GatedRouter, ...] = (*(module.router for module in MODULES), capture.pages)
GATES: Mapping[str, Gate] = {key: gate for router in ROUTERS for key, gate in router.gates.items()}
"""What every route is, by its method and address, as it is declared beside its function."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def create_app(
    service: Service,
    *,
    run_projections: bool = True,
    allowed_hosts: Iterable[str] = LOOPBACK,
    public_url: str | None = None,
    second_factor: bool = False,
    jobs: Sequence[Any] = (),
) -> FastAPI:
    """The application over a service. With `run_projections` it keeps the read models up to date itself.

    `public_url` is the https address under which people reach it. With `second_factor` nobody gets further than setting
    one up until they have. `jobs` are what runs on a clock, to be shown. Raises RuntimeError for a route that no access
    rule covers.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.runner.make_missing()
        if run_projections:
            service.ledger.recorder.writer.on_commit(service.runner.hint)
            service.runner.start()
        yield
        service.runner.stop()

    app = FastAPI(
        title="AP Ledger",
        version=__version__,
        summary="Session logging for Alternative Provision: every small step an immutable event.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.service = service
    app.state.second_factor = second_factor
    app.state.jobs = jobs
    app.state.public_url = (public_url or "").rstrip("/")
    app.state.navigation = in_order(link for router in ROUTERS for link in router.links)
    for router in ROUTERS:
        app.include_router(router)
    check_gates(app)
    add_problem_handlers(app)
    hosts = {*allowed_hosts, *([urlsplit(public_url).hostname or ""] if public_url else [])}
    # Whatever a route reads, nobody makes this process hold more than this of one request.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=SIZE_LIMIT + 64 * 1024)
    app.add_middleware(Guards, allowed_hosts=frozenset(hosts), public_url=public_url or "")
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the schemas of everything that can be posted."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        made["components"]["schemas"].update(entries.entry_schemas(), Problem=Problem.model_json_schema())
        # FastAPI describes answers of its own validation that this service never gives.
        for unused in ("HTTPValidationError", "ValidationError"):
            made["components"]["schemas"].pop(unused, None)
        for path in made["paths"].values():
            for operation in path.values():
                _declare_problems(operation)
        # Who sends what is said once: everything but enrolling and health takes a token.
        made["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "A token or a device's credential."}
        }
        app.openapi_schema = made
    return app.openapi_schema


OPEN_OPERATIONS = frozenset({"live", "ready", "enrolDevice"})


def _declare_problems(operation: dict[str, Any]) -> None:
    """Says of an operation which problems the gate and the server can answer with, besides its own."""
    answers = operation["responses"]
    if operation["operationId"] != "executeCommand":
        answers.pop("422", None)
    given = [400, 503]
    if operation["operationId"] not in OPEN_OPERATIONS:
        given += [401, 403, 404]
        operation["security"] = [{"token": []}]
    answers.update({str(status): answer for status, answer in problems(*given).items()})

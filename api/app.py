"""The application, put together in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ap_ledger import __version__
from api import collections, entries, framework_pages, health, instrument_pages, learning, learning_pages, pages, session_pages, static_files, students
from api.guards import Guards
from api.problems import add_problem_handlers
from api.service import Service

MODULES = (
    entries, collections, students, learning, health, pages, session_pages, learning_pages, instrument_pages, framework_pages, static_files,
)  # fmt: skip
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def create_app(service: Service, *, run_projections: bool = True, allowed_hosts: Iterable[str] = LOOPBACK) -> FastAPI:
    """The application over a service. With `run_projections` it keeps the read models up to date itself."""

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
        openapi_url="/api/v1/openapi.json",
    )
    app.state.service = service
    for module in MODULES:
        app.include_router(module.router)
    add_problem_handlers(app)
    app.add_middleware(Guards, allowed_hosts=frozenset(allowed_hosts))
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the schemas of everything that can be posted."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        made["components"]["schemas"].update(entries.entry_schemas())
        # FastAPI describes answers of its own validation that this service never gives.
        for unused in ("HTTPValidationError", "ValidationError"):
            made["components"]["schemas"].pop(unused, None)
        for path in made["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None) if operation["operationId"] != "executeCommand" else None
        app.openapi_schema = made
    return app.openapi_schema

"""Every error as an RFC 9457 problem, in words that say what to do. What was sent is never echoed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ap_ledger.domain.posting import TooLarge, Unparsable
from ap_ledger.errors import (
    Busy,
    CommandConflict,
    LedgerError,
    NotAllowedNow,
    Refused,
    SignInRefused,
    StoreFault,
    Unreadable,
)
from api.core.templating import frame, template
from projections.queries.reading import Unknown

log = structlog.get_logger()


class Problem(BaseModel):
    """An error (RFC 9457): a title, the HTTP status, and a detail that says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str | None = Field(None, description="One of the contract's codes, where a rule said no.")
    fields: list[str] | None = Field(None, description="The fields to mend.")


WHAT_IT_MEANS: Mapping[int, str] = {
    400: "What was sent cannot be read, or a field of it is missing or wrong.",
    401: "No token or credential was sent, or it no longer counts.",
    403: "Whoever asks may not do or see this.",
    404: "There is nothing with this id or at this address.",
    409: "The same id was sent before with other content. Nothing was stored.",
    413: "What was sent is larger than what is taken at once.",
    422: "A rule said no, and `detail` says what to do. Nothing was stored.",
    503: "Something that is needed cannot be used just now. Send it again after `Retry-After` seconds.",
}
"""What each status tells a program. Python's own words for them differ between its versions."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems that a route may answer with, besides those that the gate and the server can: its `responses`."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": WHAT_IT_MEANS[status], "content": content} for status in statuses}


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """A problem as a response."""
    body = Problem(title=title, status=status, detail=detail, **more).model_dump(exclude_none=True)
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def answer_problem(
    request: Request, status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """A problem as whoever asks reads it: a page for a browser that opened a page, else RFC 9457."""
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return problem(status, title, detail, headers, **more)
    page = template("problem.html").render(**frame(request), title=title, detail=detail)
    return HTMLResponse(page, status, headers=headers)


WORDS = {
    400: "This could not be read.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "That is too large.",
}


FAILED = "This did not work."
NOT_ALLOWED = "You may not do or see this here. If you need it for your work, ask a leader."


class NotAllowed(Exception):
    """The access table says no."""


def add_problem_handlers(app: FastAPI) -> None:
    """Turns the tree of errors into problems, once for all routes."""

    @app.exception_handler(Unparsable)
    async def unparsable(request: Request, error: Unparsable) -> Response:
        return answer_problem(request, 400, "Unreadable send", str(error))

    @app.exception_handler(TooLarge)
    async def too_large(request: Request, error: TooLarge) -> Response:
        return answer_problem(request, 413, "Too large", str(error))

    @app.exception_handler(Busy)
    async def busy(request: Request, error: Busy) -> Response:
        return answer_problem(request, 503, "Busy", str(error), {"Retry-After": str(error.retry_after)})

    @app.exception_handler(StoreFault)
    async def store_fault(request: Request, error: StoreFault) -> Response:
        log.error("a store cannot be used", kind=error.kind)
        return answer_problem(request, 503, "Out of order", str(error), {"Retry-After": str(error.retry_after)})

    @app.exception_handler(NotAllowedNow)
    async def not_now(request: Request, error: NotAllowedNow) -> Response:
        return answer_problem(request, 429, "Too many tries", str(error), {"Retry-After": "60"})

    @app.exception_handler(SignInRefused)
    async def not_signed_in(request: Request, error: SignInRefused) -> Response:
        return answer_problem(request, 403, "Not signed in", str(error))

    @app.exception_handler(NotAllowed)
    async def not_allowed(request: Request, _: NotAllowed) -> Response:
        return answer_problem(request, 403, "Not allowed", NOT_ALLOWED, code="not-allowed")

    @app.exception_handler(CommandConflict)
    async def conflict(request: Request, error: CommandConflict) -> Response:
        return answer_problem(request, 409, "Conflict", str(error))

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return answer_problem(
            request, 422, "Refused", error.message, code=error.code, fields=[error.field] if error.field else None
        )

    @app.exception_handler(Unknown)
    async def unknown(request: Request, error: Unknown) -> Response:
        return answer_problem(request, 404, "Not found", str(error) or "There is nothing with this id here.")

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        # FastAPI's own answer repeats the rejected input, which may be what a child said.
        fields = [".".join(str(part) for part in fault["loc"]) for fault in error.errors()]
        return answer_problem(
            request, 400, "Malformed request", "Some fields of this request are missing or wrong.", fields=fields
        )

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return answer_problem(
            request, error.status_code, WORDS.get(error.status_code, FAILED)[:-1], WORDS.get(error.status_code, FAILED)
        )

    @app.exception_handler(LedgerError)
    async def on_purpose(request: Request, error: LedgerError) -> Response:
        # Every error of the tree says in a sentence what to do, so none of them is an unexpected one.
        return answer_problem(request, 422, "Not possible", str(error))

    @app.exception_handler(Unreadable)
    async def unreadable(request: Request, error: Unreadable) -> Response:
        log.error("unreadable row", error=type(error).__name__)
        return answer_problem(request, 500, "Unreadable record", "A stored record cannot be read. Run: ap-ledger check")


def unexpected(error: Exception) -> Response:
    """The answer to an error that nobody foresaw.

    Its words stay out of the log, because they may be what a child said.
    """
    log.error("unexpected error", error=type(error).__name__, where=_where(error))
    return problem(
        500, "Unexpected error", "Something went wrong here. Nothing that was acknowledged is lost; try again."
    )


def _where(error: Exception) -> str:
    """The file and line where an error arose: never its words, which may hold personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""

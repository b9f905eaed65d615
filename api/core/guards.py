"""What stands before every route: whose requests are taken, which headers every answer carries, and what is
measured."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from api.core.languages import LANGUAGE_COOKIE, speak, wanted
from api.core.problems import problem, unexpected

Message = MutableMapping[str, Any]

REQUESTS = Histogram(
    "ap_ledger_request_seconds", "Seconds per request, by route template.", ["method", "route", "status"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5),
)  # fmt: skip
ENTRIES = Counter("ap_ledger_entries_total", "Entries answered, by status.", ["status"])

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src "
    "'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src "
    "'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
FIXED = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(), camera=(), microphone=()"),
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Guards:
    """One small ASGI layer, so that no route can forget any of it."""

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str], public_url: str = "") -> None:
        self._app = app
        self._hosts = allowed_hosts
        self._public = public_url.split("://", 1)[-1].rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        policy = POLICY.format(nonce=nonce).encode()
        speak(wanted(_cookie(headers.get("cookie", ""), LANGUAGE_COOKIE), headers.get("accept-language", "")))
        started, status, started_answer = time.perf_counter(), 500, False

        async def send_guarded(message: Message) -> None:
            nonlocal status, started_answer
            if message["type"] == "http.response.start":
                started_answer = True
                status = message["status"]
                had = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], (b"content-security-policy", policy), *FIXED]
                if b"cache-control" not in had:
                    # Everything but the static files may hold personal data and must not stay in a shared browser.
                    message["headers"].append((b"cache-control", b"no-store"))
                if _is_page(message["headers"]):
                    message["headers"].append((b"vary", b"Accept-Language, Cookie"))
                if self._public or scope.get("scheme") == "https":
                    message["headers"].append((b"strict-transport-security", b"max-age=31536000"))
            await send(message)

        refusal = self._refusal(scope["method"], headers)
        answer: Callable[[Scope, Receive, Send], Awaitable[None]] = refusal if refusal is not None else self._app
        try:
            await answer(scope, receive, send_guarded)
        except ClientDisconnect:
            # Whoever asked went away in the middle of asking: there is nobody to answer, and nothing went wrong here.
            status = 499
        except Exception as error:
            # Caught here and not further out, where the server would write the whole traceback to its log.
            apology = unexpected(error)
            if not started_answer:
                await apology(scope, receive, send_guarded)
        finally:
            route = scope.get("route")
            REQUESTS.labels(scope["method"], getattr(route, "path", "other"), str(status)).observe(
                time.perf_counter() - started
            )

    def _refusal(self, method: str, headers: dict[str, str]) -> Any:
        host = headers.get("host", "")
        if host.rsplit(":", 1)[0].strip("[]") not in self._hosts and host.strip("[]") not in self._hosts:
            # A page elsewhere can point a name of its own at this machine; only the names we know are served.
            return problem(421, "Unknown host", "This service does not answer under that name.")
        if method in SAFE:
            return None
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        # Behind a proxy the browser names the public address, whatever the proxy made of the host.
        same = (
            site in ("same-origin", "none")
            if site
            else origin is None or origin.split("://", 1)[-1] in (host, self._public or host)
        )
        return (
            None
            if same
            else problem(403, "Cross-origin request", "This request came from another site and was not carried out.")
        )


def _cookie(sent: str, name: str) -> str:
    """One cookie of those that were sent; an empty text where it was not."""
    pairs = (part.strip().partition("=") for part in sent.split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def _is_page(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether an answer is words in a language that was chosen for whoever asked."""
    return any(
        name == b"content-type" and value.startswith((b"text/html", b"text/javascript")) for name, value in headers
    )

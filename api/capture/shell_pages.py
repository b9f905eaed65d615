"""The pages of the app that work with no signal, its service worker and its manifest.

They hold nothing about anybody.
"""

from __future__ import annotations

import hashlib
from functools import cache

from fastapi import Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.core.assets import address, asset
from api.core.gate import OPEN, Gate, gated
from api.core.languages import ENGLISH, language
from api.core.navigation import Nav, in_order
from api.core.templating import templates_in

router = gated(include_in_schema=False, default_response_class=HTMLResponse)

SHELLS = {
    "/visit": "visit",
    "/sessions": "grid",
    "/steps": "steps",
    "/day": "day",
    "/sent": "sent",
    "/offline": "offline",
}
"""The address of every page that opens with no signal, and its script and template."""
SHARED = ("uuid7", "store", "hpke", "outbox", "frame", "leave", "keys", "bell")
SCRIPTS = tuple(f"app/{name}.js" for name in (*SHARED, *SHELLS.values()))
FILES = (
    *SCRIPTS,
    "app/ap.css",
    "app/capture.css",
    "app/print.css",
    "vendor/idb.js",
    "vendor/icons.svg",
    "vendor/atkinson-latin.woff2",
    "vendor/atkinson-latin-ext.woff2",
)
"""What the app needs besides its pages."""


@cache
def shell(page: str, code: str = ENGLISH) -> str:
    """One page of the app in a language. It is the same for everybody, which is why it may be kept on a device."""
    links = (link for link in router.links if link.nav.bar == "app")
    return templates_in(code).get_template(f"{SHELLS[page]}.html").render(here=page, asking=None, links=in_order(links))


@cache
def worker(code: str = ENGLISH) -> bytes:
    """The service worker, with everything it keeps filled in. Any change of any of it, or of the language, is another
    version."""
    files = [address(name, code) for name in FILES]
    version = hashlib.sha256("".join([*files, *(shell(page, code) for page in SHELLS)]).encode()).hexdigest()[:12]
    filled = (
        asset("app/worker.js" if code == ENGLISH else f"{code}/app/worker.js")
        .plain.decode()
        .replace("%VERSION%", version)
        .replace("%PAGES%", " ".join(SHELLS))
        .replace("%FILES%", " ".join(files))
    )
    return filled.encode()


def _page(page: str) -> HTMLResponse:
    return HTMLResponse(shell(page, language()))


@router.get(
    "/visit",
    gate=Gate(OPEN),
    nav=(
        Nav("Log a visit", "more", 15, ("record",), also="contact rung doorstep outreach", group="day"),
        Nav("Visit", "app", 1),
    ),
)
def visit_page() -> HTMLResponse:
    """Log a visit, on a phone."""
    return _page("/visit")


@router.get(
    "/sessions",
    gate=Gate(OPEN),
    nav=(
        Nav("Score a session", "more", 16, ("record",), also="grid outcomes attendance register", group="day"),
        Nav("Score", "app", 2),
    ),
)
def grid_page() -> HTMLResponse:
    """Score a slot, on a tablet or at a desk."""
    return _page("/sessions")


@router.get("/steps", gate=Gate(OPEN), nav=Nav("Learning", "app", 3))
def steps_page() -> HTMLResponse:
    """The next units of a student or a group, one tap up or down."""
    return _page("/steps")


@router.get(
    "/day", gate=Gate(OPEN), nav=(Nav("The day", "pages", 3, ("record",), icon="calendar"), Nav("Day", "app", 4))
)
def day_page() -> HTMLResponse:
    """Who is expected, came, left, and was followed up."""
    return _page("/day")


@router.get("/sent", gate=Gate(OPEN))
def sent_page() -> HTMLResponse:
    """What this device has sent, and when it was recorded."""
    return _page("/sent")


@router.get("/offline", gate=Gate(OPEN))
def offline_page() -> HTMLResponse:
    """What is shown instead of any other page when there is no signal."""
    return _page("/offline")


@router.get("/sw.js", gate=Gate(OPEN, handed_over=True))
def service_worker() -> Response:
    """The worker, always asked for anew, so that a new version is noticed."""
    return Response(
        worker(language()),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )


@router.get("/manifest.webmanifest", gate=Gate(OPEN, handed_over=True))
def manifest() -> JSONResponse:
    """What lets a phone keep the app among its others."""
    icons = [
        {
            "src": address(f"app/icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "any maskable",
        }
        for size in (192, 512)
    ]
    about = {
        "name": "AP Ledger",
        "short_name": "AP Ledger",
        "id": "/visit",
        "start_url": "/visit",
        "scope": "/",
        "display": "standalone",
    }
    return JSONResponse(
        {**about, "background_color": "#ffffff", "theme_color": "#12436d", "icons": icons},
        media_type="application/manifest+json",
    )

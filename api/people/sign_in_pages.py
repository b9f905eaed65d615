"""Signing in and out, one's own account, one-time links, PIN switching on a shared tablet, and taking a tablet back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.access import SCOPES
from ap_ledger.access.table import CALENDAR
from ap_ledger.bootstrap import Service
from ap_ledger.commands.ways_in import SETTING_UP, Answers
from ap_ledger.errors import NotAllowedNow, SignInRefused
from api.core.asking import BROWSER_COOKIE, Asker, Asking, drop_session, keep_browser, keep_language, keep_session
from api.core.gate import OPEN, Gate, gated
from api.core.languages import languages
from api.core.navigation import Nav
from api.core.problems import NotAllowed
from api.core.service import Using
from api.core.show import base_of, people_here, qr_code, read_form, show, text_of
from projections.queries.reading import Unknown

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
FORM = 64 * 1024


def inside(address: str) -> str:
    """An address of this service to go on to; anything else is the first page."""
    return (
        address if address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable() else "/"
    )


@router.get("/sign-in", gate=Gate(OPEN))
def sign_in_page(request: Request, asking: Asking, lost: int = 0, again: int = 0) -> Response:
    """The form, and where to go on from there.

    `again` is for a tablet that locked: somebody's session may still be alive on it.
    """
    if asking.session is not None and not again:
        return RedirectResponse(inside(request.query_params.get("next", "/")), 303)
    return _sign_in(request, asking, inside(request.query_params.get("next", "/")), lost=lost)


def _sign_in(
    request: Request,
    asking: Asker,
    following: str,
    refusal: str = "",
    status: int = 200,
    lost: int = 0,
    name: str = "",
) -> HTMLResponse:
    return show(
        request,
        "sign_in.html",
        status,
        following=following,
        said=refusal,
        lost=lost,
        name=name,
        tablet=asking.device is not None and bool(_here(asking)),
    )


def _here(asking: Asker) -> set[UUID]:
    return asking.service.accounts.here(asking.device.device_id) if asking.device is not None else set()


@router.post("/sign-in", gate=Gate(OPEN))
async def sign_in(request: Request, asking: Asking) -> Response:
    """Begins a session nobody had before, or says that something did not match and never what."""
    return await run_in_threadpool(_begin, request, asking, await read_form(request, FORM))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _device(asking: Asker) -> UUID | None:
    return asking.device.device_id if asking.device is not None else None


def _is_phone(asking: Asker) -> bool:
    """Whether this is an enrolled phone. A tablet is shared, so it is nothing that one of those who use it has."""
    known = asking.ledger.states.device(asking.device.device_id) if asking.device is not None else None
    return known is not None and known.kind == "phone"


def _begin(request: Request, asking: Asker, form: FormData) -> Response:
    accounts, following = asking.service.accounts, inside(text_of(form, "next") or "/")
    device, browser = _device(asking), request.cookies.get(BROWSER_COOKIE, "")
    try:
        secret, person = accounts.sign_in(
            text_of(form, "name"),
            text_of(form, "password"),
            text_of(form, "code"),
            _address(request),
            device,
            browser=browser,
            needs_factor=request.app.state.second_factor,
            own_phone=_is_phone(asking),
        )
    except NotAllowedNow as error:
        return _sign_in(request, asking, following, str(error), 429, name=text_of(form, "name"))
    except SignInRefused as error:
        return _sign_in(request, asking, following, str(error), 403, name=text_of(form, "name"))
    if asking.secret:
        accounts.leave(asking.secret)
    if following == "/" and device is not None:
        # On an enrolled device people are there to log; at a desk they are there to look.
        kind = asking.ledger.states.device(device)
        following = "/sessions" if kind is not None and kind.kind == "tablet" else "/visit"
    answer = keep_session(RedirectResponse("/?from=sign-in" if following == "/" else following, 303), secret)
    return keep_browser(answer, accounts.know_browser(person, browser))


@router.post("/sign-out", gate=Gate("see-own-account", before_factor=True))
def sign_out(asking: Asking) -> Response:
    """Ends the session and empties the browser. An enrolled device stays enrolled."""
    if asking.secret:
        asking.service.accounts.sign_out(asking.secret)
        if asking.device is not None and _is_phone(asking):
            asking.service.accounts.leave_home(asking.person, asking.device.device_id)
    answer = drop_session(RedirectResponse("/sign-in", 303))
    # A device keeps what it has not sent yet; a browser of nobody's keeps nothing but that somebody was here.
    if asking.device is None:
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@router.post("/language", gate=Gate(OPEN))
async def choose_language(request: Request) -> Response:
    """Goes back to the page on which a language was chosen, in that language, which this browser keeps."""
    form = await read_form(request, FORM)
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        # An address that is none leads to the first page.
        page = urlsplit("/")
    answer = RedirectResponse(inside(f"{page.path}?{page.query}" if page.query else page.path), 303)
    return keep_language(answer, text_of(form, "language")) if text_of(form, "language") in languages() else answer


# One-time links -----------------------------------------------------------------------------------------------------


@router.get("/welcome", gate=Gate(OPEN))
def welcome_page(request: Request, using: Using, key: str = "") -> HTMLResponse:
    """Where somebody who was handed a one-time link chooses a sign-in name and a password."""
    return _welcome(request, using, key)


def _welcome(request: Request, using: Service, key: str, refusal: str = "", status: int = 200) -> HTMLResponse:
    link = using.ways_in.look(key, *SETTING_UP)
    return show(
        request, "welcome.html", status, key=key, purpose=link.purpose, asks=using.ways_in.asks(link), said=refusal
    )


@router.post("/welcome", gate=Gate(OPEN))
async def welcome(request: Request, using: Using) -> Response:
    """Sets the account up and signs in. The link is used up by it."""
    return await run_in_threadpool(_set_up, request, using, await read_form(request, FORM))


def _set_up(request: Request, using: Service, form: FormData) -> Response:
    accounts, key = using.accounts, text_of(form, "key")
    named = {name: text_of(form, name).strip() for name in ("name", "code", "person", "setting")}
    try:
        person = using.ways_in.set_up(key, Answers(password=text_of(form, "password"), **named))
    except SignInRefused as error:
        return _welcome(request, using, key, str(error), 422)
    answer = keep_session(RedirectResponse("/me?welcome=1", 303), accounts.begin(person, "full"))
    return keep_browser(answer, accounts.know_browser(person, request.cookies.get(BROWSER_COOKIE, "")))


# One's own account --------------------------------------------------------------------------------------------------


@router.get(
    "/me",
    gate=Gate("see-own-account"),
    nav=Nav("My account", "more", 12, also="password second factor tokens sign out"),
)
def me_page(request: Request, using: Using, asking: Asking, done: str = "", welcome: int = 0) -> HTMLResponse:
    """Who one is here, and how one signs in."""
    return _me(request, using, asking, done=done, welcome=welcome)


def _me(
    request: Request,
    using: Service,
    asking: Asker,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    welcome: int = 0,
    token: str = "",
    calendar: str = "",
) -> HTMLResponse:
    accounts = using.accounts
    account, body = accounts.of([asking.person]).get(asking.person), using.reader.one("people", str(asking.person))
    where = {setting["id"]: setting["name"] for setting in using.reader.whole("settings")}
    roles = [
        (role.role, where.get(str(role.setting_id), "")) for role in using.ledger.access_facts.roles(asking.person)
    ]
    return show(
        request,
        "me.html",
        status,
        account=account,
        name=body["name"] if body else None,
        roles=roles,
        said=refusal,
        done=DONE.get(done, ""),
        welcome=welcome,
        full=_is_full(asking),
        tokens=[row for row in accounts.tokens(asking.person) if row.scopes != CALENDAR],
        token=token,
        scopes=[scope for scope in SCOPES if scope != CALENDAR],
        calendar=f"{base_of(request)}/feed/{calendar}.ics" if calendar else "",
        calendars=[row for row in accounts.tokens(asking.person) if row.scopes == CALENDAR],
        plans=asking.may("plan-visits"),
    )


def _is_full(asking: Asker) -> bool:
    return asking.session is not None and asking.session.kind == "full"


DONE = {
    "password": "Your password is changed, and every other session of yours has ended.",
    "factor": "The second factor is on. From now on you are asked for a code.",
    "pin": "Your PIN is set.", "everywhere": "You are signed out everywhere else.",
    "revoked": "It works no more.",
}  # fmt: skip
CALENDAR_DAYS = 365
"""For so long the address of a calendar works; then it is made anew."""


@router.post("/me", gate=Gate("see-own-account"))
async def change_me(request: Request, using: Using, asking: Asking) -> Response:
    """Changes how one signs in. What opens the account to others asks for the password again."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request, FORM))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    accounts, person, do = using.accounts, asking.person, text_of(form, "do")
    if asking.session is None or not _is_full(asking):
        raise NotAllowed
    account = accounts.of([person]).get(person)
    try:
        if do in ("password", "token", "pin", "calendar"):
            _confirm(asking, form)
        if do == "password":
            accounts.set_password(person, account.sign_in_name or "" if account else "", text_of(form, "password"))
            return keep_session(
                RedirectResponse("/me?done=password", 303), accounts.begin(person, "full", asking.session.device_id)
            )
        if do == "pin":
            accounts.set_pin(person, text_of(form, "pin"))
        elif do == "everywhere":
            accounts.sign_out_everywhere(person)
            return keep_session(
                RedirectResponse("/me?done=everywhere", 303), accounts.begin(person, "full", asking.session.device_id)
            )
        elif do == "token":
            days = text_of(form, "days")
            token = accounts.make_token(
                person, [text_of(form, "scope")], int(days) if days.isdecimal() and len(days) < 5 else 0
            )
            return _me(request, using, asking, token=token)
        elif do == "calendar":
            return _me(request, using, asking, calendar=accounts.make_token(person, [CALENDAR], CALENDAR_DAYS))
        elif do == "revoke-token":
            accounts.revoke_token(text_of(form, "prefix"), person)
            do = "revoked"
        else:
            raise SignInRefused("This form says nothing that can be done here.")
    except NotAllowedNow as error:
        return _me(request, using, asking, str(error), 429)
    except SignInRefused as error:
        return _me(request, using, asking, str(error), 422)
    return RedirectResponse(f"/me?done={do}", 303)


def _confirm(asking: Asker, form: FormData) -> None:
    """Asks for the password again before what opens an account is changed. Raises SignInRefused."""
    if not asking.service.accounts.confirm_password(asking.person, text_of(form, "current"), asking.secret):
        raise SignInRefused("Your present password did not match, so nothing was changed.")


# The second factor --------------------------------------------------------------------------------------------------


@router.get("/me/factor", gate=Gate("see-own-account", before_factor=True))
def factor_page(request: Request, asking: Asking) -> HTMLResponse:
    """Where somebody sets up a second factor, or moves it to another phone."""
    return _factor(request, asking)


def _factor(request: Request, asking: Asker, refusal: str = "", status: int = 200) -> HTMLResponse:
    accounts = asking.service.accounts
    account, secret = accounts.of([asking.person]).get(asking.person), accounts.new_factor()
    qr = qr_code(f"otpauth://totp/AP%20Ledger?secret={secret}&issuer=AP%20Ledger", 5)
    must = request.app.state.second_factor and asking.password_only
    return show(
        request,
        "factor.html",
        status,
        account=account,
        secret=secret,
        qr=qr,
        said=refusal,
        must=must,
        full=_is_full(asking),
    )


@router.post("/me/factor", gate=Gate("see-own-account", before_factor=True))
async def set_factor(request: Request, asking: Asking) -> Response:
    """Turns the second factor on, and begins a session anew: what was begun with a password alone is over."""
    return await run_in_threadpool(_set_factor, request, asking, await read_form(request, FORM))


def _set_factor(request: Request, asking: Asker, form: FormData) -> Response:
    accounts = asking.service.accounts
    if not _is_full(asking):
        raise NotAllowed
    try:
        _confirm(asking, form)
        accounts.set_factor(asking.person, text_of(form, "secret"), text_of(form, "code"))
    except NotAllowedNow as error:
        return _factor(request, asking, str(error), 429)
    except SignInRefused as error:
        return _factor(request, asking, str(error), 422)
    accounts.sign_out_everywhere(asking.person)
    return keep_session(
        RedirectResponse("/me?done=factor", 303), accounts.begin(asking.person, "full", _device(asking))
    )


# Shared tablets -----------------------------------------------------------------------------------------------------


@router.get("/switch", gate=Gate(OPEN), nav=Nav("Switch person", "more", 13, on_device=True))
def switch_page(request: Request, using: Using, asking: Asking) -> HTMLResponse:
    """Who may switch to themselves by PIN on this tablet."""
    return _switch(request, using, asking)


def _switch(request: Request, using: Service, asking: Asker, refusal: str = "", status: int = 200) -> HTMLResponse:
    if asking.device is None:
        raise Unknown
    people = people_here(using.reader, asking)
    return show(request, "switch.html", status, people=people, said=refusal)


@router.post("/switch", gate=Gate(OPEN))
async def switch(request: Request, using: Using, asking: Asking) -> Response:
    """Begins a session that may log and not look back."""
    return await run_in_threadpool(_switch_to, request, using, asking, await read_form(request, FORM))


def _switch_to(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    if asking.device is None:
        raise Unknown
    needs, person = request.app.state.second_factor, text_of(form, "person")
    try:
        secret = using.accounts.switch_to(
            asking.device.device_id, UUID(person), text_of(form, "pin"), needs_factor=needs
        )
    except (ValueError, SignInRefused) as error:
        return _switch(
            request, using, asking, str(error) if isinstance(error, SignInRefused) else "Choose who you are.", 403
        )
    if asking.secret:
        using.accounts.leave(asking.secret)
    return keep_session(RedirectResponse("/sessions", 303), secret)


@router.get("/take-back", gate=Gate("see-own-account", handed_over=True))
def take_back_page(request: Request, asking: Asking) -> Response:
    """Asked of staff when a student or carer hands the tablet back."""
    if asking.session is None or asking.session.handed_over is None:
        return RedirectResponse("/", 303)
    return show(request, "take_back.html", said="", page=asking.session.handed_over)


@router.post("/take-back", gate=Gate("see-own-account", handed_over=True))
async def take_back(request: Request, using: Using, asking: Asking) -> Response:
    """Unties the session from the page it was handed over on."""
    return await run_in_threadpool(_take_back, request, using, asking, await read_form(request, FORM))


def _take_back(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    if asking.session is None or asking.session.handed_over is None:
        return RedirectResponse("/", 303)
    page: Any = asking.session.handed_over
    try:
        good, refusal = (
            using.accounts.confirm(asking.person, text_of(form, "secret"), asking.secret),
            "That did not match. Try again.",
        )
    except NotAllowedNow as error:
        good, refusal = False, str(error)
    if not good:
        return show(request, "take_back.html", 403, said=refusal, page=page)
    using.accounts.hand_over(asking.secret, None)
    return RedirectResponse(page.rsplit("/", 2)[0] if asking.session.kind == "full" else "/", 303)

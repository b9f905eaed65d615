"""The mail of a setting: through which server it goes out, a message to try it, and whether it is on."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.errors import Refused
from ap_ledger.notices.mail import HOST, TEST_BODY, TEST_SUBJECT, MailFault, is_address, line_to
from ap_ledger.stores.notices.channels import Mail, MailServer, Security
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.languages import say
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import base_of, read_form, setting_for, show, text_of
from api.core.templating import moment_in_words

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DONE = {
    "saved": "The mail server is put down. Try it before you rely on it.",
    "sent": "The test message was sent. Look whether it arrives.",
}
"""What is told after what was done."""
SECURITY: tuple[Security, ...] = ("starttls", "tls", "none")
FAULTS: Mapping[str, str] = {
    "unreachable": "The server does not answer. Look at its name and port.",
    "unsealed": "The server offers no sealed line that can be trusted. Look at its name, port and how it is sealed.",
    "sign-in": "The server does not take this user name and password.",
    "sender": "The server takes no mail from this sender.",
    "refused": "The server takes no mail for this address.",
    "later": "The server takes no mail now. Try again in a while.",
    "unsure": "The line broke while the message was sent. Look whether it arrives.",
}
"""What is said of what kept mail from being sent."""


@router.get(
    "/setting/mail",
    gate=Gate("manage-setting"),
    nav=Nav("Mail", "more", 31, also="smtp email server notices", group="setting"),
)
def mail_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """Through which server a setting sends mail."""
    return _page(request, using, asking, setting, done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: MailServer | None = None,
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-setting")
    mail = using.notices.mail_of(UUID(setting["id"]))
    shown = typed or mail.server or MailServer("", 587, "starttls", "", "", "", base_of(request))
    since = mail.failing_since
    return show(
        request,
        "mail.html",
        status,
        setting=setting,
        settings=settings,
        mail=mail,
        server=shown,
        failing=moment_in_words(since, setting["time_zone"]) if since and mail.is_on else "",
        fault=FAULTS.get(mail.fault or "", ""),
        to=using.notices.choice(asking.person).address,
        said=refusal,
        done=done,
    )


@router.post("/setting/mail", gate=Gate("manage-setting"))
async def change_mail(request: Request, using: Using, asking: Asking) -> Response:
    """Puts a setting's mail server down, or sends a message to try it."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request, 32 * 1024))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-setting")
    mail, here = using.notices.mail_of(UUID(setting["id"])), UUID(setting["id"])
    typed = None
    try:
        if text_of(form, "do") == "test":
            _try_it(using, here, mail, text_of(form, "to").strip())
            return RedirectResponse(f"/setting/mail?setting={here}&done=sent", 303)
        typed = _typed(request, form, mail)
        _require_sense(typed)
    except Refused as refusal:
        return _page(request, using, asking, setting["id"], refusal.message, 422, typed=typed)
    using.notices.set_mail(here, typed, text_of(form, "is_on") == "1")
    return RedirectResponse(f"/setting/mail?setting={here}&done=saved", 303)


def _typed(request: Request, form: FormData, mail: Mail) -> MailServer:
    host, user, port = (text_of(form, name).strip() for name in ("host", "user", "port"))
    security = next((each for each in SECURITY if each == text_of(form, "security")), SECURITY[0])
    password = text_of(form, "password")
    had = mail.server
    if not password and had is not None and (had.host, had.user) == (host, user):
        # What is kept is not shown, so that an empty field leaves it; for another server it is typed anew.
        password = had.password
    number = int(port) if port.isdecimal() and len(port) < 6 else 0
    return MailServer(host, number, security, user, password, text_of(form, "sender").strip(), base_of(request))


def _require_sense(server: MailServer) -> None:
    if HOST.fullmatch(server.host) is None:
        raise Refused("malformed", "Write the name of the mail server, such as smtp.example.org.", "host")
    if not 0 < server.port < 65_536:
        raise Refused("malformed", "A port is a number from 1 to 65535. Most servers take 587.", "port")
    if not is_address(server.sender):
        raise Refused("malformed", "Write the e-mail address that messages come from.", "sender")
    if server.user and server.security == "none":
        raise Refused("malformed", "A password is sent over a sealed line only. Choose how it is sealed.", "security")
    if server.user and not server.password:
        raise Refused("malformed", "Write the password of this user name.", "password")
    if len(server.user) > 254 or len(server.password) > 1_000:
        raise Refused("malformed", "A user name has at most 254 letters, and a password 1,000.", "user")


def _try_it(using: Service, setting: UUID, mail: Mail, to: str) -> None:
    """Sends a message to try a server. Raises Refused where it is not taken."""
    if mail.server is None:
        raise Refused("not-allowed", "Put the mail server down first.", "host")
    if not is_address(to):
        raise Refused("malformed", "Write the e-mail address to which the test goes.", "to")
    try:
        with line_to(mail.server) as line:
            answer = line.send(to, TEST_SUBJECT, TEST_BODY)
    except MailFault as fault:
        if mail.is_on:
            using.notices.mail_failed(setting, fault.fault, using.ledger.now())
        raise Refused("not-sent", say(FAULTS[fault.fault]), "host") from None
    if answer != "sent":
        raise Refused("not-sent", say(FAULTS[answer]), "to")
    using.notices.mail_works(setting)

"""How somebody wants to be told what is new: in the app always, by e-mail where they say so."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.posting import Unparsable
from ap_ledger.errors import Refused
from ap_ledger.notices.mail import is_address
from ap_ledger.notices.push import is_endpoint, public_key
from ap_ledger.stores.notices.channels import Choice, Subscription
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.problems import NotAllowed
from api.core.service import Current, Using
from api.core.show import base_of, read_form, show, text_of

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DONE = {"saved": "That is how you are told from now on."}
"""What is told after what was done."""


@router.get("/notices/choices", gate=Gate("see-own-account"))
def choices_page(request: Request, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """How whoever asks is told of what is new."""
    return _page(request, using, asking, using.notices.choice(asking.person), done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    choice: Choice,
    refusal: str = "",
    status: int = 200,
    done: str = "",
) -> HTMLResponse:
    where = {grant.setting_id for grant in asking.who.grants}
    return show(
        request,
        "choices.html",
        status,
        choice=choice,
        push_key=public_key(using.ledger.keyring.own()),
        browsers=len(using.notices.subscriptions(asking.person)),
        full=_is_full(asking),
        sends_mail=any(using.notices.mail_of(setting).is_on for setting in where),
        said=refusal,
        done=done,
    )


def _is_full(asking: Asker) -> bool:
    """Whether somebody signed in with their password: a PIN is good for logging alone."""
    return asking.session is not None and asking.session.kind == "full"


@router.post("/notices/choices", gate=Gate("see-own-account"))
async def change_choices(request: Request, using: Using, asking: Asking) -> Response:
    """Somebody says how they want to be told."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request, 16 * 1024))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    if not _is_full(asking):
        raise NotAllowed
    before = using.notices.choice(asking.person)
    choice = before._replace(mail=text_of(form, "mail") == "1", address=text_of(form, "address").strip())
    try:
        _require_address(choice)
    except Refused as refusal:
        return _page(request, using, asking, choice, refusal.message, 422)
    using.notices.choose(asking.person, choice)
    return RedirectResponse("/notices/choices?done=saved", 303)


@router.post("/notices/push", gate=Gate("see-own-account"))
async def change_push(request: Request, using: Using, asking: Asking) -> Response:
    """Somebody is told in the browser that asks, or is so no more."""
    return await run_in_threadpool(_change_push, request, using, asking, await read_form(request, 16 * 1024))


def _change_push(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    if not _is_full(asking):
        raise NotAllowed
    store, endpoint = using.notices, text_of(form, "endpoint")
    if not is_endpoint(endpoint):
        raise Unparsable("This browser is reached through a service that is not known here.")
    if text_of(form, "do") == "on":
        store.subscribe(asking.person, Subscription(endpoint, base_of(request)), using.ledger.now())
    elif any(each.endpoint == endpoint for each in store.subscriptions(asking.person)):
        store.unsubscribe(endpoint)
    store.choose(asking.person, store.choice(asking.person)._replace(push=bool(store.subscriptions(asking.person))))
    return Response(status_code=204)


def _require_address(choice: Choice) -> None:
    if choice.address and not is_address(choice.address):
        raise Refused("malformed", "This is not an e-mail address. Look at it once more.", "address")
    if choice.mail and not choice.address:
        raise Refused("malformed", "Write the e-mail address to which you want to be told.", "address")

"""What every page shares: templates, words for days, forms that were sent, and who is here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from ap_ledger.domain.posting import TooLarge, Unparsable
from ap_ledger.errors import LedgerError
from ap_ledger.events.ids import derived_id
from api.core.asking import Asker
from api.core.bell import ring
from api.core.languages import say
from api.core.problems import NotAllowed
from api.core.templating import frame, template
from projections.bodies import SettingBody, SettingFacts
from projections.queries.reading import Reader, Unknown

T = TypeVar("T")
S = TypeVar("S")
log = structlog.get_logger()
YEARS = range(1900, 2201)
"""Moments outside these years are slips of the finger."""

FIELDS_LIMIT = 20_000
FORM_BYTES = 5 * 1024 * 1024


def show(request: Request, page: str, /, status: int = 200, **given: Any) -> HTMLResponse:
    """A page from its template."""
    asking = getattr(request.state, "asking", None)
    me = me_of(asking) if asking is not None else None
    if me is not None and asking is not None:
        me = me._replace(unread=ring(request, asking, status))
    whole = {**frame(request), "me": me, **given}
    return HTMLResponse(template(page).render(**whole), status)


class Me(NamedTuple):
    """Who is here, in sight on every page: their name, as they are greeted, and the setting they are in with its
    colour and the address of its logo, where it has them; and how much there is that they have not read."""

    name: str
    where: str
    colour: str | None = None
    logo: str | None = None
    unread: int = 0


def me_of(asking: Asker) -> Me | None:
    """Who is here; None where nobody is signed in. What could not be read is left out, and takes no page with it."""
    if asking.who.person_id is None:
        return None
    reader = asking.service.reader
    try:
        person = reader.one("people", str(asking.who.person_id))
        named = reader.until_a_rule_changes(
            ("names of settings",),
            lambda: {
                setting["id"]: (setting["name"], setting.get("colour"), logo_address(setting))
                for setting in reader.whole("settings")
            },
        )
    except LedgerError:
        return Me("", "")
    settings = dict.fromkeys(str(grant.setting_id) for grant in asking.who.grants)
    here = [named[setting] for setting in settings if setting in named]
    # Whoever is in several settings sees no colour and no logo, because it would say that they are in one of them.
    several = say("{count} settings", count=len(here)) if here else ""
    where, colour, logo = here[0] if len(here) == 1 else (several, None, None)
    return Me(called(person["name"]) if person else "", where, colour, logo)


def logo_address(setting: SettingFacts) -> str | None:
    """Where the logo of a setting is served. Another logo has another address, so a browser keeps each for ever."""
    logo = setting.get("logo")
    return f"/setting/{setting['id']}/logo/{logo['mark']}.png" if logo else None


def called(name: str) -> str:
    """A name as somebody is greeted by: without what stands beside it in brackets."""
    return name.partition(" (")[0]


def day_of(text: str) -> date | None:
    """A day that was asked for; None for one that cannot be read."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def end_of_day(day: str, zone: ZoneInfo) -> datetime | None:
    """The last moment of a day that was asked for; a day that cannot be read is as good as none."""
    last = day_of(day)
    return (
        None if last is None else datetime.combine(last + timedelta(days=1), time.min, zone) - timedelta(microseconds=1)
    )


def people_of(reader: Reader) -> dict[str, str | None]:
    """The name of everybody who may be an author, by id."""
    return {person["id"]: person["name"] for person in reader.whole("people")}


def people_here(reader: Reader, asking: Asker) -> list[tuple[str, str]]:
    """Who may come back to the tablet by PIN, by id and name: whoever signed in on it today and has a PIN."""
    if asking.device is None:
        return []
    here = asking.service.accounts.here(asking.device.device_id)
    accounts = asking.service.accounts.of(here)
    named = [
        (str(person), body["name"] if (body := reader.one("people", str(person))) else "Somebody")
        for person in here
        if person in accounts and accounts[person].has_pin
    ]
    return sorted(named, key=lambda pair: pair[1])


def setting_for(reader: Reader, asking: Asker, wanted: str, action: str) -> tuple[SettingBody, list[SettingBody]]:
    """The setting that a page is about (the first where none was chosen), and all in which the asker may do this.

    Raises NotAllowed where they may not there, Unknown where there is none.
    """
    where = {str(setting_id) for setting_id in asking.where(action)}
    settings = [setting for setting in reader.whole("settings") if setting["id"] in where]
    chosen = (
        next((setting for setting in settings if setting["id"] == wanted), None)
        if wanted
        else (settings[0] if settings else None)
    )
    if chosen is None:
        raise NotAllowed if asking.knows_setting(wanted) else Unknown
    return chosen, settings


def _require_length(request: Request, limit: int) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Unparsable("The form does not say how long it is.")
    if int(length) > limit:
        raise TooLarge(f"The form is over {limit // 1024 // 1024} MB.")


async def read_form(request: Request, limit: int = FORM_BYTES) -> FormData:
    """A form that was sent. Raises TooLarge or Unparsable before anything of it is kept."""
    _require_length(request, limit)
    return await request.form(max_files=1, max_fields=FIELDS_LIMIT, max_part_size=limit)


class _InMemory(MultiPartParser):
    """Keeps a file that is sent in memory and out of the folder for temporary files, where it would lie unsealed."""

    spool_max_size = 64 * 1024 * 1024


async def read_private_form(request: Request, limit: int) -> FormData:
    """A form with a file in it that says who somebody is: nothing of it is ever written to a disk.

    Raises TooLarge or Unparsable.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await read_form(request, limit)
    _require_length(request, limit)
    parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=FIELDS_LIMIT, max_part_size=limit)
    try:
        return await parser.parse()
    except MultiPartException:
        raise Unparsable("This form cannot be read. Open the page again and send it once more.") from None


def base_of(request: Request) -> str:
    """The address under which people reach this service."""
    return str(request.app.state.public_url or f"{request.url.scheme}://{request.url.netloc}")


def qr_code(words: str, scale: int) -> str:
    """A QR code as the address of a picture. `scale` is the size of one of its squares."""
    # Two pages show one, so only they wait for what draws it.
    import segno

    return segno.make(words, error="m").svg_data_uri(scale=scale, dark="#12436d")


def one_by_one(items: Iterable[T], shown: Callable[[T], S], broken: Callable[[T], S]) -> list[S]:
    """A list of which each thing is shown by itself: one that is broken is shown as broken, and the others as ever."""
    made: list[S] = []
    for item in items:
        try:
            made.append(shown(item))
        except Exception as error:
            log.error("something listed is broken", error=type(error).__name__)
            made.append(broken(item))
    return made


def text_of(form: FormData, name: str) -> str:
    """A field of a form as text; a file, or nothing, is empty."""
    value = form.get(name)
    return "" if value is None or isinstance(value, UploadFile) else value


def id_of(form: FormData, name: str) -> UUID:
    """A field that holds an id. Raises Unparsable, because no page of ours sends anything else."""
    try:
        return UUID(text_of(form, name))
    except ValueError:
        raise Unparsable("This form lacks an id. Open the page again and send it once more.") from None


def entry_id(form: UUID, *names: str) -> UUID:
    """The id of one entry of a form: always the same, so that sending the form again is a duplicate."""
    return derived_id(form, *names)


def as_number(typed: str | None) -> int | float | str | None:
    """What was typed as a number. What is none is left for the command to refuse in its own sentence."""
    try:
        number = float((typed or "0").replace(",", "."))
    except ValueError:
        return typed
    return int(number) if number.is_integer() else number

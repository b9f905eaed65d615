"""What every page shares: templates, words for days, forms that were sent, and who is here."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData, UploadFile

from ap_ledger.application.door import TooLarge, Unparsable
from api.static_files import address
from projections.reading import Body, Reader, Unknown

YEARS = range(1900, 2201)
"""Moments outside these years are slips of the finger."""

FIELDS_LIMIT = 20_000
FORM_BYTES = 5 * 1024 * 1024

templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.globals["address"] = address


def day_in_words(day: str | date | None) -> str:
    """A date, or an ISO date, as people say it."""
    found = date.fromisoformat(day) if isinstance(day, str) and day else day
    return f"{found:%a} {found.day} {found:%b %Y}" if isinstance(found, date) else "–"


templates.filters["day"] = day_in_words


def show(request: Request, name: str, status: int = 200, **given: Any) -> HTMLResponse:
    """A page from its template."""
    return HTMLResponse(templates.get_template(name).render(nonce=request.state.nonce, **given), status)


def end_of_day(day: str, zone: ZoneInfo) -> datetime | None:
    """The last moment of a day that was asked for; a day that cannot be read is as good as none."""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    return datetime.combine(found + timedelta(days=1), time.min, zone) - timedelta(microseconds=1) if found.year in YEARS else None


def people_of(reader: Reader) -> dict[str, str | None]:
    """The name of everybody who may be an author, by id."""
    return {person["id"]: person["name"] for person in reader.whole("people")}


def staff_of(reader: Reader, setting: Body) -> list[tuple[str, str]]:
    """The people of a setting, by name, for choosing who writes."""
    return sorted(((person["id"], person["name"] or "Not named") for person in reader.whole("people", setting)), key=lambda one: one[1])


def setting_for(reader: Reader, wanted: str) -> tuple[Body, list[Body]]:
    """The setting that a page is about (the first where none was chosen), and all there are. Raises Unknown where there is none."""
    settings = reader.whole("settings")
    found = next((one for one in settings if one["id"] == wanted), None) if wanted else (settings[0] if settings else None)
    if found is None:
        raise Unknown
    return found, settings


async def read_form(request: Request, limit: int = FORM_BYTES) -> FormData:
    """A form that was sent. Raises TooLarge or Unparsable before anything of it is kept."""
    said = request.headers.get("content-length", "")
    if not said.isdecimal():
        raise Unparsable("The form does not say how long it is.")
    if int(said) > limit:
        raise TooLarge(f"The form is over {limit // 1024 // 1024} MB.")
    return await request.form(max_files=1, max_fields=FIELDS_LIMIT, max_part_size=limit)


def text_of(form: FormData, name: str) -> str:
    """A field of a form as text; a file, or nothing, is empty."""
    said = form.get(name)
    return "" if said is None or isinstance(said, UploadFile) else said


def id_of(form: FormData, name: str) -> UUID:
    """A field that holds an id. Raises Unparsable, because no page of ours sends anything else."""
    try:
        return UUID(text_of(form, name))
    except ValueError:
        raise Unparsable("This form lacks an id. Open the page again and send it once more.") from None

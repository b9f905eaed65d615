"""One search box for everything: students, people, frameworks and pages, within what whoever asks may see.

What is looked for is mostly the name of a child. An address lies in histories, in bookmarks and in the logs of proxies,
so the words are posted and stand in none (docs/decisions/0047).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from ap_ledger.access.rules import hidden_of_student
from ap_ledger.bootstrap import Service
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.languages import say
from api.core.navigation import Link
from api.core.service import Current
from api.core.show import read_form, show, text_of
from projections.bodies import StudentBody
from projections.queries.searching import Wanted

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHOWN = 12
"""So many of each sort are shown; whoever finds more types more."""
LONGEST = 120
"""So many letters of what is typed are looked at."""
NAMES = ("given_name", "family_name", "known_as")
KINDS = {
    "ladder": "attendance ladder",
    "outcomes": "outcomes framework",
    "curriculum": "curriculum",
    "instrument": "questionnaire",
}


class Found(NamedTuple):
    """Something that was found: what it is called, what it is, and where it is."""

    words: str
    what: str
    address: str


@router.get("/search", gate=Gate("see-own-account"))
def search_page(request: Request, using: Current, asking: Asking) -> HTMLResponse:
    """The search box by itself, for phones."""
    return show(request, "search.html", wanted="", found={})


@router.post("/search", gate=Gate("see-own-account"))
async def search(request: Request, using: Current, asking: Asking) -> HTMLResponse:
    """What there is under some words."""
    form = await read_form(request)
    return await run_in_threadpool(_search, request, using, asking, text_of(form, "q")[:LONGEST].strip())


def _search(request: Request, using: Service, asking: Asker, typed: str) -> HTMLResponse:
    wanted, pages = Wanted.of(typed), [*asking.links("pages"), *asking.links("more")]
    found = {
        "Students": list(_students(using, asking, wanted)),
        "People": list(_people(using, asking, wanted)),
        "Frameworks": list(_frameworks(using, asking, wanted)),
        "Pages": [Found(link.words, "", link.address) for link in pages if wanted.is_in(_called(link))],
    }
    shown = {sort: some[:SHOWN] for sort, some in found.items() if some and wanted.words}
    more = {sort: len(some) - SHOWN for sort, some in found.items() if len(some) > SHOWN}
    return show(request, "search.html", wanted=typed, found=shown, more=more)


def _called(link: Link) -> str:
    """Every word under which a page is found, in English and in the language of the page."""
    return f"{link.called} {say(link.words)} {say(link.nav.also) if link.nav.also else ''}"


def _students(using: Service, asking: Asker, wanted: Wanted) -> Iterator[Found]:
    where = {str(setting_id) for setting_id in asking.where("see-student")}
    for setting in using.reader.whole("settings"):
        if setting["id"] not in where:
            continue
        students = (
            student
            for student in using.reader.everyone(setting)
            if _is_called(asking, student, wanted) and asking.may("see-student", student["id"], setting["id"])
        )
        for student in sorted(students, key=lambda each: str(each["name"])):
            yield Found(str(student["name"]), setting["name"], _page_of(asking, student))


def _is_called(asking: Asker, student: StudentBody, wanted: Wanted) -> bool:
    """Whether a student is called so, as far as whoever asks may know: a mentor knows no family name."""
    if wanted.is_in(str(student["name"])):
        return True
    names = {name: str(value) for name, value in student.items() if name in NAMES and value}
    if not wanted.is_in(" ".join(names.values())):
        return False
    hidden = hidden_of_student(asking.who, asking.about(student["id"], student["setting_id"]))
    return wanted.is_in(" ".join(value for name, value in names.items() if name not in hidden))


def _page_of(asking: Asker, student: StudentBody) -> str:
    """The first of a student's pages that whoever asks may open; empty where there is none."""
    return next((link.of(student["id"]) for link in asking.links("student", student)), "")


def _people(using: Service, asking: Asker, wanted: Wanted) -> Iterator[Found]:
    if not asking.may("see-people"):
        return
    for person in sorted(using.reader.whole("people"), key=lambda each: str(each["name"])):
        where = {person["setting_id"], *(role["setting_id"] for role in person["roles"])}
        if wanted.is_in(str(person["name"])) and any(asking.may("see-people", setting=each) for each in where):
            yield Found(str(person["name"]), "", "/people")


def _frameworks(using: Service, asking: Asker, wanted: Wanted) -> Iterator[Found]:
    if not asking.may("see-frameworks"):
        return
    newest = {body["id"]: body for body in sorted(using.reader.whole("frameworks"), key=lambda body: body["version"])}
    for body in sorted(newest.values(), key=lambda each: str(each["title"])):
        if wanted.is_in(body["title"]):
            yield Found(body["title"], KINDS[body["kind"]], f"/frameworks/{body['id']}/{body['version']}")

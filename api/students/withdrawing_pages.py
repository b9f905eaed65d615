"""Withdrawing what was said of a student to hold from a date on: looked at first, and done with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.student_state import WITHDRAWABLE
from ap_ledger.domain.withdrawing import WithdrawStudentFact
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.service import Current, Using
from api.core.show import read_form, show, text_of
from api.core.withdrawing import REASONS, Fact, Said, found_from, reason_given, said_from
from projections.bodies import PlacementBody, StudentBody
from projections.queries.reading import Unknown
from projections.writers.body_changes.common import WITHDRAWN_FROM

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


class Told(NamedTuple):
    """How a kind of fact is told: what it is, the page on which it is said, and that page's last name."""

    title: str
    page: str
    name: str


ABOUT, CONTACTS = ("About them", "about"), ("Who to call", "contacts")
TOLD: Mapping[str, Told] = {
    "student-expected": Told("Their week", *ABOUT),
    "sessions-commissioned": Told("What was bought", *ABOUT),
    "key-worker-assigned": Told("Key worker", *ABOUT),
    "mentor-assigned": Told("Mentor", *ABOUT),
    "student-grouped": Told("Group", *ABOUT),
    "student-needs-noted": Told("Needs", *ABOUT),
    "student-contacts-noted": Told("Who to call", *CONTACTS),
    "consent-noted": Told("What was agreed to", *CONTACTS),
}


def said_of(
    student: StudentBody, placements: Sequence[PlacementBody], words: Mapping[str, Mapping[str, str]]
) -> dict[str, list[Said]]:
    """What was said of a student from which days on, by the kind of fact, each with the way to withdraw it.

    `words` say for a kind what its values are called: the names of people, for instance, by their ids.
    """
    said: dict[str, list[Said]] = {}
    for fact in TOLD:
        facts, (series, *_) = _facts(student, placements, fact), (*WITHDRAWABLE[fact].SERIES, "")
        for of in dict.fromkeys(str(one.get(series, "")) for one in facts):
            those = [one for one in facts if str(one.get(series, "")) == of]
            named = {"fact": fact, **({"of": of} if of else {})}
            called = words.get(fact, {})
            said.setdefault(fact, []).extend(
                said_from(those, f"/students/{student['id']}/withdraw", named, partial(_called, called))
            )
    return said


def _called(called: Mapping[str, str], fact: Fact) -> str:
    value = str(fact.get("person_id") or fact.get("group") or fact.get("consent") or "")
    return called.get(value, "")


def _facts(student: StudentBody, placements: Sequence[PlacementBody], fact: str) -> list[Fact]:
    """Everything of one kind that was ever said of a student; what was bought, with the placement it belongs to."""
    if fact == "sessions-commissioned":
        return [
            {**bought, "placement_id": placement["id"]}
            for placement in placements
            if placement["student_id"] == student["id"]
            for bought in placement["commissioned"]
        ]
    facts: Sequence[Fact] = student.get(WITHDRAWN_FROM[fact], ())  # type: ignore[assignment]
    return list(facts)


@router.get("/students/{student_id}/withdraw", gate=Gate("manage-students", reads="history"))
def withdraw_page(
    request: Request,
    student_id: UUID,
    using: Current,
    fact: str = "",
    from_date: Annotated[str, Query(alias="from")] = "",
    of: str = "",
) -> HTMLResponse:
    """What is withdrawn, and what holds instead."""
    return _page(request, using, student_id, {"fact": fact, "from": from_date, "of": of})


def _page(
    request: Request,
    using: Service,
    student_id: UUID,
    named: Mapping[str, str],
    refusal: str = "",
    status: int = 200,
    chosen: str = "",
) -> HTMLResponse:
    student, found = _found(using, student_id, named)
    if found is None:
        raise Unknown
    told = TOLD[named["fact"]]
    return show(
        request,
        "withdraw.html",
        status,
        title=told.title,
        page=told.page,
        back=f"/students/{student['id']}/{told.name}",
        words=student["name"],
        from_date=named["from"],
        instead=found[1],
        named=named,
        reasons=REASONS,
        chosen=chosen,
        said=refusal,
        new=new_id,
    )


def _found(using: Service, student_id: UUID, named: Mapping[str, str]) -> tuple[StudentBody, tuple[Fact, str] | None]:
    """The student, and the fact that is named with what holds instead of it; None where nothing is said of the kind.

    Raises Unknown for a kind that there is not.
    """
    student, setting = using.reader.student_and_setting(student_id)
    if named["fact"] not in TOLD:
        raise Unknown
    (series, *_) = (*WITHDRAWABLE[named["fact"]].SERIES, "")
    facts = _facts(student, using.reader.whole("placements", setting), named["fact"])
    return student, found_from((fact for fact in facts if str(fact.get(series, "")) == named["of"]), named["from"])


@router.post("/students/{student_id}/withdraw", gate=Gate("manage-students"))
async def withdraw(request: Request, student_id: UUID, using: Using, asking: Asking) -> Response:
    """Withdraws one fact."""
    return await run_in_threadpool(_withdraw, request, student_id, using, asking, await read_form(request))


def _withdraw(request: Request, student_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    named = {name: text_of(form, name) for name in ("fact", "from", "of")}
    student, found = _found(using, student_id, named)
    series: dict[str, Any] = dict.fromkeys(WITHDRAWABLE[named["fact"]].SERIES, named["of"])
    try:
        parts = {"fact": named["fact"], "from_date": named["from"], "reason_code": reason_given(form), **series}
        # What the other record of a joined child said is withdrawn from that record.
        record = (found[0].get("recorded_as") if found else None) or student["id"]
        command = command_of(WithdrawStudentFact, form, asking, student["setting_id"], student=record, **parts)
        done = give(using, asking, command, form)
    except Refused as refusal:
        chosen = text_of(form, "reason_code")
        try:
            return _page(request, using, student_id, named, refusal.message, 422, chosen)
        except Unknown:
            # Somebody withdrew it meanwhile, so there is no page of it; why it is refused is told all the same.
            raise refusal from None
    back = f"/students/{student['id']}/{TOLD[named['fact']].name}"
    return RedirectResponse(f"{back}?done=withdraw&min_position={done.position}", 303)

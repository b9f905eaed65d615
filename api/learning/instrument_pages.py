"""Pages on which a questionnaire is answered, by staff, a student or a carer handed the tablet, and what came out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.events.entries import InstrumentAnswered
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.held.drafts import Draft
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.languages import said_table
from api.core.listing import Column, Listing
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import entry_id, id_of, read_form, setting_for, show, text_of
from api.core.student_head import head_of
from frameworks import Definition
from frameworks.language.parts import MISSING_MARK
from projections.bodies import SettingBody, StudentBody
from projections.queries.instruments import Rater, all_due, answered, answers_of
from projections.queries.reading import Unknown

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
WHO = {
    "mentor": "Mentor",
    "teacher": "Teacher",
    "student": "Student",
    "carer": "Parent or carer",
    "receiving-school": "Receiving school",
}
ERASED = "This part of the student's record was erased, so nothing more can be kept in it."
HANDED_OVER = frozenset({"student", "carer"})
"""They are handed the tablet, so their page shows nothing else of the service."""


@router.get(
    "/due",
    gate=Gate("read-questionnaires"),
    nav=Nav("Questionnaires", "more", 2, also="surveys instruments answers", group="students"),
)
def due_page(request: Request, using: Current, asking: Asking, setting: str = "") -> HTMLResponse:
    """Questionnaires that are due, the soonest first."""
    body, settings = setting_for(using.reader, asking, setting, "read-questionnaires")
    listing = _due(request, using, asking, body)
    return show(request, "due.html", setting=body, settings=settings, listing=listing, who=said_table(WHO))


@router.get("/due.csv", gate=Gate("read-questionnaires"))
def due_file(request: Request, using: Current, asking: Asking, setting: str = "") -> Response:
    """The same list as a file."""
    body, _ = setting_for(using.reader, asking, setting, "read-questionnaires")
    return _due(request, using, asking, body).as_file("questionnaires-due")


DUE_COLUMNS = (
    Column("student", "Student", lambda due: due.student["name"]),
    Column("questionnaire", "Questionnaire", lambda due: due.instrument.title),
    Column("answered-by", "Answered by", lambda due: WHO[due.respondent]),
    Column("by", "By", lambda due: due.by.isoformat()),
    Column("last", "Last answered", lambda due: due.last.isoformat() if due.last else None),
)


def _due(request: Request, using: Service, asking: Asker, body: SettingBody) -> Listing:
    students = asking.among(using.reader.everyone(body), "read-questionnaires")
    return Listing.of(request, DUE_COLUMNS, all_due(using.reader, body, students, using.ledger.now()))


@router.get(
    "/students/{student_id}/questionnaires",
    gate=Gate("read-questionnaires", reads="questionnaires"),
    nav=Nav("Questionnaires", "student", 4),
)
def questionnaires(request: Request, student_id: UUID, using: Current, asking: Asking) -> HTMLResponse:
    """What a student and those around them answered, against the starting point; what is begun, and what is due."""
    student, setting = using.reader.student_and_setting(student_id)
    raters = answered(using.reader, student_id, using.ledger.now(), None)
    begun = ((draft, using.reader.definition(draft.instrument)) for draft in _drafts_of(using, student_id))
    drafts = [(draft, definition) for draft, definition in begun if definition is not None]
    return show(
        request,
        "questionnaires.html",
        student=student,
        head=head_of(using, asking, student, setting),
        setting=setting,
        raters=[_told(rater) for rater in raters],
        drafts=drafts,
        who=said_table(WHO),
    )


def _told(rater: Rater) -> dict[str, Any]:
    """One rater's scores in words: the starting point, now, and whether the change is more than noise."""
    rows = []
    compared = rater.compared()
    for score in rater.instrument.scores:
        results = [
            (answering.day, answering.scored.scores[score.id])
            for answering in rater.answers
            if answering.scored is not None
        ]
        change = compared[score.id]
        rows.append(
            {
                "label": score.label,
                "first": results[0][1].in_words() if results else "–",
                "now": results[-1][1].in_words() if len(results) > 1 else "–",
                "change": _change(change),
                "plain": results[-1][1].band.plain if results and results[-1][1].band else None,
            }
        )
    days = [answering.day for answering in rater.answers]
    latest = rater.answers[-1].scored if rater.answers else None
    items = (
        [(rater.instrument.labels[item], scored.label, scored.stage) for item, scored in latest.items.items()]
        if latest and not rater.instrument.scores
        else []
    )
    return {
        "rater": rater,
        "rows": rows,
        "days": days,
        "erased": sum(answer.scored is None for answer in rater.answers),
        "items": items,
    }


def _change(change: Any) -> str:
    if change is None:
        return "–"
    words = {"better": "better", "worse": "harder", "same": "the same", "different": "different"}[change.direction]
    noise = {True: ", more than chance", False: ", may be chance", None: ""}[change.reliable]
    return f"{change.change:+g} ({words}{noise if change.change else ''})"


def _drafts_of(using: Service, student_id: UUID) -> list[Draft]:
    """What was begun and not finished, in every record of a child, the newest first."""
    drafts = [draft for record in using.ledger.states.records(student_id) for draft in using.drafts.of(record)]
    return sorted(drafts, key=lambda draft: draft.saved_at, reverse=True)


@router.get("/students/{student_id}/questionnaires/thanks", gate=Gate("record", handed_over=True))
def thanks(request: Request, student_id: UUID, using: Current, kept: int = 0) -> HTMLResponse:
    """Thanks whoever answered, and asks for the tablet back."""
    student, _ = using.reader.student_and_setting(student_id)
    return show(
        request, "thanks.html", student=student, kept=kept, handed_over=request.query_params.get("as") in HANDED_OVER
    )


@router.get("/students/{student_id}/questionnaires/{framework_id}/{version}", gate=Gate("record", handed_over=True))
def answer_page(
    request: Request,
    student_id: UUID,
    framework_id: str,
    version: int,
    using: Current,
    asking: Asking,
    respondent: str,
    draft: str = "",
    language: str = "",
) -> HTMLResponse:
    """The questions, with what was answered so far.

    A student's or carer's ties the session to this page until staff take the tablet back.
    """
    student, _ = using.reader.student_and_setting(student_id)
    instrument = _instrument(using, f"{framework_id}@{version}")
    known = next((begun for begun in _drafts_of(using, student_id) if str(begun.id) == draft), None)
    if respondent not in WHO:
        raise Unknown
    if asking.session is not None and asking.session.handed_over is None and respondent in HANDED_OVER:
        using.accounts.hand_over(asking.secret, request.url.path)
    shown = instrument.in_language(language)
    return _questions(
        request,
        using,
        student,
        shown,
        respondent,
        str(known.id if known else new_id()),
        known.answers if known else {},
        [],
    )


def _instrument(using: Service, key: str) -> Definition:
    instrument = using.reader.definition(key)
    if instrument is None or instrument.kind != "instrument" or instrument.about != "student":
        raise Unknown
    return instrument


def _questions(
    request: Request,
    using: Service,
    student: StudentBody,
    instrument: Definition,
    respondent: str,
    draft: str,
    answers: dict[str, Any],
    problems: list[str],
) -> HTMLResponse:
    sections: list[tuple[str, list[dict[str, Any]]]] = []
    for item, above in instrument.walk():
        if item.id not in instrument.scored:
            continue
        heading = above[-1].label if above else ""
        if not sections or sections[-1][0] != heading:
            sections.append((heading, []))
        scale = instrument.scored[item.id]
        question = {
            "id": item.id,
            "label": item.label,
            "plain": item.plain,
            "scale": scale,
            "choices": [(str(value), label) for value, label in scale.choices],
            "value": answers.get(item.id),
        }
        sections[-1][1].append(question)
    return show(
        request,
        "answer.html",
        422 if problems else 200,
        student=student,
        instrument=instrument,
        respondent=respondent,
        who=said_table(WHO),
        draft=draft,
        languages=_languages(using, instrument),
        begun=using.ledger.clock().isoformat(),
        sections=sections,
        total=len(instrument.scored),
        problems=problems,
        handed_over=respondent in HANDED_OVER,
        skips=[
            (MISSING_MARK + reason, words)
            for reason, words in (("not-applicable", "Does not apply"),)
            if reason in instrument.missing
        ],
    )


def _languages(using: Service, instrument: Definition) -> list[str]:
    """The languages in which it can be read, the one shown first left out; empty where there is one only."""
    authored = _instrument(using, instrument.key)
    return [
        translation for translation in (authored.language, *authored.translations) if translation != instrument.language
    ]


@router.post("/students/{student_id}/questionnaires/{framework_id}/{version}", gate=Gate("record", handed_over=True))
async def answer(
    request: Request, student_id: UUID, framework_id: str, version: int, using: Using, asking: Asking
) -> Response:
    """Keeps the answers so far, or finishes: the entry is recorded once, however often the page is sent."""
    form = await read_form(request)
    return await run_in_threadpool(_answer, request, student_id, f"{framework_id}@{version}", using, asking, form)


def _answer(request: Request, student_id: UUID, key: str, using: Service, asking: Asker, form: FormData) -> Response:
    student, setting = using.reader.student_and_setting(student_id)
    instrument, draft = _instrument(using, key), id_of(form, "draft")
    respondent, by = text_of(form, "respondent"), str(asking.person)
    if respondent not in WHO:
        raise Unknown
    answers = {
        item: level if level.startswith(MISSING_MARK) else scale.read(level)
        for item, scale in instrument.scored.items()
        if (level := text_of(form, f"answer:{item}").strip())
    }
    if text_of(form, "do") in ("keep", "later"):
        # What was sent before Finish and arrived after it is recorded already, and nothing is left to keep.
        so_far = Draft(draft, student_id, instrument.key, respondent, using.ledger.clock(), answers)
        kept = _recorded(using, draft) == answers or using.drafts.keep(so_far)
        if text_of(form, "do") == "keep":
            return Response(status_code=204 if kept else 409)
        if not kept:
            return _questions(request, using, student, instrument, respondent, str(draft), answers, [ERASED])
        return RedirectResponse(f"/students/{student_id}/questionnaires/thanks?as={respondent}&kept=1", 303)
    entry: dict[str, Any] = {
        "id": str(draft),
        "kind": InstrumentAnswered.TOPIC,
        "setting_id": setting["id"],
        "student_id": student["id"],
        "author_id": by,
        "device_time": text_of(form, "begun") or using.ledger.clock().isoformat(),
        "instrument": {"id": instrument.id, "version": instrument.version},
        "respondent": respondent,
        "answers": answers,
    }
    result = using.ledger.record([entry], sender=asking.writer).results[0]
    if result.status == "conflict":
        # The page was gone back to and the answers changed: what was sent first stands, and this corrects it.
        again = str(entry_id(draft, orjson.dumps(answers, option=orjson.OPT_SORT_KEYS).decode()))
        change = {name: entry[name] for name in ("setting_id", "student_id", "author_id", "device_time")}
        change |= {
            "id": again,
            "kind": "entry-corrected",
            "entry_id": entry["id"],
            "replacement": entry,
            "reason_code": "answered-again",
        }
        result = using.ledger.record([change], sender=asking.writer).results[0]
    if result.status not in ("recorded", "duplicate"):
        using.drafts.keep(Draft(draft, student_id, instrument.key, respondent, using.ledger.clock(), answers))
        return _questions(
            request,
            using,
            student,
            instrument,
            respondent,
            str(draft),
            answers,
            [result.message or "This could not be recorded."],
        )
    for record in using.ledger.states.records(student_id):
        using.drafts.forget(record, draft)
    return RedirectResponse(
        f"/students/{student_id}/questionnaires/thanks?as={respondent}&min_position={result.position or 0}", 303
    )


def _recorded(using: Service, entry: UUID) -> dict[str, Any] | None:
    """The answers that were recorded under an id, or None."""
    known = using.ledger.recorder.find([entry]).get(entry)
    return answers_of(using.ledger.read([known.position])[0]) if known else None

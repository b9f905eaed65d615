"""A page on which a slot is scored: every expected student against one framework. Sending it twice is harmless."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.application.ledger import new_id
from api.asking import Asker, Asking
from api.gate import gated
from api.service import Current, Json, Service, Using
from api.show import id_of, read_form, setting_for, show, text_of
from frameworks import Definition
from frameworks.parts import MISSING, MISSING_MARK, Scale
from projections.reading import Body, Unknown, age_on, timetable_on
from projections.session_sheet import session_sheet

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
AGAIN = "it was saved from this sheet with another score. It stands as it was saved; change it below if it is wrong."


@router.get("/sessions")
def session_page(
    request: Request,
    using: Current,
    asking: Asking,
    setting: str = "",
    on: str = "",
    slot: str = "",
    framework: str = "",
    informant: str = "teacher",
    saved: int = 0,
) -> HTMLResponse:
    """The sheet of a slot: choose a day, a slot and a framework, and score."""
    body, settings = setting_for(using.reader, asking, setting, "read-group")
    now = using.ledger.clock().astimezone(ZoneInfo(body["time_zone"]))
    day = _day(on, _last_school_day(body, now.date()))
    slots = timetable_on(body, day.isoformat())
    begun = [one for one in slots if day < now.date() or one["starts"][:5] <= f"{now:%H:%M}"]
    chosen = next((one for one in slots if one["id"] == slot), begun[-1] if begun and day == now.date() else slots[0] if slots else None)
    frameworks = using.reader.newest("outcomes", day)
    definition = next((one for one in frameworks if one.key == framework), None) or _usual(frameworks, chosen)
    grid = _grid(using, asking, body, day, chosen, definition, informant) if chosen and definition else None
    return show(
        request, "session.html", setting=body, settings=settings, day=day.isoformat(), slots=slots, slot=chosen, frameworks=frameworks, framework=definition,
        grid=grid, form=str(new_id()), saved=saved, problems=[], informant=informant,
    )  # fmt: skip


@router.post("/sessions")
async def session_score(request: Request, using: Using, asking: Asking) -> Response:
    """Records what was scored and corrects what was changed; says at once what could not be taken."""
    return await run_in_threadpool(_score, request, using, asking, await read_form(request))


def _day(said: str, today: date) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return today


def _last_school_day(setting: Body, today: date) -> date:
    """Today, or the last day before it on which any slot is held."""
    for back in range(14):
        day = today - timedelta(days=back)
        if any(day.isoweekday() in slot["weekdays"] for slot in timetable_on(setting, day.isoformat())):
            return day
    return today


def _usual(frameworks: list[Definition], slot: Body | None) -> Definition | None:
    """The framework to start with: the one with most to look for in such a slot."""
    if slot is None:
        return None
    return max(frameworks, key=lambda one: len(one.expected_in_slot(slot["kind"])), default=None)


def _grid(using: Service, asking: Asker, setting: Body, day: date, slot: Body, framework: Definition, informant: str) -> list[Json]:
    """Indicators by theme, with a cell for each student that holds what this informant scored: raters are kept apart."""
    mine = asking.among(using.reader.everyone(setting), "read-group")
    sheet = session_sheet(using.reader, UUID(setting["id"]), day, slot["id"], mine)
    students = sorted(sheet["students"], key=lambda student: str(student["name"]))
    bodies = {body["id"]: body for body in mine}
    own = using.reader.own_labels(list(bodies.values())) if any(item.per_student for item in framework.by_id.values()) else {}
    asked = {student["student_id"]: set(framework.in_slot(slot["kind"], setting["id"], age_on(bodies[student["student_id"]], day))) for student in students}
    said = {
        (student["student_id"], score["indicator"]): score
        for student in students
        for score in student["scores"]
        if (score["framework"], score["informant"]) == (framework.key, informant)
    }
    themes: dict[str, Json] = {}
    for indicator in framework.in_slot(slot["kind"], setting["id"]):
        theme = themes.setdefault(framework.theme[indicator], {"label": framework.labels[framework.theme[indicator]], "students": students, "rows": []})
        scale, item = framework.scored[indicator], framework.by_id[indicator]
        cells = []
        for student in (one for one in students if indicator in asked[one["student_id"]]):
            words = own.get(student["student_id"], {}).get(framework.id, {})
            for name in [one for one in words if one.rpartition(".")[0] == indicator] if item.per_student else [indicator]:
                cells.append(_cell(student, name, words.get(name, ""), said.get((student["student_id"], name))))
        theme["rows"].append({"id": indicator, "label": item.label, "plain": item.plain, "choices": choices(scale), "scale": scale, "cells": cells})
    return list(themes.values())


def _cell(student: Json, indicator: str, words: str, score: Json | None) -> Json:
    value = "" if score is None else MISSING_MARK + score["missing"] if score["missing"] else str(score["level"])
    return {
        "student_id": student["student_id"],
        "name": student["name"],
        "indicator": indicator,
        "words": words,
        "value": value,
        "entry_id": score["entry_id"] if score else "",
    }


def choices(scale: Scale) -> list[tuple[str, str]]:
    """What can be chosen on a scale; an empty list where a number or words are typed."""
    if scale.levels:
        return [(str(level.value), level.label) for level in scale.levels]
    if scale.type == "numeric" and scale.min is not None and scale.max is not None and (scale.step or 0) and (scale.max - scale.min) / (scale.step or 1) <= 20:
        count = round((scale.max - scale.min) / (scale.step or 1))
        numbers = [scale.min + n * (scale.step or 1) for n in range(count + 1)]
        return [(f"{number:g}", f"{number:g}") for number in numbers]
    return []


def entry_id(form: UUID, *names: str) -> UUID:
    """The id of one entry of a form: a UUIDv7 that is always the same, so that sending the form again is a duplicate."""
    made = bytearray(hashlib.sha256("/".join((str(form), *names)).encode()).digest()[:16])
    made[:6] = form.bytes[:6]
    made[6], made[8] = 0x70 | made[6] & 0x0F, 0x80 | made[8] & 0x3F
    return UUID(bytes=bytes(made))


def _score(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, settings = setting_for(using.reader, asking, text_of(form, "setting"), "read-group")
    day, slot_id, key = _day(text_of(form, "on"), date.min), text_of(form, "slot"), text_of(form, "framework")
    framework = using.reader.definition(key)
    slot = next((one for one in timetable_on(setting, day.isoformat()) if one["id"] == slot_id), None)
    if framework is None or slot is None:
        raise Unknown
    entries = _entries(using, asking, form, setting, day, slot, framework)
    results = using.ledger.record(entries, sender=asking.writer).results if entries else []
    problems = _problems(entries, results, framework)
    position = max((result.position or 0 for result in results), default=0)
    informant = text_of(form, "informant") or "teacher"
    back = f"/sessions?setting={setting['id']}&on={day}&slot={slot_id}&framework={key}&informant={informant}"
    if not problems:
        return RedirectResponse(f"{back}&saved={len(entries)}&min_position={position}", 303)
    using.runner.wait_for(position)
    return show(
        request, "session.html", 422, setting=setting, settings=settings, day=day.isoformat(), slots=timetable_on(setting, day.isoformat()), slot=slot,
        frameworks=using.reader.newest("outcomes", day), framework=framework, grid=_grid(using, asking, setting, day, slot, framework, informant),
        form=str(new_id()), saved=0, problems=problems, informant=informant,
    )  # fmt: skip


def _entries(using: Service, asking: Asker, form: FormData, setting: Body, day: date, slot: Body, framework: Definition) -> list[Json]:
    """An entry for each cell that was filled, a correction for each that was changed, a void for each that was emptied."""
    sent, author = id_of(form, "form"), asking.person
    at = datetime.combine(day, datetime.strptime(slot["starts"][:5], "%H:%M").time(), ZoneInfo(setting["time_zone"]))
    made: list[Json] = []
    for name, value in form.items():
        _, _, cell = name.partition("score:")
        student, _, indicator = cell.partition(":")
        scale = framework.scale_of(indicator) if indicator and isinstance(value, str) else None
        before, known = text_of(form, f"was:{cell}"), text_of(form, f"entry:{cell}")
        if scale is None or not isinstance(value, str) or value.strip() == before:
            continue
        said: Mapping[str, Any] = {"missing": value[1:]} if value.startswith(MISSING_MARK) and value[1:] in MISSING else {"level": scale.read(value.strip())}
        head = {"setting_id": setting["id"], "student_id": student, "author_id": str(author)}
        score = {
            "kind": "outcome-scored", **head, "device_time": at.isoformat(), "session": {"date": day.isoformat(), "slot": slot["id"]},
            "framework": {"id": framework.id, "version": framework.version}, "indicator": indicator, "informant": text_of(form, "informant") or "teacher", **said,
        }  # fmt: skip
        # A fresh score has one id for its cell; each later change of it has its own, because it may be changed again.
        own = str(entry_id(sent, student, indicator, *([value.strip()] if known else [])))
        now = using.ledger.clock().isoformat()
        if not known:
            made.append({"id": own, **score})
        elif value.strip():
            made.append(
                {
                    "id": own,
                    "kind": "entry-corrected",
                    **head,
                    "device_time": now,
                    "entry_id": known,
                    "replacement": {"id": known, **score},
                    "reason_code": "changed-on-the-sheet",
                }
            )
        else:
            made.append({"id": own, "kind": "entry-voided", **head, "device_time": now, "entry_id": known, "reason_code": "emptied-on-the-sheet"})
    return made


def _problems(entries: list[Json], results: list[Any], framework: Definition) -> list[str]:
    found: dict[str, int] = {}
    for entry, result in zip(entries, results, strict=True):
        sent_before = result.status == "conflict" and entry["kind"] != "outcome-scored"
        if result.status in ("refused", "conflict", "held") and not sent_before:
            about = entry.get("replacement", entry).get("indicator")
            label = framework.label_of(about) if about else None
            said = (f"{label}: " if label else "") + (AGAIN if result.status == "conflict" else result.message or result.status)
            found[said] = found.get(said, 0) + 1
    return [said + (f" ({times} times)" if times > 1 else "") for said, times in found.items()]

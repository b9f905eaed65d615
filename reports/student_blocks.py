"""Blocks about the one student of a report: figures, themes, how far, what went well, what comes next, words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from ap_ledger.errors import SetupError
from ap_ledger.events.entries import ContextNoted, VoiceHeard
from ap_ledger.kinds.items import DefinitionItem
from projections.queries.entries import entries_at
from projections.queries.own_words import own_labels
from projections.queries.period_facts import StudentPeriod
from projections.uncertainty import change, share
from reports import plain_words
from reports.blocks import Column, FigureBlock, Listing, Paragraph, Quote, Shown, Table, Trace
from reports.columns import OUTCOMES, RUNGS, SESSIONS, VOICES, faces, in_words, percent, points, trace_of
from reports.context import Blocks, Context
from reports.figures import ladder_over_time
from reports.period_figures import (
    by_kind,
    by_theme,
    faces_chosen,
    themes_then_and_now,
    week_by_slot,
    weeks_attended,
    weeks_of,
)


def figure(context: Context, show: str, height: int | None = None) -> Blocks:
    """A figure about the one student: ladder, attendance, themes, week or faces.

    Where there are several, attendance of all.
    """
    period = context.periods[0] if context.periods else None
    if not context.one_student or period is None:
        yield from _figure_of_all(context, height) if show == "attendance" else ()
        return
    makers: Mapping[str, Callable[[], Iterator[FigureBlock]]] = {
        "ladder": lambda: _ladder_figures(context, period, height),
        "attendance": lambda: _drawn(weeks_attended(weeks_of(period.in_period)), period, SESSIONS, height),
        "themes": lambda: (
            block
            for theme in period.themes
            for block in _drawn(themes_then_and_now(theme), period, OUTCOMES, height, theme.framework.key)
        ),
        "week": lambda: (
            block
            for theme in period.themes
            for block in _drawn(week_by_slot(theme), period, OUTCOMES, height, theme.framework.key)
        ),
        "faces": lambda: _drawn(faces_chosen(faces(period)), period, VOICES, height),
    }
    if show not in makers:
        raise SetupError(f"There is no figure {show}. There are: {', '.join(makers)}.")
    yield from makers[show]()


def _figure_of_all(context: Context, height: int | None) -> Blocks:
    """Everybody's sessions week by week.

    Weeks and their sums cross, so this is drawn only for those who may see everything.
    """
    figure = weeks_attended(weeks_of([day for period in context.periods for day in period.in_period]))
    if figure is not None:
        yield FigureBlock(figure, height=height, single=True)


def _drawn(
    figure: Any, period: StudentPeriod, kinds: tuple[str, ...], height: int | None, about: str = ""
) -> Iterator[FigureBlock]:
    if figure is not None:
        yield FigureBlock(figure, trace_of(period, kinds, period.first, period.last, about), height=height, single=True)


def _ladder_figures(context: Context, period: StudentPeriod, height: int | None) -> Iterator[FigureBlock]:
    ladder = period.main_ladder
    if ladder is None:
        return
    path = [
        [day, ladder.order[place] if place >= 0 else None]
        for day, place in zip(ladder.days, ladder.places, strict=True)
    ]
    climbed = {**ladder.marks, "path": path}
    own = (
        own_labels(context.reader, [period.student])[period.student["id"]]
        if context.opens(UUID(period.student["id"]), "learning", period.as_of)
        else {}
    )
    figure = ladder_over_time(
        ladder.ladder,
        climbed,
        own.get(ladder.ladder.id),
        [(setback.first, setback.last) for setback in ladder.setbacks],
    )
    first = date.fromisoformat(period.days[0][0]) if period.days else period.first
    yield FigureBlock(figure, trace_of(period, RUNGS, first, period.last), height=height, single=True)


def themes_table(context: Context) -> Blocks:
    """For each framework a row a theme: at the start, lately, the change, and the period by kind of slot.

    Of one student only.
    """
    for facts in context.student.themes if context.one_student else ():
        then, now, all_ = by_theme(facts.baseline), by_theme(facts.latest), by_theme(facts.period)
        kinds = [kind for kind in ("lesson", "break", "lunch") if kind in by_kind(facts.period)]
        columns = [
            Column("theme", "Theme"),
            Column("seen_baseline", "At the start"),
            Column("seen_latest", "Lately"),
            Column("seen_change", "Change"),
            Column("seen_n", "Looked for"),
            *(Column(f"seen_{kind}", kind.capitalize()) for kind in kinds),
        ]
        period, rows = context.student, []
        for item in facts.framework.items:
            if item.id not in all_:
                continue
            before, after = share(*then.get(item.id, (0, 0))), share(*now.get(item.id, (0, 0)))
            moved = change(before, after)
            about = DefinitionItem(facts.framework.key, item.id).packed()
            trace = trace_of(period, OUTCOMES, period.first, period.last, about)
            rows.append(
                [
                    Shown(facts.framework.labels[item.id]),
                    Shown(in_words(before), before, trace),
                    Shown(in_words(after), after, trace),
                    Shown(points(moved) if moved else in_words(None), moved),
                    Shown(str(all_[item.id][1]), all_[item.id][1], trace),
                    *(_of(facts.period.get((item.id, kind)), trace) for kind in kinds),
                ]
            )
        yield Table(
            f"themes-{facts.framework.id}",
            f"{facts.framework.title}, by theme",
            columns,
            rows,
            "Shares with 95 % intervals.",
            single=True,
        )


def _of(cell: Sequence[int] | None, trace: Trace) -> Shown:
    return (
        Shown(f"{cell[0]} of {cell[1]}", percent(cell[0], cell[1]), trace)
        if cell and cell[1]
        else Shown(in_words(None))
    )


def distance(context: Context) -> Blocks:
    """How far from the starting point, in words, with what is uncertain about it."""
    ladder = context.student.main_ladder
    yield Paragraph(plain_words.distance(ladder) if ladder else "No contact has been recorded yet.", single=True)


def strengths(context: Context) -> Blocks:
    """What went well, in plain words: what was seen often, first times, and what was learned."""
    lines = plain_words.strengths(context.student)
    yield (
        Listing(lines, single=True)
        if lines
        else Paragraph("We are still getting to know each other. There will be more here next time.", single=True)
    )


def next_steps(context: Context, limit: int = 4) -> Blocks:
    """The next rung and the next units, in plain words."""
    lines = plain_words.next_steps(context.reader, context.student, limit)
    yield Listing(lines, single=True) if lines else Paragraph("We will choose the next steps together.", single=True)


def words(context: Context, limit: int = 4) -> Blocks:
    """The student's own words of the period, the latest first, where the reader may have them."""
    period = context.student
    told = entries_at(
        context.reader,
        UUID(period.student["id"]),
        period.as_of,
        period.position,
        0,
        200,
        period.first,
        (VoiceHeard.TOPIC,),
        period.within,
    )
    shown = 0
    for entry in told:
        quoted = entry["entry"].get("words")
        when = datetime.fromisoformat(entry["recorded_at"])
        if (
            entry["status"] != "voided"
            and quoted
            and quoted != "[erased]"
            and context.opens(UUID(period.student["id"]), "learning", when)
        ):
            day = datetime.fromisoformat(entry["occurred_at"])
            yield Quote(
                quoted,
                f"{'said' if entry['entry']['speaker'] == 'student' else 'said at home'} on {day.day} {day:%B}",
                single=True,
            )
            shown += 1
            if shown == limit:
                return
    if not shown and not sum(faces(period)):
        yield Paragraph("Nothing was written down this time.", single=True)


def context_noted(context: Context) -> Blocks:
    """What came from outside, and when; words only where the reader may have them."""
    period = context.student
    told = entries_at(
        context.reader,
        UUID(period.student["id"]),
        period.as_of,
        period.position,
        0,
        100,
        period.first,
        (ContextNoted.TOPIC,),
        period.within,
    )
    lines = []
    for entry in reversed([entry for entry in told if entry["status"] != "voided"]):
        on = datetime.fromisoformat(entry["occurred_at"])
        opened = context.opens(UUID(period.student["id"]), "health", datetime.fromisoformat(entry["recorded_at"]))
        what = (
            entry["entry"]["category"].replace("-", " ") if opened else "something outside school (not for this reader)"
        )
        lines.append(f"{on.day} {on:%B}: {what}")
    yield Listing(lines, single=True) if lines else Paragraph("Nothing was noted in this period.", single=True)

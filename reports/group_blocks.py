"""Blocks about a group in numbers, as cells that wait for disclosure control."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ap_ledger.errors import SetupError
from reports.blocks import Column, Shown, Table, Tiles, Undisclosed
from reports.cohort import STUDENTS, Cohort, shown_percent
from reports.columns import COLUMNS, in_words
from reports.context import Blocks, Context


def summary(context: Context, show: str) -> Blocks:
    """A group in numbers: overview, attendance, ladder, outcomes, behaviour, curriculum or voice.

    Left out where there is one student.
    """
    if context.one_student:
        return
    if show not in SUMMARIES:
        raise SetupError(f"There is no summary {show}. There are: {', '.join(SUMMARIES)}.")
    yield from SUMMARIES[show](context.cohort)


def _pairs(
    name: str, caption: str, keys: Mapping[str, str], labels: Mapping[str, str], show: Callable[[Any], str] = in_words
) -> Table:
    rows: list[list[Shown | Undisclosed]] = [
        [Shown(labels.get(column, column)), Undisclosed(key, shown_percent if column.endswith("percent") else show)]
        for column, key in keys.items()
    ]
    return Table(name, caption, [Column("what", "What"), Column("all", "All students together")], rows)


def _summary_overview(cohort: Cohort) -> Blocks:
    keys = cohort.completeness()
    yield Tiles(
        [
            ("Students", Undisclosed(STUDENTS, in_words)),
            ("Slots scored", Undisclosed(keys["scored_percent"], shown_percent)),
        ]
    )


def _summary_attendance(cohort: Cohort) -> Blocks:
    labels = {name: column.label for name, column in COLUMNS.items()} | {"enrolments": "Students"}
    labels |= {"enrolments_pa_10_exact": "Missed 10 % or more", "enrolments_pa_50_exact": "Missed 50 % or more"}
    yield _pairs("attendance-all", "Attendance, all students together", cohort.attendance(), labels)


def _summary_ladder(cohort: Cohort) -> Blocks:
    rows: list[list[Shown | Undisclosed]] = []
    for when, keys in cohort.on_site():
        rows.append([Shown(when), *(Undisclosed(key, in_words) for key in keys)])
    names = ("on site", "away from the site", "not enough contacts yet")
    yield Table(
        "site-all",
        "Where students stood, and what they keep up",
        [Column("when", "When"), *(Column(name, name.capitalize()) for name in names)],
        rows,
    )
    middles = cohort.middles()
    if middles:
        heads = [Column("when", "When"), Column("middle", "The middle student")]
        yield Table(
            "middle-all",
            "The middle of all students",
            heads,
            [[Shown(when), Undisclosed(key, in_words)] for when, key in middles],
        )
    moved = cohort.moved()
    heads = [
        Column("what", "Now against the start"),
        *(Column(key.partition(":")[2], key.partition(":")[2].capitalize()) for key in moved),
    ]
    yield Table(
        "moved-all",
        "The middle of the latest ten contacts against the first ten",
        heads,
        [[Shown("Students"), *(Undisclosed(key, in_words) for key in moved)]],
    )
    labels = {name: COLUMNS[name].label for name in ("contacts_attempted", "contacts_made")}
    yield _pairs("contact-all", "Visits and contacts", cohort.contact(), labels)


def _summary_outcomes(cohort: Cohort) -> Blocks:
    for framework in sorted(
        {theme.framework.key: theme.framework for period in cohort.periods for theme in period.themes}.values(),
        key=lambda definition: definition.title,
    ):
        rows = cohort.themes(framework.key)
        kinds = [kind for kind in ("lesson", "break", "lunch") if any(kind in keys for _, keys in rows)]
        heads = [
            Column("theme", "Theme"),
            Column("seen", "Seen"),
            Column("of", "Looked for"),
            Column("share", "Share"),
            *(Column(kind, kind.capitalize()) for kind in kinds),
        ]
        missing = Shown(in_words(None))
        cells: list[list[Shown | Undisclosed]] = [
            [
                Shown(theme),
                Undisclosed(keys["seen"], in_words),
                Undisclosed(keys["of"], in_words),
                Undisclosed(keys["share"], shown_percent),
                *(Undisclosed(keys[kind], shown_percent) if kind in keys else missing for kind in kinds),
            ]
            for theme, keys in rows
        ]
        yield Table(
            f"outcomes-{framework.id}",
            f"{framework.title}, all students together",
            heads,
            cells,
            "Of what was looked for in the period, how much was seen.",
        )


def _summary_behaviour(cohort: Cohort) -> Blocks:
    labels = {name: COLUMNS[name].label for name in ("incidents", "restrictive", "incidents_per_100")}
    yield _pairs("behaviour-all", "Behaviour and safety, all students together", cohort.behaviour(), labels)


def _summary_curriculum(cohort: Cohort) -> Blocks:
    keys = cohort.curriculum()
    yield _pairs(
        "curriculum-all", "Steps in learning, all students together", keys, {name: COLUMNS[name].label for name in keys}
    )


def _summary_voice(cohort: Cohort) -> Blocks:
    keys = cohort.voice()
    labels = {"voices": "Times anybody was heard", "faces": "Faces chosen by students"}
    yield _pairs(
        "voice-all", "Voice, all students together", keys, {name: labels.get(name, f"of these {name}") for name in keys}
    )


SUMMARIES: Mapping[str, Callable[[Cohort], Blocks]] = {
    "overview": _summary_overview, "attendance": _summary_attendance, "ladder": _summary_ladder,
    "outcomes": _summary_outcomes,
    "behaviour": _summary_behaviour, "curriculum": _summary_curriculum, "voice": _summary_voice,
}  # fmt: skip

"""Two periods of one student side by side, in groups, with what changed between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from projections.queries.period_facts import StudentPeriod
from reports.blocks import Shown
from reports.columns import COLUMNS
from reports.disclosure import NOT_APPLICABLE
from reports.period_figures import by_theme

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("How far contact got", ("contacts_attempted", "contacts_made", "kept_up", "highest_sustained")),
    (
        "Sessions",
        (
            "sess_possible", "sess_attended", "sess_late", "sess_overall_percent", "sess_cancelled_by_us",
            "hours_attended",
        ),
    ),
    ("Learning", ("units_started", "units_secure", "units_secured")),
    ("Their voice", ("voices", "goal_latest")),
    ("Incidents", ("incidents", "incidents_per_100", "restrictive", "flashpoints")),
)  # fmt: skip
"""What two periods are compared on, under the headings of the page."""
RUNG_MARKS = {"kept_up": "sustained", "highest_sustained": "highest_sustained"}
"""The columns that name a rung, with the mark of the ladder that they show."""
NOTHING = "–"
SAME = "the same"


@dataclass(frozen=True)
class ComparedRow:
    """One thing in both periods; `change` is empty where the periods share days, since then nothing is told of it."""

    label: str
    means: str
    cells: Sequence[Shown]
    change: str


@dataclass(frozen=True)
class ComparedGroup:
    """Things that belong together, under one heading."""

    title: str
    rows: Sequence[ComparedRow]


def share_days(before: StudentPeriod, after: StudentPeriod) -> bool:
    """Whether two periods have a day in common, so that no change between them can be told."""
    return before.first <= after.last and after.first <= before.last


def compared(before: StudentPeriod, after: StudentPeriod) -> list[ComparedGroup]:
    """Both periods, group by group. What neither says anything of is left out."""
    both, apart = (before, after), not share_days(before, after)
    groups = [ComparedGroup(title, [_row(name, both, apart) for name in names]) for title, names in GROUPS]
    told = [ComparedGroup(group.title, [row for row in group.rows if _says(row)]) for group in groups]
    return [group for group in (*told[:2], *_themes(both, apart), *told[2:]) if group.rows]


def _row(name: str, both: Sequence[StudentPeriod], apart: bool) -> ComparedRow:
    return ComparedRow(
        COLUMNS[name].label, COLUMNS[name].means, _cells(name, both), _change(name, both) if apart else ""
    )


def _says(row: ComparedRow) -> bool:
    return any(cell.text != NOTHING for cell in row.cells)


def _cells(name: str, both: Sequence[StudentPeriod]) -> list[Shown]:
    cells = [COLUMNS[name].cell(period) for period in both]
    return [Shown(NOTHING, cell.raw) if cell.text == NOT_APPLICABLE else cell for cell in cells]


def _change(name: str, both: Sequence[StudentPeriod]) -> str:
    if name in RUNG_MARKS:
        return _further([_place(period, RUNG_MARKS[name]) for period in both])
    before, after = (COLUMNS[name].value(period) for period in both)
    return in_words(before, after)


def _place(period: StudentPeriod, mark: str) -> int | None:
    """The place of a rung on the ladder with most contacts."""
    ladder = period.main_ladder
    rung: Any = ladder.marks.get(mark) if ladder else None
    return None if ladder is None or rung is None else ladder.ladder.place(rung)


def _further(places: Sequence[int | None]) -> str:
    before, after = places
    if before is None or after is None:
        return NOTHING
    # A ladder has an order and no distances, so the change is a direction and no number.
    return SAME if before == after else "further" if after > before else "less far"


def in_words(before: Any, after: Any) -> str:
    """How much more or less a number is than it was; nothing of what is no number."""
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (before, after)):
        return NOTHING
    moved = round(after - before, 1)
    return SAME if moved == 0 else f"{abs(moved):g} {'more' if moved > 0 else 'less'}"


def _themes(both: Sequence[StudentPeriod], apart: bool) -> list[ComparedGroup]:
    """A group for each framework: of how often each theme was looked for, how often it was seen."""
    seen: dict[str, dict[str, list[tuple[int, int]]]] = {}
    labels: dict[str, str] = {}
    for place, period in enumerate(both):
        for facts in period.themes:
            for item in facts.framework.items:
                labels[item.id] = facts.framework.labels[item.id]
            for theme, counts in by_theme(facts.period).items():
                pair = seen.setdefault(facts.framework.title, {}).setdefault(theme, [(0, 0), (0, 0)])
                pair[place] = (counts[0], counts[1])
    return [
        ComparedGroup(
            title,
            [
                ComparedRow(
                    labels.get(theme, theme),
                    "Seen, of the times that it was looked for.",
                    [Shown(f"{part} of {whole}" if whole else NOTHING) for part, whole in pair],
                    _points(pair) if apart else "",
                )
                for theme, pair in themes.items()
            ],
        )
        for title, themes in sorted(seen.items())
    ]


def _points(pair: Sequence[tuple[int, int]]) -> str:
    shares = [100 * part / whole if whole else None for part, whole in pair]
    if shares[0] is None or shares[1] is None:
        return NOTHING
    moved = round(shares[1] - shares[0])
    return SAME if moved == 0 else f"{abs(moved)} in 100 {'more' if moved > 0 else 'less'}"

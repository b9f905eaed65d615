"""What was seen of what was looked for, theme by theme and kind of slot by kind of slot: a dot for the share, and a bar
where the true share may lie.

It is drawn by the page itself and not by Plotly, so that it moves with the slider over time at once, and is no wider
than a phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ap_ledger.events.entries import OutcomeScored
from frameworks import Definition
from projections.outcomes import seen_by_theme
from projections.uncertainty import Interval, share

SLOT_ORDER = (
    "arrival", "tutor", "wellbeing", "lesson", "intervention", "break", "lunch", "transition",
    "off-site", "home-visit", "online", "reflection", "transport",
)  # fmt: skip
NO_SLOT = "none"


@dataclass(frozen=True)
class Cell:
    """How often something was seen and looked for, and the share of it with its 95 per cent interval; None where it was
    not looked for yet."""

    seen: int
    of: int
    share: Interval | None

    @property
    def words(self) -> str:
        """The counts as they are read."""
        return f"{self.seen} of {self.of}" if self.of else "–"


@dataclass(frozen=True)
class Theme:
    """One theme of a framework: its id, what it is called, and a cell for each kind of slot; None where there will be
    none."""

    id: str
    label: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True)
class SeenBySlot:
    """What was seen of one framework, with the same in words and as the rows of a table."""

    key: str
    title: str
    alt: str
    kinds: Sequence[tuple[str, str]]
    """The kinds of slot in the order of a day: the id and the words of each."""
    themes: Sequence[Theme]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    entries: tuple[str, ...] = (OutcomeScored.TOPIC,)
    """The kinds of the entries behind it."""


def seen_by_slot(
    framework: Definition, outcomes: Mapping[str, Any] | None, whole: Mapping[str, Any] | None = None
) -> SeenBySlot:
    """What was seen of one framework, out of a progress's outcomes (None where there are none yet). Only yes-or-no
    indicators are added together.

    `whole` are the outcomes of all days, where the first are those until a day: it has a place for each of them.
    """
    counts = seen_by_theme(framework, outcomes) if outcomes else {}
    places = (seen_by_theme(framework, whole) if whole is not None else counts).keys() | counts.keys()
    there = {kind for _, kind in places}
    kinds = [(kind, _called(kind)) for kind in (*SLOT_ORDER, NO_SLOT) if kind in there]
    themes = [
        Theme(
            item.id,
            framework.labels[item.id],
            [_cell(counts.get((item.id, kind), (0, 0))) if (item.id, kind) in places else None for kind, _ in kinds],
        )
        for item in framework.items
        if any(theme == item.id for theme, _ in places)
    ]
    seen, of = (sum(cell[place] for cell in counts.values()) for place in (0, 1))
    return SeenBySlot(
        framework.key,
        framework.title,
        f"Seen {seen} of {of} times that it was looked for.",
        kinds,
        themes,
        ("Theme", *(words for _, words in kinds)),
        [(theme.label, *(cell.words if cell else "–" for cell in theme.cells)) for theme in themes],
    )


def _called(kind: str) -> str:
    return "No slot" if kind == NO_SLOT else kind.replace("-", " ").capitalize()


def _cell(counts: Sequence[int]) -> Cell:
    seen, of = counts
    return Cell(seen, of, share(seen, of))

"""Small drawings of how far contact got, as SVG made by the server: a tile of the wall, and the line of the last few
contacts beside a sentence.

Colours come from classes alone, so that a drawing follows light, dark and print. Dots are hollow for visits and full
for on site, so that no meaning hangs on a colour. All dots of a kind are one path: of hundreds of drawings a page stays
light.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frameworks import Definition
from projections.queries.journeys import LINE_FROM, Contact, Path

WIDTH, TOP, BOTTOM, EDGE = 182, 6, 74, 5
"""A tile of the wall: how wide it is, between which heights its rungs lie, and how far dots keep from its sides."""
TICKS, HEIGHT = (81, 89), 92
"""Between which heights the ticks for nobody there stand, and how high a tile is."""
SHORTEST = 28 * 86_400_000_000
"""A tile is at least four weeks wide, in microseconds, so that a few days are not drawn as if they were a year."""
LAST, BESIDE, BESIDE_TOP, BESIDE_BOTTOM, BESIDE_TICKS = 14, (130, 44), 4, 32, (37, 44)
"""The drawing beside a sentence: how many contacts, its size, the heights of its rungs and of its ticks."""


def wall_tile(path: Path, now: int) -> str:
    """One student's whole path, from its first contact until now (in microseconds). Empty where there is none."""
    ladder, contacts = path.ladder, path.contacts
    if ladder is None or not contacts:
        return ""
    began = contacts[0].at
    span = max(SHORTEST, now - began)

    def x(at: int) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * (at - began) / span

    height = Heights(ladder, TOP, BOTTOM)
    parts = [_zone(ladder, height, WIDTH, 4), _start(path, height, WIDTH)]
    if len(path.reached) >= LINE_FROM:
        line = path.line
        over = [f"{x(middle.at):.1f} {height(middle.high):.1f}" for middle in line]
        under = [f"{x(middle.at):.1f} {height(middle.low):.1f}" for middle in reversed(line)]
        parts.append(f'<path class="l-band" d="M{"L".join([*over, *under])}Z"/>')
        middles = "L".join(f"{x(middle.at):.1f} {height(middle.place):.1f}" for middle in line)
        parts.append(f'<path class="l-line" d="M{middles}"/>')
    parts += _dots([(x(contact.at), contact) for contact in contacts], height, TICKS)
    return _svg("ladder", WIDTH, HEIGHT, parts)


def last_contacts(path: Path) -> str:
    """The last few contacts, one beside the other. Empty where there is none."""
    ladder, contacts = path.ladder, path.contacts[-LAST:]
    if ladder is None or not contacts:
        return ""
    width, tall = BESIDE
    step = (width - 12) / (LAST - 1)
    height = Heights(ladder, BESIDE_TOP, BESIDE_BOTTOM)
    placed = [(6 + step * (place + LAST - len(contacts)), contact) for place, contact in enumerate(contacts)]
    parts = [_zone(ladder, height, width, 3), _start(path, height, width)]
    parts += _dots(placed, height, BESIDE_TICKS)
    return _svg("ladder beside", width, tall, parts)


class Heights:
    """The height of each place of a ladder between two heights, the lowest place at the bottom."""

    def __init__(self, ladder: Definition, top: float, bottom: float) -> None:
        self._top, self._bottom, self._last = top, bottom, max(1, len(ladder.rank) - 1)

    def __call__(self, place: int) -> float:
        return self._bottom - (self._bottom - self._top) * max(0, place) / self._last


def _zone(ladder: Definition, height: Heights, width: int, more: float) -> str:
    """The steps that are on site, as a field behind everything."""
    places = [place for place, (rung, _) in enumerate(ladder.climb()) if rung.on_site]
    if not places:
        return ""
    top, bottom = height(places[-1]) - more, height(places[0]) + more
    return f'<rect class="l-zone" y="{top:.1f}" width="{width}" height="{bottom - top:.1f}" rx="5"/>'


def _start(path: Path, height: Heights, width: int) -> str:
    return "" if path.start is None else f'<path class="l-start" d="M0 {height(path.start):.1f}H{width}"/>'


def _dots(placed: Sequence[tuple[float, Contact]], height: Heights, ticks: tuple[int, int]) -> list[str]:
    visits = _points((x, height(c.place)) for x, c in placed if not c.nobody and not c.on_site)
    on_site = _points((x, height(c.place)) for x, c in placed if not c.nobody and c.on_site)
    nobody = "".join(f"M{x:.1f} {ticks[0]}V{ticks[1]}" for x, contact in placed if contact.nobody)
    # A hollow dot is a full one with a smaller one in the colour of the page upon it.
    return [
        f'<path class="{name}" d="{path}"/>'
        for name, path in (
            ("l-none", nobody), ("l-visit", visits), ("l-hollow", visits), ("l-site", on_site),
        )
        if path
    ]  # fmt: skip


def _points(points: Iterable[tuple[float, float]]) -> str:
    """Points as lines of no length, which round ends make to dots."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)


def _svg(name: str, width: int, height: int, parts: Iterable[str]) -> str:
    inner = "".join(parts)
    return f'<svg class="{name}" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">{inner}</svg>'

"""Where a page stands in the navigation: declared beside the page itself, and read by every template that leads on."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, NamedTuple

Bar = Literal["pages", "more", "student", "app"]
"""The pages at the top, those behind More, those about one student, and those of the app that needs no signal."""


Group = Literal["students", "day", "setting", "people", "own"]
MENU: dict[Group, str] = {
    "students": "Students", "day": "The day", "setting": "The setting", "people": "People and records", "own": "You",
}  # fmt: skip
"""The groups of the menu behind More, in their order, and what each is called."""


class Nav(NamedTuple):
    """A page's place in one bar: its words there, and which it is in the order of the bar.

    Whoever may any of `actions` is led to it; where none is named, whoever may what the page itself asks for. With
    `on_device` it is shown on an enrolled device only. `icon` is a picture of the sprite; the first pages that have one
    stand in the bar at the bottom of a phone. `also` are other words by which somebody may look for it;
    `group` says under which heading it stands behind More.
    """

    words: str
    bar: Bar
    place: int
    actions: tuple[str, ...] = ()
    on_device: bool = False
    icon: str = ""
    also: str = ""
    group: Group = "own"


class Link(NamedTuple):
    """A page in a bar: shown to whoever may any of `actions`, and to everybody where there are none.

    In the address of a student's page stands `{student_id}`.
    """

    address: str
    nav: Nav
    actions: tuple[str, ...]

    @property
    def words(self) -> str:
        """What it is called there."""
        return self.nav.words

    @property
    def called(self) -> str:
        """Every word under which it is found."""
        return f"{self.nav.words} {self.nav.also}"

    def of(self, student_id: str) -> str:
        """Its address for one student."""
        return self.address.replace("{student_id}", student_id)


def in_order(links: Iterable[Link]) -> tuple[Link, ...]:
    """Links as the bars show them. Raises RuntimeError where two pages want one place."""
    ordered = tuple(sorted(links, key=lambda link: (link.nav.bar, link.nav.place)))
    for before, after in pairwise(ordered):
        if (before.nav.bar, before.nav.place) == (after.nav.bar, after.nav.place):
            raise RuntimeError(f"{before.address} and {after.address} want one place in the navigation.")
    return ordered

"""Whether a setting's colour can be read, on light and on dark paper, and the shades of it that pages use.

Ratios are those of WCAG 2.2: words need 4.5 to 1 on what they stand on; edges and controls need 3 to 1, which holds
wherever words can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from colorsys import hls_to_rgb, rgb_to_hls
from functools import cache
from typing import NamedTuple

WORDS = 4.5
"""The ratio that words need."""
WHITE, BLACK, DARK_INK = "#ffffff", "#000000", "#0a1d2e"
LIGHT_SHEET, DARK_SHEET = "#ffffff", "#19222b"
LIGHT_PAPERS = ("#f8f5ef", LIGHT_SHEET, "#f0ebe1")
DARK_PAPERS = ("#10161c", DARK_SHEET, "#25303a")
"""What words stand on: the page, a sheet, a hollow. The stylesheet has the same; a test holds that."""
BAR_WORDS = "#dce7f1"
"""The quieter words of the bar at the top, which the colour stands behind."""
_STEPS = 200


class Shades(NamedTuple):
    """The colour as it is used on one kind of paper: for words and buttons, behind them, and in the bar at the top."""

    brand: str
    on_brand: str
    hover: str
    soft: str
    bar: str
    bar_soft: str
    ratio: float
    """The least ratio of the colour to what it stands on."""


class Look(NamedTuple):
    """A setting's colour on light and on dark paper."""

    light: Shades
    dark: Shades


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def ratio_on_light(colour: str) -> float:
    """The least ratio of a colour to light paper, to its own tint, and to the words of the bar that it is behind."""
    return min(contrast(colour, other) for other in (*LIGHT_PAPERS, _tint(colour, LIGHT_SHEET), BAR_WORDS))


def ratio_on_dark(colour: str) -> float:
    """The least ratio of a colour to dark paper, to its own tint, and to the words on a button of it."""
    return min(contrast(colour, other) for other in (*DARK_PAPERS, _tint(colour, DARK_SHEET), DARK_INK))


def nearest(colour: str) -> str:
    """The nearest colour of the same hue that can be read on light paper: itself where it can."""
    return _first_that_holds(colour, 0.0, ratio_on_light)


@cache
def look_of(colour: str) -> Look:
    """The shades of a colour that can be read on light paper. On dark paper a lighter one of the same hue stands."""
    dark = _first_that_holds(colour, 1.0, ratio_on_dark)
    hover = _mixed(colour, BLACK, 0.25)
    lighter_bar = _mixed(colour, WHITE, 0.14)
    bar_soft = lighter_bar if contrast(lighter_bar, BAR_WORDS) >= WORDS else hover
    on_light = Shades(colour, WHITE, hover, _tint(colour, LIGHT_SHEET), colour, bar_soft, ratio_on_light(colour))
    on_dark = Shades(
        dark, DARK_INK, _mixed(dark, WHITE, 0.3), _tint(dark, DARK_SHEET), _mixed(colour, BLACK, 0.45),
        _mixed(colour, BLACK, 0.15), ratio_on_dark(dark),
    )  # fmt: skip
    return Look(on_light, on_dark)


def _first_that_holds(colour: str, towards: float, ratio: Callable[[str], float]) -> str:
    """The first that words can be written in, from a colour on to black (0.0) or to white (1.0), in small steps."""
    hue, lightness, saturation = rgb_to_hls(*_parts(colour))
    steps = ((lightness + (towards - lightness) * step / _STEPS) for step in range(_STEPS + 1))
    shades = (colour, *(_written(hls_to_rgb(hue, at, saturation)) for at in steps))
    return next(shade for shade in shades if ratio(shade) >= WORDS)


def _tint(colour: str, sheet: str) -> str:
    """A sheet with a little of the colour in it."""
    return _mixed(colour, sheet, 0.88)


def _mixed(one: str, other: str, share: float) -> str:
    """Two colours mixed, with so much of the other in it."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return _written([first * (1 - share) + second * share for first, second in pairs])


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _written(parts: Sequence[float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)

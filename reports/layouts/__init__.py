"""Layouts are data: which blocks a report has, in which order, for whom."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ap_ledger.errors import SetupError
from ap_ledger.events.report import Layout
from frameworks import read_yaml

HERE = Path(__file__).parent
SHIPPED = ("family", "commissioner-pack", "review-pack", "gaps")
"""The layouts that come with the software, in the order in which they are offered."""


def read_layout(name: str) -> Layout:
    """A shipped layout by its name, or one of your own from a YAML file.

    Raises SetupError with a sentence that says what to mend.
    """
    path = HERE / f"{name}.yaml" if name in SHIPPED else Path(name)
    if not path.is_file():
        raise SetupError(
            f"There is no layout {name}. Name one of {', '.join(SHIPPED)}, or give the path of a YAML file."
        )
    try:
        return layout_from(read_yaml(path.read_text("utf-8")))
    except (UnicodeDecodeError, ValueError) as error:
        raise SetupError(f"{path.name} is no layout: {error}") from None


def layout_from(data: Any) -> Layout:
    """A layout from its data, as it is kept with a report that was released. Raises SetupError."""
    if not isinstance(data, Mapping):
        raise SetupError("A layout is a mapping with id, title, summary, audience, about and blocks.")
    try:
        return Layout.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        raise SetupError(f"The layout's {'.'.join(map(str, first['loc'])) or 'blocks'}: {first['msg']}.") from None

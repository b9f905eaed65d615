"""What incidents may be called: the list of the setting, and the one that ships where it has set none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ap_ledger.events.dated import in_force
from ap_ledger.events.setting import IncidentCategory
from frameworks.language.load import read_yaml

_CATEGORIES = TypeAdapter(tuple[IncidentCategory, ...])


@cache
def default_categories() -> tuple[IncidentCategory, ...]:
    """The categories that hold where a setting set none."""
    return _CATEGORIES.validate_python(
        tuple(read_yaml((Path(__file__).parent / "incident-categories.yaml").read_text("utf-8"))["categories"])
    )


def categories_on(facts: Sequence[Mapping[str, Any]], day: date) -> tuple[IncidentCategory, ...]:
    """The categories in force on a day, from the bodies of `incident-categories-set` events."""
    latest = in_force(facts, day)
    return (
        tuple(IncidentCategory.model_validate(category) for category in latest["categories"])
        if latest
        else default_categories()
    )

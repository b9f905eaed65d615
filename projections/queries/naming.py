"""What somebody is called, and what words of their own say, from the events that said so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from frameworks.language.letters import tidy
from projections.bodies import OwnItemsPart
from projections.names import FullName, short_names, unnamed

ERASED = "[erased]"
"""What stands where words were, once the key that sealed them is gone."""
CLOSED = "[cannot be opened]"
"""What stands where words are that were not erased and that no key at hand opens."""
PERSONAL = ("given_name", "family_name", "known_as", "date_of_birth", "upn")


def called(body: Mapping[str, Any], event: Any, names: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """What somebody is called among whom: those of their setting, or nobody where they are joined to another record."""
    if "kept_student" not in body:
        return names[body["setting_id"]]
    # It is nobody beside the one who is kept, so that nothing need tell the two apart.
    person = full_name(body["id"], event) if event else unnamed(body["id"])
    return short_names([person] if person else [])


def labels_of(own: OwnItemsPart, event: Any) -> dict[str, str]:
    """What own items say, by their ids."""
    labels = event.labels if event is not None and isinstance(event.labels, dict) else {}
    return {item: labels.get(item, CLOSED if event is None else ERASED) for item in own["items"]}


def identity_of(event: Any) -> dict[str, Any]:
    """What is personal about a student as last identified: nothing before that."""
    return {field: None if (value := getattr(event, field, None)) is None else tidy(str(value)) for field in PERSONAL}


def full_name(key: str, event: Any) -> FullName | None:
    """A student as last identified, a member of staff or a device; None where that cannot be read, or was erased."""
    name = getattr(event, "name", None)
    if isinstance(name, str):
        return FullName(key, name)
    if event is None or not isinstance(event.given_name, str) or not isinstance(event.family_name, str):
        return None
    known_as = tidy(event.known_as) if isinstance(event.known_as, str) else None
    born = event.date_of_birth.isoformat() if isinstance(event.date_of_birth, date) else None
    return FullName(key, known_as or event.given_name, event.family_name, born)

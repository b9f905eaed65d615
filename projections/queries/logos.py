"""The picture that stands for a setting, read from the event that holds it."""

from __future__ import annotations

from base64 import b64decode

from ap_ledger.events.setting import LogoSet
from projections.bodies import SettingFacts
from projections.queries.reading import Reader


def logo_of(reader: Reader, setting: SettingFacts) -> bytes | None:
    """The logo of a setting as a PNG; None where it has none."""
    logo = setting.get("logo")
    if logo is None:
        return None
    (event,) = reader.ledger.read([logo["position"]])
    return b64decode(event.picture) if isinstance(event, LogoSet) and event.picture else None

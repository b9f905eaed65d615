"""The rules of how a setting looks: its own colour."""

from __future__ import annotations

from math import floor

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.colours import WORDS, nearest, ratio_on_light
from ap_ledger.domain.setting import Setting, SettingCommand
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import BrandColour
from ap_ledger.events.setting import BrandColourSet


class SetBrandColour(SettingCommand):
    """Says in which colour a setting's pages are, or with none that they are in the one that ships."""

    colour: BrandColour | None = None

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """Words in it can be read on light paper; for dark paper a lighter one of the same hue is found."""
        self.opened(state)
        if self.colour is not None and (ratio := ratio_on_light(self.colour)) < WORDS:
            raise Refused(
                "malformed",
                f"Words in {self.colour} are too faint to be read: {floor(ratio * 10) / 10:g} to 1 where they stand "
                f"closest, and they need {WORDS} to 1. The nearest colour that can be read is {nearest(self.colour)}.",
                "colour",
            )
        return [events.event(BrandColourSet, colour=self.colour)]

"""The rules of how a setting looks: its own colour, and its logo."""

from __future__ import annotations

from base64 import b64decode
from math import floor

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.colours import WORDS, nearest, ratio_on_light
from ap_ledger.domain.pictures import sides_of
from ap_ledger.domain.setting import Setting, SettingCommand
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import BrandColour, LogoPicture
from ap_ledger.events.setting import BrandColourSet, LogoSet


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


class SetLogo(SettingCommand):
    """Says which picture stands for a setting, or with none that no picture does."""

    picture: LogoPicture | None = None

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """It is a small picture and nothing else: no place, no camera and no words hide in it."""
        self.opened(state)
        if self.picture is None:
            return [events.event(LogoSet)]
        try:
            width, height = sides_of(b64decode(self.picture, validate=True))
        except ValueError as fault:
            raise Refused("malformed", f"This logo cannot be kept: {fault}.", "picture") from None
        return [events.event(LogoSet, picture=self.picture, width=width, height=height)]

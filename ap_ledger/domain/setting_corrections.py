"""The rules of putting a setting right: its own name and numbers, its places, and who buys places there."""

from __future__ import annotations

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.setting import Setting, SettingCommand
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import (
    ClearedNumbers,
    CommissionerId,
    CommissionerKind,
    Label,
    PlaceId,
    ReasonCode,
    Ukprn,
    Urn,
)
from ap_ledger.events.setting import CommissionerCorrected, PlaceCorrected, SettingCorrected


class CorrectSetting(SettingCommand):
    """Puts a setting's name or numbers right. What is neither given nor cleared stays."""

    reason_code: ReasonCode
    name: Label | None = None
    urn: Urn | None = None
    ukprn: Ukprn | None = None
    clear: ClearedNumbers = ()

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """Something is put right, and no number is both given and cleared."""
        self.opened(state)
        for name in self.clear:
            if getattr(self, name) is not None:
                raise Refused("malformed", "This is both given and cleared. Do one of the two.", name)
        if self.name is None and self.urn is None and self.ukprn is None and not self.clear:
            raise Refused("malformed", "Say what is to be put right: name, urn or ukprn.", "name")
        parts = self.model_dump(include={"reason_code", "name", "urn", "ukprn", "clear"})
        return [events.event(SettingCorrected, **parts)]


class CorrectPlace(SettingCommand):
    """Puts right what a place is called."""

    place_id: PlaceId
    label: Label
    reason_code: ReasonCode

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """The place was added here."""
        if self.place_id not in self.opened(state).places:
            raise Refused("unknown-place", "No place with this id was added to this setting.", "place_id")
        parts = self.model_dump(include={"place_id", "label", "reason_code"})
        return [events.event(PlaceCorrected, **parts)]


class CorrectCommissioner(SettingCommand):
    """Puts a commissioner's name or kind right. What is not given stays."""

    commissioner_id: CommissionerId
    reason_code: ReasonCode
    name: Label | None = None
    kind: CommissionerKind | None = None

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """The commissioner was added here, and something is put right."""
        if self.commissioner_id not in self.opened(state).commissioners:
            raise Refused("unknown-commissioner", "No commissioner with this id was added here.", "commissioner_id")
        if self.name is None and self.kind is None:
            raise Refused("malformed", "Say what is to be put right: name or kind.", "name")
        parts = self.model_dump(include={"commissioner_id", "reason_code", "name", "kind"})
        return [events.event(CommissionerCorrected, **parts)]

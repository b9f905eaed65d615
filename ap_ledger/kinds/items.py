"""What stands packed into one text: the items of the timeline, and the keys of what a day counts.

Texts are put together and taken apart here and nowhere else. What is stored depends on them, so their form is kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

REMEMBERED = 4_096
"""The same few items stand in thousands of rows, so that many are remembered as they were taken apart."""

ATTEMPTED, CANCELLED_BY_US = "attempted", "cancelled-by-us"
"""What we did, as a visit says it: we reached out, or called it off ourselves."""


class DefinitionItem(NamedTuple):
    """An item of a published definition: a rung, a unit, an indicator or a theme; who answered, of a questionnaire."""

    definition: str
    """The definition, as `id@version`."""
    item: str
    """The id of the item in it; empty where the whole definition is meant."""

    def packed(self) -> str:
        """The text that says both."""
        return f"{self.definition}|{self.item}"

    @staticmethod
    @lru_cache(REMEMBERED)
    def unpacked(text: str) -> DefinitionItem:
        """What a text says."""
        definition, _, item = text.partition("|")
        return DefinitionItem(definition, item)


class ScoredItem(NamedTuple):
    """What a score is about."""

    framework: str
    """The framework, as `id@version`."""
    indicator: str
    """The id of the indicator in it."""
    informant: str
    """Whose view it is, such as `mentor`."""

    def packed(self) -> str:
        """The text that says all three."""
        return f"{self.framework}|{self.indicator}|{self.informant}"

    @staticmethod
    @lru_cache(REMEMBERED)
    def unpacked(text: str) -> ScoredItem:
        """What a text says."""
        framework, _, scored = text.partition("|")
        indicator, _, informant = scored.partition("|")
        return ScoredItem(framework, indicator, informant)


class FactKey(NamedTuple):
    """Which fact of a day and a framework it is: what one rater said of one indicator in one slot, or at one moment."""

    indicator: str
    """The id of the indicator."""
    slot: str
    """The id of the slot; empty outside one."""
    informant: str
    """Whose view it is."""
    moment: str = ""
    """When it happened outside a slot, in microseconds; empty in a slot."""

    def packed(self) -> str:
        """The text that says all of it."""
        in_slot = f"{self.indicator}|{self.slot}|{self.informant}"
        return f"{in_slot}|{self.moment}" if self.moment else in_slot

    @staticmethod
    @lru_cache(REMEMBERED)
    def unpacked(text: str) -> FactKey:
        """What a text says. The id of a slot is whatever a setting calls it, and no other part holds a `|`."""
        indicator, _, rest = text.partition("|")
        if rest.startswith("|"):
            informant, _, moment = rest[1:].partition("|")
            return FactKey(indicator, "", informant, moment)
        slot, _, informant = rest.rpartition("|")
        return FactKey(indicator, slot, informant)


class VisitItem(NamedTuple):
    """A visit, and how a day counts visits."""

    effort: str
    """What we did, such as `ATTEMPTED`."""
    channel: str
    """By which channel, such as `phone`."""

    def packed(self) -> str:
        """The text that says both."""
        return f"{self.effort}|{self.channel}"

    @staticmethod
    @lru_cache(REMEMBERED)
    def unpacked(text: str) -> VisitItem:
        """What a text says. What else a day counts of visits, their minutes, is no effort that there is."""
        effort, _, channel = text.partition("|")
        return VisitItem(effort, channel)


class SpokenFace(NamedTuple):
    """How a day counts voices."""

    speaker: str
    """Who spoke: `student` or `carer`."""
    face: str
    """The number of the face, 1 to 5; empty where none was chosen."""

    def packed(self) -> str:
        """The text that says both."""
        return f"{self.speaker}|{self.face}"

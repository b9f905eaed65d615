"""What stands in a definition: its licence, where it comes from, its items, rungs and forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ap_ledger.events.entries import Informant
from frameworks.language.measures import Ages
from frameworks.language.parts import Id, Label, Part, Polarity

Cadence = Literal["slot", "session", "day", "week", "half-term", "term", "year"]


class Licence(Part):
    """Whose words these are, and what may be done with them.

    `ship`: may be passed on with the credit line. `user-supplied`: the setting holds a licence, so its words are never
    exported. `link-only`: its words are not in this file at all; `link` says where they are.
    """

    name: Label
    holder: Label | None = None
    use: Literal["ship", "user-supplied", "link-only"]
    credit: Annotated[str, Field(max_length=1000)] | None = None
    link: Annotated[str, Field(max_length=500)] | None = None


_SCORED = "before anybody is scored against it"
_STATUSES: Mapping[str, str] = {
    "deprecated": f"its publisher says that it is deprecated; look for what took its place {_SCORED}",
    "draft": f"its publisher says that it is a draft; ask whether it has been adopted {_SCORED}",
    "privatedraft": f"its publisher says that it is a private draft, not meant for others; ask them {_SCORED}",
}


def status_advice(status: str | None) -> str | None:
    """What somebody should think about who brings in what has this status at its publisher's; None for one in use."""
    return _STATUSES.get(re.sub(r"[\W_]+", "", status or ""))


class Origin(Part):
    """What a definition or an item was where it came from, as it was said there. Nothing here follows from it.

    `version` and `status` are in the words of whoever published it (2.0; draft, adopted, deprecated). `first` and
    `last` are the days on which it was in use there, and `changed` is the day of its last change.
    """

    version: Label | None = None
    status: Label | None = None
    first: date | None = None
    last: date | None = None
    changed: date | None = None


class Applies(Part):
    """Where, and of whom, an item is scored.

    What is left out means everywhere and everybody. Settings are named by their ids.
    """

    slot_kinds: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    ages: Ages | None = None

    def to(self, slot_kind: str | None = None, setting: str | None = None, age: int | None = None) -> bool:
        """Whether it applies; what is not known does not speak against it."""
        return (
            (slot_kind is None or not self.slot_kinds or slot_kind in self.slot_kinds)
            and (setting is None or not self.settings or setting in self.settings)
            and (age is None or self.ages is None or self.ages[0] <= age <= self.ages[1])
        )


class Item(Part):
    """A theme, aim, indicator, unit or question. Items that hold items are headings; the others are scored.

    `reverse` turns an answer round (least + greatest - answer) before it is added up. `polarity` says which way is
    better when the item is shown on its own. With `per_student`, each student has items of their own under it, on its
    scale: personal goals. `prior` names units that are best known first; on a heading it holds for every unit below.
    `code` and `source` keep what the item was called where it came from, `type` what it was there (a standard, a skill)
    and `origin` since when and until when. `level` is the level, year or stage that it belongs to: the same words on
    another level are another item. `notes` are words for whoever teaches or scores it, and are no part of it.
    """

    id: Id
    label: Label
    plain: Label | None = None
    detail: Annotated[str, Field(max_length=8000)] | None = None
    code: Label | None = None
    source: Annotated[str, Field(max_length=1000)] | None = None
    level: Label | None = None
    type: Label | None = None
    notes: Annotated[str, Field(max_length=8000)] | None = None
    origin: Origin | None = None
    observable: Literal["session", "review", "none"] = "session"
    scale: Id | None = None
    polarity: Polarity = "up"
    reverse: bool = False
    per_student: bool = False
    cadence: Cadence | None = None
    applies_to: Applies = Applies()
    prior: tuple[Id, ...] = ()
    items: tuple[Item, ...] = ()


class Rung(Part):
    """One rung of an attendance ladder. Rungs are listed from the lowest to the highest.

    Rungs below a rung are smaller steps after it: `goes-out.to-the-gate` comes after `goes-out` and before the next.
    A student may have such steps of their own under any rung, without a new ladder. `short` and `icon` are what a phone
    shows on the rung's button: a few words, and the name of an icon (docs/frameworks.md lists them).
    """

    id: Id
    label: Label
    short: Annotated[str, Field(min_length=1, max_length=24)] | None = None
    icon: Id | None = None
    plain: Label | None = None
    on_site: bool = False
    supervised: bool = False
    rungs: tuple[Rung, ...] = ()


class Form(Part):
    """One form of a questionnaire: who answers it, about students of which ages."""

    id: Id
    label: Label
    informants: tuple[Informant, ...] = ()
    ages: Ages | None = None

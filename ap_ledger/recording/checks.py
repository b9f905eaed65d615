"""Whether what an entry names exists: definitions, items, levels, slots. One check for each kind that names any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ap_ledger.errors import Refused
from ap_ledger.events.base import Ref
from ap_ledger.events.entries import InstrumentAnswered, OutcomeScored, RungReached, UnitProgressed
from ap_ledger.recording.states import States
from frameworks.language.lint import answerable

Check = Callable[[Any, States], None]


def check_rung(entry: Any, states: States) -> None:
    """The ladder was published and has the rung, or the student has it as a step of their own under one."""
    ladder = states.definition(entry.ladder, "ladder", "ladder")
    if entry.rung not in ladder.rank and not (
        ladder.rung(entry.rung) and _is_own(entry, entry.ladder.id, entry.rung, states)
    ):
        raise Refused("unknown-item", "This ladder has no rung with this id.", "rung")


def _is_own(entry: Any, definition_id: str, item: str, states: States) -> bool:
    """Whether a student has an item of their own by this id."""
    context = states.context(entry.setting_id, entry.student_id, entry.author_id)
    return (definition_id, item) in context.student.own_items


def check_outcome(entry: Any, states: States) -> None:
    """The framework was published, has the indicator (or the student has it as their own), and its scale has the
    level."""
    framework = states.definition(entry.framework, "outcomes", "framework")
    scale = framework.scored.get(entry.indicator)
    if (
        scale is None
        and (own_scale := framework.scale_of(entry.indicator)) is not None
        and _is_own(entry, framework.id, entry.indicator, states)
    ):
        scale = own_scale
    if scale is None:
        raise Refused("unknown-item", "This framework has no indicator with this id that can be scored.", "indicator")
    if entry.level is not None and not scale.allows(entry.level):
        raise Refused("unknown-level", "The scale of this indicator has no such level.", "level")


def check_unit(entry: Any, states: States) -> None:
    """The curriculum was published, has the unit, and its scale has the status."""
    scale = states.definition(entry.curriculum, "curriculum", "curriculum").scored.get(entry.unit)
    if scale is None:
        raise Refused("unknown-item", "This curriculum has no unit with this id.", "unit")
    if not scale.allows(entry.status):
        raise Refused("unknown-level", "The scale of this curriculum has no such status.", "status")


def check_answers(entry: Any, states: States) -> None:
    """The instrument was published for such a respondent, has every item answered, and each answer is on its scale or
    missing."""
    instrument = states.definition(entry.instrument, "instrument", "instrument")
    if instrument.about != "student":
        raise Refused(
            "not-allowed", "This instrument asks about staff, so it is not a part of a student's record.", "instrument"
        )
    if instrument.informants and entry.respondent not in instrument.informants:
        raise Refused(
            "not-allowed", f"This instrument is answered by: {', '.join(instrument.informants)}.", "respondent"
        )
    for item, level in entry.answers.items():
        if item not in instrument.scored:
            raise Refused("unknown-item", "This instrument has no item with an id that was answered.", "answers")
        if not answerable(instrument.scored[item], level):
            raise Refused("unknown-level", "An answer is not on the scale of its item.", "answers")


def check_own_items(ref: Ref, items: Iterable[str], states: States) -> None:
    """The definition was published, and takes items of a student's own where these stand. Raises Refused."""
    definition = states.published(ref)
    if definition is None:
        raise Refused("unknown-framework", "No definition with this id and version was published here.", "definition")
    for item in items:
        shared = item.rpartition(".")[0]
        if definition.rung(shared) is None and definition.scale_of(item) is None:
            raise Refused(
                "unknown-item", "This definition takes no items of a student's own under one of these.", "labels"
            )


CHECKS: Mapping[str, Check] = {
    RungReached.TOPIC: check_rung,
    OutcomeScored.TOPIC: check_outcome,
    UnitProgressed.TOPIC: check_unit,
    InstrumentAnswered.TOPIC: check_answers,
}

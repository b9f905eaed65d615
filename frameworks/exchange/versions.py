"""The next version of something that came from elsewhere: the same identifiers carry on, so that no student starts
anew."""

from __future__ import annotations

from typing import Any

from frameworks.exchange.intake import Intake
from frameworks.language.load import load_definition
from frameworks.language.model import Definition
from frameworks.language.parts import Scale

Authored = dict[str, Any]
OF_A_VERSION = frozenset(("version", "supersedes", "crosswalks"))
"""What says which version a definition is, and is no part of its content."""


def same_content(first: Authored, second: Authored) -> bool:
    """Whether two definitions differ in nothing but which version they are."""
    contents = [{name: part for name, part in whole.items() if name not in OF_A_VERSION} for whole in (first, second)]
    return contents[0] == contents[1]


def follow(intake: Intake, earlier: Definition, version: int | None = None) -> None:
    """Makes what was read the version after an earlier one, and writes the crosswalk, with a report of what carries on.

    What has the same id and can still be answered as before goes on. Raises DefinitionError where what was read has
    faults.
    """
    authored = intake.authored
    if authored is None:
        return
    same_id = authored["id"] == earlier.id
    authored = {**authored, "version": version or (earlier.version + 1 if same_id else authored["version"])}
    authored.setdefault("supersedes", earlier.key)
    now = load_definition({**authored, "crosswalks": []})
    carried = _carried(earlier, now, intake)
    walks = [walk for walk in authored.get("crosswalks", ()) if walk["from"] != earlier.key]
    if carried:
        walks.append({"from": earlier.key, "items": carried, "note": "the same identifiers"})
    intake.authored = {**authored, "crosswalks": walks} if walks else authored
    gone = sum(thing not in carried for thing in _recorded(earlier))
    words = (
        f"{len(carried)} of its {len(carried) + gone} items carry "
        f"on in {now.key}, because they have the same identifiers"
    )
    intake.say(
        earlier.key,
        words + (f"; {gone} do not, and what was recorded for them stays where it is" if gone else ""),
        kept=True,
    )


def presume(intake: Intake, version: int) -> None:
    """Makes what was read another version although the one before is not at hand.

    Where the ids are identifiers of its publisher, everything goes on under them; otherwise nothing is written, and
    that is told.
    """
    if intake.authored is None or version < 2:
        return
    before = f"{intake.authored['id']}@{version - 1}"
    intake.authored = {**intake.authored, "version": version}
    if intake.stable:
        things = list(_recorded(load_definition(intake.authored)))
        walk = {"from": before, "items": dict(zip(things, things, strict=True)), "note": "the same identifiers"}
        intake.authored |= {"supersedes": before, "crosswalks": [walk]}
        words = (
            f"it was not given, so all items were taken to carry on in version {version} under their identifiers. "
            "Give it with --after to see what changed"
        )
    else:
        words = (
            "it was not given, so what was recorded against it does not carry on. Give it with --after, and a "
            "crosswalk is written"
        )
    intake.say(before, words, kept=True)


def not_carried(now: Definition, earlier: Definition) -> str | None:
    """A sentence where another version has items of an earlier one, and no crosswalk says that they go on."""
    shared = [thing for thing in _recorded(now) if thing in _recorded(earlier)]
    if now.version <= earlier.version or not shared or now.crosswalks:
        return None
    return (
        f"{len(shared)} items are in {earlier.key} too, and no crosswalk carries on what was recorded for them, so "
        "every student starts anew; "
        f"add one under 'crosswalks', or import it with --after {earlier.key}"
    )


def _recorded(definition: Definition) -> dict[str, Scale | None]:
    """Everything that entries may name, with its scale; a rung has none."""
    return dict.fromkeys(definition.rank) if definition.rank else dict(definition.scored)


def _carried(earlier: Definition, now: Definition, intake: Intake) -> dict[str, str]:
    """What goes on: the same id, and every level that could be recorded can be recorded still."""
    before, after = _recorded(earlier), _recorded(now)
    carried: dict[str, str] = {}
    for thing, scale in after.items():
        if thing not in before:
            continue
        if not _answered_alike(before[thing], scale):
            words = (
                f"'{now.labels[thing][:60]}' is scored on another scale now, so what was recorded for it does not go on"
            )
            intake.say("the crosswalk", words, kept=True)
            continue
        carried[thing] = thing
        if (changed := _reworded(thing, earlier, now)) is not None:
            intake.say("the crosswalk", f"{changed}; where it means something else now, take it out", kept=True)
    return carried


def _reworded(thing: str, earlier: Definition, now: Definition) -> str | None:
    """What of the words of something that goes on is not as it was, or None."""
    before, after = earlier.labels[thing], now.labels[thing]
    if before != after:
        return f"'{before[:60]}' reads '{after[:60]}' now and goes on"
    if thing in now.by_id and earlier.by_id[thing].detail != now.by_id[thing].detail:
        return f"the words behind '{after[:60]}' changed, and it goes on"
    return None


def _answered_alike(before: Scale | None, after: Scale | None) -> bool:
    if before is None or after is None:
        return before is after
    if before.levels or after.levels:
        return before.named <= after.named and before.type == after.type
    return (before.type, before.min, before.max, before.step) == (after.type, after.min, after.max, after.step)

"""What each kind of entry says, in a short line that people read."""

from __future__ import annotations

from ap_ledger.kinds.row import Names, State

FACES = {1: "very low", 2: "low", 3: "okay", 4: "good", 5: "great"}
"""How somebody felt, by the number of the face."""


def spoken(code: str) -> str:
    """A short code or name as it is read: a capital first, and the other letters as somebody wrote them."""
    words = code.replace("-", " ")
    return words[:1].upper() + words[1:]


def rung(entry: State, names: Names) -> str:
    """The rung, and the anxiety where it was given."""
    anxiety = f" (anxiety {entry['anxiety']} of 10)" if entry.get("anxiety") is not None else ""
    return names.item(entry["ladder"], entry["rung"]) + anxiety


def score(entry: State, names: Names) -> str:
    """The indicator, and its level or why there is none."""
    label = names.item(entry["framework"], entry["indicator"])
    if entry.get("level") is None:
        return f"{label}: {entry['missing'].replace('-', ' ')}"
    return f"{label}: {names.level(entry['framework'], entry['indicator'], entry['level'])}"


def unit(entry: State, names: Names) -> str:
    """The unit, its status, and the note."""
    label = names.item(entry["curriculum"], entry["unit"])
    return f"{label}: {entry['status'].replace('-', ' ')}" + names.written(entry, "note")


def visit(entry: State, names: Names) -> str:
    """What was done, by which channel, for how long, and the note."""
    minutes = f", {entry['minutes']} minutes" if entry.get("minutes") is not None else ""
    told = f"{spoken(entry['effort'])}, {entry['channel'].replace('-', ' ')}{minutes}"
    return told + names.written(entry, "note")


def checked_in(entry: State, names: Names) -> str:
    """That the visitor was at the door."""
    return "At the door"


def checked_out(entry: State, names: Names) -> str:
    """That the visitor had left again."""
    return "Left again, and well"


def session(entry: State, names: Names) -> str:
    """Whether the student came, or who cancelled it."""
    if entry.get("cancelled_by"):
        return f"Cancelled by {entry['cancelled_by']}"
    return "Came" if entry.get("actual_start") else "Was expected and could not come"


def voice(entry: State, names: Names) -> str:
    """Who spoke, how they felt, and their words."""
    face = f"felt {FACES[entry['face']]}" if entry.get("face") else ""
    return f"{entry['speaker'].capitalize()} {face}".strip() + names.written(entry, "words")


def category(entry: State, names: Names) -> str:
    """What it is called, and the text."""
    return spoken(str(entry["category"])) + names.written(entry, "text")


def answers(entry: State, names: Names) -> str:
    """Who answered."""
    return f"Answered by {entry['respondent']}"


def text(entry: State, names: Names) -> str:
    """The text itself."""
    return str(entry.get("text", ""))

"""What each kind of entry says, in a short line that people read."""

from __future__ import annotations

from ap_ledger.kinds.row import Names, State

FACES = {1: "very low", 2: "low", 3: "okay", 4: "good", 5: "great"}
"""How somebody felt, by the number of the face."""


def spoken(code: str) -> str:
    """A short code or name as it is read: a capital first, and the other letters as somebody wrote them."""
    words = code.replace("-", " ")
    return words[:1].upper() + words[1:]


EFFORTS = {"planned": "Planned", "attempted": "Reached out", "cancelled-by-us": "Cancelled by us"}
"""What we did to reach somebody. What came of it is told beside it, so nothing here sounds as if it failed."""
CHANNELS = {"in-person": "in person", "phone": "phone", "text": "text", "video": "video"}
"""By which channel."""
MISSING = {"not-observed": "not observed", "not-applicable": "not applicable", "not-answered": "not answered"}
"""Why a score has no level."""
SPEAKERS = {"student": "Student", "carer": "Carer"}
"""Who spoke."""
CANCELLED = {
    "us": "Cancelled by us", "student": "Cancelled by student", "other": "Cancelled by other",
}  # fmt: skip
"""Who cancelled a session."""
ANSWERED = {
    "mentor": "Answered by mentor", "teacher": "Answered by teacher", "student": "Answered by student",
    "carer": "Answered by carer", "receiving-school": "Answered by the receiving school",
}  # fmt: skip
"""Who answered a questionnaire."""


def rung(entry: State, names: Names) -> str:
    """The rung, and the anxiety where it was given."""
    anxiety = entry.get("anxiety")
    told = "" if anxiety is None else " " + names.say("(anxiety {anxiety} of 10)", anxiety=anxiety)
    return names.item(entry["ladder"], entry["rung"]) + told


def score(entry: State, names: Names) -> str:
    """The indicator, and its level or why there is none."""
    label = names.item(entry["framework"], entry["indicator"])
    if entry.get("level") is None:
        return f"{label}: {names.say(MISSING[entry['missing']])}"
    return f"{label}: {names.level(entry['framework'], entry['indicator'], entry['level'])}"


def unit(entry: State, names: Names) -> str:
    """The unit, its status, and the note."""
    label = names.item(entry["curriculum"], entry["unit"])
    return f"{label}: {entry['status'].replace('-', ' ')}" + names.written(entry, "note")


def visit(entry: State, names: Names) -> str:
    """What was done, by which channel, for how long, and the note."""
    minutes = entry.get("minutes")
    long = "" if minutes is None else ", " + names.say("{minutes} minutes", minutes=minutes)
    told = f"{names.say(EFFORTS[entry['effort']])}, {names.say(CHANNELS[entry['channel']])}{long}"
    return told + names.written(entry, "note")


def checked_in(entry: State, names: Names) -> str:
    """That the visitor was at the door."""
    return names.say("At the door")


def checked_out(entry: State, names: Names) -> str:
    """That the visitor had left again."""
    return names.say("Left again, and well")


def session(entry: State, names: Names) -> str:
    """Whether the student came, or who cancelled it."""
    if entry.get("cancelled_by"):
        return names.say(CANCELLED[entry["cancelled_by"]])
    return names.say("Came") if entry.get("actual_start") else names.say("Was expected and could not come")


def voice(entry: State, names: Names) -> str:
    """Who spoke, how they felt, and their words."""
    face = " " + names.say("felt {face}", face=names.say(FACES[entry["face"]])) if entry.get("face") else ""
    return names.say(SPEAKERS[entry["speaker"]]) + face + names.written(entry, "words")


def category(entry: State, names: Names) -> str:
    """What it is called, and the text."""
    return spoken(str(entry["category"])) + names.written(entry, "text")


def answers(entry: State, names: Names) -> str:
    """Who answered."""
    return names.say(ANSWERED[entry["respondent"]])


def text(entry: State, names: Names) -> str:
    """The text itself."""
    return str(entry.get("text", ""))

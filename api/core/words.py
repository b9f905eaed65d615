"""Entries in the words that people read."""

from __future__ import annotations

from api.core.withhold import WITHHELD
from frameworks import Definition
from projections.queries.reading import Body, Reader

Own = dict[str, dict[str, str]]
"""What a student's own items are called, by the id of the shared definition and their own id."""

KINDS = {
    "rung-reached": "Contact",
    "outcome-scored": "Outcome",
    "unit-progressed": "Step",
    "visit-logged": "Visit",
    "session-attended": "Session",
    "voice-heard": "Voice",
    "note-written": "Note",
    "incident-recorded": "Incident",
    "context-noted": "Context",
    "instrument-answered": "Questionnaire",
}
ROLE_NAMES = {
    "mentor": "Mentor", "ap-staff": "AP staff", "leader": "Leader", "dsl": "Safeguarding lead (DSL)",
    "deputy-dsl": "Deputy safeguarding lead",
    "safeguarding-reader": "Named by the DSL to read safeguarding", "commissioner": "Commissioner", "family": "Family",
    "administrator": "Administrator of accounts",
    "researcher": "Researcher",
}  # fmt: skip
CLASS_NAMES = {
    "core": "Who they are: names, date of birth, UPN", "learning": "Learning: notes, goals, reasons",
    "behaviour": "Behaviour: incidents",
    "safeguarding": "Safeguarding: worries", "health": "Health: questionnaires, health notes, context",
}  # fmt: skip
ERASURE_RULES = {
    "time-is-over": "The time for which it is kept is over",
    "asked-by-family": "The family asked for it",
    "transferred": "The record was transferred",
    "recorded-wrongly": "It should not have been recorded",
}
FACES = {1: "very low", 2: "low", 3: "okay", 4: "good", 5: "great"}


def spoken(code: str) -> str:
    """A short code or name as it is read: a capital first, and the other letters as somebody wrote them."""
    said = code.replace("-", " ")
    return said[:1].upper() + said[1:]


def in_words(reader: Reader, entry: Body, own: Own | None = None) -> str:
    """What an entry says, in a short line."""

    def label(ref: str, item: str) -> str:
        found: Definition | None = reader.definition(f"{entry[ref]['id']}@{entry[ref]['version']}")
        return (own or {}).get(entry[ref]["id"], {}).get(item) or (found and found.label_of(item)) or item

    match str(entry["kind"]):
        case "rung-reached":
            return label("ladder", entry["rung"]) + (
                f" (anxiety {entry['anxiety']} of 10)" if entry.get("anxiety") is not None else ""
            )
        case "outcome-scored":
            if entry.get("level") is None:
                return f"{label('framework', entry['indicator'])}: {entry['missing'].replace('-', ' ')}"
            return f"{label('framework', entry['indicator'])}: {_level(reader, entry)}"
        case "unit-progressed":
            return f"{label('curriculum', entry['unit'])}: {entry['status'].replace('-', ' ')}" + _said(entry, "note")
        case "visit-logged":
            minutes = f", {entry['minutes']} minutes" if entry.get("minutes") is not None else ""
            return f"{spoken(entry['effort'])}, {entry['channel'].replace('-', ' ')}{minutes}" + _said(entry, "note")
        case "session-attended":
            if entry.get("cancelled_by"):
                return f"Cancelled by {entry['cancelled_by']}"
            return "Came" if entry.get("actual_start") else "Was expected and could not come"
        case "voice-heard":
            face = f"felt {FACES[entry['face']]}" if entry.get("face") else ""
            return f"{entry['speaker'].capitalize()} {face}".strip() + _said(entry, "words")
        case "incident-recorded":
            return spoken(str(entry["category"])) + _said(entry, "text")
        case "context-noted":
            return spoken(str(entry["category"])) + _said(entry, "text")
        case "instrument-answered":
            return f"Answered by {entry['respondent']}"
    return str(entry.get("text", ""))


def _level(reader: Reader, entry: Body) -> str:
    found = reader.definition(f"{entry['framework']['id']}@{entry['framework']['version']}")
    scale = found.scale_of(entry["indicator"]) if found else None
    return scale.label(entry["level"]).lower() if scale else str(entry["level"])


def _said(entry: Body, field: str) -> str:
    return f". {entry[field]}" if entry.get(field) and entry[field] != WITHHELD else ""

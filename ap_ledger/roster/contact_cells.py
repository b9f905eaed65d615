"""What the cells of a row say of those who may be called about a child, and what comes of it beside those who are here.

Nobody who is here is taken away by a file, and whoever is not to be called stays so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ap_ledger.events.student import Contact
from ap_ledger.roster.cells import SHORTENED, CellFault, checked, is_nothing, read_name, squeezed
from ap_ledger.roster.fields import CONTACTS
from ap_ledger.roster.plan import Cells, Change, read_cell
from frameworks.language.lookalikes import alike

PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,38}")
ZERO_DROPPED = re.compile(r"[1-9]\d{9}")
"""A number as it is left by a spreadsheet that takes it for an amount."""
SEVERAL = re.compile(r"\s*(?:[/,;]|\bor\b)\s*")
YES = ("yes", "y", "true", "also", "ok", "maybecalled", "call")
FIRST = ("first", "1", "1st", "callfirst", "primary", "priority1")
NEVER = ("no", "n", "false", "0", "never", "donotcall", "dontcall", "nocontact")
CALLED = {"first": "call first", "also": "may be called", "never": "do not call"}
UNSAID_RELATION = "family"
NOTE_LIMIT = 300


class SaidContact(NamedTuple):
    """Somebody whom a row names: empty where it says nothing. `call` is first, also or never."""

    name: str
    relation: str
    phone: str
    note: str
    call: str


def read_contacts(cells: Cells) -> tuple[list[SaidContact], list[str]]:
    """Whom a row names, and what to know of it. Raises Refusal for a cell that cannot be used."""
    said: list[SaidContact] = []
    told: list[str] = []
    for number in CONTACTS:
        parts = {part: cells[f"{part}_{number}"] for part in ("contact", "relation", "phone", "email", "call")}
        filled = {part: "" if is_nothing(text) else text for part, text in parts.items()}
        if not filled["contact"]:
            if filled["phone"] or filled["email"]:
                told.append("A phone number or an address with no name beside it is left out.")
            continue
        phones = read_cell(cells, f"phone_{number}", read_phones) if filled["phone"] else []
        email = read_cell(cells, f"email_{number}", read_email) if filled["email"] else ""
        notes = [f"E-mail: {email}" if email else "", *(f"Or {other}" for other in phones[1:])]
        said.append(
            SaidContact(
                read_cell(cells, f"contact_{number}", read_name),
                filled["relation"][:60],
                phones[0] if phones else "",
                "; ".join(filter(None, notes))[:NOTE_LIMIT],
                read_cell(cells, f"call_{number}", read_call) if filled["call"] else "",
            )
        )
    return said, told


def read_phones(text: str) -> list[str]:
    """The phone numbers of a cell, the first one first. Raises CellFault."""
    numbers = [number for part in SEVERAL.split(checked(text).strip("'")) if (number := part.strip())]
    if any(SHORTENED.fullmatch(number) for number in numbers):
        raise CellFault(
            "The sheet has shortened this number. Format the column as text and put the whole number there."
        )
    if not numbers or any(PHONE.fullmatch(number) is None for number in numbers):
        raise CellFault("This is not a phone number. Write digits, with spaces as you like: 07700 900123.")
    return [f"0{number}" if ZERO_DROPPED.fullmatch(number) else number for number in numbers]


def read_email(text: str) -> str:
    """An e-mail address. Raises CellFault."""
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", checked(text)) is None or len(text) > NOTE_LIMIT // 2:
        raise CellFault("This is not an e-mail address. Put it right or leave it out.")
    return text


def read_call(text: str) -> str:
    """Whether somebody may be called. Raises CellFault."""
    words = squeezed(text)
    for call, known in (("first", FIRST), ("also", YES), ("never", NEVER)):
        if words in known:
            return call
    raise CellFault("Say whether they may be called: first, yes or no.")


class Merged(NamedTuple):
    """The contacts that would hold, as JSON holds them; what changes, and what to know of it."""

    contacts: list[dict[str, Any]]
    changes: list[Change]
    told: list[str]


def merged(here: Sequence[Contact], said: Iterable[SaidContact]) -> Merged:
    """What comes of the contacts who are here and those whom a row names."""
    contacts = [contact.model_dump(exclude_none=True) for contact in here]
    changes: list[Change] = []
    told: list[str] = []
    for named in said:
        at = next((n for n, held in enumerate(contacts) if alike(held["name"]) == alike(named.name)), None)
        if at is None:
            call = named.call or ("also" if any(held["call"] == "first" for held in contacts) else "first")
            if call != "never" and not named.phone:
                told.append(f"{named.name} has no phone number in the file, so they are left out.")
                continue
            relation = named.relation or UNSAID_RELATION
            contacts.append(_without_gaps(named.name, relation, named.phone, named.note, call))
            changes.append(Change("Contact", "", in_words(contacts[-1])))
            continue
        held = contacts[at]
        if held["call"] == "never" and named.call in ("first", "also"):
            told.append(f"{held['name']} is not to be called, as was put down here. The file does not change that.")
        after = _without_gaps(
            held["name"],
            named.relation or held["relation"],
            named.phone or held.get("phone", ""),
            _noted(held.get("note", ""), named.note),
            "never" if held["call"] == "never" else named.call or held["call"],
        )
        if after != held:
            contacts[at] = after
            changes.append(Change("Contact", in_words(held), in_words(after)))
    return Merged(contacts, changes, told)


def _noted(before: str, added: str) -> str:
    """A note with what a file adds, where that does not stand in it already and fits."""
    both = f"{before}; {added}" if before and added else before or added
    return before if added in before or len(both) > NOTE_LIMIT else both


def _without_gaps(name: str, relation: str, phone: str, note: str, call: str) -> dict[str, Any]:
    given = {"name": name, "relation": relation, "call": call, "phone": phone, "note": note}
    return {part: words for part, words in given.items() if words}


def in_words(contact: dict[str, Any]) -> str:
    """A contact as it stands in a row."""
    parts = (contact["name"], contact["relation"], contact.get("phone"), CALLED[contact["call"]], contact.get("note"))
    return ", ".join(filter(None, parts))

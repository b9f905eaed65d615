"""Deeds that take two people, in words; and what every safeguarding lead is told of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ap_ledger.bootstrap import Service
from ap_ledger.commands.two_people import NEW_FOR
from ap_ledger.events.moments import moment
from ap_ledger.events.person import TWO_PEOPLE_ROLES
from api.core.asking import Asker
from api.core.templating import day_in_words
from projections.bodies import PersonBody, ProposalBody
from projections.queries.words import CLASS_NAMES, ERASURE_RULES, ROLE_NAMES


class Told(NamedTuple):
    """What every safeguarding lead is told about leads: what, by whom it was proposed or done, since when, and how it
    stands."""

    words: str
    by: str
    at: datetime
    standing: str


TOLD = ("grant-role", "allow-recovery")


def told_to_leads(using: Service, asking: Asker) -> list[Told]:
    """Who was proposed as a lead, stopped being one, or is to be let in anew, lately: for a setting's leads, newest
    first."""
    where = {str(setting) for setting in asking.where("see-deeds")}
    if not where:
        return []
    bodies = using.reader.whole("people")
    people = {body["id"]: body["name"] for body in bodies}
    told = [*_proposed(using, people, where), *_ended(using, bodies, where)]
    return sorted(told, key=lambda line: line.at, reverse=True)


def _proposed(using: Service, people: Mapping[str, str | None], where: set[str]) -> Iterator[Told]:
    now = using.ledger.now()
    for body in using.reader.whole("proposals"):
        at = moment(body["proposed_at"])
        if (
            body["setting_id"] not in where
            or body["deed"] not in TOLD
            or (body["status"] != "open" and now - at > NEW_FOR)
        ):
            continue
        second = people.get(body["settled_by"] or "") or "someone"
        standing = {
            "open": "It waits for a second person.",
            "approved": f"{second} approved it.",
            "declined": f"{second} declined it.",
        }
        who = people.get(body["proposed_by"]) or "someone"
        yield Told(proposal_in_words(using, people, body), f"Proposed by {who}", at, standing[body["status"]])


def _ended(using: Service, people: Sequence[PersonBody], where: set[str]) -> Iterator[Told]:
    # One person may end the role of a lead, so that it can end at once; the other leads must not learn of it by chance.
    now, names = using.ledger.now(), {body["id"]: body["name"] for body in people}
    for body in people:
        for role in body["roles"]:
            if role["role"] not in TWO_PEOPLE_ROLES or role["setting_id"] not in where or "ended_at" not in role:
                continue
            at = moment(role["ended_at"])
            if now - at <= NEW_FOR:
                lead, ended_by = names[body["id"]] or "Someone", names.get(role["ended_by"] or "") or "someone"
                words = f"{lead} is {ROLE_NAMES[role['role']].lower()} until {day_in_words(role['until'])}."
                yield Told(words, f"Ended by {ended_by}" if role["ended_by"] else "Ended at the machine", at, "")


def proposal_in_words(using: Service, people: Mapping[str, str | None], body: ProposalBody) -> str:
    """What was proposed, in a sentence."""
    command = body["command"]
    about = using.reader.one("students", body["student_id"]) if body["student_id"] else None
    student = about["name"] if about else None
    person = people.get(command.get("person_id", ""))
    match body["deed"]:
        case "shred-key":
            texts = f"{command['texts']} {'text' if command['texts'] == 1 else 'texts'}"
            return (
                f"Erase for ever, of {student}: {CLASS_NAMES[command['retention_class']].lower()} ({texts}). "
                f"{ERASURE_RULES.get(command['rule'], command['rule'])}."
            )
        case "excise-text":
            return (
                f"Remove for ever one text of {student} ({command['retention_class']}, entry at position "
                f"{command['position']})."
            )
        case "grant-role":
            return f"Make {person} {ROLE_NAMES[command['role']].lower()}, from {command['from_date']} on."
    return f"Let {person} choose a new {'second factor' if command.get('lost') == 'second-factor' else 'password'}."

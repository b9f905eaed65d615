"""Entries as lines that people read, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ap_ledger.kinds import KINDS
from ap_ledger.kinds.telling import spoken
from api.core.asking import Asker
from api.core.languages import say
from api.core.service import Json
from api.core.templating import day_in_words
from projections.bodies import StudentBody
from projections.queries.entries import as_one_visit
from projections.queries.own_words import own_labels
from projections.queries.reading import Reader
from projections.queries.words import Own, in_words

Story = list[tuple[str, list[Json]]]
REASONS = {
    "mistake": "It was a slip", "wrong-time": "It happened at another time",
    "wrong-student": "It was about somebody else", "more-known": "We know more now",
    "sent-twice": "It was recorded twice", "two-people-said": "Two people said different things",
    "other": "Something else",
}  # fmt: skip
"""Why an entry is put right or taken back, as it is kept, and as a person says it."""

BY_THE_APP = {
    "emptied-on-the-sheet": "It was cleared on the sheet",
    "undone": "It was undone at once",
    "changed-on-the-device": "It was changed on the device",
    "answered-again": "It was answered again",
    "taken-back": "It was taken back where it was logged",
}
"""Reasons that nobody chooses: the pages give them by themselves."""


def reason_in_words(code: str) -> str:
    """Why an entry was put right or taken back; a code that came from another program is said by its own words."""
    return say(REASONS.get(code) or BY_THE_APP.get(code) or spoken(code))


def own_words_of(reader: Reader, asking: Asker, student: StudentBody) -> Own:
    """What a student's own steps are called, for those who may read it."""
    opens = asking.opens(asking.about(student["id"]), "learning", reader.ledger.now())
    return own_labels(reader, [student])[student["id"]] if opens else {}


def story_lines(
    reader: Reader,
    entries: Iterable[Json],
    zone: ZoneInfo,
    people: Mapping[str, str | None],
    own: Own,
    together: bool = True,
) -> Story:
    """Lines by day. With `together` two of one day that say the same are one line, where their kind is told so."""
    days: dict[str, list[Json]] = {}
    for entry in entries:
        line = line_of(reader, entry, zone, people, own)
        before = days.setdefault(line["day"], [])
        same = next(
            (
                earlier
                for earlier in before
                if line["together"]
                and earlier["kind"] == line["kind"]
                and earlier["what"] == line["what"]
                and not line["changes"]
            ),
            None,
        )
        if same is None or not together:
            before.append(line)
        else:
            same["when"] = f"{line['when']} and {same['when']}"
    return list(days.items())


def line_of(
    reader: Reader, told: Mapping[str, Any], zone: ZoneInfo, people: Mapping[str, str | None], own: Own
) -> Json:
    """One entry as a line: what it says, when, who, and every change of it that put something right."""
    told = as_one_visit(told)
    happened = datetime.fromisoformat(told["occurred_at"]).astimezone(zone)
    kind = KINDS[told["kind"]]
    return {
        "id": told["id"],
        "kind": kind.label,
        "together": kind.together,
        "what": in_words(reader, told["entry"], own, say=say),
        "status": told["status"],
        "flags": told["flags"],
        "day": happened.date().isoformat(),
        "when": f"{happened:%H:%M}",
        "who": people.get(told["author_id"]) or "someone",
        "recorded": day_in_words(datetime.fromisoformat(told["recorded_at"]).astimezone(zone).date()),
        "changes": [
            {
                "what": "Taken back" if change["kind"] == "entry-voided" else "Corrected",
                "who": people.get(change["author_id"]) or "someone",
                "when": day_in_words(change["recorded_at"][:10]),
                "why": change["reason"] or reason_in_words(change["reason_code"]),
                "before": in_words(reader, change["before"], own, say=say),
            }
            for change in told["changes"]
        ],
    }

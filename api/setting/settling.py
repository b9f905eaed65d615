"""What two people said differently about one session or one score, shown side by side and settled with one tap."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.errors import Refused
from ap_ledger.events.moments import stored_time
from api.core.asking import Asker
from api.core.languages import say
from api.core.problems import NotAllowed
from api.core.show import entry_id, id_of, text_of
from projections.bodies import SettingBody
from projections.queries.clocks import Clock
from projections.queries.entries import story_of
from projections.queries.on_day import timetable_on
from projections.queries.words import in_words

SETTLED = "two-people-said"
"""The reason under which what was not right is taken back."""
UNSAID = "This does not say which of them is right. Open the page again and choose one."


class Statement(NamedTuple):
    """What one of them said: the entry, who recorded it and when, and what it says."""

    entry: str
    by: str
    at: datetime
    words: str
    may_settle: bool


def statements_of(
    using: Service, asking: Asker, setting: SettingBody, clock: Clock, people: Mapping[str, str | None]
) -> list[Statement]:
    """What each of them said, in the order in which it was recorded."""
    zone, may = ZoneInfo(setting["time_zone"]), clock.student is not None and asking.may("record", clock.student["id"])
    statements: list[Statement] = []
    for entry in clock.told:
        told = story_of(using.reader, entry)
        if told is not None:
            words = f"{in_words(using.reader, told['entry'], say=say)} ({_when(setting, told['entry'], zone)})"
            by = people.get(told["author_id"]) or "somebody"
            statements.append(
                Statement(told["id"], by, datetime.fromisoformat(told["recorded_at"]).astimezone(zone), words, may)
            )
    return statements


def _when(setting: SettingBody, entry: Mapping[str, Any], zone: ZoneInfo) -> str:
    """The slot, or the planned hours; and when somebody came and left, where that is said."""
    session = entry.get("session")
    if session:
        labels = {slot["id"]: slot["label"] for slot in timetable_on(setting, session["date"])}
        where = str(labels.get(session["slot"], session["slot"]))
    else:
        where = " to ".join(_hour(entry[name], zone) for name in ("planned_start", "planned_end"))
    came = [
        f"{word} {_hour(entry[name], zone)}"
        for word, name in (("from", "actual_start"), ("to", "actual_end"))
        if entry.get(name)
    ]
    return ", ".join([where, *([" ".join(came)] if came else [])])


def _hour(moment: str, zone: ZoneInfo) -> str:
    return f"{stored_time(moment).astimezone(zone):%H:%M}"


def settle(using: Service, asking: Asker, form: FormData) -> int:
    """Keeps the entry that was said to be right, and takes the others back.

    Returns the position. Raises NotAllowed or Refused.
    """
    try:
        kept, others = UUID(text_of(form, "keep")), [UUID(str(text)) for text in form.getlist("other")]
    except ValueError:
        raise Refused("malformed", UNSAID, "keep") from None
    told, taken_back = story_of(using.reader, kept), [story_of(using.reader, other) for other in others]
    if told is None or not others or kept in others or None in taken_back:
        raise Refused("malformed", UNSAID, "keep")
    entries = [story["entry"] for story in (told, *taken_back) if story is not None]
    if not all(asking.may("record", entry["student_id"]) for entry in entries):
        raise NotAllowed
    head = {"kind": "entry-voided", "author_id": str(asking.person), "device_time": using.ledger.clock().isoformat()}
    form_id = id_of(form, "command")
    voids = [
        {
            "id": str(entry_id(form_id, entry["id"])),
            **head,
            "entry_id": entry["id"],
            "reason_code": SETTLED,
            # Where two records were joined, each entry stays in the one under whose id it came.
            "setting_id": entry["setting_id"],
            "student_id": entry["student_id"],
        }
        for entry in entries[1:]
    ]
    results = using.ledger.record(voids, sender=asking.writer).results
    # The form sent twice differs by its time only, and has done what it was to do.
    for result in results:
        if result.status not in ("recorded", "duplicate", "conflict"):
            raise Refused(
                "not-allowed", result.message or "It could not be settled. Open the page again and choose one.", "other"
            )
    return max((result.position or 0 for result in results), default=0)

"""A student's history as plain text for a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from projections.bodies import StudentBody
from projections.queries.reading import Reader
from projections.queries.words import in_words

SHOWN = 60


def tell(console: Console, reader: Reader, student: StudentBody, told: dict[str, Any], zone: ZoneInfo) -> None:
    """Prints progress first, then the newest entries with every change made to them."""
    progress = told["progress"]
    console.print(f"[bold]{escape(student['name'] or told['student_id'])}[/bold]", highlight=False)
    console.print(
        f"What had happened by {_when(told['as_of'], zone)}, as known on {_when(told['known_at'], zone)}.",
        highlight=False,
    )
    if told["incomplete"]:
        console.print(
            "[red]An event about this student could not be read, so this is incomplete. Run: ap-ledger check[/red]"
        )
    for key, climbed in progress["ladders"].items():
        definition = reader.definition(key)
        label = definition.labels.get if definition else (lambda rung, default=None: rung)
        console.print(
            f"{key}: {climbed['contacts']} contacts; starting point: {label(climbed['baseline'], '-')}; latest: "
            f"{label(climbed['latest'], '-')}; "
            f"kept up (3 of 5): {label(climbed['sustained'], 'not enough contacts yet')}",
            highlight=False,
        )
    console.print(
        f"{progress['entries']} current entries: "
        + ", ".join(f"{count} {kind}" for kind, count in progress["kinds"].items()),
        highlight=False,
    )
    for entry in told["entries"][:SHOWN]:
        mark = {"current": " ", "corrected": "~", "voided": "x"}[entry["status"]]
        console.print(
            f" {mark} {_when(entry['occurred_at'], zone)}  {escape(in_words(reader, entry['entry']))}", highlight=False
        )
        for change in entry["changes"]:
            what = "taken back" if change["kind"] == "entry-voided" else "corrected"
            reason = escape(change["reason"] or change["reason_code"])
            console.print(
                f"     {what} {_when(change['recorded_at'], zone)}: {reason}. It said: "
                f"{escape(in_words(reader, change['before']))}",
                highlight=False,
            )
    if len(told["entries"]) > SHOWN:
        console.print(
            f"   ... and {len(told['entries']) - SHOWN} older entries; --format json shows all.", highlight=False
        )


def _when(text: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%a %d %b %Y %H:%M}"

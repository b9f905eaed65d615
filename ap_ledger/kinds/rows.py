"""The rows: everything that is said of each kind of entry beside its class."""

from __future__ import annotations

from ap_ledger.events.entries import (
    CheckedIn,
    CheckedOut,
    ContextNoted,
    IncidentRecorded,
    InstrumentAnswered,
    NoteWritten,
    OutcomeScored,
    RungReached,
    SessionAttended,
    UnitProgressed,
    VisitLogged,
    VoiceHeard,
    WorryRaised,
)
from ap_ledger.kinds import telling, timeline
from ap_ledger.kinds.items import SpokenFace
from ap_ledger.kinds.row import UNMARKED, Count, Counted, Definition, FormField, Kind, Mark


def _item(row: Counted) -> str:
    return row.item or ""


def _slot(row: Counted) -> str:
    return row.slot or ""


def _minutes(row: Counted) -> int | None:
    return int(row.value) if row.value else None


def _speaker_and_face(row: Counted) -> str:
    return SpokenFace(row.item or "", row.value or "").packed()


NOTE, TEXT, MINUTES = FormField("Note", long=True), FormField("Text", long=True), FormField("Minutes")
CATEGORY = "What"

ROWS: tuple[Kind, ...] = (
    Kind(
        event=RungReached,
        label="Contact",
        timeline=timeline.rung,
        words=telling.rung,
        counts=(),
        kept="rungs",
        mark=UNMARKED,
        definition=Definition("ladder", "rung"),
        form={"rung": FormField("How far it went", choices="rungs"), "anxiety": FormField("Anxiety, 0 to 10")},
        fixed=frozenset({"ladder"}),
    ),
    Kind(
        event=OutcomeScored,
        label="Outcome",
        timeline=timeline.score,
        words=telling.score,
        counts=(),
        kept="scores",
        mark=UNMARKED,
        definition=Definition("framework", "indicator"),
        form={
            "indicator": FormField("Indicator", choices="items"),
            "level": FormField("Score", choices="levels"),
            "missing": FormField("Or why there is none"),
            "informant": FormField("As said by"),
        },
        fixed=frozenset({"framework", "set_by"}),
        at_slot=True,
    ),
    Kind(
        event=UnitProgressed,
        label="Step",
        timeline=timeline.unit,
        words=telling.unit,
        counts=(),
        kept="units",
        mark=UNMARKED,
        definition=Definition("curriculum", "unit"),
        form={
            "unit": FormField("Unit", choices="items"),
            "status": FormField("Status", choices="levels"),
            "note": NOTE,
        },
        fixed=frozenset({"curriculum"}),
    ),
    Kind(
        event=VisitLogged,
        label="Visit",
        timeline=timeline.visit,
        words=telling.visit,
        counts=(Count("visits", _item), Count("visits", lambda row: "minutes", _minutes)),
        mark=Mark("visit"),
        contact=timeline.contact,
        form={"effort": FormField("What we did"), "channel": FormField("By"), "minutes": MINUTES, "note": NOTE},
    ),
    Kind(
        event=SessionAttended,
        label="Session",
        timeline=timeline.session,
        words=telling.session,
        counts=(),
        kept="sessions",
        mark=UNMARKED,
        planned=timeline.planned,
        together=True,
        form={
            "planned_start": FormField("Planned start"),
            "planned_end": FormField("Planned end"),
            "actual_start": FormField("Came at"),
            "actual_end": FormField("Left at"),
            "cancelled_by": FormField("Cancelled by"),
        },
        fixed=frozenset({"place_id", "supervised_by"}),
    ),
    Kind(
        event=VoiceHeard,
        label="Voice",
        timeline=timeline.of_fields("speaker", "face"),
        words=telling.voice,
        counts=(Count("faces", _speaker_and_face),),
        mark=Mark("voice", line=1),
        form={
            "speaker": FormField("Who said it"),
            "face": FormField("How they felt, 1 to 5"),
            "words": FormField("Their words", long=True),
        },
    ),
    Kind(
        event=NoteWritten,
        label="Note",
        timeline=timeline.of_fields("retention_class"),
        words=telling.text,
        counts=(),
        mark=Mark("note"),
        form={"retention_class": FormField("It is about"), "text": TEXT},
        says="text",
    ),
    Kind(
        event=IncidentRecorded,
        label="Incident",
        timeline=timeline.incident,
        words=telling.category,
        counts=(Count("incidents", _item), Count("flashpoints", _slot)),
        mark=Mark("incident", line=2),
        form={
            "category": FormField(CATEGORY, choices="categories"),
            "restrictive": FormField("Restrictive"),
            "minutes": MINUTES,
            "parents_told_at": FormField("Parents told at"),
            "text": TEXT,
            "place": FormField("Where it was"),
            "copy_for_parents": FormField("Copy for parents"),
        },
        # The written record has a page of its own.
        fixed=frozenset({"record"}),
    ),
    Kind(
        event=ContextNoted,
        label="Context",
        timeline=timeline.nothing,
        words=telling.category,
        counts=(),
        mark=Mark("context", line=0),
        form={"category": FormField(CATEGORY), "text": TEXT},
        says="category",
    ),
    Kind(
        event=InstrumentAnswered,
        label="Questionnaire",
        timeline=timeline.answers,
        words=telling.answers,
        counts=(),
        mark=UNMARKED,
        form={"respondent": FormField("Answered by")},
        fixed=frozenset({"instrument", "answers"}),
    ),
    Kind(
        event=WorryRaised,
        # A list of what waits does not say of which kind it is.
        label="Entry",
        timeline=timeline.nothing,
        words=telling.text,
        counts=(),
        mark=UNMARKED,
        form={},
        fixed=frozenset({"text"}),
        says="text",
        hidden=True,
    ),
    Kind(
        event=CheckedIn,
        label="Checked in",
        timeline=timeline.nothing,
        words=telling.checked_in,
        counts=(),
        mark=UNMARKED,
        form={},
    ),
    Kind(
        event=CheckedOut,
        label="Checked out",
        timeline=timeline.nothing,
        words=telling.checked_out,
        counts=(),
        mark=UNMARKED,
        form={},
    ),
)
"""A row for each kind of entry. Whoever goes through them does so in the order of `ENTRY_EVENTS`."""

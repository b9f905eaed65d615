"""Whose it is what was refused or held, as far as it says so: what the rule of who may settle it goes by."""

from __future__ import annotations

from uuid import UUID

from ap_ledger.access.rules import Unsettled
from ap_ledger.domain.posted import POSTED_BY_KIND
from ap_ledger.domain.posting import id_of
from ap_ledger.recording.boxes import is_box
from ap_ledger.recording.states import States
from ap_ledger.stores.held.rows import Held

CHANGES = frozenset({"entry-corrected", "entry-voided"})
"""What says that an entry was put right or taken back."""


def unsettled(held: Held, states: States) -> Unsettled:
    """What something held says of itself, and what is known of its student and its device."""
    entry = held.entry if isinstance(held.entry, dict) else {}
    device = states.device(held.device_id) if held.device_id is not None else None
    sent_by = device.setting_id if device is not None else None
    if held.broken or is_box(entry):
        return Unsettled(readable=False, damaged=held.broken, device_setting=sent_by)
    kind, student_id = entry.get("kind"), id_of(entry, "student_id")
    student = states.student(student_id) if student_id is not None else None
    return Unsettled(
        readable=True,
        kind=kind if isinstance(kind, str) else None,
        kind_known=isinstance(kind, str) and (kind in POSTED_BY_KIND or kind in CHANGES),
        author_id=id_of(entry, "author_id"),
        setting_id=id_of(entry, "setting_id"),
        student_id=student_id,
        student_setting=student.setting_id if student is not None else None,
        device_setting=sent_by,
    )


def waits_for_author(held: Held, person_id: UUID | None) -> bool:
    """Whether something waits for nothing but this person's word that it is theirs."""
    return id_of(held.entry, "author_id") == person_id and held.status == "held" and held.field == "author_id"

"""What the events of a student's stream change in the body of a placement."""

from __future__ import annotations

from collections.abc import Mapping

from projections.bodies import PlacementFacts
from projections.runner import Seen
from projections.writers.body_changes.common import Change, State, append, cleared, given, id_of, record_of, take_over

CORRECTED = ("start", "planned_end", "end", "commissioner_id", "purpose", "dual_registered", "destination")
"""What a correction may put right in a placement."""


def _start(placement: PlacementFacts, state: State, seen: Seen) -> None:
    placement["setting_id"], placement["student_id"] = id_of(seen.setting_id), id_of(seen.stream)
    placement["commissioned"] = []
    placement["start"], placement["planned_end"] = state["start"], state.get("planned_end")
    placement["commissioner_id"], placement["purpose"] = state.get("commissioner_id"), state.get("purpose")
    placement["end"], placement["dual_registered"] = None, state.get("dual_registered", False)
    # A placement of a record that is joined to another one is changed and ended under that record's own id.
    if record := record_of(seen):
        placement["recorded_as"] = record


def _correct(placement: PlacementFacts, state: State, seen: Seen) -> None:
    placement.update(cleared(state))
    if "end" in cleared(state):
        # It did not end, so there is no reason for its end either.
        placement["reason_code"] = placement["destination"] = None
    placement.update(given(state, *CORRECTED))
    if "end_reason" in state:
        placement["reason_code"] = state["end_reason"]


CHANGES: Mapping[str, Change] = {
    "placement-started": _start,
    "placement-changed": take_over("planned_end", "purpose"),
    "placement-corrected": _correct,
    "placement-ended": take_over("end", "reason_code", "destination"),
    "sessions-commissioned": append("commissioned"),
}

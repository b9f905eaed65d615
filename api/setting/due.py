"""What is due as JSON: the same list as the page's, from the same table of clocks."""

from __future__ import annotations

from uuid import UUID

from api.core.asking import Asking
from api.core.gate import Gate, gated
from api.core.problems import Problem
from api.core.schemas import DueOfSetting
from api.core.service import Current, Json
from projections.queries.clocks import clocks
from projections.queries.reading import Unknown

router = gated(prefix="/api/v1", responses={status: {"model": Problem} for status in (400, 404, 503)})


@router.get(
    "/settings/{setting_id}/due",
    gate=Gate("see-clocks"),
    operation_id="listDue",
    summary="What is due, for whom, and what ends it",
    response_model=DueOfSetting,
)
def due(setting_id: UUID, using: Current, asking: Asking) -> Json:
    """The longest overdue first.

    Nothing leaves this list because time went by: only what `done` says, or the command `end-clock` or `end-review`.
    """
    setting = using.reader.one("settings", str(setting_id))
    if setting is None:
        raise Unknown
    students = asking.among(using.reader.everyone(setting), "see-clocks")
    return {
        "setting_id": str(setting_id),
        "items": [
            {
                "clock": one.kind, "student_id": one.student["id"] if one.student else None, "about": one.about,
                "what": one.what, "due": one.due,
                "state": one.state, "done": one.done, "entry_ids": list(one.told),
            }
            for one in clocks(using.reader, setting, students, using.ledger.now())
        ],
    }  # fmt: skip

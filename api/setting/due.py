"""What is due as JSON: the same list as the page's, from the same table of clocks."""

from __future__ import annotations

from uuid import UUID

from api.core.asking import Asking
from api.core.gate import Gate, gated
from api.core.service import Current
from api.setting.answers import DueOfSetting, DueOut
from projections.queries.clocks import clocks
from projections.queries.reading import Unknown

router = gated(prefix="/api/v1")


@router.get(
    "/settings/{setting_id}/due",
    gate=Gate("see-clocks"),
    operation_id="listDue",
    summary="What is due, for whom, and what ends it",
)
def due(setting_id: UUID, using: Current, asking: Asking) -> DueOfSetting:
    """The longest overdue first.

    Nothing leaves this list because time went by: only what `done` says, or the command `end-clock` or `end-review`.
    """
    setting = using.reader.one("settings", str(setting_id))
    if setting is None:
        raise Unknown
    students = asking.among(using.reader.everyone(setting), "see-clocks")
    items = [
        DueOut(
            clock=clock.kind,
            student_id=clock.student["id"] if clock.student else None,
            about=clock.about,
            what=clock.what,
            due=clock.due,
            state=clock.state,
            done=clock.done,
            entry_ids=list(clock.told),
        )
        for clock in clocks(using.reader, setting, students, using.ledger.now())
    ]
    return DueOfSetting(setting_id=setting_id, items=items)

"""The visits that are planned, as they stand now: one row each, found by the day on which they begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table

from ap_ledger.events.moments import microseconds, stored_time
from ap_ledger.events.visits import VisitCancelled, VisitChanged, VisitPlanned
from ap_ledger.stores.engine import BigInt
from projections.runner import Projection, Seen

PLANS = frozenset({VisitPlanned.TOPIC, VisitChanged.TOPIC})


def planned_visits_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each visit. `record` is the student under whose id it was planned.

    `position` is that of the event that cancelled it, in which the words of the reason are sealed.
    """
    return Table(
        f"planned_visits{suffix}",
        metadata,
        Column("visit", LargeBinary(16), primary_key=True),
        Column("setting", LargeBinary(16), nullable=False, index=True),
        Column("record", LargeBinary(16), nullable=False),
        Column("person", LargeBinary(16), nullable=False),
        Column("starts_at", BigInt, nullable=False, index=True),
        Column("minutes", Integer, nullable=False),
        Column("purpose", String, nullable=False),
        Column("alone", Integer, nullable=False),
        Column("address", LargeBinary(16)),
        Column("buddy", LargeBinary(16)),
        Column("authorised_by", LargeBinary(16)),
        Column("planned_by", LargeBinary(16)),
        Column("cancelled_by", String),
        Column("reason_code", String),
        Column("position", BigInt),
    )


def _id(text: str | None) -> bytes | None:
    return UUID(text).bytes if text else None


class PlannedVisits(Projection):
    """Plans, each moved or cancelled where it stands."""

    name: ClassVar[str] = "planned_visits"
    tables: ClassVar = (planned_visits_table,)

    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Adds what was planned, and changes what was moved or cancelled, in the order in which it was recorded."""
        visits = self.made[0]
        for seen in batch:
            if seen.topic in PLANS and seen.state is not None:
                state = seen.state
                row = (
                    UUID(state["visit_id"]).bytes,
                    seen.setting_id,
                    seen.student_id,
                    UUID(state["person_id"]).bytes,
                    microseconds(stored_time(state["starts_at"])),
                    state["minutes"],
                    state["purpose"],
                    int(state["alone"]),
                    _id(state.get("address_id")),
                    _id(state.get("buddy_id")),
                    _id(state.get("authorised_by")),
                    seen.author_id,
                    None,
                    None,
                    None,
                )
                self.views.update_many(connection, f"DELETE FROM {visits.name} WHERE visit = ?", [(row[0],)])
                self.views.insert_many(connection, visits, [row])
            elif seen.topic == VisitCancelled.TOPIC and seen.state is not None:
                cancel = f"UPDATE {visits.name} SET cancelled_by = ?, reason_code = ?, position = ? WHERE visit = ?"
                state = seen.state
                said = (state["cancelled_by"], state["reason_code"], seen.position, UUID(state["visit_id"]).bytes)
                self.views.update_many(connection, cancel, [said])

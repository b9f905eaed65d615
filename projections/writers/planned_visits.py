"""The visits that are planned, as they stand now, one row each; and beside them those that were logged, which settle
them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table

from ap_ledger.events.entries import VisitLogged
from ap_ledger.events.moments import local_day, microseconds, stored_time
from ap_ledger.events.visits import VisitCancelled, VisitChanged, VisitPlanned
from ap_ledger.kinds.items import ATTEMPTED
from ap_ledger.stores.engine import BigInt
from projections.runner import Projection, Seen, see
from projections.writers.entry_stories import changes_of

PLANS = frozenset({VisitPlanned.TOPIC, VisitChanged.TOPIC})
SETTLING = frozenset({ATTEMPTED, "cancelled-by-us"})
"""What a logged visit says that settles a plan."""


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
        # The ordinal of its day, where the setting is.
        Column("day", Integer, nullable=False, index=True),
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


def logged_visits_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each visit that was logged and not taken back, and says that somebody tried, or that we cancelled."""
    return Table(
        f"logged_visits{suffix}",
        metadata,
        Column("entry", LargeBinary(16), primary_key=True),
        Column("record", LargeBinary(16), nullable=False),
        Column("person", LargeBinary(16), nullable=False, index=True),
        Column("day", Integer, nullable=False),
    )


def visit_zones_table(suffix: str, metadata: MetaData) -> Table:
    """The time zone of each setting, which decides where its days begin."""
    return Table(
        f"visit_zones{suffix}",
        metadata,
        Column("setting", LargeBinary(16), primary_key=True),
        Column("time_zone", String, nullable=False),
    )


def _id(text: str | None) -> bytes | None:
    return UUID(text).bytes if text else None


class PlannedVisits(Projection):
    """Plans, each moved or cancelled where it stands."""

    name: ClassVar[str] = "planned_visits"
    version: ClassVar[int] = 2
    tables: ClassVar = (planned_visits_table, logged_visits_table, visit_zones_table)

    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Adds what was planned, and changes what was moved or cancelled, in the order in which it was recorded; then
        what was logged."""
        visits, logged, zones = self.made
        for seen in batch:
            if seen.topic == "setting-opened" and seen.state is not None:
                self.views.insert_many(connection, zones, [(seen.stream, seen.state["time_zone"])])
            elif seen.topic in PLANS and seen.state is not None:
                state = seen.state
                starts_at = microseconds(stored_time(state["starts_at"]))
                row = (
                    UUID(state["visit_id"]).bytes,
                    seen.setting_id,
                    seen.student_id,
                    UUID(state["person_id"]).bytes,
                    starts_at,
                    self._day(connection, seen.setting_id, starts_at),
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
        for change in changes_of(self.recorder, batch, {VisitLogged.TOPIC}):
            gone = f"DELETE FROM {logged.name} WHERE entry = ?"
            self.views.update_many(connection, gone, [(change.seen.stream,)])
            now = change.after
            if now is not None and now.said["effort"] in SETTLING:
                day = self._day(connection, change.seen.setting_id, now.occurred_at)
                who = now.seen.author_id if change.before is None else self._author(change.seen.stream)
                self.views.insert_many(connection, logged, [(change.seen.stream, change.seen.student_id, who, day)])

    def _author(self, entry: bytes) -> bytes | None:
        """Who logged an entry first, whoever put it right since."""
        return next((see(row).author_id for row in self.recorder.tail_of([UUID(bytes=entry)])), None)

    def _day(self, connection: Connection, setting: bytes | None, moment: int) -> int:
        ask = self.views.sql(f"SELECT time_zone FROM {self.made[2].name} WHERE setting = ?")
        return local_day(moment, connection.exec_driver_sql(ask, (setting,)).scalar_one()).toordinal()

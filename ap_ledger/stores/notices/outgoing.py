"""What is to be sent: at most once a notice and channel, tried again for a day where it was not taken."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, select, update

from ap_ledger.events.moments import moment
from ap_ledger.stores.engine import changing
from ap_ledger.stores.notices.store import DELIVERIES, NOTICES, NoticeTables, stamp

TRIED_FOR = timedelta(days=1)
"""What nobody took within so long from the first try on is given up. In the app it stays."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)


class Delivery(NamedTuple):
    """One notice that is to be sent to somebody through one channel; `since` is the first try, once there was one."""

    person: UUID
    name: str
    key: UUID
    channel: str
    setting_id: UUID
    tries: int
    since: datetime


class Outgoing(NoticeTables):
    """Keeps what is to be sent, and what became of it."""

    def waiting(self, channel: str, now: datetime) -> list[Delivery]:
        """What may be sent through a channel now. What was read meanwhile need not be sent."""
        same = and_(*(DELIVERIES.c[name] == NOTICES.c[name] for name in ("person", "name", "key")))
        ask = select(DELIVERIES).join(NOTICES, same)
        ask = ask.where(
            DELIVERIES.c.state == "waiting",
            DELIVERIES.c.next_at <= stamp(now),
            DELIVERIES.c.channel == channel,
            NOTICES.c.read_at.is_(None),
        )
        with self._engine.connect() as connection:
            return [
                Delivery(
                    UUID(bytes=bytes(row.person)),
                    row.name,
                    UUID(bytes=bytes(row.key)),
                    row.channel,
                    UUID(bytes=bytes(row.setting)),
                    row.tries,
                    moment(row.since),
                )
                for row in connection.execute(ask.order_by(DELIVERIES.c.since))
            ]

    def take(self, some: Collection[Delivery]) -> list[Delivery]:
        """Takes what is about to be sent, so that no other process sends it, nor this one after it died in the middle.

        Returns what nobody else had taken.
        """
        with changing(self._engine) as connection:
            taking = [
                (each, update(DELIVERIES).where(_of(each), DELIVERIES.c.state == "waiting").values(state="sending"))
                for each in some
            ]
            return [each for each, statement in taking if connection.execute(statement).rowcount]

    def sent(self, some: Sequence[Delivery]) -> None:
        """They were taken at the other end, or may have been: they are not sent again."""
        self._end(some, "sent")

    def dropped(self, some: Sequence[Delivery]) -> None:
        """They cannot be sent, or nobody wants them to be any more."""
        self._end(some, "given-up")

    def failed(self, some: Sequence[Delivery], now: datetime) -> None:
        """They were not taken, and are tried again, less and less often; those tried for a day are given up."""
        for each in some:
            first = each.since if each.tries else now
            if now - first >= TRIED_FOR:
                self._end([each], "given-up")
                continue
            wait = min(FIRST_WAIT * 2**each.tries, LONGEST_WAIT)
            values = {"state": "waiting", "tries": each.tries + 1, "since": stamp(first), "next_at": stamp(now + wait)}
            self._change(update(DELIVERIES).where(_of(each)).values(values))

    def _end(self, some: Sequence[Delivery], state: str) -> None:
        if some:
            self._change(*(update(DELIVERIES).where(_of(each)).values(state=state) for each in some))


def _of(each: Delivery) -> Any:
    return and_(
        DELIVERIES.c.person == each.person.bytes,
        DELIVERIES.c.name == each.name,
        DELIVERIES.c.key == each.key.bytes,
        DELIVERIES.c.channel == each.channel,
    )

"""What each person has to see: raised once, counted in one question, and ended by being read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from ap_ledger.events.moments import moment
from ap_ledger.stores.engine import changing
from ap_ledger.stores.notices.store import CHOICES, DELIVERIES, NOTICES, NoticeTables, stamp
from ap_ledger.stores.sound_rows import sound_rows

KEPT = timedelta(days=90)
"""A notice is forgotten after so long, read or not. What it told of stays where it is."""
CHANNELS = ("mail", "push")
AT_ONCE = 500


class Raised(NamedTuple):
    """That something happened of which people are told: what kind of notice, one of what, where and when.

    `about` is the id that stands in the address of its page, where it has one of its own.
    """

    name: str
    key: UUID
    setting_id: UUID
    happened: datetime
    about: UUID | None = None


class Unread(NamedTuple):
    """How many notices of a kind somebody has not read, in a setting and about one thing; `newest` is in microseconds,
    when the last of them was raised."""

    name: str
    setting_id: UUID
    about: UUID | None
    number: int
    newest: int


class Told(NamedTuple):
    """A notice as its reader finds it."""

    name: str
    setting_id: UUID
    about: UUID | None
    happened: datetime
    raised: int
    is_read: bool


class Inbox(NoticeTables):
    """Keeps what people have to see."""

    def unknown(self, name: str, keys: Collection[UUID]) -> set[UUID]:
        """Those of some things of which nobody was told yet by notices of a kind."""
        wanted, known = [key.bytes for key in keys], set[UUID]()
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), AT_ONCE):
                some = NOTICES.c.key.in_(wanted[start : start + AT_ONCE])
                ask = select(NOTICES.c.key).where(NOTICES.c.name == name, some).distinct()
                known |= {UUID(bytes=bytes(key)) for key in connection.scalars(ask)}
        return set(keys) - known

    def tell(self, raised: Raised, people: Iterable[UUID], now: datetime) -> int:
        """Tells people of something, and has it sent to those who asked for that. Doing it again tells nobody twice.

        Returns how many were told.
        """
        about = None if raised.about is None else raised.about.bytes
        row = {
            "name": raised.name, "key": raised.key.bytes, "setting": raised.setting_id.bytes, "about": about,
            "happened_at": stamp(raised.happened), "raised_at": stamp(now),
        }  # fmt: skip
        rows = [{**row, "person": person.bytes} for person in people]
        if not rows:
            return 0
        with changing(self._engine) as connection:
            new = self._insert(NOTICES).on_conflict_do_nothing().returning(NOTICES.c.person)
            told = [bytes(person) for person in connection.scalars(new.values(rows))]
            wanted = connection.execute(
                select(CHOICES.c.person, CHOICES.c.mail, CHOICES.c.push).where(CHOICES.c.person.in_(told))
            ).all()
            sent = {
                "name": raised.name, "key": raised.key.bytes, "setting": raised.setting_id.bytes,
                "state": "waiting", "tries": 0, "since": stamp(now), "next_at": stamp(now),
            }  # fmt: skip
            out = [
                {**sent, "person": row.person, "channel": channel}
                for row in wanted
                for channel in CHANNELS
                if getattr(row, channel)
            ]
            if out:
                connection.execute(self._insert(DELIVERIES).on_conflict_do_nothing(), out)
        return len(told)

    def unread(self, person: UUID) -> list[Unread]:
        """What somebody has not read, counted: one question, by an index."""
        newest = func.max(NOTICES.c.raised_at)
        kind = (NOTICES.c.name, NOTICES.c.setting, NOTICES.c.about)
        ask = select(*kind, func.count(), newest).where(_unread(person)).group_by(*kind)
        with self._engine.connect() as connection:
            rows = connection.execute(ask).all()
        return [
            Unread(name, UUID(bytes=bytes(setting)), _id(about), count, raised)
            for name, setting, about, count, raised in rows
        ]

    def told(self, person: UUID, limit: int) -> list[Told]:
        """The newest notices of somebody, read or not."""
        ask = select(NOTICES).where(NOTICES.c.person == person.bytes)
        ask = ask.order_by(NOTICES.c.happened_at.desc(), NOTICES.c.key).limit(limit)
        with self._engine.connect() as connection:
            return [
                Told(
                    row.name,
                    UUID(bytes=bytes(row.setting)),
                    _id(row.about),
                    moment(row.happened_at),
                    row.raised_at,
                    row.read_at is not None,
                )
                for row in sound_rows(connection, ask)
            ]

    def read(self, person: UUID, seen: Sequence[Unread], now: datetime) -> None:
        """Somebody has read what these count. What was raised since is as new as before."""
        kinds = [
            and_(
                NOTICES.c.name == group.name,
                NOTICES.c.setting == group.setting_id.bytes,
                NOTICES.c.about.is_(None) if group.about is None else NOTICES.c.about == group.about.bytes,
                NOTICES.c.raised_at <= group.newest,
            )
            for group in seen
        ]
        if kinds:
            self._change(update(NOTICES).where(_unread(person), or_(*kinds)).values(read_at=stamp(now)))

    def read_all(self, person: UUID, until: int, now: datetime) -> None:
        """Somebody has read everything that was raised up to a moment, in microseconds."""
        until_then = and_(_unread(person), NOTICES.c.raised_at <= until)
        self._change(update(NOTICES).where(until_then).values(read_at=stamp(now)))

    def tidy(self, now: datetime) -> int:
        """Forgets notices whose time is over, and what was sent of them. Returns how many there were."""
        before = stamp(now - KEPT)
        return self._change(
            delete(DELIVERIES).where(DELIVERIES.c.since < before), delete(NOTICES).where(NOTICES.c.raised_at < before)
        )


def _unread(person: UUID) -> ColumnElement[bool]:
    return and_(NOTICES.c.person == person.bytes, NOTICES.c.read_at.is_(None))


def _id(value: bytes | None) -> UUID | None:
    return None if value is None else UUID(bytes=bytes(value))

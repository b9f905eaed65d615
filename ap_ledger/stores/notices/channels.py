"""How people want to be told, and the mail server of each setting. What they typed is sealed under the ledger's key."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import delete, select, update

from ap_ledger.events.moments import moment
from ap_ledger.stores.notices.store import CHOICES, MAIL, SUBSCRIPTIONS, NoticeTables, stamp

Security = Literal["starttls", "tls", "none"]
"""How a mail server is spoken to: sealed after its greeting, sealed from the first, or in the clear."""


MOST_BROWSERS = 10
"""In so many browsers somebody is told at most."""


class Choice(NamedTuple):
    """Through which channels somebody is told, and their e-mail address; empty where they gave none."""

    mail: bool = False
    push: bool = False
    address: str = ""


class Subscription(NamedTuple):
    """A browser that is told: its address at a push service, and that of this service's pages."""

    endpoint: str
    pages: str


class MailServer(NamedTuple):
    """The server through which a setting sends mail, whom it is from, and the address of this service's pages."""

    host: str
    port: int
    security: Security
    user: str
    password: str
    sender: str
    pages: str


class Mail(NamedTuple):
    """The mail of a setting: whether it is on, its server where one is known, and since when it fails, by its kind."""

    is_on: bool
    server: MailServer | None
    failing_since: datetime | None = None
    fault: str | None = None


class Channels(NoticeTables):
    """Keeps what people and settings chose."""

    # People -----------------------------------------------------------------------------------------------------------

    def choice(self, person: UUID) -> Choice:
        """How somebody wants to be told: in the app alone, unless they said otherwise."""
        with self._engine.connect() as connection:
            row = connection.execute(select(CHOICES).where(CHOICES.c.person == person.bytes)).first()
        if row is None:
            return Choice()
        address = self._open(row.address, _bound("address", person))
        return Choice(bool(row.mail), bool(row.push), address if isinstance(address, str) else "")

    def choose(self, person: UUID, choice: Choice) -> None:
        """Somebody says how they want to be told."""
        address = self._seal(choice.address, _bound("address", person)) if choice.address else None
        values = {"mail": int(choice.mail), "push": int(choice.push), "address": address}
        insert = self._insert(CHOICES).values(person=person.bytes, **values)
        self._change(insert.on_conflict_do_update(index_elements=["person"], set_=values))

    def subscriptions(self, person: UUID) -> list[Subscription]:
        """The browsers in which somebody is told."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.person == person.bytes)).all()
        opened = (self._open(row.sealed, b"push\0" + bytes(row.id)) for row in rows)
        return [Subscription(**each) for each in opened if each is not None]

    def subscribe(self, person: UUID, subscription: Subscription, now: datetime) -> None:
        """Somebody is told in a browser from now on, and nobody else is in that one. Of many the oldest ends."""
        name = _id_of(subscription.endpoint)
        values = {
            "person": person.bytes,
            "sealed": self._seal(subscription._asdict(), b"push\0" + name),
            "made_at": stamp(now),
        }
        insert = self._insert(SUBSCRIPTIONS).values(id=name, **values)
        mine = SUBSCRIPTIONS.c.person == person.bytes
        newest = select(SUBSCRIPTIONS.c.id).where(mine).order_by(SUBSCRIPTIONS.c.made_at.desc(), SUBSCRIPTIONS.c.id)
        self._change(
            insert.on_conflict_do_update(index_elements=["id"], set_=values),
            delete(SUBSCRIPTIONS).where(mine, SUBSCRIPTIONS.c.id.not_in(newest.limit(MOST_BROWSERS))),
        )

    def unsubscribe(self, endpoint: str) -> None:
        """Nobody is told in a browser any more."""
        self._change(delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == _id_of(endpoint)))

    def keep_only(self, people: Collection[UUID]) -> int:
        """Forgets what others than these chose, and how they are reached. Returns how many they were."""
        with self._engine.connect() as connection:
            asks = (select(CHOICES.c.person), select(SUBSCRIPTIONS.c.person))
            known = {bytes(person) for ask in asks for person in connection.scalars(ask)}
        gone = known - {person.bytes for person in people}
        for person in gone:
            self._change(
                delete(CHOICES).where(CHOICES.c.person == person),
                delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.person == person),
            )
        return len(gone)

    # Settings ---------------------------------------------------------------------------------------------------------

    def mail_of(self, setting: UUID) -> Mail:
        """The mail of a setting; off where nobody turned it on, or where its server is not what was sealed."""
        with self._engine.connect() as connection:
            row = connection.execute(select(MAIL).where(MAIL.c.setting == setting.bytes)).first()
        return Mail(False, None) if row is None else self._mail(setting, row)

    def _mail(self, setting: UUID, row: Any) -> Mail:
        opened = self._open(row.sealed, _bound("mail", setting))
        try:
            server = MailServer(**opened)
        except TypeError:
            return Mail(False, None)
        since = None if row.failing_since is None else moment(row.failing_since)
        return Mail(bool(row.is_on), server, since, row.fault)

    def set_mail(self, setting: UUID, server: MailServer, is_on: bool) -> None:
        """Says through which server a setting sends mail. Whatever failed before is over."""
        sealed = self._seal(server._asdict(), _bound("mail", setting))
        values = {"is_on": int(is_on), "sealed": sealed, "failing_since": None, "fault": None}
        insert = self._insert(MAIL).values(setting=setting.bytes, **values)
        self._change(insert.on_conflict_do_update(index_elements=["setting"], set_=values))

    def mail_failed(self, setting: UUID, fault: str, now: datetime) -> None:
        """The server of a setting took no mail. Since when is said once."""
        here = MAIL.c.setting == setting.bytes
        self._change(
            update(MAIL).where(here, MAIL.c.failing_since.is_(None)).values(failing_since=stamp(now)),
            update(MAIL).where(here).values(fault=fault),
        )

    def mail_works(self, setting: UUID) -> None:
        """The server of a setting took mail."""
        failing = MAIL.c.failing_since.is_not(None)
        self._change(
            update(MAIL).where(MAIL.c.setting == setting.bytes, failing).values(failing_since=None, fault=None)
        )

    def failing_mail(self) -> dict[UUID, datetime]:
        """The settings whose mail is on and fails, each with since when."""
        ask = select(MAIL.c.setting, MAIL.c.failing_since).where(MAIL.c.is_on == 1, MAIL.c.failing_since.is_not(None))
        with self._engine.connect() as connection:
            return {UUID(bytes=bytes(row.setting)): moment(row.failing_since) for row in connection.execute(ask)}


def _id_of(endpoint: str) -> bytes:
    return hashlib.sha256(endpoint.encode()).digest()[:16]


def _bound(what: str, whose: UUID) -> bytes:
    return what.encode() + b"\0" + whose.bytes

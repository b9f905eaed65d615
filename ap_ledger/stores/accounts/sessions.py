"""Sessions: begun by a password or a PIN, ended by sign-out, by time that passed, or at once by whoever takes them
away."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from ap_ledger.stores.accounts.devices_and_presence import ABSOLUTE, far_from_home
from ap_ledger.stores.accounts.store import ACCOUNTS, PRESENCE, SESSIONS, AccountStore, secret_hash

IDLE = timedelta(minutes=30)
"""A session ends after so long without a request."""


class SignedIn(NamedTuple):
    """A session that is alive. `password_only` says that its person has no second factor."""

    person_id: UUID
    kind: str
    device_id: UUID | None
    began_at: int
    handed_over: str | None
    password_only: bool


class Sessions(AccountStore):
    """Begins, finds and ends sessions."""

    def begin(self, person_id: UUID, kind: str, device_id: UUID | None = None) -> str:
        """A session whose secret nobody had before. On an enrolled device it also says who is there from now on."""
        secret, now = secrets.token_urlsafe(32), self._now
        with self._engine.begin() as connection:
            row = {"person_id": person_id.bytes, "device_id": device_id and device_id.bytes, "began_at": now}
            connection.execute(insert(SESSIONS).values(hash=secret_hash(secret), kind=kind, seen_at=now, **row))
            if device_id is not None:
                connection.execute(insert(PRESENCE).values(full=int(kind == "full"), **row))
        return secret

    def session(self, secret: str, is_used: bool = True) -> SignedIn | None:
        """The session of a cookie, unless it ended: by sign-out, by revoking, after 30 minutes without a request or 12
        hours. Whether it `is_used` says that somebody asked, and not a page by itself."""
        hashed, now = secret_hash(secret), self._now
        joined = SESSIONS.outerjoin(ACCOUNTS, ACCOUNTS.c.person_id == SESSIONS.c.person_id)
        row = self._credential(select(SESSIONS, ACCOUNTS.c.totp).select_from(joined).where(SESSIONS.c.hash == hashed))
        if row is None:
            return None
        if not self._is_lately(row.began_at, ABSOLUTE) or not self._is_lately(row.seen_at, IDLE):
            self.sign_out(secret)
            return None
        if is_used and now - row.seen_at > 60_000_000:
            self._do(update(SESSIONS).where(SESSIONS.c.hash == hashed).values(seen_at=now))
        device = UUID(bytes=bytes(row.device_id)) if row.device_id else None
        return SignedIn(
            UUID(bytes=bytes(row.person_id)), row.kind, device, row.began_at, row.handed_over, row.totp is None
        )

    def sign_out(self, secret: str) -> None:
        """Ends a session, and says that its person has left the device."""
        row = self._credential(select(SESSIONS).where(SESSIONS.c.hash == secret_hash(secret)))
        self._do(delete(SESSIONS).where(SESSIONS.c.hash == secret_hash(secret)))
        if row is not None and row.device_id is not None:
            where = (
                PRESENCE.c.device_id == row.device_id,
                PRESENCE.c.person_id == row.person_id,
                PRESENCE.c.until.is_(None),
            )
            # After a PIN switch the full sign-in of before goes on; only what this session began ends.
            self._do(update(PRESENCE).where(*where, PRESENCE.c.began_at == row.began_at).values(until=self._now))

    def sign_out_everywhere(self, person_id: UUID) -> None:
        """Ends every session of a person; no device vouches for them any more, as a phone that was lost would."""
        self._do(delete(SESSIONS).where(SESSIONS.c.person_id == person_id.bytes), far_from_home(person_id))

    def leave(self, secret: str) -> None:
        """Ends a session because another takes its place; its person stays signed in on the device."""
        self._do(delete(SESSIONS).where(SESSIONS.c.hash == secret_hash(secret)))

    def hand_over(self, secret: str, address: str | None) -> None:
        """Ties a session to one page while a student or carer holds the tablet; None gives it back."""
        self._do(update(SESSIONS).where(SESSIONS.c.hash == secret_hash(secret)).values(handed_over=address))

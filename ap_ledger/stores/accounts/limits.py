"""Limits on guessing: tries are counted by whose they are and where they come from, so that a stranger's never lock an
owner out."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, text

from ap_ledger.errors import NotAllowedNow
from ap_ledger.stores.accounts.store import KNOWN_BROWSERS, PRESENCE, TRIES, AccountStore, secret_hash

PER_ACCOUNT, PER_ADDRESS, WINDOW = 10, 100, timedelta(minutes=1)
"""Wrong tries for one account from one place, and for all accounts from one address, in so much time."""
PER_ACCOUNT_ANYWHERE = 50
"""Tries for one account from all places together that nobody has signed in from before."""
KNOWN_FOR = timedelta(days=400)
"""How long a browser stays known after somebody signed in with it; browsers keep no cookie longer."""
TOO_MANY = "Too many tries. Wait a minute, then try again."


class Limits(AccountStore):
    """Counts tries, and knows where somebody signed in before."""

    def _count_try(self, kind: str, who: str, limit: int) -> None:
        """Counts a try and refuses one too many. Raises NotAllowedNow.

        Whose it is is kept as an HMAC, so that this table names nobody. Tries that are stamped in the future count for
        nothing.
        """
        key = hmac.digest(self._key.raw, f"{kind}/{who}".encode(), "sha256")
        first, last = self._lately(WINDOW)
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Tries sent together would otherwise not see each other. SQLite lets one in at a time by itself.
                number = int.from_bytes(key[:8], signed=True)
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
            connection.execute(delete(TRIES).where(or_(TRIES.c.at < first, TRIES.c.at > last)))
            tries = connection.execute(select(TRIES.c.at).where(TRIES.c.who == key).limit(limit)).all()
            if len(tries) >= limit:
                raise NotAllowedNow(TOO_MANY)
            connection.execute(insert(TRIES).values(who=key, at=self._now))

    def count_sign_in(
        self, name: str, person_id: UUID | None, address: str, device_id: UUID | None, browser: str
    ) -> bool:
        """Counts a try to sign in by where it comes from, and says whether that place is known. Raises NotAllowedNow.

        Where somebody signed in before, only what is tried there counts: ten wrong tries elsewhere stop whoever makes
        them.
        """
        if person_id is not None and self.is_known(person_id, device_id, browser):
            self._count_try("known", f"{person_id}/{device_id or secret_hash(browser).hex()}", PER_ACCOUNT)
            return True
        self._count_try("address", address, PER_ADDRESS)
        self._count_try("account", f"{name}/{address}", PER_ACCOUNT)
        self._count_try("anywhere", name, PER_ACCOUNT_ANYWHERE)
        return False

    def is_known(self, person_id: UUID, device_id: UUID | None, browser: str) -> bool:
        """Whether somebody signed in on this device, or in this browser, before."""
        if device_id is not None:
            here = select(PRESENCE.c.person_id).where(
                PRESENCE.c.device_id == device_id.bytes, PRESENCE.c.person_id == person_id.bytes
            )
            if self._one(here.limit(1)) is not None:
                return True
        if not browser:
            return False
        first, last = self._lately(KNOWN_FOR)
        mine = (KNOWN_BROWSERS.c.hash == secret_hash(browser), KNOWN_BROWSERS.c.person_id == person_id.bytes)
        return (
            self._one(select(KNOWN_BROWSERS.c.made_at).where(*mine, KNOWN_BROWSERS.c.made_at.between(first, last)))
            is not None
        )

    def know_browser(self, person_id: UUID, browser: str = "") -> str:
        """Remembers that somebody signed in with a browser. Returns the secret by which it is known.

        A secret that was not made here is never taken over, because whoever chose it knows it too.
        """
        ours = self._one(select(KNOWN_BROWSERS.c.hash).where(KNOWN_BROWSERS.c.hash == secret_hash(browser)).limit(1))
        secret = browser if browser and ours is not None else secrets.token_urlsafe(32)
        row = {"hash": secret_hash(secret), "person_id": person_id.bytes}
        mine = (KNOWN_BROWSERS.c.hash == row["hash"], KNOWN_BROWSERS.c.person_id == row["person_id"])
        self._do(delete(KNOWN_BROWSERS).where(*mine), insert(KNOWN_BROWSERS).values(**row, made_at=self._now))
        return secret

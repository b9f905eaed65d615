"""One-time links, and tokens with which programs act for a person: shown once, kept hashed, gone at once when revoked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import delete, insert, select, update

from ap_ledger.access import SCOPES
from ap_ledger.application.account_store import LINKS, TOKENS, AccountStore, secret_hash
from ap_ledger.errors import SignInRefused

Purpose = Literal["first", "welcome", "recover", "enrol"]
LINK_LIFE: dict[str, timedelta] = {
    "first": timedelta(hours=24), "welcome": timedelta(hours=72), "recover": timedelta(hours=24), "enrol": timedelta(minutes=5),
}  # fmt: skip
TOKEN_DAYS = 365
REMEMBERED = 1.0
"""Seconds for which a token is taken at its word without asking the database, because programs send many times a second."""


class TokenRow(NamedTuple):
    """A token that is alive."""

    person_id: UUID
    scopes: frozenset[str]


class LinksAndTokens(AccountStore):
    """Makes, finds and ends links and tokens."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._tokens: dict[bytes, tuple[float, TokenRow]] = {}

    def make_link(self, purpose: Purpose, about: dict[str, Any] | None = None) -> str:
        """The secret of a link that works once, for a while."""
        secret = secrets.token_urlsafe(24)
        life = LINK_LIFE[purpose] // timedelta(microseconds=1)
        self._do(insert(LINKS).values(hash=secret_hash(secret), purpose=purpose, about=orjson.dumps(about or {}).decode(), expires_at=self._now + life))
        return secret

    def link(self, secret: str, *purposes: Purpose) -> tuple[str, dict[str, Any]]:
        """The purpose of a link that still works, and what it is about. Raises SignInRefused."""
        row = self._one(select(LINKS).where(LINKS.c.hash == secret_hash(secret), LINKS.c.used_at.is_(None), LINKS.c.expires_at >= self._now))
        if row is None or row.purpose not in purposes:
            raise SignInRefused("This link was used before, or its time is over. Ask for a new one.")
        return row.purpose, orjson.loads(row.about)

    def use_link(self, secret: str) -> None:
        """Uses a link up. Raises SignInRefused where somebody else was quicker."""
        if not self._do(
            update(LINKS).where(LINKS.c.hash == secret_hash(secret), LINKS.c.used_at.is_(None), LINKS.c.expires_at >= self._now).values(used_at=self._now)
        ):
            raise SignInRefused("This link was used before, or its time is over. Ask for a new one.")

    def drop_links(self, purpose: Purpose) -> None:
        """Ends every link of a purpose that was not used."""
        self._do(delete(LINKS).where(LINKS.c.purpose == purpose, LINKS.c.used_at.is_(None)))

    def make_token(self, person_id: UUID, scopes: Sequence[str], days: int) -> str:
        """A token for a program that acts for a person. It is shown once and kept hashed. Raises SignInRefused."""
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise SignInRefused(f"A scope is one of: {', '.join(SCOPES)}.")
        if not 1 <= days <= TOKEN_DAYS:
            raise SignInRefused(f"A token lives from 1 to {TOKEN_DAYS} days.")
        secret = f"apl_{secrets.token_urlsafe(32)}"
        expires = self._now + timedelta(days=days) // timedelta(microseconds=1)
        values = {"prefix": secret[:9], "person_id": person_id.bytes, "scopes": " ".join(dict.fromkeys(scopes)), "made_at": self._now, "expires_at": expires}
        self._do(insert(TOKENS).values(hash=secret_hash(secret), **values))
        return secret

    def token(self, secret: str) -> TokenRow | None:
        """A token that is neither revoked nor out of time. Remembered for a second, and forgotten at once where it is revoked here."""
        hashed = secret_hash(secret)
        before = self._tokens.get(hashed)
        if before is not None and before[0] > time.monotonic():
            return before[1]
        found = self._token(secret)
        if found is not None:
            if len(self._tokens) > 1_000:
                self._tokens.clear()
            self._tokens[hashed] = (time.monotonic() + REMEMBERED, found)
        return found

    def remembers(self, authorization: str) -> bool:
        """Whether a header names a token that can be told without asking the database."""
        before = self._tokens.get(secret_hash(authorization[7:].strip())) if authorization[:7].casefold() == "bearer " else None
        return before is not None and before[0] > time.monotonic() + 0.1

    def _token(self, secret: str) -> TokenRow | None:
        row = self._one(select(TOKENS).where(TOKENS.c.hash == secret_hash(secret), TOKENS.c.revoked_at.is_(None), TOKENS.c.expires_at >= self._now))
        return TokenRow(UUID(bytes=bytes(row.person_id)), frozenset(row.scopes.split())) if row else None

    def tokens(self, person_id: UUID | None = None) -> list[Any]:
        """Tokens that are alive, of one person or of all: prefix, person, scopes and when they end. Never the token."""
        ask = select(TOKENS).where(TOKENS.c.revoked_at.is_(None), TOKENS.c.expires_at >= self._now).order_by(TOKENS.c.made_at)
        with self._engine.connect() as connection:
            return list(connection.execute(ask if person_id is None else ask.where(TOKENS.c.person_id == person_id.bytes)))

    def revoke_token(self, prefix: str, person_id: UUID | None = None) -> bool:
        """Ends a token by the first letters of it. False when there was none."""
        self._tokens.clear()
        which = update(TOKENS).where(TOKENS.c.prefix == prefix, TOKENS.c.revoked_at.is_(None)).values(revoked_at=self._now)
        return self._do(which if person_id is None else which.where(TOKENS.c.person_id == person_id.bytes)) > 0

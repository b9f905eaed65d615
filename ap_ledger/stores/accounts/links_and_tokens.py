"""One-time links, and tokens with which programs act for a person: shown once, kept hashed, gone at once when
revoked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ap_ledger.access import SCOPES
from ap_ledger.errors import DamagedAccount, SignInRefused
from ap_ledger.stores.accounts.store import ACCOUNTS, LINKS, OPENINGS, TOKENS, AccountStore, secret_hash

Purpose = Literal["first", "welcome", "recover", "enrol"]
LINK_LIFE: dict[str, timedelta] = {
    "first": timedelta(hours=24), "welcome": timedelta(hours=72), "recover": timedelta(hours=24),
    "enrol": timedelta(minutes=5),
}  # fmt: skip
KIND_OF: Mapping[Purpose, str] = {"first": "first", "welcome": "account", "recover": "account", "enrol": "enrol"}
"""Of all links of one kind for one subject only the newest works: welcome and recover both open the same account."""
TOKEN_DAYS = 365
REMEMBERED = 1.0
"""Seconds for which a token is taken at its word without asking the database, because programs send many times a
second."""
LINK_TRIES = 10
"""So often may somebody with a link be wrong about what else they are asked for; then the link is over."""
OVER = "This link was used before, a newer one was made, or its time is over. Ask for a new one."


class Link(NamedTuple):
    """A link that was not used yet and whose time is not over.

    `subject` is whose account it opens, or for a device who lets it in; `made_by` is None for one made at the machine.
    """

    purpose: Purpose
    subject: UUID
    made_by: UUID | None
    about: dict[str, Any]


class Opening(NamedTuple):
    """Somebody's account was opened by a link that somebody else made."""

    made_by: UUID
    opened_at: int


class TokenRow(NamedTuple):
    """A token that is alive. `password_only` says that its person signs in with a password and no second factor."""

    person_id: UUID
    scopes: frozenset[str]
    password_only: bool


class LinksAndTokens(AccountStore):
    """Makes, finds and ends links and tokens."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._tokens: dict[bytes, tuple[float, TokenRow]] = {}

    def make_link(
        self, purpose: Purpose, subject: UUID, made_by: UUID | None = None, about: Mapping[str, Any] | None = None
    ) -> str:
        """The secret of a link that works once, for a while. Earlier ones of its kind for the same subject end."""
        secret, kind = secrets.token_urlsafe(24), KIND_OF[purpose]
        row = {
            "kind": kind,
            "subject": subject.bytes,
            "hash": secret_hash(secret),
            "purpose": purpose,
            "made_at": self._now,
            "made_by": made_by and made_by.bytes,
            "about": orjson.dumps(about or {}).decode(),
            "tries": 0,
        }
        while True:
            try:
                self._do(
                    delete(LINKS).where(LINKS.c.kind == kind, LINKS.c.subject == subject.bytes),
                    insert(LINKS).values(**row),
                )
                return secret
            except IntegrityError:
                # Somebody made one for the same subject in the same moment. One of the two is the newest.
                continue

    def link(self, secret: str, *purposes: Purpose) -> Link:
        """A link that was not used and whose time is not over. Raises SignInRefused."""
        row = self._one(select(LINKS).where(LINKS.c.hash == secret_hash(secret), *self._unused()))
        if row is None or row.purpose not in purposes or not self._is_lately(row.made_at, LINK_LIFE[row.purpose]):
            raise SignInRefused(OVER)
        made_by = UUID(bytes=bytes(row.made_by)) if row.made_by else None
        try:
            about = dict(orjson.loads(row.about))
        except (TypeError, ValueError):
            raise DamagedAccount from None
        return Link(row.purpose, UUID(bytes=bytes(row.subject)), made_by, about)

    @staticmethod
    def _unused() -> tuple[Any, ...]:
        return LINKS.c.used_at.is_(None), LINKS.c.tries < LINK_TRIES

    def try_link(self, secret: str) -> None:
        """Counts a guess at what somebody with a link is asked for besides, before it is compared.

        Raises SignInRefused.
        """
        counted = (
            update(LINKS).where(LINKS.c.hash == secret_hash(secret), *self._unused()).values(tries=LINKS.c.tries + 1)
        )
        if not self._do(counted):
            raise SignInRefused(OVER)

    def use_link(self, secret: str) -> None:
        """Uses a link up. Raises SignInRefused where somebody else was quicker."""
        lately = LINKS.c.made_at.between(*self._lately(max(LINK_LIFE.values())))
        # The last guess allowed may have been the right one.
        unused = (LINKS.c.used_at.is_(None), LINKS.c.tries <= LINK_TRIES)
        if not self._do(
            update(LINKS).where(LINKS.c.hash == secret_hash(secret), lately, *unused).values(used_at=self._now)
        ):
            raise SignInRefused(OVER)

    def remember_opening(self, link: Link) -> None:
        """Remembers who handed somebody their way in.

        Whoever holds the machine vouches, so what was before is forgotten.
        """
        if link.made_by is None:
            self._do(delete(OPENINGS).where(OPENINGS.c.person_id == link.subject.bytes))
        else:
            self._do(
                insert(OPENINGS).values(person_id=link.subject.bytes, made_by=link.made_by.bytes, opened_at=self._now)
            )

    def openings(self, person_id: UUID) -> list[Opening]:
        """By whose links somebody's account was opened, and when."""
        rows = self._all(select(OPENINGS).where(OPENINGS.c.person_id == person_id.bytes))
        return [Opening(UUID(bytes=bytes(row.made_by)), row.opened_at) for row in rows]

    # Tokens -----------------------------------------------------------------------------------------------------------

    def make_token(self, person_id: UUID, scopes: Sequence[str], days: int) -> str:
        """A token for a program that acts for a person. It is shown once and kept hashed. Raises SignInRefused."""
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise SignInRefused(f"A scope is one of: {', '.join(SCOPES)}.")
        if not 1 <= days <= TOKEN_DAYS:
            raise SignInRefused(f"A token lives from 1 to {TOKEN_DAYS} days.")
        secret = f"apl_{secrets.token_urlsafe(32)}"
        expires = self._now + timedelta(days=days) // timedelta(microseconds=1)
        values = {
            "prefix": secret[:9],
            "person_id": person_id.bytes,
            "scopes": " ".join(dict.fromkeys(scopes)),
            "made_at": self._now,
            "expires_at": expires,
        }
        self._do(insert(TOKENS).values(hash=secret_hash(secret), **values))
        return secret

    def token(self, secret: str) -> TokenRow | None:
        """A token that is neither revoked nor out of time.

        Remembered for a second, and forgotten at once where it is revoked here.
        """
        hashed = secret_hash(secret)
        before = self._tokens.get(hashed)
        if before is not None and before[0] > time.monotonic():
            return before[1]
        row = self._token(hashed)
        if row is not None:
            if len(self._tokens) > 1_000:
                self._tokens.clear()
            self._tokens[hashed] = (time.monotonic() + REMEMBERED, row)
        return row

    def remembers(self, authorization: str) -> bool:
        """Whether a header names a token that can be told without asking the database."""
        before = (
            self._tokens.get(secret_hash(authorization[7:].strip()))
            if authorization[:7].casefold() == "bearer "
            else None
        )
        return before is not None and before[0] > time.monotonic() + 0.1

    def _alive(self) -> tuple[Any, ...]:
        _, latest = self._lately(timedelta())
        return TOKENS.c.revoked_at.is_(None), TOKENS.c.expires_at >= self._now, TOKENS.c.made_at <= latest

    def _token(self, hashed: bytes) -> TokenRow | None:
        joined = TOKENS.outerjoin(ACCOUNTS, ACCOUNTS.c.person_id == TOKENS.c.person_id)
        ask = select(TOKENS, ACCOUNTS.c.password, ACCOUNTS.c.totp).select_from(joined)
        row = self._credential(ask.where(TOKENS.c.hash == hashed, *self._alive()))
        if row is None:
            return None
        password_only = row.password is not None and row.totp is None
        return TokenRow(UUID(bytes=bytes(row.person_id)), frozenset(row.scopes.split()), password_only)

    def tokens(self, person_id: UUID | None = None) -> list[Any]:
        """Tokens that are alive, of one person or of all: prefix, person, scopes and when they end. Never the token."""
        ask = select(TOKENS).where(*self._alive()).order_by(TOKENS.c.made_at)
        return self._all(ask if person_id is None else ask.where(TOKENS.c.person_id == person_id.bytes))

    def revoke_token(self, prefix: str, person_id: UUID | None = None) -> bool:
        """Ends a token by the first letters of it. False when there was none."""
        self._tokens.clear()
        which = (
            update(TOKENS).where(TOKENS.c.prefix == prefix, TOKENS.c.revoked_at.is_(None)).values(revoked_at=self._now)
        )
        return self._do(which if person_id is None else which.where(TOKENS.c.person_id == person_id.bytes)) > 0

"""Sign-in, in a store of its own: passwords, second factors, sessions, one-time links, tokens, and devices' credentials.

Nothing here is a record about a child, and nothing of the record is here: who holds which role is in the ledger. Every
secret is kept as a hash, second factors sealed under the ledger's own key. A row that ends a credential takes effect with the
next request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from pwdlib import PasswordHash
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, delete, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from ap_ledger.access import SCOPES
from ap_ledger.application.keyring import Key
from ap_ledger.application.stores import BigInt, Bytes, open_store
from ap_ledger.errors import NotAllowedNow, SetupError, SignInRefused
from ap_ledger.events.moments import microseconds
from ap_ledger.settings import Settings

METADATA = MetaData()
ACCOUNTS = Table(
    "accounts", METADATA,
    Column("person_id", Bytes(16), primary_key=True),
    Column("sign_in_name", String, unique=True),
    Column("password", String),
    Column("totp", Bytes),
    Column("totp_step", BigInt, nullable=False, default=0),
    Column("pin", String),
    Column("pin_tries", Integer, nullable=False, default=0),
    Column("changed_at", BigInt, nullable=False),
)  # fmt: skip
SESSIONS = Table(
    "sessions", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("person_id", Bytes(16), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("device_id", Bytes(16)),
    Column("began_at", BigInt, nullable=False),
    Column("seen_at", BigInt, nullable=False),
    Column("handed_over", String),
)  # fmt: skip
LINKS = Table(
    "links", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("purpose", String, nullable=False),
    Column("about", String, nullable=False),
    Column("expires_at", BigInt, nullable=False),
    Column("used_at", BigInt),
)  # fmt: skip
TOKENS = Table(
    "tokens", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("prefix", String, nullable=False),
    Column("person_id", Bytes(16), nullable=False, index=True),
    Column("scopes", String, nullable=False),
    Column("made_at", BigInt, nullable=False),
    Column("expires_at", BigInt, nullable=False),
    Column("revoked_at", BigInt),
)  # fmt: skip
DEVICES = Table(
    "devices", METADATA,
    Column("device_id", Bytes(16), primary_key=True),
    Column("hash", Bytes(32), nullable=False, unique=True),
    Column("revoked_at", BigInt),
    Column("delivered_at", BigInt),
)  # fmt: skip
PRESENCE = Table(
    "presence", METADATA,
    Column("device_id", Bytes(16), nullable=False),
    Column("person_id", Bytes(16), nullable=False),
    Column("began_at", BigInt, nullable=False),
    Column("until", BigInt),
    Column("full", Integer, nullable=False),
    Index("presence_of", "device_id", "person_id"),
)  # fmt: skip
TRIES = Table("tries", METADATA, Column("who", Bytes(32), nullable=False), Column("at", BigInt, nullable=False), Index("tries_of", "who", "at"))
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")

ABSOLUTE, IDLE = timedelta(hours=12), timedelta(minutes=30)
FULL_FOR_PIN = timedelta(hours=12)
"""A PIN works for so long after a full sign-in on the same device."""
PENDING = timedelta(minutes=10)
PIN_TRIES = 5
PER_ACCOUNT, PER_ADDRESS, WINDOW = 10, 100, timedelta(minutes=1)
TOKEN_DAYS = 365
HASHING_WAIT = 5.0
REMEMBERED = 1.0
"""Seconds for which a token is taken at its word without asking the database, because programs send many times a second."""
SLACK = timedelta(minutes=5)
PASSWORD_LENGTH = 12

Purpose = Literal["first", "welcome", "recover", "enrol"]
LINK_LIFE: dict[str, timedelta] = {
    "first": timedelta(hours=24), "welcome": timedelta(hours=72), "recover": timedelta(hours=24), "enrol": timedelta(minutes=5),
}  # fmt: skip
WRONG = "That did not match. Check the name, the password and the code, and try again."
TOO_MANY = "Too many tries. Wait a minute, then try again."

# Hashing is made to be slow; more than two at once would let a stranger keep the machine busy with wrong passwords.
_HASHING = threading.Semaphore(2)
_PASSWORDS = PasswordHash.recommended()


@contextmanager
def _one_of_few() -> Iterator[None]:
    """Waits a little for a turn at hashing. Raises NotAllowedNow, so that waiting passwords never take every thread."""
    if not _HASHING.acquire(timeout=HASHING_WAIT):
        raise NotAllowedNow(TOO_MANY)
    try:
        yield
    finally:
        _HASHING.release()


class SignedIn(NamedTuple):
    """A session that is alive."""

    person_id: UUID
    kind: str
    device_id: UUID | None
    began_at: int
    handed_over: str | None


class TokenRow(NamedTuple):
    """A token that is alive."""

    person_id: UUID
    scopes: frozenset[str]


class DeviceRow(NamedTuple):
    """A device whose credential was shown. A revoked one may deliver once."""

    device_id: UUID
    revoked: bool
    delivered: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What pages may know of an account."""

    person_id: UUID
    sign_in_name: str | None
    ready: bool
    second_factor: bool
    has_pin: bool


def _hash(secret: str) -> bytes:
    """Secrets of 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


class Accounts:
    """Keeps accounts and everything that proves who is there."""

    def __init__(self, settings: Settings, key: Key, clock: Callable[[], datetime]) -> None:
        self._engine = open_store(settings.sqlalchemy_url("accounts"), "accounts", PRAGMAS)
        if not inspect(self._engine).has_table("accounts"):
            raise SetupError("The store of accounts is missing. Restore it from its backup; without it nobody can sign in.")
        self._key = key
        self._clock = clock
        self._dummy: str | None = None
        self._tokens: dict[bytes, tuple[float, TokenRow]] = {}

    @classmethod
    def create(cls, settings: Settings) -> None:
        """Makes the empty store."""
        engine = open_store(settings.sqlalchemy_url("accounts"), "accounts", PRAGMAS)
        METADATA.create_all(engine)
        engine.dispose()

    def close(self) -> None:
        """Lets go of the store."""
        self._engine.dispose()

    @property
    def _now(self) -> int:
        return microseconds(self._clock())

    def _one(self, ask: Any) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(ask).first()

    def _do(self, *statements: Any) -> int:
        with self._engine.begin() as connection:
            return [connection.execute(statement).rowcount for statement in statements][-1]

    # Accounts -----------------------------------------------------------------------------------------------------

    def any(self) -> bool:
        """Whether anybody can sign in at all."""
        return self._one(select(ACCOUNTS.c.person_id).where(ACCOUNTS.c.password.is_not(None)).limit(1)) is not None

    def of(self, people: Iterable[UUID]) -> dict[UUID, Account]:
        """The accounts of these people, by their ids."""
        wanted = [one.bytes for one in people]
        with self._engine.connect() as connection:
            rows = [
                row
                for start in range(0, len(wanted), 500)
                for row in connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.person_id.in_(wanted[start : start + 500])))
            ]
        return {UUID(bytes=bytes(row.person_id)): self._account(row) for row in rows}

    @staticmethod
    def _account(row: Any) -> Account:
        return Account(UUID(bytes=bytes(row.person_id)), row.sign_in_name, row.password is not None, row.totp is not None, row.pin is not None)

    def set_password(self, person_id: UUID, sign_in_name: str, password: str, *, keep_factor: bool = True, hashed: str | None = None) -> str:
        """Gives an account its sign-in name and password, and ends every session of it. Raises SignInRefused.

        Returns the hash. One that is handed in is taken as it is: the example gives everybody one password, hashed once.
        """
        name = sign_in_name.strip().casefold()
        self.check_name(name, person_id)
        check_password(password, name)
        values: dict[str, Any] = {"sign_in_name": name, "password": hashed or self._slow_hash(password), "changed_at": self._now, "pin_tries": 0}
        if not keep_factor:
            values |= {"totp": None, "totp_step": 0, "pin": None}
        try:
            with self._engine.begin() as connection:
                if not connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id.bytes).values(**values)).rowcount:
                    connection.execute(insert(ACCOUNTS).values(person_id=person_id.bytes, totp_step=0, **values))
                connection.execute(delete(SESSIONS).where(SESSIONS.c.person_id == person_id.bytes))
        except IntegrityError:
            raise SignInRefused("Somebody else signs in with that name. Choose another.") from None
        return str(values["password"])

    def check_name(self, sign_in_name: str, person_id: UUID) -> None:
        """Raises SignInRefused for a sign-in name that cannot be, or is somebody else's."""
        name = sign_in_name.strip().casefold()
        if not 2 <= len(name) <= 200 or not name.isprintable():
            raise SignInRefused("Choose a sign-in name of 2 to 200 letters, for instance your work e-mail address.")
        row = self._one(select(ACCOUNTS.c.person_id).where(ACCOUNTS.c.sign_in_name == name))
        if row is not None and bytes(row.person_id) != person_id.bytes:
            raise SignInRefused("Somebody else signs in with that name. Choose another.")

    def _slow_hash(self, secret: str) -> str:
        with _one_of_few():
            return _PASSWORDS.hash(secret)

    def _verify(self, secret: str, hashed: str | None) -> bool:
        """Compares in the same time whether there is an account or not."""
        if self._dummy is None:
            self._dummy = self._slow_hash(secrets.token_hex(16))
        with _one_of_few():
            found = _PASSWORDS.verify(secret[:1000], hashed or self._dummy)
        return found and hashed is not None

    def end_account(self, person_id: UUID) -> None:
        """Takes away every way in: password, second factor, PIN, sessions, tokens."""
        key = person_id.bytes
        self._tokens.clear()
        self._do(
            delete(ACCOUNTS).where(ACCOUNTS.c.person_id == key), delete(SESSIONS).where(SESSIONS.c.person_id == key),
            update(TOKENS).where(TOKENS.c.person_id == key).values(revoked_at=self._now),
        )  # fmt: skip

    # Limits -------------------------------------------------------------------------------------------------------

    def _count_try(self, kind: str, who: str, limit: int) -> None:
        """Counts a try and refuses one too many. Whose it is is kept as an HMAC, so that this table names nobody."""
        key, now = hmac.digest(self._key.raw, f"{kind}/{who}".encode(), "sha256"), self._now
        since = now - WINDOW // timedelta(microseconds=1)
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Tries sent together would otherwise not see each other. SQLite lets one in at a time by itself.
                connection.execute(text("SELECT pg_advisory_xact_lock(:of)"), {"of": int.from_bytes(key[:8], signed=True)})
            connection.execute(delete(TRIES).where(TRIES.c.at < since))
            tries = connection.execute(select(TRIES.c.at).where(TRIES.c.who == key).limit(limit)).all()
            if len(tries) >= limit:
                raise NotAllowedNow(TOO_MANY)
            connection.execute(insert(TRIES).values(who=key, at=now))

    # Signing in ---------------------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, code: str, address: str, device_id: UUID | None = None) -> tuple[str, UUID]:
        """A new session for a name, a password and (where one is set up) a code: the cookie's secret, and who it is.

        Raises SignInRefused without saying which of them was wrong, NotAllowedNow after too many tries.
        """
        folded = name.strip().casefold()
        self._count_try("address", address, PER_ADDRESS)
        self._count_try("account", folded, PER_ACCOUNT)
        row = self._one(select(ACCOUNTS).where(ACCOUNTS.c.sign_in_name == folded))
        good = self._verify(password, row.password if row else None)
        if not good or (row.totp is not None and not self._use_code(row, code)):
            raise SignInRefused(WRONG)
        person = UUID(bytes=bytes(row.person_id))
        self._do(update(ACCOUNTS).where(ACCOUNTS.c.person_id == row.person_id).values(pin_tries=0))
        return self.begin(person, "full", device_id), person

    def begin(self, person_id: UUID, kind: str, device_id: UUID | None = None) -> str:
        """A session whose secret nobody had before. On an enrolled device it also says who is there from now on."""
        secret, now = secrets.token_urlsafe(32), self._now
        with self._engine.begin() as connection:
            connection.execute(
                insert(SESSIONS).values(
                    hash=_hash(secret), person_id=person_id.bytes, kind=kind, device_id=device_id and device_id.bytes, began_at=now, seen_at=now
                )
            )
            if device_id is not None:
                connection.execute(insert(PRESENCE).values(device_id=device_id.bytes, person_id=person_id.bytes, began_at=now, full=int(kind == "full")))
        return secret

    def session(self, secret: str) -> SignedIn | None:
        """The session of a cookie, unless it ended: by sign-out, by revoking, after 30 minutes without a request or after 12 hours."""
        hashed, now = _hash(secret), self._now
        row = self._one(select(SESSIONS).where(SESSIONS.c.hash == hashed))
        if row is None:
            return None
        if now - row.began_at > ABSOLUTE // timedelta(microseconds=1) or now - row.seen_at > IDLE // timedelta(microseconds=1):
            self.sign_out(secret)
            return None
        if now - row.seen_at > 60_000_000:
            self._do(update(SESSIONS).where(SESSIONS.c.hash == hashed).values(seen_at=now))
        device = UUID(bytes=bytes(row.device_id)) if row.device_id else None
        return SignedIn(UUID(bytes=bytes(row.person_id)), row.kind, device, row.began_at, row.handed_over)

    def sign_out(self, secret: str) -> None:
        """Ends a session, and says that its person has left the device."""
        row = self._one(select(SESSIONS).where(SESSIONS.c.hash == _hash(secret)))
        self._do(delete(SESSIONS).where(SESSIONS.c.hash == _hash(secret)))
        if row is not None and row.device_id is not None:
            where = (PRESENCE.c.device_id == row.device_id, PRESENCE.c.person_id == row.person_id, PRESENCE.c.until.is_(None))
            # After a PIN switch the full sign-in of before goes on; only what this session began ends.
            self._do(update(PRESENCE).where(*where, PRESENCE.c.began_at == row.began_at).values(until=self._now))

    def sign_out_everywhere(self, person_id: UUID) -> None:
        """Ends every session of a person."""
        self._do(delete(SESSIONS).where(SESSIONS.c.person_id == person_id.bytes))

    def leave(self, secret: str) -> None:
        """Ends a session because another takes its place; its person stays signed in on the device."""
        self._do(delete(SESSIONS).where(SESSIONS.c.hash == _hash(secret)))

    def hand_over(self, secret: str, address: str | None) -> None:
        """Ties a session to one page while a student or carer holds the tablet; None gives it back."""
        self._do(update(SESSIONS).where(SESSIONS.c.hash == _hash(secret)).values(handed_over=address))

    def confirm(self, person_id: UUID, secret: str, address: str) -> bool:
        """Whether this is the person's password or PIN, to take a tablet back. Tries are counted."""
        self._count_try("address", address, PER_ADDRESS)
        self._count_try("confirm", str(person_id), PER_ACCOUNT)
        row = self._one(select(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id.bytes))
        if row is not None and row.pin is not None and row.pin_tries < PIN_TRIES and len(secret) == 6 and secret.isdecimal():
            return self._try_pin(row, secret)
        return self._verify(secret, row.password if row else None)

    def confirm_password(self, person_id: UUID, password: str, address: str) -> bool:
        """Whether this is the person's password, before something is changed that opens the account. Tries are counted."""
        self._count_try("address", address, PER_ADDRESS)
        self._count_try("confirm", str(person_id), PER_ACCOUNT)
        row = self._one(select(ACCOUNTS.c.password).where(ACCOUNTS.c.person_id == person_id.bytes))
        return self._verify(password, row.password if row else None)

    # The second factor --------------------------------------------------------------------------------------------

    def new_factor(self) -> str:
        """A fresh secret for an authenticator app, in the letters such apps take."""
        return base64.b32encode(secrets.token_bytes(20)).decode()

    def set_factor(self, person_id: UUID, secret: str, code: str) -> None:
        """Turns the second factor on, once its first code proves that the app has it. Raises SignInRefused."""
        step = _step_of(secret, code, self._clock())
        if step is None:
            raise SignInRefused("That code does not fit. Check that the phone's clock is right, and type the newest code.")
        nonce = os.urandom(12)
        sealed = nonce + self._key.cipher.encrypt(nonce, secret.encode(), person_id.bytes)
        self._do(update(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id.bytes).values(totp=sealed, totp_step=step))

    def _use_code(self, row: Any, code: str) -> bool:
        """Whether a code is right now and was not used before: each is good once."""
        sealed = bytes(row.totp)
        secret = self._key.cipher.decrypt(sealed[:12], sealed[12:], bytes(row.person_id)).decode()
        step = _step_of(secret, code, self._clock())
        if step is None or step <= row.totp_step:
            return False
        used = update(ACCOUNTS).where(ACCOUNTS.c.person_id == row.person_id, ACCOUNTS.c.totp_step < step).values(totp_step=step)
        return self._do(used) == 1

    # PINs ---------------------------------------------------------------------------------------------------------

    def set_pin(self, person_id: UUID, pin: str) -> None:
        """Sets the six digits with which somebody switches to themselves on a shared tablet. Raises SignInRefused."""
        if len(pin) != 6 or not pin.isdecimal() or not pin.isascii() or len(set(pin)) < 3 or pin in "01234567890 09876543210":
            raise SignInRefused("A PIN is six digits, not all alike and not in a row.")
        self._do(update(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id.bytes).values(pin=self._slow_hash(pin), pin_tries=0))

    def switch_to(self, device_id: UUID, person_id: UUID, pin: str) -> str:
        """A logging session by PIN, on a tablet where the person signed in fully within twelve hours. Raises SignInRefused."""
        row = self._one(select(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id.bytes))
        here = person_id in self.here(device_id)
        if row is None or row.pin is None or not here or row.pin_tries >= PIN_TRIES:
            raise SignInRefused("Sign in with your password on this tablet first; then your PIN works here for twelve hours.")
        if not self._try_pin(row, pin):
            raise SignInRefused("That PIN did not match. After five wrong tries it stops working until you sign in with your password.")
        return self.begin(person_id, "pin", device_id)

    def _try_pin(self, row: Any, pin: str) -> bool:
        # Counted before it is compared, so that tries sent together are all counted.
        counted = update(ACCOUNTS).where(ACCOUNTS.c.person_id == row.person_id, ACCOUNTS.c.pin_tries < PIN_TRIES).values(pin_tries=ACCOUNTS.c.pin_tries + 1)
        if not self._do(counted) or not self._verify(pin, row.pin):
            return False
        self._do(update(ACCOUNTS).where(ACCOUNTS.c.person_id == row.person_id).values(pin_tries=0))
        return True

    def here(self, device_id: UUID) -> set[UUID]:
        """Who signed in fully on a device within the last twelve hours, and has not signed out there."""
        since = self._now - FULL_FOR_PIN // timedelta(microseconds=1)
        ask = select(PRESENCE.c.person_id).where(
            PRESENCE.c.device_id == device_id.bytes, PRESENCE.c.full == 1, PRESENCE.c.began_at >= since, PRESENCE.c.until.is_(None)
        )
        with self._engine.connect() as connection:
            return {UUID(bytes=bytes(row.person_id)) for row in connection.execute(ask)}

    def was_here(self, device_id: UUID, person_id: UUID, at: int, shared: bool) -> bool:
        """Whether a person was signed in on a device at a moment (in microseconds), give or take five minutes.

        On a shared tablet a sign-in lasts twelve hours; on a phone of somebody's own until they sign out.
        """
        slack, life = SLACK // timedelta(microseconds=1), ABSOLUTE // timedelta(microseconds=1)
        ask = select(PRESENCE.c.began_at, PRESENCE.c.until).where(
            PRESENCE.c.device_id == device_id.bytes, PRESENCE.c.person_id == person_id.bytes, PRESENCE.c.began_at <= at + slack
        )
        with self._engine.connect() as connection:
            for began, until in connection.execute(ask):
                end = until if until is not None else began + life if shared else at
                if at <= end + slack:
                    return True
        return False

    # One-time links -----------------------------------------------------------------------------------------------

    def make_link(self, purpose: Purpose, about: dict[str, Any] | None = None) -> str:
        """The secret of a link that works once, for a while."""
        secret = secrets.token_urlsafe(24)
        life = LINK_LIFE[purpose] // timedelta(microseconds=1)
        self._do(insert(LINKS).values(hash=_hash(secret), purpose=purpose, about=orjson.dumps(about or {}).decode(), expires_at=self._now + life))
        return secret

    def link(self, secret: str, *purposes: Purpose) -> tuple[str, dict[str, Any]]:
        """The purpose of a link that still works, and what it is about. Raises SignInRefused."""
        row = self._one(select(LINKS).where(LINKS.c.hash == _hash(secret), LINKS.c.used_at.is_(None), LINKS.c.expires_at >= self._now))
        if row is None or row.purpose not in purposes:
            raise SignInRefused("This link was used before, or its time is over. Ask for a new one.")
        return row.purpose, orjson.loads(row.about)

    def use_link(self, secret: str) -> None:
        """Uses a link up. Raises SignInRefused where somebody else was quicker."""
        if not self._do(
            update(LINKS).where(LINKS.c.hash == _hash(secret), LINKS.c.used_at.is_(None), LINKS.c.expires_at >= self._now).values(used_at=self._now)
        ):
            raise SignInRefused("This link was used before, or its time is over. Ask for a new one.")

    def drop_links(self, purpose: Purpose) -> None:
        """Ends every link of a purpose that was not used."""
        self._do(delete(LINKS).where(LINKS.c.purpose == purpose, LINKS.c.used_at.is_(None)))

    # Tokens -------------------------------------------------------------------------------------------------------

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
        self._do(insert(TOKENS).values(hash=_hash(secret), **values))
        return secret

    def token(self, secret: str) -> TokenRow | None:
        """A token that is neither revoked nor out of time. Remembered for a second, and forgotten at once where it is revoked here."""
        hashed = _hash(secret)
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
        before = self._tokens.get(_hash(authorization[7:].strip())) if authorization[:7].casefold() == "bearer " else None
        return before is not None and before[0] > time.monotonic() + 0.1

    def _token(self, secret: str) -> TokenRow | None:
        row = self._one(select(TOKENS).where(TOKENS.c.hash == _hash(secret), TOKENS.c.revoked_at.is_(None), TOKENS.c.expires_at >= self._now))
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

    # Devices ------------------------------------------------------------------------------------------------------

    def admit_device(self, device_id: UUID) -> str:
        """The credential of a device that was just enrolled. It is shown once, to the device, and outlives every sign-in."""
        secret = f"apd_{secrets.token_urlsafe(32)}"
        self._do(insert(DEVICES).values(device_id=device_id.bytes, hash=_hash(secret)))
        return secret

    def device(self, secret: str) -> DeviceRow | None:
        """The device of a credential, revoked or not."""
        row = self._one(select(DEVICES).where(DEVICES.c.hash == _hash(secret)))
        return DeviceRow(UUID(bytes=bytes(row.device_id)), row.revoked_at is not None, row.delivered_at is not None) if row else None

    def revoke_device(self, device_id: UUID) -> None:
        """Shuts a device out: its sessions end, and its credential delivers once more, into what is held."""
        key, now = device_id.bytes, self._now
        self._do(
            delete(SESSIONS).where(SESSIONS.c.device_id == key),
            update(PRESENCE).where(PRESENCE.c.device_id == key, PRESENCE.c.until.is_(None)).values(until=now),
            update(DEVICES).where(DEVICES.c.device_id == key, DEVICES.c.revoked_at.is_(None)).values(revoked_at=now),
        )  # fmt: skip

    def delivered(self, device_id: UUID) -> None:
        """A revoked device has delivered what it held."""
        self._do(update(DEVICES).where(DEVICES.c.device_id == device_id.bytes).values(delivered_at=self._now))

    # Keeping tidy -------------------------------------------------------------------------------------------------

    def tidy(self) -> int:
        """Lets go of what ended long ago. Presence stays a year, because a phone may have been offline that long."""
        now = self._now
        old = now - ABSOLUTE // timedelta(microseconds=1)
        year = now - timedelta(days=366) // timedelta(microseconds=1)
        return self._do(
            delete(LINKS).where(LINKS.c.expires_at < old),
            delete(PRESENCE).where(PRESENCE.c.until < year),
            delete(SESSIONS).where(SESSIONS.c.began_at < old),
        )  # fmt: skip


def check_password(password: str, name: str) -> None:
    """Raises SignInRefused for a password that is too easy."""
    if not PASSWORD_LENGTH <= len(password) <= 1000 or len(set(password)) < 5:
        raise SignInRefused(f"Choose a password of at least {PASSWORD_LENGTH} letters; three or four words that only you would put together are good.")
    if name and name in password.casefold():
        raise SignInRefused("A password must not hold the sign-in name.")


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half-minute for which a code is right, now or one to either side; None where it is right for none."""
    said = "".join(letter for letter in code if letter.isdigit())
    if len(said) != 6 or not said.isascii():
        return None
    # SHA-1 is what authenticator apps speak (RFC 6238); it is used as an HMAC, where its weakness does not bear.
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30, enforce_key_length=False)
    at = int(now.timestamp())
    for step in (at // 30, at // 30 - 1, at // 30 + 1):
        try:
            totp.verify(said.encode(), step * 30)
        except InvalidToken:
            continue
        return step
    return None

"""Sign-in, in a store of its own: passwords, second factors, PINs, sessions, and limits on guessing.

Nothing here is a record about a child, and nothing of the record is here: who holds which role is in the ledger. Every
secret is kept as a hash, second factors sealed under the ledger's own key. A row that ends a credential takes effect with the
next request.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from pwdlib import PasswordHash
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from ap_ledger.application.account_store import ACCOUNTS, LINKS, PRESENCE, SESSIONS, TOKENS, TRIES, secret_hash
from ap_ledger.application.devices_and_presence import ABSOLUTE, DevicesAndPresence
from ap_ledger.application.links_and_tokens import LinksAndTokens
from ap_ledger.errors import NotAllowedNow, SignInRefused

IDLE = timedelta(minutes=30)
PIN_TRIES = 5
PER_ACCOUNT, PER_ADDRESS, WINDOW = 10, 100, timedelta(minutes=1)
PASSWORD_LENGTH = 12
HASHING_WAIT = 5.0
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


@dataclass(frozen=True, slots=True)
class Account:
    """What pages may know of an account."""

    person_id: UUID
    sign_in_name: str | None
    ready: bool
    second_factor: bool
    has_pin: bool


class Accounts(LinksAndTokens, DevicesAndPresence):
    """Keeps accounts and everything that proves who is there."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._dummy: str | None = None

    # Accounts ---------------------------------------------------------------------------------------------------------

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

    # Limits -----------------------------------------------------------------------------------------------------------

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

    # Signing in -------------------------------------------------------------------------------------------------------

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
                    hash=secret_hash(secret), person_id=person_id.bytes, kind=kind, device_id=device_id and device_id.bytes, began_at=now, seen_at=now
                )
            )
            if device_id is not None:
                connection.execute(insert(PRESENCE).values(device_id=device_id.bytes, person_id=person_id.bytes, began_at=now, full=int(kind == "full")))
        return secret

    def session(self, secret: str) -> SignedIn | None:
        """The session of a cookie, unless it ended: by sign-out, by revoking, after 30 minutes without a request or after 12 hours."""
        hashed, now = secret_hash(secret), self._now
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
        row = self._one(select(SESSIONS).where(SESSIONS.c.hash == secret_hash(secret)))
        self._do(delete(SESSIONS).where(SESSIONS.c.hash == secret_hash(secret)))
        if row is not None and row.device_id is not None:
            where = (PRESENCE.c.device_id == row.device_id, PRESENCE.c.person_id == row.person_id, PRESENCE.c.until.is_(None))
            # After a PIN switch the full sign-in of before goes on; only what this session began ends.
            self._do(update(PRESENCE).where(*where, PRESENCE.c.began_at == row.began_at).values(until=self._now))

    def sign_out_everywhere(self, person_id: UUID) -> None:
        """Ends every session of a person."""
        self._do(delete(SESSIONS).where(SESSIONS.c.person_id == person_id.bytes))

    def leave(self, secret: str) -> None:
        """Ends a session because another takes its place; its person stays signed in on the device."""
        self._do(delete(SESSIONS).where(SESSIONS.c.hash == secret_hash(secret)))

    def hand_over(self, secret: str, address: str | None) -> None:
        """Ties a session to one page while a student or carer holds the tablet; None gives it back."""
        self._do(update(SESSIONS).where(SESSIONS.c.hash == secret_hash(secret)).values(handed_over=address))

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

    # The second factor ------------------------------------------------------------------------------------------------

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

    # PINs -------------------------------------------------------------------------------------------------------------

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

    # Keeping tidy -----------------------------------------------------------------------------------------------------

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

"""Sign-in, in a store of its own: passwords, second factors, PINs, sessions, and limits on guessing.

Nothing here is a record about a child, and nothing of the record is here: who holds which role is in the ledger. Every
secret is kept as a hash, second factors sealed under the ledger's own key. A row that ends a credential takes effect
with the next request.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ap_ledger.errors import DamagedAccount, NotAllowedNow, SignInRefused
from ap_ledger.stores.accounts.devices_and_presence import ABSOLUTE, DevicesAndPresence, far_from_home
from ap_ledger.stores.accounts.limits import KNOWN_FOR, PER_ACCOUNT, TOO_MANY
from ap_ledger.stores.accounts.links_and_tokens import KIND_OF, LINK_LIFE, LinksAndTokens
from ap_ledger.stores.accounts.second_factor import SecondFactor
from ap_ledger.stores.accounts.sessions import Sessions
from ap_ledger.stores.accounts.store import ACCOUNTS, KNOWN_BROWSERS, LINKS, PRESENCE, SESSIONS, TOKENS

PIN_TRIES = 5
PASSWORD_LENGTH = 12
HASHING_WAIT = 5.0
WRONG = "That did not match. Check the name, the password and the code, and try again."

OPENED_BY = (ACCOUNTS.c.person_id, ACCOUNTS.c.password, ACCOUNTS.c.totp, ACCOUNTS.c.pin, ACCOUNTS.c.pin_tries)
"""What is looked at to let somebody in. What is damaged beside it keeps nobody out."""

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


Credential = Literal["totp", "pin"]
"""What an account may have besides its password."""


@dataclass(frozen=True, slots=True)
class Account:
    """What pages may know of an account.

    Where there is one at all it was set up once; `ready` says whether its password works.
    """

    person_id: UUID
    sign_in_name: str | None
    ready: bool
    second_factor: bool
    has_pin: bool


class Accounts(LinksAndTokens, DevicesAndPresence, Sessions, SecondFactor):
    """Keeps accounts and everything that proves who is there."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._dummy: str | None = None

    # Accounts ---------------------------------------------------------------------------------------------------------

    def any(self) -> bool:
        """Whether anybody can sign in at all."""
        return self._is_there(select(ACCOUNTS.c.person_id).where(ACCOUNTS.c.password.is_not(None)))

    def of(self, people: Iterable[UUID]) -> dict[UUID, Account]:
        """The accounts of these people, by their ids."""
        wanted = [person.bytes for person in people]
        with self._engine.connect() as connection:
            rows = [
                row
                for start in range(0, len(wanted), 500)
                for row in connection.execute(
                    select(ACCOUNTS).where(ACCOUNTS.c.person_id.in_(wanted[start : start + 500]))
                )
            ]
        return {UUID(bytes=bytes(row.person_id)): self._account(row) for row in rows}

    @staticmethod
    def _account(row: Any) -> Account:
        return Account(
            UUID(bytes=bytes(row.person_id)),
            row.sign_in_name,
            row.password is not None,
            row.totp is not None,
            row.pin is not None,
        )

    def set_password(
        self,
        person_id: UUID,
        sign_in_name: str,
        password: str,
        *,
        ends: Collection[Credential] = (),
        hashed: str | None = None,
    ) -> str:
        """Gives an account its sign-in name and password. Every session of it, and every link to it, ends.

        `ends` are the other credentials that end with the old password. Raises SignInRefused. Returns the hash. One
        that is handed in is taken as it is: the example gives everybody one password, hashed once.
        """
        name = sign_in_name.strip().casefold()
        self.check_name(name, person_id)
        check_password(password, name)
        values: dict[str, Any] = {
            "sign_in_name": name,
            "password": hashed or self._slow_hash(password),
            "changed_at": self._now,
            "pin_tries": 0,
        }
        values |= _without(ends)
        try:
            with self._engine.begin() as connection:
                if not connection.execute(
                    update(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id.bytes).values(**values)
                ).rowcount:
                    connection.execute(insert(ACCOUNTS).values(person_id=person_id.bytes, **{"totp_step": 0, **values}))
                for statement in self._shutting(person_id):
                    connection.execute(statement)
        except IntegrityError:
            raise SignInRefused("Somebody else signs in with that name. Choose another.") from None
        return str(values["password"])

    @staticmethod
    def _shutting(person_id: UUID) -> tuple[Any, ...]:
        """Ends every session and every one-time link of an account, and that a device vouches for anybody, because what
        opens it has changed."""
        key = person_id.bytes
        return (
            far_from_home(person_id),
            delete(SESSIONS).where(SESSIONS.c.person_id == key),
            delete(LINKS).where(LINKS.c.kind == KIND_OF["welcome"], LINKS.c.subject == key),
        )

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
            try:
                matches = _PASSWORDS.verify(secret[:1000], hashed or self._dummy)
            except UnknownHashError:
                raise DamagedAccount from None
        return matches and hashed is not None

    def end_account(self, person_id: UUID) -> None:
        """Takes away every way in: password, PIN, sessions, links, tokens.

        The second factor stays, so that nobody gets around it by having an account closed and opened again.
        """
        key = person_id.bytes
        self._tokens.clear()
        self._do(
            *self._shutting(person_id),
            delete(KNOWN_BROWSERS).where(KNOWN_BROWSERS.c.person_id == key),
            update(TOKENS).where(TOKENS.c.person_id == key).values(revoked_at=self._now),
            update(ACCOUNTS)
            .where(ACCOUNTS.c.person_id == key)
            .values(sign_in_name=None, password=None, **_without({"pin"})),
        )

    def end_factor(self, person_id: UUID) -> None:
        """Takes the second factor of an account away, and ends every session and link of it."""
        self._do(
            *self._shutting(person_id),
            update(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id.bytes).values(**_without({"totp"})),
        )

    def damaged(self) -> list[UUID]:
        """Whose password, PIN or second factor is there and can be used by nobody, because it was damaged."""
        return [UUID(bytes=bytes(row.person_id)) for row in self._all(select(ACCOUNTS)) if not self._is_usable(row)]

    def _is_usable(self, row: Any) -> bool:
        hashes = (kept for kept in (row.password, row.pin) if kept is not None)
        return (row.totp is None or self.secret_of(row) is not None) and all(
            any(hasher.identify(kept) for hasher in _PASSWORDS.hashers) for kept in hashes
        )

    # Signing in -------------------------------------------------------------------------------------------------------

    def sign_in(
        self,
        name: str,
        password: str,
        code: str,
        address: str,
        device_id: UUID | None = None,
        *,
        browser: str = "",
        needs_factor: bool = False,
        own_phone: bool = False,
    ) -> tuple[str, UUID]:
        """A new session for a name, a password and (where one is set up) a code: the cookie's secret, and who it is.

        `browser` is the secret by which the browser is known, if it is. With `needs_factor` nobody who has none is said
        to be on the device yet. On an enrolled phone (`own_phone`) on which somebody signed in with their code before,
        and has not signed out since, the password alone begins a session for logging: the phone is what they have
        besides. Raises SignInRefused without saying which of them was wrong, NotAllowedNow after too
        many tries.
        """
        folded = name.strip().casefold()
        row = self._one(select(*OPENED_BY).where(ACCOUNTS.c.sign_in_name == folded))
        person = UUID(bytes=bytes(row.person_id)) if row is not None else None
        known = self.count_sign_in(folded, person, address, device_id, browser)
        good = self._verify(password, row.password if row else None)
        if not good or person is None:
            raise SignInRefused(WRONG)
        if row.totp is not None and not code.strip() and own_phone and device_id and self.is_at_home(device_id, person):
            return self.begin(person, "pin", device_id), person
        if row.totp is not None and not self.good_code(row, code, known):
            raise SignInRefused(WRONG)
        self._do(update(ACCOUNTS).where(ACCOUNTS.c.person_id == row.person_id).values(pin_tries=0))
        return self.begin(person, "full", None if needs_factor and row.totp is None else device_id), person

    def confirm(self, person_id: UUID, secret: str, session: str) -> bool:
        """Whether this is the person's password or PIN, to take a tablet back. Tries are counted for the session."""
        self._count_try("confirm", session, PER_ACCOUNT)
        row = self._one(select(*OPENED_BY).where(ACCOUNTS.c.person_id == person_id.bytes))
        if (
            row is not None
            and row.pin is not None
            and row.pin_tries < PIN_TRIES
            and len(secret) == 6
            and secret.isdecimal()
        ):
            return self._try_pin(row, secret)
        return self._verify(secret, row.password if row else None)

    def confirm_password(self, person_id: UUID, password: str, session: str) -> bool:
        """Whether this is the person's password, before something is changed that opens the account. Tries are counted.

        `session` is whatever the tries come from: the secret of a session, or of a link.
        """
        self._count_try("confirm", session, PER_ACCOUNT)
        row = self._one(select(ACCOUNTS.c.password).where(ACCOUNTS.c.person_id == person_id.bytes))
        return self._verify(password, row.password if row else None)

    # PINs -------------------------------------------------------------------------------------------------------------

    def set_pin(self, person_id: UUID, pin: str) -> None:
        """Sets the six digits with which somebody switches to themselves on a shared tablet. Raises SignInRefused."""
        if (
            len(pin) != 6
            or not pin.isdecimal()
            or not pin.isascii()
            or len(set(pin)) < 3
            or pin in "01234567890 09876543210"
        ):
            raise SignInRefused("A PIN is six digits, not all alike and not in a row.")
        self._do(
            update(ACCOUNTS)
            .where(ACCOUNTS.c.person_id == person_id.bytes)
            .values(pin=self._slow_hash(pin), pin_tries=0)
        )

    def switch_to(self, device_id: UUID, person_id: UUID, pin: str, *, needs_factor: bool = False) -> str:
        """A logging session by PIN, on a tablet where the person signed in fully within twelve hours.

        Raises SignInRefused.

        With `needs_factor` a PIN is worth nothing before a second factor is set up.
        """
        row = self._one(select(*OPENED_BY).where(ACCOUNTS.c.person_id == person_id.bytes))
        here = person_id in self.here(device_id)
        if (
            row is None
            or row.pin is None
            or not here
            or row.pin_tries >= PIN_TRIES
            or (needs_factor and row.totp is None)
        ):
            raise SignInRefused(
                "Sign in with your password on this tablet first; then your PIN works here for twelve hours."
            )
        if not self._try_pin(row, pin):
            raise SignInRefused(
                "That PIN did not match. After five wrong tries it stops working until you sign in with your password."
            )
        return self.begin(person_id, "pin", device_id)

    def _try_pin(self, row: Any, pin: str) -> bool:
        # Counted before it is compared, so that tries sent together are all counted.
        counted = (
            update(ACCOUNTS)
            .where(ACCOUNTS.c.person_id == row.person_id, ACCOUNTS.c.pin_tries < PIN_TRIES)
            .values(pin_tries=ACCOUNTS.c.pin_tries + 1)
        )
        if not self._do(counted) or not self._verify(pin, row.pin):
            return False
        self._do(update(ACCOUNTS).where(ACCOUNTS.c.person_id == row.person_id).values(pin_tries=0))
        return True

    # Keeping tidy -----------------------------------------------------------------------------------------------------

    def tidy(self) -> int:
        """Lets go of what is over. Presence stays a year, because a phone may have been offline that long."""
        year, _ = self._lately(timedelta(days=366))
        links, latest = self._lately(max(LINK_LIFE.values()))
        sessions, browsers = self._lately(ABSOLUTE)[0], self._lately(KNOWN_FOR)[0]
        return self._do(
            delete(LINKS).where(or_(LINKS.c.made_at < links, LINKS.c.made_at > latest)),
            delete(KNOWN_BROWSERS).where(or_(KNOWN_BROWSERS.c.made_at < browsers, KNOWN_BROWSERS.c.made_at > latest)),
            delete(PRESENCE).where(PRESENCE.c.until < year),
            delete(SESSIONS).where(or_(SESSIONS.c.began_at < sessions, SESSIONS.c.began_at > latest)),
        )


def check_password(password: str, name: str) -> None:
    """Raises SignInRefused for a password that is too easy."""
    if not PASSWORD_LENGTH <= len(password) <= 1000 or len(set(password)) < 5:
        raise SignInRefused(
            f"Choose a password of at least {PASSWORD_LENGTH} letters; three or four words that only you would put "
            "together are good."
        )
    if name and name in password.casefold():
        raise SignInRefused("A password must not hold the sign-in name.")


def _without(credentials: Collection[Credential]) -> dict[str, Any]:
    """What a row of accounts holds where these credentials have ended."""
    ended = {"totp": {"totp": None, "totp_step": 0}, "pin": {"pin": None, "pin_tries": 0}}
    return {name: value for credential in credentials for name, value in ended[credential].items()}

"""The second factor: six digits of an authenticator app, each good once, its secret sealed under the ledger's own
key."""

from __future__ import annotations

import base64
import os
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import or_, select, update

from ap_ledger.errors import DamagedAccount, NotAllowedNow, SignInRefused
from ap_ledger.stores.accounts.limits import PER_ACCOUNT, Limits
from ap_ledger.stores.accounts.store import ACCOUNTS


class SecondFactor(Limits):
    """Sets the second factor up, and checks its codes."""

    def new_factor(self) -> str:
        """A fresh secret for an authenticator app, in the letters such apps take."""
        return base64.b32encode(secrets.token_bytes(20)).decode()

    def set_factor(self, person_id: UUID, secret: str, code: str) -> None:
        """Turns the second factor on, once its first code proves that the app has it. Raises SignInRefused."""
        step = _step_of(secret, code, self._clock())
        if step is None:
            raise SignInRefused(
                "That code does not fit. Check that the phone's clock is right, and type the newest code."
            )
        nonce = os.urandom(12)
        sealed = nonce + self._key.cipher.encrypt(nonce, secret.encode(), person_id.bytes)
        self._do(update(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id.bytes).values(totp=sealed, totp_step=step))

    def _use_code(self, row: Any, code: str) -> bool:
        """Whether a code is right now and was not used before: each is good once.

        Raises DamagedAccount where no code can be.
        """
        now, secret = self._clock(), self.secret_of(row)
        if secret is None:
            raise DamagedAccount
        step = _step_of(secret, code, now)
        if step is None:
            return False
        # A code that was used under a clock that was ahead must not lock its owner out until then.
        unused = or_(ACCOUNTS.c.totp_step < step, ACCOUNTS.c.totp_step > _newest_step(now))
        used = update(ACCOUNTS).where(ACCOUNTS.c.person_id == row.person_id, unused).values(totp_step=step)
        return self._do(used) == 1

    def secret_of(self, row: Any) -> str | None:
        """The secret that an account shares with its authenticator app; None where it is not what was sealed."""
        sealed = bytes(row.totp)
        try:
            secret = self._key.cipher.decrypt(sealed[:12], sealed[12:], bytes(row.person_id)).decode()
            base64.b32decode(secret)
        except (InvalidTag, ValueError):
            return None
        return secret

    def confirm_code(self, person_id: UUID, code: str) -> bool:
        """Whether this is a code of the person's second factor, or they have none.

        Tries are counted for the account.
        """
        row = self._one(select(ACCOUNTS.c.person_id, ACCOUNTS.c.totp).where(ACCOUNTS.c.person_id == person_id.bytes))
        if row is None or row.totp is None:
            return True
        self._count_try("code", person_id.hex, PER_ACCOUNT)
        return self._use_code(row, code)

    def good_code(self, row: Any, code: str, known: bool) -> bool:
        """Whether a code is right, guesses counted: whoever has the password already has a thousand addresses to guess
        from."""
        try:
            if not known:
                self._count_try("code", bytes(row.person_id).hex(), PER_ACCOUNT)
        except NotAllowedNow:
            # Said in the same words as a wrong password, which it would otherwise tell was right.
            return False
        return self._use_code(row, code)


def _newest_step(now: datetime) -> int:
    """The latest half-minute whose code may be used now, because phones may be a little ahead."""
    return int(now.timestamp()) // 30 + 1


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half-minute for which a code is right, now or one to either side; None where it is right for none."""
    digits = "".join(letter for letter in code if letter.isdigit())
    if len(digits) != 6 or not digits.isascii():
        return None
    # SHA-1 is what authenticator apps speak (RFC 6238); it is used as an HMAC, where its weakness does not bear.
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30, enforce_key_length=False)
    newest = _newest_step(now)
    for step in (newest - 1, newest - 2, newest):
        try:
            totp.verify(digits.encode(), step * 30)
        except InvalidToken:
            continue
        return step
    return None

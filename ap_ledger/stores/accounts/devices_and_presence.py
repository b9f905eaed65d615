"""Devices' credentials, and who was signed in on which device when."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Update, delete, insert, select, update

from ap_ledger.stores.accounts.store import DEVICES, PRESENCE, SESSIONS, AccountStore, secret_hash

ABSOLUTE = timedelta(hours=12)
"""How long a sign-in lasts at most."""
FULL_FOR_PIN = timedelta(hours=12)
"""A PIN works for so long after a full sign-in on the same device."""
SLACK = timedelta(minutes=5)


DELIVER_WITHIN = timedelta(days=1)
"""For so long after it was shut out a device may still deliver what it holds, once."""


class DeviceRow(NamedTuple):
    """A device whose credential was shown. One that was shut out `delivers` once, for a day, and may do nothing else.

    It is told to wipe itself when it has delivered, or when its day is `over`.
    """

    device_id: UUID
    revoked: bool
    delivers: bool = False
    over: bool = False


def far_from_home(person_id: UUID) -> Update:
    """No sign-in of before counts as a full one any more; that somebody was there stays."""
    return update(PRESENCE).where(PRESENCE.c.person_id == person_id.bytes, PRESENCE.c.full == 1).values(full=0)


class DevicesAndPresence(AccountStore):
    """Admits and shuts out devices, and says who was there."""

    def here(self, device_id: UUID) -> set[UUID]:
        """Who signed in fully on a device within the last twelve hours, and has not signed out there."""
        recent = PRESENCE.c.began_at.between(*self._lately(FULL_FOR_PIN))
        ask = select(PRESENCE.c.person_id).where(
            PRESENCE.c.device_id == device_id.bytes, PRESENCE.c.full == 1, recent, PRESENCE.c.until.is_(None)
        )
        return {UUID(bytes=bytes(row.person_id)) for row in self._all(ask)}

    def is_at_home(self, device_id: UUID, person_id: UUID) -> bool:
        """Whether somebody signed in fully on a device, has not signed out of it since, and what opens their account
        did not change."""
        ask = select(PRESENCE.c.person_id).where(
            PRESENCE.c.device_id == device_id.bytes,
            PRESENCE.c.person_id == person_id.bytes,
            PRESENCE.c.full == 1,
            PRESENCE.c.until.is_(None),
        )
        return self._one(ask) is not None

    def leave_home(self, person_id: UUID, device_id: UUID) -> None:
        """Whoever signs out of a phone asks it for everything the next time, however they had come in last."""
        self._do(far_from_home(person_id).where(PRESENCE.c.device_id == device_id.bytes))

    def was_here(self, device_id: UUID, person_id: UUID, at: int, shared: bool) -> bool:
        """Whether a person was signed in on a device at a moment (in microseconds), give or take five minutes.

        On a shared tablet a sign-in lasts twelve hours; on a phone of somebody's own until they sign out.
        """
        slack, life = SLACK // timedelta(microseconds=1), ABSOLUTE // timedelta(microseconds=1)
        ask = select(PRESENCE.c.began_at, PRESENCE.c.until).where(
            PRESENCE.c.device_id == device_id.bytes,
            PRESENCE.c.person_id == person_id.bytes,
            PRESENCE.c.began_at <= at + slack,
        )
        _, latest = self._lately(timedelta())
        for began, until in self._all(ask):
            # A sign-out that is stamped in the future says only that they left, and nothing of when.
            left = until if until is not None and until <= latest else None
            if shared or (until is not None and left is None):
                left = began + life if left is None else min(left, began + life)
            if left is None or at <= left + slack:
                return True
        return False

    def admit_device(self, device_id: UUID) -> str:
        """The credential of a device that was just enrolled.

        It is shown once, to the device, and outlives every sign-in.
        """
        secret = f"apd_{secrets.token_urlsafe(32)}"
        self._do(insert(DEVICES).values(device_id=device_id.bytes, hash=secret_hash(secret)))
        return secret

    def device(self, secret: str) -> DeviceRow | None:
        """The device of a credential, revoked or not."""
        row = self._credential(select(DEVICES).where(DEVICES.c.hash == secret_hash(secret)))
        if row is None:
            return None
        device = UUID(bytes=bytes(row.device_id))
        if row.revoked_at is None:
            return DeviceRow(device, False)
        # A stamp in the future says that a clock was wrong, and for that nothing that waits on a device is wiped.
        over = row.delivered_at is not None or row.revoked_at < self._lately(DELIVER_WITHIN)[0]
        return DeviceRow(device, True, not over and self._is_lately(row.revoked_at, DELIVER_WITHIN), over)

    def let_in(self) -> list[UUID]:
        """Every device that has not been shut out."""
        return [
            UUID(bytes=bytes(row.device_id))
            for row in self._all(select(DEVICES.c.device_id).where(DEVICES.c.revoked_at.is_(None)))
        ]

    def revoke_device(self, device_id: UUID) -> None:
        """Shuts a device out: its sessions end, and its credential delivers once more, within a day, into what is
        held."""
        key, now = device_id.bytes, self._now
        self._do(
            delete(SESSIONS).where(SESSIONS.c.device_id == key),
            update(PRESENCE).where(PRESENCE.c.device_id == key, PRESENCE.c.until.is_(None)).values(until=now),
            update(DEVICES).where(DEVICES.c.device_id == key, DEVICES.c.revoked_at.is_(None)).values(revoked_at=now),
        )

    def delivered(self, device_id: UUID) -> None:
        """A revoked device has delivered what it held."""
        self._do(update(DEVICES).where(DEVICES.c.device_id == device_id.bytes).values(delivered_at=self._now))

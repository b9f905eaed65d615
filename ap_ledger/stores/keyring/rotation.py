"""A new master key: on the disk before the keyring needs it, and the one before is kept for the copies that lie under
it."""

from __future__ import annotations

import secrets
from pathlib import Path

from ap_ledger.errors import KeyringError
from ap_ledger.persistence.files import locked
from ap_ledger.settings import Settings
from ap_ledger.stores.keyring.keyring import Keyring, Rotated
from ap_ledger.stores.keyring.master_key import (
    coming_key_file,
    keep_old_key,
    master_key_file,
    proof_of,
    read_key_file,
    settle_rotation,
    write_key,
)


def rotate_master_key(settings: Settings, keyring: Keyring) -> tuple[Rotated, Path]:
    """Makes a new master key and wraps every key under it.

    Returns what became of the keys, and where the old master key lies now.

    The new key is on the disk before the keyring needs it; a crash in between leaves two files, of which one fits.
    Raises KeyringError where the master key is not kept in a file that may be changed here.
    """
    if settings.master_key is not None:
        raise KeyringError(
            "The master key is given by AP_LEDGER_MASTER_KEY. Put it into "
            "a file (AP_LEDGER_MASTER_KEY_FILE) to rotate it here."
        )
    folder, coming = master_key_file(settings).parent, coming_key_file(settings)
    try:
        with locked(folder):
            settle_rotation(settings, keyring.about().proof)
            if coming.exists():
                # A rotation stopped before anything lay under this one. It is kept all the same: no command destroys a
                # key.
                keep_old_key(settings, read_key_file(coming))
                coming.unlink()
            new = secrets.token_bytes(32)
            write_key(coming, new)
            rotated = keyring.rotate(new)
            kept = settle_rotation(settings, proof_of(new))
    except OSError as error:
        why = (
            f"The master key cannot be changed where it lies ({folder}: {error.strerror}). Make the new one where "
            "it is kept, as another user perhaps."
        )
        raise KeyringError(why) from error
    assert kept is not None
    return rotated, kept

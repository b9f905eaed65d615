"""The master keys, under which the keyring lies: where they are kept, how they are read, and which one fits.

The one in use lies in a file, or is given by the environment. Beside the file lie those that were in use before a
rotation, under dated names: as long as a copy of the keyring from before that day lives, it opens with them alone.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from ap_ledger.errors import KeyringError, LedgerError, UnreadableKey
from ap_ledger.persistence.files import locked, sync_folder, write_private
from ap_ledger.settings import Settings
from ap_ledger.stores.keyring.store import name_of

PROOF = b"AP Ledger keyring: this key fits"
"""Lies in every keyring, wrapped under the master key, so that the wrong one is noticed at once."""


def proof_of(master: bytes) -> bytes:
    """The proof of a master key. Wrapping is deterministic, so that a key has one proof only."""
    return aes_key_wrap(master, PROOF)


def master_key_file(settings: Settings) -> Path:
    """Where the master key lies when it is kept in a file."""
    return settings.master_key_file or settings.data / "master.key"


def coming_key_file(settings: Settings) -> Path:
    """Where a rotation keeps the new master key until the keyring lies under it."""
    path = master_key_file(settings)
    return path.with_name(path.name + ".new")


def old_key_files(settings: Settings) -> list[Path]:
    """The files of master keys that were in use before."""
    path = master_key_file(settings)
    return sorted(path.parent.glob(f"{path.name}.old*")) if path.parent.is_dir() else []


def read_master_key(settings: Settings) -> bytes:
    """The 32 bytes that are given now, from the environment or the file. Raises KeyringError when there are none."""
    if settings.master_key is not None:
        return _key_in(settings.master_key.get_secret_value(), "AP_LEDGER_MASTER_KEY")
    path = master_key_file(settings)
    if not path.exists():
        raise KeyringError(
            f"The master key is missing: {path} is not there and AP_LEDGER_MASTER_KEY is not set. Restore it from "
            "where you keep it safe."
        )
    return read_key_file(path)


def read_key_file(path: Path) -> bytes:
    """The key in a file. Raises KeyringError where there is none."""
    try:
        return _key_in(path.read_text("ascii", errors="replace"), str(path))
    except OSError as error:
        raise KeyringError(
            f"The master key in {path} cannot be read ({error.strerror}). Give the service's user the right to read it."
        ) from None


def _key_in(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeyringError(
            f"The master key must be 64 hex digits, and {where} holds "
            "something else. Restore it from where you keep it safe."
        )
    return key


class MasterKeys:
    """The master keys at hand, by their names: the one given now, one that a rotation brings, and those from before."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._by_name: dict[bytes, bytes] = {}
        self.look()

    def look(self) -> None:
        """Reads the files again. What is no key is passed over here, and said by whoever finds that none fits."""
        keys: list[bytes] = []
        with suppress(KeyringError):
            keys.append(read_master_key(self._settings))
        for path in (coming_key_file(self._settings), *old_key_files(self._settings)):
            if path.exists():
                with suppress(KeyringError):
                    keys.append(read_key_file(path))
        self._by_name = {name_of(proof_of(key)): key for key in keys}

    def given(self) -> bytes:
        """The master key that is given now. Raises KeyringError when there is none."""
        return read_master_key(self._settings)

    def fitting(self, proof: bytes) -> bytes:
        """The master key that a keyring lies under. Raises KeyringError when it is not at hand."""
        master = self.named(name_of(proof))
        if master is None:
            # Says first what is wrong with the one that is given, if something is.
            read_master_key(self._settings)
            raise KeyringError(
                "The master key does not open this keyring. Give the master key that this ledger was made with."
            )
        return master

    def named(self, name: bytes | None) -> bytes | None:
        """A master key by its name; looked for again where it is not known, because another process may just have
        rotated."""
        if name not in self._by_name:
            self.look()
        return self._by_name.get(name or b"")

    def unwrap(self, key_id: bytes, wrapped: bytes, name: bytes | None) -> bytes:
        """What lies wrapped under the master key of this name, or, where that is wrong, under any other.

        Raises UnreadableKey.
        """
        for look_again in (False, True):
            if look_again:
                # Somebody may just have put the master key back under which this lies.
                self.look()
            for master in filter(None, (self.named(name), *self._by_name.values())):
                with suppress(InvalidUnwrap):
                    return aes_key_unwrap(master, wrapped)
        raise UnreadableKey(UUID(bytes=key_id))


def make_master_key(settings: Settings) -> None:
    """Writes a new master key, readable by its owner alone, unless one is given or there."""
    path = master_key_file(settings)
    if settings.master_key is None and not path.exists():
        write_key(path, secrets.token_bytes(32))


def write_key(path: Path, key: bytes) -> None:
    """Writes a master key into a new file that its owner alone can read, and waits until it is on the disk."""
    write_private(path, key.hex() + "\n")


def keep_old_key(settings: Settings, key: bytes) -> Path:
    """Keeps a master key that was in use, under a name that nothing has had before.

    Returns the file, also where it was kept already.
    """
    for known in old_key_files(settings):
        with suppress(KeyringError):
            if read_key_file(known) == key:
                return known
    path = master_key_file(settings)
    kept = path.with_name(f"{path.name}.old-{datetime.now(UTC):%Y%m%dT%H%M%S}-{name_of(proof_of(key)).hex()[:8]}")
    write_key(kept, key)
    return kept


def settle_rotation(settings: Settings, proof: bytes) -> Path | None:
    """Puts the master key that a rotation brought into its place, once the keyring lies under it; the one before is
    kept.

    Returns where the one before lies; None where there was nothing to settle. A crash at any point leaves what the next
    call finishes. Not for two at once: hold the lock of the folder.
    """
    path, coming = master_key_file(settings), coming_key_file(settings)
    if not coming.exists() or proof_of(read_key_file(coming)) != proof:
        return None
    kept = keep_old_key(settings, read_key_file(path)) if path.exists() else path
    coming.replace(path)
    sync_folder(path.parent)
    return kept


def settle_when_opening(settings: Settings, proof: bytes) -> None:
    """Settles a rotation that stopped half-way, if there was one and this program may write where the master key
    lies."""
    if settings.master_key is None and coming_key_file(settings).exists():
        # Where it may not, the key is used from where it lies.
        with suppress(OSError, LedgerError), locked(master_key_file(settings).parent):
            settle_rotation(settings, proof)

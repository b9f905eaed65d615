"""The master key, under which the keyring lies: where it is kept, how it is read, and which one fits."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from ap_ledger.errors import KeyringError
from ap_ledger.settings import Settings

PROOF = b"AP Ledger keyring: this key fits"
"""Lies in every keyring, wrapped under the master key, so that the wrong one is noticed at once."""


def fitting_key(settings: Settings, proof: bytes) -> bytes:
    """The master key that opens a keyring: the one in use, or one that a rotation had just written. Raises KeyringError."""
    path = master_key_file(settings)
    coming = path.with_name(path.name + ".new")
    rotating = settings.master_key is None and coming.exists()
    if rotating and _opens(new := _read_key(coming.read_text("ascii", errors="replace")), proof):
        # The rotation went through and stopped before the files changed places.
        if path.exists():
            path.replace(path.with_name(path.name + ".old"))
        coming.replace(path)
        return new
    master = read_master_key(settings)
    if not _opens(master, proof):
        raise KeyringError("The master key does not open this keyring. Give the master key that this ledger was made with.")
    return master


def _opens(master: bytes, proof: bytes) -> bool:
    try:
        return aes_key_unwrap(master, bytes(proof)) == PROOF
    except InvalidUnwrap:
        return False


def master_key_file(settings: Settings) -> Path:
    """Where the master key lies when it is kept in a file."""
    return settings.master_key_file or settings.data / "master.key"


def read_master_key(settings: Settings) -> bytes:
    """The 32 bytes that open the keyring, from the environment or the file. Raises KeyringError when there are none."""
    path = master_key_file(settings)
    if settings.master_key is not None:
        text = settings.master_key.get_secret_value()
    elif path.exists():
        text = path.read_text("ascii", errors="replace")
    else:
        raise KeyringError(f"The master key is missing: {path} is not there and AP_LEDGER_MASTER_KEY is not set. Restore it from where you keep it safe.")
    return _read_key(text)


def _read_key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeyringError("The master key must be 64 hex digits.")
    return key


def make_master_key(settings: Settings) -> Path | None:
    """Writes a new master key, readable by its owner alone, unless one was given. Returns the file made, if any."""
    path = master_key_file(settings)
    if settings.master_key is not None or path.exists():
        return None
    write_key(path, secrets.token_bytes(32))
    return path


def write_key(path: Path, key: bytes) -> None:
    """Writes a master key into a new file that its owner alone can read, and waits until it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())

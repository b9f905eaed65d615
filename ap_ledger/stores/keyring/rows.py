"""What is done with rows of the keyring inside one transaction: opened, wrapped anew, proved, and held against the
ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from sqlalchemy import Connection, bindparam, select, update

from ap_ledger.errors import KeyringError, UnreadableKey
from ap_ledger.stores.keyring.master_key import MasterKeys, proof_of
from ap_ledger.stores.keyring.store import KEYS, name_of
from ap_ledger.stores.keyring.told_keys import Told
from ap_ledger.stores.sound_rows import sound_rows, wrong_column

OPENED_BY = (KEYS.c.key_id, KEYS.c.wrapped, KEYS.c.master_id)
"""What opens a key. What is damaged beside it keeps nobody from their words."""
NOT_THEIRS = (
    "The keyring gives the {kept} key of {owner} to somebody else, or somebody else's to them, so nothing was "
    "destroyed. Run: ap-ledger check --deep, "
    "and restore the keyring from a copy: ap-ledger keyring restore FILE"
)


def open_rows(rows: Iterable[Mapping[Any, Any]], masters: MasterKeys) -> tuple[dict[bytes, bytes], list[UUID]]:
    """The raw keys of rows by their ids, and the ids of those that open under no master key at hand."""
    opened: dict[bytes, bytes] = {}
    unreadable: list[UUID] = []
    for row in rows:
        if wrong_column(OPENED_BY, [row[column.name] for column in OPENED_BY]) is not None:
            unreadable.append(name_in(row["key_id"]))
            continue
        try:
            opened[bytes(row["key_id"])] = masters.unwrap(
                bytes(row["key_id"]), bytes(row["wrapped"]), row["master_id"] and bytes(row["master_id"])
            )
        except UnreadableKey as error:
            unreadable.append(error.key_id)
    return opened, unreadable


def rewrap(connection: Connection, opened: Mapping[bytes, bytes], master: bytes) -> None:
    """Puts open keys under a master key."""
    values = [{"id": key_id, "under": aes_key_wrap(master, raw)} for key_id, raw in opened.items()]
    if values:
        change = (
            update(KEYS)
            .where(KEYS.c.key_id == bindparam("id"))
            .values(wrapped=bindparam("under"), master_id=name_of(proof_of(master)))
        )
        connection.execute(change, values)


def prove(connection: Connection, opened: Mapping[bytes, bytes], master: bytes) -> None:
    """Reads every key again, and raises KeyringError, so that all is undone, unless it opens to what it was."""
    rows = sound_rows(connection, select(KEYS.c.key_id, KEYS.c.wrapped).where(KEYS.c.wrapped.is_not(None)))
    there = {bytes(row.key_id): bytes(row.wrapped) for row in rows}
    if any(key_id not in there or aes_key_wrap(master, raw) != there[key_id] for key_id, raw in opened.items()):
        raise KeyringError(
            "What was written does not read back as it was. The keyring was left as it was; look after the disk."
        )


def require_told(connection: Connection, owner: UUID, retention_class: str, told: Told) -> None:
    """Raises KeyringError unless the living keys of an owner and class are those of which the ledger tells so."""
    meant = {
        key_id
        for key_id, made in told.made.items()
        if (made.owner, made.retention_class) == (owner.bytes, retention_class)
    }
    theirs = (KEYS.c.owner_id == owner.bytes) & (KEYS.c.retention_class == retention_class)
    ask = select(KEYS.c.key_id, KEYS.c.owner_id, KEYS.c.retention_class).where(
        theirs | KEYS.c.key_id.in_(meant), KEYS.c.wrapped.is_not(None)
    )
    for key_id, whose, kept in connection.execute(ask):
        if (whose, kept) != (owner.bytes, retention_class) or (key_id in told.made and key_id not in meant):
            raise KeyringError(NOT_THEIRS.format(kept=retention_class, owner=owner))


def name_in(value: Any) -> UUID:
    """The id of a damaged row, as far as it has one."""
    return UUID(bytes=bytes(value)) if isinstance(value, bytes) and len(value) == 16 else UUID(int=0)

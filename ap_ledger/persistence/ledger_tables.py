"""The tables of the ledger as `check` compares them; the two SCHEMA texts make them, and tests hold them to this."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid, text
from sqlalchemy.types import TypeEngine


def ledger_tables(on_postgres: bool) -> MetaData:
    """What a ledger is made of on either database."""
    number: TypeEngine[Any] = BigInteger() if on_postgres else Integer()
    an_id: TypeEngine[Any] = Uuid() if on_postgres else LargeBinary()
    metadata = MetaData()
    _add_rows(metadata, number, an_id)
    octets = LargeBinary()
    Table(
        "head",
        metadata,
        Column("only_row", Integer, primary_key=True),
        Column("ledger_id", an_id, nullable=False),
        *(Column(name, number, nullable=False) for name in ("position", "recorded_at")),
        *(Column(name, number, nullable=False) for name in ("rules_position", "keys_position")),
        *(Column(name, octets, nullable=False) for name in ("chain", "proof")),
    )
    if on_postgres:
        within, around = (Column(name, octets, nullable=False) for name in ("within", "around"))
        Table("erasing", metadata, Column("only_row", Integer, primary_key=True), within, around)
    return metadata


def _add_rows(metadata: MetaData, number: TypeEngine[Any], an_id: TypeEngine[Any]) -> None:
    octets = LargeBinary()
    events = Table(
        "stored_events",
        metadata,
        Column("position", number, primary_key=True),
        Column("originator_id", an_id, nullable=False),
        Column("originator_version", Integer, nullable=False),
        Column("topic", Text, nullable=False),
        Column("class_version", Integer, nullable=False),
        *(Column(f"{name}_id", an_id) for name in ("command", "setting", "student", "author", "device")),
        *(Column(name, number, nullable=False) for name in ("occurred_at", "recorded_at")),
        Column("fingerprint", octets, nullable=False),
        Column("sealed_hash", octets),
        Column("state", Text, nullable=False),
        Column("chain", octets, nullable=False),
    )
    Index("stored_events_stream", events.c.originator_id, events.c.originator_version, unique=True)
    named = text("command_id IS NOT NULL")
    Index("stored_events_command", events.c.command_id, unique=True, sqlite_where=named, postgresql_where=named)
    Table(
        "sealed",
        metadata,
        Column("position", number, primary_key=True),
        Column("retention_class", Text, primary_key=True),
        Column("key_id", an_id, nullable=False),
        *(Column(name, octets, nullable=False) for name in ("nonce", "ciphertext")),
    )

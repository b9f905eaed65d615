"""The steps of the store `accounts`, oldest first.

A step is never changed once it was released; a new one goes to the end.
"""

from __future__ import annotations

from sqlalchemy import text

from ap_ledger.persistence.migrations import Step, Upgrading


def _one_link_each(upgrading: Upgrading) -> None:
    # Links of before did not say who made them, nor when; whoever still needs one is given a fresh one.
    octets, whole = ("BYTEA", "BIGINT") if upgrading.on_postgres else ("BLOB", "INTEGER")
    for statement in (
        "DROP TABLE links",
        f"CREATE TABLE links (kind VARCHAR NOT NULL, subject {octets} NOT NULL, hash {octets} NOT NULL, "
        f"purpose VARCHAR NOT NULL, about VARCHAR NOT NULL, made_by {octets}, made_at {whole} NOT NULL, "
        f"used_at {whole}, tries INTEGER NOT NULL, PRIMARY KEY (kind, subject), UNIQUE (hash))",
        f"CREATE TABLE openings (person_id {octets} NOT NULL, made_by {octets} NOT NULL, opened_at {whole} NOT NULL)",
        "CREATE INDEX ix_openings_person_id ON openings (person_id)",
        f"CREATE TABLE known_browsers (hash {octets} NOT NULL, person_id {octets} NOT NULL, made_at {whole} NOT NULL, "
        "PRIMARY KEY (hash, person_id))",
    ):
        upgrading.connection.execute(text(statement))


STEPS: tuple[Step, ...] = (
    Step("one-time links say who made them and when; those not used yet have ended, make new ones", _one_link_each),
)

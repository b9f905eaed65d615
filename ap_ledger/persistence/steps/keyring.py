"""The steps of the store `keyring`, oldest first.

A step is never changed once it was released; a new one goes to the end.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import text

from ap_ledger.persistence.migrations import Step, Upgrading


def name_master_keys(upgrading: Upgrading) -> None:
    """Every row names its master key, an owner has one sealing key for each class, and changes are counted.

    0.1.0 wrapped all rows under the key that the proof lies under, unless a running service had missed a rotation; such
    a row is opened by trying the other master keys at hand.
    """
    run, binary = upgrading.connection.execute, "BYTEA" if upgrading.on_postgres else "BLOB"
    run(text(f"ALTER TABLE keys ADD COLUMN master_id {binary}"))
    run(text("ALTER TABLE keys ADD COLUMN spare INTEGER NOT NULL DEFAULT 0"))
    run(
        text(
            "ALTER TABLE about ADD COLUMN generation BIGINT NOT NULL DEFAULT 0"
            if upgrading.on_postgres
            else _COUNT_ON_SQLITE
        )
    )
    for (proof,) in run(text("SELECT proof FROM about")).all():
        name = hashlib.sha256(bytes(proof)).digest()[:16]
        run(text("UPDATE keys SET master_id = :name WHERE wrapped IS NOT NULL"), {"name": name})
    # Of keys that two processes made for one owner, the first made is the one that was used by those who looked it up.
    run(text(_NUMBER_SPARES))
    run(text("DROP INDEX keys_owner"))
    run(text("CREATE UNIQUE INDEX keys_one_each ON keys (owner_id, retention_class, spare)"))


_COUNT_ON_SQLITE = "ALTER TABLE about ADD COLUMN generation INTEGER NOT NULL DEFAULT 0"
_NUMBER_SPARES = """
UPDATE keys SET spare = (
  SELECT count(*) FROM keys AS earlier
  WHERE earlier.owner_id = keys.owner_id AND earlier.retention_class = keys.retention_class
  AND (earlier.made_at < keys.made_at OR (earlier.made_at = keys.made_at AND earlier.key_id < keys.key_id))
)
"""


def remember_ledger(upgrading: Upgrading) -> None:
    """Makes room for what is remembered of the ledger apart from it; whoever may write the keys may write it too."""
    run = upgrading.connection.execute
    number, binary = ("BIGINT", "BYTEA") if upgrading.on_postgres else ("INTEGER", "BLOB")
    run(
        text(
            f"CREATE TABLE ends (day VARCHAR NOT NULL PRIMARY KEY, position {number} NOT NULL, chain {binary} NOT NULL)"
        )
    )
    run(text(f"CREATE TABLE clock_trust (stamp {number} NOT NULL PRIMARY KEY)"))
    if upgrading.on_postgres:
        ask = (
            "SELECT DISTINCT quote_ident(grantee) FROM information_schema.role_table_grants WHERE table_schema = "
            "current_schema() "
            "AND table_name = 'keys' AND privilege_type = 'INSERT' AND grantee <> current_user"
        )
        for role in upgrading.connection.scalars(text(ask)).all():
            run(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ends, clock_trust TO {role}"))


def date_intentions(upgrading: Upgrading) -> None:
    """An intention says when it was written, so that one whose event never came can be told and struck out."""
    number = "BIGINT" if upgrading.on_postgres else "INTEGER"
    upgrading.connection.execute(text(f"ALTER TABLE intentions ADD COLUMN made_at {number} NOT NULL DEFAULT 0"))


STEPS: tuple[Step, ...] = (
    Step("every key names its master key, and an owner has one key for each class", name_master_keys),
    Step("how far the ledger reached is remembered apart from it", remember_ledger),
    Step("an erasure that was begun says when", date_intentions),
)

"""The steps of the store `held`, oldest first.

A step is never changed once it was released; a new one goes to the end.
"""

from __future__ import annotations

from sqlalchemy import text

from ap_ledger.persistence.migrations import Step, Upgrading


def own_keys(upgrading: Upgrading) -> None:
    """Each row has a key of its own beside the id that came, and says by whose keys it is sealed.

    Rows that were there stay sealed as they are; the service seals them anew, under students' keys, when it next opens.
    """
    binary, big = ("bytea", "bigint") if upgrading.on_postgres else ("BLOB", "INTEGER")
    for column in (f"entry_id {binary}", f"owners {binary}", "classes varchar", f"send_key {binary}", f"ends_at {big}"):
        upgrading.connection.execute(text(f"ALTER TABLE held ADD COLUMN {column}"))
    upgrading.connection.execute(text("UPDATE held SET entry_id = id"))
    upgrading.connection.execute(text("CREATE INDEX ix_held_entry_id ON held (entry_id)"))


STEPS: tuple[Step, ...] = (
    Step("what is held has keys of its own, and is sealed for the students it is about", own_keys),
)

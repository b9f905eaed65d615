"""The steps of the store `ledger`, oldest first.

A step is never changed once it was released; a new one goes to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import text

from ap_ledger.errors import KeyringError
from ap_ledger.persistence.chain import EndProof, first_link, links_of
from ap_ledger.persistence.erasing import ErasingProof
from ap_ledger.persistence.migrations import Step, Upgrading
from ap_ledger.persistence.rows import Head, Row
from ap_ledger.persistence.steps.jobs import make_store as make_store_of_jobs
from ap_ledger.persistence.steps.notices import make_store as make_store_of_notices

POSTGRES_FUNCTIONS = """
CREATE FUNCTION lock_head() RETURNS SETOF head
LANGUAGE sql SECURITY DEFINER SET search_path = ledger, pg_temp AS
$$ SELECT * FROM ledger.head FOR UPDATE $$;
CREATE FUNCTION append(
  first bigint, at_time bigint, rules bigint, keys bigint, chained_to bytea, proved bytea,
  streams uuid[], versions integer[], topics text[], class_versions integer[], commands uuid[], settings uuid[],
  students uuid[],
  authors uuid[], devices uuid[], happened bigint[], fingerprints bytea[], hashes bytea[], states text[], links bytea[],
  text_positions bigint[], text_classes text[], text_keys uuid[], text_nonces bytea[], ciphertexts bytea[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS
$$ DECLARE last bigint := first + cardinality(streams) - 1; BEGIN
  UPDATE ledger.head SET position = last, recorded_at = at_time, rules_position = rules, keys_position = keys,
      chain = links[cardinality(streams)], proof = proved
    WHERE position = first - 1 AND recorded_at <= at_time AND chain = chained_to
      AND rules BETWEEN rules_position AND last
      AND keys BETWEEN keys_position AND last;
  IF NOT FOUND THEN RAISE EXCEPTION 'rows are added at the end of the ledger only, and without a gap'; END IF;
  IF EXISTS (SELECT 1 FROM unnest(text_positions) AS place WHERE place NOT BETWEEN first AND last)
  THEN RAISE EXCEPTION 'a sealed text is added with its row only'; END IF;
  INSERT INTO ledger.stored_events
    SELECT first + place - 1, stream, version, topic, class_version, command, setting, student, author, device,
      at, at_time, print, hash, state, link
    FROM unnest(streams, versions, topics, class_versions, commands, settings, students, authors, devices,
        happened, fingerprints, hashes, states, links)
      WITH ORDINALITY AS fresh(stream, version, topic, class_version, command, setting, student, author, device,
        at, print, hash, state, link, place);
  INSERT INTO ledger.sealed SELECT * FROM unnest(text_positions, text_classes, text_keys, text_nonces, ciphertexts);
END $$;
CREATE FUNCTION excise(bigint, text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS
$$ DECLARE gone bigint; BEGIN
  IF NOT EXISTS (SELECT 1 FROM ledger.stored_events WHERE topic = 'text-excised'
      AND (state::json ->> 'excised_position')::bigint = $1 AND state::json ->> 'retention_class' = $2)
  THEN RAISE EXCEPTION 'no event says that this text was removed'; END IF;
  DELETE FROM ledger.sealed WHERE position = $1 AND retention_class = $2;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
"""
POSTGRES_ERASING = """
CREATE TABLE erasing (only_row integer PRIMARY KEY CHECK (only_row = 1), within bytea NOT NULL, around bytea NOT NULL);
REVOKE ALL ON erasing FROM PUBLIC;
CREATE FUNCTION tells_of_excising(state text, place bigint, kept text) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN
  RETURN (state::json ->> 'excised_position')::bigint = place AND state::json ->> 'retention_class' = kept;
EXCEPTION WHEN OTHERS THEN RETURN false;
END $$;
DROP FUNCTION excise(bigint, text);
CREATE FUNCTION excise(bigint, text, bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS
$$ DECLARE gone bigint; BEGIN
  IF NOT EXISTS (SELECT 1 FROM ledger.erasing
      WHERE sha256(around || sha256(within || convert_to($1::text || '/' || $2, 'UTF8'))) = $3)
  THEN RAISE EXCEPTION 'a text is removed by a holder of the keyring only'; END IF;
  IF NOT EXISTS (SELECT 1 FROM ledger.stored_events
      WHERE topic = 'text-excised' AND ledger.tells_of_excising(state, $1, $2))
  THEN RAISE EXCEPTION 'no event says that this text was removed'; END IF;
  DELETE FROM ledger.sealed WHERE position = $1 AND retention_class = $2;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
"""
"""What the step that lets only a holder of the keyring remove a text makes; a new ledger is made with it too."""
AT_ONCE = 2_000
"""Rows read and chained at a time."""
_UNCHANGING = {
    True: (
        "ALTER TABLE stored_events DISABLE TRIGGER stored_events_never_change",
        "ALTER TABLE stored_events ENABLE TRIGGER stored_events_never_change",
    ),
    False: (
        "DROP TRIGGER stored_events_never_change",
        "CREATE TRIGGER stored_events_never_change BEFORE UPDATE ON stored_events\nBEGIN SELECT RAISE(ABORT, 'the "
        "ledger is append-only'); END",
    ),
}
"""How each database is told that rows may change within this step, and that they may not after it."""


def chain_rows(upgrading: Upgrading) -> None:
    """Gives every row its link, and proves the end under the ledger's own key."""
    connection = upgrading.connection
    may_change, never_changes = _UNCHANGING[upgrading.on_postgres]
    kind, nothing = ("bytea", "''") if upgrading.on_postgres else ("BLOB", "x''")
    for table, column in (("stored_events", "chain"), ("head", "chain"), ("head", "proof")):
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column} {kind} NOT NULL DEFAULT {nothing}"))
    row = connection.execute(
        text("SELECT ledger_id, position, recorded_at, rules_position, keys_position FROM head")
    ).one()
    ledger_id, own = _own_key(upgrading, row.ledger_id)
    connection.execute(text(may_change))
    chain = first_link(ledger_id)
    for positions, recorded_at, rows in _rows(upgrading):
        links = [
            chain := links_of([row], position, at, chain)[0]
            for position, at, row in zip(positions, recorded_at, rows, strict=True)
        ]
        connection.execute(
            text("UPDATE stored_events SET chain = :link WHERE position = :position"),
            [{"link": link, "position": position} for position, link in zip(positions, links, strict=True)],
        )
    connection.execute(text(never_changes))
    proof = EndProof(own, ledger_id).of(
        Head(row.position, row.recorded_at, row.rules_position, row.keys_position, chain, b"")
    )
    connection.execute(text("UPDATE head SET chain = :chain, proof = :proof"), {"chain": chain, "proof": proof})


def _own_key(upgrading: Upgrading, stored_id: Any) -> tuple[UUID, bytes]:
    """The ledger's id, and the key of its own. Raises KeyringError where that is missing."""
    ledger_id = _id(stored_id)
    assert ledger_id is not None
    own = upgrading.open_key(ledger_id, "core")
    if own is None:
        raise KeyringError(
            "The ledger's own key is missing from the keyring. Restore the keyring from its backup, then upgrade."
        )
    return ledger_id, own


def _rows(upgrading: Upgrading) -> Iterator[tuple[list[int], list[int], list[Row]]]:
    """Every row, in order: positions, times of recording, and the rows themselves."""
    ask = text(
        "SELECT position, recorded_at, originator_id, originator_version, topic, class_version, command_id, "
        "setting_id, student_id, author_id, "
        "device_id, occurred_at, fingerprint, sealed_hash, state FROM stored_events WHERE position > :after ORDER BY "
        "position LIMIT :limit"
    )
    after = 0
    while some := upgrading.connection.execute(ask, {"after": after, "limit": AT_ONCE}).all():
        rows = []
        for (
            _,
            _,
            stream,
            version,
            topic,
            class_version,
            command,
            setting,
            student,
            author,
            device,
            occurred,
            fingerprint,
            hash_,
            state,
        ) in some:
            ids = (
                _id(stream),
                version,
                topic,
                class_version,
                _id(command),
                _id(setting),
                _id(student),
                _id(author),
                _id(device),
            )
            hash_ = None if hash_ is None else bytes(hash_)
            rows.append(Row(*ids, occurred, bytes(fingerprint), hash_, state))  # type: ignore[arg-type]
        yield [row[0] for row in some], [row[1] for row in some], rows
        after = some[-1][0]


def _id(value: Any) -> UUID | None:
    return value if value is None or isinstance(value, UUID) else UUID(bytes=bytes(value))


def add_through_functions(upgrading: Upgrading) -> None:
    """Replaces the functions on PostgreSQL: they add rows themselves, and look up names in no schema that a role can
    make."""
    if not upgrading.on_postgres:
        return
    connection = upgrading.connection
    roles = connection.scalars(
        text(
            "SELECT DISTINCT quote_ident(grantee) FROM information_schema.role_table_grants WHERE table_schema = "
            "'ledger' AND table_name = 'stored_events' AND privilege_type = 'INSERT' AND grantee <> current_user"
        )
    ).all()
    connection.exec_driver_sql(
        "DROP FUNCTION lock_head(), move_head(bigint, bigint, bigint, bigint), excise(bigint, text)"
    )
    connection.exec_driver_sql(POSTGRES_FUNCTIONS)
    for name in roles:
        connection.exec_driver_sql(f"REVOKE INSERT ON stored_events, sealed FROM {name}")
        connection.exec_driver_sql(f"GRANT SELECT ON store_version TO {name}")
        connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION lock_head, append, excise TO {name}")


def remove_with_proof(upgrading: Upgrading) -> None:
    """Replaces the function that removes a text on PostgreSQL: it wants a proof that only a holder of the keyring can
    make."""
    if not upgrading.on_postgres:
        return
    connection = upgrading.connection
    roles = connection.scalars(
        text(
            "SELECT DISTINCT quote_ident(grantee) FROM information_schema.role_routine_grants WHERE routine_schema "
            "= 'ledger' AND routine_name = 'excise' AND privilege_type = 'EXECUTE' AND grantee <> current_user"
        )
    ).all()
    _, own = _own_key(upgrading, connection.execute(text("SELECT ledger_id FROM head")).scalar_one())
    connection.exec_driver_sql(POSTGRES_ERASING)
    connection.execute(
        text("INSERT INTO erasing VALUES (1, :within, :around)"), ErasingProof(own).beginnings()._asdict()
    )
    for name in roles:
        connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION excise TO {name}")


STEPS: tuple[Step, ...] = (
    Step("chains every row to the one before it, and proves the end of the ledger", chain_rows),
    Step("lets the role of the service add rows through one function only", add_through_functions),
    Step("lets only a holder of the keyring remove a text", remove_with_proof),
    Step("what runs by itself, and packs that were prepared, have a store of their own", make_store_of_jobs),
    Step("what people are told of, and through which channels, has a store of its own", make_store_of_notices),
)

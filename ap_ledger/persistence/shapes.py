"""Compares the tables of a store with what this program expects of them: columns, their kinds, keys and indexes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Dialect, Index, Integer, MetaData, Table, UniqueConstraint, inspect
from sqlalchemy.exc import CompileError, SAWarning
from sqlalchemy.schema import CreateIndex
from sqlalchemy.types import TypeEngine

Covered = tuple[tuple[str, ...], bool]
"""The columns of an index in their order, and whether no two rows may be alike in them."""


def missing(table: str) -> str:
    """What is said of a table that is not there."""
    return f"the table {table} is missing"


VERSION_MISSING = missing("store_version")
"""What is said of a store that 0.1.0 made, and of one whose version alone was lost."""


class ShapeFault(NamedTuple):
    """Where a store is not what it should be, and the statement that mends it.

    `statement` None: nothing but a backup brings back what is missing.
    """

    what: str
    statement: str | None


class TableShape(NamedTuple):
    """A table as it is compared: of each column its kind and whether it may be empty, the key, and each index's name.

    The name of an index that a constraint made is None.
    """

    columns: Mapping[str, tuple[str, bool]]
    key: tuple[str, ...]
    indexes: Mapping[Covered, str | None]


class Spelling(NamedTuple):
    """How statements spell names: quoted where they need it, and in the schema of the store.

    `schema` None: on SQLite, where a store is a file of its own.
    """

    dialect: Dialect
    schema: str | None

    def quoted(self, name: str) -> str:
        """The name of a column."""
        return self.dialect.identifier_preparer.quote(name)

    def placed(self, name: str) -> str:
        """The name of a table, or of an index, which lies where its table does."""
        return f"{self.quoted(self.schema)}.{self.quoted(name)}" if self.schema else self.quoted(name)

    def making(self, index: Index) -> str:
        """The statement that makes an index."""
        there = {None: self.schema} if self.schema else None
        compiled = CreateIndex(index).compile(
            dialect=self.dialect, schema_translate_map=there, render_schema_translate=there is not None
        )
        return str(compiled)


def shape_faults(connection: Connection, expected: MetaData, schema: str | None = None) -> list[ShapeFault]:
    """Everything in which the tables that are there differ from those that this program makes.

    Each statement names the schema of what it changes: the session that runs it may look in another one first.
    """
    with warnings.catch_warnings():
        # A kind of column that SQLAlchemy does not know is a finding here, and nothing to print.
        warnings.simplefilter("ignore", SAWarning)
        there = _reflected(connection, schema)
    wanted = {table.name: table for table in (*expected.sorted_tables, _version_table())}
    spelling = Spelling(connection.dialect, schema)
    faults = [
        ShapeFault(f"the table {name} is none of this version's", f"DROP TABLE {spelling.placed(name)}")
        for name in sorted(there.keys() - wanted.keys())
    ]
    for name, table in wanted.items():
        if name not in there:
            faults.append(ShapeFault(missing(name), None))
        else:
            faults += _column_faults(table, there[name], _declared(table, connection.dialect), spelling)
            faults += _index_faults(table, there[name], spelling)
    return faults


def _version_table() -> Table:
    return Table("store_version", MetaData(), Column("version", Integer, nullable=False))


def _reflected(connection: Connection, schema: str | None) -> dict[str, TableShape]:
    # Each question is asked once for all tables: PostgreSQL is asked four times for a store, not five for a table.
    look = inspect(connection)
    keys, rules = look.get_multi_pk_constraint(schema), look.get_multi_unique_constraints(schema)
    indexes = look.get_multi_indexes(schema)
    return {
        place[1]: TableShape(
            {column["name"]: (_kind(column["type"], connection.dialect), column["nullable"]) for column in columns},
            tuple(keys[place]["constrained_columns"]),
            _indexes_of(indexes[place], rules[place]),
        )
        for place, columns in look.get_multi_columns(schema).items()
    }


def _indexes_of(indexes: Sequence[Any], rules: Sequence[Any]) -> dict[Covered, str | None]:
    ruled = {(tuple(rule["column_names"]), True): None for rule in rules}
    made = {
        (tuple(column or "an expression" for column in index["column_names"]), bool(index["unique"])): index["name"]
        for index in indexes
        if "duplicates_constraint" not in index
    }
    return {**made, **ruled}


def _declared(table: Table, dialect: Dialect) -> TableShape:
    columns = {column.name: (_kind(column.type, dialect), bool(column.nullable)) for column in table.columns}
    rules = [rule for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    indexes: dict[Covered, str | None] = {(tuple(rule.columns.keys()), True): None for rule in rules}
    indexes |= {_covered(index): str(index.name) for index in table.indexes}
    return TableShape(columns, tuple(table.primary_key.columns.keys()), indexes)


def _covered(index: Index) -> Covered:
    return tuple(column.name for column in index.columns), bool(index.unique)


def _kind(kind: TypeEngine[Any], dialect: Dialect) -> str:
    try:
        return str(kind.compile(dialect))
    except CompileError:
        return "a kind that is unknown"


def _column_faults(table: Table, there: TableShape, wanted: TableShape, spelling: Spelling) -> Iterator[ShapeFault]:
    for name in sorted(there.columns.keys() - wanted.columns.keys()):
        drop = f"ALTER TABLE {spelling.placed(table.name)} DROP COLUMN {spelling.quoted(name)}"
        yield ShapeFault(f"the column {name} of {table.name} is none of this version's", drop)
    for name, (kind, empty) in wanted.columns.items():
        if name not in there.columns:
            yield ShapeFault(f"the column {name} of {table.name} is missing", None)
        elif there.columns[name][0] != kind:
            what = f"the column {name} of {table.name} is {there.columns[name][0]} and should be {kind}"
            yield ShapeFault(what, None)
        elif name not in wanted.key and there.columns[name][1] != empty:
            # What is in the key is never empty, which SQLite says of some of its columns only.
            what = "may be empty and should not" if there.columns[name][1] else "may not be empty and should"
            yield ShapeFault(f"the column {name} of {table.name} {what}", None)
    if there.key != wanted.key:
        what = f"the key of {table.name} is ({', '.join(there.key)}) and should be ({', '.join(wanted.key)})"
        yield ShapeFault(what, None)


def _index_faults(table: Table, there: TableShape, spelling: Spelling) -> Iterator[ShapeFault]:
    wanted = _declared(table, spelling.dialect)
    made_by = {_covered(index): index for index in table.indexes}
    for covered in sorted(there.indexes.keys() - wanted.indexes.keys()):
        name = there.indexes[covered]
        what = f"the index {name or 'of a rule'} of {table.name} ({', '.join(covered[0])}) is none of this version's"
        yield ShapeFault(what, f"DROP INDEX {spelling.placed(name)}" if name else None)
    for covered in sorted(wanted.indexes.keys() - there.indexes.keys()):
        make = spelling.making(made_by[covered]) if covered in made_by else None
        yield ShapeFault(f"the index of {table.name} ({', '.join(covered[0])}) is missing", make)

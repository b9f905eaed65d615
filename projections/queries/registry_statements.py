"""What is asked of the registry. Making a statement costs more than asking it, so each is made once for each table."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, Table, bindparam, select


@cache
def all_of_kind(registry: Table, of_setting: bool = False) -> Select[Any]:
    """Every body of a `kind`; of one `setting` only, where that is said."""
    ask = select(registry.c.id, registry.c.body).where(registry.c.kind == bindparam("kind"))
    return ask.where(registry.c.setting_id == bindparam("setting")) if of_setting else ask


@cache
def page_of_kind(registry: Table, of_setting: bool) -> Select[Any]:
    """So many bodies of a `kind` as `limit` says, in the order of their keys, `after` one of them."""
    ask = select(registry.c.id, registry.c.position, registry.c.body).where(
        registry.c.kind == bindparam("kind"), registry.c.id > bindparam("after")
    )
    asked = ask.where(registry.c.setting_id == bindparam("setting")) if of_setting else ask
    return asked.order_by(registry.c.id).limit(bindparam("limit"))


@cache
def with_key(registry: Table) -> Select[Any]:
    """One body by its `kind` and `key`."""
    ask = select(registry.c.position, registry.c.body)
    return ask.where(registry.c.kind == bindparam("kind"), registry.c.id == bindparam("key"))

"""What would be done for each of several students, judged by the rules of the ledger; and then doing it, each student
by themselves, so that one who is refused holds up nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson

from ap_ledger.access import Who
from ap_ledger.bootstrap import Service
from ap_ledger.commands.all_at_once import give_all, judge_all
from ap_ledger.domain.base import Command
from ap_ledger.errors import CommandConflict, Refused
from ap_ledger.events.ids import derived_id
from ap_ledger.roster.plan import Asked, Change

Outcome = Literal["refused", "changed", "same", "left-out"]


class Doer(NamedTuple):
    """Who does something for several students of which setting; `form` is an id by which doing it again is known."""

    who: Who
    setting_id: str
    form: UUID


@dataclass(frozen=True)
class ForOne:
    """What would be done for one student.

    `told` are sentences to know before it is saved; `fault` is why it is refused.
    """

    id: str
    name: str
    outcome: Outcome
    change: Change | None = None
    told: tuple[str, ...] = ()
    fault: str = ""
    asks: tuple[Asked, ...] = ()

    def refused(self, sentence: str) -> ForOne:
        """The same student, refused."""
        return replace(self, outcome="refused", fault=sentence, change=None, told=(), asks=())


def judged(service: Service, doer: Doer, row: ForOne) -> ForOne:
    """A student as they are, or refused by a rule of the ledger in that rule's own words. Nothing is stored."""
    if not row.asks:
        return row
    try:
        judge_all(service.ledger, doer.who, _commands(doer, row))
    except Refused as refusal:
        return row.refused(refusal.message)
    return row


class Done(NamedTuple):
    """What became of one student: the position at which it is recorded, or why it was not done after all."""

    row: ForOne
    position: int = 0


def do(service: Service, doer: Doer, rows: Iterable[ForOne]) -> Iterator[Done]:
    """Does what is to be done, for each student at once or not at all."""
    for row in rows:
        if row.outcome != "changed":
            continue
        try:
            yield Done(row, give_all(service.ledger, doer.who, _commands(doer, row)))
        except CommandConflict:
            # The same form was sent at the same time and was first: what it wants is done.
            yield Done(row, service.ledger.recorder.read_head().position)
        except Refused as refusal:
            yield Done(row.refused(str(refusal)))


def _commands(doer: Doer, row: ForOne) -> list[Command]:
    """The commands for one student. Their ids go by the form and by what is wanted, so that sending it again does
    nothing more. Raises Refused."""
    return [_command(doer, asked.kind, {**asked.fields, "student": row.id}) for asked in row.asks]


def _command(doer: Doer, kind: type[Command], fields: Mapping[str, Any]) -> Command:
    given = {name: value for name, value in fields.items() if value is not None}
    # What a fact corrects is not what is wanted but how things were found, which pressing twice at once changes.
    wanted = {name: value for name, value in given.items() if name != "corrects"}
    content = orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS).decode()
    head = {
        "id": derived_id(doer.form, kind.__name__, content),
        "setting_id": doer.setting_id,
        "author_id": doer.who.person_id,
    }
    return kind.from_json(orjson.dumps({**head, **given}))

"""From a form to a command: read through the command's own schema, and done by whoever may give it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import orjson
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.recording.ledger import Executed
from api.core.asking import Asker
from api.core.problems import NotAllowed
from api.core.show import entry_id, id_of, text_of

C = TypeVar("C", bound=Command)


def command_of(kind: type[C], form: FormData, asking: Asker, setting_id: UUID | str, /, **fields: Any) -> C:
    """The command that a form asks for, in the name of whoever sent it; its id is in the form, so that sending the form
    again does nothing more.

    `fields` are the command's own, as JSON holds them; what is None was not said. Raises Refused in a sentence, and
    Unparsable where the form lacks its id.
    """
    return _read(kind, id_of(form, "command"), asking, setting_id, fields)


def one_of_several(kind: type[C], form: FormData, asking: Asker, setting_id: UUID | str, /, **fields: Any) -> C:
    """One of the commands of a form that asks for several, as `command_of`.

    The id of each goes by what it says: sending the form again does nothing more, and sending it after something in it
    was put right does what was put right.
    """
    content = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).decode()
    return _read(kind, entry_id(id_of(form, "command"), kind.__name__, content), asking, setting_id, fields)


def _read(kind: type[C], command_id: UUID, asking: Asker, setting_id: UUID | str, fields: Mapping[str, Any]) -> C:
    head = {"id": command_id, "setting_id": setting_id, "author_id": asking.person}
    given = {name: value for name, value in {**head, **fields}.items() if value is not None}
    return kind.from_json(orjson.dumps(given))


def from_day(form: FormData, facts: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """From when a fact holds that a form says; where one was said from the same day before, it is put right."""
    from_date = text_of(form, "from_date") or None
    said_before = any(fact["from_date"] == from_date for fact in facts)
    return {"from_date": from_date, "corrects": from_date if said_before else None}


def give(using: Service, asking: Asker, command: Command, form: FormData) -> Executed:
    """Does what a form asks for, or proposes it where it takes a second person. Raises NotAllowed and Refused."""
    if not asking.may_give(command):
        raise NotAllowed
    if not command.second_person:
        return using.ledger.execute(command)
    proposal = entry_id(id_of(form, "form"), str(command.id))
    return using.proposals.propose(command, proposal, entry_id(command.id, "propose"), asking.person)

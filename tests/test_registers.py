"""Whatever must be written into a register is named in a sentence where it was forgotten."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import ap_ledger.domain
import ap_ledger.events
import api
import projections.writers
import reports.layouts
from ap_ledger.access import ACTIONS, COMMAND_ACTIONS
from ap_ledger.domain.base import Command
from ap_ledger.domain.commands import ALL_COMMANDS, COMMAND_BY_NAME
from ap_ledger.events import ALL_EVENTS
from ap_ledger.events.base import Event
from api.app import MODULES
from api.core.gate import GatedRouter
from projections import PROJECTIONS
from projections.runner import Projection
from reports.builders import BUILDERS

T = TypeVar("T")


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Every module of a package, at any depth."""
    return [importlib.import_module(found.name) for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]


def classes_of(package: ModuleType, kind: type[T]) -> Iterator[type[T]]:
    """The classes of a kind that a package defines, without those that only others are made of."""
    for module in modules_of(package):
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, kind) and found.__module__ == module.__name__ and not inspect.isabstract(found):
                yield found


def test_every_event_is_in_the_tuple_of_its_module() -> None:
    missing = [
        f"{event.__name__} is in no register. Add it to the tuple at the end of {event.__module__}."
        for event in classes_of(ap_ledger.events, Event)
        if "TOPIC" in vars(event) and event not in ALL_EVENTS
    ]
    assert missing == []


def test_every_command_is_registered_and_is_an_action_of_the_access_table() -> None:
    missing = [
        f"{command.__name__} is in no register. Add it to ALL_COMMANDS in ap_ledger/domain/commands.py."
        for command in classes_of(ap_ledger.domain, Command)
        if command not in ALL_COMMANDS
    ]
    missing += [
        f"{name} is no action yet, so nobody may give it. Say which it is in COMMAND_ACTIONS in ap_ledger/access/commands.py."
        for name in COMMAND_BY_NAME
        if name not in COMMAND_ACTIONS
    ]
    missing += [f"COMMAND_ACTIONS names {name}, and there is no such command." for name in COMMAND_ACTIONS if name not in COMMAND_BY_NAME]
    missing += [
        f"{name} is the action {action}, which nobody may. Say in ap_ledger/access/table.py who may."
        for name, action in COMMAND_ACTIONS.items()
        if action not in (None, *ACTIONS)
    ]
    assert missing == []


def test_every_projection_is_built() -> None:
    missing = [
        f"{projection.__name__} is built by nobody. Add it to PROJECTIONS in projections/__init__.py."
        for projection in classes_of(projections.writers, Projection)
        if projection not in PROJECTIONS
    ]
    assert missing == []


def test_every_module_with_routes_is_part_of_the_application() -> None:
    missing = [
        f"Nothing leads to the routes of {module.__name__}. Add it to MODULES in api/app.py."
        for module in modules_of(api)
        if isinstance(getattr(module, "router", None), GatedRouter) and module not in MODULES
    ]
    assert missing == []


def test_every_layout_that_lies_among_those_that_ship_is_offered() -> None:
    files = sorted(path.stem for path in Path(reports.layouts.__file__).parent.glob("*.yaml"))
    missing = [
        f"The layout {name} is offered to nobody. Add it to SHIPPED in reports/layouts/__init__.py." for name in files if name not in reports.layouts.SHIPPED
    ]
    missing += [f"SHIPPED names the layout {name}, and there is no reports/layouts/{name}.yaml." for name in reports.layouts.SHIPPED if name not in files]
    assert missing == []


def test_every_block_can_be_named_by_a_layout() -> None:
    made = [found for module in modules_of(reports) for found in vars(module).values() if inspect.isfunction(found) and found.__module__ == module.__name__]
    # Elsewhere than beside the register, a name that begins with _ is of a part of a block.
    parts = [found for found in made if found.__name__.startswith("_") and found.__module__ != "reports.builders"]
    blocks = [found for found in made if found.__annotations__.get("return") == "Blocks" and found not in parts]
    missing = [
        f"No layout can name the block {found.__name__}. Add it to BUILDERS in reports/builders.py." for found in blocks if found not in BUILDERS.values()
    ]
    assert missing == []

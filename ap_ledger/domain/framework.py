"""The rules of a framework's stream: a published version never changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid5

from ap_ledger.domain.base import Command, NextEvents, fold
from ap_ledger.errors import DefinitionError, Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import DefinitionBody, FrameworkId, FrameworkVersion, ReasonCode
from ap_ledger.events.framework import FrameworkPublished, FrameworkRetired
from frameworks import Definition, definition_hash, load_definition, read_definition

NAMESPACE = UUID("0198f3a0-0000-7000-8000-6170206c6467")


def framework_stream(framework_id: str) -> UUID:
    """The stream of a framework, found from its name alone."""
    return uuid5(NAMESPACE, framework_id)


@dataclass(frozen=True)
class Framework:
    """The versions published so far, whole."""

    id: str
    version: int
    published: dict[int, Definition] = field(default_factory=dict)
    authored: dict[int, dict[str, Any]] = field(default_factory=dict)
    hashes: dict[int, str] = field(default_factory=dict)
    retired: frozenset[int] = frozenset()


def evolve(framework: Framework | None, event: Event) -> Framework | None:
    """Remembers one event."""
    match event:
        case FrameworkPublished():
            before = framework or Framework(event.framework_id, 0)
            framework = replace(
                before,
                published={**before.published, event.version: read_definition(event.definition)},
                authored={**before.authored, event.version: event.definition},
                hashes={**before.hashes, event.version: event.content_hash},
            )
        case FrameworkRetired() if framework is not None:
            framework = replace(framework, retired=framework.retired | {event.version})
    return framework and replace(framework, version=event.originator_version)


project_framework = fold(evolve)


class PublishFramework(Command):
    """Publishes a definition, as authored."""

    definition: DefinitionBody

    @property
    def stream_id(self) -> UUID:
        """Named by the definition's id."""
        return framework_stream(str(self.definition.get("id")))

    def decide(self, state: Framework | None, events: NextEvents) -> list[Event]:
        """A version is published once; other content needs another version."""
        try:
            definition = load_definition(self.definition)
        except DefinitionError as error:
            raise Refused("malformed", f"The definition has faults: {error}", "definition") from None
        content_hash = definition_hash(self.definition)
        if state is not None and (before := state.hashes.get(definition.version)) is not None:
            same = (
                "the same content"
                if before == content_hash
                else f"other content (there {before}, here {content_hash}); raise the version"
            )
            raise Refused("not-allowed", f"{definition.key} was published before with {same}.", "definition")
        return [
            events.event(
                FrameworkPublished,
                framework_id=definition.id,
                version=definition.version,
                kind=definition.kind,
                content_hash=content_hash,
                definition=self.definition,
            )
        ]


class RetireFramework(Command):
    """Takes a version out of use for new entries."""

    framework_id: FrameworkId
    version: FrameworkVersion
    reason_code: ReasonCode

    @property
    def stream_id(self) -> UUID:
        """Named by the definition's id."""
        return framework_stream(self.framework_id)

    def decide(self, state: Framework | None, events: NextEvents) -> list[Event]:
        """Only a published version that is in use can be retired."""
        if state is None or self.version not in state.published:
            raise Refused("unknown-framework", "No such version was published.", "version")
        if self.version in state.retired:
            raise Refused("not-allowed", "This version was retired before.", "version")
        return [
            events.event(
                FrameworkRetired, framework_id=self.framework_id, version=self.version, reason_code=self.reason_code
            )
        ]

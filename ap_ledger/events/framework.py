"""The stream of a framework: the versions published, each whole, and those retired."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ap_ledger.events.base import Event
from ap_ledger.events.fields import DefinitionBody, FrameworkId, FrameworkVersion, ReasonCode


class FrameworkEvent(Event):
    """An event in a framework's own stream."""

    STREAM: ClassVar[str] = "framework"


class FrameworkPublished(FrameworkEvent):
    """A definition was published: as authored, whole, with the SHA-256 of its RFC 8785 form. It never changes."""

    TOPIC: ClassVar[str] = "framework-published"
    framework_id: FrameworkId
    version: FrameworkVersion
    kind: Literal["ladder", "outcomes", "curriculum", "instrument"]
    content_hash: Annotated[str, Field(min_length=64, max_length=64)]
    definition: DefinitionBody


class FrameworkRetired(FrameworkEvent):
    """A version is no longer offered for new entries. It stays readable for ever."""

    TOPIC: ClassVar[str] = "framework-retired"
    framework_id: FrameworkId
    version: FrameworkVersion
    reason_code: ReasonCode


FRAMEWORK_EVENTS: tuple[type[Event], ...] = (FrameworkPublished, FrameworkRetired)

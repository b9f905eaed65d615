"""The stream of a framework: the versions published, each whole, and those retired."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ap_ledger.events.base import Event, Slug


class FrameworkEvent(Event):
    """An event in a framework's own stream."""

    STREAM: ClassVar[str] = "framework"


class FrameworkPublished(FrameworkEvent):
    """A definition was published: as authored, whole, with the SHA-256 of its RFC 8785 form. It never changes."""

    TOPIC: ClassVar[str] = "framework-published"
    framework_id: Slug
    version: Annotated[int, Field(ge=1)]
    kind: Literal["ladder", "outcomes", "curriculum", "instrument"]
    content_hash: Annotated[str, Field(min_length=64, max_length=64)]
    definition: dict[str, Any]


class FrameworkRetired(FrameworkEvent):
    """A version is no longer offered for new entries. It stays readable for ever."""

    TOPIC: ClassVar[str] = "framework-retired"
    framework_id: Slug
    version: Annotated[int, Field(ge=1)]
    reason_code: Slug


FRAMEWORK_EVENTS: tuple[type[Event], ...] = (FrameworkPublished, FrameworkRetired)

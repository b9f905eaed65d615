"""The stream of a device: a tablet or a phone that may send entries, with a name and a credential of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ap_ledger.events.base import Erased, Event, RetentionClass
from ap_ledger.events.fields import Label, ReasonCode

DeviceKind = Annotated[Literal["tablet", "phone"], Field(description="A device is one of: tablet, phone.")]


class DeviceEnrolled(Event):
    """A device was let in by somebody signed in. Its name is sealed, because people name devices after people."""

    TOPIC: ClassVar[str] = "device-enrolled"
    STREAM: ClassVar[str] = "device"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"name": "core"}
    kind: DeviceKind
    name: Label | Erased


class DeviceRevoked(Event):
    """A device may send no more: what it still holds is taken once, held, and the device is wiped."""

    TOPIC: ClassVar[str] = "device-revoked"
    STREAM: ClassVar[str] = "device"
    reason_code: ReasonCode


DEVICE_EVENTS: tuple[type[Event], ...] = (DeviceEnrolled, DeviceRevoked)

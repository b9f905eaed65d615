"""The rules of a device's stream: let in once, revoked once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from ap_ledger.domain.base import Command, NextEvents, fold
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.device import DeviceEnrolled, DeviceKind, DeviceRevoked
from ap_ledger.events.fields import DeviceId, Label, ReasonCode


@dataclass(frozen=True, slots=True)
class Device:
    """What later decisions need to remember about a device."""

    id: UUID
    setting_id: UUID
    version: int
    kind: DeviceKind
    revoked: bool = False


def evolve(device: Device | None, event: Event) -> Device | None:
    """Remembers one event."""
    match event:
        case DeviceEnrolled():
            assert event.stamp.setting_id is not None
            return Device(event.originator_id, event.stamp.setting_id, event.originator_version, event.kind)
        case DeviceRevoked() if device is not None:
            return replace(device, revoked=True, version=event.originator_version)
    return device


project_device = fold(evolve)


class DeviceCommand(Command):
    """A command to a device's stream."""

    device: DeviceId

    @property
    def stream_id(self) -> UUID:
        """A device's stream is named by the device's id."""
        return self.device


class EnrolDevice(DeviceCommand):
    """Lets a device in. Its credential is kept apart, hashed."""

    name: Label
    kind: DeviceKind

    def decide(self, state: Device | None, events: NextEvents) -> list[Event]:
        """Enrolled once."""
        if state is not None:
            raise Refused("not-allowed", "A device with this id was enrolled before.", "device")
        return [events.event(DeviceEnrolled, name=self.name, kind=self.kind)]


class RevokeDevice(DeviceCommand):
    """Shuts a device out."""

    reason_code: ReasonCode

    def decide(self, state: Device | None, events: NextEvents) -> list[Event]:
        """Revoked once, for ever: a device that is found again is enrolled anew."""
        if state is None or state.setting_id != self.setting_id:
            raise Refused("unknown-item", "No device with this id was enrolled here.", "device")
        if state.revoked:
            raise Refused("not-allowed", "This device was revoked before.", "device")
        return [events.event(DeviceRevoked, reason_code=self.reason_code)]

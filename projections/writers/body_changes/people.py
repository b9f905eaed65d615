"""What the events of a person and of a device change in their bodies."""

from __future__ import annotations

from collections.abc import Mapping

from projections.bodies import DeviceAsStored, PersonAsStored
from projections.runner import Seen
from projections.writers.body_changes.common import Change, State, id_of, id_or_none, whole


def _add(person: PersonAsStored, state: State, seen: Seen) -> None:
    person["setting_id"], person["named_at"], person["roles"] = id_of(seen.setting_id), seen.position, []


def _rename(person: PersonAsStored, state: State, seen: Seen) -> None:
    person["named_at"] = seen.position


def _grant(person: PersonAsStored, state: State, seen: Seen) -> None:
    person["roles"].append(whole(state, setting_id=id_of(seen.setting_id)))


def _end_role(person: PersonAsStored, state: State, seen: Seen) -> None:
    for role in person["roles"]:
        if role["grant_id"] == state["grant_id"]:
            role["until"], role["ended_by"] = state["on"], id_or_none(seen.author_id)
            role["ended_at"] = seen.recorded_at


def _keep_from(person: PersonAsStored, state: State, seen: Seen) -> None:
    person.setdefault("conflicts", []).append(state["conflicted_student"])


def _keep_from_no_more(person: PersonAsStored, state: State, seen: Seen) -> None:
    conflicts = person.get("conflicts", ())
    person["conflicts"] = [student for student in conflicts if student != state["conflicted_student"]]


def _enrol(device: DeviceAsStored, state: State, seen: Seen) -> None:
    device["setting_id"], device["kind"] = id_of(seen.setting_id), state["kind"]
    device["named_at"], device["enrolled_at"], device["revoked"] = seen.position, seen.recorded_at, False


def _revoke(device: DeviceAsStored, state: State, seen: Seen) -> None:
    device["revoked"] = True


CHANGES: Mapping[str, Change] = {
    "person-added": _add,
    "person-renamed": _rename,
    "role-granted": _grant,
    "role-ended": _end_role,
    "conflict-declared": _keep_from,
    "conflict-ended": _keep_from_no_more,
    "device-enrolled": _enrol,
    "device-revoked": _revoke,
}

"""How far a new setting is: what stands already, told by what was recorded and by nothing that somebody ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from ap_ledger.events.dated import in_force
from ap_ledger.events.person import STAFF_ROLES, TWO_PEOPLE_ROLES
from projections.bodies import RoleBody, SettingBody, SlotBody
from projections.queries.on_day import slots_held_from
from projections.queries.overview import recent_rungs
from projections.queries.reading import Reader


class Step(NamedTuple):
    """One thing to do once: its name here, whether it is done, and what stands in the ledger about it, in words."""

    key: str
    done: bool
    told: str = ""


def set_up_steps(reader: Reader, setting: SettingBody, today: date, now: datetime) -> list[Step]:
    """The steps of setting up, in the order in which they are best done; none needs another one."""
    roles = _roles(reader, setting, today)
    leads = [person for person, role in roles if role == "leader"]
    slots = slots_held_from(setting, today).slots
    calendar = in_force(setting.get("calendars", ()), today)
    students = reader.everyone(setting)
    staff = {person for person, role in roles if role in STAFF_ROLES}
    devices = [device for device in reader.whole("devices", setting) if not device["revoked"]]
    places, buyers = setting.get("places", ()), setting.get("commissioners", ())
    return [
        Step("leader", bool(leads), _count(len(set(leads)), "leader")),
        Step("setting", bool(setting.get("urn") or setting.get("ukprn") or places), _count(len(places), "place")),
        Step("slots", bool(slots), _day(slots)),
        Step("calendar", calendar is not None, _count(len(calendar.get("terms", ())), "half-term") if calendar else ""),
        Step("commissioners", bool(buyers), ", ".join(buyer["name"] for buyer in buyers)),
        Step("people", len(staff) > 1, _count(len(staff), "person works", "people work") + " here" if staff else ""),
        Step("safeguarding", worries_are_read(reader, setting, today), "Somebody is"),
        Step("students", bool(students), _count(len(students), "student")),
        Step("devices", bool(devices), _count(len(devices), "phone or tablet", "phones and tablets")),
        Step(
            "visit", any(recent_rungs(reader, setting, students, now).values()), "Somebody did, in the last six weeks"
        ),
    ]


def worries_are_read(reader: Reader, setting: SettingBody, today: date) -> bool:
    """Whether anybody leads on safeguarding in a setting on a day: nobody else can read a worry."""
    return any(role in TWO_PEOPLE_ROLES for _, role in _roles(reader, setting, today))


def _roles(reader: Reader, setting: SettingBody, today: date) -> list[tuple[str, str]]:
    """Who holds which role in a setting on a day."""
    return [
        (person["id"], role["role"])
        for person in reader.whole("people")
        for role in _held(person.get("roles", ()), setting["id"], today.isoformat())
    ]


def _held(roles: Iterable[RoleBody], setting_id: str, day: str) -> Iterator[RoleBody]:
    for role in roles:
        if role["setting_id"] == setting_id and role["from_date"] <= day and (role.get("until") or day) >= day:
            yield role


def _day(slots: Sequence[SlotBody]) -> str:
    if not slots:
        return ""
    begins, ends = min(slot["starts"] for slot in slots), max(slot["ends"] for slot in slots)
    return f"{_count(len(slots), 'slot')} from {begins[:5]} to {ends[:5]}"


def _count(number: int, what: str, many: str = "") -> str:
    return f"{number} {what if number == 1 else many or what + 's'}" if number else ""

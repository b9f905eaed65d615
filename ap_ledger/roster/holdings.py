"""What the ledger holds, as far as the rows of a file are compared with it: students, people, buyers, the day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

from ap_ledger.bootstrap import Service
from ap_ledger.events.dated import in_force
from ap_ledger.events.student import Contact
from frameworks.language.lookalikes import alike
from projections.bodies import PlacementBody, SettingBody, StudentBody
from projections.queries.on_day import HeldSlots, group_of, key_worker_of, slots_held_from
from projections.queries.own_words import contacts_of, needs_of


@dataclass(frozen=True, slots=True)
class HeldStudent:
    """A student of the setting, and what holds of them on `day`: today, or the first day of a placement to come.

    `running` is the placement that runs or will run, `left_on` the last day of the latest one where none does. `needs`
    are None for whoever may not read them.
    """

    id: str
    name: str
    given_name: str
    family_name: str
    known_as: str
    date_of_birth: date | None
    upn: str
    day: date
    running: PlacementBody | None = None
    left_on: date | None = None
    group: str = ""
    key_worker: str = ""
    mentors: frozenset[str] = frozenset()
    weekdays: tuple[int, ...] = ()
    needs: tuple[str, ...] | None = None
    sessions: int | None = None
    hours: float | None = None
    contacts: tuple[Contact, ...] = ()
    consents: Mapping[str, bool] = field(default_factory=dict)
    closed: bool = False
    """Whoever brings the file in may not see to this record: it is known again, so that the child does not come in
    twice, and nothing is told of it."""


class HeldPerson(NamedTuple):
    """Somebody of the setting: what they are called, and the roles that they hold here or will hold."""

    id: str
    name: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Holdings:
    """Everything that the rows of a file are compared with, of one setting on one day."""

    setting: SettingBody
    today: date
    students: tuple[HeldStudent, ...] = ()
    people: tuple[HeldPerson, ...] = ()
    staff: Mapping[str, str] = field(default_factory=dict)
    """Who may be named as key worker or mentor, by id."""
    buyers: Mapping[str, str] = field(default_factory=dict)
    """Who buys places here, by id."""

    def slots_from(self, day: date) -> HeldSlots:
        """The slots held on a day, or those that come after it where there are none yet."""
        return slots_held_from(self.setting, day)


def holdings_of(
    service: Service,
    setting: SettingBody,
    today: date,
    may_read_needs: bool,
    may_read_contacts: Callable[[StudentBody], bool],
    may_see_to: Callable[[StudentBody], bool] = lambda body: True,
) -> Holdings:
    """What is held of a setting now, by its read models."""
    reader, setting_id = service.reader, UUID(setting["id"])
    people: list[HeldPerson] = []
    staff: dict[str, str] = {}
    for person in reader.whole("people"):
        roles = service.ledger.access_facts.roles_to_come(UUID(person["id"]))
        here = frozenset(role.role for role in roles if role.setting_id == setting_id)
        if person["setting_id"] == setting["id"] or here:
            people.append(HeldPerson(person["id"], person["name"], here))
        state = service.ledger.states.person(UUID(person["id"]))
        if state is not None and state.staff_from(setting_id, today):
            staff[person["id"]] = person["name"]
    placements: dict[str, list[PlacementBody]] = {}
    for placement in reader.whole("placements", setting):
        placements.setdefault(placement["student_id"], []).append(placement)
    bodies = reader.everyone(setting)
    needs = needs_of(reader, bodies, today) if may_read_needs else None
    contacts = contacts_of(reader, [body for body in bodies if may_read_contacts(body)], today)
    students = [
        replace(
            _held(
                body,
                placements.get(body["id"], ()),
                setting,
                today,
                None if needs is None else needs.get(body["id"], ()),
            ),
            contacts=contacts.get(body["id"], ()),
            consents=_agreed(body, today),
            closed=not may_see_to(body),
        )
        for body in bodies
        if "core" not in body["shredded"]
    ]
    buyers = {buyer["commissioner_id"]: buyer["name"] for buyer in setting.get("commissioners", ())}
    return Holdings(setting, today, tuple(students), tuple(people), staff, buyers)


def _held(
    body: StudentBody,
    placements: Iterable[PlacementBody],
    setting: SettingBody,
    today: date,
    needs: tuple[str, ...] | None,
) -> HeldStudent:
    own = sorted(placements, key=lambda placement: placement["start"])
    running = next((placement for placement in own if (placement["end"] or "9999") >= today.isoformat()), None)
    day = max(today, date.fromisoformat(running["start"])) if running else today
    bought = in_force(running["commissioned"], day) if running else None
    # A week begins no earlier than the slots do, so the one that waits for them is the one to compare with.
    week = in_force(body.get("expected", ()), slots_held_from(setting, day).first)
    mentors = {
        fact["person_id"]
        for fact in body.get("mentors", ())
        if fact["from_date"] <= day.isoformat() <= fact.get("until", "9999")
    }
    return HeldStudent(
        id=body["id"],
        name=body["name"],
        given_name=body["given_name"] or "",
        family_name=body["family_name"] or "",
        known_as=body["known_as"] or "",
        date_of_birth=_day(body["date_of_birth"]),
        upn=body["upn"] or "",
        day=day,
        running=running,
        left_on=_day(own[-1]["end"]) if own and running is None else None,
        group=group_of(body, day) or "",
        key_worker=key_worker_of(body, day) or "",
        mentors=frozenset(mentors),
        weekdays=tuple(sorted(each["weekday"] for each in week["days"])) if week else (),
        needs=needs,
        sessions=bought["sessions_a_week"] if bought else None,
        hours=bought["hours_a_week"] if bought else None,
    )


def _agreed(body: StudentBody, day: date) -> dict[str, bool]:
    """What is agreed to on a day, and what is refused."""
    facts = body.get("consents", ())
    series = {name: [fact for fact in facts if fact["consent"] == name] for name in {fact["consent"] for fact in facts}}
    return {name: fact["agreed"] for name, some in series.items() if (fact := in_force(some, day))}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def named(wanted: str, names: Mapping[str, str]) -> list[str]:
    """The ids of those who are called so: by the whole name, or else by its first word alone."""
    sought = alike(wanted)
    whole = [key for key, name in names.items() if alike(name) == sought]
    return whole or [key for key, name in names.items() if alike(name.split(" ")[0]) == sought]

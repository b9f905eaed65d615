"""The first minutes of a ledger: a setting with the definitions that ship, and its first administrator."""

from __future__ import annotations

from uuid import UUID

from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.person import AddPerson, GrantRole
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.events.framework import FrameworkPublished
from ap_ledger.events.ids import new_id
from ap_ledger.events.setting import SettingOpened
from ap_ledger.events.student import KeyMade
from ap_ledger.recording.ledger import Ledger
from ap_ledger.stores.accounts.accounts import Accounts
from frameworks import shipped_definitions

NOBODY_YET = UUID(int=0)
"""Whom the first link is for: there is nobody yet, and one such link at a time."""
BEGINNING = 500
"""A ledger with more events than this is in use, and not still being made."""
FIRST_TOPICS = {SettingOpened.TOPIC, KeyMade.TOPIC, FrameworkPublished.TOPIC}


def open_setting(ledger: Ledger, name: str, time_zone: str = "Europe/London") -> UUID:
    """Opens a setting and publishes what ships. Returns its id."""
    setting_id = new_id()
    ledger.execute(OpenSetting(id=new_id(), setting_id=setting_id, name=name[:120], time_zone=time_zone))
    _publish_shipped(ledger, setting_id)
    return setting_id


def _publish_shipped(ledger: Ledger, setting_id: UUID) -> int:
    missing = [
        authored
        for authored in shipped_definitions()
        if ledger.published.definition(f"{authored['id']}@{authored['version']}") is None
    ]
    for authored in missing:
        ledger.execute(PublishFramework(id=new_id(), setting_id=setting_id, definition=dict(authored)))
    return len(missing)


def finish_setting(ledger: Ledger, name: str, time_zone: str = "Europe/London") -> UUID | None:
    """Opens the first setting of a ledger, or finishes what was stopped while it was opened.

    None where there was nothing to do.

    A ledger in which anybody has done anything since is left as it is, also where it does not hold all that ships.
    """
    if ledger.recorder.read_head().position > BEGINNING:
        return None
    rows = ledger.recorder.tail(0, BEGINNING)
    opened = [UUID(bytes=row.originator_id) for row in rows if row.topic == SettingOpened.TOPIC]
    if not opened:
        return open_setting(ledger, name, time_zone)
    if any(row.topic not in FIRST_TOPICS for row in rows):
        return None
    return opened[0] if _publish_shipped(ledger, opened[0]) else None


def start_with(ledger: Ledger, person: UUID, name: str, setting_name: str) -> None:
    """Makes somebody the first administrator of every setting there is, or of a new one."""
    settings = ledger.settings_opened() or [open_setting(ledger, setting_name)]
    ledger.execute(AddPerson(id=new_id(), setting_id=settings[0], person_id=person, name=name[:120]))
    for setting in settings:
        make_first_administrator(ledger, setting, person, new_id())


def make_first_administrator(ledger: Ledger, setting_id: UUID, person: UUID, cause: UUID) -> None:
    """Gives somebody the accounts of a setting that has nobody for them yet.

    Doing it twice for one cause is harmless.
    """
    known = ledger.states.person(person)
    if known is not None and any(role.setting_id == setting_id for role in known.roles):
        return
    today = ledger.access_facts.today(setting_id)
    ledger.execute(
        GrantRole(
            id=new_id(),
            setting_id=setting_id,
            person_id=person,
            grant_id=cause,
            role="administrator",
            from_date=today,
        )
    )


def first_link(accounts: Accounts) -> str | None:
    """The secret of a fresh link for the first administrator, or None where somebody can sign in already.

    Earlier ones end.
    """
    if accounts.any():
        return None
    return accounts.make_link("first", NOBODY_YET, about={"person": str(new_id())})

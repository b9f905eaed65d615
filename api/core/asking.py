"""Who is asking: found from a bearer token, a device's credential or a session's cookie, before anything else of a
request is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from ap_ledger.access import About, Who, days_open, may_somewhere, settings_where, words_action
from ap_ledger.access.rules import may_settle
from ap_ledger.bootstrap import Service
from ap_ledger.commands.allowing import may_give
from ap_ledger.domain.base import Command
from ap_ledger.events.days import Days
from ap_ledger.recording.judging import Sender
from ap_ledger.recording.ledger import Ledger
from ap_ledger.recording.unsettled import unsettled
from ap_ledger.stores.accounts.devices_and_presence import DeviceRow
from ap_ledger.stores.accounts.sessions import SignedIn
from ap_ledger.stores.held.rows import Held
from api.core.languages import LANGUAGE_COOKIE
from api.core.navigation import MENU, Bar, Link
from projections.bodies import StudentBody

SESSION_COOKIE = "__Host-ap-ledger"
DEVICE_COOKIE = "__Host-ap-ledger-device"
BROWSER_COOKIE = "__Host-ap-ledger-browser"
"""Says that somebody signed in with this browser before, and nothing else: it opens nothing."""
LONGEST_SECONDS = 400 * 24 * 3600
"""The longest that browsers keep a cookie."""
CLEAR = '"cache", "cookies", "storage"'

NOBODY = Who(None)


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody at the door, with what they may do."""

    service: Service
    who: Who = NOBODY
    session: SignedIn | None = None
    secret: str = ""
    device: DeviceRow | None = None
    by_cookie: bool = False
    password_only: bool = False
    """Whether this is a person who can sign in with a password and no second factor."""
    shut_out: bool = False
    """Whether this is a device that was shut out. It may deliver what it holds, and is nobody for everything else."""
    wiped: bool = False
    """Whether it may not even deliver any more, and is told to wipe itself."""
    navigation: tuple[Link, ...] = ()
    """Every page of the service that others lead to."""
    _answers: dict[tuple[str, UUID | None, UUID | None, bool], Days] = field(default_factory=dict, repr=False)
    _students: dict[UUID, About] = field(default_factory=dict, repr=False)

    @property
    def ledger(self) -> Ledger:
        """The ledger at whose door they are."""
        return self.service.ledger

    @property
    def known(self) -> bool:
        """Whether this is anybody at all."""
        return self.who is not NOBODY

    @property
    def person(self) -> UUID:
        """The person's id. Only asked behind the gate, where there is one."""
        assert self.who.person_id is not None
        return self.who.person_id

    def may(self, action: str, student: UUID | str | None = None, setting: UUID | str | None = None) -> bool:
        """Whether they may do this to a student, to a setting, or (with neither) to anything."""
        if student is None and setting is None:
            return may_somewhere(self.who, action)
        return bool(self._answer(action, self.about(student, setting)))

    def may_give(self, command: Command) -> bool:
        """Whether they may give a command, or propose it where it takes two people."""
        return may_give(self.who, command, self.ledger.states, self.ledger.access_facts)

    def may_settle(self, held: Held) -> bool:
        """Whether they may see something refused or held, and settle it."""
        return may_settle(self.who, unsettled(held, self.ledger.states))

    def links(self, bar: Bar, student: StudentBody | None = None) -> list[Link]:
        """The pages of a bar that they may open, in its order; those of one student in that student's bar."""
        return [link for link in self.navigation if link.nav.bar == bar and self._leads(link, student)]

    def menu(self) -> list[tuple[str, list[Link]]]:
        """The pages behind More that they may open, under the heading of each group that has any."""
        links = self.links("more")
        groups = [(words, [link for link in links if link.nav.group == group]) for group, words in MENU.items()]
        return [(words, some) for words, some in groups if some]

    def _leads(self, link: Link, student: StudentBody | None) -> bool:
        if link.nav.on_device and self.device is None:
            return False
        about = (student["id"], student["setting_id"]) if student is not None else ()
        return not link.actions or any(self.may(action, *about) for action in link.actions)

    def days(self, action: str, student: UUID | str, setting: UUID | str | None = None) -> Days:
        """The days of a student's record on which they may do this. Whatever they are shown of it is cut to these."""
        return self._answer(action, self.about(student, setting))

    def _answer(self, action: str, about: About) -> Days:
        """What the table says. It is asked once in a request, however often a page and its parts ask again."""
        asked = (action, about.setting_id, about.student_id, about.recent)
        if asked not in self._answers:
            self._answers[asked] = days_open(self.who, action, about)
        return self._answers[asked]

    def about(self, student: UUID | str | None = None, setting: UUID | str | None = None) -> About:
        """A student, or a setting, as something to ask about.

        Where the setting is known, nothing is looked up until a rule needs it.
        """
        where = None if setting is None else UUID(str(setting))
        if student is None:
            return About(where)
        wanted = UUID(str(student))
        known = self._students.get(wanted)
        if known is None and where is None:
            known = self._students[wanted] = self.ledger.access_facts.student(wanted)
        return known or About(where, wanted, lambda: self.about(wanted).relations())

    def where(self, action: str) -> frozenset[UUID]:
        """The settings in which they may do this to anything."""
        return settings_where(self.who, action)

    def knows_setting(self, setting: str | UUID) -> bool:
        """Whether there is a setting with this id.

        The ledger says so, because what is projected from it may be behind.
        """
        try:
            return self.ledger.states.setting(UUID(str(setting))) is not None
        except ValueError:
            return False

    def days_among(self, students: Iterable[StudentBody], action: str) -> dict[str, Days]:
        """Those students to whom they may do this, by id, each with the days on which they may."""
        pairs = ((student["id"], self.days(action, student["id"], student["setting_id"])) for student in students)
        return {student: days for student, days in pairs if days}

    def among(self, students: Iterable[StudentBody], action: str) -> list[StudentBody]:
        """Those students to whom they may do this."""
        return [student for student in students if self.may(action, student["id"], student["setting_id"])]

    def opens(self, about: About, retention_class: str, written_at: datetime) -> bool:
        """Whether they may read words of a retention class that were written then."""
        return bool(self._answer(words_action(retention_class), self.ledger.access_facts.entry(about, written_at)))

    @property
    def sender(self) -> Sender:
        """Who sends what they post: the device they are on, or else themselves."""
        if self.device is not None and self.by_cookie:
            return Sender(self.ledger.access_facts.device(self.device.device_id), self.device.revoked)
        return Sender(self.who, self.device is not None and self.device.revoked)

    @property
    def writer(self) -> Sender:
        """They themselves, for what a page records in their name."""
        return Sender(self.who)


def find_asker(request: Request, service: Service, by_device: bool = False, by_itself: bool = False) -> Asker:
    """Who is asking.

    A credential that is not known is as good as none. `by_device` looks no further than an enrolled device. What a page
    asks `by_itself` keeps no session alive.
    """
    accounts, facts = service.accounts, service.ledger.access_facts
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind:
        return _by_bearer(service, secret.strip(), by_device) if kind.casefold() == "bearer" else Asker(service)
    device = accounts.device(request.cookies[DEVICE_COOKIE]) if DEVICE_COOKIE in request.cookies else None
    if device is not None and device.revoked:
        return _shut_out(service, device, by_device, by_cookie=True)
    secret = "" if by_device and device is not None else request.cookies.get(SESSION_COOKIE, "")
    session = accounts.session(secret, not by_itself) if secret else None
    if session is not None:
        via: Any = "pin" if session.kind == "pin" else "session"
        who = facts.who(session.person_id, via)
        return Asker(service, who, session, secret, device, by_cookie=True, password_only=session.password_only)
    if device is not None:
        return Asker(service, facts.device(device.device_id), None, "", device, by_cookie=True)
    return Asker(service)


def _by_bearer(service: Service, secret: str, by_device: bool) -> Asker:
    token = service.accounts.token(secret)
    if token is not None:
        who = service.ledger.access_facts.who(token.person_id, "token", scopes=token.scopes)
        return Asker(service, who, password_only=token.password_only)
    device = service.accounts.device(secret)
    if device is None:
        return Asker(service)
    if device.revoked:
        return _shut_out(service, device, by_device)
    return Asker(service, service.ledger.access_facts.device(device.device_id), device=device)


def _shut_out(service: Service, device: DeviceRow, by_device: bool, by_cookie: bool = False) -> Asker:
    """A device that was shut out: itself where it delivers, once, and nobody wherever anything could be read."""
    if by_device and device.delivers:
        return Asker(service, service.ledger.access_facts.device(device.device_id), device=device, by_cookie=by_cookie)
    return Asker(service, shut_out=True, wiped=device.over)


def asker(request: Request) -> Asker:
    """Who is behind a request that the gate let in."""
    asking: Asker = request.state.asking
    return asking


Asking = Annotated[Asker, Depends(asker)]


def keep_session(response: Response, secret: str) -> Response:
    """Gives a browser its session.

    The name's prefix makes browsers refuse it from anywhere but this very host, over https or loopback.
    """
    response.set_cookie(SESSION_COOKIE, secret, path="/", secure=True, httponly=True, samesite="lax")
    return response


def keep_device(response: Response, secret: str) -> Response:
    """Gives a browser the credential of its device."""
    return _keep_long(response, DEVICE_COOKIE, secret)


def keep_browser(response: Response, secret: str) -> Response:
    """Lets a browser be known again when somebody signs in with it."""
    return _keep_long(response, BROWSER_COOKIE, secret)


def keep_language(response: Response, code: str) -> Response:
    """Lets pages be in the language that was chosen with this browser. It says nothing about anybody."""
    return _keep_long(response, LANGUAGE_COOKIE, code)


def _keep_long(response: Response, name: str, secret: str) -> Response:
    response.set_cookie(name, secret, max_age=LONGEST_SECONDS, path="/", secure=True, httponly=True, samesite="lax")
    return response


def drop_session(response: Response) -> Response:
    """Takes a session's cookie away."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response

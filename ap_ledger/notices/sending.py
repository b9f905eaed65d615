"""Sends what people have not read through the channels that they chose. Only the job does: nobody who logs waits."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from ap_ledger.access import settings_where
from ap_ledger.bootstrap import Service
from ap_ledger.domain.quiet import quiet
from ap_ledger.notices.mail import Answer, MailFault, line_to
from ap_ledger.notices.push import push
from ap_ledger.notices.table import NOTICE_BY_NAME
from ap_ledger.stores.notices.channels import MailServer
from ap_ledger.stores.notices.notices import NoticeStore
from ap_ledger.stores.notices.outgoing import Delivery

AT_ONCE = 100
"""So many people are written to in one run for each setting; the others a minute later."""
SECONDS_A_RUN = 60
"""After so long a run ends, however slow a server is: what is left goes out with the next."""
log = structlog.get_logger()


class Letter(NamedTuple):
    """One message: to which address, and of how much it tells."""

    address: str
    some: list[Delivery]


def send_waiting(service: Service) -> int:
    """Sends what waits, one message or push to each person however much there is. Returns how many people were told.

    In a setting's quiet hours only what is urgent goes out; the rest waits.
    """
    now = service.ledger.now()
    mails = _by_setting(_due(service, "mail", now))
    pushes = _by_person(_due(service, "push", now))
    sent = sum(_push(service, person, some, now) for person, some in list(pushes.items())[:AT_ONCE])
    return sent + sum(_send_mail(service, setting, each, now) for setting, each in mails.items())


def _due(service: Service, channel: str, now: datetime) -> list[Delivery]:
    return [each for each in service.notices.waiting(channel, now) if not _waits(service, each, now)]


def _waits(service: Service, delivery: Delivery, now: datetime) -> bool:
    setting = service.ledger.states.setting(delivery.setting_id)
    return setting is not None and not _is_urgent(delivery) and quiet(setting, now)


def _is_urgent(delivery: Delivery) -> bool:
    notice = NOTICE_BY_NAME.get(delivery.name)
    return notice is not None and notice.urgent


def _by_setting(due: Iterable[Delivery]) -> dict[UUID, dict[UUID, list[Delivery]]]:
    """What is due, by setting and then by person."""
    sorted_out: dict[UUID, dict[UUID, list[Delivery]]] = {}
    for each in due:
        sorted_out.setdefault(each.setting_id, {}).setdefault(each.person, []).append(each)
    return sorted_out


def _by_person(due: Iterable[Delivery]) -> dict[UUID, list[Delivery]]:
    sorted_out: dict[UUID, list[Delivery]] = {}
    for each in due:
        sorted_out.setdefault(each.person, []).append(each)
    return sorted_out


def _is_wanted(service: Service, delivery: Delivery) -> bool:
    """Whether somebody may still know: a role that ended is told of nothing more."""
    notice = NOTICE_BY_NAME.get(delivery.name)
    who = service.ledger.access_facts.who(delivery.person)
    return notice is not None and delivery.setting_id in settings_where(who, notice.shown_to)


def _push(service: Service, person: UUID, some: Sequence[Delivery], now: datetime) -> int:
    """Tells every browser of somebody that there is something new, however much there is."""
    store, own = service.notices, service.ledger.keyring.own()
    browsers = store.subscriptions(person) if store.choice(person).push else []
    wanted = [each for each in some if browsers and _is_wanted(service, each)]
    store.dropped([each for each in some if each not in wanted])
    taken = store.take(wanted)
    if not taken:
        return 0
    urgent, answers = any(_is_urgent(each) for each in taken), list[str]()
    for browser in browsers:
        answer = push(own, browser, now, urgent)
        answers.append(answer)
        if answer == "gone":
            store.unsubscribe(browser.endpoint)
    if {"sent", "unsure"} & set(answers):
        store.sent(taken)
    elif "later" in answers:
        store.failed(taken, now)
    else:
        store.dropped(taken)
    return int("sent" in answers)


def _send_mail(service: Service, setting: UUID, by_person: Mapping[UUID, list[Delivery]], now: datetime) -> int:
    store, mail = service.notices, service.notices.mail_of(setting)
    letters: list[Letter] = []
    for person, some in list(by_person.items())[:AT_ONCE]:
        choice = store.choice(person)
        on = mail.is_on and choice.mail and choice.address
        wanted = [each for each in some if on and _is_wanted(service, each)]
        store.dropped([each for each in some if each not in wanted])
        if wanted:
            letters.append(Letter(choice.address, wanted))
    return _write(service, setting, mail.server, letters, now) if letters and mail.server is not None else 0


def _write(service: Service, setting: UUID, server: MailServer, letters: Sequence[Letter], now: datetime) -> int:
    """Writes to some people over one line, for as long as a run may take."""
    store, until, sent = service.notices, time.monotonic() + SECONDS_A_RUN, 0
    taken: list[Delivery] = []
    left = deque(letters)
    try:
        with line_to(server) as line:
            while left and time.monotonic() < until:
                letter = left.popleft()
                taken = store.take(letter.some)
                # What nobody is left of is what another process sends.
                sent += _told(store, taken, line.send(letter.address), now) if taken else 0
                taken = []
    except MailFault as fault:
        log.error("mail not sent", fault=fault.fault)
        store.mail_failed(setting, fault.fault, now)
        store.failed([*taken, *(each for letter in left for each in store.take(letter.some))], now)
    else:
        store.mail_works(setting)
    return sent


def _told(store: NoticeStore, taken: Sequence[Delivery], answer: Answer, now: datetime) -> int:
    """Keeps what became of one message, and returns how many were sent."""
    if answer == "later":
        store.failed(taken, now)
    elif answer == "refused":
        store.dropped(taken)
    else:
        store.sent(taken)
    return int(answer == "sent")

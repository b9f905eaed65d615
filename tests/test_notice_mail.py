"""What is new is sent by mail: at most once, with nothing in it about anybody, and never in anybody's way."""

from __future__ import annotations

import email
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import time, timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from ap_ledger.domain.quiet import SetQuietHours
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.events.setting import QuietHours
from ap_ledger.notices.mail import HOST
from ap_ledger.notices.raising import raise_new
from ap_ledger.notices.sending import send_waiting
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.notices.channels import Choice, MailServer
from tests.certificates import server_context
from tests.house import FRIDAY, MONDAY, House

LEAD, LEADER = "lead@school.example", "leader@school.example"
PAGES = "https://ledger.school.example"


class Box:
    """Where mail arrives. `answer` is what the server says to each message."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.messages.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=default)))
        return self.answer


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def server(box: Box) -> Iterator[MailServer]:
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield MailServer("127.0.0.1", controller.port, "none", "", "", "ledger@school.example", PAGES)
    controller.stop()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def house(make_house: Callable[..., House], database: str, server: MailServer) -> House:
    made = make_house(database)
    made.lead = made.person("Rowan", "dsl")
    made.store = made.service.notices
    made.store.set_mail(made.setting, server, True)
    made.store.choose(made.lead, Choice(mail=True, address=LEAD))
    look(made)
    return made


def look(house: House) -> None:
    house.runner.catch_up()
    raise_new(house.service)


def worry(house: House) -> None:
    house.record(house.entry("worry-raised", MONDAY, text="They said that home is not safe."))
    look(house)


def fails(house: House, minutes: int = 0) -> None:
    at = house.clock.now + timedelta(minutes=minutes)
    house.jobs.claim("sweep", at, at)
    house.jobs.finish("sweep", at, at, error="ValueError")
    look(house)


def test_mail_says_that_there_is_something_new_and_nothing_else(house: House, box: Box) -> None:
    worry(house)
    worry(house)
    assert send_waiting(house.service) == 1, "one message, however much there is"
    ((to, message),) = box.messages
    assert to == [LEAD] and message["subject"] == "There is something new for you in AP Ledger" and message["from"] == "ledger@school.example"
    assert message.get_content().splitlines() == ["There is something new for you in AP Ledger.", "", f"Sign in to see it: {PAGES}"]
    whole = message.as_string().casefold()
    for word in (
        "rowan",
        "ash",
        "heron",
        "worry",
        "riverbank",
        "safe",
        str(house.lead),
        str(house.student),
        str(house.setting),
        socket.gethostname().casefold(),
    ):
        assert word not in whole
    assert send_waiting(house.service) == 0 and len(box.messages) == 1


def test_nobody_is_written_to_who_did_not_ask_or_whose_setting_sends_no_mail(house: House, box: Box, server: MailServer) -> None:
    fails(house)
    house.store.set_mail(house.setting, server, False)
    worry(house)
    assert send_waiting(house.service) == 0
    house.store.set_mail(house.setting, server, True)
    assert send_waiting(house.service) == 0 and not box.messages, "what was new while mail was off is not sent late"


def test_what_was_read_and_what_somebody_may_not_know_any_more_is_not_sent(house: House, box: Box) -> None:
    worry(house)
    house.store.read_all(house.lead, 2**62, house.clock.now)
    assert send_waiting(house.service) == 0
    house.store.choose(house.leader, Choice(mail=True, address=LEADER))
    fails(house)
    house.store.choose(house.leader, Choice(mail=False, address=LEADER))
    assert send_waiting(house.service) == 0 and not box.messages


def test_in_quiet_hours_only_a_worry_goes_out_and_the_rest_waits(house: House, box: Box) -> None:
    hours = QuietHours(starts=time(18), ends=time(7, 30), weekdays=(1, 2, 3, 4, 5, 6, 7), whole_days=())
    house.ledger.execute(SetQuietHours(id=new_id(), setting_id=house.setting, hours=hours))
    house.store.choose(house.leader, Choice(mail=True, address=LEADER))
    house.clock.now = FRIDAY.replace(hour=22)
    fails(house)
    worry(house)
    assert send_waiting(house.service) == 1 and [to for to, _ in box.messages] == [[LEAD]]
    house.clock.now = FRIDAY.replace(hour=8) + timedelta(days=1)
    assert send_waiting(house.service) == 1 and [to for to, _ in box.messages] == [[LEAD], [LEADER]]


def test_a_server_that_fails_is_said_on_the_first_page_tried_again_and_given_up_after_a_day(house: House, box: Box, server: MailServer) -> None:
    house.store.set_mail(house.setting, server._replace(port=free_port()), True)
    worry(house)
    assert send_waiting(house.service) == 0
    admin = house.person("Sorrel", "administrator")
    house.runner.catch_up()
    with house.browser(house.leader) as leader:
        assert "has taken no mail since" in leader.get("/").text
        page = leader.get("/setting/mail").text
        assert "The server does not answer" in page and "No mail has gone out since" in page
        assert "has taken no mail since" in house.browser(admin, leader.app).get("/").text
        assert "has taken no mail since" not in house.browser(house.lead, leader.app).get("/").text
    # Tried after 1, 2, 4 ... minutes, and not before.
    assert house.store.waiting("mail", FRIDAY + timedelta(seconds=59)) == []
    tried = 0
    for minute in range(1, 27 * 60):
        house.clock.now = FRIDAY + timedelta(minutes=minute)
        if house.store.waiting("mail", house.clock.now):
            send_waiting(house.service)
            tried += 1
    assert 25 < tried < 35
    house.store.set_mail(house.setting, server, True)
    assert send_waiting(house.service) == 0 and not box.messages, "it was given up; the bell has it"


def test_a_server_that_comes_back_is_sent_what_waited_and_the_first_page_is_quiet_again(house: House, box: Box) -> None:
    worry(house)
    box.answer = "451 Not now"
    assert send_waiting(house.service) == 0 and not box.messages
    box.answer = "250 OK"
    house.clock.now = FRIDAY + timedelta(minutes=2)
    house.store.mail_failed(house.setting, "unreachable", FRIDAY)
    assert send_waiting(house.service) == 1 and house.store.failing_mail() == {}


def test_an_address_that_is_refused_keeps_nobody_else_from_being_written_to(house: House, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == LEAD:
            return "550 No such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    monkeypatch.setattr(box, "handle_RCPT", refuse, raising=False)
    other = house.person("Alder", "deputy-dsl")
    house.store.choose(other, Choice(mail=True, address="alder@school.example"))
    worry(house)
    assert send_waiting(house.service) == 1 and [to for to, _ in box.messages] == [["alder@school.example"]]
    assert house.store.waiting("mail", FRIDAY + timedelta(days=2)) == []


@pytest.mark.parametrize("name", ["smtp..example.org", ".example.org", f"{'a' * 64}.example.org"])
def test_a_server_at_a_name_that_cannot_be_looked_up_keeps_no_other_setting_from_sending(house: House, box: Box, server: MailServer, name: str) -> None:
    assert HOST.fullmatch(name) is None and HOST.fullmatch("smtp.example.org") and HOST.fullmatch("10.0.0.1") and HOST.fullmatch("fd00::1")
    there = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=there, name="Hillside"))
    house.store.set_mail(there, server._replace(host=name), True)
    theirs = house.person("Fern", "administrator", setting=there)
    house.store.choose(theirs, Choice(mail=True, address="fern@hillside.example"))
    fails(house)
    worry(house)
    assert send_waiting(house.service) == 1 and [to for to, _ in box.messages] == [[LEAD]]
    assert house.store.mail_of(there).fault == "unreachable" and house.store.mail_of(house.setting).fault is None


def test_two_processes_that_send_at_once_send_it_once(house: House, box: Box) -> None:
    worry(house)
    waiting = house.store.waiting("mail", house.clock.now)
    assert len(house.store.take(waiting)) == 1 and house.store.take(waiting) == []
    assert send_waiting(house.service) == 0 and not box.messages, "whoever took it and died sends it no more, nor does anybody else"


def test_recording_never_waits_for_mail(house: House, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from ap_ledger.notices import mail

    def hang(*_: Any, **__: Any) -> Any:
        raise AssertionError("a send talked to the mail server")

    monkeypatch.setattr(mail.smtplib, "SMTP", hang)
    worry(house)
    with house.browser(house.lead) as lead:
        assert lead.get("/notices").status_code == 200


def test_the_leader_puts_the_server_down_tries_it_and_turns_it_on(make_house: Callable[..., House], database: str, box: Box, server: MailServer) -> None:
    house = make_house(database)
    house.runner.catch_up()
    form = {"setting": str(house.setting), "do": "save", "host": server.host, "port": str(server.port), "security": "none", "sender": server.sender}
    with house.browser() as leader:
        assert "off until somebody" in leader.get("/setting/mail").text
        assert "Put the mail server down" in leader.post("/setting/mail", data={"setting": str(house.setting), "do": "test", "to": LEADER}).text
        saved = leader.post("/setting/mail", data=form).text
        assert "is put down" in saved and not house.service.notices.mail_of(house.setting).is_on
        told = leader.post("/setting/mail", data={"setting": str(house.setting), "do": "test", "to": LEADER}).text
        assert "The test message was sent" in told and box.messages[0][0] == [LEADER] and box.messages[0][1]["subject"] == "A test from AP Ledger"
        leader.post("/setting/mail", data={**form, "is_on": "1"})
        mail = house.service.notices.mail_of(house.setting)
        assert mail.is_on and mail.server is not None and mail.server.pages == "http://127.0.0.1:8000"
        for wrong in ({"host": "no host"}, {"port": "0"}, {"sender": "nobody"}, {"user": "me", "password": "x"}, {"sender": "a@b.example\r\nBcc: c@d.example"}):
            assert leader.post("/setting/mail", data={**form, **wrong}).status_code == 422, wrong
        box.answer = "554 Never"
        assert leader.post("/setting/mail", data={"setting": str(house.setting), "do": "test", "to": LEADER}).status_code == 422
        staff = house.browser(house.teacher, leader.app)
        assert staff.get("/setting/mail").status_code == staff.post("/setting/mail", data=form).status_code == 403


def test_somebody_says_how_they_are_told_and_a_pin_does_not(make_house: Callable[..., House], database: str) -> None:
    house = make_house(database)
    house.runner.catch_up()
    store = house.service.notices
    with house.browser(house.mentor) as mentor:
        assert mentor.post("/notices/choices", data={"mail": "1", "address": ""}).status_code == 422
        assert mentor.post("/notices/choices", data={"mail": "1", "address": "not an address"}).status_code == 422
        page = mentor.post("/notices/choices", data={"mail": "1", "address": "hazel@school.example"}).text
        assert "how you are told from now on" in page and 'value="hazel@school.example"' in page and "sends no mail yet" in page
        assert store.choice(house.mentor) == Choice(True, False, "hazel@school.example")
        by_pin = house.browser(house.mentor, mentor.app, kind="pin")
        assert "hazel@" not in by_pin.get("/notices/choices").text
        assert by_pin.post("/notices/choices", data={"mail": "1", "address": "other@school.example"}).status_code == 403
        mentor.post("/notices/choices", data={"address": ""})
        assert store.choice(house.mentor) == Choice()


def test_addresses_and_passwords_are_sealed_and_go_with_whoever_left(make_house: Callable[..., House], server: MailServer) -> None:
    house = make_house("sqlite")
    store = house.service.notices
    store.choose(house.mentor, Choice(mail=True, address="hazel@school.example"))
    store.set_mail(house.setting, server._replace(security="tls", user="ledger", password="a secret of ours"), True)
    with closing(sqlite3.connect(house.settings.data / "notices.sqlite")) as kept:
        rows = repr([*kept.execute("SELECT * FROM choices"), *kept.execute("SELECT * FROM mail")])
        assert "hazel" not in rows and "secret of ours" not in rows and "127.0.0.1" not in rows
        # A value that was put beside another row opens there for nobody.
        kept.execute("UPDATE mail SET sealed = (SELECT address FROM choices)")
        kept.commit()
    assert store.mail_of(house.setting).server is None
    assert store.keep_only([house.mentor]) == 0 and store.keep_only([house.leader]) == 1 and store.choice(house.mentor) == Choice()


# A line that is sealed ------------------------------------------------------------------------------------------------


def test_a_password_goes_over_a_sealed_line_that_can_be_trusted_and_over_no_other(
    house: House, box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    def check(server: Any, session: Any, envelope: Any, mechanism: str, given: LoginPassword) -> AuthResult:
        heard.append(given.password.decode())
        return AuthResult(success=given.password == b"right", handled=False)

    controller = Controller(
        box, hostname="127.0.0.1", port=free_port(), tls_context=server_context(tmp_path), require_starttls=True, authenticator=check, auth_required=True
    )
    controller.start()
    try:
        here = MailServer("127.0.0.1", controller.port, "starttls", "ledger", "right", "ledger@school.example", PAGES)
        house.store.set_mail(house.setting, here, True)
        worry(house)
        assert send_waiting(house.service) == 0 and heard == [] and house.store.mail_of(house.setting).fault == "unsealed"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        house.clock.now += timedelta(minutes=2)
        house.store.set_mail(house.setting, here._replace(password="wrong"), True)
        assert send_waiting(house.service) == 0 and house.store.mail_of(house.setting).fault == "sign-in"
        house.clock.now += timedelta(minutes=5)
        house.store.set_mail(house.setting, here, True)
        assert send_waiting(house.service) == 1 and heard[-1] == "right" and box.messages[0][0] == [LEAD]
    finally:
        controller.stop()

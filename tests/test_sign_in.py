"""Getting in, staying in and being put out: passwords, second factors, sessions, links, tokens, tablets and PINs."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from fastapi.testclient import TestClient
from sqlalchemy import select

from ap_ledger.commands.starting import first_link
from ap_ledger.errors import NotAllowedNow, Refused, SignInRefused
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.accounts.accounts import PER_ACCOUNT, PIN_TRIES
from ap_ledger.stores.accounts.store import ACCOUNTS
from api.core.asking import DEVICE_COOKIE, SESSION_COOKIE
from tests.house import FRIDAY, MONDAY, House

PASSWORD = "kettle lamp harbour"


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    house.accounts.set_password(house.leader, "head@riverbank.example", PASSWORD)
    house.runner.catch_up()
    with house.stranger() as made:
        yield made


def sign_in(client: TestClient, name: str = "head@riverbank.example", password: str = PASSWORD, code: str = "", following: str = "/") -> Any:
    return client.post("/sign-in", data={"name": name, "password": password, "code": code, "next": following}, follow_redirects=False)


def code_of(house: House, secret: str) -> str:
    import base64

    made: bytes = TOTP(base64.b32decode(secret), 6, SHA1(), 30, enforce_key_length=False).generate(int(house.clock.now.timestamp()))
    return made.decode()


def cookie_of(answer: Any) -> str:
    found = re.search(rf"{SESSION_COOKIE}=([^;]+)", answer.headers["set-cookie"])
    assert found is not None
    return found[1]


def keep(client: TestClient, answer: Any) -> None:
    """What a browser does with a cookie; this client sends none that is Secure over plain http by itself."""
    client.cookies.set(SESSION_COOKIE, cookie_of(answer))


def test_the_right_words_open_a_session_and_its_cookie_is_locked_to_this_host(client: TestClient) -> None:
    answer = sign_in(client, " Head@Riverbank.example ", following="/frameworks")
    assert answer.status_code == 303 and answer.headers["location"] == "/frameworks"
    cookie = answer.headers["set-cookie"]
    assert (
        cookie.startswith("__Host-")
        and {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
        and "Domain" not in cookie
    )
    keep(client, answer)
    assert client.get("/frameworks", follow_redirects=False).status_code == 200


def test_what_is_wrong_is_never_told_and_nothing_of_it_comes_back(client: TestClient) -> None:
    answers = [sign_in(client, password="wrong words here"), sign_in(client, "nobody@riverbank.example"), sign_in(client, "", "")]
    # The name that was typed stays in its field, whoever it is or is not; nothing else differs.
    names = [re.search(r'id="name"[^>]*value="([^"]*)"', answer.text)[1] for answer in answers]  # type: ignore[index]
    said = {re.sub(r"\s+", " ", re.sub(r'nonce-[^"]+', "", answer.text)).replace(f'value="{name}"', "") for answer, name in zip(answers, names, strict=True)}
    assert names == ["head@riverbank.example", "nobody@riverbank.example", ""]
    assert len(said) == 1 and {answer.status_code for answer in answers} == {403} and "wrong words" not in answers[0].text
    assert not any("set-cookie" in answer.headers for answer in answers)


def test_guessing_is_stopped_for_an_account_and_for_an_address(house: House, client: TestClient) -> None:
    for n in range(PER_ACCOUNT):
        assert sign_in(client, password=f"guess number {n}").status_code == 403
    answer = sign_in(client)
    assert answer.status_code == 429 and "Wait a minute" in answer.text, "even the right password waits"
    house.clock.now += timedelta(seconds=61)
    assert sign_in(client).status_code == 303
    accounts = house.accounts
    for _ in range(100):
        accounts._count_try("address", "1.2.3.4", 100)
    with pytest.raises(NotAllowedNow):
        accounts.sign_in("head@riverbank.example", PASSWORD, "", "1.2.3.4")


def test_guesses_sent_all_at_once_are_all_counted(house: House, client: TestClient) -> None:
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda n: sign_in(client, password=f"guess number {n}").status_code, range(30)))
    assert codes.count(403) <= PER_ACCOUNT and codes.count(429) >= 20


def test_a_password_is_hashed_at_full_cost(real_hashes: None, house: House) -> None:
    house.accounts.set_password(house.teacher, "birch@riverbank.example", "a quiet lane in spring")
    with house.accounts._engine.connect() as connection:
        hashed = connection.execute(select(ACCOUNTS.c.password).where(ACCOUNTS.c.person_id == house.teacher.bytes)).scalar_one()
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_name_that_is_not_here_takes_as_long_as_one_that_is(real_hashes: None, house: House, client: TestClient) -> None:
    accounts, times = house.accounts, {}
    for name in ("head@riverbank.example", "nobody@riverbank.example"):
        taken = []
        for n in range(5):
            began = time.process_time()
            with pytest.raises(SignInRefused):
                accounts.sign_in(name, "wrong words here", "", f"10.0.0.{n}")
            taken.append(time.process_time() - began)
        times[name] = statistics.median(taken)
    known, unknown = times.values()
    # One that skipped the hash would take a hundredth of the work, whatever else the machine is doing meanwhile.
    assert 0.5 < unknown / known < 2.0


def test_a_session_planted_before_signing_in_is_worth_nothing(house: House, client: TestClient) -> None:
    client.cookies.set(SESSION_COOKIE, "planted-by-somebody-else")
    answer = sign_in(client)
    assert cookie_of(answer) != "planted-by-somebody-else"
    assert client.get("/frameworks", follow_redirects=False).status_code == 303
    keep(client, answer)
    second = sign_in(client)
    assert cookie_of(second) != cookie_of(answer) and house.accounts.session(cookie_of(answer)) is None, "the session before it has ended"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\n/x"])
def test_signing_in_never_leads_anywhere_else(client: TestClient, address: str) -> None:
    assert sign_in(client, following=address).headers["location"] == "/?from=sign-in"


def test_a_session_ends_by_sign_out_by_idling_and_by_age(house: House, client: TestClient) -> None:
    keep(client, sign_in(client))
    for _ in range(24):
        house.clock.now += timedelta(minutes=29)
        assert client.get("/frameworks", follow_redirects=False).status_code == 200
    house.clock.now += timedelta(minutes=29)
    assert client.get("/frameworks", follow_redirects=False).status_code == 303, "twelve hours are over"
    keep(client, sign_in(client))
    house.clock.now += timedelta(minutes=31)
    assert client.get("/frameworks", follow_redirects=False).status_code == 303, "half an hour without a request"
    keep(client, answer := sign_in(client))
    out = client.post("/sign-out", follow_redirects=False)
    assert out.headers["clear-site-data"] and house.accounts.session(cookie_of(answer)) is None


def test_a_cookie_alone_changes_nothing_without_saying_which_page_it_comes_from(house: House, client: TestClient) -> None:
    keep(client, sign_in(client))
    bare = {name: value for name, value in client.headers.items() if name != "origin"}
    client.headers.clear()
    client.headers.update(bare)
    assert client.post("/sign-out", follow_redirects=False).status_code == 403
    assert client.post("/sign-out", headers={"sec-fetch-site": "cross-site"}, follow_redirects=False).status_code == 403
    assert client.post("/api/v1/entries", json={"sent_at": FRIDAY.isoformat(), "entries": []}, headers=house.token()).status_code == 200


def test_a_code_is_asked_for_once_it_is_set_up_and_good_once(house: House, client: TestClient) -> None:
    keep(client, sign_in(client))
    secret = house.accounts.new_factor()
    wrong = client.post("/me/factor", data={"secret": secret, "code": "000000", "current": PASSWORD})
    assert wrong.status_code == 422 and "does not fit" in wrong.text
    assert client.post("/me/factor", data={"secret": secret, "code": code_of(house, secret), "current": "not mine at all"}).status_code == 422
    assert client.post("/me/factor", data={"secret": secret, "code": code_of(house, secret), "current": PASSWORD}, follow_redirects=False).status_code == 303
    assert sign_in(client).status_code == 403 and sign_in(client, code="123456").status_code == 403
    assert sign_in(client, code=code_of(house, secret)).status_code == 403, "the code that turned it on was used"
    house.clock.now += timedelta(seconds=30)
    code = code_of(house, secret)
    assert sign_in(client, code=f"{code[:3]} {code[3:]}").status_code == 303 and sign_in(client, code=code).status_code == 403, "a code is good once"
    with house.accounts._engine.connect() as connection:
        assert secret not in str(connection.exec_driver_sql("SELECT * FROM accounts").all())


def test_far_from_the_machine_nobody_goes_on_without_a_second_factor(house: House, client: TestClient) -> None:
    far = house.browser(app=house.app(public_url="https://riverbank.example", second_factor=True))
    answer = far.get("/frameworks", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/me") and "max-age" in answer.headers["strict-transport-security"]
    assert far.post("/sign-out", headers={"origin": "https://riverbank.example"}, follow_redirects=False).status_code == 303, "the public name is our own"


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "head@riverbank.example1", ""])
def test_a_password_that_is_too_easy_is_refused_in_a_sentence(house: House, password: str) -> None:
    with pytest.raises(SignInRefused, match=r"password"):
        house.accounts.set_password(house.leader, "head@riverbank.example", password)


def test_the_first_administrator_comes_by_a_link_that_works_once(make_house: Any, tmp_path: Any) -> None:
    from tests.house import settings_for

    empty = House(settings_for("sqlite", tmp_path / "empty", None))
    try:
        secret = first_link(empty.accounts)
        assert secret is not None
        with empty.stranger() as client:
            page = client.get(f"/welcome?key={secret}")
            assert "You are the first" in page.text and 'name="setting"' in page.text
            said = {"key": secret, "setting": "Riverbank", "person": "Thyme", "name": "office@riverbank.example", "password": "short"}
            assert client.post("/welcome", data=said).status_code == 422
            answer = client.post("/welcome", data={**said, "password": PASSWORD}, follow_redirects=False)
            assert answer.status_code == 303
            keep(client, answer)
            empty.runner.catch_up()
            assert "look after accounts" in client.get("/").text and client.get("/people").status_code == 200
            assert client.get("/audit").status_code == 403, "looking after accounts opens no record"
            again = client.post("/welcome", data={**said, "password": PASSWORD})
            assert again.status_code == 403 and "used before" in again.text
        assert first_link(empty.accounts) is None
    finally:
        empty.close()


def test_a_link_is_good_once_even_for_two_who_are_quick_and_not_for_ever(house: House) -> None:
    accounts = house.accounts
    secret = accounts.make_link("enrol", house.leader)

    def use(_: int) -> bool:
        try:
            accounts.use_link(secret)
        except SignInRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(8))) == 1
    late = accounts.make_link("enrol", house.leader)
    house.clock.now += timedelta(minutes=6)
    with pytest.raises(SignInRefused):
        accounts.link(late, "enrol")
    with pytest.raises(SignInRefused):
        accounts.link(accounts.make_link("recover", house.leader), "enrol")


def test_an_administrator_invites_and_two_others_recover(house: House, client: TestClient) -> None:
    admin = house.person("Thyme", "administrator")
    house.runner.catch_up()
    browser, about = house.browser(admin, client.app), {"setting": str(house.setting)}  # type: ignore[arg-type]

    def post(do: str, **more: str) -> Any:
        answer = browser.post("/people", data={**about, "do": do, "form": str(new_id()), "command": str(new_id()), **more})
        house.runner.catch_up()
        return answer

    added = post("add", name="Poplar")
    assert "They are added" in added.text
    poplar = next(one["id"] for one in house.reader.whole("people") if one["name"] == "Poplar")
    assert "given" in post("grant", person=poplar, role="ap-staff").text
    link = re.search(r"/welcome\?key=([\w-]+)", post("link", person=poplar).text)
    assert link is not None
    keep(client, client.post("/welcome", data={"key": link[1], "name": "poplar", "password": PASSWORD}, follow_redirects=False))
    assert client.get("/api/v1/capture").status_code == 200 and client.get("/people").status_code == 200 and client.get("/audit").status_code == 403
    assert "helped by two people" in post("link", person=poplar).text, "whoever has a password gets no link from one person"
    assert post("grant", person=str(admin), role="leader").status_code == 422, "nobody gives themselves a role"
    assert "is proposed" in post("recover", person=poplar).text
    proposal = next(one["id"] for one in house.reader.whole("proposals"))
    alone = browser.post(f"/proposals/{proposal}", data={"do": "approve", "command": str(new_id())})
    assert alone.status_code == 422
    second = house.browser(app=client.app).post(f"/proposals/{proposal}", data={"do": "approve", "command": str(new_id())})  # type: ignore[arg-type]
    recovery = re.search(r"/welcome\?key=([\w-]+)", second.text)
    assert recovery is not None and "Choose a new password" in client.get(f"/welcome?key={recovery[1]}").text
    assert post("close", person=poplar).status_code == 200
    assert client.get("/due", follow_redirects=False).status_code == 303, "every way in ends with the next request"


def test_nobody_makes_a_safeguarding_lead_alone(house: House, client: TestClient) -> None:
    admin, elm = house.person("Thyme", "administrator"), house.person("Elm")
    house.person("Sorrel", "dsl")
    house.runner.catch_up()
    browser = house.browser(admin, client.app)  # type: ignore[arg-type]
    form = {"setting": str(house.setting), "do": "grant", "person": str(elm), "role": "dsl", "form": str(new_id()), "command": str(new_id())}
    assert "is proposed" in browser.post("/people", data=form).text
    bare = {
        "command": "grant-role",
        "id": str(new_id()),
        "setting_id": str(house.setting),
        "person_id": str(elm),
        "grant_id": str(new_id()),
        "role": "dsl",
        "from_date": "2026-01-01",
    }
    for more in ({}, {"approved_by": str(house.leader)}):
        assert browser.post("/api/v1/commands", json={**bare, **more}).status_code == 422
    house.runner.catch_up()
    person = house.ledger.states.person(elm)
    assert person is not None and not person.roles
    (proposal,) = [one["id"] for one in house.reader.whole("proposals")]
    with pytest.raises(Refused):
        house.proposals.approve(UUID(proposal), new_id(), admin)
    with pytest.raises(Refused):
        house.proposals.approve(UUID(proposal), new_id(), elm)
    done = house.browser(app=client.app).post(f"/proposals/{proposal}", data={"do": "approve", "command": str(new_id())})  # type: ignore[arg-type]
    assert "both your names" in done.text
    person = house.ledger.states.person(elm)
    assert person is not None and [role.role for role in person.roles] == ["dsl"]
    assert house.browser(elm, client.app).get("/safeguarding").status_code == 200  # type: ignore[arg-type]


def test_a_role_that_ended_is_gone_with_the_next_request(house: House, client: TestClient) -> None:
    from ap_ledger.domain.person import EndRole

    person = house.person("Ivy")
    grant, browser = house.grant(person, "leader"), house.browser(person, client.app)  # type: ignore[arg-type]
    assert browser.get(f"/students/{house.student}").status_code == 200
    house.ledger.execute(EndRole(id=new_id(), setting_id=house.setting, person_id=person, grant_id=grant, on=(FRIDAY - timedelta(days=1)).date()))
    assert browser.get(f"/students/{house.student}").status_code == 403


# Tokens -------------------------------------------------------------------------------------------------------------


def test_a_token_does_what_its_person_may_within_its_scope_until_it_ends(house: House, client: TestClient) -> None:
    send = {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": [house.rung(author_id=str(house.leader))]}
    read, record = house.token(None, "read"), house.token(None, "record")
    assert client.get("/api/v1/students", headers=read).status_code == 200 and client.post("/api/v1/entries", json=send, headers=read).status_code == 403
    assert client.post("/api/v1/entries", json=send, headers=record).json()["results"][0]["status"] == "recorded"
    assert client.get(f"/api/v1/students/{house.student}/history", headers=record).status_code == 403
    assert (
        client.get("/me", headers=house.token()).status_code == 200 and client.post("/me", data={"do": "everywhere"}, headers=house.token()).status_code == 403
    )
    prefix = read["authorization"].split()[1][:9]
    assert house.accounts.revoke_token(prefix) and client.get("/api/v1/students", headers=read).status_code == 401
    house.clock.now += timedelta(days=366)
    assert client.get("/api/v1/students", headers=house.token(None, "read")).status_code == 200
    assert client.post("/api/v1/entries", json=send, headers=record).status_code == 401
    with pytest.raises(SignInRefused):
        house.accounts.make_token(house.leader, ["everything"], 5)


def test_entries_in_anothers_name_wait_for_them_unless_a_head_sends_them(house: House, client: TestClient) -> None:
    def status(person: UUID, **more: Any) -> tuple[str, str | None]:
        send = {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": [house.rung(**more)]}
        (result,) = client.post("/api/v1/entries", json=send, headers=house.token(person, "record")).json()["results"]
        return result["status"], result["field"]

    assert status(house.teacher, author_id=str(house.teacher)) == ("recorded", None)
    assert status(house.teacher, author_id=str(house.leader)) == ("held", "author_id")
    assert status(house.leader, author_id=str(house.teacher)) == ("recorded", None)
    assert status(house.mentor, author_id=str(house.mentor)) == ("refused", "student_id"), "not on this mentor's caseload"
    (held,) = [one for one in house.ledger.waiting.entries() if one.status == "held"]
    url = f"/api/v1/held/{held.id}/retry"
    assert client.post(url, headers=house.token(house.teacher, "record")).status_code == 404, "who sent it is not who wrote it"
    assert client.post(url, headers=house.token(house.leader, "record")).json()["result"]["status"] == "recorded"


# Devices ------------------------------------------------------------------------------------------------------------


def enrol(house: House, client: TestClient, kind: str = "tablet") -> tuple[UUID, str]:
    """Enrols a device by the code that a leader's screen shows. Returns its id and credential."""
    house.runner.catch_up()
    shown = house.browser(app=client.app).post("/devices", data={"setting": str(house.setting), "do": "enrol", "name": "Hazel's tablet", "kind": kind})  # type: ignore[arg-type]
    key = re.search(r"/enrol\?key=([\w-]+)", shown.text)
    assert key is not None and "data:image/svg+xml" in shown.text
    answer = client.post("/api/v1/devices/enrol", json={"key": key[1]})
    assert client.post("/api/v1/devices/enrol", json={"key": key[1]}).status_code == 403, "a code that was photographed is worth nothing"
    return UUID(answer.json()["device_id"]), answer.json()["credential"]


def send(client: TestClient, credential: str, *entries: Any) -> Any:
    body = {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": entries}
    return client.post("/api/v1/entries", json=body, headers={"authorization": f"Bearer {credential}"})


def test_a_device_sends_for_whoever_was_signed_in_on_it_then(house: House, client: TestClient) -> None:
    device, credential = enrol(house, client)
    house.accounts.begin(house.teacher, "full", device)
    house.clock.now += timedelta(hours=3)
    mine = house.rung(at=FRIDAY + timedelta(hours=1), author_id=str(house.teacher))
    before = house.rung(at=MONDAY, author_id=str(house.teacher))
    other = house.rung(at=FRIDAY + timedelta(hours=1), author_id=str(house.leader))
    body = {"sent_at": house.clock.now.isoformat(), "device_id": str(new_id()), "entries": [mine, before, other]}
    answer = client.post("/api/v1/entries", json=body, headers={"authorization": f"Bearer {credential}"}).json()
    assert [result["status"] for result in answer["results"]] == ["recorded", "held", "held"]
    position = answer["results"][0]["position"]
    assert house.ledger.recorder.events_at([position])[0].device_id == device, "the credential says which device it was"
    assert client.get("/api/v1/students", headers={"authorization": f"Bearer {credential}"}).status_code == 403, "a device reads nobody's record"
    retried = client.post(f"/api/v1/held/{before['id']}/retry", headers=house.token(house.teacher, "record"))
    assert retried.json()["result"]["status"] == "recorded", "its author confirms it"


def test_a_week_offline_on_ones_own_phone_loses_nothing(house: House, client: TestClient) -> None:
    device, credential = enrol(house, client, "phone")
    house.accounts.begin(house.teacher, "full", device)
    house.clock.now += timedelta(days=7)
    entries = [house.rung(at=FRIDAY + timedelta(days=day), author_id=str(house.teacher)) for day in range(7)]
    body = {"sent_at": house.clock.now.isoformat(), "device_id": None, "entries": entries}
    answer = client.post("/api/v1/entries", json=body, headers={"authorization": f"Bearer {credential}"}).json()
    assert {result["status"] for result in answer["results"]} == {"recorded"}


def test_a_device_that_was_shut_out_delivers_once_into_what_is_held_and_is_wiped(house: House, client: TestClient) -> None:
    device, credential = enrol(house, client)
    house.accounts.begin(house.teacher, "full", device)
    house.runner.catch_up()
    shut = {"setting": str(house.setting), "do": "revoke", "device": str(device), "command": str(new_id())}
    assert house.browser(app=client.app).post("/devices", data=shut, follow_redirects=False).status_code == 303  # type: ignore[arg-type]
    entry = house.rung(at=FRIDAY, author_id=str(house.teacher))
    assert send(client, credential, entry).json()["results"][0]["status"] == "held"
    again = send(client, credential, entry)
    assert again.status_code == 401 and '"storage"' in again.headers["clear-site-data"]
    retried = client.post(f"/api/v1/held/{entry['id']}/retry", headers=house.token(house.teacher, "record"))
    assert retried.json()["result"]["status"] == "recorded", "nothing is lost"


def test_a_browser_becomes_a_device_by_its_cookie_and_people_switch_by_pin(house: House, client: TestClient) -> None:
    _, credential = enrol(house, client)
    accounts = house.accounts
    client.cookies.set(DEVICE_COOKIE, credential)
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    accounts.set_pin(house.teacher, "482915")
    for pin in ("111111", "123456", "12345", "abcdef", "٤٨٢٩١٥"):
        with pytest.raises(SignInRefused):
            accounts.set_pin(house.leader, pin)
    assert "Nobody has signed in" in client.get("/switch").text
    keep(client, sign_in(client, "teacher"))
    keep(client, sign_in(client))
    assert client.get("/frameworks").status_code == 200
    switched = client.post("/switch", data={"person": str(house.teacher), "pin": "482915"}, follow_redirects=False)
    keep(client, switched)
    assert client.get("/api/v1/capture").json()["me"]["by"] == "pin"
    for url in (f"/students/{house.student}", f"/students/{house.student}/learning", "/audit", "/people", f"/api/v1/students/{house.student}/history", "/due"):
        assert client.get(url, follow_redirects=False).status_code == 403, "a PIN is for logging"
    assert client.post("/me", data={"do": "everywhere"}).status_code == 403
    house.clock.now += timedelta(hours=13)
    assert client.post("/switch", data={"person": str(house.teacher), "pin": "482915"}).status_code == 403, "twelve hours after the password"


def test_pin_guesses_are_counted_and_a_pin_is_worth_nothing_elsewhere(house: House, client: TestClient) -> None:
    device, _ = enrol(house, client)
    accounts = house.accounts
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    accounts.set_pin(house.teacher, "482915")
    with pytest.raises(SignInRefused):
        accounts.switch_to(device, house.teacher, "482915")
    accounts.begin(house.teacher, "full", device)
    other = new_id()
    with pytest.raises(SignInRefused):
        accounts.switch_to(other, house.teacher, "482915")
    for n in range(PIN_TRIES):
        with pytest.raises(SignInRefused):
            accounts.switch_to(device, house.teacher, f"48291{n}" if n != 5 else "482910")
    with pytest.raises(SignInRefused, match="password"):
        accounts.switch_to(device, house.teacher, "482915")
    accounts.sign_in("teacher", PASSWORD, "", "here", device)
    assert accounts.switch_to(device, house.teacher, "482915"), "the password opens it again"


def test_a_tablet_handed_over_shows_its_questions_and_nothing_else(house: House, client: TestClient) -> None:
    house.accounts.set_password(house.teacher, "teacher", PASSWORD)
    browser = house.browser(house.teacher, client.app)  # type: ignore[arg-type]
    page = f"/students/{house.student}/questionnaires/carer-confidence/1"
    assert browser.get(page, params={"respondent": "student"}).status_code == 200
    for url in (
        "/",
        f"/students/{house.student}",
        f"/students/{house.other}/questionnaires/carer-confidence/1?respondent=teacher",
        "/api/v1/students",
        "/me",
        "/sign-in",
    ):
        answer = browser.get(url, follow_redirects=False)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/take-back"), url
    assert browser.post("/take-back", data={"secret": "a guess of mine"}).status_code == 403
    assert browser.get(page, params={"respondent": "student"}).status_code == 200, "a wrong guess loses no answers"
    assert browser.post("/take-back", data={"secret": PASSWORD}, follow_redirects=False).status_code == 303
    assert browser.get("/", follow_redirects=False).status_code == 200


def test_secrets_are_nowhere_in_the_clear(house: House, client: TestClient) -> None:
    _, credential = enrol(house, client)
    token = house.token()["authorization"].split()[1]
    house.accounts.set_pin(house.leader, "482915")
    keep(client, answer := sign_in(client))
    with house.accounts._engine.connect() as connection:
        tables = ("accounts", "sessions", "links", "tokens", "devices", "presence", "tries")
        held = repr([row for table in tables for row in connection.exec_driver_sql(f"SELECT * FROM {table}").all()])
    for secret in (credential, token, PASSWORD, cookie_of(answer)):
        assert secret not in held and secret[9:25] not in held
    assert "'482915'" not in held


# What a hostile hand tries -------------------------------------------------------------------------------------------


def test_nobody_settles_or_overwrites_what_is_held_for_somebody_else(house: House, client: TestClient) -> None:
    def post(person: UUID, *entries: Any) -> Any:
        body = {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": entries}
        return client.post("/api/v1/entries", json=body, headers=house.token(person, "record")).json()["results"]

    other = house.person("Poplar", "ap-staff")
    mine = {**house.note("what I saw", author_id=str(house.teacher)), "retention_class": "moon"}
    assert post(house.teacher, mine)[0]["status"] == "refused"
    assert post(other, {**house.rung(author_id=str(other)), "replaces": mine["id"]})[0]["status"] == "recorded"
    assert [one.entry for one in house.ledger.waiting.entries()] == [mine], "somebody else's entry mends nothing of mine"
    assert post(other, {**mine, "author_id": str(other), "text": "gone"})[0]["status"] == "refused"
    assert mine in [one.entry for one in house.ledger.waiting.entries()], "nor does it take its place"
    assert post(house.teacher, {**house.note("what I saw", author_id=str(house.teacher)), "replaces": mine["id"]})[0]["status"] == "recorded"
    assert mine not in [one.entry for one in house.ledger.waiting.entries()]


def test_nobody_changes_an_entry_of_a_student_they_may_not_record_about(house: House, client: TestClient) -> None:
    entry = house.note("hers", student=house.other, author_id=str(house.teacher))
    house.record(entry)
    from ap_ledger.domain.student import AssignMentor

    house.ledger.execute(
        AssignMentor(id=new_id(), setting_id=house.setting, student=house.student, author_id=house.leader, person_id=house.mentor, from_date=MONDAY.date())
    )
    void = house.entry("entry-voided", FRIDAY, house.student, author_id=str(house.mentor), entry_id=entry["id"], reason_code="mistake")
    for student in (house.student, house.other):
        body = {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": [{**void, "id": str(new_id()), "student_id": str(student)}]}
        (result,) = client.post("/api/v1/entries", json=body, headers=house.token(house.mentor, "record")).json()["results"]
        assert result["status"] == "refused", student
    assert [one["status"] for one in house.look_back(student=house.other)["entries"]] == ["current"]


def test_a_head_writes_in_the_name_of_their_own_people_only(house: House, client: TestClient) -> None:
    from ap_ledger.domain.setting import OpenSetting

    elsewhere = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=elsewhere, name="Otherfield"))
    stranger = house.person("Oak", "ap-staff", setting=elsewhere)
    body = {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": [house.rung(author_id=str(stranger))]}
    (result,) = client.post("/api/v1/entries", json=body, headers=house.token()).json()["results"]
    assert (result["status"], result["field"]) == ("held", "author_id")


def test_whoever_opens_a_second_setting_looks_after_its_accounts(house: House, client: TestClient) -> None:
    admin, setting = house.person("Thyme", "administrator"), new_id()
    said = {"command": "open-setting", "id": str(new_id()), "setting_id": str(setting), "name": "Otherfield"}
    for _ in range(2):
        assert client.post("/api/v1/commands", json=said, headers=house.token(admin)).status_code == 200
    person = house.ledger.states.person(admin)
    assert person is not None and [(role.setting_id, role.role) for role in person.roles if role.setting_id == setting] == [(setting, "administrator")]
    add = {"command": "add-person", "id": str(new_id()), "setting_id": str(setting), "person_id": str(new_id()), "name": "Elm"}
    assert client.post("/api/v1/commands", json=add, headers=house.token(admin)).status_code == 200
    assert client.post("/api/v1/commands", json={**add, "id": str(new_id()), "author_id": str(house.leader)}, headers=house.token(admin)).status_code == 422

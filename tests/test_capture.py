"""What the service does for phones and tablets: boxes, the roster, a day, what waits for its author, and one entry's story."""

from __future__ import annotations

import base64
import csv
import os
import re
from datetime import date, time, timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient

from ap_ledger.domain.device import EnrolDevice, RevokeDevice
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.setting import AddCommissioner, AddPlace, SetTimetable
from ap_ledger.domain.student import AdmitStudent, AssignMentor, EndPlacement, ExpectStudent, StartPlacement
from ap_ledger.domain.support import GroupStudent, SetOwnItems
from ap_ledger.events.base import Ref
from ap_ledger.events.setting import Slot
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.boxes import open_box, public_key
from ap_ledger.recording.judging import UNSURE
from ap_ledger.recording.ledger import new_id
from api.capture.shell_pages import FILES, SHELLS, shell, worker
from api.core.asking import DEVICE_COOKIE
from tests.house import FRIDAY, MONDAY, TUESDAY, WEDNESDAY, House

MONDAYS = {"date": "2026-03-02"}


def sealed(key: dict[str, Any], entry: dict[str, Any], version: int = 2, **changed: Any) -> dict[str, Any]:
    """An entry in a box, as a phone makes it; the first version written anew here, so that the two sides cannot agree on a mistake."""
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(key["key"]))
    seal = seal_as_2 if version == 2 else seal_as_1
    parts = {name: base64.b64encode(value).decode() for name, value in seal(theirs, entry["id"].encode(), orjson.dumps(entry)).items()}
    return {"id": entry["id"], "box": {"v": 2 if version == 2 else key["v"], "kid": key["kid"], **parts, **changed}}


def seal_as_1(theirs: ec.EllipticCurvePublicKey, entry_id: bytes, text: bytes) -> dict[str, bytes]:
    ours = ec.generate_private_key(ec.SECP256R1())
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    opened = HKDF(SHA256(), 32, point, b"ap-ledger/outbox/1").derive(ours.exchange(ec.ECDH(), theirs))
    nonce = os.urandom(12)
    return {"epk": point, "iv": nonce, "ct": AESGCM(opened).encrypt(nonce, text, entry_id)}


def seal_as_2(theirs: ec.EllipticCurvePublicKey, entry_id: bytes, text: bytes) -> dict[str, bytes]:
    whole = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM).encrypt(text, theirs, b"ap-ledger/outbox/2/" + entry_id)
    return {"enc": whole[:65], "ct": whole[65:]}


def enrolled(house: House, kind: Any = "phone") -> tuple[UUID, str]:
    device = new_id()
    house.ledger.execute(EnrolDevice(id=new_id(), setting_id=house.setting, author_id=house.leader, device=device, name="D", kind=kind))
    return device, house.accounts.admit_device(device)


def send(client: TestClient, credential: str, *entries: dict[str, Any], **more: Any) -> Any:
    body = {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": list(entries), **more}
    return client.post("/api/v1/entries", json=body, headers={"authorization": f"Bearer {credential}"})


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["status"] for one in answer.json()["results"]]


@pytest.fixture
def phone(house: House) -> tuple[UUID, str]:
    """A phone on which the mentor has been signed in since before anything here."""
    device, credential = enrolled(house)
    now, house.clock.now = house.clock.now, MONDAY - timedelta(days=1)
    house.accounts.begin(house.mentor, "full", device)
    house.clock.now = now
    house.ledger.execute(
        AssignMentor(id=new_id(), setting_id=house.setting, student=house.student, author_id=house.leader, person_id=house.mentor, from_date=date(2026, 1, 5))
    )
    return device, credential


# Boxes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
def test_a_box_is_recorded_as_what_is_in_it_and_sending_it_again_is_a_duplicate(house: House, phone: tuple[UUID, str], version: int) -> None:
    key = public_key(house.ledger.keyring, house.setting)
    rung, note = house.rung(), house.note("told me about the weir")
    with house.stranger() as client:
        assert statuses(send(client, phone[1], sealed(key, rung, version), sealed(key, note, version))) == ["recorded", "recorded"]
        # Sealed anew, with another ephemeral key or as the other version, it is still the same entry; so is the entry without its box.
        again = [sealed(key, rung, version), sealed(key, rung, 3 - version), note]
        assert statuses(send(client, phone[1], *again)) == ["duplicate"] * 3
        assert statuses(send(client, phone[1], sealed(key, {**rung, "rung": "carer-only"}, version))) == ["conflict"]
    assert [(one["kind"], one["author_id"]) for one in house.look_back()["entries"]] == [
        ("note-written", str(house.mentor)),
        ("rung-reached", str(house.mentor)),
    ]
    assert house.ledger.waiting.entries() == []


@pytest.mark.parametrize("version", [1, 2])
def test_a_box_that_cannot_be_opened_is_kept_and_the_good_ones_beside_it_go_through(house: House, phone: tuple[UUID, str], version: int) -> None:
    key = public_key(house.ledger.keyring, house.setting)
    entries = [house.rung() for _ in range(8)]
    boxes = [
        sealed(key, entries[0], version), sealed(key, entries[1], version, kid=str(uuid4())), sealed(key, entries[2], version, v=3),
        sealed(key, entries[3], version, ct="AAAA"), {**sealed(key, entries[4], version), "id": str(new_id())}, {"id": entries[5]["id"], "box": "moon"},
        sealed(key, entries[6], version, v=3 - version), sealed(key, entries[7], version, enc="AAAA", epk="AAAA"),
    ]  # fmt: skip
    with house.stranger() as client:
        assert statuses(send(client, phone[1], *boxes)) == ["recorded", *["held"] * 7]
        assert statuses(send(client, phone[1], *boxes)) == ["duplicate", *["held"] * 7]
        assert [one.entry for one in house.ledger.waiting.entries()] == boxes[1:], "sealed as they came"
        ids = {item["entry_id"] for item in house.browser(app=client.app).get("/api/v1/held").json()["items"]}
        assert ids == {box["id"] for box in boxes[1:]}, "the heads of the device's setting see that they wait"
        assert house.browser(house.mentor, client.app).get("/api/v1/held").json()["items"] == []


def test_a_box_whose_key_comes_back_is_recorded_when_it_is_tried_again(house: House, phone: tuple[UUID, str]) -> None:
    key, entry = public_key(house.ledger.keyring, house.setting), house.rung()
    real = house.ledger.keyring.by_id
    house.ledger.keyring.by_id = lambda key_id: None if str(key_id) == key["kid"] else real(key_id)  # type: ignore[method-assign]
    with house.stranger() as client:
        assert statuses(send(client, phone[1], sealed(key, entry))) == ["held"]
        house.ledger.keyring.by_id = real  # type: ignore[method-assign]
        mentor = house.browser(house.mentor, client.app)
        (waiting,) = mentor.get("/api/v1/held").json()["items"]
        assert waiting["entry"] == entry
        assert mentor.post(f"/api/v1/held/{waiting['id']}/retry").json()["result"]["status"] == "recorded"
    assert len(house.look_back()["entries"]) == 1


def test_only_the_settings_own_key_opens_its_boxes(house: House) -> None:
    key, again = public_key(house.ledger.keyring, house.setting), public_key(house.ledger.keyring, house.setting)
    assert key == again and len(base64.b64decode(key["key"])) == 65
    core = house.ledger.keyring.key(house.student, "core")
    assert core is not None
    box = sealed(key, house.rung(), kid=str(core.id))
    assert open_box(house.ledger.keyring, box) is None, "another key of the keyring is not the box's"


# The device's credential --------------------------------------------------------------------------------------------


def test_a_device_sends_though_the_session_on_it_is_handed_over_or_gone(house: House, phone: tuple[UUID, str]) -> None:
    key = public_key(house.ledger.keyring, house.setting)
    with house.browser(house.mentor, device=phone[0]) as client:
        client.cookies.set(DEVICE_COOKIE, phone[1])
        house.accounts.hand_over(client.cookies["__Host-ap-ledger"], "/students/x/questionnaires/y/1")
        body = {"sent_at": FRIDAY.isoformat(), "entries": [sealed(key, house.rung())]}
        assert client.get("/api/v1/capture", follow_redirects=False).status_code == 303
        assert statuses(client.post("/api/v1/entries", json=body)) == ["recorded"]
        client.cookies.delete("__Host-ap-ledger")
        assert statuses(client.post("/api/v1/entries", json=body)) == ["duplicate"]
        assert client.get("/api/v1/capture").status_code == 403, "a device by itself learns no names"


def test_a_revoked_device_may_deliver_all_it_holds_in_several_sends_and_is_then_wiped(house: House, phone: tuple[UUID, str]) -> None:
    key = public_key(house.ledger.keyring, house.setting)
    house.ledger.execute(RevokeDevice(id=new_id(), setting_id=house.setting, author_id=house.leader, device=phone[0], reason_code="lost"))
    house.accounts.revoke_device(phone[0])
    with house.stranger() as client:
        assert statuses(send(client, phone[1], sealed(key, house.rung()), more=True)) == ["held"]
        last = send(client, phone[1], sealed(key, house.rung()), more=False)
        assert statuses(last) == ["held"] and last.json()["shut_out"] is True
        wiped = send(client, phone[1], sealed(key, house.rung()))
        assert wiped.status_code == 401 and wiped.json()["code"] == "shut-out" and "storage" in wiped.headers["clear-site-data"]
    assert len(house.ledger.waiting.entries()) == 2


# The roster ---------------------------------------------------------------------------------------------------------


def test_the_roster_holds_names_slots_and_what_to_log_against_and_nothing_that_was_logged(house: House, phone: tuple[UUID, str]) -> None:
    house.record(house.note("quoll at the weir"), house.rung("goes-out"))
    house.runner.catch_up()
    with house.browser(house.mentor, device=phone[0]) as client:
        client.cookies.set(DEVICE_COOKIE, phone[1])
        answer = client.get("/api/v1/capture")
    made = answer.json()
    assert [(one["name"], one["mine"]) for one in made["students"]] == [("Ash H", True)], "the caseload, and nobody else"
    assert "quoll" not in answer.text and "Heron" not in answer.text and "2026-01-05" not in answer.text
    assert (made["me"]["name"], made["me"]["role"], made["device"]["kind"]) == ("Hazel", "mentor", "phone")
    ladder = next(one for one in made["ladders"] if one["id"] == "default-ladder")
    assert [rung["number"] for rung in ladder["rungs"]] == list(range(12)) and all(rung["icon"] and len(rung["short"]) <= 24 for rung in ladder["rungs"])
    ecm = next(one for one in made["outcomes"] if one["id"] == "every-child-matters")
    assert (
        set(ecm["slots"]) == {"lesson", "break", "lunch"}
        and {"joined-in"} <= set(ecm["slots"]["lesson"]["asked"])
        and "joined-in" not in ecm["slots"]["break"]["asked"]
    )
    assert len(orjson.dumps(made)) < 60_000


def test_a_students_own_goals_come_with_the_student(house: House) -> None:
    goals = {"id": "slot-goals", "version": 1, "kind": "outcomes", "title": "Goals", "licence": {"name": "own", "use": "ship"}, "default_scale": "s"}
    goals |= {"scales": [{"id": "s", "type": "numeric", "min": 0, "max": 1, "step": 0.1}], "items": [{"id": "goal", "label": "My goal", "per_student": True}]}
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition=goals))
    whose: dict[str, Any] = {"setting_id": house.setting, "student": house.student, "author_id": house.teacher}
    house.ledger.execute(SetOwnItems(id=new_id(), definition=Ref(id="slot-goals", version=1), labels={"goal.1": "Ride the bus"}, **whose))
    house.runner.catch_up()
    with house.browser(house.teacher) as client:
        made = client.get("/api/v1/capture").json()
    assert {one["id"]: one["own"] for one in made["students"]} == {str(house.student): {"slot-goals": {"goal.1": "Ride the bus"}}, str(house.other): {}}
    scale = next(one for one in made["outcomes"] if one["id"] == "slot-goals")["scales"]["s"]
    assert [level["value"] for level in scale["levels"]] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1], (
        "numbers as they are written, not as they are added up"
    )


def test_who_left_long_ago_and_who_was_erased_are_on_nobodys_list(house: House) -> None:
    left, new = house.admit("Wren", "Coot"), new_id()
    about: dict[str, Any] = {"setting_id": house.setting, "author_id": house.teacher}
    running = house.ledger.states.student(left)
    assert running is not None
    house.ledger.execute(EndPlacement(id=new_id(), placement_id=running.placements[0].id, end=date(2026, 3, 1), reason_code="moved", student=left, **about))
    house.ledger.execute(AdmitStudent(id=new_id(), on=date(2026, 3, 1), student=new, **about))
    house.shred("core", house.other)
    house.runner.catch_up()
    with house.browser(house.teacher) as client:
        listed = {one["id"] for one in client.get("/api/v1/capture").json()["students"]}
        assert listed == {str(house.student), str(left), str(new)}, "a doorstep comes before the paperwork, and after it"
        house.clock.now += timedelta(days=40)
        client = house.browser(house.teacher, client.app)
        assert {one["id"] for one in client.get("/api/v1/capture").json()["students"]} == {str(house.student), str(new)}


def test_a_day_of_last_week_has_the_slots_and_the_students_it_had(house: House) -> None:
    later = (Slot(id="new", label="New", kind="lesson", starts=time(9), ends=time(10)),)
    house.ledger.execute(SetTimetable(id=new_id(), setting_id=house.setting, from_date=date(2026, 3, 4), slots=later))
    whose: dict[str, Any] = {"setting_id": house.setting, "student": house.student, "author_id": house.teacher}
    house.ledger.execute(ExpectStudent(id=new_id(), from_date=date(2026, 3, 4), days=(ExpectedDay(weekday=5, slots=("new",)),), **whose))
    house.runner.catch_up()
    with house.browser(house.teacher) as client:
        made = client.get("/api/v1/capture").json()
    assert [(one["from_date"], [slot["id"] for slot in one["slots"]]) for one in made["timetables"]] == [
        ("", ["lesson", "break", "lunch"]),
        ("2026-03-04", ["new"]),
    ]
    weeks = next(one["expected"] for one in made["students"] if one["id"] == str(house.student))
    assert [(one["from_date"], len(one["days"])) for one in weeks] == [("", 5), ("2026-03-04", 1)]


def test_what_is_missing_is_told_slot_by_slot(house: House) -> None:
    house.record(house.outcome("joined-in"), house.outcome("took-turns", slot="break"))
    with house.browser(house.teacher) as client:
        house.runner.catch_up()
        slots = client.get(f"/api/v1/settings/{house.setting}/missing", params=MONDAYS).json()["slots"]
        sheets = {slot: client.get(f"/api/v1/settings/{house.setting}/sheet", params={**MONDAYS, "slot": slot}).json()["missing"] for slot in slots}
    assert {slot: sum(counts.values()) for slot, counts in slots.items()} == sheets and set(slots) == {"lesson", "break", "lunch"}


def test_a_tablet_knows_who_is_in_which_group_and_what_is_missing_in_one(house: House) -> None:
    whose = {"setting_id": house.setting, "author_id": house.leader, "from_date": date(2026, 1, 5)}
    for student, group in ((house.student, "willow"), (house.other, "alder")):
        house.ledger.execute(GroupStudent(id=new_id(), student=student, group=group, **whose))
    house.record(house.outcome("joined-in"))
    with house.browser(house.teacher) as client:
        house.runner.catch_up()
        told = client.get("/api/v1/capture", params={"setting": str(house.setting)}).json()["students"]
        assert {one["id"]: one["group"] for one in told} == {str(house.student): "willow", str(house.other): "alder"}
        about = f"/api/v1/settings/{house.setting}/missing"
        whole, willow, alder = (
            sum(client.get(about, params={**MONDAYS, "group": group}).json()["slots"]["lesson"].values()) for group in ("", "willow", "alder")
        )
        assert whole == willow + alder and alder == willow + 1, "one of the scores of Willow is there"


def test_a_tablet_opens_for_a_group_that_somebody_lately_left(house: House) -> None:
    whose = {"setting_id": house.setting, "author_id": house.leader, "student": house.student}
    for day, group in ((date(2026, 1, 5), "willow"), (date(2026, 3, 2), None)):
        house.ledger.execute(GroupStudent(id=new_id(), group=group, from_date=day, **whose))
    with house.browser(house.teacher) as client:
        house.runner.catch_up()
        answer = client.get("/api/v1/capture", params={"setting": str(house.setting)})
    assert answer.status_code == 200, answer.text
    told = next(one for one in answer.json()["students"] if one["id"] == str(house.student))
    assert told["groups"] == [{"from_date": "", "group": "willow"}, {"from_date": "2026-03-02", "group": None}]


def test_steps_tell_where_a_group_stands_in_one_answer(house: House) -> None:
    house.record(house.unit("bus-stop", "with-help"), house.unit("bus-stop", "introduced", student=house.other))
    with house.browser(house.teacher) as client:
        house.runner.catch_up()
        about = f"/api/v1/settings/{house.setting}/steps/everyday-steps/1"
        told = client.get(about, params={"student": [str(house.student), str(house.other)]}).json()
        assert told["students"] == {str(house.student): {"bus-stop": "with-help"}, str(house.other): {"bus-stop": "introduced"}}
        unit = next(one for one in told["units"] if one["id"] == "bus-stop")
        assert [level["value"] for level in told["scales"][unit["scale"]]["levels"]][:2] == ["introduced", "with-help"]
        assert client.get(f"/api/v1/settings/{house.setting}/steps/moon/1", params={"student": str(house.student)}).status_code == 404
        assert client.get(about).status_code == 400


# The day ------------------------------------------------------------------------------------------------------------


def attended(house: House, student: UUID, start: int, **more: Any) -> dict[str, Any]:
    at = MONDAY.replace(hour=start)
    return house.entry("session-attended", at, student, planned_start=at.isoformat(), planned_end=(at + timedelta(hours=2)).isoformat(), **more)


def test_a_day_tells_who_came_who_did_not_and_who_followed_up_without_what_was_said(house: House) -> None:
    came = attended(house, house.student, 9, actual_start=MONDAY.isoformat(), supervised_by=str(house.teacher))
    late = house.correct(came, TUESDAY, actual_start=(MONDAY + timedelta(minutes=20)).isoformat())
    gone, void = attended(house, house.other, 9), attended(house, house.other, 13)
    called = house.entry("visit-logged", MONDAY, house.other, effort="attempted", channel="phone", note="mum cried")
    house.record(came, late, gone, void, called, house.void(void))
    with house.browser(house.teacher) as client:
        house.runner.catch_up()
        answer = client.get(f"/api/v1/settings/{house.setting}/day", params=MONDAYS)
        rows = {row["name"]: row for row in answer.json()["students"]}
        assert rows["Ash H"]["sessions"][0]["entry"]["actual_start"] == "2026-03-02T09:20:00+00:00"
        assert [one["entry_id"] for one in rows["Kit O"]["sessions"]] == [gone["id"]] and rows["Kit O"]["sessions"][0]["code"] == "N"
        assert [(one["channel"], one["by"]) for one in rows["Kit O"]["contacts"]] == [("phone", "Hazel")]
        assert "mum cried" not in answer.text
        table = list(csv.reader(StringIO(client.get("/day.csv", params={"on": "2026-03-02"}).text.lstrip("\ufeff"))))
    assert table[0][:5] == ["student", "date", "session starts", "session ends", "suggested code"] and [row[0] for row in table[1:]] == ["Ash H", "Kit O"]


def test_codes_of_a_day_are_those_of_each_students_own_page(house: House) -> None:
    council = new_id()
    house.ledger.execute(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=council, name="Council", kind="local-authority"))
    house.ledger.execute(AddPlace(id=new_id(), setting_id=house.setting, place_id=new_id(), label="Site"))
    placed = house.admit("Wren", "Coot")
    about: dict[str, Any] = {"setting_id": house.setting, "student": placed, "author_id": house.teacher}
    running = house.ledger.states.student(placed)
    assert running is not None
    house.ledger.execute(EndPlacement(id=new_id(), placement_id=running.placements[0].id, end=date(2026, 1, 31), reason_code="moved", **about))
    house.ledger.execute(StartPlacement(id=new_id(), placement_id=new_id(), start=date(2026, 2, 1), commissioner_id=council, **about))
    came = {"actual_start": MONDAY.isoformat(), "supervised_by": str(house.teacher)}
    house.record(*[attended(house, one, hour, **(came if hour == 9 else {})) for one in (house.student, house.other, placed) for hour in (9, 13)])
    house.record(house.rung("reaches-site", student=house.other, at=MONDAY + timedelta(minutes=30)))
    with house.browser(house.teacher) as client:
        house.runner.catch_up()
        day = {
            row["student_id"]: {one["entry_id"]: (one["code"], one["reason"]) for one in row["sessions"]}
            for row in client.get(f"/api/v1/settings/{house.setting}/day", params=MONDAYS).json()["students"]
        }
        for student in (house.student, house.other, placed):
            own = client.get(f"/api/v1/students/{student}/register", params={"from": "2026-03-02"}).json()["items"]
            assert day[str(student)] == {one["entry_id"]: (one["code"], one["reason"]) for one in own} and len(own) == 2
        assert {code for found in day.values() for code, _ in found.values()} <= {None, "K", "N", "B", "C2"}
        assert not any(code in ("K", "B") for code, _ in day[str(house.other)].values()), "the car at the gate never suggests presence"


# What waits for its author ------------------------------------------------------------------------------------------


def fields(page: Any) -> dict[str, str]:
    """The fields of the form that puts something right, as a browser would send them untouched."""
    form = re.search(r'<form method="post"[^>]*>(?:(?!</form>).)*?name="do" value="(?:mend|correct)".*?</form>', page.text, re.S)
    assert form is not None, page.text
    found = dict(re.findall(r'<input[^>]*name="([^"]+)" value="([^"]*)"', form[0]))
    for name, inside in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.S):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    return found | dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form[0], re.S))


def test_a_refused_entry_is_put_right_by_its_author_and_recorded_in_its_place(house: House) -> None:
    wrong = house.outcome("joined-in", level=9, author_id=str(house.teacher))
    house.record(wrong)
    house.runner.catch_up()
    with house.browser(house.teacher) as client:
        page = client.get("/held")
        assert "no such level" in page.text and "Ash H" in page.text
        form = {**fields(page), "field:level": "1"}
        for _ in range(2):
            answer = client.post(f"/held/{wrong['id']}", data=form, follow_redirects=False)
        assert answer.status_code == 404, "the second time nothing waits any more"
        assert "Nothing waits for you" in client.get("/held").text
    (entry,) = house.look_back()["entries"]
    assert entry["entry"]["level"] == 1 and entry["entry"]["replaces"] == wrong["id"] != entry["id"]
    held = house.ledger.held.get(UUID(wrong["id"]))
    assert held is not None and held.resolution == "replaced" and held.entry == wrong, "what was sent stays"


def test_mending_that_is_wrong_again_keeps_what_was_typed_and_holds_nothing_twice(house: House) -> None:
    wrong = house.entry("visit-logged", author_id=str(house.teacher), effort="attempted", channel="owl", minutes=10, note="told me twice")
    house.record(wrong)
    house.runner.catch_up()
    with house.browser(house.teacher) as client:
        form = {**fields(client.get("/held")), "field:channel": "phone", "field:minutes": "9999", "field:note": "told me <b>thrice</b>"}
        page = client.post(f"/held/{wrong['id']}", data=form)
        assert page.status_code == 422 and fields(page)["field:minutes"] == "9999" and "told me &lt;b&gt;thrice" in page.text
        assert [str(one.entry_id) for one in house.ledger.waiting.entries()] == [wrong["id"]]
        done = client.post(f"/held/{wrong['id']}", data={**fields(page), "field:minutes": "90", "field:note": "told me"}, follow_redirects=False)
        assert done.headers["location"] == "/held?done=replaced"
    (entry,) = house.look_back()["entries"]
    assert (entry["entry"]["channel"], entry["entry"]["minutes"], entry["entry"]["note"]) == ("phone", 90, "told me")


def test_somebody_whose_name_another_device_used_confirms_it_or_says_it_is_not_theirs(house: House, phone: tuple[UUID, str]) -> None:
    key, mine, not_mine = (
        public_key(house.ledger.keyring, house.setting),
        house.rung(author_id=str(house.teacher)),
        house.rung("carer-only", author_id=str(house.teacher)),
    )
    with house.stranger() as client:
        assert statuses(send(client, phone[1], sealed(key, mine), sealed(key, not_mine))) == ["held", "held"]
        assert "Nothing waits" in house.browser(house.mentor, client.app).get("/held").text, "it is not the phone's owner's to settle"
        teacher = house.browser(house.teacher, client.app)
        page = teacher.get("/held")
        assert page.text.count("Yes, I recorded this") == 2 and UNSURE in page.text
        assert teacher.post(f"/held/{mine['id']}", data={"do": "retry"}, follow_redirects=False).headers["location"] == "/held?done=recorded"
        assert teacher.post(f"/held/{not_mine['id']}", data={"do": "dismiss", "reason": "not-mine"}, follow_redirects=False).status_code == 303
        assert "Nothing waits" in teacher.get("/held").text
    assert [one["entry"]["rung"] for one in house.look_back()["entries"]] == ["through-door"]


def test_a_week_that_was_logged_elsewhere_is_confirmed_with_one_tap_and_nothing_of_others_is(house: House, phone: tuple[UUID, str]) -> None:
    key = public_key(house.ledger.keyring, house.setting)
    mine = [house.rung(author_id=str(house.teacher), at=MONDAY + timedelta(minutes=n)) for n in range(12)]
    theirs, wrong = house.rung(author_id=str(house.leader)), house.outcome("joined-in", level=9, author_id=str(house.teacher))
    with house.stranger() as client:
        assert set(statuses(send(client, phone[1], *[sealed(key, one) for one in (*mine, theirs)]))) == {"held"}
        house.record(wrong)
        teacher = house.browser(house.teacher, client.app)
        assert "Yes, I recorded them all" in teacher.get("/held").text
        assert teacher.post("/held", follow_redirects=False).headers["location"] == "/held?done=recorded"
    assert {one["id"] for one in house.look_back()["entries"]} == {one["id"] for one in mine}
    assert {str(one.entry_id) for one in house.ledger.waiting.entries()} == {theirs["id"], wrong["id"]}


def test_what_was_changed_about_an_entry_that_waited_is_applied_when_it_is_confirmed(house: House, phone: tuple[UUID, str]) -> None:
    key, mine = public_key(house.ledger.keyring, house.setting), house.rung(author_id=str(house.teacher))
    with house.stranger() as client:
        assert statuses(send(client, phone[1], sealed(key, mine))) == ["held"]
        assert house.one(house.correct(mine, rung="goes-out")).status == "held", "it waits for its entry"
        house.browser(house.teacher, client.app).post(f"/held/{mine['id']}", data={"do": "retry"})
    (entry,) = house.look_back()["entries"]
    assert (entry["status"], entry["entry"]["rung"]) == ("corrected", "goes-out") and house.ledger.waiting.entries() == []


def test_a_head_who_settles_for_others_does_not_read_their_words(house: House) -> None:
    house.record(house.note("a canary told me", kept="moon"))
    house.runner.catch_up()
    with house.browser() as client:
        page = client.get("/held")
        assert "canary" not in page.text and "From Hazel" in page.text and "field:text" not in page.text


def test_nobody_settles_what_is_not_theirs(house: House) -> None:
    wrong = house.outcome("joined-in", level=9, author_id=str(house.leader))
    house.record(wrong)
    house.runner.catch_up()
    with house.browser(house.teacher) as client:
        for do in ("retry", "dismiss", "mend"):
            assert client.post(f"/held/{wrong['id']}", data={"do": do, "form": str(new_id())}).status_code == 404
        assert client.post("/held/moon", data={"do": "retry"}).status_code == 400
    assert len(house.ledger.waiting.entries()) == 1


# One entry's story --------------------------------------------------------------------------------------------------


def entry_url(entry: dict[str, Any]) -> str:
    return f"/students/{entry['student_id']}/entries/{entry['id']}"


def test_an_entry_shows_its_original_every_change_who_when_and_why(house: House) -> None:
    rung = house.rung("through-door")
    house.record(rung)
    house.record(house.correct(rung, rung="face-to-face"), at=FRIDAY + timedelta(hours=1))
    with house.browser() as client:
        house.runner.catch_up()
        page = client.get(entry_url(rung))
        story = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.text))
        assert "First recorded Fri 6 Mar 2026" in story and "It was a slip: wrong box" in story and "by Hazel" in story
        assert story.index("Talks through a door, or by text") > 0 and "It says Face to face, brief" in story


def test_an_entry_is_put_right_and_taken_back_from_its_page_once_however_often_it_is_sent(house: House) -> None:
    visit = house.entry("visit-logged", WEDNESDAY, effort="attempted", channel="in-person", minutes=20, note="sat on the wall")
    house.record(visit)
    with house.browser() as client:
        house.runner.catch_up()
        form = {**fields(client.get(entry_url(visit))), "field:minutes": "25", "reason_code": "more-known", "reason": "forgot the drive"}
        for _ in range(2):
            answer = client.post(entry_url(visit), data=form, follow_redirects=False)
            assert answer.status_code == 303 and "done=corrected" in answer.headers["location"]
            house.clock.now += timedelta(seconds=3)
        (entry,) = house.look_back()["entries"]
        assert len(entry["changes"]) == 1 and entry["entry"]["minutes"] == 25 and entry["entry"]["note"] == "sat on the wall"
        assert entry["entry"]["device_time"] == visit["device_time"], "what was not touched stays to the letter"
        assert entry["changes"][0]["reason"] == "forgot the drive"
        without = client.post(entry_url(visit), data={**form, "form": str(new_id()), "reason_code": ""})
        assert without.status_code == 422 and "Say why" in without.text
        client.post(entry_url(visit), data={"form": str(new_id()), "do": "void", "reason_code": "wrong-student"})
        assert house.look_back()["entries"][0]["status"] == "voided"
        gone = client.get(entry_url(visit))
        assert "It was taken back" in gone.text and 'value="correct"' not in gone.text


def test_a_mentor_who_may_not_read_old_words_corrects_without_seeing_or_losing_them(house: House) -> None:
    house.ledger.execute(
        AssignMentor(id=new_id(), setting_id=house.setting, student=house.student, author_id=house.leader, person_id=house.mentor, from_date=date(2026, 1, 5))
    )
    visit = house.entry("visit-logged", MONDAY, effort="attempted", channel="phone", minutes=5, note="a quoll in the hedge")
    house.record(visit)
    house.clock.now = FRIDAY + timedelta(days=30)
    with house.browser(house.mentor) as client:
        house.runner.catch_up()
        page = client.get(entry_url(visit))
        assert "quoll" not in page.text and "field:note" not in page.text
        client.post(entry_url(visit), data={**fields(page), "field:minutes": "6", "reason_code": "mistake"})
    (entry,) = house.look_back()["entries"]
    assert (entry["entry"]["minutes"], entry["entry"]["note"]) == (6, "a quoll in the hedge")


def test_what_was_erased_stays_erased_when_the_entry_is_put_right(house: House) -> None:
    visit = house.entry("visit-logged", MONDAY, effort="attempted", channel="phone", minutes=5, note="a quoll in the hedge")
    house.record(visit)
    house.shred("learning")
    with house.browser() as client:
        house.runner.catch_up()
        page = client.get(entry_url(visit))
        assert "quoll" not in page.text and "field:note" not in page.text
        answer = client.post(entry_url(visit), data={**fields(page), "field:minutes": "6", "reason_code": "mistake", "reason": ""}, follow_redirects=False)
        assert answer.status_code in (303, 422)
    assert "[erased]" in str(house.look_back()["entries"][0]) and "quoll" not in str(house.look_back())


def test_an_entry_of_another_student_or_of_nobody_is_not_found(house: House) -> None:
    rung = house.rung()
    house.record(rung)
    with house.browser() as client:
        house.runner.catch_up()
        assert client.get(f"/students/{house.other}/entries/{rung['id']}").status_code == 404
        assert client.get(f"/students/{house.student}/entries/{new_id()}").status_code == 404
        assert client.get(f"/students/{house.student}/entries/{house.student}").status_code == 404


# The app's own files ------------------------------------------------------------------------------------------------


def test_every_page_of_the_app_is_the_same_for_everybody_and_holds_nobodys_name(house: House) -> None:
    with house.browser() as signed_in:
        stranger = house.stranger(signed_in.app)
        for path in SHELLS:
            page = stranger.get(path)
            assert page.status_code == 200 and page.text == signed_in.get(path).text == shell(path) and "nonce" not in page.text


def test_the_worker_keeps_every_file_its_pages_ask_for_and_is_itself_never_kept(house: House) -> None:
    text = worker().decode()
    with house.stranger() as client:
        answer = client.get("/sw.js")
        assert answer.headers["cache-control"] == "no-cache" and answer.text == text and "%" not in text.split("addEventListener")[0].split("const VERSION")[1]
        kept = re.search(r'FILES = "([^"]+)"', text)
        assert kept is not None
        total = 0
        for address in kept[1].split():
            file = client.get(address, headers={"accept-encoding": "gzip"})
            assert file.status_code == 200, address
            total += len(file.content)
            for named in re.findall(r"/static/[0-9a-f]{12}/[\w./-]+", file.text if address.endswith((".js", ".css")) else ""):
                assert named in kept[1].split(), f"{address} asks for {named}, which would be missing with no signal"
        for path in SHELLS:
            for named in re.findall(r'(?:src|href)="(/static/[^"#]+)', shell(path)):
                assert named in kept[1].split() or named.endswith(".png"), named
        manifest = client.get("/manifest.webmanifest").json()
        assert manifest["start_url"] in SHELLS and all(client.get(icon["src"]).status_code == 200 for icon in manifest["icons"])
    assert not any("plotly" in name for name in FILES)


def test_an_icon_of_the_shipped_ladder_is_in_the_sprite() -> None:
    from api.core.assets import asset
    from frameworks import shipped_definitions

    drawn = asset("vendor/icons.svg").plain.decode()
    ladder = next(one for one in shipped_definitions() if one["id"] == "default-ladder")
    assert all(f'id="{rung["icon"]}"' in drawn for rung in ladder["rungs"])

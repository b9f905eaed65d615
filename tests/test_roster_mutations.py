"""Damaged files, thousands of them where AP_LEDGER_TEST_MUTATIONS asks: each is read or refused in a sentence, and nothing
of it is half done."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from ap_ledger.errors import RosterFault
from ap_ledger.recording.ledger import new_id
from ap_ledger.roster.bringing import Bringer, bring_in, look
from ap_ledger.roster.fields import match, subject_of
from ap_ledger.roster.files import read_tables
from ap_ledger.roster.plan import Wishes
from tests.house import House
from tests.test_roster_files import CLASSES, ENROLMENTS, LINES, ROWS, USERS_11, workbook, zipped

MUTATIONS = int(os.environ.get("AP_LEDGER_TEST_MUTATIONS", "400"))
"""So many damaged files are read and looked at; 10,000 take some minutes."""
BROUGHT = min(MUTATIONS, 500) // 4
"""Of so many of them what is left is brought in, too."""


def seeds() -> list[bytes]:
    csv = LINES.encode()
    roster = zipped(users=USERS_11, classes=CLASSES, enrollments=ENROLMENTS)
    book = workbook(*ROWS)
    # Reading a workbook takes a process each, so that fewer of them are damaged.
    return [csv, LINES.encode("utf-16"), LINES.encode("cp1252"), LINES.replace(",", ";").encode(), roster, roster] * 3 + [book]


def damaged(raw: bytes, chance: random.Random) -> bytes:
    content = bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(content) + 1) if content else 0
        match chance.randrange(7):
            case 0:
                content[at : at + chance.randint(1, 40)] = b""
            case 1:
                content[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 20)))
            case 2 if content:
                content[min(at, len(content) - 1)] ^= 1 << chance.randrange(8)
            case 3:
                content[at:at] = chance.choice([b'"', b",,,,", b"\r\n", b"\x00", "\ufeff".encode(), b"=1+1", b"9" * 30, b"1E+99", b"31/02/2012", b"\xff\xfe"])
            case 4:
                content[at:at] = content[: chance.randint(0, 60)]
            case 5:
                content = content[:at]
            case _:
                content[at:at] = chance.choice(["\u202e", "é", "王", "𝟘", "\u0000"]).encode(chance.choice(["utf-8", "utf-16-le"]))
    return bytes(content)


def mutations(count: int) -> Iterator[bytes]:
    chance, files = random.Random(20261129), seeds()
    for number in range(count):
        yield damaged(files[number % len(files)], chance)


def test_a_damaged_file_is_read_or_refused_in_a_sentence_and_never_breaks_anything() -> None:
    outcomes = {"read": 0, "refused": 0}
    for raw in mutations(MUTATIONS):
        try:
            tables = read_tables(raw, "list.csv")
        except RosterFault as fault:
            assert str(fault).endswith((".", "FILE")) and len(str(fault)) < 400
            outcomes["refused"] += 1
        else:
            for read in tables:
                assert all(len(row.cells) == len(read.headings) for row in read.rows)
                match(read, subject_of(read), {})
            outcomes["read"] += 1
    assert min(outcomes.values()) > 0, outcomes


def test_what_is_left_of_a_damaged_file_goes_in_row_by_row_or_not_at_all(house: House) -> None:
    house.person("Juniper Two", "administrator")
    house.grant(house.leader, "administrator")
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting))
    assert setting is not None
    who = house.ledger.access_facts.who(house.leader)
    brought = refused = 0
    # What one file brought in is not looked up for the next one, so that the same child comes in again and again.
    for number, raw in enumerate(mutations(MUTATIONS)):
        try:
            tables = read_tables(raw, "list.csv")
        except RosterFault:
            continue
        for table in tables:
            bringer, subject = Bringer(who, setting, new_id()), subject_of(table)
            try:
                plan = look(house.service, bringer, table, subject, match(table, subject, {}), Wishes(date(2026, 3, 6)))
            except RosterFault:
                continue
            refused += len(plan.of("refused"))
            assert all(row.fault for row in plan.of("refused"))
            if number < BROUGHT:
                done = list(bring_in(house.service, bringer, plan))
                brought += sum(not each.fault for each in done)
                assert [each.fault for each in done if each.fault] == [], "it was not refused when it was looked at"
    assert brought > 0 and refused > 0
    admitted = house.rows("SELECT originator_id FROM stored_events WHERE topic = ?", "student-admitted")
    for (stored,) in admitted:
        student = house.ledger.states.student(stored if isinstance(stored, UUID) else UUID(bytes=bytes(stored)))
        assert student is not None and student.identity is not None and student.placements, "a student is half admitted"

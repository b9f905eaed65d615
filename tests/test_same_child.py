"""A child who is admitted twice is pointed out, and recorded all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from typer.testing import CliRunner

from ap_ledger.cli.main import app
from ap_ledger.domain.commands import read_command
from ap_ledger.domain.student import IdentifyStudent
from ap_ledger.recording.ledger import Executed, new_id
from tests.house import House

MAYA = {"given_name": "Maya", "family_name": "Quill", "date_of_birth": "2012-02-29", "upn": "Y823432104009"}


def commands(house: House, student: UUID, **identity: str) -> list[dict[str, Any]]:
    """What admits a student and says who they are."""
    about = {"setting_id": str(house.setting), "author_id": str(house.leader), "student": str(student)}
    return [
        {"command": "admit-student", "id": str(new_id()), "on": "2026-03-02", **about},
        {"command": "identify-student", "id": str(new_id()), **about, **identity},
    ]


def admit(house: House, **identity: str) -> tuple[UUID, Executed]:
    """A new student, and the answer to the command that says who they are."""
    student = new_id()
    done = [house.ledger.execute(read_command(command)) for command in commands(house, student, **identity)]
    return student, done[-1]


def test_the_same_name_and_birth_date_or_the_same_upn_is_pointed_out(house: House) -> None:
    first, done = admit(house, **MAYA)
    assert done.warnings == ()
    for again in (
        {**MAYA, "given_name": "MÁYA ", "upn": "B801200005001"},
        {"given_name": "Mia", "family_name": "Kwill", "upn": "y82343 2104009"},
    ):
        _, done = admit(house, **again)
        (warning,) = done.warnings
        assert done.status == "recorded" and warning.code == "same-child" and str(first) in warning.ids
        assert not any(str(part) in warning.message for part in MAYA.values())


def test_apostrophes_hyphens_and_spaces_in_a_name_make_no_other_child(house: House) -> None:
    born = {"date_of_birth": "2012-02-29"}
    first, _ = admit(house, given_name="Mary-Ann", family_name="O’Neill", **born)
    for given, family in (("Mary Ann", "O'Neill"), ("Maryann", "ONeill"), ("mary‐ann", "oʼneill"), ("Mary Ann", "O Neill")):
        _, done = admit(house, given_name=given, family_name=family, **born)
        assert [str(first) in warning.ids for warning in done.warnings] == [True], family


def test_others_are_not_pointed_out(house: House) -> None:
    admit(house, **MAYA)
    for other in (
        {**MAYA, "date_of_birth": "2012-03-01", "upn": "B801200005001"},
        {"given_name": "Maya", "family_name": "Quill"},
        {**MAYA, "given_name": "May", "upn": "H801200001001"},
    ):
        assert admit(house, **other)[1].warnings == ()


def test_whoever_admits_a_child_looks_at_those_who_may_be_the_same_before_it_is_saved(house: House) -> None:
    first, _ = admit(house, **{**MAYA, "given_name": "Cerys", "family_name": "Llewelyn"})
    undated, _ = admit(house, given_name="Ash", family_name="Moss")

    def like(given: str, family: str, born: str | None = "2012-02-29") -> list[UUID]:
        who = read_command(commands(house, new_id(), given_name=given, family_name=family, **({"date_of_birth": born} if born else {}))[1])
        assert isinstance(who, IdentifyStudent)
        return house.ledger.same_child.like(house.setting, who)

    assert like("Cerys", "Llewelyn", None) == like("Cerys", "Llewely") == like("Cery", "Llewelyn") == [first]
    assert like("Ash", "Moss") == like("ash", "MOSS", None) == [undated]
    assert like("Cerys", "Llewelyn", "2011-02-28") == like("Anwen", "Llewelyn") == like("Cerys", "Jones", None) == like("Ash", "Mossy") == []


def test_who_was_put_right_since_or_erased_is_not_pointed_out(house: House) -> None:
    first, _ = admit(house, **MAYA)
    right = commands(house, first, upn="B801200005001", date_of_birth="2011-02-28")[1]
    house.ledger.execute(read_command(right))
    second, done = admit(house, **MAYA)
    assert done.warnings == ()
    house.shred("core", second)
    assert admit(house, **MAYA)[1].warnings == ()


def test_programs_and_files_are_told(house: House, tmp_path: Path) -> None:
    first, _ = admit(house, **MAYA)
    admitting, identifying = commands(house, new_id(), **MAYA)
    with house.stranger() as client:
        bodies = [{**command, "author_id": None} for command in (admitting, identifying)]
        answers = [client.post("/api/v1/commands", json=body, headers=house.token()).json() for body in bodies]
    assert answers[0]["warnings"] == [] and answers[1]["status"] == "recorded"
    (warning,) = answers[1]["warnings"]
    assert warning["code"] == "same-child" and warning["ids"] == [str(first)]
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join(map(json.dumps, commands(house, new_id(), **MAYA))))
    house.ledger.close()
    house.views.close()
    where = ["--database-url", house.settings.postgres] if house.settings.postgres else []
    done = CliRunner().invoke(app, ["record", str(file), "--data", str(house.settings.data), *where])
    assert done.exit_code == 0 and "line 2 is recorded, but look again" in done.output and "Quill" not in done.output

"""What the OpenAPI document promises, tried by a program that knows nothing else: no 500, no answer that was not declared."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ap_ledger.bootstrap import open_installation
from ap_ledger.settings import read_settings
from tests.examples import Examples
from tests.processes import serving

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
ROLES = ("leader", "administrator")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> Iterator[tuple[str, dict[str, str]]]:
    """An example that is served, and a token of each who may do most."""
    settings = read_settings(data=tmp_path_factory.mktemp("openapi") / "data")
    story = examples(settings.data, 5, 3, 1, date(2026, 3, 27))
    installation = open_installation(settings)
    tokens = {role: installation.accounts.make_token(story.others[role], ["all"], 1) for role in ROLES}
    installation.ledger.close()
    with serving(settings.data) as url:
        yield url, tokens


# As long as it takes where others are busy too: it tries each address of the service some dozens of times.
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("role", ROLES)
def test_nothing_that_a_program_can_send_breaks_a_promise(tmp_path: Path, served: tuple[str, dict[str, str]], role: str) -> None:
    url, tokens = served
    words = [
        *("run", f"{url}/api/v1/openapi.json", "--header", f"Authorization: Bearer {tokens[role]}"),
        *("--checks", CHECKS, "--max-examples", "6", "--seed", "4", "--phases", "coverage,fuzzing", "--no-color"),
    ]
    program = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    done = subprocess.run([*program, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]

"""What the OpenAPI document promises, tried by a program that knows nothing else: no 500, no answer that was not declared."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

from ap_ledger.bootstrap import open_installation
from ap_ledger.cli import demo
from ap_ledger.settings import read_settings
from tests.processes import serving

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_nothing_that_a_program_can_send_breaks_a_promise(tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path / "data")
    story = demo.make_example(settings, 3, 2, 1, date(2026, 3, 27), lambda *_: None)
    installation = open_installation(settings)
    tokens = [installation.accounts.make_token(story.others[role], ["all"], 1) for role in ("leader", "administrator")]
    installation.ledger.close()
    with serving(settings.data) as url:
        for token in tokens:
            words = [
                "run",
                f"{url}/api/v1/openapi.json",
                "--header",
                f"Authorization: Bearer {token}",
                "--checks",
                CHECKS,
                "--max-examples",
                "6",
                "--seed",
                "4",
            ]
            program = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
            done = subprocess.run([*program, *words, "--phases", "coverage,fuzzing", "--no-color"], cwd=tmp_path, capture_output=True, text=True, timeout=240)
            assert done.returncode == 0, done.stdout[-6000:]

"""The containers' recipe: parsed here, and its commands run outside a container, since no engine may be at hand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ap_ledger.cli.demo import get
from ap_ledger.settings import Settings
from tests.browsing import until
from tests.databases import make_database
from tests.processes import READY_WITHIN, free_port, is_ready

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_every_service_has_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"database", "init", "service", "worker"}
    assert int(services["database"]["image"].split(":")[1]) >= 17
    for name in ("database", "service", "worker"):
        assert services[name]["healthcheck"]["test"] and services[name]["restart"]
    for service in services.values():
        for volume in service["volumes"]:
            assert volume.split(":")[0] in compose["volumes"]
        for secret in service["secrets"]:
            assert compose["secrets"][secret]["file"].startswith("./secrets/")
        assert not any("password" in str(value).lower() and "/run/secrets/" not in str(value) for value in service["environment"].values())


def test_no_secret_is_baked_in_and_every_variable_is_one_that_is_read(compose: dict[str, Any]) -> None:
    read = {f"AP_LEDGER_{name.upper()}" for name in Settings.model_fields} | set(
        re.findall(r"AP_LEDGER_\w+", (ROOT / "scripts" / "container-start").read_text())
    )
    for name in ("init", "service", "worker"):
        assert set(compose["services"][name]["environment"]) <= read


def test_the_image_copies_what_exists_and_installs_only_what_is_pinned() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "scripts/setup" in text and "USER ledger" in text
    assert "--require-hashes" in (ROOT / "scripts" / "setup").read_text()
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.M):
        assert (ROOT / source).exists()


def test_the_commands_of_the_containers_run_outside_one(compose: dict[str, Any], tmp_path: Path, postgres: str) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "ap-ledger"
    program.write_text(f"#!{sys.executable}\nfrom ap_ledger.cli.main import app\napp()\n")
    program.chmod(0o755)
    (tmp_path / "key").write_text("ab" * 32)
    environment = {
        **os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "AP_LEDGER_DATA": str(tmp_path / "data"),
        "AP_LEDGER_DATABASE_URL": make_database(postgres), "AP_LEDGER_MASTER_KEY_FILE": str(tmp_path / "key"),
    }  # fmt: skip
    start = [str(ROOT / "scripts" / "container-start")]
    services = compose["services"]
    for _ in range(2):
        done = subprocess.run([*start, *services["init"]["command"]], env=environment, capture_output=True, text=True, timeout=READY_WITHIN)
        assert done.returncode == 0, done.stderr
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    quiet: dict[str, Any] = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    service = subprocess.Popen([*start, *services["service"]["command"], "--port", str(port)], **quiet)
    worker = subprocess.Popen([*start, *services["worker"]["command"]], **quiet)
    try:
        until(lambda: service.poll() is not None or is_ready(url), READY_WITHIN, "the service did not start")
        assert get(f"{url}/health/ready")["status"] == "ok"
        health = subprocess.run(
            shlex.join(services["worker"]["healthcheck"]["test"][1:]), shell=True, env=environment, capture_output=True, timeout=READY_WITHIN
        )
        assert health.returncode == 0
        made = subprocess.run([str(program), "account", "first-link"], env=environment, capture_output=True, text=True, timeout=READY_WITHIN)
        assert "/welcome?key=" in made.stdout, "the first administrator is made by a link printed on the console"
    finally:
        for process in (service, worker):
            process.terminate()
            process.wait(60)

"""The program in a process of its own, forked from one that has loaded it already.

A Python that loads the program anew takes seconds of a core; a fork of one that holds it takes hundredths of one. What
is tested on such a process, that it is killed, writes beside another or is served from, is the same in both.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

PROGRAM = "from ap_ledger.cli.main import app; app()"
READY_WITHIN = 120
"""Seconds after which a service that does not come up is given up: a busy machine takes its time."""

_FORKING = multiprocessing.get_context("forkserver")
# What `serve` and `work` load when they start, as well as the program itself.
_FORKING.set_forkserver_preload([
    "tests.processes", "ap_ledger.cli.main", "ap_ledger.commands.starting", "ap_ledger.jobs",
    "ap_ledger.stores.upgrading", "uvicorn", "api", "api.app", "api.core.patience",
])  # fmt: skip


def start(program: str, *words: str, output: Path = Path(os.devnull), **environment: str) -> BaseProcess:
    """Starts a program with its arguments. What it prints goes to a file; what the environment has more is given."""
    told = (program, words, {**os.environ, **environment}, str(output))
    # Whoever ends without ending it takes it along.
    process = _FORKING.Process(target=_become, args=told, daemon=True)
    process.start()
    return process


def run(program: str, *words: str, output: Path = Path(os.devnull), seconds: float = 120, **environment: str) -> int:
    """Runs a program to its end and returns how it ended: its exit code, or the signal that killed it, negative."""
    process = start(program, *words, output=output, **environment)
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"{words} took over {seconds} seconds")
    return process.exitcode


def _become(program: str, words: tuple[str, ...], environment: dict[str, str], output: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.argv = ["ap-ledger", *words]
    exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A service of a data folder on a free port of this machine, gone at the end."""
    port = free_port()
    process = start(PROGRAM, "serve", "--data", str(folder), "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(process, url)
        yield url
    finally:
        process.terminate()
        process.join(60)


def _wait_until_ready(process: BaseProcess, url: str) -> None:
    end = time.monotonic() + READY_WITHIN
    while not is_ready(url):
        assert process.is_alive() and time.monotonic() < end, "the service did not start"
        # Nobody else says when it listens; its end is waited for meanwhile.
        process.join(0.05)


def is_ready(url: str) -> bool:
    """Whether a service answers at its address and says that it is ready."""
    try:
        urllib.request.urlopen(f"{url}/health/ready", timeout=30).close()
    except OSError:
        return False
    return True

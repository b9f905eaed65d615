"""Places that take seconds to make: each is made once in a run of the suite, whichever worker asks first, and copied."""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ap_ledger.cli import demo
from ap_ledger.cli.example import Story
from ap_ledger.settings import read_settings

Examples = Callable[[Path, int, int, int, date], Story]
"""Copies the example of so many students and weeks, with a seed and a last day, into a new folder. Returns its story."""


def copied(run: Path, name: str, folder: Path, make: Callable[[Path], Story]) -> Story:
    """Copies the place of a name into a new folder. `make` makes it when nobody in this run has."""
    model = run / name
    with (run / f"{name}.lock").open("w") as lock:
        # Another worker that needs the same waits until it is whole; one that died left no story, and it is made anew.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (model / "story").exists():
            shutil.rmtree(model, ignore_errors=True)
            model.mkdir()
            story = make(model / "data")
            (model / "making").write_bytes(pickle.dumps(story))
            (model / "making").rename(model / "story")
    shutil.copytree(model / "data", folder)
    told: Story = pickle.loads((model / "story").read_bytes())
    return told


def copied_example(run: Path, folder: Path, students: int, weeks: int, seed: int, until: date) -> Story:
    """Copies an example setting as `ap-ledger demo` makes it."""

    def make(place: Path) -> Story:
        return demo.make_example(read_settings(data=place), students, weeks, seed, until, lambda *_: None)

    return copied(run, f"example-{students}-{weeks}-{seed}-{until}", folder, make)


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of this run of the suite share."""
    base = factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base

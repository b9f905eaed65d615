from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from ap_ledger.settings import Settings
from ap_ledger.stores.accounts import accounts
from tests.browsing import PHONE, TABLET, Place, open_place
from tests.databases import dropped, own_server
from tests.examples import Examples, copied_example, run_folder
from tests.house import Clock, House, settings_for

hypothesis_settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=40)
hypothesis_settings.register_profile("nightly", deadline=None, suppress_health_check=list(HealthCheck), max_examples=2_000)
hypothesis_settings.load_profile(os.environ.get("AP_LEDGER_HYPOTHESIS", "suite"))

REAL_HASHES = accounts._PASSWORDS

for name in [name for name in os.environ if name.startswith("AP_LEDGER_") and not name.startswith(("AP_LEDGER_TEST", "AP_LEDGER_SAMPLE"))]:
    del os.environ[name]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server: the one that AP_LEDGER_TEST_POSTGRES names, or one of our own from a wheel."""
    if named := os.environ.get("AP_LEDGER_TEST_POSTGRES"):
        with dropped(for_all=True):
            yield named
        return
    with own_server() as url:
        yield url


@pytest.fixture(autouse=True)
def _databases_go() -> Iterator[None]:
    """What a test made on the server goes with it."""
    with dropped():
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Passwords hashed as always, at the lowest cost: what is made to be slow would be a tenth of the suite's time."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_PASSWORDS", quick)
        yield


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed at the cost that they have in use."""
    monkeypatch.setattr(accounts, "_PASSWORDS", REAL_HASHES)


def _first(*names: str) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)


WHOLE_CHROMIUM = _first("chromium", "google-chrome", "chromium-browser")
CHROMIUM = _first("chromium-headless-shell") or WHOLE_CHROMIUM
"""The shell of it, which draws the same pages with a quarter less of a core, where this machine has it."""
FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's own Chromium; nothing is downloaded. Without one its tests skip, except where it must be there."""
    if CHROMIUM is None:
        if os.environ.get("AP_LEDGER_TEST_BROWSER") == "required":
            pytest.fail("there is no Chromium on this machine, and AP_LEDGER_TEST_BROWSER says that there must be")
        pytest.skip("there is no Chromium on this machine")
    # As root Chromium cannot make its sandbox; the pages it opens here are our own.
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]}


@pytest.fixture(scope="session")
def chromium(launch_browser: Callable[..., Any]) -> Iterator[Any]:
    """A Chromium, for modules whose own `browser` is signed in."""
    made = launch_browser()
    yield made
    made.close()


@pytest.fixture(scope="session")
def whole_chromium(launch_browser: Callable[..., Any]) -> Iterator[Any]:
    """One with all that people's browsers have, of which the shell lacks the sync that goes on behind closed pages."""
    if WHOLE_CHROMIUM is None:
        if os.environ.get("AP_LEDGER_TEST_BROWSER") == "required":
            pytest.fail("there is the shell of Chromium alone on this machine, and AP_LEDGER_TEST_BROWSER asks for the whole")
        pytest.skip("there is the shell of Chromium on this machine, and not the whole of it")
    made = launch_browser(executable_path=WHOLE_CHROMIUM)
    yield made
    made.close()


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    """Copies example settings, each of which is made once in a run."""
    return partial(copied_example, run_folder(tmp_path_factory))


@pytest.fixture(scope="module")
def shared_place(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Place]:
    """A served setting of 8 students, for a module whose tests log in it."""
    with open_place(run_folder(tmp_path_factory), tmp_path_factory.mktemp("place") / "data") as made:
        yield made


@pytest.fixture
def place(shared_place: Place) -> Place:
    """The served setting, its network well, and what it holds from here on."""
    shared_place.chaos.go("ok")
    shared_place.mark()
    return shared_place


@pytest.fixture
def browsers(chromium: Any, place: Place) -> Iterator[Callable[..., Any]]:
    """Makes browsers on enrolled devices, or on none, in which somebody is signed in: on a phone the mentor, else a teacher."""
    yield from _browsers(chromium, place)


@pytest.fixture
def whole_browsers(whole_chromium: Any, place: Place) -> Iterator[Callable[..., Any]]:
    """The same in a whole Chromium."""
    yield from _browsers(whole_chromium, place)


def _browsers(chromium: Any, place: Place) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(person: UUID | None = None, kind: str | None = "tablet", **more: Any) -> Any:
        device, credential = place.device(kind) if kind else (None, "")
        context = chromium.new_context(**{**(PHONE if kind == "phone" else TABLET), **more})
        context.add_cookies(place.cookies(person or (place.mentor if kind == "phone" else place.staff), device, credential))
        context.device = device
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


DATABASES = ("sqlite", "postgres")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it runs on both databases."""
    return str(request.param)


@pytest.fixture
def settings(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    postgres = request.getfixturevalue("postgres") if database == "postgres" else None
    return settings_for(database, tmp_path / "data", postgres)


@pytest.fixture
def make_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Makes furnished houses, and closes them. The first is a copy; those after it are ledgers of their own."""
    made: list[House] = []

    def make(kind: str = "sqlite", **more: Any) -> House:
        postgres = request.getfixturevalue("postgres") if kind == "postgres" else None
        folder = tmp_path / f"data{len(made)}"
        house = House(settings_for(kind, folder, postgres, **more), Clock()).furnish() if made else House.furnished(kind, folder, postgres, **more)
        made.append(house)
        return house

    yield make
    for house in made:
        house.close()


@pytest.fixture
def house(database: str, make_house: Callable[..., House]) -> House:
    """A furnished house on each database."""
    return make_house(database)

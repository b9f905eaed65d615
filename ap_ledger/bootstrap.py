"""The one place where everything is put together: for the service, the command line, the jobs and the tests alike.

`open_ledger` gives the ledger alone, `open_installation` also whatever works on it, `open_service` the read models too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import EventStore

from ap_ledger.commands.administrators import Administrators
from ap_ledger.commands.effects import Effects
from ap_ledger.commands.executing import Executor
from ap_ledger.commands.proposals import Proposals
from ap_ledger.commands.two_people import TwoPeople
from ap_ledger.commands.ways_in import WaysIn
from ap_ledger.events.moments import microseconds
from ap_ledger.persistence.chain import EndProof
from ap_ledger.persistence.proving import stands
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.recording.access_facts import AccessFacts
from ap_ledger.recording.answering import Answering
from ap_ledger.recording.changes import Changes
from ap_ledger.recording.clock import SystemClock, Timekeeper, stamp
from ap_ledger.recording.door import Door
from ap_ledger.recording.judging import Judges
from ap_ledger.recording.ledger import Ledger
from ap_ledger.recording.looks import Looks
from ap_ledger.recording.memory import Memory
from ap_ledger.recording.published import Published
from ap_ledger.recording.same_child import SameChild
from ap_ledger.recording.sending import Sending
from ap_ledger.recording.states import States
from ap_ledger.recording.waiting import Waiting
from ap_ledger.settings import Settings
from ap_ledger.stores.accounts.accounts import Accounts
from ap_ledger.stores.creating import create_ledger, ledger_recorder
from ap_ledger.stores.held.drafts import Drafts
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.held.sealing import HeldSealer
from ap_ledger.stores.jobs import JobStore
from ap_ledger.stores.keyring.keyring import Key, Keyring
from ap_ledger.stores.keyring.told_keys import newest_owner, told_by
from ap_ledger.stores.mapper import LedgerMapper, RulesMapper
from ap_ledger.stores.notices.notices import NoticeStore
from ap_ledger.stores.upgrading import require_current_ledger
from projections import PROJECTIONS
from projections.queries.reading import Reader
from projections.runner import Runner
from projections.views import Views

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Installation:
    """The ledger, the stores beside it, and what works on both. Closing the ledger lets go of all of them."""

    settings: Settings
    ledger: Ledger
    accounts: Accounts
    drafts: Drafts
    proposals: Proposals
    ways_in: WaysIn


@dataclass(frozen=True)
class Service(Installation):
    """An installation with its read models and the runner that keeps them up to date, what ran by itself, and what
    people are told of."""

    views: Views
    runner: Runner
    reader: Reader
    jobs: JobStore
    notices: NoticeStore

    def close(self) -> None:
        """Stops the runner and lets go of every store."""
        self.runner.stop()
        with ExitStack() as stores:
            stores.callback(self.notices.close)
            stores.callback(self.jobs.close)
            stores.callback(self.views.close)
            stores.callback(self.ledger.close)


class _Rows(NamedTuple):
    """The ledger's rows, what opens and proves them, and the states that the rules go by."""

    clock: Clock
    recorder: LedgerRecorder
    keyring: Keyring
    own: Key
    end_proof: EndProof
    memory: Memory
    time: Timekeeper
    rules_mapper: RulesMapper
    states: States
    access_facts: AccessFacts


class _Stores(NamedTuple):
    """The stores beside the ledger."""

    held: HeldStore
    drafts: Drafts
    accounts: Accounts


class _Commands(NamedTuple):
    """What commands go through."""

    two_people: TwoPeople
    administrators: Administrators
    effects: Effects
    same_child: SameChild
    executor: Executor


def open_ledger(settings: Settings, clock: Clock | None = None) -> Ledger:
    """Opens a ledger, finishes what a crash left half done, and settles what waited for entries that have arrived.

    `clock` gives aware datetimes; it is handed in so that tests and the example setting can live through other days.
    Without one it is this machine's, which is watched. Raises SetupError or KeyringError.
    """
    return open_installation(settings, clock).ledger


def open_installation(settings: Settings, clock: Clock | None = None) -> Installation:
    """Opens a ledger as `open_ledger` does, with what works on it."""
    stores = ExitStack()
    try:
        installation = _put_together(settings, clock or SystemClock(), stores)
    except BaseException:
        stores.close()
        raise
    try:
        _finish(installation.ledger)
    except BaseException:
        installation.ledger.let_go()
        raise
    return installation


def open_service(settings: Settings, clock: Clock | None = None) -> Service:
    """Opens everything. Close it."""
    with ExitStack() as opened:
        installation = open_installation(settings, clock)
        opened.callback(installation.ledger.close)
        jobs = JobStore(settings)
        opened.callback(jobs.close)
        notices = NoticeStore(settings, installation.ledger.keyring.own())
        opened.callback(notices.close)
        views = Views(settings.sqlalchemy_url("views"), settings.connections)
        opened.pop_all()
    ledger = installation.ledger
    runner, reader = Runner(ledger.recorder, views, PROJECTIONS), Reader(ledger, views)
    return Service(**vars(installation), views=views, runner=runner, reader=reader, jobs=jobs, notices=notices)


def _put_together(settings: Settings, clock: Clock, opened: ExitStack) -> Installation:
    require_current_ledger(settings)
    rows = _open_rows(settings, clock, opened)
    stores = _open_stores(settings, rows, opened)
    events = EventStore(LedgerMapper(rows.keyring), rows.recorder)
    commands = _commands(rows, stores, events)
    ledger = _ledger(rows, stores, commands, events, opened)
    return Installation(
        settings,
        ledger,
        stores.accounts,
        stores.drafts,
        Proposals(commands.executor, rows.states, commands.two_people),
        WaysIn(ledger, stores.accounts, commands.two_people, commands.administrators),
    )


def _open_rows(settings: Settings, clock: Clock, opened: ExitStack) -> _Rows:
    recorder = ledger_recorder(settings, lambda: microseconds(stamp(clock)))
    opened.callback(recorder.close)
    head, ledger_id = recorder.read_head(), recorder.ledger_id()
    recorder.writer.newest = head.recorded_at
    keyring = Keyring.open(settings, ledger_id, newest_owner(recorder, head.keys_position))
    opened.callback(keyring.close)
    own = keyring.own()
    end_proof = EndProof(own.raw, ledger_id)
    recorder.writer.prove_with(end_proof)
    memory = Memory(keyring.engine, recorder, end_proof)
    time = Timekeeper(clock, lambda: recorder.writer.newest, memory.trusted_stamp)
    rules_mapper = RulesMapper(keyring)
    states = States(EventStore(rules_mapper, recorder), recorder, keyring)
    access_facts = AccessFacts(states, clock)
    return _Rows(clock, recorder, keyring, own, end_proof, memory, time, rules_mapper, states, access_facts)


def _open_stores(settings: Settings, rows: _Rows, opened: ExitStack) -> _Stores:
    states, told = rows.states, partial(told_by, rows.recorder)
    sealer = HeldSealer(rows.keyring, lambda student: states.student(student) is not None, rows.own, told)
    store = HeldStore(settings, sealer)
    opened.callback(store.close)
    drafts = Drafts(settings, rows.keyring)
    opened.callback(drafts.close)
    accounts = Accounts(settings, rows.own, rows.clock)
    opened.callback(accounts.close)
    return _Stores(store, drafts, accounts)


def _commands(rows: _Rows, stores: _Stores, events: EventStore[UUID]) -> _Commands:
    recorder, keyring, states = rows.recorder, rows.keyring, rows.states
    two_people = TwoPeople(states, rows.access_facts, stores.accounts, recorder, rows.clock)
    administrators = Administrators(states, rows.access_facts, stores.accounts, recorder)
    proved = partial(stands, recorder, rows.end_proof)
    effects = Effects(states, recorder, keyring, *stores, two_people, administrators, rows.own, proved)
    same_child = SameChild(recorder, keyring, rows.rules_mapper, states, rows.own)
    executor = Executor(rows.time, events, recorder, keyring, states, effects, same_child)
    return _Commands(two_people, administrators, effects, same_child, executor)


def _ledger(rows: _Rows, stores: _Stores, commands: _Commands, events: EventStore[UUID], opened: ExitStack) -> Ledger:
    time, recorder, keyring, states, held = rows.time, rows.recorder, rows.keyring, rows.states, stores.held
    door, judges = Door(states, keyring), Judges(states, rows.access_facts, stores.accounts)
    answering = Answering(recorder, keyring, Changes(door, states, recorder), held)
    waiting = Waiting(time, recorder, keyring, held, door, judges, answering)
    sending = Sending(time, recorder, keyring, held, door, judges, answering, waiting)
    return Ledger(
        clock=rows.clock,
        time=time,
        events=events,
        recorder=recorder,
        keyring=keyring,
        end_proof=rows.end_proof,
        memory=rows.memory,
        held=held,
        states=states,
        access_facts=rows.access_facts,
        published=Published(states, recorder),
        same_child=commands.same_child,
        looks=Looks(time, events, states),
        effects=commands.effects,
        executor=commands.executor,
        sending=sending,
        waiting=waiting,
        stores=opened,
    )


def _finish(ledger: Ledger) -> None:
    ledger.held.name_anew()
    ledger.effects.redo()
    ledger.held.seal_anew(ledger.clock())
    fault = ledger.time.fault()
    if fault is None or not fault.refused:
        # What ends by the clock, and what would be stamped with it, waits for one that can be believed.
        ledger.held.end_lives(ledger.clock())
        ledger.waiting.release_all()


__all__ = ["Installation", "Service", "create_ledger", "open_installation", "open_ledger", "open_service"]

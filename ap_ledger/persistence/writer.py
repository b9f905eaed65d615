"""The one thread that writes: it takes what is waiting, stores it in one transaction, and answers each sender."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol
from uuid import UUID

from ap_ledger.errors import Busy, EndNotProved, SetupError
from ap_ledger.events import RULELESS_TOPICS
from ap_ledger.persistence.chain import EndProof, links_of
from ap_ledger.persistence.rows import Appended, Head, Known, Outcome, Row, Taken, Unit

GROUP_LIMIT = 5_000
"""Rows taken into one transaction at most, so that nobody waits long behind a flood."""


class WriteStore(Protocol):
    """What the writer asks of a database, inside `writing()`, which commits at its end or rolls back."""

    def writing(self) -> AbstractContextManager[None]: ...

    def lock_head(self, ids: Sequence[UUID]) -> tuple[Head, dict[UUID, Known]]: ...

    def last_versions(self, streams: Sequence[UUID]) -> dict[UUID, int]: ...

    def append(self, rows: Sequence[Row], links: Sequence[bytes], before: Head, after: Head) -> None: ...

    def close_writing(self) -> None: ...


class _Job(NamedTuple):
    units: Sequence[Unit]
    future: Future[list[Outcome]]


class GroupCommitWriter:
    """Stores units in the order they came, many senders to one commit, at most `limit` rows waiting.

    The answer to a sender is set only after the commit that holds its rows.
    """

    def __init__(self, store: WriteStore, now: Callable[[], int], limit: int) -> None:
        self._store = store
        self._now = now
        self._limit = limit
        self._proof: EndProof | None = None
        self.newest = 0
        """When the newest row that this process knows of was recorded."""
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._condition = threading.Condition()
        self._closing = False
        self._listeners: list[Callable[[int], None]] = []
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Asks to be told the last position after each commit. A hint: it must be quick and must not fail."""
        self._listeners.append(listener)

    def prove_with(self, proof: EndProof) -> None:
        """Hands over what proves each new end of the ledger. Nothing can be written without it."""
        self._proof = proof

    def submit(self, units: Sequence[Unit]) -> Future[list[Outcome]]:
        """Puts units in the queue; the future holds one outcome for each.

        Raises Busy at once when too much is waiting.
        """
        future: Future[list[Outcome]] = Future()
        rows = sum(len(unit.rows) for unit in units)
        with self._condition:
            if self._closing:
                raise Busy(5)
            if self._waiting and self._waiting + rows > self._limit:
                raise Busy()
            self._waiting += rows
            self._jobs.append(_Job(units, future))
            self._condition.notify()
        return future

    @property
    def waiting(self) -> int:
        """Rows in the queue, including those in the transaction under way."""
        return self._waiting

    def close(self) -> None:
        """Stores what is waiting, then stops."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()
        self._store.close_writing()

    def _run(self) -> None:
        while group := self._take():
            self._write(group)
            with self._condition:
                self._waiting -= sum(len(unit.rows) for job in group for unit in job.units)

    def _take(self) -> list[_Job]:
        with self._condition:
            while not self._jobs and not self._closing:
                self._condition.wait()
            group: list[_Job] = []
            rows = 0
            while self._jobs and rows < GROUP_LIMIT:
                job = self._jobs.popleft()
                rows += sum(len(unit.rows) for unit in job.units)
                group.append(job)
            return group

    def _write(self, group: list[_Job]) -> None:
        try:
            with self._store.writing():
                answers, last = self._append([unit for job in group for unit in job.units])
        except Exception as error:
            # One impossible job must not take its neighbours down with it, so each is tried alone.
            if len(group) > 1 and not isinstance(error, Busy):
                for job in group:
                    self._write([job])
                return
            for job in group:
                job.future.set_exception(error)
            return
        start = 0
        for job in group:
            end = start + len(job.units)
            job.future.set_result(answers[start:end])
            start = end
        for listener in self._listeners:
            listener(last)

    def _append(self, units: Sequence[Unit]) -> tuple[list[Outcome], int]:
        head, known = self._store.lock_head([unit.id for unit in units])
        proof = self._proof_behind(head)
        versions = self._store.last_versions(
            [row.originator_id for unit in units for row in unit.rows[:1] if row.command_id is not None]
        )
        answers: list[Outcome] = []
        rows: list[Row] = []
        rules, keys = head.rules_position, head.keys_position
        for unit in units:
            before = known.get(unit.id)
            if before is not None:
                answers.append(before)
                continue
            first = unit.rows[0]
            # An entry is its own stream, so its id was all there was to ask; the rest must come next in their stream.
            if first.command_id is not None:
                if versions.get(first.originator_id, 0) + 1 != first.originator_version:
                    answers.append(Taken())
                    continue
                versions[first.originator_id] = unit.rows[-1].originator_version
            position = head.position + len(rows) + 1
            rows.extend(unit.rows)
            known[unit.id] = Known(position, first.fingerprint)
            if first.topic not in RULELESS_TOPICS:
                rules = head.position + len(rows)
                if unit.rows[-1].topic == "key-made":
                    keys = rules
            answers.append(Appended(position))
        self.newest = max(self.newest, head.recorded_at)
        if rows:
            self.newest = recorded_at = max(self._now(), head.recorded_at)
            links = links_of(rows, head.position + 1, recorded_at, head.chain)
            after = Head(head.position + len(rows), recorded_at, rules, keys, links[-1], b"")
            self._store.append(rows, links, head, after._replace(proof=proof.of(after)))
        return answers, head.position + len(rows)

    def _proof_behind(self, head: Head) -> EndProof:
        """What proves the next end.

        Nothing is written after one that somebody else wrote: a new proof over it would hide what was done.
        """
        if self._proof is None:
            raise SetupError("This ledger was opened without its keyring, so nothing can be written to it.")
        if head.position and not self._proof.holds(head):
            raise EndNotProved
        return self._proof

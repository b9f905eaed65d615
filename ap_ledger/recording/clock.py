"""The ledger's time: what the clock says, whether it can be believed, and the moment up to which is read.

A clock that was handed in (by tests, by the example setting) is believed. This machine's own is compared with one that
nobody can set, and with the newest entry: what a wrong clock stamps lies on a wrong day, and what comes after it waits
to be seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ap_ledger.errors import WrongClock
from ap_ledger.events.moments import moment

NOTICED = timedelta(minutes=5)
"""How far a clock may be off before it is said."""
REFUSED = timedelta(minutes=30)
"""How far a clock may be off before nothing is stamped with it."""
WAVER = 0.0002
"""How much of the time that went by a clock may be put right by without a word: 17 seconds a day."""
AHEAD = (
    "The clock of this machine was set forward by {much} while AP Ledger was running. Set it right; if it is right "
    "now, restart AP Ledger."
)
BACK = (
    "The clock of this machine was set back by {much} while AP Ledger was running. Set it right; if it is right "
    "now, restart AP Ledger."
)
BEHIND = (
    "The clock of this machine is {much} behind the newest entry. Set it right; if it is right, and was wrong when "
    "that entry was recorded, "
    "run: ap-ledger clock --it-is-right"
)
NOT_RECORDED = " Until then nothing is recorded. Nothing is lost: what was logged is kept on its device and sent again."


class ClockFault(NamedTuple):
    """What is wrong with the clock, in a sentence, and whether it is so wrong that nothing is recorded."""

    sentence: str
    refused: bool


def _now() -> datetime:
    return datetime.now(UTC)


def _elapsed() -> float:
    """Seconds by a clock that nobody can set, and that goes on while the machine sleeps where the system has one that
    does."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SystemClock:
    """This machine's clock, and how far it was set since this process began."""

    def __init__(self, now: Callable[[], datetime] = _now, elapsed: Callable[[], float] = _elapsed) -> None:
        self._now, self._elapsed = now, elapsed
        self._went_evenly, self._looked = (now(), elapsed()), elapsed()

    def __call__(self) -> datetime:
        return self._now()

    def jumped(self) -> timedelta:
        """How far the clock was set forward (or back, if negative) since it was last found to go evenly.

        Steps add up, however small each of them is.
        """
        now, elapsed = self._now(), self._elapsed()
        jumped = now - self._went_evenly[0] - timedelta(seconds=elapsed - self._went_evenly[1])
        if abs(jumped) < NOTICED:
            # Clocks waver, and are put right by seconds; months of that are no jump.
            forgiven = timedelta(seconds=(elapsed - self._looked) * WAVER)
            jumped = (
                max(jumped - forgiven, timedelta(0)) if jumped > timedelta(0) else min(jumped + forgiven, timedelta(0))
            )
            self._went_evenly = (now - jumped, elapsed)
        self._looked = elapsed
        return jumped


class Timekeeper:
    """Judges the clock that a ledger was given.

    `newest` is when the newest entry was recorded, in microseconds; `trusted` the newest such stamp of which somebody
    said that the clock was wrong then.
    """

    def __init__(self, clock: Callable[[], datetime], newest: Callable[[], int], trusted: Callable[[], int]) -> None:
        self._clock, self._newest, self._trusted = clock, newest, trusted

    def fault(self) -> ClockFault | None:
        """What is wrong with the clock, None where nothing is."""
        if not isinstance(self._clock, SystemClock):
            return None
        jumped, newest = self._clock.jumped(), self._newest()
        behind = moment(newest) - self._clock()
        if abs(jumped) >= NOTICED:
            return _fault(AHEAD if jumped > timedelta(0) else BACK, abs(jumped))
        if behind >= NOTICED and newest > self._trusted():
            return _fault(BEHIND, behind)
        return None

    def require(self) -> None:
        """Raises WrongClock where the clock is so wrong that nothing may be stamped with it."""
        fault = self.fault()
        if fault is not None and fault.refused:
            raise WrongClock(fault.sentence)

    def now(self) -> datetime:
        """What the clock says."""
        return self._clock()

    def stamp(self) -> datetime:
        """The time to stamp what must be kept even now: that somebody looked."""
        return stamp(self._clock)


def stamp(clock: Callable[[], datetime]) -> datetime:
    """What a clock says, never ahead of what has really gone by."""
    jumped = clock.jumped() if isinstance(clock, SystemClock) else timedelta(0)
    return clock() - jumped if jumped >= REFUSED else clock()


def _fault(sentence: str, much: timedelta) -> ClockFault:
    refused = much >= REFUSED
    return ClockFault(sentence.format(much=_in_words(much)) + (NOT_RECORDED if refused else ""), refused)


def _in_words(much: timedelta) -> str:
    minutes = much // timedelta(minutes=1)
    # Two of the larger unit at least, so that "1 day" is never said of forty hours.
    for size, word in ((1440, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes // size} {word}"
    return f"{minutes} minutes"

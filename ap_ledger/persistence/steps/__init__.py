"""The numbered steps of every store, in the order in which stores are brought up to date: the keyring comes first,
because steps of the others may need keys."""

from __future__ import annotations

from collections.abc import Mapping

from ap_ledger.persistence.migrations import Step
from ap_ledger.persistence.steps import accounts, held, jobs, keyring, ledger, notices

STEPS_OF: Mapping[str, tuple[Step, ...]] = {
    "keyring": keyring.STEPS,
    "ledger": ledger.STEPS,
    "held": held.STEPS,
    "accounts": accounts.STEPS,
    "jobs": jobs.STEPS,
    "notices": notices.STEPS,
}
MADE_BY: Mapping[str, int] = {"jobs": 4, "notices": 5}
"""Stores that 0.1.0 did not have, each with the version of the ledger from which on it lies beside it.

A step of the ledger makes such a store: where the ledger is older it was never there, and elsewhere it was lost.
"""

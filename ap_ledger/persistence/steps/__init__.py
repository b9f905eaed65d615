"""The numbered steps of every store, in the order in which stores are brought up to date: the keyring comes first,
because steps of the others may need keys."""

from __future__ import annotations

from collections.abc import Mapping

from ap_ledger.persistence.migrations import Step
from ap_ledger.persistence.steps import accounts, held, keyring, ledger

STEPS_OF: Mapping[str, tuple[Step, ...]] = {
    "keyring": keyring.STEPS,
    "ledger": ledger.STEPS,
    "held": held.STEPS,
    "accounts": accounts.STEPS,
}

"""The steps of the store `keyring`, oldest first. A step is never changed once it was released; a new one goes to the end."""

from __future__ import annotations

from ap_ledger.persistence.migrations import Step

STEPS: tuple[Step, ...] = ()

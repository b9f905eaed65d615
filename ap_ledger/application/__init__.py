"""The one door to record facts: the Ledger, its mapper, its keyring, and what it holds back."""

from ap_ledger.application.creating import create_ledger
from ap_ledger.application.ledger import Executed, Ledger, open_ledger
from ap_ledger.application.results import Receipt, Result

__all__ = ["Executed", "Ledger", "Receipt", "Result", "create_ledger", "open_ledger"]

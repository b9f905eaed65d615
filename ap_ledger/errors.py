"""Every error a person may meet, as one tree. Each message says what to do and holds nothing personal.

LedgerError
├── Refused                    a rule said no; carries a code of the contract
│   └── NotYet                 may be right later: the thing it changes has not arrived
├── SignInRefused              who somebody is could not be proved; never says which part was wrong
│   ├── NotAllowedNow          too many tries; wait
│   └── DamagedAccount         what is kept to prove it cannot be read
├── CommandConflict            the same id was used for something else
├── Busy                       something cannot be used just now; says what, and when to try again
│   ├── StoreFault             a store is full, damaged or incomplete; says which, until somebody mends it
│   ├── EndNotProved           somebody without the keyring wrote the end of the ledger
│   └── WrongClock             this machine's clock cannot be believed
├── Unreadable                 a stored row cannot be read
│   ├── TamperedRow            a sealed text was moved or changed
│   └── UnreadableKey          a key is missing from the keyring, or opens under no master key at hand
├── KeyringError               the sealing keys are missing or do not fit
├── DefinitionError            a framework file has faults; lists every one
├── RosterFault                a file of students or staff cannot be read; says what to do
└── SetupError                 the installation is incomplete; says how to mend it
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID


class LedgerError(Exception):
    """The root: catching it catches everything this project raises on purpose."""


class Refused(LedgerError):
    """A rule said no. `code` is one of the contract's codes, `field` the field to mend, the message plain words."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class NotYet(Refused):
    """What this changes has not arrived here yet; it is kept and applied when it does."""


class SignInRefused(LedgerError):
    """A name, password, code, PIN or link was not good enough. The message never says which part was wrong."""


class NotAllowedNow(SignInRefused):
    """Too many tries in a short time."""


class DamagedAccount(SignInRefused):
    """What is kept of an account, a session or a link is not as it was written, so it proves nothing to anybody."""

    def __init__(self) -> None:
        super().__init__(
            "What is kept here to let you in was damaged, so it proves nothing. Ask for a new way in, as if it were "
            "lost; whoever looks after the "
            "machine runs: ap-ledger check"
        )


class CommandConflict(LedgerError):
    """The same id was sent before with other content; nothing was stored."""


QUEUE_FULL = "Too many entries are waiting to be written. Nothing of this send was stored; send it again shortly."


class Busy(LedgerError):
    """Something that is needed cannot be used just now; the message says what. `retry_after` is in seconds."""

    def __init__(self, retry_after: int = 1, message: str = QUEUE_FULL) -> None:
        super().__init__(message)
        self.retry_after = retry_after


StoreFaultKind = Literal["full", "disk", "read-only", "damaged", "lacking", "not-allowed"]


class StoreFault(Busy):
    """A store cannot be used until somebody mends it: its disk is full, say, or a table is missing.

    What was sent is kept where it is, as when something is busy. `kind` is what is wrong, as a word.
    """

    def __init__(self, retry_after: int, message: str, kind: StoreFaultKind) -> None:
        super().__init__(retry_after, message)
        self.kind = kind


class EndNotProved(Busy):
    """The end of the ledger was written by somebody without the keyring.

    Reading goes on; what devices hold waits with them.
    """

    def __init__(self) -> None:
        super().__init__(
            300,
            "The end of the ledger was written by somebody without its keyring, so nothing is recorded after it. "
            "Nothing is lost: what was not "
            "recorded is kept where it is. Somebody at the machine runs: ap-ledger check --deep",
        )


class WrongClock(Busy):
    """This machine's clock cannot be believed, so nothing is stamped with it. What devices hold waits with them."""

    def __init__(self, message: str) -> None:
        super().__init__(60, message)


class Unreadable(LedgerError):
    """A stored row cannot be read by this version of the program."""


class TamperedRow(Unreadable):
    """A sealed text does not belong to the row it stands beside, or was changed."""


class UnreadableKey(Unreadable):
    """One key is not in the keyring, or opens under no master key that is at hand.

    Nobody else's records are touched by it.
    """

    def __init__(self, key_id: UUID) -> None:
        super().__init__(
            f"The key {key_id} is not in the keyring, or opens under no master key that is at hand. Put the master key "
            "that was in use before "
            "beside the present one, or restore the keyring from a copy. Run: ap-ledger check"
        )
        self.key_id = key_id


class LostKey(UnreadableKey):
    """The keyring has no row of a key that the ledger names. A shredded key leaves its row, so this one was lost."""


class KeyringError(LedgerError):
    """The sealing keys are missing, or the master key does not fit them."""


class DefinitionError(LedgerError):
    """A framework file has faults. `faults` holds one sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class RosterFault(LedgerError):
    """A file of students or staff cannot be read at all. The sentence says what to do, and repeats nothing of it."""


class SetupError(LedgerError):
    """The installation is incomplete or wrong; the message says how to mend it."""


def as_sentence(fault: str) -> str:
    """What a validator said, as a sentence.

    Only the first letter is made a capital: the others may belong to names and patterns.
    """
    words = fault.removeprefix("Value error, ").rstrip(".")
    return f"{words[:1].upper()}{words[1:]}."

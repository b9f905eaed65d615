"""Who may do what to whom: one table, default deny. Pages, API, exports, jobs and reports all ask `may`.

`RULES` maps (role, action) to predicates, each of which says on which days of a student's record it holds; what all of
them leave is what is open, so that nobody reads outside their own time. What is not in the table is refused.
`FORBIDDEN` stands above it: no role gets past a conflict of interest or a legal hold. What no single line of the table
says stands in `rules`. Everything here is pure: relations are handed in, looked up only when a predicate asks for them.
The matrix in docs/access.md is generated from this package.
"""

from ap_ledger.access.answers import days_open, lets, may, may_open, may_somewhere, settings_where, words_action
from ap_ledger.access.commands import COMMAND_ACTIONS, DEED_ACTIONS
from ap_ledger.access.shapes import About, Grant, Predicate, Relations, Via, Who
from ap_ledger.access.table import (
    ACTIONS,
    DEVICE,
    FORBIDDEN,
    LOGGING,
    ROLES,
    RULES,
    SCOPES,
    TEXT_DAYS,
)

__all__ = [
    "ACTIONS",
    "COMMAND_ACTIONS",
    "DEED_ACTIONS",
    "DEVICE",
    "FORBIDDEN",
    "LOGGING",
    "ROLES",
    "RULES",
    "SCOPES",
    "TEXT_DAYS",
    "About",
    "Grant",
    "Predicate",
    "Relations",
    "Via",
    "Who",
    "days_open",
    "lets",
    "may",
    "may_open",
    "may_somewhere",
    "settings_where",
    "words_action",
]

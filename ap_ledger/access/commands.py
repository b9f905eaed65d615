"""The action of the table that each command is."""

from __future__ import annotations

from collections.abc import Mapping

COMMAND_ACTIONS: Mapping[str, str | None] = {
    "open-setting": "open-setting", "add-place": "manage-setting", "add-commissioner": "manage-setting",
    "set-calendar": "manage-setting",
    "set-timetable": "manage-setting", "set-incident-categories": "manage-setting", "set-retention": "set-retention",
    "match-columns": "bring-in", "set-brand-colour": "manage-setting", "set-logo": "manage-setting",
    "set-quiet-hours": "manage-setting",
    "correct-setting": "manage-setting", "correct-place": "manage-setting", "correct-commissioner": "manage-setting",
    "withdraw-setting-fact": "manage-setting", "withdraw-student-fact": "manage-students",
    "add-person": "manage-people", "rename-person": "manage-people", "grant-role": "manage-people",
    "end-role": "manage-people", "declare-conflict": "manage-students",
    "end-conflict": "manage-students",
    "join-students": "manage-students", "part-students": "manage-students",
    "admit-student": "manage-students", "identify-student": "manage-students", "expect-student": "manage-students",
    "start-placement": "manage-students",
    "change-placement": "manage-students", "correct-placement": "manage-students",
    "correct-admission": "manage-students",
    "end-placement": "manage-students", "commission-sessions": "manage-students",
    "assign-key-worker": "manage-students", "assign-mentor": "manage-students", "group-student": "manage-students",
    "note-needs": "manage-students", "note-contacts": "manage-students", "note-consent": "manage-students",
    "set-own-items": "record",
    "note-address": "plan-visits", "flag-address": "plan-visits", "plan-visit": "plan-visits",
    "change-visit": "plan-visits", "cancel-visit": "plan-visits",
    "link-family": "manage-students", "unlink-family": "manage-students", "release-to-family": "manage-students",
    "end-clock": "end-clock", "resume-clock": "end-clock", "end-review": "end-clock", "resume-review": "end-clock",
    "release-report": "make-reports", "withdraw-report": "make-reports",
    "set-hold": "set-hold", "lift-hold": "lift-hold",
    "publish-framework": "publish-framework", "retire-framework": "publish-framework",
    "revoke-device": "manage-devices",
    "acknowledge-worry": "work-safeguarding", "open-case": "work-safeguarding", "take-in-worry": "work-safeguarding",
    "link-child": "work-safeguarding", "unlink-child": "work-safeguarding", "write-case-note": "work-safeguarding",
    "set-case-action": "work-safeguarding", "finish-case-action": "work-safeguarding",
    "decide-case": "work-safeguarding", "refer-case": "work-safeguarding", "answer-referral": "work-safeguarding",
    "name-case-reader": "work-safeguarding", "end-case-reader": "work-safeguarding",
    "close-case": "work-safeguarding", "reopen-case": "work-safeguarding", "export-case": "work-safeguarding",
    # These have ways of their own, because they need a second person or a secret that is shown once.
    "shred-key": None, "excise-text": None, "allow-recovery": None, "enrol-device": None,
    "propose-deed": None, "approve-deed": None, "decline-deed": None,
}  # fmt: skip
"""The action that each command is. One without an action is never taken as a bare command over the network."""

DEED_ACTIONS: Mapping[str, tuple[str, str]] = {
    "shred-key": ("propose-erasure", "approve-erasure"),
    "excise-text": ("propose-erasure", "approve-erasure"),
    "grant-role": ("propose-people", "approve-people"),
    "allow-recovery": ("propose-people", "approve-people"),
}
"""For every deed that takes two people, the action of whoever proposes it and of whoever approves it."""

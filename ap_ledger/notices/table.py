"""The table of notices: what makes one, who is told, and where it leads. A new kind of notice is a row of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ap_ledger.access import Who, may
from ap_ledger.access.rules import may_approve, may_read_case, may_read_report, may_settle, may_work_case
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.entries import IncidentRecorded
from ap_ledger.events.proposal import DeedProposed
from ap_ledger.events.report import ReportReleased
from ap_ledger.notices import sources
from ap_ledger.notices.shapes import Happening, Looked, Notice, Recorded, Said, who_may


def _reads_it(who: Who, happening: Happening) -> bool:
    """Whoever a report was released to. Those who make reports know what they released."""
    return may_read_report(who, happening.what) and not may(who, "make-reports", happening.about)


def _leads(who: Who, happening: Happening) -> bool:
    """Whoever sees everybody's visits."""
    return may(who, "see-visits", happening.about)


NOTICES: tuple[Notice, ...] = (
    Notice(
        name="worry",
        one="A worry came in",
        many="{count} worries came in",
        source=Recorded((SealedRecord.TOPIC,), sources.worry),
        whom=who_may("read-safeguarding-words"),
        shown_to="read-safeguarding-words",
        page="/safeguarding",
        urgent=True,
        # Who wrote it is what a device says: in nobody's name can a worry be sent past them.
        author_too=True,
    ),
    Notice(
        name="no-check-out",
        one="Somebody has not checked out of a visit yet",
        many="{count} visits have no check-out yet",
        source=Looked(sources.not_checked_out, every=timedelta(minutes=1)),
        # The buddy is told first, and who that is stands in what happened; whoever leads is told a quarter of an hour
        # later.
        whom=lambda who, happening: who.person_id == happening.what if happening.what else _leads(who, happening),
        shown_to="record",
        page="/",
        urgent=True,
    ),
    Notice(
        name="restrictive-incident",
        one="A restrictive incident was recorded",
        many="{count} restrictive incidents were recorded",
        source=Recorded((IncidentRecorded.TOPIC,), sources.restrictive),
        whom=who_may("record-for-others"),
        shown_to="record-for-others",
        page="/incidents",
        author_too=True,
    ),
    Notice(
        name="safeguarding-due",
        one="Something in safeguarding is due",
        many="{count} things in safeguarding are due",
        source=Looked(sources.due_in_safeguarding, every=timedelta(hours=1)),
        whom=lambda who, happening: may_work_case(who, happening.what),
        shown_to="work-safeguarding",
        page="/safeguarding",
        author_too=True,
    ),
    Notice(
        name="case-to-read",
        one="A safeguarding lead asks you to read something",
        many="A safeguarding lead asks you to read {count} things",
        source=Looked(sources.named_for_cases, every=timedelta(minutes=5)),
        whom=lambda who, happening: who.person_id == happening.what[0] and may_read_case(who, happening.what[1]),
        shown_to="read-case",
        page="/safeguarding",
        author_too=True,
    ),
    Notice(
        name="held",
        one="Something that was logged waits for you",
        many="{count} things that were logged wait for you",
        source=Looked(sources.held, every=timedelta(minutes=1)),
        whom=lambda who, happening: may_settle(who, happening.what),
        shown_to="see-own-account",
        page="/held",
    ),
    Notice(
        name="proposal",
        one="Something waits for a second person",
        many="{count} things wait for a second person",
        source=Recorded((DeedProposed.TOPIC,), sources.proposal),
        whom=lambda who, happening: may_approve(who, happening.what),
        shown_to="see-own-account",
        page="/proposals",
    ),
    Notice(
        name="report",
        one="A report was released to you",
        many="{count} reports were released to you",
        source=Recorded((ReportReleased.TOPIC,), sources.report),
        whom=_reads_it,
        shown_to="read-report",
        page="/reports/{about}",
    ),
    Notice(
        name="overdue",
        one="Something is past the day it was due",
        many="{count} things are past the day they were due",
        source=Looked(sources.overdue, every=timedelta(hours=1)),
        whom=who_may("see-clocks"),
        shown_to="see-clocks",
        page="/clocks",
    ),
    Notice(
        name="job-failed",
        one="Something that runs by itself failed",
        many="{count} things that run by themselves failed",
        source=Looked(sources.failed_jobs),
        whom=who_may("manage-devices"),
        shown_to="manage-devices",
        page="/",
    ),
    Notice(
        name="brought-in",
        one="A file was brought in",
        many="{count} files were brought in",
        source=Said(),
        whom=lambda who, happening: who.person_id == happening.author,
        shown_to="bring-in",
        page="/roster",
        author_too=True,
    ),
)
"""Everything of which people are told, the most pressing first."""

NOTICE_BY_NAME: Mapping[str, Notice] = {notice.name: notice for notice in NOTICES}

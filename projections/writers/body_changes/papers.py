"""What changes in the bodies of frameworks, of deeds that take two people, of released reports, and of what is sealed
whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from projections.bodies import FrameworkBody, ProposalBody, ReportBody, SealedBody
from projections.runner import Seen
from projections.writers.body_changes.common import Change, State, given, id_of, id_or_none, whole

SAID_BY_DEFINITION = ("summary", "cadence", "supersedes", "effective_from", "effective_to", "about")
"""What the body of a framework repeats from its definition, where that says it."""


def _publish(framework: FrameworkBody, state: State, seen: Seen) -> None:
    definition = state["definition"]
    framework["id"], framework["version"] = state["framework_id"], state["version"]
    framework["kind"], framework["content_hash"] = state["kind"], state["content_hash"]
    framework["title"], framework["published_at"], framework["retired"] = definition["title"], seen.position, False
    framework.update(given(definition, *SAID_BY_DEFINITION))


def _retire(framework: FrameworkBody, state: State, seen: Seen) -> None:
    framework["retired"] = True


def _propose(proposal: ProposalBody, state: State, seen: Seen) -> None:
    proposal["setting_id"], proposal["student_id"] = id_of(seen.setting_id), id_or_none(seen.student_id)
    proposal["deed"], proposal["command"] = state["deed"], state["command"]
    proposal["proposed_by"], proposal["proposed_at"] = id_of(seen.author_id), seen.recorded_at
    proposal["status"], proposal["settled_by"] = "open", None


def _settled(status: Literal["approved", "declined"]) -> Change:
    def change(proposal: ProposalBody, state: State, seen: Seen) -> None:
        proposal["status"], proposal["settled_by"] = status, id_or_none(seen.author_id)
        proposal["settled_at"] = seen.recorded_at

    return change


def _release(report: ReportBody, state: State, seen: Seen) -> None:
    report["commissioner_id"] = None
    report.update(whole(state))
    report["setting_id"], report["student_id"] = id_of(seen.setting_id), id_or_none(seen.student_id)
    report["withdrawn"] = False
    report["released_at"], report["released_by"] = seen.recorded_at, id_or_none(seen.author_id)


def _withdraw(report: ReportBody, state: State, seen: Seen) -> None:
    report["withdrawn"] = True


def _keep_sealed(stream: SealedBody, state: State, seen: Seen) -> None:
    stream["setting_id"] = id_of(seen.setting_id)
    stream["records"] = [*stream.get("records", ()), seen.position]


CHANGES: Mapping[str, Change] = {
    "framework-published": _publish,
    "framework-retired": _retire,
    "deed-proposed": _propose,
    "deed-approved": _settled("approved"),
    "deed-declined": _settled("declined"),
    "report-released": _release,
    "report-withdrawn": _withdraw,
    "sealed-record": _keep_sealed,
}

"""Published definitions, deeds that take two people, released reports and worries."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from ap_ledger.events.fields import Audience
from projections.bodies.common import BodyRow


class FrameworkBody(BodyRow):
    """A published version of a definition; `published_at` is the position of the event that holds it whole.

    What stands from `summary` on is as the definition says it. `key` is `id@version`.
    """

    id: str
    version: int
    kind: Literal["ladder", "outcomes", "curriculum", "instrument"]
    content_hash: str
    title: str
    published_at: int
    retired: bool
    summary: NotRequired[str]
    cadence: NotRequired[Any]
    supersedes: NotRequired[Any]
    effective_from: NotRequired[str]
    effective_to: NotRequired[str]
    about: NotRequired[str]


class ProposalBody(BodyRow):
    """A deed that takes two people: the command as it was proposed, which names nobody, by whom and when.

    Once it is settled it says by whom (None at the machine) and when that was recorded.
    """

    id: str
    setting_id: str
    student_id: str | None
    deed: str
    command: dict[str, Any]
    proposed_by: str
    proposed_at: int
    status: Literal["open", "approved", "declined"]
    settled_by: str | None
    settled_at: NotRequired[int]
    recorded_as: NotRequired[str]


class ReportBody(BodyRow):
    """A report that was released: what it is made from, to whom, and whether it was withdrawn since.

    `first` and `last` are the days of its period; `known_at` is the time, with its offset, of which it tells what was
    known; `released_by` is None at the machine. Without a student it is about a commissioner's students.
    """

    id: str
    setting_id: str
    student_id: str | None
    layout: dict[str, Any]
    audience: Audience
    commissioner_id: str | None
    first: str
    last: str
    known_at: str
    preset: str
    figures_hash: str
    software: str
    withdrawn: bool
    released_at: int
    released_by: str | None
    recorded_as: NotRequired[str]


class SealedBody(BodyRow):
    """A stream of sealed records of a setting: a worry, or a case. Not even which of the two is told here.

    `records` are the positions of what stands in it, in order; a read model of before there were cases has none, and
    `position` is that of the worry.
    """

    id: str
    setting_id: str
    records: NotRequired[list[int]]

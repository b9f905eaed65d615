"""What every event changes in the body that it is about: a table and a sentence for each."""

from __future__ import annotations

from collections.abc import Mapping

from projections.writers.body_changes import papers, people, placements, settings, students
from projections.writers.body_changes.common import Change

CHANGES: Mapping[str, Change] = {
    **settings.CHANGES, **people.CHANGES, **students.CHANGES, **placements.CHANGES, **papers.CHANGES,
}  # fmt: skip
"""By the topic of the event. What is not among them changes no body."""

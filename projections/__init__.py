"""Read models: disposable, replayable, each an answer to one question."""

from projections.runner import Projection
from projections.writers.learning import Learning
from projections.writers.planned_visits import PlannedVisits
from projections.writers.registry import Registry
from projections.writers.student_days import StudentDays

PROJECTIONS: tuple[type[Projection], ...] = (Registry, StudentDays, Learning, PlannedVisits)
"""Every projection there is, written down."""

"""Read models: disposable, replayable, each an answer to one question."""

from projections.learning import Learning
from projections.registry import Registry
from projections.runner import Projection
from projections.student_days import StudentDays

PROJECTIONS: tuple[type[Projection], ...] = (Registry, StudentDays, Learning)
"""Every projection there is, written down."""

"""What is due, as it is answered."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class DueOut(BaseModel):
    """Something that is due.

    `about` names it in the command that ends it with a reason; `entry_ids` are those of two people who said different
    things.
    """

    clock: str
    student_id: UUID | None
    about: str
    what: str
    due: date
    state: Literal["overdue", "due", "soon"]
    done: str
    entry_ids: list[UUID]


class DueOfSetting(BaseModel):
    """What is due in a setting, the longest overdue first."""

    setting_id: UUID
    items: list[DueOut]

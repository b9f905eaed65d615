"""What the written record of a restrictive intervention holds, part by part; each may stay open until it is known.

The parts are those of the open list that is best known (Scotland's Annex E, Open Government Licence), in our own words.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ap_ledger.events.base import Fact, Text

Short = Annotated[str, Field(max_length=200)]
INTERVENTION = "What was done is one of: physical, mechanical, seclusion, or left out."
LAW = "The reason in law is one of: injury, offence, damage, disorder, or left out."
SHORT = "This is text of at most 200 characters, or left out."
LONG = "This is text of at most 4,000 characters, or left out."
YES_NO, DAY = "This is true or false, or left out.", "The day is a date, such as 2026-03-02, or left out."


class RestrictiveRecord(Fact):
    """The written record of a restrictive intervention. What is left out is not known yet."""

    intervention: Literal["physical", "mechanical", "seclusion"] | None = Field(None, description=INTERVENTION)
    place_of_restraint: Short | None = Field(None, description=SHORT)
    staff: Short | None = Field(None, description=SHORT)
    before: Text | None = Field(None, description=LONG)
    deescalation: Text | None = Field(None, description=LONG)
    response: Text | None = Field(None, description=LONG)
    after: Text | None = Field(None, description=LONG)
    injuries: Text | None = Field(None, description=LONG)
    medical: Text | None = Field(None, description=LONG)
    had_plan: bool | None = Field(None, description=YES_NO)
    plan_followed: bool | None = Field(None, description=YES_NO)
    plan_not_followed: Text | None = Field(None, description=LONG)
    reason_in_law: Literal["injury", "offence", "damage", "disorder"] | None = Field(None, description=LAW)
    parents_told_how: Short | None = Field(None, description=SHORT)
    parents_told_by: Short | None = Field(None, description=SHORT)
    copy_withheld: Text | None = Field(None, description=LONG)
    copy_acknowledged_on: date | None = Field(None, description=DAY)
    child_debrief: Text | None = Field(None, description=LONG)
    staff_debrief: Text | None = Field(None, description=LONG)
    plan_reviewed: bool | None = Field(None, description=YES_NO)

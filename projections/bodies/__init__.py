"""The shapes of what the registry keeps: one body for each thing there is, and the dated facts inside it.

Ids are UUIDs as text; dates are ISO dates of the setting's own calendar; moments are microseconds since 1970, in UTC;
positions are places in the one order of the ledger. What is sealed is never in a body: `named_at` is the position of
the event that says it, and whoever reads a body is given the words instead. A field that need not be there stands for
what nobody ever said, or for what was stored before there was such a field.
"""

from __future__ import annotations

from typing import Literal

from projections.bodies.common import (
    BodyRow,
    DatedBody,
)
from projections.bodies.papers import (
    FrameworkBody,
    ProposalBody,
    ReportBody,
    SealedBody,
)
from projections.bodies.people import (
    DeviceAsStored,
    DeviceBody,
    DeviceFacts,
    PersonAsStored,
    PersonBody,
    PersonFacts,
    RoleBody,
)
from projections.bodies.settings import (
    CalendarFact,
    CategoriesFact,
    CategoryBody,
    CommissionerBody,
    EndedReview,
    PlaceBody,
    QuietBody,
    RetentionFact,
    SettingBody,
    SettingFacts,
    SlotBody,
    StretchBody,
    TimetableFact,
)
from projections.bodies.students import (
    AddressBody,
    CommissionedFact,
    ConsentFact,
    EndedClock,
    ExpectedDayBody,
    ExpectedFact,
    GroupFact,
    HoldBody,
    JoinedBody,
    JoinedRecordBody,
    KeyWorkerFact,
    MentorFact,
    OwnItems,
    OwnItemsPart,
    PlacementBody,
    PlacementFacts,
    SealedFact,
    StudentAsStored,
    StudentBody,
    StudentFacts,
    StudentWeek,
)

__all__ = [
    "AddressBody",
    "BodyRow",
    "CalendarFact",
    "CategoriesFact",
    "CategoryBody",
    "CommissionedFact",
    "CommissionerBody",
    "ConsentFact",
    "DatedBody",
    "DeviceAsStored",
    "DeviceBody",
    "DeviceFacts",
    "EndedClock",
    "EndedReview",
    "ExpectedDayBody",
    "ExpectedFact",
    "FrameworkBody",
    "GroupFact",
    "HoldBody",
    "JoinedBody",
    "JoinedRecordBody",
    "KeyWorkerFact",
    "Kind",
    "MentorFact",
    "OwnItems",
    "OwnItemsPart",
    "PersonAsStored",
    "PersonBody",
    "PersonFacts",
    "PlaceBody",
    "PlacementBody",
    "PlacementFacts",
    "ProposalBody",
    "QuietBody",
    "ReportBody",
    "RetentionFact",
    "RoleBody",
    "SealedBody",
    "SealedFact",
    "SettingBody",
    "SettingFacts",
    "SlotBody",
    "StretchBody",
    "StudentAsStored",
    "StudentBody",
    "StudentFacts",
    "StudentWeek",
    "TimetableFact",
]

Kind = Literal[
    "settings", "people", "students", "placements", "frameworks", "devices", "proposals", "reports", "worries",
    "joined-records",
]  # fmt: skip
"""The kinds of bodies. A joined record is a student whose record turned out to be another one's."""

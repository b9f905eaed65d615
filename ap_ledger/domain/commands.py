"""Every command by its name, for programs and files that send commands as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from ap_ledger.domain.base import Command
from ap_ledger.domain.case import CASE_COMMANDS
from ap_ledger.domain.columns import MatchColumns
from ap_ledger.domain.device import EnrolDevice, RevokeDevice
from ap_ledger.domain.due import EndClock, EndReview, ResumeClock, ResumeReview
from ap_ledger.domain.erasure import ExciseText, LiftHold, SetHold, ShredKey
from ap_ledger.domain.family import LinkFamily, ReleaseToFamily, UnlinkFamily
from ap_ledger.domain.framework import PublishFramework, RetireFramework
from ap_ledger.domain.joining import JoinStudents, PartStudents
from ap_ledger.domain.look import SetBrandColour, SetLogo
from ap_ledger.domain.person import (
    AddPerson,
    AllowRecovery,
    DeclareConflict,
    EndConflict,
    EndRole,
    GrantRole,
    RenamePerson,
)
from ap_ledger.domain.placement import ChangePlacement, CommissionSessions, CorrectPlacement
from ap_ledger.domain.proposal import ApproveDeed, DeclineDeed, ProposeDeed
from ap_ledger.domain.quiet import SetQuietHours
from ap_ledger.domain.report import ReleaseReport, WithdrawReport
from ap_ledger.domain.setting import (
    AddCommissioner,
    AddPlace,
    OpenSetting,
    SetCalendar,
    SetIncidentCategories,
    SetRetention,
    SetTimetable,
)
from ap_ledger.domain.setting_corrections import CorrectCommissioner, CorrectPlace, CorrectSetting
from ap_ledger.domain.student import (
    AdmitStudent,
    AssignKeyWorker,
    AssignMentor,
    CorrectAdmission,
    EndPlacement,
    ExpectStudent,
    IdentifyStudent,
    StartPlacement,
)
from ap_ledger.domain.support import GroupStudent, NoteConsent, NoteContacts, NoteNeeds, SetOwnItems
from ap_ledger.domain.visits import CancelVisit, ChangeVisit, FlagAddress, NoteAddress, PlanVisit
from ap_ledger.domain.withdrawing import WithdrawSettingFact, WithdrawStudentFact
from ap_ledger.errors import Refused

ALL_COMMANDS: tuple[type[Command], ...] = (
    OpenSetting,
    CorrectSetting,
    AddPlace,
    CorrectPlace,
    AddCommissioner,
    CorrectCommissioner,
    SetCalendar,
    SetTimetable,
    SetRetention,
    SetIncidentCategories,
    MatchColumns,
    SetBrandColour,
    SetLogo,
    SetQuietHours,
    WithdrawSettingFact,
    AddPerson,
    RenamePerson,
    GrantRole,
    EndRole,
    DeclareConflict,
    EndConflict,
    AllowRecovery,
    AdmitStudent,
    CorrectAdmission,
    IdentifyStudent,
    JoinStudents,
    PartStudents,
    ExpectStudent,
    StartPlacement,
    ChangePlacement,
    CorrectPlacement,
    EndPlacement,
    CommissionSessions,
    AssignKeyWorker,
    AssignMentor,
    GroupStudent,
    NoteNeeds,
    NoteContacts,
    NoteConsent,
    WithdrawStudentFact,
    SetOwnItems,
    LinkFamily,
    UnlinkFamily,
    ReleaseToFamily,
    SetHold,
    LiftHold,
    ShredKey,
    ExciseText,
    EnrolDevice,
    RevokeDevice,
    ProposeDeed,
    ApproveDeed,
    DeclineDeed,
    PublishFramework,
    RetireFramework,
    ReleaseReport,
    WithdrawReport,
    EndClock,
    ResumeClock,
    EndReview,
    ResumeReview,
    NoteAddress,
    FlagAddress,
    PlanVisit,
    ChangeVisit,
    CancelVisit,
    *CASE_COMMANDS,
)


def command_name(kind: type[Command]) -> str:
    """The name of a command in JSON: `AdmitStudent` is `admit-student`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


COMMAND_BY_NAME: Mapping[str, type[Command]] = {command_name(kind): kind for kind in ALL_COMMANDS}


def read_command(body: Mapping[str, Any]) -> Command:
    """The command in a JSON object whose `command` is its name.

    Raises Refused, naming the field and never its value.
    """
    name = body.get("command")
    kind = COMMAND_BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Refused("malformed", "There is no command with this name.", "command")
    try:
        raw = orjson.dumps({field: value for field, value in body.items() if field != "command"})
    except orjson.JSONEncodeError:
        raise Refused("malformed", "This is nested too deeply to be read.") from None
    return kind.from_json(raw)

"""Of worries and cases what is for whoever asks: who may not read one does not learn that there is one."""

from __future__ import annotations

from uuid import UUID

from ap_ledger.access.rules import CaseFacts, may_read_case, may_work_case
from ap_ledger.bootstrap import Service
from api.core.asking import Asker
from projections.bodies import SettingFacts
from projections.queries.safeguarding import CaseFile, Safeguarding, Worry, new_worries, safeguarding_of


def facts_of(case: CaseFile) -> CaseFacts:
    """A case as the rules of access ask about it."""
    return CaseFacts(case.setting_id, case.students, case.named)


def may_read(asking: Asker, case: CaseFile) -> bool:
    """Whether whoever asks may read a case."""
    return may_read_case(asking.who, facts_of(case))


def may_work(asking: Asker, case: CaseFile) -> bool:
    """Whether whoever asks may change a case."""
    return may_work_case(asking.who, facts_of(case))


def may_read_worry(asking: Asker, worry: Worry, setting_id: UUID | str) -> bool:
    """Whether whoever asks may read a worry. One whose child is not known any more is for every lead."""
    return asking.may("read-safeguarding-words", worry.student_id or None, setting_id)


def readable(using: Service, asking: Asker, setting: SettingFacts) -> Safeguarding:
    """The worries and cases of a setting that whoever asks may read."""
    whole = safeguarding_of(using.reader, setting)
    worries = [worry for worry in whole.worries if may_read_worry(asking, worry, setting["id"])]
    return Safeguarding(worries, [case for case in whole.cases if may_read(asking, case)])


def new_ones(using: Service, asking: Asker, setting: SettingFacts) -> list[Worry]:
    """The worries that no lead has marked as read, of those that whoever asks may read."""
    return [worry for worry in new_worries(using.reader, setting) if may_read_worry(asking, worry, setting["id"])]

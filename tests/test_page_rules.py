"""Rules that pages ask about, each by itself and with no web: who may settle, mend, read, release, give and approve."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest

from ap_ledger.access import About, Grant, Relations, Who
from ap_ledger.access.rules import (
    Proposed,
    Released,
    Unsettled,
    hidden_of_person,
    hidden_of_student,
    kept_from,
    may_approve,
    may_erase,
    may_mend,
    may_read_report,
    may_release,
    may_see_proposal,
    may_settle,
    roles_to_give,
    scores_as,
)
from ap_ledger.commands.allowing import action_of, is_bare, may_give
from ap_ledger.domain.base import Command
from ap_ledger.domain.erasure import ShredKey
from ap_ledger.domain.joining import JoinStudents
from ap_ledger.domain.person import AddPerson, AllowRecovery, DeclareConflict, EndRole, GrantRole, require_home
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.errors import Refused
from ap_ledger.events.days import EVERY_DAY
from ap_ledger.recording.ledger import new_id
from projections.queries.instruments import usual_period
from projections.queries.relations import still_visited
from tests.house import House

HERE, ELSEWHERE, COUNCIL, STUDENT = uuid4(), uuid4(), uuid4(), uuid4()


def who(*roles: str, setting: UUID = HERE, **more: UUID) -> Who:
    """Somebody with roles in a setting, on no student's caseload."""
    return Who(uuid4(), tuple(Grant(setting, role, more.get("commissioner_id")) for role in roles))


def about(setting: UUID = HERE, **relations: object) -> About:
    """A student of a setting, to whom nobody stands in any relation that is not named."""
    return About(setting, STUDENT, lambda: Relations(**relations))


# What was refused or held ---------------------------------------------------------------------------------------------


def note(**said: object) -> Unsettled:
    """A note that was held, about a student of this setting."""
    known = {"readable": True, "kind": "note-written", "kind_known": True, "author_id": uuid4()}
    return Unsettled(**{**known, "setting_id": HERE, "student_id": STUDENT, "student_setting": HERE, **said})


def test_what_is_held_is_settled_by_its_author_and_the_heads_of_its_setting() -> None:
    author = who("mentor")
    assert may_settle(author, note(author_id=author.person_id))
    assert not may_settle(author, note())
    assert not may_settle(who("ap-staff"), note())
    assert all(may_settle(who(head), note()) for head in ("leader", "dsl", "deputy-dsl"))
    assert not may_settle(who("leader", setting=ELSEWHERE), note())


def test_a_held_worry_is_for_the_safeguarding_lead() -> None:
    worry = note(kind="worry-raised")
    assert may_settle(who("dsl"), worry) and may_settle(who("safeguarding-reader"), worry)
    assert not may_settle(who("leader"), worry)


def test_what_says_another_settings_student_is_for_that_setting_alone() -> None:
    stray = note(student_setting=ELSEWHERE)
    assert not may_settle(who("leader"), stray)
    assert not may_settle(who("leader", setting=ELSEWHERE), stray)
    assert may_settle(who("leader"), note(student_setting=None)), "nobody admitted the student yet"


def test_whoever_is_kept_from_a_student_settles_nothing_of_them() -> None:
    leader = who("leader")
    assert not may_settle(Who(leader.person_id, leader.grants, conflicts=frozenset({STUDENT})), note())


def test_what_is_of_no_known_kind_may_be_a_worry() -> None:
    assert not may_settle(who("leader"), note(kind_known=False))
    assert may_settle(who("dsl"), note(kind_known=False))


@pytest.mark.parametrize("missing", ["setting_id", "student_id"])
def test_what_does_not_say_whose_it_is_is_for_its_author_alone(missing: str) -> None:
    assert not may_settle(who("leader"), note(**{missing: None}))


def test_what_is_sealed_or_damaged_goes_by_the_device_that_sent_it() -> None:
    sealed = Unsettled(readable=False, device_setting=HERE)
    assert may_settle(who("leader"), sealed)
    assert not may_settle(who("leader", setting=ELSEWHERE), sealed) and not may_settle(who("mentor"), sealed)
    assert not may_settle(who("leader"), Unsettled(readable=False)), "sealed for nobody knows whom"
    assert may_settle(who("leader"), Unsettled(readable=False, damaged=True)), "a damaged row is for any head"


# Entries and bodies ---------------------------------------------------------------------------------------------------


def test_an_entry_that_was_taken_back_is_mended_by_nobody() -> None:
    assert may_mend(who("ap-staff"), about(), "recorded") and not may_mend(who("ap-staff"), about(), "voided")
    assert not may_mend(who("mentor"), about(), "recorded"), "not on their caseload"


def test_a_mentor_is_not_told_who_a_student_is_in_full() -> None:
    mentor = who("mentor")
    assert mentor.person_id is not None
    mine = about(caseload=frozenset({mentor.person_id}))
    assert {"family_name", "upn", "holds"} <= hidden_of_student(mentor, mine)
    assert hidden_of_student(who("leader"), about()) == frozenset()
    staff = hidden_of_student(who("ap-staff"), about())
    assert "family_name" not in staff and "holds" in staff


def test_whom_somebody_must_not_meet_is_told_to_heads_alone() -> None:
    assert hidden_of_person(who("leader"), HERE) == frozenset()
    assert hidden_of_person(who("leader"), ELSEWHERE) == hidden_of_person(who("mentor"), HERE) == {"conflicts"}


def test_one_child_among_others_is_enough_to_be_kept_away() -> None:
    kept = Who(uuid4(), conflicts=frozenset({STUDENT}))
    assert kept_from(kept, [uuid4(), STUDENT]) and not kept_from(kept, [uuid4()]) and not kept_from(kept, [])


def test_a_mentor_who_teaches_here_scores_as_a_teacher() -> None:
    assert [scores_as(who(*roles), HERE) for roles in (("mentor",), ("mentor", "leader"), ("ap-staff",))] == [
        "mentor", "teacher", "teacher",
    ]  # fmt: skip
    assert scores_as(who("mentor"), ELSEWHERE) == "teacher"


# Reports --------------------------------------------------------------------------------------------------------------


def test_its_makers_read_a_report_after_it_was_withdrawn_and_its_readers_do_not() -> None:
    family = who("family")
    assert family.person_id is not None
    child = about(family={family.person_id: EVERY_DAY})
    assert may_read_report(family, Released(child, "family"))
    assert not may_read_report(family, Released(child, "family", withdrawn=True))
    assert may_read_report(who("leader"), Released(child, "family", withdrawn=True))
    assert not may_read_report(who("family"), Released(child, "family")), "another child's family"


def test_a_commissioner_reads_what_was_released_to_them() -> None:
    buyer = who("commissioner", commissioner_id=COUNCIL)
    assert may_read_report(buyer, Released(About(HERE), "commissioner", commissioner_id=COUNCIL))
    assert not may_read_report(buyer, Released(About(HERE), "commissioner", commissioner_id=uuid4()))
    assert not may_read_report(buyer, Released(About(HERE), "commissioner"))
    assert not may_read_report(who("mentor"), Released(about(), "leader"))


def test_a_report_is_released_to_whom_it_is_written_for() -> None:
    assert may_release("family", "student") and may_release("commissioner", "commissioner")
    assert not may_release("leader", "student") and not may_release("family", "setting")


# Roles, erasure, two people -------------------------------------------------------------------------------------------


def test_an_administrator_gives_every_role_but_the_one_that_the_lead_names() -> None:
    given = roles_to_give(who("administrator"), HERE)
    assert "mentor" in given and "dsl" in given and "safeguarding-reader" not in given and "device" not in given
    assert roles_to_give(who("leader"), HERE) == ["dsl", "deputy-dsl"], "proposed, not given"
    assert roles_to_give(who("dsl"), HERE) == ["safeguarding-reader"]
    assert roles_to_give(who("administrator"), ELSEWHERE) == roles_to_give(who("mentor"), HERE) == []


def test_safeguarding_words_are_erased_by_a_safeguarding_lead_and_nothing_under_a_hold() -> None:
    assert may_erase(who("leader"), about(), "learning") and not may_erase(who("leader"), about(), "safeguarding")
    assert may_erase(who("dsl"), about(), "safeguarding")
    assert not may_erase(who("dsl"), about(held=True), "learning")


def test_a_deed_is_approved_by_those_of_its_setting_and_never_by_whom_it_is_about() -> None:
    leader = who("leader")
    deed = Proposed("allow-recovery", About(HERE), proposed_by=uuid4(), person_id=uuid4())
    assert may_approve(leader, deed) and not may_approve(who("mentor"), deed)
    assert not may_approve(who("leader", setting=ELSEWHERE), deed)
    assert not may_approve(leader, deed._replace(person_id=leader.person_id))
    shred = Proposed("shred-key", about(), retention_class="safeguarding")
    assert may_approve(who("dsl"), shred) and not may_approve(leader, shred)


def test_a_proposal_is_seen_by_whoever_made_it() -> None:
    proposer = who("mentor")
    deed = Proposed("allow-recovery", About(HERE), proposed_by=proposer.person_id)
    assert may_see_proposal(proposer, deed) and not may_see_proposal(who("mentor"), deed)
    assert may_see_proposal(who("leader"), deed)


# Days -----------------------------------------------------------------------------------------------------------------


def test_a_report_is_about_the_half_term_that_runs_or_the_last_one_that_did() -> None:
    terms = [{"first": "2026-01-05", "last": "2026-02-13"}, {"first": "2026-02-23", "last": "2026-03-27"}]
    setting = {"calendars": [{"from_date": "2026-01-01", "terms": terms}]}
    assert usual_period(setting, date(2026, 3, 6)) == (date(2026, 2, 23), date(2026, 3, 6))
    assert usual_period(setting, date(2026, 2, 18)) == (date(2026, 1, 5), date(2026, 2, 13))
    assert usual_period({}, date(2026, 3, 6)) == (date(2026, 1, 24), date(2026, 3, 6)), "six weeks without a calendar"


def test_whoever_left_four_weeks_ago_may_still_be_visited() -> None:
    student = {"id": "a"}
    left = [{"student_id": "a", "start": "2026-01-05", "end": "2026-02-06", "commissioner_id": None}]
    assert still_visited([student], left, date(2026, 3, 6)) == [student]
    assert still_visited([student], left, date(2026, 3, 7)) == []
    assert still_visited([student], [], date(2026, 3, 7)) == [student], "visited before any placement began"


# Commands -------------------------------------------------------------------------------------------------------------


def may(house: House, command: Command, *roles: str, setting: UUID | None = None) -> bool:
    """Whether somebody with these roles may give a command in this house."""
    return may_give(who(*roles, setting=setting or house.setting), command, house.ledger.states, house.ledger.access_facts)


def test_a_command_is_given_by_whoever_may_its_action_where_it_is_about(house: House) -> None:
    add = AddPerson(id=new_id(), setting_id=house.setting, person_id=new_id(), name="Rowan")
    assert may(house, add, "administrator") and not may(house, add, "leader")
    assert not may(house, add, "administrator", setting=ELSEWHERE)
    erase = ShredKey(id=new_id(), **house.erasing())
    assert may(house, erase, "leader") and not may(house, erase, "ap-staff")
    safeguarding = ShredKey(id=new_id(), **house.erasing("safeguarding"))
    assert may(house, safeguarding, "dsl") and not may(house, safeguarding, "leader")


def test_the_role_of_a_named_reader_is_given_and_ended_by_the_lead_alone(house: House) -> None:
    reader = house.person("Sorrel", "safeguarding-reader")
    grant = house.ledger.states.person(reader).roles[0].grant_id
    head = {"setting_id": house.setting, "person_id": reader, "grant_id": grant}
    ends = EndRole(id=new_id(), on=date(2026, 3, 6), **head)
    gives = GrantRole(id=new_id(), role="safeguarding-reader", from_date=date(2026, 3, 6), **head)
    for command in (ends, gives):
        assert action_of(command, house.ledger.states) == "name-safeguarding-reader"
        assert may(house, command, "dsl") and not may(house, command, "administrator")


def test_what_takes_two_people_is_proposed_by_whoever_may_propose_it(house: House) -> None:
    lead = {"person_id": house.teacher, "grant_id": new_id(), "from_date": date(2026, 3, 6)}
    made = GrantRole(id=new_id(), setting_id=house.setting, role="dsl", **lead)
    assert action_of(made, house.ledger.states) == "propose-people" and not is_bare(made)
    assert may(house, made, "leader") and not may(house, made, "dsl")
    assert not is_bare(AllowRecovery(id=new_id(), setting_id=house.setting, person_id=house.teacher, lost="password"))
    assert is_bare(OpenSetting(id=new_id(), setting_id=new_id(), name="Otherfield"))


def test_two_records_are_joined_by_whoever_manages_both(house: House) -> None:
    join = JoinStudents(id=new_id(), setting_id=house.setting, student=house.student, kept_student=house.other, reason_code="other")
    leader = who("leader", setting=house.setting)
    kept = Who(leader.person_id, leader.grants, conflicts=frozenset({house.other}))
    ledger = house.ledger
    assert may_give(leader, join, ledger.states, ledger.access_facts)
    assert not may_give(kept, join, ledger.states, ledger.access_facts)


def test_a_conflict_is_declared_by_whoever_manages_the_student_it_is_about(house: House) -> None:
    conflict = {"person_id": house.teacher, "conflicted_student": house.student, "reason_code": "own-child"}
    declared = DeclareConflict(id=new_id(), setting_id=house.setting, **conflict)
    assert may(house, declared, "leader") and not may(house, declared, "administrator")


def test_only_the_setting_that_added_a_person_looks_after_their_account(house: House) -> None:
    person = house.ledger.states.person(house.teacher)
    require_home(person, house.setting)
    for somebody, setting in ((person, ELSEWHERE), (None, house.setting)):
        with pytest.raises(Refused, match="Only the setting that added"):
            require_home(somebody, setting)

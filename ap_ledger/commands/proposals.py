"""Deeds that take two people: one proposes, another approves, and only then it is done, in the name of both."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from ap_ledger.commands.executing import Executed, Executor
from ap_ledger.commands.two_people import TwoPeople
from ap_ledger.domain.base import ANYBODY, Command
from ap_ledger.domain.commands import command_name, read_command
from ap_ledger.domain.proposal import ApproveDeed, DeclineDeed, Proposal, ProposeDeed, project_proposal
from ap_ledger.errors import Refused
from ap_ledger.recording.states import States


class Proposals:
    """Proposes, approves and declines deeds of one ledger."""

    def __init__(self, executor: Executor, states: States, two_people: TwoPeople) -> None:
        self._executor = executor
        self._states = states
        self._two_people = two_people

    def propose(self, command: Command, proposal_id: UUID, command_id: UUID, by: UUID) -> Executed:
        """Proposes a command in somebody's name. Proposing the same again is harmless. Raises Refused."""
        if not command.second_person:
            raise Refused("malformed", "This does not take two people; do it.", "deed")
        proposed = command.model_copy(
            update={"author_id": by, **({"approved_by": None} if "approved_by" in type(command).model_fields else {})}
        )
        # What is refused anyway is said now, and not only when somebody approves it.
        self._try(proposed)
        self._two_people.check_deed(proposed, by, None)
        body: dict[str, Any] = orjson.loads(proposed.model_dump_json())
        return self._executor.execute(
            ProposeDeed(
                id=command_id,
                setting_id=command.setting_id,
                author_id=by,
                proposal=proposal_id,
                deed=command_name(type(command)),
                command=body,
            )
        )

    def _try(self, command: Command) -> None:
        """Lets the command decide as if somebody else had approved it, and stores nothing."""
        self._executor.would_decide(command.model_copy(update={"approved_by": ANYBODY}))

    def find(self, proposal_id: UUID) -> Proposal:
        """A proposal. Raises Refused where there is none."""
        self._states.refresh()
        proposal: Proposal | None = self._states.fold(proposal_id, project_proposal)
        if proposal is None:
            raise Refused("unknown-item", "There is no proposal with this id here.", "proposal")
        return proposal

    def command_of(self, proposal: Proposal) -> Command:
        """The command that was proposed."""
        return read_command({"command": proposal.deed, **proposal.command})

    def approve(self, proposal_id: UUID, command_id: UUID, by: UUID) -> Executed:
        """Does what was proposed, in the name of both. Raises Refused, also where it has become impossible since."""
        proposal = self.find(proposal_id)
        if proposal.settled or proposal.proposed_by == by:
            # Refuses in its own words, before anything is done.
            return self._settle(proposal, command_id, by)
        command = self.command_of(proposal)
        assert proposal.proposed_by is not None
        self._two_people.check_deed(command, proposal.proposed_by, by)
        done = self._executor.execute(command.model_copy(update={"approved_by": by}))
        self._settle(proposal, command_id, by)
        return done

    def _settle(self, proposal: Proposal, command_id: UUID, by: UUID) -> Executed:
        assert proposal.setting_id is not None
        return self._executor.execute(
            ApproveDeed(id=command_id, setting_id=proposal.setting_id, author_id=by, proposal=proposal.id)
        )

    def decline(self, proposal_id: UUID, command_id: UUID, by: UUID, reason_code: str) -> Executed:
        """Declines a proposal, or takes it back. Raises Refused."""
        proposal = self.find(proposal_id)
        assert proposal.setting_id is not None
        return self._executor.execute(
            DeclineDeed(
                id=command_id,
                setting_id=proposal.setting_id,
                author_id=by,
                proposal=proposal_id,
                reason_code=reason_code,
            )
        )

"""The rules of a proposal: one person proposes a deed, another approves it, and it is settled once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from ap_ledger.domain.base import Command, NextEvents, fold
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import CommandBody, DeedName, ProposalId, ReasonCode
from ap_ledger.events.proposal import DeedApproved, DeedDeclined, DeedProposed


@dataclass(frozen=True, slots=True)
class Proposal:
    """What later decisions need to remember about a proposal."""

    id: UUID
    setting_id: UUID | None
    version: int
    deed: str
    command: dict[str, Any]
    proposed_by: UUID | None
    settled: bool = False


def evolve(proposal: Proposal | None, event: Event) -> Proposal | None:
    """Remembers one event."""
    if isinstance(event, DeedProposed):
        return Proposal(
            event.originator_id,
            event.stamp.setting_id,
            event.originator_version,
            event.deed,
            event.command,
            event.stamp.author_id,
        )
    if proposal is not None and isinstance(event, (DeedApproved, DeedDeclined)):
        return replace(proposal, settled=True, version=event.originator_version)
    return proposal


project_proposal = fold(evolve)


class ProposalCommand(Command):
    """A command to a proposal's stream."""

    proposal: ProposalId

    @property
    def stream_id(self) -> UUID:
        """A proposal's stream is named by the proposal's id."""
        return self.proposal

    def open(self, state: Proposal | None) -> Proposal:
        """The proposal, or a refusal where there is none or it is settled."""
        if state is None or state.setting_id != self.setting_id:
            raise Refused("unknown-item", "There is no proposal with this id here.", "proposal")
        if state.settled:
            raise Refused("not-allowed", "This proposal was settled before.", "proposal")
        return state


class ProposeDeed(ProposalCommand):
    """Proposes a command that takes two people."""

    deed: DeedName
    command: CommandBody

    @property
    def student_id(self) -> UUID | None:
        """The student whom the deed is about, if it is about one."""
        try:
            return UUID(self.command["student"]) if "student" in self.command else None
        except (AttributeError, TypeError, ValueError):
            # A command that names nobody is refused before it is proposed.
            return None

    def decide(self, state: Proposal | None, events: NextEvents) -> list[Event]:
        """Somebody who can be asked proposes it, once."""
        if state is not None:
            raise Refused("not-allowed", "A proposal with this id was made before.", "proposal")
        if self.author_id is None:
            raise Refused("not-allowed", "Say who proposes it.", "author_id")
        return [events.event(DeedProposed, deed=self.deed, command=self.command)]


class ApproveDeed(ProposalCommand):
    """Records that a second person approved, after the deed was done."""

    def decide(self, state: Proposal | None, events: NextEvents) -> list[Event]:
        """Nobody approves what they proposed."""
        if self.open(state).proposed_by == self.author_id or self.author_id is None:
            raise Refused("not-allowed", "Somebody other than whoever proposed it must approve it.", "author_id")
        return [events.event(DeedApproved)]


class DeclineDeed(ProposalCommand):
    """Declines a proposal, or takes it back."""

    reason_code: ReasonCode

    def decide(self, state: Proposal | None, events: NextEvents) -> list[Event]:
        """Settled once."""
        self.open(state)
        return [events.event(DeedDeclined, reason_code=self.reason_code)]

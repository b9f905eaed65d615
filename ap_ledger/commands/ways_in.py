"""The links that let somebody in: who may make one, and whether what it was made for is still right when it is used."""

from __future__ import annotations

from typing import Literal, NamedTuple
from uuid import UUID

from ap_ledger.access import About, may
from ap_ledger.commands.administrators import Administrators
from ap_ledger.commands.starting import start_with
from ap_ledger.commands.two_people import TwoPeople
from ap_ledger.domain.device import EnrolDevice
from ap_ledger.domain.person import AllowRecovery
from ap_ledger.errors import Refused, SignInRefused
from ap_ledger.events.device import DeviceKind
from ap_ledger.recording.ledger import Ledger
from ap_ledger.stores.accounts.accounts import Accounts, Credential, check_password
from ap_ledger.stores.accounts.links_and_tokens import OVER, Link, Purpose

SETTING_UP: tuple[Purpose, ...] = ("first", "welcome", "recover")
"""The purposes of links with which somebody sets up how they sign in."""
Asked = Literal["setting", "person", "name", "password", "present-password", "code"]
TWO_HELP = (
    "They were let in before, or may read safeguarding records. Such a person is helped by two people: "
    "propose a recovery; somebody else approves it and hands the link over."
)
NO_MORE = "Whoever made this link may not make it any more. Ask a leader for a new one."
NOT_MATCHED = (
    "That did not match what this account has besides. Type the newest code of the app, or the present password."
)


class Answers(NamedTuple):
    """What somebody typed who uses a link. What their link does not ask for is empty."""

    name: str = ""
    password: str = ""
    code: str = ""
    person: str = ""
    setting: str = ""


class WaysIn:
    """Makes links that let people and devices in, and lets them in."""

    def __init__(
        self, ledger: Ledger, accounts: Accounts, two_people: TwoPeople, administrators: Administrators
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._two_people = two_people
        self._administrators = administrators

    # Making links -----------------------------------------------------------------------------------------------------

    def invite(self, person_id: UUID, by: UUID) -> str:
        """The secret of a link for somebody who has never had a way in. Raises Refused."""
        if not self._may_be_invited(person_id):
            raise Refused("not-allowed", TWO_HELP, "person")
        return self._accounts.make_link("welcome", person_id, by)

    def recover(self, command: AllowRecovery, proposer: UUID, approver: UUID) -> str:
        """The secret of a link for somebody whose recovery two people agreed to. It is shown to whoever approved."""
        about = {"lost": command.lost, "proposed_by": str(proposer)}
        return self._accounts.make_link("recover", command.person_id, approver, about)

    def recover_at_machine(self, person_id: UUID, forget_second_factor: bool) -> str:
        """The secret of a link made at the machine, with which somebody chooses a new password."""
        about = {"lost": "password", "forget_second_factor": forget_second_factor}
        return self._accounts.make_link("recover", person_id, None, about)

    def admit(self, setting_id: UUID, name: str, kind: DeviceKind, by: UUID) -> str:
        """The secret of a code that lets a device in. Of one person's codes the newest works."""
        return self._accounts.make_link("enrol", by, by, {"setting": str(setting_id), "name": name, "kind": kind})

    def close(self, person_id: UUID, by: UUID) -> None:
        """Takes every way in from somebody. Raises Refused where they are the last administrator of a setting."""
        self._administrators.close(person_id, by)

    # Using them -------------------------------------------------------------------------------------------------------

    def look(self, secret: str, *purposes: Purpose) -> Link:
        """A link that works, and may still do what it was made for. Using nothing up. Raises SignInRefused."""
        link = self._accounts.link(secret, *purposes)
        match link.purpose:
            case "first":
                good = not self._accounts.any()
            case "welcome":
                good = self._may_be_invited(link.subject)
            case "recover":
                good = self._is_agreed(link)
            case "enrol":
                good = True
        if not good:
            raise SignInRefused(OVER)
        if link.made_by is not None and not self._maker_may(link, link.made_by):
            raise SignInRefused(NO_MORE)
        return link

    def asks(self, link: Link) -> tuple[Asked, ...]:
        """What somebody must type to use a link: what they choose, and what their account has besides."""
        if link.about.get("lost") == "second-factor":
            return ("present-password",)
        chosen: tuple[Asked, ...] = ("name", "password")
        if link.purpose == "first":
            return ("person", *chosen) if self._ledger.settings_opened() else ("setting", "person", *chosen)
        return (*chosen, "code") if self._has_factor(link) else chosen

    def set_up(self, secret: str, answers: Answers) -> UUID:
        """Sets an account up by a link, which is used up by it, and says whose. Raises SignInRefused."""
        link, accounts = self.look(secret, *SETTING_UP), self._accounts
        person = UUID(link.about["person"]) if link.purpose == "first" else link.subject
        if link.about.get("lost") == "second-factor":
            accounts.try_link(secret)
            if not accounts.confirm_password(person, answers.password, secret):
                raise SignInRefused(NOT_MATCHED)
            self._use(secret, link)
            accounts.end_factor(person)
        else:
            self._choose(secret, link, person, answers)
        if link.purpose == "first":
            start_with(self._ledger, person, answers.person, answers.setting or "Our setting")
        return person

    def _choose(self, secret: str, link: Link, person: UUID, answers: Answers) -> None:
        accounts = self._accounts
        check_password(answers.password, answers.name.casefold())
        if link.purpose == "first" and not answers.person:
            raise SignInRefused("Say what people call you.")
        accounts.check_name(answers.name, person)
        if self._has_factor(link):
            accounts.try_link(secret)
            if not accounts.confirm_code(person, answers.code):
                raise SignInRefused(NOT_MATCHED)
        self._use(secret, link)
        ends: set[Credential] = {"pin"} if link.purpose == "recover" else set()
        if link.about.get("forget_second_factor", False):
            ends.add("totp")
        accounts.set_password(person, answers.name, answers.password, ends=ends)

    def _use(self, secret: str, link: Link) -> None:
        # Who let somebody in is known before they are in, so that a crash in between makes nobody's helper a stranger.
        self._accounts.use_link(secret)
        self._accounts.remember_opening(link)

    def enrol(self, secret: str) -> tuple[UUID, str]:
        """Lets a device in by a code, which is used up by it: its id, and its credential. Raises SignInRefused."""
        link, ledger = self.look(secret, "enrol"), self._ledger
        self._accounts.use_link(secret)
        device, setting = ledger.new_id(), UUID(link.about["setting"])
        fields = {"device": device, "name": link.about["name"], "kind": link.about["kind"], "author_id": link.made_by}
        ledger.execute(EnrolDevice(id=ledger.new_id(), setting_id=setting, **fields))
        return device, self._accounts.admit_device(device)

    # What is looked at anew -------------------------------------------------------------------------------------------

    def _may_be_invited(self, person_id: UUID) -> bool:
        """Whether one person's link may let somebody in: they never had a way in, and none leads to safeguarding
        through them."""
        known = self._ledger.states.person(person_id) is not None
        let_in = person_id in self._accounts.of([person_id])
        return known and not let_in and not self._two_people.opens_safeguarding(person_id)

    def _is_agreed(self, link: Link) -> bool:
        """Whether the two people who agreed to a recovery would still be two for whom it recovers."""
        if self._ledger.states.person(link.subject) is None:
            return False
        if link.made_by is None:
            return True
        two, proposer = self._two_people, UUID(link.about["proposed_by"])
        try:
            two.check(proposer, link.made_by, two.opens_safeguarding(link.subject))
        except Refused:
            return False
        return self._may(proposer, "propose-people", self._home_of(link.subject))

    def _maker_may(self, link: Link, maker: UUID) -> bool:
        """Whether whoever made a link might make it now."""
        if link.purpose == "enrol":
            return self._may(maker, "manage-devices", UUID(link.about["setting"]))
        action = "manage-people" if link.purpose == "welcome" else "approve-people"
        return self._may(maker, action, self._home_of(link.subject))

    def _may(self, person_id: UUID, action: str, setting_id: UUID | None) -> bool:
        return may(self._ledger.access_facts.who(person_id), action, About(setting_id))

    def _home_of(self, person_id: UUID) -> UUID | None:
        person = self._ledger.states.person(person_id)
        return person.setting_id if person is not None else None

    def _has_factor(self, link: Link) -> bool:
        account = self._accounts.of([link.subject]).get(link.subject)
        return account is not None and account.second_factor and not link.about.get("forget_second_factor", False)

"""`ap-ledger account` and `ap-ledger token`: what whoever holds the machine does for those who sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ap_ledger.cli.common import Data, DatabaseUrl, console, opened, plainly
from ap_ledger.errors import SetupError
from ap_ledger.settings import read_settings

if TYPE_CHECKING:
    from ap_ledger.bootstrap import Service

account_app = typer.Typer(no_args_is_help=True, help="People who sign in: one-time links made at the machine itself.")
token_app = typer.Typer(no_args_is_help=True, help="Tokens with which programs act for a person.")
Person = Annotated[str, typer.Option("--person", help="The person's id, as in /api/v1/people.")]


def person_id(text: str, service: Service) -> UUID:
    """The id of somebody who was added here. Raises SetupError."""
    try:
        person = UUID(text)
    except ValueError:
        raise SetupError("Give the person's id, such as those that /api/v1/people lists.") from None
    if service.ledger.states.person(person) is None:
        raise SetupError("No person with this id was added to this ledger.")
    return person


@account_app.command()
def link(
    person: Person,
    data: Data = None,
    database_url: DatabaseUrl = None,
    url: Annotated[
        str, typer.Option("--url", help="The address under which the service is reached.")
    ] = "http://127.0.0.1:8000",
    forget_second_factor: Annotated[
        bool,
        typer.Option(
            "--forget-second-factor", help="Do not ask for a code: the second factor ends, too. For whoever lost both."
        ),
    ] = False,
) -> None:
    """Print a one-time link with which somebody chooses a password. A second factor that they have is asked for."""
    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        secret = service.ways_in.recover_at_machine(person_id(person, service), forget_second_factor)
    console.print(f"{url.rstrip('/')}/welcome?key={secret}", highlight=False, soft_wrap=True)


@account_app.command("first-link")
def first_link_again(
    data: Data = None,
    database_url: DatabaseUrl = None,
    url: Annotated[
        str, typer.Option("--url", help="The address under which the service is reached.")
    ] = "http://127.0.0.1:8000",
) -> None:
    """Print the one-time link of the first administrator. Only while nobody can sign in."""
    from ap_ledger.commands.starting import first_link

    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        secret = first_link(service.accounts)
        if secret is None:
            raise SetupError(
                "Somebody can sign in already. They add people under "
                "People; for a lost password see: ap-ledger account link"
            )
    console.print(f"{url.rstrip('/')}/welcome?key={secret}", highlight=False, soft_wrap=True)


@account_app.command("first-lead")
def first_lead(
    person: Person,
    data: Data = None,
    database_url: DatabaseUrl = None,
    setting: Annotated[
        str | None, typer.Option("--setting", help="The setting's id. Default: the setting that added the person.")
    ] = None,
) -> None:
    """Make somebody the first safeguarding lead of a setting.

    Once there is one, two people make the next, under People.
    """
    from ap_ledger.domain.person import GrantRole

    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        ledger = service.ledger
        lead = person_id(person, service)
        where = _setting_id(setting) if setting is not None else _home_of(lead, service)
        ledger.execute(
            GrantRole(
                id=ledger.new_id(),
                setting_id=where,
                person_id=lead,
                grant_id=ledger.new_id(),
                role="dsl",
                from_date=ledger.access_facts.today(where),
                first_lead=True,
            )
        )
    console.print("They are safeguarding lead from today on.")


def _home_of(person: UUID, service: Service) -> UUID:
    """The setting that added somebody."""
    known = service.ledger.states.person(person)
    if known is None or known.setting_id is None:
        raise SetupError("Give the setting too: --setting")
    return known.setting_id


def _setting_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise SetupError("Give the setting's id, such as those that /api/v1/settings lists.") from None


@token_app.command()
def make(
    person: Person,
    scope: Annotated[
        list[str], typer.Option("--scope", help="read, record, manage, metrics or all. May be given several times.")
    ],
    data: Data = None,
    database_url: DatabaseUrl = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it lives.")] = 90,
) -> None:
    """Print a token with which a program acts for a person, within what the person may do. It is shown this once."""
    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        token = service.accounts.make_token(person_id(person, service), scope, days)
    print(token)


@token_app.command("list")
def list_tokens(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """List the tokens that are alive: their first letters, whose they are, what for and until when."""
    from ap_ledger.events.moments import moment

    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        for token in service.accounts.tokens():
            console.print(
                f"{token.prefix}…  {UUID(bytes=bytes(token.person_id))}  {token.scopes}  until "
                f"{moment(token.expires_at):%Y-%m-%d}",
                highlight=False,
            )


@token_app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The first letters of the token, as listed.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """End a token at once."""
    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        if not service.accounts.revoke_token(prefix.rstrip("…")):
            raise SetupError("There is no such token. See: ap-ledger token list")
    console.print("The token works no more.")

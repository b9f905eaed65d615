"""`ap-ledger`: make, serve, record, look back, replay, check."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import structlog
import typer

from ap_ledger import __version__
from ap_ledger.cli import accounts, framework, installing, keeping, reporting
from ap_ledger.cli.common import Data, DatabaseUrl, complain, console, moment_of, opened, plainly, progress_bars
from ap_ledger.cli.roster import roster
from ap_ledger.errors import SetupError
from ap_ledger.settings import Settings, read_settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=(
        "AP Ledger records what really happened with children whom "
        "ordinary registers call absent. Start with: ap-ledger demo"
    ),
)
app.add_typer(framework.app, name="framework")
app.add_typer(accounts.account_app, name="account")
app.add_typer(accounts.token_app, name="token")
app.add_typer(keeping.app, name="keyring")
app.command()(installing.init)
app.command()(installing.check)
app.command()(keeping.compact)
app.command()(reporting.report)
app.command()(roster)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _quick() -> None:
    # What was loaded by now stays for ever, so it is looked through never again.
    gc.freeze()


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ap-ledger {__version__}")
        raise typer.Exit


@app.callback()
def private(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say the version.")
    ] = False,
) -> None:
    """Whatever the program writes, reports and exports too, only its owner can read."""
    os.umask(0o077)


@app.command()
def demo(
    data: Data = None,
    database_url: DatabaseUrl = None,
    students: Annotated[int, typer.Option(min=3, max=500, help="How many students.")] = 24,
    weeks: Annotated[int, typer.Option(min=2, max=60, help="How many weeks.")] = 12,
    seed: Annotated[int, typer.Option(help="The same seed and last day give the same story.")] = 1,
    until: Annotated[
        str | None, typer.Option(help="The last day of the story, YYYY-MM-DD. Default: last Friday.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Prove on a temporary example that what is shown is what was recorded, then stop."
        ),
    ] = False,
    serve_it: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Start the service when the example is made.")
    ] = True,
    port: Annotated[int, typer.Option(help="The port of the service.")] = 8000,
) -> None:
    """Make an example setting and look at it."""
    from ap_ledger.cli.demo import check_example, make_example, say_how_to_look_back, say_sign_ins
    from ap_ledger.cli.example import last_school_day

    _quick()
    try:
        last = date.fromisoformat(until) if until else last_school_day(date.today())
    except ValueError:
        raise typer.BadParameter("give the day as YYYY-MM-DD", param_hint="--until") from None
    with plainly():
        if check:
            with progress_bars() as report:
                wrong = check_example(console, students, weeks, seed, last, report)
            console.print(
                "[green]Everything shown was recomputed from the database file, and is equal.[/green]"
                if not wrong
                else f"[red]{wrong} differences.[/red]"
            )
            raise typer.Exit(1 if wrong else 0)
        settings = read_settings(
            data=data or Path(os.environ.get("AP_LEDGER_DATA", "demo-data")), database_url=database_url
        )
        if settings.postgres is None and (settings.data / "ledger.sqlite").exists():
            console.print(f"The example in {settings.data} is there already; delete that folder to make it anew.")
        else:
            with progress_bars() as report:
                make_example(settings, students, weeks, seed, last, report)
            console.print(f"The example setting is in {settings.data}. Everybody in it is invented.", highlight=False)
        say_sign_ins(console)
        say_how_to_look_back(console, settings, last)
    if serve_it:
        serve(data=settings.data, database_url=database_url, port=port)


@app.command()
def upgrade(
    data: Data = None,
    database_url: DatabaseUrl = None,
    service_role: Annotated[
        str | None, typer.Option(help="On PostgreSQL: the role as which the service runs, if it has one of its own.")
    ] = None,
) -> None:
    """Bring the stores of an earlier version up to date. Stop the service and back everything up first."""
    from ap_ledger.stores.upgrading import upgrade as bring_up_to_date

    settings = read_settings(data=data, database_url=database_url)
    with plainly():
        done = bring_up_to_date(settings, _tell)
        if settings.postgres and service_role is not None:
            from ap_ledger.persistence.postgres import grant_service_role

            grant_service_role(settings, service_role)
    console.print(
        "Everything is up to date." if not done else f"{len(done)} steps were done; everything is up to date."
    )


@app.command()
def serve(
    data: Data = None,
    database_url: DatabaseUrl = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on. On other than this machine's own it takes https.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    projections: Annotated[
        bool,
        typer.Option(
            "--projections/--no-projections",
            help="Keep the read models up to date here, or leave it to `ap-ledger work`.",
        ),
    ] = True,
    bring_up: Annotated[
        bool,
        typer.Option(
            "--upgrade",
            help="Where an earlier version made the stores: copy them, bring them up to date, then start.",
        ),
    ] = False,
    tls_cert: Annotated[Path | None, typer.Option(help="The certificate for https of its own, as a PEM file.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The key of that certificate.")] = None,
    public_url: Annotated[
        str | None,
        typer.Option(
            envvar="AP_LEDGER_PUBLIC_URL",
            help="The https address under which people reach it, for instance through a proxy.",
        ),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            envvar="AP_LEDGER_PROXY",
            help="The address of the proxy that does https, whose X-Forwarded headers are believed.",
        ),
    ] = None,
) -> None:
    """Start the service. The first start prints a one-time link for the first administrator."""
    import uvicorn

    from ap_ledger.commands.starting import first_link
    from ap_ledger.jobs import JOBS, start_jobs
    from api import create_app
    from api.core.patience import patient_protocol

    own_tls = tls_cert is not None and tls_key is not None
    by_proxy = proxy is not None and (public_url or "").startswith("https://")
    if (tls_cert is None) != (tls_key is None) or (public_url is not None and not public_url.startswith("https://")):
        _stop("Give --tls-cert and --tls-key together, and a --public-url that starts with https://")
    if host not in LOOPBACK and not own_tls and not by_proxy:
        _stop(
            "Passwords and records may not travel in the clear. Serve on 127.0.0.1; or give --tls-cert and --tls-key; "
            "or put a proxy that does https before it and give --public-url https://NAME and --proxy ITS-ADDRESS."
        )
    settings = read_settings(data=data, database_url=database_url)
    set_up_logs()
    if bring_up:
        _bring_up(settings)
    with plainly(), opened(settings) as service:
        _quick()
        _many_connections()
        jobs = start_jobs(service) if projections else None
        shown = public_url or f"{'https' if own_tls else 'http'}://{host}:{port}"
        far = public_url is not None or host not in LOOPBACK
        hosts = {*LOOPBACK, *([host] if host not in ("0.0.0.0", "::") else [])}
        console.print(f"AP Ledger {__version__} is at {shown.rstrip('/')}/ (stop it with Ctrl+C)", highlight=False)
        if (secret := first_link(service.accounts)) is not None:
            console.print(
                "Nobody can sign in yet. Open this once, within a day, to become the first "
                f"administrator:\n{shown.rstrip('/')}/welcome?key={secret}",
                highlight=False,
            )
        uvicorn.run(
            create_app(
                service,
                run_projections=projections,
                allowed_hosts=hosts,
                public_url=public_url,
                second_factor=far,
                jobs=JOBS,
            ),
            host=host,
            port=port,
            http=patient_protocol(proxy if by_proxy else None),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=by_proxy,
            forwarded_allow_ips=proxy if by_proxy else None,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
        )
        if jobs is not None:
            jobs.shutdown()


def _bring_up(settings: Settings) -> None:
    from ap_ledger.stores.upgrading import upgrade_after_copying

    with plainly():
        upgrade_after_copying(settings, _tell)


def _tell(sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False)


def _many_connections() -> None:
    """Asks for as many open files as the system allows: every connection is one."""
    try:
        import resource
    except ImportError:
        # Windows has no such limit.
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _stop(why: str) -> None:
    complain.print(f"[red]ap-ledger:[/red] {why}", highlight=False)
    raise typer.Exit(2)


@app.command()
def work(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Keep the read models up to date and do what is due, beside `ap-ledger serve --no-projections`."""
    from ap_ledger.jobs import start_jobs

    settings = read_settings(data=data, database_url=database_url)
    set_up_logs()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with plainly(), opened(settings) as service:
        _quick()
        jobs = start_jobs(service)
        service.runner.start()
        console.print("Working. Stop it with Ctrl+C.")
        stop.wait()
        jobs.shutdown()
        service.runner.stop()


@app.command()
def record(
    file: Annotated[
        Path,
        typer.Argument(
            help="One JSON object a line: an entry, or a command with its name in `command`. - reads standard input."
        ),
    ],
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Record entries and commands from a file. Running it twice is harmless."""
    from ap_ledger.cli.recording import record_lines

    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        if str(file) != "-" and not file.is_file():
            raise SetupError(f"There is no file {file}.")
        lines = sys.stdin.buffer.read().splitlines() if str(file) == "-" else file.read_bytes().splitlines()
        with progress_bars() as report:
            counts, bad, warned = record_lines(
                service.ledger, lines, lambda done, total: report("Recording", done, total)
            )
    for number, message in warned:
        complain.print(f"line {number} is recorded, but look again: {message}", highlight=False, markup=False)
    for number, message in bad[:50]:
        complain.print(f"line {number}: {message}", highlight=False, markup=False)
    if len(bad) > 50:
        complain.print(
            f"These lines did not go in either: {', '.join(str(number) for number, _ in bad[50:])}", highlight=False
        )
    console.print(
        ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "There was nothing to record."
    )
    raise typer.Exit(1 if bad else 0)


@app.command()
def history(
    student: Annotated[str, typer.Argument(help="The student's id.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_of: Annotated[str | None, typer.Option(help="What had happened by this day or moment. Default: now.")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="What had been recorded by this day or moment. Default: now.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Replay one student's history at any two times."""
    from ap_ledger.cli.telling import tell
    from projections.queries.history import history as look_back
    from projections.queries.reading import Unknown

    if form not in ("text", "json"):
        raise typer.BadParameter("text or json", param_hint="--format")
    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        service.runner.catch_up()
        try:
            from uuid import UUID

            body = service.reader.one("students", str(UUID(student)))
            if body is None:
                raise Unknown
            setting = service.reader.one("settings", body["setting_id"])
            zone = ZoneInfo(setting["time_zone"]) if setting else ZoneInfo("UTC")
            now = service.ledger.now()
            known = moment_of(known_at, zone, "--known-at")
            position = None if known is None else service.ledger.position_at(known)
            student_id = service.ledger.states.kept(UUID(student), position)
            told = look_back(service.reader, student_id, moment_of(as_of, zone, "--as-of") or now, known)
            told["known_at"] = told["known_at"] or now.isoformat()
        except (ValueError, Unknown):
            raise SetupError("There is no student with this id in this ledger.") from None
        if form == "json":
            sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
        else:
            tell(console, service.reader, body, told, zone)


@app.command()
def replay(
    projection: Annotated[str | None, typer.Argument(help="One projection; all of them if not given.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Build the read models anew from the ledger, beside the live ones, and put them in their place."""
    from projections import PROJECTIONS

    names = [kind.name for kind in PROJECTIONS]
    if projection is not None and projection not in names:
        raise typer.BadParameter(f"one of: {', '.join(names)}", param_hint="PROJECTION")
    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service, progress_bars() as report:
        _quick()
        service.runner.replay(projection, report)
    console.print("Replayed.")


@app.command()
def status(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Say how far the ledger and its read models are, and what is held."""
    from ap_ledger.events.moments import moment

    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        head, positions = service.ledger.recorder.read_head(), service.reader.positions()
        console.print(
            f"Ledger: {head.position} events, the last recorded {moment(head.recorded_at):%Y-%m-%d %H:%M:%S} UTC",
            highlight=False,
        )
        for name, position in positions.items():
            if name != "ledger":
                console.print(f"{name}: read up to {position}, {head.position - position} behind", highlight=False)
        waiting = sum(1 for _ in service.ledger.waiting.every())
        console.print(f"Held or refused, and not settled: {waiting}", highlight=False)


@app.command()
def clock(
    data: Data = None,
    database_url: DatabaseUrl = None,
    it_is_right: Annotated[
        bool,
        typer.Option(
            "--it-is-right", help="The newest entry was stamped by a clock that was wrong; this one is right."
        ),
    ] = False,
) -> None:
    """Say whether this machine's clock can be believed."""
    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        if it_is_right:
            service.ledger.memory.trust_clock()
        fault = service.ledger.time.fault()
        console.print(
            fault.sentence
            if fault
            else f"It is {service.ledger.clock():%Y-%m-%d %H:%M} UTC, and nothing speaks against that.",
            highlight=False,
        )
    raise typer.Exit(1 if fault else 0)


def set_up_logs() -> None:
    """JSON lines on standard error. Nothing here logs what was sent, only what kind of thing went wrong and where."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ]
    # Asked for anew by each logger: where errors go may have changed since.
    structlog.configure(processors=processors, logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))

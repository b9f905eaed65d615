"""`ap-ledger framework`: write, try, publish, compare and exchange definitions."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape

from ap_ledger.cli.common import Data, DatabaseUrl, complain, console, opened, plainly
from ap_ledger.errors import DefinitionError, Refused, SetupError
from ap_ledger.settings import read_settings
from frameworks import Definition, definition_hash, load_definition
from frameworks.exchange.intake import Intake, write_yaml
from frameworks.language.lint import answerable

app = typer.Typer(
    no_args_is_help=True,
    help="Write, try, publish, compare and exchange ladders, frameworks, curricula and instruments.",
)
File = Annotated[Path, typer.Argument(help="A definition: YAML, a CASE package (JSON), or a spreadsheet (XLSX, CSV).")]


def _usable(path: Path) -> tuple[dict[str, Any], Intake]:
    from frameworks.exchange.files import bring

    intake = bring(path)
    if intake.authored is None:
        _tell(intake)
        raise DefinitionError(["nothing in this file could be used"])
    return intake.authored, intake


def _tell(intake: Intake, to: Console = complain, every_row: bool = False) -> None:
    """The report by kind, what was left out first; with `every_row`, row by row as it stands in the file."""
    for line in intake.report if every_row else intake.folded():
        to.print(
            ("[yellow]note[/yellow]  " if line.kept else "[red]left out[/red]  ") + escape(str(line)), highlight=False
        )


def _loaded(path: Path) -> Definition:
    return load_definition(_usable(path)[0])


@app.command()
def lint(file: File) -> None:
    """Say everything that is wrong with a definition, and what could be better. Exits 1 where anything is wrong."""
    from frameworks.language.lint import advice

    with plainly():
        try:
            authored, intake = _usable(file)
            definition = load_definition(authored)
        except DefinitionError as error:
            for fault in error.faults:
                complain.print(f"[red]fault[/red]  {escape(fault)}", highlight=False)
            raise typer.Exit(1) from None
        _tell(intake)
        for hint in advice(definition):
            console.print(f"[yellow]advice[/yellow]  {escape(hint)}", highlight=False)
        examples = f", {len(definition.examples)} worked examples hold" if definition.examples else ""
        size = len(definition.rank) or len(definition.scored)
        console.print(
            f"[green]good[/green]  {definition.key}: {definition.kind}, {size} "
            f"{'rungs' if definition.rank else 'items'}{examples}",
            highlight=False,
        )


@app.command()
def score(
    file: File,
    answers: Annotated[
        Path,
        typer.Argument(
            help="The answers: YAML or JSON (`item: answer`), or a sheet (XLSX, CSV) with a line for each item."
        ),
    ],
) -> None:
    """Score a set of answers. Needs no ledger; nothing is kept."""
    from frameworks.exchange.files import read_answers
    from frameworks.language.scoring import REASONS
    from frameworks.language.scoring import score as scored

    with plainly():
        definition = _loaded(file)
        given, context = read_answers(answers)
        faults = [f"there is no item '{item}'" for item in given if item not in definition.scored]
        faults += [
            f"the answer to '{item}' is not on its scale"
            for item, answer in given.items()
            if item in definition.scored and not answerable(definition.scored[item], answer)
        ]
        if faults:
            raise DefinitionError(faults)
        made = scored(definition, given, context)
        for name, result in made.scores.items():
            console.print(f"{definition_label(definition, name)}: {result.in_words()}", highlight=False, markup=False)
        if not made.scores:
            for item, result_of in made.items.items():
                stage = f" ({result_of.stage})" if result_of.stage else ""
                console.print(f"{definition.labels[item]}: {result_of.label}{stage}", highlight=False, markup=False)
            console.print(f"No total: {REASONS[made.total_reason or 'no-scores']}.", highlight=False)


def definition_label(definition: Definition, name: str) -> str:
    """What a score is called."""
    return next(score.label for score in definition.scores if score.id == name)


@app.command("import")
def import_(
    file: File,
    out: Annotated[Path, typer.Option("--out", help="The YAML file to write.")],
    kind: Annotated[
        str | None, typer.Option(help="ladder, outcomes, curriculum or instrument, for a CASE package.")
    ] = None,
    framework_id: Annotated[str | None, typer.Option("--id", help="Another id for it.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Another version.")] = None,
    after: Annotated[
        str | None,
        typer.Option(
            help=(
                "The version before: a file, or the id@version of something published. What has the same id carries on."
            )
        ),
    ] = None,
    every_row: Annotated[bool, typer.Option("--every-row", help="Tell every row of the report by itself.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there already and differs.")
    ] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Turn a spreadsheet (XLSX, CSV) or a CASE package into a definition file, with a report of whatever could not be
    used.

    Exits 1 only where nothing usable was there. The same file always gives the same bytes.
    """
    with plainly():
        if kind not in (None, "ladder", "outcomes", "curriculum", "instrument"):
            raise typer.BadParameter("ladder, outcomes, curriculum or instrument", param_hint="--kind")
        earlier = _either(after, data, database_url) if after else None
        try:
            intake = _brought(file, kind, framework_id, version, earlier)
        except DefinitionError as error:
            for fault in error.faults:
                complain.print(f"[red]ap-ledger:[/red] {escape(fault)}", highlight=False)
            raise typer.Exit(1) from None
        _tell(intake, every_row=every_row)
        authored = intake.authored
        assert authored is not None
        text = write_yaml(authored)
        if out.exists() and not force and out.read_text("utf-8") != text:
            raise SetupError(f"{out} is there already and differs. Give another name, or --force to write over it.")
        write_whole(out, text.encode())
        left_out = sum(not row.kept for row in intake.report)
        counts = f"{_times(left_out, 'row')} left out, {_times(len(intake.report) - left_out, 'note')}"
        console.print(f"Read {intake.summary()}.", highlight=False)
        console.print(f"Wrote {out}: {authored['id']}@{authored['version']}, {counts}.", highlight=False)
        try:
            load_definition(authored)
        except DefinitionError as error:
            complain.print("Before it can be published:")
            for fault in error.faults:
                complain.print(f"[red]fault[/red]  {escape(fault)}", highlight=False)


def _times(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _brought(
    file: Path, kind: str | None, framework_id: str | None, version: int | None, earlier: Definition | None
) -> Intake:
    """What a file gives, under another id or version, and as the next version of an earlier one."""
    from frameworks.exchange.files import bring, renamed
    from frameworks.exchange.versions import follow, presume

    intake = bring(file, kind)
    if intake.authored is None:
        _tell(intake)
        raise DefinitionError(["nothing in this file could be used"])
    intake.authored = renamed(intake.authored, framework_id, version)
    if earlier is not None:
        follow(intake, earlier, version)
    elif version is not None and intake.from_elsewhere:
        presume(intake, version)
    return intake


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    folder = path.parent
    if not folder.is_dir():
        raise SetupError(f"There is no folder {folder}.")
    with tempfile.NamedTemporaryFile(dir=folder, delete=False, prefix=".", suffix=".part") as part:
        part.write(content)
    made = Path(part.name)
    made.chmod(0o644)
    made.replace(path)


@app.command()
def template(
    kind: Annotated[str, typer.Option(help="outcomes, curriculum, ladder or instrument.")] = "outcomes",
    out: Annotated[
        Path | None, typer.Option("--out", help="The CSV file to write; standard output if not given.")
    ] = None,
) -> None:
    """A spreadsheet to start from. It works as it is; change the words."""
    from frameworks.exchange.sheet_templates import TEMPLATES, template_file

    if kind not in TEMPLATES:
        raise typer.BadParameter(f"one of {', '.join(TEMPLATES)}", param_hint="--kind")
    with plainly():
        content = template_file(kind)
        if out is None:
            sys.stdout.buffer.write(content)
        else:
            write_whole(out, content)
            console.print(
                f"Wrote {out}. Open it, change the words, save it as CSV, "
                f"then: ap-ledger framework import {out} --out FILE.yaml",
                highlight=False,
            )


@app.command()
def schema() -> None:
    """The JSON Schema of a definition file, so that an editor completes and checks it."""
    from frameworks.language.schema import definition_schema

    sys.stdout.write(json.dumps(definition_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")


@app.command()
def publish(
    file: File,
    data: Data = None,
    database_url: DatabaseUrl = None,
    setting: Annotated[
        str | None, typer.Option(help="The setting's id; needed only where several keep their ledger here.")
    ] = None,
) -> None:
    """Write a definition into the ledger, whole, with its content hash. A published version never changes."""
    from ap_ledger.domain.framework import PublishFramework
    from ap_ledger.recording.ledger import new_id
    from frameworks.exchange.versions import not_carried

    with plainly():
        authored, intake = _usable(file)
        _tell(intake)
        definition, content_hash = load_definition(authored), definition_hash(authored)
        with opened(read_settings(data=data, database_url=database_url)) as service:
            before = service.ledger.published.newest(definition.id)
            if before is not None and (lost := not_carried(definition, before)):
                complain.print(f"[yellow]note[/yellow]  {escape(lost)}", highlight=False)
            if service.ledger.published.content_hash(definition.key) == content_hash:
                console.print(
                    f"{definition.key} is published already, with this very content ({content_hash}).", highlight=False
                )
                return
            try:
                service.ledger.execute(
                    PublishFramework(id=new_id(), setting_id=_setting(service, setting), definition=authored)
                )
            except Refused as refusal:
                raise DefinitionError([refusal.message]) from None
        console.print(f"Published {definition.key}, content hash {content_hash}.", highlight=False)


def _setting(service: Any, text: str | None) -> UUID:
    service.runner.catch_up()
    known = [UUID(body["id"]) for body in service.reader.collection("settings", limit=500)]
    if text is not None:
        chosen = next((setting_id for setting_id in known if str(setting_id) == text.lower()), None)
        if chosen is None:
            raise SetupError("No setting with this id keeps its ledger here.")
        return chosen
    if len(known) != 1:
        raise SetupError(
            "There is no setting here yet; make one with: ap-ledger init --setting NAME"
            if not known
            else "Several settings keep their ledger here; give --setting ID."
        )
    return known[0]


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A file, or the id@version of something published.")],
    new: Annotated[str, typer.Argument(help="A file, or the id@version of something published.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Say in words what changed, and what it does to comparing before with after."""
    from frameworks.language.compare import carries, differences

    with plainly():
        old_definition, new_definition = (_either(name, data, database_url) for name in (old, new))
        changes = differences(old_definition, new_definition)
        for difference in changes:
            colour = {"same": "green", "careful": "yellow", "broken": "red"}[difference.effect]
            console.print(f"[{colour}]{difference.effect:8}[/{colour}] {escape(str(difference))}", highlight=False)
        if not changes:
            console.print("Nothing changed that anybody who answers would notice.")
        if carried := carries(old_definition, new_definition):
            console.print(
                f"A crosswalk carries the history of {len(carried)} items from {old_definition.key} on.",
                highlight=False,
            )


def _either(name: str, data: Path | None, database_url: str | None) -> Definition:
    if Path(name).is_file():
        return _loaded(Path(name))
    with opened(read_settings(data=data, database_url=database_url)) as service:
        return _published(service, name)


def _published(service: Any, name: str) -> Definition:
    """A published definition by `id@version`, or the newest version of an id."""
    definition: Definition | None = (
        service.ledger.published.definition(name) if "@" in name else service.ledger.published.newest(name)
    )
    if definition is None:
        raise SetupError(
            f"There is no file {name}, and nothing was published under this id. A version is named id@version."
        )
    return definition


@app.command()
def export(
    framework_id: Annotated[str, typer.Argument(help="What to export: id@version, or an id for its newest version.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    form: Annotated[
        str, typer.Option("--format", help="yaml, as it was authored, or case: a CASE 1.1 package.")
    ] = "yaml",
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; standard output if not given.")] = None,
) -> None:
    """Write a published definition to a file. Words that may not be passed on are refused."""
    from frameworks.exchange.case_out import may_pass_on, write_case

    if form not in ("yaml", "case"):
        raise typer.BadParameter("yaml or case", param_hint="--format")
    with plainly():
        with opened(read_settings(data=data, database_url=database_url)) as service:
            definition, published = _published(service, framework_id), service.ledger.published
            may_pass_on(definition)
            recorded_at, authored = published.recorded_at(definition.key), published.authored(definition.key)
            assert recorded_at is not None and authored is not None
            content = write_case(definition, recorded_at) + b"\n" if form == "case" else write_yaml(authored).encode()
        if out is None:
            sys.stdout.buffer.write(content)
        else:
            write_whole(out, content)
            console.print(f"Wrote {out}.", highlight=False)

"""Pages on which a leader sees what is published, and brings, tries and publishes a definition of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from ap_ledger.bootstrap import Service
from ap_ledger.domain.framework import PublishFramework, RetireFramework
from ap_ledger.errors import DefinitionError, Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import id_of, read_form, setting_for, show, text_of
from frameworks import Definition, definition_hash, load_definition
from frameworks.exchange.case_out import may_pass_on, write_case
from frameworks.exchange.files import read_any
from frameworks.exchange.intake import Fold, Intake, write_yaml
from frameworks.exchange.sheet_templates import TEMPLATES, template, template_file
from frameworks.exchange.versions import follow, not_carried, same_content
from frameworks.language.compare import differences
from frameworks.language.lint import advice
from frameworks.language.load import SIZE_LIMIT
from frameworks.language.scoring import REASONS, score
from projections.queries.reading import Unknown

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
ROWS_SHOWN = 400
KINDS = {
    "ladder": "Ladders",
    "outcomes": "Outcomes frameworks",
    "curriculum": "Curricula",
    "instrument": "Questionnaires",
}


@router.get(
    "/frameworks",
    gate=Gate("see-frameworks"),
    nav=Nav(
        "Frameworks", "more", 3, ("see-people",), also="ladders curricula outcomes questionnaires", group="setting"
    ),
)
def framework_list(request: Request, using: Current) -> HTMLResponse:
    """Everything published, by kind."""
    bodies = using.reader.whole("frameworks")
    by_kind = [
        (
            title,
            sorted(
                (body for body in bodies if body["kind"] == kind), key=lambda body: (body["title"], -body["version"])
            ),
        )
        for kind, title in KINDS.items()
    ]
    return show(request, "frameworks.html", by_kind=by_kind)


@router.get("/frameworks/template/{kind}.csv", gate=Gate("see-frameworks"))
def framework_template(kind: str) -> Response:
    """A spreadsheet to start from."""
    if kind not in TEMPLATES:
        raise Unknown
    return Response(
        template_file(kind),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{kind}-template.csv"'},
    )


@router.get("/frameworks/new", gate=Gate("publish-framework"))
def framework_new(request: Request, using: Current, asking: Asking, kind: str = "", setting: str = "") -> HTMLResponse:
    """The page on which rows are pasted or a file is given."""
    source = template(kind).replace("\r\n", "\n") if kind in TEMPLATES else ""
    return _draft(request, using, asking, setting, source, "pasted", None)


@router.post("/frameworks/new", gate=Gate("publish-framework"))
async def framework_check(request: Request, using: Using, asking: Asking) -> Response:
    """Checks, tries or publishes what was pasted or uploaded. Nothing is kept until it is published."""
    form = await read_form(request, SIZE_LIMIT)
    upload = form.get("file")
    given = isinstance(upload, UploadFile) and bool(upload.filename)
    name, raw = (
        (str(upload.filename), await upload.read())
        if isinstance(upload, UploadFile) and given
        else (text_of(form, "name") or "pasted", text_of(form, "source").encode())
    )
    await form.close()
    return await run_in_threadpool(_check, request, using, asking, form, name, raw)


def _check(request: Request, using: Service, asking: Asker, form: FormData, name: str, raw: bytes) -> Response:
    setting = text_of(form, "setting")
    draft = _Draft(name, raw, using)
    if text_of(form, "do") == "publish" and draft.definition is not None and draft.authored is not None:
        body, _ = setting_for(using.reader, asking, setting, "publish-framework")
        if using.ledger.published.content_hash(draft.definition.key) != definition_hash(draft.authored):
            try:
                command = PublishFramework(
                    id=id_of(form, "command"),
                    setting_id=UUID(body["id"]),
                    author_id=asking.person,
                    definition=draft.authored,
                )
                position = using.ledger.execute(command).position
            except Refused as refusal:
                draft.faults.append(refusal.message)
                return _draft(request, using, asking, setting, draft.source, name, draft)
        else:
            position = 0
        return RedirectResponse(
            f"/frameworks/{draft.definition.id}/{draft.definition.version}?min_position={position}", 303
        )
    if text_of(form, "do") == "try":
        draft.answer({key[4:]: str(value) for key, value in form.items() if key.startswith("try:") and value})
    return _draft(request, using, asking, setting, draft.source, name, draft)


class _Draft:
    """What was brought, read and judged, before anything of it is kept."""

    def __init__(self, name: str, raw: bytes, using: Service) -> None:
        self.faults: list[str] = []
        self.advice: list[str] = []
        self.intake = Intake()
        self.definition: Definition | None = None
        self.source = raw.decode("utf-8-sig", "replace") if len(raw) <= SIZE_LIMIT and not raw.startswith(b"PK") else ""
        self.results: list[tuple[str, str]] = []
        self.answers: dict[str, str] = {}
        try:
            self.intake = read_any(raw, name if "." in name else _guess(raw))
            if self.intake.source is not None:
                self.source = self.intake.source
            if self.intake.authored is None:
                raise DefinitionError(["nothing here could be used; see the report"])
            earlier = self._after_what_is_published(using)
            self.definition = load_definition(self.intake.authored)
            self.advice = advice(self.definition)
            if earlier is not None and (lost := not_carried(self.definition, earlier)):
                self.advice.append(lost)
        except DefinitionError as error:
            self.faults = list(error.faults)

    @property
    def authored(self) -> dict[str, Any] | None:
        """The definition as if authored."""
        return self.intake.authored

    def _after_what_is_published(self, using: Service) -> Definition | None:
        """Another file of something published is its next version, with the crosswalk.

        Gives the version before, if any.
        """
        authored = self.intake.authored
        earlier = using.ledger.published.newest(str(authored["id"])) if authored else None
        if authored is None or earlier is None or not self.intake.from_elsewhere:
            return earlier
        published = using.ledger.published.authored(earlier.key)
        if published is not None and same_content(authored, published):
            self.intake.authored = published
        elif not self.intake.names_version or authored["version"] > earlier.version:
            follow(self.intake, earlier, authored["version"] if self.intake.names_version else None)
        return earlier

    def rows(self) -> list[tuple[int, list[str], list[str]]]:
        """The rows of a sheet, each with what is wrong with it: what the report says of the row, and every fault that
        names its item."""
        remarks: dict[int, list[str]] = {}
        for report in self.intake.report:
            if report.row is not None:
                remarks.setdefault(report.row, []).append(report.said)
        for fault in self.faults:
            for item, number in self.intake.rows.items():
                if f"'{item}'" in fault:
                    remarks.setdefault(number, []).append(fault)
        # A row is easier to find between its neighbours.
        near = {number + step for number in remarks for step in (-1, 0, 1)}
        return [
            (number, cells, remarks.get(number, [])) for number, cells in self.intake.table.items() if number in near
        ][:ROWS_SHOWN]

    def left_out(self) -> int:
        """How many rows would not be a part of what is published."""
        return sum(not row.kept for row in self.intake.report)

    def folds(self, shown_by_row: bool) -> list[Fold]:
        """The report by kind; without what stands beside its row already."""
        report = [row for row in self.intake.report if not shown_by_row or row.row is None]
        return Intake(report=report).folded()

    def answer(self, answers: dict[str, str]) -> None:
        """Scores what was chosen on the page."""
        self.answers = answers
        if self.definition is None:
            return
        scored = self.definition.scored
        levels = {
            item: level if scored[item].allows(level := scored[item].read(answer)) else None
            for item, answer in answers.items()
            if item in scored
        }
        made = score(self.definition, levels)
        names = {declared.id: declared.label for declared in self.definition.scores}
        self.results = [(names[name], result.in_words()) for name, result in made.scores.items()]
        self.results += [
            (
                self.definition.labels[item],
                made.items[item].label + (f" ({made.items[item].stage})" if made.items[item].stage else ""),
            )
            for item in levels
        ]
        if not made.scores:
            self.results.append(("Total", REASONS[made.total_reason or "no-scores"]))


def _guess(raw: bytes) -> str:
    """Pasted rows are a table; pasted YAML says what it is in its first lines."""
    head = raw[:2000].decode("utf-8", "replace").lstrip("\ufeff \n\r\t")
    return "pasted.yaml" if head.startswith(("id:", "version:", "kind:", "title:", "#", "---")) else "pasted.csv"


def _draft(
    request: Request, using: Service, asking: Asker, setting: str, source: str, name: str, draft: _Draft | None
) -> HTMLResponse:
    body, settings = setting_for(using.reader, asking, setting, "publish-framework")
    return show(
        request,
        "framework_new.html",
        source=source,
        file_name=name,
        draft=draft,
        setting=body,
        settings=settings,
        command=str(new_id()),
        templates=list(TEMPLATES),
        status=200 if draft is None or not draft.faults else 422,
    )


@router.get("/frameworks/{framework_id}/{version}", gate=Gate("see-frameworks"))
def framework_page(request: Request, framework_id: str, version: int, using: Current, asking: Asking) -> HTMLResponse:
    """One published definition: its tree, its scales, its scores, and what changed since the version before."""
    key = f"{framework_id}@{version}"
    body, definition = using.reader.one("frameworks", key), using.reader.definition(key)
    if body is None or definition is None:
        raise Unknown
    before = using.reader.definition(definition.supersedes) if definition.supersedes else None
    before = before or using.reader.definition(f"{framework_id}@{version - 1}")
    changes = [(str(difference), difference.effect) for difference in differences(before, definition)] if before else []
    setting, settings = (
        setting_for(using.reader, asking, "", "publish-framework") if asking.may("publish-framework") else (None, [])
    )
    return show(
        request,
        "framework.html",
        body=body,
        definition=definition,
        before=before,
        changes=changes,
        published=using.ledger.published.recorded_at(key),
        setting=setting,
        settings=settings,
        command=str(new_id()),
    )


@router.post("/frameworks/{framework_id}/{version}/retire", gate=Gate("publish-framework"))
async def retire(request: Request, framework_id: str, version: int, using: Using, asking: Asking) -> Response:
    """Takes a version out of use. What was recorded against it stays readable for ever."""
    form = await read_form(request)
    return await run_in_threadpool(_retire, framework_id, version, using, asking, form)


def _retire(framework_id: str, version: int, using: Service, asking: Asker, form: FormData) -> Response:
    body, _ = setting_for(using.reader, asking, text_of(form, "setting"), "publish-framework")
    command = RetireFramework(
        id=id_of(form, "command"),
        setting_id=UUID(body["id"]),
        author_id=asking.person,
        framework_id=framework_id,
        version=version,
        reason_code="retired-by-leader",
    )
    position = using.ledger.execute(command).position
    return RedirectResponse(f"/frameworks/{framework_id}/{version}?min_position={position}", 303)


@router.get("/frameworks/{framework_id}/{version}/{form}", gate=Gate("see-frameworks"))
def framework_file(framework_id: str, version: int, form: str, using: Current) -> Response:
    """A published definition as a file. Words that may not be passed on are refused."""
    key = f"{framework_id}@{version}"
    definition, authored = using.reader.definition(key), using.ledger.published.authored(key)
    if definition is None or authored is None or form not in ("yaml", "case"):
        raise Unknown
    try:
        may_pass_on(definition)
    except DefinitionError as error:
        raise Refused("not-allowed", error.faults[0], "licence") from None
    if form == "case":
        content, media, ending = (
            write_case(definition, using.ledger.published.recorded_at(key) or datetime.now(UTC)),
            "application/json",
            "json",
        )
    else:
        content, media, ending = write_yaml(authored).encode(), "application/yaml", "yaml"
    return Response(
        content,
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{framework_id}-{version}.{ending}"'},
    )

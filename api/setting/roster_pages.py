"""Students and people from a file: choose it, match its columns, look at what it would do, bring it in.

Nothing is written before the last step. Between the steps the file is carried by the page, sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from ap_ledger.bootstrap import Service
from ap_ledger.errors import RosterFault
from ap_ledger.recording.ledger import new_id
from ap_ledger.roster.bringing import Bringer, Brought, bring_in, found_columns, look, remember_columns, tell_when_long
from ap_ledger.roster.fields import NOT_USED, SUBJECTS, Subject, columns_of, subject_of
from ap_ledger.roster.files import read_tables
from ap_ledger.roster.parcel import Parcel, opened, sealed
from ap_ledger.roster.plan import Outcome, Plan, PlannedRow, Wishes
from ap_ledger.roster.refused_file import refused_csv
from ap_ledger.roster.table import Table
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.problems import NotAllowed
from api.core.service import Current, Using, wait_for
from api.core.show import id_of, read_private_form, setting_for, show, text_of
from frameworks.language.load import SIZE_LIMIT
from projections.bodies import SettingBody

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
ROWS_SHOWN = 200
"""So many rows of each outcome are shown; the others are counted."""
ROWS_AT_ONCE = 1_000
"""So many rows are written by one press; the file brought in again writes the next."""
VALUES_SHOWN = 3
SUBJECT_WORDS: Mapping[Subject, str] = {"students": "Students", "staff": "People who work here"}
GROUPS: tuple[tuple[Outcome, str], ...] = (
    ("refused", "Needs you"),
    ("changed", "Will change"),
    ("new", "Will be new"),
    ("left-out", "Left out by you"),
    ("same", "Stays as it is"),
)
"""What happens to rows, and the heading of each group, in the order in which they are shown."""


@router.get(
    "/roster",
    gate=Gate("bring-in"),
    nav=Nav(
        "Bring in a file",
        "more",
        19,
        also="import upload csv excel sheet oneroster contacts consents",
        group="students",
    ),
)
def roster_page(request: Request, using: Current, asking: Asking, setting: str = "") -> HTMLResponse:
    """The page on which a file is chosen."""
    return _choose(request, using, asking, setting)


def _choose(
    request: Request, using: Service, asking: Asker, wanted: str, fault: str = "", status: int = 200
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "bring-in")
    subjects = _bringer(asking, setting, new_id()).subjects
    return show(
        request, "roster.html", status, step="choose", setting=setting, settings=settings, fault=fault,
        subjects=subjects, subject_words=SUBJECT_WORDS,
        sayable={subject: _sayable(subject) for subject in subjects},
    )  # fmt: skip


def _sayable(subject: Subject) -> list[str]:
    """What a sheet may say, each once: further contacts are like the first."""
    return [column.label for name, column in columns_of(subject).items() if not name.endswith(("_2", "_3"))]


def _bringer(asking: Asker, setting: SettingBody, form: UUID) -> Bringer:
    return Bringer(asking.who, setting, form)


@router.post("/roster", gate=Gate("bring-in"))
async def roster_step(request: Request, using: Using, asking: Asking) -> Response:
    """The next step: the columns of what was uploaded, what it would do, the refused rows, or bringing it in."""
    form = await read_private_form(request, SIZE_LIMIT + 60 * 1024)
    upload = form.get("file")
    given = None
    if isinstance(upload, UploadFile):
        given = Parcel(upload.filename or "", await upload.read())
        await upload.close()
    # What would be compared with things as they were a moment ago might bring somebody in twice.
    await wait_for(using, using.ledger.recorder.read_head().position)
    return await run_in_threadpool(_step, request, using, asking, form, given)


class _Sheet(NamedTuple):
    """What the steps share: who brings in what, the file, its tables, and which of them is looked at."""

    bringer: Bringer
    settings: list[SettingBody]
    parcel: Parcel
    text: str
    tables: list[Table]
    chosen: int
    subject: Subject

    @property
    def table(self) -> Table:
        """The table that is looked at."""
        return self.tables[self.chosen]


def _step(request: Request, using: Service, asking: Asker, form: FormData, given: Parcel | None) -> Response:
    wanted = text_of(form, "setting")
    setting, settings = setting_for(using.reader, asking, wanted, "bring-in")
    try:
        sheet = _sheet(using, asking, form, given, setting, settings)
    except RosterFault as fault:
        return _choose(request, using, asking, wanted, str(fault), 422)
    if not sheet.bringer.may_bring(sheet.subject):
        raise NotAllowed
    do = text_of(form, "do")
    if do in ("read", "sheet"):
        found = found_columns(using, sheet.bringer, sheet.table, sheet.subject)
        return _match(request, using, sheet, found)
    matched = _matched(form, sheet)
    if do == "columns":
        return _match(request, using, sheet, matched, from_date=text_of(form, "from_date"))
    try:
        if len(set(filter(None, matched))) < len(list(filter(None, matched))):
            raise RosterFault("Two columns are said to hold the same. Choose one of them.")
        wishes = _wishes(using, form, setting)
        plan = look(using, sheet.bringer, sheet.table, sheet.subject, matched, wishes)
    except RosterFault as fault:
        return _match(request, using, sheet, matched, str(fault), 422, text_of(form, "from_date"))
    if do == "refused":
        return _refused_file(plan)
    if do == "bring":
        return _brought(request, using, sheet, plan, wishes)
    return _look(request, sheet, plan, wishes)


def _sheet(
    using: Service,
    asking: Asker,
    form: FormData,
    given: Parcel | None,
    setting: SettingBody,
    settings: list[SettingBody],
) -> _Sheet:
    """The file of this step, from the upload or from the page. Raises RosterFault."""
    own, where, now = using.ledger.keyring.own(), UUID(setting["id"]), using.ledger.clock()
    text = text_of(form, "parcel")
    if given is not None:
        if not given.raw and not given.name:
            raise RosterFault("Choose a file first.")
        parcel = given
        text = sealed(own, asking.person, where, given, now)
    else:
        parcel = opened(own, asking.person, where, text, now)
    bringer = _bringer(asking, setting, new_id() if given is not None else id_of(form, "form"))
    tables = read_tables(parcel.raw, parcel.name)
    chosen = int(text_of(form, "table")) if text_of(form, "table").isdecimal() else 0
    chosen = chosen if chosen < len(tables) else 0
    told = text_of(form, "subject")
    if given is not None and told not in SUBJECTS:
        # Of a roster with students and staff, the table of whom this person may bring in is looked at first.
        able = (at for at, table in enumerate(tables) if bringer.may_bring(subject_of(table)))
        chosen = next(able, 0)
    elif given is not None and tables[chosen].subject not in (None, told):
        chosen = next((at for at, table in enumerate(tables) if table.subject == told), chosen)
    subject: Subject = next((each for each in SUBJECTS if each == told), subject_of(tables[chosen]))
    if tables[chosen].subject is not None:
        subject = subject_of(tables[chosen])
    if told not in SUBJECTS and not bringer.may_bring(subject):
        subject = bringer.subjects[0]
    return _Sheet(bringer, settings, parcel, text, tables, chosen, subject)


def _matched(form: FormData, sheet: _Sheet) -> list[str]:
    """What each column was said to hold."""
    columns = columns_of(sheet.subject)
    said = (text_of(form, f"column-{number}") for number in range(len(sheet.table.headings)))
    return [name if name in columns else NOT_USED for name in said]


def _wishes(using: Service, form: FormData, setting: SettingBody) -> Wishes:
    """What was said about the rows. Raises RosterFault."""
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    text = text_of(form, "from_date")
    try:
        from_date = date.fromisoformat(text) if text else today
    except ValueError:
        raise RosterFault("Say from which day on the changes hold.") from None
    out = {int(str(number)) for number in form.getlist("out") if str(number).isdecimal()}
    out |= {int(text_of(form, "leave"))} if text_of(form, "leave").isdecimal() else set()
    out -= {int(text_of(form, "take"))} if text_of(form, "take").isdecimal() else set()
    same: dict[int, str] = {}
    for pair in (*form.getlist("alike"), text_of(form, "same")):
        number, _, student = str(pair).partition(":")
        if number.isdecimal() and student:
            same[int(number)] = student
    mended: dict[tuple[int, int], str] = {}
    for name in form:
        kind, *place = name.split("-")
        if kind == "mended" and len(place) == 2 and all(part.isdecimal() for part in place):
            mended[int(place[0]), int(place[1])] = " ".join(text_of(form, name).split())
    return Wishes(from_date, frozenset(out), same, mended)


# The steps ------------------------------------------------------------------------------------------------------------


def _match(
    request: Request,
    using: Service,
    sheet: _Sheet,
    matched: Sequence[str],
    fault: str = "",
    status: int = 200,
    from_date: str = "",
) -> HTMLResponse:
    today = using.ledger.access_facts.today(UUID(sheet.bringer.setting["id"]))
    columns = [
        {
            "heading": heading,
            "values": [value for value in sheet.table.values(number) if value][:VALUES_SHOWN],
            "matched": matched[number],
        }
        for number, heading in enumerate(sheet.table.headings)
    ]
    subjects = [subject for subject in sheet.bringer.subjects if sheet.table.subject in (None, subject)]
    return show(
        request, "roster.html", status, step="match", fault=fault, columns=columns,
        choices={name: column.label for name, column in columns_of(sheet.subject).items()},
        subjects=subjects, subject_words=SUBJECT_WORDS, from_date=from_date or today.isoformat(), **_shared(sheet),
    )  # fmt: skip


def _look(request: Request, sheet: _Sheet, plan: Plan, wishes: Wishes, status: int = 200) -> HTMLResponse:
    shown = {outcome: plan.of(outcome) for outcome, _ in GROUPS}
    inputs = {
        (row.row.number, row.fault_column) for row in shown["refused"][:ROWS_SHOWN] if row.fault_column is not None
    }
    hidden = {place: text for place, text in wishes.mended.items() if place not in inputs}
    return show(
        request, "roster.html", status, step="look", plan=plan, wishes=wishes, groups=GROUPS, shown=shown,
        hidden=hidden, rows_shown=ROWS_SHOWN, at_once=ROWS_AT_ONCE, fault="", **_shared(sheet),
    )  # fmt: skip


def _shared(sheet: _Sheet) -> dict[str, Any]:
    return {
        "setting": sheet.bringer.setting,
        "settings": sheet.settings,
        "parcel": sheet.text,
        "file_name": sheet.parcel.name,
        "form": str(sheet.bringer.form),
        "table": sheet.table,
        "tables": sheet.tables,
        "chosen": sheet.chosen,
        "subject": sheet.subject,
    }


def _refused_file(plan: Plan) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="rows-not-brought-in.csv"'}
    return Response(refused_csv(plan, plan.of("refused")).encode(), media_type="text/csv", headers=headers)


def _brought(request: Request, using: Service, sheet: _Sheet, plan: Plan, wishes: Wishes) -> Response:
    began = using.ledger.now()
    remember_columns(using, sheet.bringer, sheet.table, sheet.subject, plan.matched)
    brought = list(bring_in(using, sheet.bringer, plan, ROWS_AT_ONCE))
    tell_when_long(using, sheet.bringer, began)
    failed = [_failed(each) for each in brought if each.fault]
    done = [each for each in brought if not each.fault]
    counts = {
        outcome: sum(each.row.outcome == outcome for each in done) for outcome in ("new", "changed")
    }  # fmt: skip
    position = max((each.position for each in done), default=0)
    return show(
        request, "roster.html", step="saved", counts=counts, refused=[*plan.of("refused"), *failed],
        same=len(plan.of("same")), waiting=max(len(plan.to_save) - ROWS_AT_ONCE, 0), left=plan.left, plan=plan,
        wishes=wishes, position=position, fault="", **_shared(sheet),
    )  # fmt: skip


def _failed(brought: Brought) -> PlannedRow:
    return brought.row.refused(brought.fault)

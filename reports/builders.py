"""What each block of a layout says: one function a name, given the report's context and what the layout wrote beside the name.

Adding a kind of block is one function and its line in `BUILDERS`. Numbers about several students are made as cells of the
cohort; what is about single students is marked so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from ap_ledger import __version__
from ap_ledger.errors import SetupError
from projections.gaps import Gaps
from projections.history import entries_at
from projections.periods import StudentPeriod
from projections.reading import Body, Reader
from projections.uncertainty import change, share
from reports import plain_words
from reports.blocks import Banner, Block, Column, FigureBlock, Heading, Held, Listing, Page, Paragraph, Quote, Shown, Table, Tiles, Trace
from reports.cohort import STUDENTS, Cohort, shown_percent
from reports.columns import COLUMNS, OUTCOMES, RUNGS, SESSIONS, VOICES, faces, in_words, percent, points
from reports.disclosure import NOT_AVAILABLE
from reports.figures import ladder_over_time
from reports.period_figures import by_kind, by_theme, faces_chosen, themes_then_and_now, week_by_slot, weeks_attended, weeks_of

Opens = Callable[[UUID, str, datetime], bool]
"""Whether words of a retention class about a student, recorded at a moment, may be read by whoever the report is for."""

Blocks = Iterable[Block]
NAMED, BRACE = re.compile(r"\{([a-z]+)\}"), re.compile(r"[{}]")


@dataclass
class Context:
    """Everything that a block may ask for."""

    reader: Reader
    setting: Body
    periods: Sequence[StudentPeriod]
    cohort: Cohort
    opens: Opens
    words: Mapping[str, str]
    title: str
    one_student: bool
    columns_used: dict[str, None] = field(default_factory=dict)

    @property
    def student(self) -> StudentPeriod:
        """The one student of the report. Raises SetupError where there are several."""
        if not self.one_student:
            raise SetupError("A block of this layout is about one student; make the report with --student.")
        return self.periods[0]

    def say(self, text: str) -> str:
        """A text of the layout with what it names in braces put in. Nothing else in it means anything."""
        said = NAMED.sub(lambda found: self.words.get(found[1], found[0]), text)
        if any(found not in self.words for found in NAMED.findall(text)) or BRACE.search(NAMED.sub("", text)):
            raise SetupError(f"The layout says {text!r}. In braces it may name: {', '.join(self.words)}.")
        return said


def _banner(context: Context, title: str = "", sub: str = "{setting} · {period}") -> Blocks:
    """The top of the first page; the layout's own title where none is given."""
    yield Banner(context.say(title or context.title), context.say(sub))


def _heading(context: Context, text: str, level: int = 2) -> Blocks:
    yield Heading(context.say(text), 2 if level < 3 else 3)


def _text(context: Context, say: str, quiet: bool = False) -> Blocks:
    yield Paragraph(context.say(say), quiet)


def _page(context: Context) -> Blocks:
    yield Page()


def _tiles(context: Context, show: Sequence[str], labels: Mapping[str, str] | None = None) -> Blocks:
    """Columns of the one student, each as a tile."""
    period = context.student
    yield Tiles([((labels or {}).get(name, COLUMNS[name].label), COLUMNS[name].cell(period)) for name in _known(show)], single=True)


def _table(
    context: Context, name: str, caption: str, columns: Sequence[str], labels: Mapping[str, str] | None = None, note: str = ""
) -> Blocks:  # fmt: skip
    """A row for each student, the columns in the layout's order, under the layout's names where it gives any."""
    _known(columns)
    context.columns_used.update(dict.fromkeys(columns))
    heads = [Column(column, (labels or {}).get(column, COLUMNS[column].label), COLUMNS[column].means) for column in columns]
    rows = [[COLUMNS[column].cell(period) for column in columns] for period in context.periods]
    if all(cell.raw == NOT_AVAILABLE for row in rows for column, cell in zip(columns, row, strict=True) if column not in ("student", "reference")):
        note = f"{note} None of this is recorded in this software yet.".strip()
        # It says nothing about anybody, so it stays whoever reads.
        heads = [head for head in heads if head.name not in ("student", "reference")]
        yield Table(name, context.say(caption), heads, [[Shown(NOT_AVAILABLE, NOT_AVAILABLE) for _ in heads]], note)
        return
    yield Table(name, context.say(caption), heads, rows, note, single=True)


def _known(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in COLUMNS:
            raise SetupError(f"There is no column {name}. There are: {', '.join(COLUMNS)}.")
    return names


# One student ------------------------------------------------------------------------------------------------------------


def _figure(context: Context, show: str, height: int | None = None) -> Blocks:
    """A figure about the one student: ladder, attendance, themes, week or faces. Where there are several, attendance of all."""
    period = context.periods[0] if context.periods else None
    if not context.one_student or period is None:
        yield from _figure_of_all(context, height) if show == "attendance" else ()
        return
    makers: Mapping[str, Callable[[], Iterator[FigureBlock]]] = {
        "ladder": lambda: _ladder_figures(context, period, height),
        "attendance": lambda: _drawn(weeks_attended(weeks_of(period.in_period)), period, SESSIONS, height),
        "themes": lambda: (block for one in period.themes for block in _drawn(themes_then_and_now(one), period, OUTCOMES, height, one.framework.key)),
        "week": lambda: (block for one in period.themes for block in _drawn(week_by_slot(one), period, OUTCOMES, height, one.framework.key)),
        "faces": lambda: _drawn(faces_chosen(faces(period)), period, VOICES, height),
    }
    if show not in makers:
        raise SetupError(f"There is no figure {show}. There are: {', '.join(makers)}.")
    yield from makers[show]()


def _figure_of_all(context: Context, height: int | None) -> Blocks:
    """Everybody's sessions week by week. Weeks and their sums cross, so this is drawn only for those who may see everything."""
    weeks: dict[str, list[int]] = {}
    for period in context.periods:
        for monday, came, offered in weeks_of(period.in_period):
            sums = weeks.setdefault(monday, [0, 0])
            sums[0], sums[1] = sums[0] + came, sums[1] + offered
    figure = weeks_attended([(monday, came, offered) for monday, (came, offered) in sorted(weeks.items())])
    if figure is not None:
        yield FigureBlock(figure, height=height, single=True)


def _drawn(figure: Any, period: StudentPeriod, kinds: tuple[str, ...], height: int | None, about: str = "") -> Iterator[FigureBlock]:
    if figure is not None:
        yield FigureBlock(figure, Trace(period.student["id"], kinds, period.first, period.last, about), height=height, single=True)


def _ladder_figures(context: Context, period: StudentPeriod, height: int | None) -> Iterator[FigureBlock]:
    ladder = period.main_ladder
    if ladder is None:
        return
    path = [[day, ladder.order[place] if place >= 0 else None] for day, place in zip(ladder.days, ladder.places, strict=True)]
    climbed = {**ladder.marks, "path": path}
    own = context.reader.own_labels([period.student])[period.student["id"]] if context.opens(UUID(period.student["id"]), "learning", period.as_of) else {}
    figure = ladder_over_time(ladder.ladder, climbed, own.get(ladder.ladder.id), [(one.first, one.last) for one in ladder.setbacks])
    first = date.fromisoformat(period.days[0][0]) if period.days else period.first
    yield FigureBlock(figure, Trace(period.student["id"], RUNGS, first, period.last), height=height, single=True)


def _themes_table(context: Context) -> Blocks:
    """For each framework a row a theme: at the start, lately, the change, and the period by kind of slot. Of one student only."""
    for facts in context.student.themes if context.one_student else ():
        then, now, all_ = by_theme(facts.baseline), by_theme(facts.latest), by_theme(facts.period)
        kinds = [kind for kind in ("lesson", "break", "lunch") if kind in by_kind(facts.period)]
        columns = [
            Column("theme", "Theme"), Column("seen_baseline", "At the start"), Column("seen_latest", "Lately"), Column("seen_change", "Change"),
            Column("seen_n", "Looked for"), *(Column(f"seen_{kind}", kind.capitalize()) for kind in kinds),
        ]  # fmt: skip
        period, rows = context.student, []
        for item in facts.framework.items:
            if item.id not in all_:
                continue
            before, after = share(*then.get(item.id, (0, 0))), share(*now.get(item.id, (0, 0)))
            moved = change(before, after)
            trace = Trace(period.student["id"], OUTCOMES, period.first, period.last, f"{facts.framework.key}|{item.id}")
            rows.append([
                Shown(facts.framework.labels[item.id]), Shown(in_words(before), before, trace), Shown(in_words(after), after, trace),
                Shown(points(moved) if moved else in_words(None), moved), Shown(str(all_[item.id][1]), all_[item.id][1], trace),
                *(_of(facts.period.get((item.id, kind)), trace) for kind in kinds),
            ])  # fmt: skip
        yield Table(f"themes-{facts.framework.id}", f"{facts.framework.title}, by theme", columns, rows, "Shares with 95 % intervals.", single=True)


def _of(cell: Sequence[int] | None, trace: Trace) -> Shown:
    return Shown(f"{cell[0]} of {cell[1]}", percent(cell[0], cell[1]), trace) if cell and cell[1] else Shown(in_words(None))


def _distance(context: Context) -> Blocks:
    """How far from the starting point, in words, with what is uncertain about it."""
    ladder = context.student.main_ladder
    yield Paragraph(plain_words.distance(ladder) if ladder else "No contact has been recorded yet.", single=True)


def _strengths(context: Context) -> Blocks:
    """What went well, in plain words: what was seen often, first times, and what was learned."""
    lines = plain_words.strengths(context.student)
    yield Listing(lines, single=True) if lines else Paragraph("We are still getting to know each other. There will be more here next time.", single=True)


def _next_steps(context: Context, limit: int = 4) -> Blocks:
    """The next rung and the next units, in plain words."""
    lines = plain_words.next_steps(context.reader, context.student, limit)
    yield Listing(lines, single=True) if lines else Paragraph("We will choose the next steps together.", single=True)


def _words(context: Context, limit: int = 4) -> Blocks:
    """The student's own words of the period, the latest first, where the reader may have them."""
    period = context.student
    told = entries_at(context.reader, UUID(period.student["id"]), period.as_of, period.position, 0, 200, period.first, ("voice-heard",))
    shown = 0
    for one in told:
        said = one["entry"].get("words")
        when = datetime.fromisoformat(one["recorded_at"])
        if one["status"] != "voided" and said and said != "[erased]" and context.opens(UUID(period.student["id"]), "learning", when):
            day = datetime.fromisoformat(one["occurred_at"])
            yield Quote(said, f"{'said' if one['entry']['speaker'] == 'student' else 'said at home'} on {day.day} {day:%B}", single=True)
            shown += 1
            if shown == limit:
                return
    if not shown and not sum(faces(period)):
        yield Paragraph("Nothing was written down this time.", single=True)


def _context(context: Context) -> Blocks:
    """What came from outside, and when; words only where the reader may have them."""
    period = context.student
    told = entries_at(context.reader, UUID(period.student["id"]), period.as_of, period.position, 0, 100, period.first, ("context-noted",))
    lines = []
    for one in reversed([one for one in told if one["status"] != "voided"]):
        on = datetime.fromisoformat(one["occurred_at"])
        opened = context.opens(UUID(period.student["id"]), "health", datetime.fromisoformat(one["recorded_at"]))
        lines.append(f"{on.day} {on:%B}: {one['entry']['category'].replace('-', ' ') if opened else 'something outside school (not for this reader)'}")
    yield Listing(lines, single=True) if lines else Paragraph("Nothing was noted in this period.", single=True)


# A group ----------------------------------------------------------------------------------------------------------------


def _summary(context: Context, show: str) -> Blocks:
    """A group in numbers: overview, attendance, ladder, outcomes, behaviour, curriculum or voice. Left out where there is one student."""
    if context.one_student:
        return
    if show not in SUMMARIES:
        raise SetupError(f"There is no summary {show}. There are: {', '.join(SUMMARIES)}.")
    yield from SUMMARIES[show](context.cohort)


def _pairs(name: str, caption: str, keys: Mapping[str, str], labels: Mapping[str, str], show: Callable[[Any], str] = in_words) -> Table:
    rows: list[list[Shown | Held]] = [
        [Shown(labels.get(column, column)), Held(key, shown_percent if column.endswith("percent") else show)] for column, key in keys.items()
    ]
    return Table(name, caption, [Column("what", "What"), Column("all", "All students together")], rows)


def _summary_overview(cohort: Cohort) -> Blocks:
    keys = cohort.completeness()
    yield Tiles([("Students", Held(STUDENTS, in_words)), ("Slots scored", Held(keys["scored_percent"], shown_percent))])


def _summary_attendance(cohort: Cohort) -> Blocks:
    labels = {name: column.label for name, column in COLUMNS.items()} | {"enrolments": "Students"}
    labels |= {"enrolments_pa_10_exact": "Missed 10 % or more", "enrolments_pa_50_exact": "Missed 50 % or more"}
    yield _pairs("attendance-all", "Attendance, all students together", cohort.attendance(), labels)


def _summary_ladder(cohort: Cohort) -> Blocks:
    rows: list[list[Shown | Held]] = []
    for when, keys in cohort.on_site():
        rows.append([Shown(when), *(Held(key, in_words) for key in keys)])
    names = ("on site", "away from the site", "not enough contacts yet")
    yield Table("site-all", "Where students stood, and what they keep up", [Column("when", "When"), *(Column(name, name.capitalize()) for name in names)], rows)
    middles = cohort.middles()
    if middles:
        heads = [Column("when", "When"), Column("middle", "The middle student")]
        yield Table("middle-all", "The middle of all students", heads, [[Shown(when), Held(key, in_words)] for when, key in middles])
    moved = cohort.moved()
    heads = [Column("what", "Now against the start"), *(Column(key.partition(":")[2], key.partition(":")[2].capitalize()) for key in moved)]
    yield Table(
        "moved-all", "The middle of the latest ten contacts against the first ten", heads, [[Shown("Students"), *(Held(key, in_words) for key in moved)]]
    )
    labels = {name: COLUMNS[name].label for name in ("contacts_attempted", "contacts_made")}
    yield _pairs("contact-all", "Visits and contacts", cohort.contact(), labels)


def _summary_outcomes(cohort: Cohort) -> Blocks:
    for framework in sorted({one.framework.key: one.framework for period in cohort.periods for one in period.themes}.values(), key=lambda one: one.title):
        rows = cohort.themes(framework.key)
        kinds = [kind for kind in ("lesson", "break", "lunch") if any(kind in keys for _, keys in rows)]
        heads = [
            Column("theme", "Theme"),
            Column("seen", "Seen"),
            Column("of", "Looked for"),
            Column("share", "Share"),
            *(Column(kind, kind.capitalize()) for kind in kinds),
        ]
        missing = Shown(in_words(None))
        cells: list[list[Shown | Held]] = [
            [Shown(theme), Held(keys["seen"], in_words), Held(keys["of"], in_words), Held(keys["share"], shown_percent),
             *(Held(keys[kind], shown_percent) if kind in keys else missing for kind in kinds)]
            for theme, keys in rows
        ]  # fmt: skip
        yield Table(
            f"outcomes-{framework.id}", f"{framework.title}, all students together", heads, cells, "Of what was looked for in the period, how much was seen."
        )


def _summary_behaviour(cohort: Cohort) -> Blocks:
    labels = {name: COLUMNS[name].label for name in ("incidents", "restrictive", "incidents_per_100")}
    yield _pairs("behaviour-all", "Behaviour and safety, all students together", cohort.behaviour(), labels)


def _summary_curriculum(cohort: Cohort) -> Blocks:
    keys = cohort.curriculum()
    yield _pairs("curriculum-all", "Steps in learning, all students together", keys, {name: COLUMNS[name].label for name in keys})


def _summary_voice(cohort: Cohort) -> Blocks:
    keys = cohort.voice()
    labels = {"voices": "Times anybody was heard", "faces": "Faces chosen by students"}
    yield _pairs("voice-all", "Voice, all students together", keys, {name: labels.get(name, f"of these {name}") for name in keys})


SUMMARIES: Mapping[str, Callable[[Cohort], Blocks]] = {
    "overview": _summary_overview, "attendance": _summary_attendance, "ladder": _summary_ladder, "outcomes": _summary_outcomes,
    "behaviour": _summary_behaviour, "curriculum": _summary_curriculum, "voice": _summary_voice,
}  # fmt: skip


# Planning and method ----------------------------------------------------------------------------------------------------


def _gaps(context: Context) -> Blocks:
    """What is missing, to plan from: unscored slots, students not met, sessions we cancelled, raters far apart."""
    found = Gaps(context.reader, context.setting, context.periods)
    for name, caption, heads, rows in found.tables():
        if rows:
            yield Table(
                name,
                caption,
                [Column(head.lower().replace(" ", "_"), head) for head in heads],
                [[Shown(str(cell), cell) for cell in row] for row in rows],
                single=True,
            )
        else:
            yield Heading(caption, 3)
            yield Paragraph("Nothing is missing here.")


def _method(context: Context) -> Blocks:
    """How the figures were made, what is missing from them, and what they cannot say."""
    yield Heading("How these figures were made")
    yield Paragraph(
        "Every figure is computed from single entries that are never changed: a correction is an entry of its own. The same figures can be made again, to the "
        f"same numbers, from what was known then: {context.words['known']}, position {context.words['position']} of the ledger, with AP Ledger {__version__}."
    )
    used = sorted(
        {one.framework.key for period in context.periods for one in period.themes}
        | {one.curriculum.key for period in context.periods for one in period.curricula}
    )
    ladders = sorted({one.ladder.key for period in context.periods for one in period.ladders})
    if used or ladders:
        yield Paragraph(f"Ladders, frameworks and curricula, with their versions: {', '.join([*ladders, *used])}.")
    yield from _missing_and_who(context)
    yield Listing(
        [
            "A ladder has an order and no distances: there are middles and counts, no averages.",
            "Starting points are often taken at a time of crisis. Some change would come without any help, so a change is not proof of its cause.",
            "Sessions that were not attended are not missing by chance: what is known comes from better days more than from worse.",
            "Different people score differently. Who scored, and how often, is said above.",
            "Where there is too little to tell, the report says so.",
        ]
    )
    means = {COLUMNS[name].label: COLUMNS[name].means for name in context.columns_used if name not in ("student", "reference")}
    if means:
        rows = [[Shown(label), Shown(said)] for label, said in means.items() if not said.startswith("Not recorded")]
        yield Table("columns", "What the columns mean", [Column("column", "Column"), Column("means", "What it says")], rows, single=True)


def _missing_and_who(context: Context) -> Blocks:
    reasons: dict[str, int] = {}
    informants: dict[str, int] = {}
    for period in context.periods:
        for _, cell in period.in_period:
            for counts in cell.get("outcomes", {}).values():
                for key, times in counts.items():
                    _, _, informant, level = key.split("|", 3)
                    informants[informant] = informants.get(informant, 0) + times
                    if level.startswith("~"):
                        reasons[level[1:]] = reasons.get(level[1:], 0) + times
    if context.one_student:
        total = sum(informants.values())
        who = ", ".join(f"{name.replace('-', ' ')} {times}" for name, times in sorted(informants.items()))
        missing = ", ".join(f"{name.replace('-', ' ')} {times}" for name, times in sorted(reasons.items())) or "none"
        yield Paragraph(f"Scores in the period: {total}, by {who or 'nobody'}. Of these without a level: {missing}.", single=True)
    else:
        keys = {f"informant:{name}": times for name, times in sorted(informants.items())}
        for name in informants:
            context.cohort.total(f"informant:{name}", lambda p, name=name: _by_informant(p, name))  # type: ignore[misc]
        if keys:
            rows: list[list[Shown | Held]] = [[Shown(key.partition(":")[2].replace("-", " ")), Held(key, in_words)] for key in keys]
            yield Table("who-scored", "Who scored, and how often", [Column("who", "Who"), Column("scores", "Scores")], rows)
    broken = sum(period.incomplete for period in context.periods)
    if broken:
        yield Paragraph("Incomplete: an event about a student of this report could not be read. Run ap-ledger check.")


def _by_informant(period: StudentPeriod, name: str) -> int:
    return sum(
        times for _, cell in period.in_period for counts in cell.get("outcomes", {}).values() for key, times in counts.items() if key.split("|", 3)[2] == name
    )


BUILDERS: Mapping[str, Callable[..., Blocks]] = {
    "banner": _banner, "heading": _heading, "text": _text, "page": _page, "tiles": _tiles, "table": _table, "figure": _figure, "themes": _themes_table,
    "distance": _distance, "strengths": _strengths, "next-steps": _next_steps, "words": _words, "context": _context, "summary": _summary, "gaps": _gaps,
    "method": _method,
}  # fmt: skip
"""Every block that a layout may name."""

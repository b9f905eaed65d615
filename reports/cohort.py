"""A group of students in numbers, as cells in families, so that disclosure control can decide what may leave.

The keys of cells are the same wherever a number appears: one quantity, one key, in every table and format.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from projections.fold.climb import RungMark, median
from projections.queries.period_facts import StudentPeriod
from reports.columns import attempted, faces, incidents, restrictive, units, voices
from reports.disclosure import Cell, Family

STUDENTS = "students"


@dataclass
class Cohort:
    """Cells and families of one group, made as they are asked for."""

    periods: Sequence[StudentPeriod]
    cells: dict[str, Cell] = field(default_factory=dict)
    families: list[Family] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cells[STUDENTS] = Cell(len(self.periods), len(self.periods))

    def total(self, key: str, of: Callable[[StudentPeriod], float]) -> str:
        """A sum over students; behind it are those who add to it."""
        values = [of(period) for period in self.periods]
        self.cells[key] = Cell(sum(values), sum(bool(value) for value in values))
        return key

    def sums(
        self, key: str, of: Callable[[StudentPeriod], float], parts: dict[str, Callable[[StudentPeriod], float]]
    ) -> str:
        """A sum and what it is the sum of."""
        if key not in self.cells:
            self.total(key, of)
        self._add(Family(key, tuple(self.total(part, measure) for part, measure in parts.items())))
        return key

    def _add(self, family: Family) -> None:
        """A family once, however often a layout asks for its numbers."""
        if family not in self.families:
            self.families.append(family)

    def students_by(self, key: str, names: Sequence[str], which: Callable[[StudentPeriod], str]) -> list[str]:
        """How many students are of each kind; every student is of exactly one."""
        made = [
            self._students(f"{key}:{name}", sum(which(period) == name for period in self.periods)) for name in names
        ]
        self._add(Family(STUDENTS, tuple(made), of_students=True))
        return made

    def _students(self, key: str, count: int) -> str:
        self.cells[key] = Cell(count, count)
        return key

    def ratio(self, key: str, over: str, under: str, per: float = 100.0) -> str:
        """One cell for each so many of another."""
        behind = min(self.cells[over].students or self.cells[under].students, self.cells[under].students)
        value, whole = self.cells[over].value, self.cells[under].value
        made = round(per * float(value) / float(whole), 1) if value is not None and whole else None
        self.cells[key] = Cell(made, behind, "ratio", (over, under), per)
        return key

    def middle(self, key: str, places: Sequence[int | None], name: Callable[[int], str]) -> str:
        """The median of places on an order, over the students who have one.

        Where all are alike it is as good as a list of them.
        """
        there = [place for place in places if place is not None]
        alike = len(set(there)) == 1 and len(there) > 1
        middle_place = median(there)
        self.cells[key] = Cell(
            None if middle_place is None else name(middle_place), 1 if alike else len(there), "median", (STUDENTS,)
        )
        return key

    # The summaries ------------------------------------------------------------------------------------------------

    def attendance(self) -> dict[str, str]:
        """Keys by the names that the Department for Education gave them."""
        self.sums(
            "sess_possible",
            lambda p: p.attendance.offered,
            {
                "sess_attended": lambda p: p.attendance.attended,
                "sess_overall": lambda p: p.attendance.absent,
                "sess_in_dispute": lambda p: p.attendance.disputed,
            },
        )
        levels = [period.attendance.level or "none" for period in self.periods]
        severe, persistent, neither, none = (
            self._students(f"absence:{name}", levels.count(name))
            for name in ("severe", "persistent", "neither", "none")
        )
        # Severe absence is persistent too: their sum stands between the whole and its two parts.
        both = self._students("enrolments_pa_10_exact", levels.count("severe") + levels.count("persistent"))
        self._add(Family(STUDENTS, (both, neither, none), of_students=True))
        self._add(Family(both, (severe, persistent)))
        self.ratio("sess_overall_percent", "sess_overall", "sess_possible")
        self.total("sess_cancelled_by_us", lambda p: p.attendance.by_us)
        self.total("hours_attended", lambda p: round(p.attendance.minutes / 60))
        return {
            "enrolments": STUDENTS,
            "sess_possible": "sess_possible",
            "sess_attended": "sess_attended",
            "sess_overall": "sess_overall",
            "sess_in_dispute": "sess_in_dispute",
            "sess_overall_percent": "sess_overall_percent",
            "enrolments_pa_10_exact": "enrolments_pa_10_exact",
            "enrolments_pa_50_exact": "absence:severe",
            "sess_cancelled_by_us": "sess_cancelled_by_us",
            "hours_attended": "hours_attended",
        }

    def on_site(self) -> list[tuple[str, list[str]]]:
        """Where students stood at the start and where they keep up now: not met yet, away from the site, on site."""
        names = ("on site", "away from the site", "not enough contacts yet")

        def where(mark: RungMark) -> Callable[[StudentPeriod], str]:
            def place_of(period: StudentPeriod) -> str:
                ladder = period.main_ladder
                reached = ladder.marks[mark] if ladder else None
                rung = ladder.ladder.rung(reached) if ladder and reached else None
                return names[2] if rung is None else names[0] if rung.on_site else names[1]

            return place_of

        return [
            ("At the start", self.students_by("site-start", names, where("baseline"))),
            ("Kept up now", self.students_by("site-now", names, where("sustained"))),
        ]

    def middles(self) -> list[tuple[str, str]]:
        """The middle student's starting point and what they keep up, on the ladder that most students are on."""
        ladders = [period.main_ladder.ladder for period in self.periods if period.main_ladder]
        if not ladders:
            return []
        ladder = max(
            ladders, key=lambda candidate: (sum(candidate.key == other.key for other in ladders), candidate.key)
        )
        shared = [rung.id for rung in ladder.rungs]

        def places(mark: RungMark) -> list[int | None]:
            marks = [
                period.main_ladder.marks[mark]
                for period in self.periods
                if period.main_ladder and period.main_ladder.ladder.key == ladder.key
            ]
            return [
                shared.index(rung.id) if rung and rung.id in shared else None
                for rung in (rung_id and ladder.rung(rung_id) for rung_id in marks)
            ]

        def name(place: int) -> str:
            return ladder.label_of(shared[place]) or shared[place]

        return [
            ("At the start", self.middle("middle:start", places("baseline"), name)),
            ("Kept up now", self.middle("middle:now", places("sustained"), name)),
        ]

    def moved(self) -> list[str]:
        """How many got further than they started, by the middle of ten contacts then and now."""
        return self.students_by("moved", ("further", "the same", "less far", "not enough contacts yet"), _moved)

    def contact(self) -> dict[str, str]:
        """Effort and response."""
        self.total("contacts_attempted", attempted)
        self.total("contacts_made", lambda p: p.contacts_made)
        return {"contacts_attempted": "contacts_attempted", "contacts_made": "contacts_made"}

    def themes(self, framework: str) -> list[tuple[str, dict[str, str]]]:
        """By theme: the keys of seen and looked-for over the period, for all slots and by kind."""
        facts = [(period, fact) for period in self.periods for fact in period.themes if fact.framework.key == framework]
        if not facts:
            return []
        definition = facts[0][1].framework
        fact_of = {id(period): fact for period, fact in facts}
        kinds = sorted({kind for _, fact in facts for _, kind in fact.period})
        rows = []
        for item in definition.items:
            if not any(theme == item.id for _, fact in facts for theme, _ in fact.period):
                continue
            keys: dict[str, str] = {}
            for place, name in enumerate(("seen", "of")):

                def over(
                    kind: str | None, place: int = place, theme: str = item.id
                ) -> Callable[[StudentPeriod], float]:
                    def count_of(period: StudentPeriod) -> float:
                        fact = fact_of.get(id(period))
                        cells = fact.period if fact else {}
                        return sum(
                            cell[place] for (at, slot), cell in cells.items() if at == theme and kind in (None, slot)
                        )

                    return count_of

                keys[name] = self.sums(
                    f"{framework}/{item.id}:{name}",
                    over(None),
                    {f"{framework}/{item.id}:{kind}:{name}": over(kind) for kind in kinds},
                )
            keys["share"] = self.ratio(f"{framework}/{item.id}:share", keys["seen"], keys["of"])
            for kind in kinds:
                keys[kind] = self.ratio(
                    f"{framework}/{item.id}:{kind}:share",
                    f"{framework}/{item.id}:{kind}:seen",
                    f"{framework}/{item.id}:{kind}:of",
                )
            rows.append((definition.labels[item.id], keys))
        return rows

    def behaviour(self) -> dict[str, str]:
        """Incidents, restrictive ones among them, and how many for each hundred sessions attended."""
        self.sums(
            "incidents",
            incidents,
            {"restrictive": restrictive, "not-restrictive": lambda p: incidents(p) - restrictive(p)},
        )
        if "sess_attended" not in self.cells:
            self.total("sess_attended", lambda p: p.attendance.attended)
        self.ratio("incidents_per_100", "incidents", "sess_attended")
        return {"incidents": "incidents", "restrictive": "restrictive", "incidents_per_100": "incidents_per_100"}

    def curriculum(self) -> dict[str, str]:
        """Units begun, secure, kept, newly secure."""
        names = {
            "units_started": "started",
            "units_secure": "secure",
            "units_kept": "kept",
            "units_secured": "secured_in_period",
        }
        return {key: self.total(key, partial(units, name=name)) for key, name in names.items()}

    def voice(self) -> dict[str, str]:
        """How often anybody was heard, and which faces students chose."""
        labels = ("very low", "low", "okay", "good", "great")
        self.total("voices", voices)
        made = {f"face:{n + 1}": label for n, label in enumerate(labels)}
        self.sums("faces", lambda p: sum(faces(p)), {key: partial(_face, place=n) for n, key in enumerate(made)})
        return {"voices": "voices", "faces": "faces", **{label: key for key, label in made.items()}}

    def completeness(self) -> dict[str, str]:
        """Slots expected on days attended, and how many of them were scored."""
        self.total("slots_expected", lambda p: p.completeness[0])
        self.total("slots_scored", lambda p: p.completeness[1])
        self.ratio("scored_percent", "slots_scored", "slots_expected")
        return {"slots_expected": "slots_expected", "slots_scored": "slots_scored", "scored_percent": "scored_percent"}


def _face(period: StudentPeriod, place: int) -> int:
    return faces(period)[place]


def _moved(period: StudentPeriod) -> str:
    distance = period.main_ladder.distance if period.main_ladder else None
    if distance is None or period.main_ladder is None:
        return "not enough contacts yet"
    order = list(period.main_ladder.order)
    before, after = order.index(distance.start), order.index(distance.now)
    return "further" if after > before else "less far" if after < before else "the same"


def shown_percent(value: Any) -> str:
    """A per cent cell as people read it."""
    return f"{value:.1f} %"

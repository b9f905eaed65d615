"""Sentences for children and families: short, kind, true, about what was done and never about what was not."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from frameworks import Definition
from projections.fold.cells import scored_facts
from projections.queries.curriculum_state import student_curriculum
from projections.queries.period_facts import LadderFacts, StudentPeriod
from projections.queries.reading import Reader

OFTEN, ENOUGH, LISTED = 0.6, 5, 4
"""Something was seen often where it was seen in three of five looks, of at least five."""


def distance(ladder: LadderFacts) -> str:
    """How far contact got from the starting point, with what is uncertain about it."""
    far = ladder.distance
    if far is None:
        return (
            f"There are {ladder.marks['contacts']} contacts so far. How far things have moved is said from twenty "
            "contacts on: ten to start from, ten since."
        )

    def name(rung: str) -> str:
        return _lower(ladder.ladder.label_of(rung) or rung)

    start, now = (
        f"{name(far.start)} ({_half(name(far.start_half[0]), name(far.start_half[1]))})",
        f"{name(far.now)} ({_half(name(far.now_half[0]), name(far.now_half[1]))})",
    )
    return (
        f"The middle of the first ten contacts was: {start}. The middle of the latest ten is: {now}. Of all pairs of "
        "one early and one late contact, the late one "
        f"got further in {far.further.value:.0%} (95 % interval {far.further.low:.0%} to {far.further.high:.0%}; 50 % "
        "would mean no difference)."
    )


def _half(low: str, high: str) -> str:
    return "half of them just so" if low == high else f"half of them between {low} and {high}"


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]


def strengths(period: StudentPeriod) -> list[str]:
    """What went well: first times on the ladder, what was seen often, what was learned."""
    return [*_first_times(period), *_seen_often(period), *_learned(period)]


def _first_times(period: StudentPeriod) -> list[str]:
    ladder = period.main_ladder
    if ladder is None:
        return []
    best, lines = -1, []
    for day, place in zip(ladder.days, ladder.places, strict=True):
        if place > best:
            best = place
            label = ladder.ladder.label_of(ladder.order[place])
            if day >= period.first.isoformat() and place > 0 and label:
                on = date.fromisoformat(day)
                lines.append(f"A first: {_lower(label)} ({on.day} {on:%B})")
    return lines[-2:]


def _seen_often(period: StudentPeriod) -> list[str]:
    often: list[tuple[float, int, str]] = []
    for facts in period.themes:
        counts: dict[str, list[int]] = {}
        for _, cell in period.in_period:
            for fact in scored_facts(cell):
                if fact.framework == facts.framework.key:
                    sums = counts.setdefault(fact.indicator, [0, 0])
                    sums[0] += fact.value == "1"
                    sums[1] += fact.value in ("0", "1")
        for item, (seen, of) in counts.items():
            if of >= ENOUGH and seen / of >= OFTEN and item in facts.framework.by_id:
                often.append((seen / of, seen, _plain(facts.framework, item)))
    best = sorted(often, key=lambda counted: (-counted[0], -counted[1], counted[2]))[:LISTED]
    return [f"{label}: we saw it {seen} times" for _, seen, label in best]


def _plain(framework: Definition, item: str) -> str:
    return framework.by_id[item].plain or framework.by_id[item].label


def _learned(period: StudentPeriod) -> list[str]:
    fresh = sum(curriculum.secured_in_period for curriculum in period.curricula)
    kept = sum(curriculum.kept for curriculum in period.curricula)
    lines = (
        [
            f"{fresh} new {'thing' if fresh == 1 else 'things'} learned for good since {period.first.day} "
            f"{period.first:%B}"
        ]
        if fresh
        else []
    )
    return lines + ([f"{kept} {'thing' if kept == 1 else 'things'} learned and kept in all"] if kept else [])


def next_steps(reader: Reader, period: StudentPeriod, limit: int) -> list[str]:
    """The next rung after what is kept up, then units that need one more step, then units that are ready to begin."""
    lines: list[str] = []
    ladder = period.main_ladder
    sustained = ladder.marks["sustained"] if ladder else None
    if ladder and sustained:
        shared = [rung.id for rung in ladder.ladder.rungs]
        over = ladder.ladder.rung(sustained)
        at = shared.index(over.id) if over and over.id in shared else -1
        if 0 <= at < len(shared) - 1:
            lines.append(f"Try together: {_lower(ladder.ladder.label_of(shared[at + 1]) or '')}")
    for facts in period.curricula:
        plan = student_curriculum(
            reader, UUID(period.student["id"]), facts.curriculum.key, period.as_of, period.known_at, period.within
        ).next
        wanted = [("One more step", unit) for unit in plan.nearly] + [("Ready to begin", unit) for unit in plan.ready]
        lines += [f"{what}: {_lower(facts.curriculum.labels[unit])}" for what, unit in wanted]
    return lines[:limit]

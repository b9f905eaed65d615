"""One place for each kind: the stream of an event, the projections there are, and the row of a kind of entry."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import Column, Connection, Integer, Table

from ap_ledger.cli import recompute
from ap_ledger.errors import SetupError
from ap_ledger.events import ALL_EVENTS, EVENT_BY_TOPIC
from ap_ledger.events.base import Entry
from ap_ledger.events.entries import ENTRY_EVENTS
from ap_ledger.kinds import KINDS, TOLD, by_topic
from ap_ledger.kinds.forms import form_of, own_fields
from ap_ledger.kinds.row import Kind
from ap_ledger.kinds.rows import ROWS
from projections.fold.cells import KEPT, SUMS
from projections.fold.progress import Progress
from projections.queries.frames import drawn_marks, marks
from projections.runner import Projection, Runner, Seen
from projections.writers.body_changes import CHANGES
from projections.writers.registry import STREAMS, TELLS_OF_NO_BODY
from tests.house import House


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.TOPIC)
def test_every_event_says_its_stream_and_the_registry_knows_what_that_tells_of(event: Any) -> None:
    stream = getattr(event, "STREAM", None)
    assert stream is not None, f"{event.__name__} says no STREAM. Say to which kind of stream it belongs."
    assert stream in STREAMS, f"{event.__name__} is of the stream '{stream}', which projections/writers/registry.py does not name in STREAMS."


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.TOPIC)
def test_what_is_told_in_a_stream_with_a_body_changes_it_or_is_said_not_to(event: Any) -> None:
    topic, told = event.TOPIC, STREAMS[event.STREAM]
    assert told is not None or topic not in CHANGES, f"{topic} changes a body, and the stream '{event.STREAM}' has none."
    if told is not None:
        assert (topic in CHANGES) != (topic in TELLS_OF_NO_BODY), f"Say in CHANGES what {topic} changes, or in TELLS_OF_NO_BODY that it changes nothing."


def test_the_registry_names_no_topic_that_nothing_has() -> None:
    assert {*CHANGES, *TELLS_OF_NO_BODY} <= set(EVENT_BY_TOPIC)


class Heads(Projection):
    """How many events there were."""

    name: ClassVar[str] = "heads"
    tables: ClassVar = (lambda suffix, metadata: Table(f"heads{suffix}", metadata, Column("position", Integer, primary_key=True)),)

    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        self.views.insert_many(connection, self.made[0], [(seen.position,) for seen in batch])


def test_a_projection_in_the_tuple_is_told_in_positions_and_metrics(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    import projections

    more = (*projections.PROJECTIONS, Heads)
    for module in ("projections", "projections.queries.reading"):
        monkeypatch.setattr(f"{module}.PROJECTIONS", more)
    house.runner = Runner(house.ledger.recorder, house.views, more)
    with house.browser(house.person("Thyme", "administrator")) as client:
        house.runner.catch_up()
        told = client.get("/api/v1/position").json()
        assert told["projections"]["heads"] == told["ledger"] > 0
        metrics = client.get("/metrics")
        assert metrics.status_code == 200 and 'ap_ledger_projection_lag{projection="heads"} 0.0' in metrics.text


ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "api" / "static" / "app").glob("*.js"))
INVENTED = ("ap_ledger/events/", "ap_ledger/cli/example.py", "ap_ledger/cli/demo.py", "ap_ledger/cli/recompute.py")
"""Where topics stand as words: in the classes themselves, in invented entries, and in the program that imports nothing of ours."""


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.topic)
def test_the_row_of_a_kind_says_every_part(kind: Kind) -> None:
    missing = kind.left_out()
    assert not missing, (
        f"The row of {kind.event.__name__} in ap_ledger/kinds/rows.py leaves out: {', '.join(missing)}. Say there what it is, or that it is nothing."
    )
    assert kind.label.strip(), f"The row of {kind.event.__name__} has no label."


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.topic)
def test_every_field_of_a_kind_may_be_put_right_or_is_said_to_stay(kind: Kind) -> None:
    own, form = set(own_fields(kind)), set(form_of(kind))
    assert own - form - kind.fixed == set(), f"Say in the row of {kind.event.__name__} that {own - form - kind.fixed} may be put right (form) or stay (fixed)."
    assert (form | kind.fixed) <= own and not form & kind.fixed
    named = {*(kind.definition or ()), *([kind.says] if kind.says else ())}
    assert named <= own, f"The row of {kind.event.__name__} names a field that its class does not have: {named - own}"


@pytest.mark.parametrize("part", fields(Kind), ids=lambda part: part.name)
def test_every_part_of_a_row_has_its_sentence(part: Any) -> None:
    source = (ROOT / "ap_ledger" / "kinds" / "row.py").read_text()
    assert re.search(rf'\n    {part.name}: [^\n]*\n    """[A-Z]', source), f"Say in a sentence what {part.name} is."


class EggHatched(Entry):
    """The student saw an egg hatch."""

    TOPIC: ClassVar[str] = "egg-hatched"
    pet: str
    seconds: int = 0
    friends: tuple[str, ...] = ()


def test_a_class_without_a_row_is_named_when_the_program_starts() -> None:
    with pytest.raises(SetupError, match="EggHatched has no row"):
        by_topic((*ENTRY_EVENTS, EggHatched), ROWS)
    with pytest.raises(SetupError, match="no class in ENTRY_EVENTS"):
        by_topic(ENTRY_EVENTS, (*ROWS, Kind(event=EggHatched, label="Animal")))
    with pytest.raises(SetupError, match="has two rows"):
        by_topic(ENTRY_EVENTS, (*ROWS, ROWS[0]))


def test_a_row_that_says_nothing_but_a_label_has_plain_stand_ins() -> None:
    row = Kind(event=EggHatched, label="Animal")
    assert row.left_out() == ["timeline", "words", "counts", "mark", "form"]
    assert tuple(row.described({"pet": "dog"})) == (None, None)
    assert row.in_words({"pet": "dog"}, None) == "Animal"  # type: ignore[arg-type]
    assert {name: field.label for name, field in form_of(row).items()} == {"pet": "Pet", "seconds": "Seconds"}
    assert form_of(replace(row, fixed=frozenset({"pet"}))).keys() == {"seconds"}


OLD_SUMS = ("kinds", "visits", "sessions", "faces", "incidents", "flashpoints")


def test_what_is_kept_whole_and_what_is_counted_is_what_the_fold_knows() -> None:
    assert {kind.kept for kind in KINDS.values()} - {None} == set(KEPT)
    for kind in KINDS.values():
        assert not (kind.kept and kind.counts), f"{kind.topic} is counted, or kept whole, not both"
    assert [part for part in SUMS if part in OLD_SUMS] == list(OLD_SUMS), "Reports of old are made again from these parts, in this order."


def test_every_part_that_a_kind_counts_is_said_in_progress() -> None:
    unsaid = [part for part in SUMS if part not in Progress.__annotations__]
    assert unsaid == [], f"Rows count {unsaid}; say of each part in Progress, in projections/fold/progress.py, what it is, so that pages may read it."


def test_no_two_kinds_share_a_mark_or_its_line() -> None:
    names = [mark.name for mark in marks().values()]
    assert len(set(names)) == len(names), f"Two kinds have one mark: {sorted(names)}."
    labels: dict[int, list[str]] = {}
    for topic, mark in marks().items():
        if mark.line is not None:
            labels.setdefault(mark.line, []).append(KINDS[topic].label)
    free = next(line for line in range(len(labels) + 1) if line not in labels)
    for line, sharing in sorted(labels.items()):
        assert len(sharing) == 1, f"{' and '.join(sharing)} both mark on line {line}; the next free line is {free}."
        assert line < free, f"{sharing[0]} marks on line {line}; the next free line is {free}."
    assert [mark.line for mark in drawn_marks()] == list(range(free))


def test_a_topic_stands_as_a_word_in_its_class_alone() -> None:
    """Whoever needs one kind names its class, so that no list of kinds can be forgotten or misspelt."""
    found = []
    for path in sorted(path for package in ("ap_ledger", "projections", "reports", "api") for path in (ROOT / package).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if not name.startswith(INVENTED):
            texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            found += [f"{name}: {text}" for text in texts if any(topic in text for topic in KINDS)]
    templates = sorted(path for package in ("api", "reports") for path in (ROOT / package).rglob("*.html"))
    found += [f"{path.name}: {topic}" for path in templates for topic in KINDS if topic in path.read_text()]
    assert found == [], "Name the class and its TOPIC instead of the word."


def test_the_program_that_imports_nothing_of_ours_knows_an_entry_of_any_kind() -> None:
    """It has no list of kinds: an entry, and nothing else but its changes, says when a device observed it."""
    observed = {event.TOPIC for event in ALL_EVENTS if "device_time" in event.model_fields}
    assert observed - set(recompute.CHANGES) == set(KINDS)
    assert all(EVENT_BY_TOPIC[topic].model_fields["device_time"].is_required() for topic in observed)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_names_no_kind_count_or_field_that_no_row_has(script: Path) -> None:
    text = script.read_text()
    named = set(re.findall(r'(?:entry\(\s*|say\(\s*|kind: |kind === |kind !== )"([a-z]+(?:-[a-z]+)+)"', text))
    counted = set(re.findall(r'"(kinds|visits|sessions|faces|incidents|flashpoints)\.([a-z-]+)"', text))
    assert named <= {*KINDS, "entry-corrected", "entry-voided"}, named - set(KINDS)
    assert {kind for part, kind in counted if part == "kinds"} <= set(TOLD)


def test_the_scripts_log_kinds_with_words_that_their_classes_take() -> None:
    """What a visit offers to choose from is what the classes allow."""
    text = (ROOT / "api" / "static" / "app" / "visit.js").read_text()
    for name, topic, field in (("EFFORTS", "visit-logged", "effort"), ("CHANNELS", "visit-logged", "channel"), ("KEPT", "note-written", "retention_class")):
        listed = re.findall(r'\[\s*"([a-z-]+)",', re.search(rf"const {name} = (.*?);", text, re.S)[1])  # type: ignore[index]
        allowed = EVENT_BY_TOPIC[topic].model_fields[field].annotation
        assert set(listed) == set(allowed.__args__), name  # type: ignore[union-attr]

"""One place for each kind: the stream of an event, the projections there are, and the row of a kind of entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from sqlalchemy import Column, Connection, Integer, Table

from ap_ledger.events import ALL_EVENTS, EVENT_BY_TOPIC
from projections.runner import Projection, Seen
from projections.writers.registry import CHANGES, STREAMS, TELLS_OF_NO_BODY
from tests.house import House, Runner


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

"""Whether it lives, whether it is ready, how far it has read, and what it measured."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from api.core.gate import OPEN, Gate, gated
from api.core.service import Using
from api.keeping.answers import Health, Positions

router = gated()
POSITION = Gauge("ap_ledger_position", "The last position of the ledger.")
LAG = Gauge("ap_ledger_projection_lag", "Events that a projection has not read yet.", ["projection"])
WAITING = Gauge("ap_ledger_writes_waiting", "Entries waiting to be written.")


@router.get(
    "/health/live",
    gate=Gate(OPEN),
    operation_id="live",
    summary="Whether the process answers",
    response_model_exclude_none=True,
)
def live() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get(
    "/health/ready",
    gate=Gate(OPEN),
    operation_id="ready",
    summary="Whether the databases answer",
    response_model_exclude_none=True,
)
def ready(using: Using) -> Health:
    """The ledger and its read models can be read.

    Answers 503 with a reason when they cannot. A wrong clock is said and is no reason to restart.
    """
    using.reader.positions()
    fault = using.ledger.time.fault()
    return Health(status="ok", clock=fault.sentence if fault else None)


@router.get(
    "/api/v1/position",
    gate=Gate("see-frameworks", device=True),
    operation_id="getPosition",
    summary="How far the ledger and its projections are",
)
def position(using: Using) -> Positions:
    """The lag is that of the slowest projection, in events."""
    at = using.reader.positions()
    end = at.pop("ledger")
    return Positions(ledger=end, projections=at, lag=end - min(at.values()))


@router.get("/api/v1/openapi.json", gate=Gate("see-frameworks", device=True), include_in_schema=False)
def openapi_document(request: Request) -> Response:
    """What this service can be asked, for programs."""
    return JSONResponse(request.app.openapi())


@router.get(
    "/metrics",
    gate=Gate("watch-service"),
    operation_id="metrics",
    summary="Metrics for Prometheus",
    include_in_schema=False,
)
def metrics(using: Using) -> Response:
    """Counts and times. No label names a student, a person or a setting."""
    at = using.reader.positions()
    end = at.pop("ledger")
    POSITION.set(end)
    for projection, read in at.items():
        LAG.labels(projection).set(end - read)
    WAITING.set(using.ledger.recorder.writer.waiting)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

"""What every route asks for: the service behind a request, once it has seen what its sender wrote."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from ap_ledger.bootstrap import Service
from ap_ledger.domain.posting import Unparsable
from ap_ledger.errors import Busy
from projections.queries.one_request import OneRequest


def service(request: Request) -> Service:
    """The service behind a request."""
    running: Service = request.app.state.service
    return running


Using = Annotated[Service, Depends(service)]
MinPosition = Annotated[
    int, Query(ge=0, description="Wait until everything up to this position of the ledger can be seen.")
]


async def wait_for(using: Service, min_position: int) -> None:
    """Read your own writes: waits up to 5 seconds for the projections. Raises Busy when they are slower.

    Raises Unparsable for a position that no write was ever answered with.
    """
    if min_position and min_position > using.ledger.recorder.read_head().position:
        raise Unparsable(
            '"min_position" is beyond the end of the ledger. Send a position that a write was answered with.'
        )
    if min_position and not await asyncio.to_thread(using.runner.wait_for, min_position):
        raise Busy(2)


async def caught_up(using: Using, min_position: MinPosition = 0) -> Service:
    """The service as one request sees it that changes nothing, once it has seen `min_position`."""
    await wait_for(using, min_position)
    return replace(using, reader=OneRequest(using.reader))


Current = Annotated[Service, Depends(caught_up)]
Json = dict[str, Any]

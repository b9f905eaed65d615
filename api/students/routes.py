"""A student's history at two times."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from ap_ledger.domain.posting import Unparsable
from api.core.asking import Asking
from api.core.gate import Gate, gated
from api.core.paging import Cursor
from api.core.service import Current, Json
from api.core.times import AsOf, KnownAt
from api.core.withhold import withhold
from api.students.answers import StudentHistory
from projections.queries.entries import ENTRIES_LIMIT
from projections.queries.history import history

router = gated(prefix="/api/v1")


@router.get(
    "/students/{student_id}/history",
    gate=Gate("read-history", reads="history"),
    operation_id="getHistory",
    summary="Entries and progress at any two times",
)
def student_history(
    request: Request,
    response: Response,
    student_id: UUID,
    using: Current,
    asking: Asking,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=ENTRIES_LIMIT)] = ENTRIES_LIMIT,
) -> StudentHistory:
    """Everything that had happened by `as_of`, as it was known at `known_at`; corrections show both sides.

    Newest first.
    """
    now = using.ledger.now()
    skip = _skip(cursor)
    told: Json = history(
        using.reader, student_id, as_of or now, known_at, skip, limit + 1, asking.days("read-history", student_id)
    )
    told["known_at"] = told["known_at"] or now.isoformat()
    withhold(asking, student_id, told["entries"])
    if len(told["entries"]) > limit:
        told["entries"] = told["entries"][:limit]
        following = base64.urlsafe_b64encode(str(skip + limit).encode()).decode()
        url = request.url.include_query_params(cursor=following)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return StudentHistory.model_validate(told)


def _skip(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return max(0, int(base64.urlsafe_b64decode(cursor.encode("ascii"))))
    except (binascii.Error, ValueError):
        raise Unparsable("This cursor was not given by this service. Start again from the first page.") from None

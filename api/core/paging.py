"""Pages of a collection: an opaque cursor, and the next page in a Link header (RFC 8288)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request, Response

from ap_ledger.domain.posting import Unparsable

LIMIT = 500
Cursor = Annotated[str | None, Query(max_length=400, description="From the Link header of the page before.")]


def page(cursor: str | None, limit: int) -> tuple[str, int]:
    """The key after which the page starts, and how many items it holds.

    Raises Unparsable for a cursor that is none of ours.
    """
    if not 1 <= limit <= LIMIT:
        raise Unparsable(f'"limit" must be from 1 to {LIMIT}.')
    if cursor is None:
        return "", limit
    try:
        after = base64.urlsafe_b64decode(cursor.encode("ascii")).decode()
        if "\0" in after:
            raise UnicodeError
        return after, limit
    except (binascii.Error, UnicodeError):
        raise Unparsable("This cursor was not given by this service. Start again from the first page.") from None


def link_next(request: Request, response: Response, keys: Sequence[str], limit: int) -> None:
    """Where a page is full, its Link header leads to the next. `keys` are those of its items."""
    if len(keys) == limit:
        cursor = base64.urlsafe_b64encode(keys[-1].encode()).decode()
        url = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'

"""The route of the static files."""

from __future__ import annotations

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from api.core.assets import asset, in_language, known
from api.core.gate import OPEN, Gate, gated

router = gated()


@router.get("/static/{version}/{name:path}", gate=Gate(OPEN, handed_over=True), include_in_schema=False)
def static(request: Request, version: str, name: str) -> Response:
    """One file."""
    if in_language(name)[1] not in known():
        raise HTTPException(404)
    file = asset(name)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if file.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.content_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.plain, media_type=file.content_type, headers=headers)

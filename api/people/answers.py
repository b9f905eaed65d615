"""What a device is answered with that was let in."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel


class Enrolled(BaseModel):
    """A device that was let in. The credential is shown this once."""

    device_id: UUID
    credential: str

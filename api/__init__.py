"""The web face: JSON under /api/v1, and pages."""

from api.app import create_app

__all__ = ["create_app"]

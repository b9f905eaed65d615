"""The page of components, as `scripts/pictures` draws it and as its test looks at it."""

from __future__ import annotations

from pathlib import Path

from api.core.templating import templates

TEMPLATE = Path(__file__).parents[1] / "docs" / "components" / "components.html"


def component_page() -> str:
    """Everything that pages are made of, each in its states, as HTML. It is no page of the service."""
    template = templates.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(asking=None, here="/components", nonce="", me=None)

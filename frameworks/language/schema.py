"""The published JSON Schema of a definition file, so that an editor completes and checks while somebody writes."""

from __future__ import annotations

from typing import Any

from frameworks.language.model import Definition


def definition_schema() -> dict[str, Any]:
    """The schema, as a JSON value."""
    made = Definition.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "AP Ledger definition"}

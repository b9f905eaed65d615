"""Layouts are data: which blocks a report has, in which order, for whom."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ap_ledger.errors import SetupError
from frameworks import read_yaml

HERE = Path(__file__).parent
SHIPPED = ("family", "commissioner-pack", "review-pack", "gaps")
"""The layouts that come with the software, in the order in which they are offered."""


class Layout(BaseModel):
    """One layout. `about` says what it can be made for; `audience` who reads it, which decides the preset and whose words may be in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    summary: Annotated[str, Field(min_length=1, max_length=500)]
    audience: Literal["family", "commissioner", "leader"]
    about: tuple[Literal["student", "commissioner", "setting"], ...]
    blocks: tuple[dict[str, Any], ...]

    @model_validator(mode="after")
    def one_name_a_block(self) -> Layout:
        """Every block is `name: what it wants`."""
        for n, block in enumerate(self.blocks, 1):
            if len(block) != 1:
                raise ValueError(f"block {n} must have exactly one name, for instance - text: {{say: Hello}}")
        return self


def read_layout(said: str) -> Layout:
    """A shipped layout by its name, or one of your own from a YAML file. Raises SetupError with a sentence that says what to mend."""
    path = HERE / f"{said}.yaml" if said in SHIPPED else Path(said)
    if not path.is_file():
        raise SetupError(f"There is no layout {said}. Name one of {', '.join(SHIPPED)}, or give the path of a YAML file.")
    try:
        return layout_from(read_yaml(path.read_text("utf-8")))
    except (UnicodeDecodeError, ValueError) as error:
        raise SetupError(f"{path.name} is no layout: {error}") from None


def layout_from(data: Any) -> Layout:
    """A layout from its data, as it is kept with a report that was released. Raises SetupError."""
    if not isinstance(data, Mapping):
        raise SetupError("A layout is a mapping with id, title, summary, audience, about and blocks.")
    try:
        return Layout.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        raise SetupError(f"The layout's {'.'.join(map(str, first['loc'])) or 'blocks'}: {first['msg']}.") from None

"""What every block of a layout may ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ap_ledger.errors import SetupError
from projections.bodies import SettingBody
from projections.queries.period_facts import StudentPeriod
from projections.queries.reading import Reader
from reports.blocks import Block
from reports.cohort import Cohort
from reports.columns import COLUMNS, UPN, StudentColumn

Opens = Callable[[UUID, str, datetime], bool]
"""Whether words of a retention class about a student, recorded at a moment, may be read by whoever the report is
for."""

Blocks = Iterable[Block]
NAMED, BRACE = re.compile(r"\{([a-z]+)\}"), re.compile(r"[{}]")


@dataclass
class Context:
    """Everything that a block may ask for. `identified` says that its readers may know who each student is in full."""

    reader: Reader
    setting: SettingBody
    periods: Sequence[StudentPeriod]
    cohort: Cohort
    opens: Opens
    words: Mapping[str, str]
    title: str
    one_student: bool
    identified: bool
    columns_used: dict[str, None] = field(default_factory=dict)

    @property
    def student(self) -> StudentPeriod:
        """The one student of the report. Raises SetupError where there are several."""
        if not self.one_student:
            raise SetupError("A block of this layout is about one student; make the report with --student.")
        return self.periods[0]

    @property
    def identifiers(self) -> Mapping[str, StudentColumn]:
        """What stands beside a student's name in files: a short name alone is shared too easily."""
        return {"reference": COLUMNS["reference"], **({"upn": UPN} if self.identified else {})}

    def say(self, text: str) -> str:
        """A text of the layout with what it names in braces put in. Nothing else in it means anything."""
        filled = NAMED.sub(lambda match: self.words.get(match[1], match[0]), text)
        if any(name not in self.words for name in NAMED.findall(text)) or BRACE.search(NAMED.sub("", text)):
            raise SetupError(f"The layout says {text!r}. In braces it may name: {', '.join(self.words)}.")
        return filled

"""The types of special educational need that schools report in England: dated facts in `sen-need-codes.csv`, each with
its evidence."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

CODES_FILE = Path(__file__).with_name("sen-need-codes.csv")


@cache
def need_codes() -> Mapping[str, str]:
    """What each code means, in the order of the file.

    A code that is used no more stays, because old entries name it.
    """
    with CODES_FILE.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["code"]: row["meaning"] for row in csv.DictReader(file)})

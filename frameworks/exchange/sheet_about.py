"""The lines above a table that say something about the whole: its title, its licence, its scales."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

from ap_ledger.events.entries import Informant
from frameworks.exchange.headings import ABOUT, squeezed
from frameworks.exchange.intake import Intake, in_words, is_id, shortened, slug, tell_origin
from frameworks.exchange.sheet_scales import scale_in
from frameworks.exchange.tables import Row
from frameworks.language.letters import plain_letters
from frameworks.language.model import Kind
from frameworks.language.things import Cadence

Authored = dict[str, Any]


@dataclass
class About:
    """What the lines above a table say. `lines` are by name, as they were written."""

    lines: dict[str, str] = field(default_factory=dict)
    scales: dict[str, Authored] = field(default_factory=dict)

    def kind(self, columns_say: str, intake: Intake) -> str:
        """The kind of definition: what the lines say, or else what the columns make it."""
        told = plain_letters(self.lines.get("kind", columns_say))
        if told in get_args(Kind):
            return told
        words = f"'{told[:40]}' is not one of {', '.join(get_args(Kind))}; it was read as {columns_say}"
        intake.say("the line 'kind'", words, kept=True)
        return columns_say

    def authored(self, kind: str, name: str, intake: Intake) -> Authored:
        """The parts of a definition that are about the whole."""
        title = shortened(
            self.lines.get("title") or name.replace("-", " ").replace("_", " ").strip().capitalize() or "Untitled"
        )
        authored: Authored = {
            "id": _framework_id(self.lines.get("id", ""), title, intake),
            "version": _version(self.lines.get("version", "1"), intake),
            "kind": kind,
            "title": title,
        }
        if "summary" in self.lines:
            authored["summary"] = self.lines["summary"][:1000]
        authored |= (
            _language(self.lines, intake) | {"licence": _licence(self.lines, intake)} | _origin(self.lines, intake)
        )
        return authored | _cadence(self.lines, intake) | _informants(self.lines, intake)

    def scales_for(self, kind: str, intake: Intake) -> Authored:
        """The scales, and which of them is the default."""
        if not self.scales:
            intake.say(
                "the lines above the table",
                "there is no scale. Write one as: scale NAME, 0 = Not yet, 1 = Seen",
                kept=True,
            )
            return {}
        wanted = slug(self.lines.get("default scale", ""))
        if wanted and wanted not in self.scales:
            intake.say("the line 'default scale'", f"no scale is called '{wanted}'; the first one was taken", kept=True)
        return {
            "default_scale": wanted if wanted in self.scales else next(iter(self.scales)),
            "scales": [in_words(scale) if kind == "curriculum" else scale for scale in self.scales.values()],
        }


def read_about(rows: Sequence[Row], intake: Intake) -> About:
    """What the rows above the headings say. A line that is not known gets a row in the report."""
    about = About()
    for row in rows:
        first = row.cells[0].lstrip("# ") if row.cells else ""
        words = [cell for cell in row.cells[1:] if cell]
        if not first:
            if words:
                intake.say(
                    row.where,
                    f"'{words[0][:40]}' stands above the table and was left out",
                    kept=True,
                    row=row.place,
                )
            continue
        name = ABOUT.get(squeezed(first))
        if name is not None:
            if words:
                about.lines[name] = ", ".join(words) if name == "informants" else words[0]
        elif plain_letters(first).startswith("scale"):
            _scale_line(row, slug(first[5:]), words, about.scales, intake)
        else:
            intake.say(
                row.where,
                f"'{first[:40]}' is not a line that is known here; it was left out",
                kept=True,
                row=row.place,
            )
    return about


def _scale_line(row: Row, name: str, words: Sequence[str], scales: dict[str, Authored], intake: Intake) -> None:
    made = scale_in(words) if name else None
    if made is not None:
        scales[name] = {"id": name, **made}
    elif not name or not words:
        intake.say(
            row.where,
            "a scale is written as: scale NAME, then a cell for each level such as 1 = A little",
            row=row.place,
        )
    else:
        intake.say(
            row.where,
            f"the scale '{name}' needs two levels or more, each with a value of its own",
            row=row.place,
        )


def _licence(lines: Mapping[str, str], intake: Intake) -> Authored:
    use = plain_letters(lines.get("use", "ship"))
    if use not in ("ship", "user-supplied", "link-only"):
        words = "it should be ship, user-supplied or link-only; it was read as user-supplied, which is never passed on"
        intake.say("the line 'use'", words, kept=True)
        use = "user-supplied"
    parts = {name: shortened(lines[name]) for name in ("holder", "credit") if name in lines}
    return {"name": shortened(lines.get("licence", "our own words")), "use": use, **parts}


def _language(lines: Mapping[str, str], intake: Intake) -> Authored:
    language = lines.get("language", "")
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", language):
        return {"language": language[:3].lower() + language[3:]}
    if language:
        intake.say(
            "the line 'language'",
            "a language is written as two letters, such as en or cy; it was left out",
            kept=True,
        )
    return {}


def _origin(lines: Mapping[str, str], intake: Intake) -> Authored:
    origin: Authored = {"status": plain_letters(shortened(lines["status"]))} if "status" in lines else {}
    for name in ("first", "last"):
        if name in lines:
            try:
                origin[name] = date.fromisoformat(lines[name]).isoformat()
            except ValueError:
                words = "a date is written as 2026-09-01; it was left out"
                intake.say(f"the line about the {name} day of use", words, kept=True)
    tell_origin(origin, "the lines above the table", intake)
    return {"origin": origin} if origin else {}


def _cadence(lines: Mapping[str, str], intake: Intake) -> Authored:
    cadence = plain_letters(lines.get("cadence", ""))
    if cadence and cadence not in get_args(Cadence):
        intake.say(
            "the line 'cadence'",
            f"it should be one of {', '.join(get_args(Cadence))}; it was left out",
            kept=True,
        )
    return {"cadence": cadence} if cadence in get_args(Cadence) else {}


def _informants(lines: Mapping[str, str], intake: Intake) -> Authored:
    informants = [part.strip() for part in plain_letters(lines.get("informants", "")).split(",") if part.strip()]
    for unknown in [part for part in informants if part not in get_args(Informant)]:
        words = f"'{unknown[:40]}' is not one of {', '.join(get_args(Informant))}; it was left out"
        intake.say("the line 'informants'", words, kept=True)
    known = [part for part in informants if part in get_args(Informant)]
    return {"informants": known} if known else {}


def _framework_id(wanted: str, title: str, intake: Intake) -> str:
    if wanted and is_id(wanted):
        return wanted
    made = slug(wanted or title) or "framework"
    if wanted:
        intake.say(
            "the line 'id'",
            f"an id is made of small letters, digits and hyphens; it was read as '{made}'",
            kept=True,
        )
    return made


def _version(text: str, intake: Intake) -> int:
    if re.fullmatch(r"[1-9]\d{0,5}", text):
        return int(text)
    intake.say("the line 'version'", "a version is a whole number from 1 up; it was read as 1", kept=True)
    return 1

"""What the events of a setting change in its body."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from projections.bodies import SettingFacts
from projections.runner import Seen
from projections.writers.body_changes.common import (
    Change,
    State,
    append,
    cleared,
    given,
    put_right,
    whole,
    withdraw_fact,
)


def _open(setting: SettingFacts, state: State, seen: Seen) -> None:
    setting["name"], setting["time_zone"] = state["name"], state["time_zone"]
    setting["urn"], setting["ukprn"] = state.get("urn"), state.get("ukprn")
    setting["places"], setting["commissioners"], setting["timetables"] = [], [], []


def _correct(setting: SettingFacts, state: State, seen: Seen) -> None:
    setting.update(cleared(state))
    setting.update(given(state, "name", "urn", "ukprn"))


def _set_timetable(setting: SettingFacts, state: State, seen: Seen) -> None:
    setting["timetables"].append(whole(state, position=seen.position))


def _set_colour(setting: SettingFacts, state: State, seen: Seen) -> None:
    setting["colour"] = state.get("colour")


def _set_logo(setting: SettingFacts, state: State, seen: Seen) -> None:
    setting["logo"] = None
    if picture := state.get("picture"):
        # The picture itself stays in its event: every page reads this body, and few ask for the picture.
        mark = hashlib.sha256(picture.encode()).hexdigest()[:16]
        setting["logo"] = {"mark": mark, "width": state["width"], "height": state["height"], "position": seen.position}


def _set_quiet_hours(setting: SettingFacts, state: State, seen: Seen) -> None:
    setting["quiet_hours"] = state.get("hours")


def _end_review(setting: SettingFacts, state: State, seen: Seen) -> None:
    ended = setting.setdefault("ended_clocks", [])
    ended.append(whole(state, position=seen.position, ended_at=seen.recorded_at))


def _resume_review(setting: SettingFacts, state: State, seen: Seen) -> None:
    setting["ended_clocks"] = [
        review
        for review in setting.get("ended_clocks", ())
        if (review["commissioner_id"], review["last"]) != (state["commissioner_id"], state["last"])
    ]


CHANGES: Mapping[str, Change] = {
    "setting-opened": _open,
    "setting-corrected": _correct,
    "place-added": append("places"),
    "place-corrected": put_right("places", "place_id", "label"),
    "commissioner-added": append("commissioners"),
    "commissioner-corrected": put_right("commissioners", "commissioner_id", "name", "kind"),
    "setting-fact-withdrawn": withdraw_fact,
    "calendar-set": append("calendars"),
    "timetable-set": _set_timetable,
    "retention-set": append("retention"),
    "incident-categories-set": append("incident_categories"),
    "brand-colour-set": _set_colour,
    "logo-set": _set_logo,
    "quiet-hours-set": _set_quiet_hours,
    "review-ended": _end_review,
    "review-resumed": _resume_review,
}

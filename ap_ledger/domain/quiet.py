"""The hours in which nobody is notified: the rule of setting them, and whether a moment lies in them."""

from __future__ import annotations

from datetime import datetime

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.given import sentence_of
from ap_ledger.domain.setting import Setting, SettingCommand
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.moments import zone
from ap_ledger.events.setting import Hours, QuietHours, QuietHoursSet


class SetQuietHours(SettingCommand):
    """Says when nobody is notified, or with none that there is no such time."""

    hours: Hours = None

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """They begin on a weekday at least, and their times are two, as the clock on the wall shows them."""
        self.opened(state)
        if self.hours is not None:
            _require_sense(self.hours)
        return [events.event(QuietHoursSet, hours=self.hours)]


def _require_sense(hours: QuietHours) -> None:
    for name in ("starts", "ends"):
        # Quiet is at the same time of the clock all year, and an offset would be right for half of it.
        if getattr(hours, name).tzinfo is not None:
            raise Refused("malformed", str(sentence_of(QuietHours, name)), f"hours.{name}")
    if hours.starts == hours.ends:
        raise Refused("malformed", "Quiet begins and ends at the same time. Name whole days instead.", "hours.ends")
    for name in ("weekdays", "whole_days"):
        days = getattr(hours, name)
        if len(set(days)) < len(days) or (name == "weekdays" and not days):
            raise Refused("malformed", str(sentence_of(QuietHours, name)), f"hours.{name}")


def quiet(setting: Setting, moment: datetime) -> bool:
    """Whether nobody is notified at a moment, by the clock on the setting's wall on that day.

    Where clocks go back, what is quiet at an hour is quiet in both; where they go forward, an hour that is left out is
    in neither.
    """
    hours = setting.quiet_hours
    if hours is None:
        return False
    there = moment.astimezone(zone(setting.time_zone))
    today, now = there.isoweekday(), there.time()
    if today in hours.whole_days:
        return True
    if hours.starts < hours.ends:
        return today in hours.weekdays and hours.starts <= now < hours.ends
    yesterday = (today - 2) % 7 + 1
    return (today in hours.weekdays and now >= hours.starts) or (yesterday in hours.weekdays and now < hours.ends)

"""What the columns of a setting's own files hold, remembered."""

from __future__ import annotations

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.setting import Setting, SettingCommand
from ap_ledger.events.base import Event
from ap_ledger.events.setting import ColumnsMatched, MatchedColumns


class MatchColumns(SettingCommand):
    """Says what columns of the setting's own files hold, for the next file with such headings."""

    columns: MatchedColumns

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """The setting must be known; what is said later of a heading counts."""
        self.opened(state)
        return [events.event(ColumnsMatched, columns=self.columns)]

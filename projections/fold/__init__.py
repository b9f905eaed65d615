"""The one fold: a day's entries become a cell, cells become progress. Every page, report and replay uses it.

`fold_day(rows of one student and day) -> DayCell`, `combine(days) -> Progress`. Both are pure, and neither cares in
which order things arrived: only when they happened. A ladder is ordinal, so there are medians and counts here, never
means.
"""

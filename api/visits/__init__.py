"""Planned visits: a week's plan, the addresses they go to, and the calendar that a phone may read."""

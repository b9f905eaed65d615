"""The read models: what builds their tables from events. None of these opens sealed words."""

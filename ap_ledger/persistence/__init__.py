"""Our own recorders for `eventsourcing`: SQLite with one writer, PostgreSQL with a counter row, both committing in
groups."""

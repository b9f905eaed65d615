"""Students and people of the setting from a file: read, matched, compared with the ledger, looked at, brought in."""

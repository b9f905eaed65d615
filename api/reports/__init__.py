"""Reports and packs."""

"""AP Ledger: what really happened with children whom ordinary registers call absent, as immutable events."""

__version__ = "0.2.0.dev0"

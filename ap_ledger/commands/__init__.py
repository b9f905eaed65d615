"""What a command causes beyond its events, and what takes two people."""

"""What people are told of, through which channels, and what was sent: a store of its own, since no replay makes it."""

"""What could not be accepted yet, and drafts: sealed, until somebody settles them."""

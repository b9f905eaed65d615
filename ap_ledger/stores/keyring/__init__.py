"""The keys under which words are sealed: made, wrapped, copied, restored, shredded."""

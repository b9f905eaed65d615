"""What is due in a setting, and how it is settled."""

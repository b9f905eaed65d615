"""The first page by role, and the search box."""

"""Definitions: read, compared, brought in and published."""

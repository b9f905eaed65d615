"""Entries and commands over HTTP, what is held, mending."""

"""The rules: for each kind of stream its state, a fold that only remembers, and commands that decide.

No database, no web.
"""

"""What people are told of: one table says what makes a notice, who reads it, and which page it leads to.

`table` holds the rows, `sources` finds what happened, `raising` tells whoever the access table lets know.
"""

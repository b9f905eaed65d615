"""The program `ap-ledger`."""

import gc

# Most of what is loaded at start stays for ever, so looking through it again and again would only cost time: a seventh
# of the start.
gc.set_threshold(100_000, 50, 100)

"""The program `ap-ledger`."""

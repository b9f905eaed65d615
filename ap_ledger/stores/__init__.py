"""What is kept beside the ledger's rows, each store with its own file or schema: keys, what is held, accounts, jobs."""

"""The ledger: one SQLite file that knows every wanted row and what became of it. The only SQL."""

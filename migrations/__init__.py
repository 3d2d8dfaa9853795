"""The ledger's schema, as the steps that make it."""

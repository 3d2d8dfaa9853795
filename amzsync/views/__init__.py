"""Values to a terminal or to JSON: the only rich, and nothing here asks a ledger or a server."""

"""From pending rows to the fewest requests, and every answer back into the ledger."""

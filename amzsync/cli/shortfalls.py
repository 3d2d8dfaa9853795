"""What a ledger has not in place, as commands show it; apart from all that needs the network."""

from amzsync.ledger.ledger import Ledger
from amzsync.views.shortfalls import Shortfalls

__all__ = ["shortfalls"]


def shortfalls(ledger: Ledger, examples: int) -> Shortfalls:
    """What of the wanted is not in place, for good."""
    queries = ledger.queries
    return Shortfalls(
        queries.failure_count(),
        tuple(queries.failure_groups(examples)),
        tuple(ledger.unfinished.not_found()),
    )

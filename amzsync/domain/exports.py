"""What can be taken out of a ledger as a table."""

from enum import StrEnum

__all__ = ["Export"]


class Export(StrEnum):
    """Which rows leave."""

    FAILURES = "failures"
    MISSING = "missing"
    OBSOLETE = "obsolete"
    LINKS = "links"

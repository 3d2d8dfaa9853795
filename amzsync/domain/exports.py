"""What can be taken out of a ledger, as a table or as a page."""

from enum import StrEnum

__all__ = ["Export", "Reported"]


class Export(StrEnum):
    """Which rows leave."""

    FAILURES = "failures"
    MISSING = "missing"
    OBSOLETE = "obsolete"
    LINKS = "links"


class Reported(StrEnum):
    """Which products stand on a report page."""

    CHANGED = "changed"
    FAILED = "failed"
    MISSING = "missing"
    ALL = "all"

"""From products to the rows a ledger must hold: what is new, what differs, what is no longer wanted. Pure."""

from amzsync.planner.difference import Difference, settle
from amzsync.planner.planner import Planner
from amzsync.planner.sizes import packed
from amzsync.planner.values import (
    ChangedProduct,
    KnownProduct,
    KnownRows,
    MalformedUrl,
    PlanCounts,
    WantedLink,
)

__all__ = [
    "ChangedProduct",
    "Difference",
    "KnownProduct",
    "KnownRows",
    "MalformedUrl",
    "PlanCounts",
    "Planner",
    "WantedLink",
    "packed",
    "settle",
]

"""What a prune or an undo came to, counted from what the ledger keeps of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from amzsync.executor.context import RunResult
from amzsync.ledger.rows import Kept, UnusedAsset
from amzsync.ledger.work import Work
from amzsync.ledger.writes import WriteOutcome

__all__ = ["RemovalResult", "removal_result"]


@dataclass(frozen=True, slots=True)
class RemovalResult:
    """`products` were written; `left` is what stays as it is, and why. `run` is its network part.

    `galleries_restored` are those that got pictures back.
    """

    run: RunResult
    products: int = 0
    links_removed: int = 0
    galleries_restored: int = 0
    thumbnails_restored: int = 0
    assets_deleted: tuple[UnusedAsset, ...] = ()
    left: tuple[Kept, ...] = ()


def removal_result(work: Work, run: RunResult, left: Sequence[Kept] = ()) -> RemovalResult:
    """Of the whole run, also where it was interrupted and resumed."""
    products = removed = restored = thumbnails = 0
    for write in work.own_writes():
        if write.outcome is WriteOutcome.SENT:
            continue
        products += 1
        if write.gallery is not None:
            removed += len(set(write.gallery.before).difference(write.gallery.after))
            restored += not set(write.gallery.after).issubset(write.gallery.before)
        thumbnails += write.thumbnail is not None
    return RemovalResult(
        run, products, removed, restored, thumbnails, work.deleted_assets(), (*work.kept(), *left)
    )

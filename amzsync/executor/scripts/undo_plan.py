"""Decides what a product is to hold once a run is undone. Pure.

What stands as the run left it becomes what stood before it, whole. Where others have changed it since, only
what the run had added goes: everything else stays, in its order.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from amzsync.domain.written import is_between
from amzsync.ledger.writes import Change, Write, WriteOutcome

__all__ = ["Undone", "undo_gallery", "undo_thumbnail"]


@dataclass(frozen=True, slots=True)
class Undone:
    """The gallery that is to stand. `is_changed`: others changed it since, so it is not the one of before.

    `is_put_last`: an undo that did not come to its end has put back pictures behind the others.
    """

    gallery: tuple[str, ...]
    is_changed: bool = False
    is_put_last: bool = False


def undo_gallery(now: Sequence[str], write: Write, begun: Write | None, ours: Collection[str]) -> Undone:
    """`begun` is what an undo that did not come to its end has written; `ours` this ledger's pictures."""
    seen, change = tuple(now), write.gallery
    added = {asset_id for asset_id in change.after if asset_id not in change.before} if change else set()
    going = added.intersection(ours)
    if begun is not None and _explains(begun, seen):
        # What could not be unlinked stands in it, too.
        going_on = _without(going, begun.gallery.after if begun.gallery else seen)
        is_whole = change is not None and set(going_on) == set(change.before)
        is_last = is_whole and change is not None and going_on != change.before
        return Undone(going_on, is_changed=not is_whole, is_put_last=is_last)
    if change is None or seen == change.before:
        return Undone(seen)
    if seen == change.after and write.outcome is not WriteOutcome.MIXED and going == added:
        return Undone(change.before)
    return Undone(_without(going, seen), is_changed=True)


def _without(going: Collection[str], gallery: Sequence[str]) -> tuple[str, ...]:
    return tuple(asset_id for asset_id in gallery if asset_id not in going)


def _explains(begun: Write, seen: tuple[str, ...]) -> bool:
    """Whether what is seen is a stage on the way that the undo has begun."""
    change = begun.gallery
    if change is None or begun.outcome is WriteOutcome.MIXED:
        return False
    return is_between(change.before, change.after, seen)


def undo_thumbnail(now: str | None, change: Change | None) -> tuple[str, ...] | None:
    """The thumbnail to set, () for none; None where it is not the one that the run set."""
    if change is None or change.before == change.after:
        return None
    return change.before if (now,) == change.after or (now is None and not change.after) else None

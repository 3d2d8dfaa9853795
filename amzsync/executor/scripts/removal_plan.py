"""Decides how a product comes from what stands there to what is to stand there. Pure.

A gallery that this ledger alone has filled is written as a whole. In any other one nothing is written but
what concerns this ledger's own pictures: they are unlinked one by one. An unlink names no attribute, so a
picture that stands elsewhere in the product, too, needs a write of the whole gallery as it was just read,
and that only where the account is known to replace it in order.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from amzsync.domain.written import is_subsequence

__all__ = ["OneByOne", "Target", "Whole", "plan_change"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is to stand in a product; a thumbnail of None is left as it is, () is none."""

    gallery: tuple[str, ...]
    thumbnail: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """One write: the whole gallery (None: leave it) and the thumbnail (None: leave it)."""

    gallery: tuple[str, ...] | None
    thumbnail: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class OneByOne:
    """The thumbnail first (None: leave it), then each link by itself.

    `stuck` cannot be unlinked; `is_moved`: the links come to stand elsewhere than they should.
    """

    thumbnail: tuple[str, ...] | None
    unlinks: tuple[str, ...]
    links: tuple[str, ...]
    stuck: tuple[str, ...]
    is_moved: bool


def plan_change(
    seen: Sequence[str],
    target: Target,
    *,
    is_ours: bool,
    elsewhere: Collection[str],
    replaces: bool,
) -> Whole | OneByOne | None:
    """The requests that lead from what is seen to the target; None where nothing is to be done.

    `elsewhere` are the assets that stand in the product outside its gallery, the thumbnail among them where
    it stays. `replaces`: the account is known to replace a gallery in order.
    """
    gallery = target.gallery
    if gallery == tuple(seen):
        return None if target.thumbnail is None else Whole(None, target.thumbnail)
    gone = tuple(asset_id for asset_id in seen if asset_id not in gallery)
    added = tuple(asset_id for asset_id in gallery if asset_id not in seen)
    stuck = tuple(asset_id for asset_id in gone if asset_id in elsewhere)
    only_removes = is_subsequence(gallery, seen)
    if is_ours or (replaces and (stuck or not only_removes)):
        return Whole(gallery, target.thumbnail)
    unlinks = tuple(asset_id for asset_id in gone if asset_id not in stuck)
    if not (unlinks or added or stuck) and target.thumbnail is None:
        return None
    kept = tuple(asset_id for asset_id in seen if asset_id in gallery)
    return OneByOne(target.thumbnail, unlinks, added, stuck, is_moved=(*kept, *added) != gallery)

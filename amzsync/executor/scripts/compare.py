"""Compares what is wanted of a product with what was seen of it. Pure.

A picture is named by its row in the ledger. It stands in the gallery where the Plytix id of its asset does.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from amzsync.ledger.rows import Link, Origin, ProductWork, State, Thumbnail
from amzsync.ledger.seen import Sighting

__all__ = ["Differences", "compare", "known_by_name"]


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs, as rows of assets; `others` counts what is not wanted and not ours.

    `is_reordered`: images of this ledger stand in another order than its writes had left them.
    `missing` and `thumbnail` leave out what is known to have failed and does not stand: that is `failed`.
    """

    missing: tuple[int, ...] = ()
    is_moved: bool = False
    thumbnail: int | None = None
    obsolete: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    others: int = 0
    is_reordered: bool = False

    @property
    def sighting(self) -> Sighting:
        """What is kept of them in the ledger."""
        return Sighting(
            in_plytix=True,
            missing=len(self.missing),
            moved=self.is_moved,
            thumbnail=self.thumbnail is not None,
            obsolete=len(self.obsolete),
            others=self.others,
            reordered=self.is_reordered,
        )


def compare(
    product: ProductWork,
    ids: Mapping[int, str],
    gallery: Sequence[str],
    thumbnail_id: str | None,
    *,
    is_left_alone: bool = False,
) -> Differences:
    """The differences of a product that Plytix has.

    `ids` are the Plytix ids of its pictures by row, of those that have one. `is_left_alone`: what is skipped
    was skipped on request, so that it is missing is no difference.
    """
    unexpected = {State.OBSOLETE, State.FAILED} | ({State.SKIPPED} if is_left_alone else set())
    there = set(gallery)
    wanted = [link for link in product.links if link.state is not State.OBSOLETE]
    standing = dict.fromkeys(ids[link.asset_id] for link in wanted if ids.get(link.asset_id) in there)
    lacking = [link for link in wanted if ids.get(link.asset_id) not in standing]
    missing = tuple(
        link.asset_id for link in lacking if link.state not in unexpected and not link.is_left_out
    )
    failed = [link.asset_id for link in lacking if link.state is State.FAILED]
    obsolete = _obsolete(product.links, ids, there - standing.keys())
    thumbnail = product.thumbnail
    other_stands = thumbnail is not None and not _stands(thumbnail, ids, thumbnail_id)
    if thumbnail and other_stands and thumbnail.state is State.FAILED and thumbnail.asset_id not in failed:
        failed.append(thumbnail.asset_id)
    is_in_order = [*dict.fromkeys(gallery)][: len(standing)] == [*standing]
    return Differences(
        missing,
        is_moved=not (missing or is_in_order) and _is_ours(product.links, ids, there),
        thumbnail=thumbnail.asset_id
        if thumbnail and other_stands and thumbnail.state not in unexpected and not thumbnail.is_left_out
        else None,
        obsolete=obsolete,
        failed=tuple(failed),
        others=len(there - standing.keys() - {ids[row] for row in obsolete}),
        is_reordered=_is_reordered(product.links, ids, gallery),
    )


def known_by_name(names: Mapping[int, str], filenames: Mapping[str, str]) -> dict[int, str]:
    """The Plytix ids of pictures that stand in a gallery under exactly their names, by row."""
    by_name = {filename: asset_id for asset_id, filename in filenames.items()}
    return {row: by_name[name] for row, name in names.items() if name in by_name}


def _obsolete(links: Sequence[Link], ids: Mapping[int, str], rest: Collection[str]) -> tuple[int, ...]:
    """What is no longer wanted, was put there by this ledger, and still stands."""
    return tuple(
        link.asset_id
        for link in links
        if link.state is State.OBSOLETE and link.origin is Origin.MADE and ids.get(link.asset_id) in rest
    )


def _is_ours(links: Sequence[Link], ids: Mapping[int, str], there: Collection[str]) -> bool:
    """Whether a gallery holds only what this ledger put there, in whichever order."""
    own = {ids.get(link.asset_id) for link in links if link.origin is Origin.MADE or link.sent is not None}
    return own.issuperset(there)


def _is_reordered(links: Sequence[Link], ids: Mapping[int, str], gallery: Sequence[str]) -> bool:
    placed = {
        ids.get(link.asset_id): link.placed
        for link in links
        if link.origin is Origin.MADE and link.placed is not None
    }
    places = [placed[asset_id] for asset_id in gallery if asset_id in placed]
    return any(before >= after for before, after in pairwise(places))


def _stands(thumbnail: Thumbnail, ids: Mapping[int, str], seen: str | None) -> bool:
    return seen is not None and ids.get(thumbnail.asset_id) == seen

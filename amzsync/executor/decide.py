"""What a product's gallery needs, from what was seen and what is wanted. Pure."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["MAX_ASSETS", "Append", "Decision", "Nothing", "Replace", "decide", "missing"]

MAX_ASSETS = 300
"""The most assets one product can have (plytix-api, Products)."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Everything wanted stands."""


@dataclass(frozen=True, slots=True)
class Replace:
    """One write: the whole gallery (None: leave it) and the thumbnail (None: leave it)."""

    gallery: tuple[str, ...] | None
    thumbnail: str | None


@dataclass(frozen=True, slots=True)
class Append:
    """A person's gallery: the missing assets one by one, then the thumbnail (None: leave it)."""

    missing: tuple[str, ...]
    thumbnail: str | None


Decision = Nothing | Replace | Append


def decide(
    *,
    seen: Sequence[str],
    seen_thumbnail: str | None,
    wanted: Sequence[str],
    thumbnail: str | None,
    own: Mapping[str, int | None],
    only_append: bool = False,
) -> Decision:
    """Compare. All ids are Plytix's, `wanted` in gallery order without repeats.

    `own` holds the assets this ledger put into this gallery, with the place at which it did. Only a
    gallery of those alone, in that order, is ours to write as a whole; with `only_append`, none is.
    What a full gallery has no room for is left out.
    """
    new_thumbnail = thumbnail if thumbnail != seen_thumbnail else None
    lacking = missing(wanted, seen)
    if only_append or not _is_ours(seen, own):
        return Append(lacking, new_thumbnail) if lacking else _only_thumbnail(new_thumbnail)
    fitting = {*seen, *lacking}
    target = _with_left_over([asset_id for asset_id in wanted if asset_id in fitting], seen)
    if target == tuple(seen):
        return _only_thumbnail(new_thumbnail)
    return Replace(target, new_thumbnail)


def missing(wanted: Sequence[str], seen: Sequence[str]) -> tuple[str, ...]:
    """What is wanted and not there, as far as the product has room for it."""
    there = set(seen)
    room = max(0, MAX_ASSETS - len(there))
    return tuple(asset_id for asset_id in wanted if asset_id not in there)[:room]


def _only_thumbnail(thumbnail: str | None) -> Decision:
    return Replace(None, thumbnail) if thumbnail else Nothing()


def _is_ours(seen: Sequence[str], own: Mapping[str, int | None]) -> bool:
    places = [own.get(asset_id) for asset_id in seen]
    known = [place for place in places if place is not None]
    return len(known) == len(places) and all(a < b for a, b in itertools.pairwise(known))


def _with_left_over(wanted: Sequence[str], seen: Sequence[str]) -> tuple[str, ...]:
    """The wanted order, with what is no longer wanted kept behind the picture it stood behind."""
    target = list(wanted)
    keep = set(wanted)
    before: str | None = None
    for asset_id in seen:
        if asset_id not in keep:
            target.insert(target.index(before) + 1 if before is not None else 0, asset_id)
        before = asset_id
    return tuple(target)

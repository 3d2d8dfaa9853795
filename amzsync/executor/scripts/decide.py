"""Decides what a product's gallery needs, from what was seen and what is wanted. Pure."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "MAX_ASSETS",
    "Append",
    "Decision",
    "Nothing",
    "Replace",
    "decide",
    "is_ours",
    "missing",
    "own_places",
]

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

    @property
    def places(self) -> dict[str, int] | None:
        """At which place the write puts each asset."""
        if self.gallery is None:
            return None
        return {asset_id: place for place, asset_id in enumerate(self.gallery, 1)}


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
    may_replace: bool,
    dropped: Collection[str] = (),
) -> Decision:
    """Compare. All ids are Plytix's, `wanted` in gallery order without repeats.

    With `may_replace` the gallery is written as a whole, without the `dropped`, and what is no longer wanted
    goes behind what is; else missing pictures are appended. What a full gallery has no room for is left out.
    """
    new_thumbnail = thumbnail if thumbnail != seen_thumbnail else None
    lacking = missing(wanted, seen)
    if not may_replace:
        return Append(lacking, new_thumbnail) if lacking else _only_thumbnail(new_thumbnail)
    fitting = {*seen, *lacking}
    kept = (asset_id for asset_id in seen if asset_id not in dropped)
    target = tuple(dict.fromkeys((*(asset_id for asset_id in wanted if asset_id in fitting), *kept)))
    if target in ((), tuple(seen)):
        return _only_thumbnail(new_thumbnail)
    return Replace(target, new_thumbnail)


def is_ours(seen: Sequence[str], own: Mapping[str, float], sent: Mapping[str, float]) -> bool:
    """Whether a gallery holds nothing but what this ledger put there, in the order in which it did."""
    return own_places(seen, own, sent) is not None


def own_places(
    seen: Sequence[str], own: Mapping[str, float], sent: Mapping[str, float]
) -> Mapping[str, float] | None:
    """The places that explain a gallery which this ledger alone has filled; None where somebody else has.

    `own` are the places at which its writes left each asset, `sent` those in a write that was not answered:
    it may have arrived, or not, and where writes do not replace a gallery, behind what stood there.
    """
    possible = [own, {**own, **sent}]
    if set(own).intersection(seen).issubset(sent):
        last = max(own.values(), default=0)
        possible.append({**{asset_id: last + place for asset_id, place in sent.items()}, **own})
    explains = (places for places in possible if _rises([places.get(asset_id) for asset_id in seen]))
    return next(explains, None)


def missing(wanted: Sequence[str], seen: Sequence[str]) -> tuple[str, ...]:
    """What is wanted and not there, as far as the product has room for it."""
    there = set(seen)
    room = max(0, MAX_ASSETS - len(there))
    return tuple(asset_id for asset_id in wanted if asset_id not in there)[:room]


def _only_thumbnail(thumbnail: str | None) -> Decision:
    return Replace(None, thumbnail) if thumbnail else Nothing()


def _rises(places: Sequence[float | None]) -> bool:
    known = [place for place in places if place is not None]
    return len(known) == len(places) and all(a < b for a, b in itertools.pairwise(known))

"""What goes into a plan and comes out of it, as frozen facts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = [
    "ChangedProduct",
    "KnownProduct",
    "KnownRows",
    "MalformedUrl",
    "PlanCounts",
    "WantedLink",
]


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A product of the ledger, and the digest of what was wanted for it (None: not wanted now)."""

    id: int
    wanted: bytes | None


@dataclass(frozen=True, slots=True)
class KnownRows:
    """What the ledger holds already. Address ids count from 1 without a gap, and `urls` is in their order.

    `refused_urls` have an asset, but were found malformed later (private networks may be allowed or not).
    `sizes` are theirs by id, as `sizes.packed` gives them; empty where none is known.
    """

    urls: dict[str, int] = field(default_factory=dict)
    products: dict[str, KnownProduct] = field(default_factory=dict)
    obsolete_urls: frozenset[int] = frozenset()
    without_asset: frozenset[int] = frozenset()
    refused_urls: frozenset[int] = frozenset()
    sizes: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class WantedLink:
    """A picture's place in a product's gallery; `position` counts from 1."""

    asset_id: int
    variant: str
    position: int


@dataclass(frozen=True, slots=True)
class ChangedProduct:
    """A product the ledger knows, for which something else is wanted now."""

    id: int
    is_parent: bool
    wanted: bytes
    links: tuple[WantedLink, ...]
    thumbnail: int | None


@dataclass(frozen=True, slots=True)
class MalformedUrl:
    """An address that can be no picture."""

    url_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """What the mapping names. `total_image_refs` counts every picture read, whatever becomes of it."""

    total_products: int = 0
    products_with_images: int = 0
    parents: int = 0
    repeated_products: int = 0
    total_image_refs: int = 0
    unique_images: int = 0
    shared_images: int = 0
    superseded_images: int = 0
    repeated_images: int = 0
    malformed_images: int = 0

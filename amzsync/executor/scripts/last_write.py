"""The last write to a product, as long as it is not known whether it arrived. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["LastWrite"]


@dataclass(frozen=True, slots=True)
class LastWrite:
    """What it puts into the gallery that did not stand there, and the thumbnail that it sets (None: none)."""

    adds: frozenset[str] = frozenset()
    thumbnail: str | None = None

    def has_not_arrived(self, gallery: Collection[str], thumbnail: str | None) -> bool:
        """Whether that can be told from what stands in the product.

        A write puts all of its pictures there at once, and sets its thumbnail with them. So where only a part
        of that stands, somebody else has put it there, or has taken the rest away since: then none of it
        counts as this ledger's own.
        """
        standing = self.adds.intersection(gallery)
        is_whole = standing == self.adds and self.thumbnail in (None, thumbnail)
        return bool(standing) and not is_whole

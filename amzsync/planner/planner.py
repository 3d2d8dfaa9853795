"""Products as they come, kept small until all are there."""

from collections.abc import Sequence

from amzsync.domain.product import ImageRef, Product, Unreadable
from amzsync.planner.addresses import PLAIN, Addresses
from amzsync.planner.columns import Products, References
from amzsync.planner.values import KnownRows
from amzsync.planner.variants import Variants

__all__ = ["Planner"]


class Planner:
    """Take in products: `add` all, then `settle` tells the difference to the ledger.

    `is_complete`: the products are the whole catalogue, so that all others are no longer wanted.
    """

    def __init__(
        self,
        known: KnownRows,
        *,
        gallery_label: str,
        allow_private: bool = False,
        is_complete: bool = False,
    ) -> None:
        self.known = known
        self.is_complete = is_complete
        self.label = gallery_label.encode()
        self.addresses = Addresses(known.urls, allow_private=allow_private)
        self.variants = Variants()
        self.references = References()
        self.products = Products()
        self.unreadable: list[Unreadable] = []

    def add(self, product: Product | Unreadable) -> None:
        """Take in one product; the pictures of a SKU that came before are added to it.

        Raises:
            MappingError: these are too many.
        """
        if isinstance(product, Unreadable):
            self.unreadable.append(product)
            return
        references = self.references
        references.part_starts.append(len(references.url_numbers))
        is_ordered = self._take_images(product.images)
        references.part_owners.append(self.products.take(product, is_ordered=is_ordered))

    def _take_images(self, images: Sequence[ImageRef]) -> bool:
        """Append the pictures; True if they stand in gallery order already, with nothing to settle."""
        if not images:
            return True
        # Whole columns at a time: a loop over a million pictures would cost more than writing them down.
        urls, variants, areas, widths = zip(*images, strict=True)
        addresses, references = self.addresses, self.references
        numbers = addresses.take(urls)
        codes, is_ordered = self.variants.pattern(variants)
        references.url_numbers.extend(numbers)
        references.variant_codes.extend(codes)
        references.areas.extend(areas)
        references.widths.extend(widths)
        if not is_ordered or len(set(numbers)) != len(numbers):
            return False
        kinds = addresses.kinds
        return addresses.all_plain or all(kinds[number] == PLAIN for number in numbers)

"""The products of a plan and the pictures that they name, as flat arrays.

A catalogue can name a million pictures: each is one number in each array.
"""

from array import array

from amzsync.domain.product import MAX_IMAGES, Product
from amzsync.errors import MappingError

__all__ = ["Products", "References"]


class References:
    """Every picture that is named, in reading order: the number of its address, its variant, its size.

    A part is what a mapping says of a product at one place: `part_starts` tells where its pictures begin,
    `part_owners` the number of its product.
    """

    def __init__(self) -> None:
        self.url_numbers = array("I")
        self.variant_codes = array("H")
        self.areas = array("I")
        self.widths = array("H")
        self.part_starts = array("Q")
        self.part_owners = array("I")

    def span(self, part: int) -> tuple[int, int]:
        """Where the pictures of a part begin and end."""
        start = self.part_starts[part]
        is_last = part + 1 == len(self.part_starts)
        return start, len(self.url_numbers) if is_last else self.part_starts[part + 1]


class Products:
    """`numbers` by SKU; by number, whether it is a parent and whether its pictures are in order already.

    `titles` are those of products that have one, the first that is told.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.parents = bytearray()
        self.ordered = bytearray()
        self.titles: dict[int, str] = {}
        self._image_counts = array("I")

    def take(self, product: Product, *, is_ordered: bool) -> int:
        """The number of this product; what a mapping says of it at several places counts as one.

        Raises:
            MappingError: it names too many pictures.
        """
        number = self.numbers.setdefault(product.sku, len(self.parents))
        if product.title:
            self.titles.setdefault(number, product.title)
        if number == len(self.parents):
            self.parents.append(product.is_parent)
            self.ordered.append(is_ordered)
            self._image_counts.append(len(product.images))
            return number
        self.parents[number] |= product.is_parent
        self.ordered[number] = False
        self._image_counts[number] += len(product.images)
        if self._image_counts[number] > MAX_IMAGES:
            raise MappingError(
                f"The product {product.sku}",
                f"named several times, with more than {MAX_IMAGES:,} images in all",
            )
        return number

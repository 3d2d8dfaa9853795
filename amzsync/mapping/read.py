"""A mapping, in whichever form it comes, as a stream of products."""

from collections.abc import Iterator
from pathlib import Path

from amzsync.domain.product import Product, Unreadable
from amzsync.errors import MappingError
from amzsync.mapping.forms import Nameless, Shape, read_product
from amzsync.mapping.json_entries import PRODUCT_LISTS, JsonEntries, told_marketplace
from amzsync.mapping.source import MappingSource
from amzsync.mapping.stream import JsonStream

__all__ = ["read_products"]

_DEFAULT_MARKETPLACE = "US"
_MAX_UNREADABLE = 10_000


def read_products(
    mapping: Path | MappingSource, *, marketplace: str | None = None
) -> Iterator[Product | Unreadable]:
    """Every product of one mapping, in its order; `marketplace` overrides what the mapping says.

    One without a SKU is told as unreadable, with its place.

    Raises:
        MappingError: with the place and the cause, for what is no mapping.
    """
    source = mapping if isinstance(mapping, MappingSource) else MappingSource(mapping)
    is_mapping = False
    unreadable = 0
    products = _JsonProducts(source, marketplace)
    for product in products:
        if not isinstance(product, Nameless):
            is_mapping = True
            yield product
            continue
        is_mapping |= product.has_images
        unreadable += 1
        place = products.place()
        if unreadable > _MAX_UNREADABLE:
            raise MappingError(
                f"{source.name}, {place}", f"this is the {unreadable:,}th product with neither SKU nor ASIN"
            )
        yield Unreadable(f"{source.short_name}, {place}", product.reason, source.full_name)
    if not is_mapping:
        raise MappingError(
            source.name,
            f"none of its {unreadable:,} entries has a SKU or an ASIN" if unreadable else "no products found",
            f"A mapping lists them in {', '.join(PRODUCT_LISTS)}, or is itself a list.",
        )


class _JsonProducts:
    """The products of a mapping in JSON."""

    def __init__(self, source: MappingSource, marketplace: str | None) -> None:
        self._source = source
        self._forced = marketplace
        self._default = _DefaultMarketplace(source)
        self._entries: JsonEntries | None = None

    def place(self) -> str:
        """Where the product stands that came last."""
        return self._entries.place() if self._entries else ""

    def __iter__(self) -> Iterator[Product | Nameless]:
        with self._source.open() as file:
            self._entries = JsonEntries(self._source.name, JsonStream(self._source.name, file))
            for entry in self._entries:
                try:
                    product = read_product(entry, self._default, forced=self._forced)
                except Shape as shape:
                    place = ".".join(filter(None, (self.place(), shape.field)))
                    raise MappingError(f"{self._source.name}, {place}", shape.cause) from None
                yield product


class _DefaultMarketplace:
    """What the mapping's metadata says, looked up only when some product needs it."""

    def __init__(self, source: MappingSource) -> None:
        self._source = source
        self._code = ""

    def __call__(self) -> str:
        if not self._code:
            with self._source.open() as file:
                stream = JsonStream(self._source.name, file)
                self._code = told_marketplace(self._source.name, stream) or _DEFAULT_MARKETPLACE
        return self._code

"""The products of a mapping in JSON, or in JSON Lines."""

from collections.abc import Iterator

from amzsync.domain.product import Product
from amzsync.errors import MappingError
from amzsync.mapping.forms import Nameless, Shape, read_product
from amzsync.mapping.json_entries import PRODUCT_LISTS, JsonEntries, told_marketplace
from amzsync.mapping.source import MappingSource
from amzsync.mapping.stream import JsonStream

__all__ = ["PRODUCT_LISTS", "JsonProducts"]

_DEFAULT_MARKETPLACE = "US"


class JsonProducts:
    """The products of one mapping; `marketplace` overrides what it says."""

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

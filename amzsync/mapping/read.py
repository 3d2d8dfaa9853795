"""A mapping, in whichever form it comes, as a stream of products."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from amzsync.domain.product import Product, Unreadable
from amzsync.errors import MappingError
from amzsync.mapping.columns import NamedColumns
from amzsync.mapping.forms import Nameless
from amzsync.mapping.json_products import PRODUCT_LISTS, JsonProducts
from amzsync.mapping.source import MappingSource
from amzsync.mapping.tables import CsvProducts, XlsxProducts

__all__ = ["NamedColumns", "is_table", "read_products"]

_MAX_UNREADABLE = 10_000
_HEAD_BYTES = 1 << 16
_ZIP = b"PK\x03\x04"
_TEXT_STARTS = (b"{", b"[", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What is told in more detail by what reads text."""

_NOT_READ = {
    b"\xd0\xcf\x11\xe0": (
        "this is an old Excel workbook (.xls), or one with a password",
        "Save it as .xlsx.",
    ),
    b"\x1f\x8b": ("this is compressed (gzip)", "Unpack it: `gunzip --stdout FILE | amzsync plan -`."),
    b"%PDF": ("this is a PDF file", ""),
}


class _Products(Protocol):
    """The products of one form of a mapping, in their order."""

    def __iter__(self) -> Iterator[Product | Nameless]: ...

    def place(self) -> str:
        """Where in the mapping the product stands that came last."""
        ...


def read_products(
    mapping: Path | MappingSource, *, marketplace: str | None = None, columns: NamedColumns | None = None
) -> Iterator[Product | Unreadable]:
    """Every product of one mapping, in its order; `marketplace` overrides what the mapping says.

    `columns`: those of a table that have names of their own. A product without a SKU is told as unreadable,
    with its place.

    Raises:
        MappingError: with the place and the cause, for what is no mapping.
    """
    source = mapping if isinstance(mapping, MappingSource) else MappingSource(mapping)
    is_mapping = False
    unreadable = 0
    products = _products(source, marketplace, columns or NamedColumns())
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
                f"{source.name}, {place}",
                f"this is the {unreadable:,}th product with neither SKU nor ASIN",
            )
        yield Unreadable(f"{source.short_name}, {place}", product.reason, source.full_name)
    if not is_mapping:
        raise MappingError(
            source.name,
            f"none of its {unreadable:,} entries has a SKU or an ASIN" if unreadable else "no products found",
            f"JSON has them in {', '.join(PRODUCT_LISTS)}, or is itself a list; a table has a row for each.",
        )


def _products(source: MappingSource, marketplace: str | None, columns: NamedColumns) -> _Products:
    """The products in the form that the first bytes tell."""
    head = _head(source)
    for start, (cause, next_step) in _NOT_READ.items():
        if head.startswith(start):
            raise MappingError(source.name, cause, next_step)
    if head.startswith(_ZIP):
        return XlsxProducts(source, marketplace, columns)
    if b"\0" in head.partition(b"\n")[0] and not head.startswith(_TEXT_STARTS):
        raise MappingError(source.name, "the file is neither text nor an Excel workbook")
    if _is_json(head):
        return JsonProducts(source, marketplace)
    return CsvProducts(source, marketplace, columns)


def is_table(source: MappingSource) -> bool:
    """Whether it has columns, as far as its first bytes tell.

    Raises:
        MappingError: it cannot be read.
    """
    head = _head(source)
    return not (head.startswith(tuple(_NOT_READ)) or _is_json(head))


def _head(source: MappingSource) -> bytes:
    with source.open() as file:
        return file.read(_HEAD_BYTES)


def _is_json(head: bytes) -> bool:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    return text.startswith((b"{", b"[")) or not text

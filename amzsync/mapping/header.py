"""Where in a table its header stands, and what follows from it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from amzsync.domain.product import MARKETPLACE_IDS
from amzsync.errors import MappingError
from amzsync.mapping.columns import Columns, NamedColumns, find_columns

__all__ = ["HEAD_ROWS", "Header", "Row", "default_marketplace", "find_header", "not_understood"]

Row = tuple[int, Sequence[str]]
"""The number of a row or of its first line, from 1, and its cells."""

HEAD_ROWS = 25
"""The header is one of so many first rows."""

_NAMES_SHOWN = 15
_NAME_LENGTH = 40
_NEEDED = (
    "Needed are `sku` or `asin`, and `url`, or `main_image_url`, `other_image_url1` and so on."
    " `--sku-column NAME` and `--url-column NAME` name others."
)
# What the first row of Amazon's templates tells of the others.
_DATA_ROW = re.compile(r"\bdataRow=([0-9]{1,3})\b")
_PRIMARY = re.compile(r"\bprimaryMarketplaceId=(?:amzn1\.mp\.o\.)?([A-Z0-9]+)")
_CODES = {marketplace_id: code for code, marketplace_id in MARKETPLACE_IDS.items() if code != "GB"}
_SELLER_SKUS = ("item_sku", "contribution_sku#1.value", "seller-sku")


@dataclass(frozen=True, slots=True)
class Header:
    """A header that is understood: its row's number, and that of the first row of products.

    `marketplace` is the code that the rows above tell; empty where they tell none.
    """

    columns: Columns
    number: int
    data_from: int
    marketplace: str = ""


def find_header(head: Sequence[Row], named: NamedColumns) -> Header | None:
    """The header among the first rows of a table.

    Where several rows are understood, it is the last of them: the rows above are titles of the same columns.
    """
    found = None
    for number, cells in head:
        columns = find_columns(cells, named)
        if columns.has_identity and columns.has_pictures:
            found = number, columns
    if found is None:
        return None
    number, columns = found
    above = " ".join(cell[:10_000] for at, cells in head if at < number for cell in cells)
    data_row = _DATA_ROW.search(above)
    primary = _PRIMARY.search(above)
    return Header(
        columns,
        number,
        max(number + 1, min(int(data_row[1]), HEAD_ROWS) if data_row else 0),
        _CODES.get(primary[1], "") if primary else "",
    )


def default_marketplace(header: Header, place: str, forced: str | None) -> str:
    """The marketplace of the rows that name none: that of the rows above the header, or of its columns.

    Raises:
        MappingError: there are columns for several, or only for others.
    """
    pictures = header.columns.pictures
    codes = [_CODES[one.upper()] for one in pictures.located if one]
    is_only_located = bool(codes) and "" not in pictures.located and not (pictures.flat or pictures.old)
    chosen = forced or header.marketplace
    if is_only_located and chosen and MARKETPLACE_IDS.get(chosen) not in map(MARKETPLACE_IDS.get, codes):
        raise MappingError(place, f"its columns of images are for {', '.join(codes)}, not for {chosen}")
    if chosen or header.columns.identity.marketplace is not None:
        return chosen or "US"
    if len(codes) > 1 and "US" not in codes:
        raise MappingError(
            place,
            f"it has columns of images for {', '.join(codes)}",
            "Choose one of them with --marketplace.",
        )
    return codes[0] if len(codes) == 1 else "US"


def not_understood(place: str, head: Sequence[Row], named: NamedColumns) -> MappingError:
    """What was found in place of a header, and what is needed."""
    number, cells = max(head, key=lambda row: _likeness(row[1], named), default=(1, ()))
    names = [cell.strip() for cell in cells if cell.strip()]
    shown = ", ".join(name[:_NAME_LENGTH] for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    is_table = len(names) > 1
    cause = f"the table has no column {_lacking(cells, named)}" if is_table else "neither JSON nor a table"
    seller = next((name for name in names if name.lower() in _SELLER_SKUS), None)
    hint = f" If Plytix has the products by their seller SKU, add `--sku-column {seller}`." if seller else ""
    return MappingError(
        f"{place} {number}",
        f"{cause}. Found: {shown or 'nothing'}{more}",
        _NEEDED + hint,
    )


def _lacking(cells: Sequence[str], named: NamedColumns) -> str:
    columns = find_columns(cells, named)
    if columns.has_identity:
        what = ", ".join(named.urls) or "with the addresses of images"
    elif columns.has_pictures:
        what = named.sku or "with the SKU or the ASIN"
    else:
        what = (
            ", ".join(filter(None, (named.sku, *named.urls)))
            or "with SKUs or ASINs, and none with addresses of images"
        )
    return what[:200]


def _likeness(cells: Sequence[str], named: NamedColumns) -> tuple[int, int]:
    """How much a row is like a header: by what is understood of it, then by its length."""
    columns = find_columns(cells, named)
    return columns.has_identity + columns.has_pictures, sum(1 for cell in cells if cell.strip())

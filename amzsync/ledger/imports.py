"""What Plytix's own importers can do in the place of requests: assets, galleries and thumbnails. Streams.

An importer replaces a whole gallery. So only a gallery that, as far as this ledger has seen, holds nothing of
anybody else is given to one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from amzsync.domain.alt_text import Use
from amzsync.domain.cells import stands_unchanged
from amzsync.ledger.part import Selection
from amzsync.ledger.reasons import ASKED_AGAIN, NOT_FOUND, SKIP_EXISTING
from amzsync.ledger.rows import IS_OPEN, Origin, State
from amzsync.ledger.store import Store

__all__ = ["AssetImport", "Imports", "LeftOut", "ProductImport"]

_MOST_IMAGES = 300
"""The most that a product can have (plytix-api, Products)."""

_SKIPPED_WHOLE = (*ASKED_AGAIN, SKIP_EXISTING)
"""Why all of a product is skipped, and not one image of it."""

_OTHERS = "its gallery holds images that amzsync has not put there"
_REORDERED = "the order of its gallery was changed in Plytix"
_TOO_MANY = f"it wants more than {_MOST_IMAGES} images, the most Plytix allows"
_SKU = "its SKU would not stand in a CSV file as it is"
_NAME = "the name of one of its assets would not stand in a CSV file as it is"

# The use whose variant stands in the asset's name gave it; of several, that of the first product.
_ASSETS = f"""
    SELECT filename, url, sku, ifnull(title, ''), variant, position
    FROM (
        SELECT asset_id AS id,
            min(((instr(filename, '_' || variant || '_') = 0) << 50) + (position << 36) + product_id) AS best
        FROM links CROSS JOIN assets ON assets.id = asset_id
        WHERE links.state <> 'obsolete' AND assets.{IS_OPEN} AND {{chosen}}
        GROUP BY asset_id HAVING total(links.{IS_OPEN}) > 0
    ) AS needed
        CROSS JOIN links ON links.product_id = best & {(1 << 36) - 1} AND links.asset_id = needed.id
        CROSS JOIN products ON products.id = links.product_id
        CROSS JOIN assets ON assets.id = needed.id CROSS JOIN addresses ON addresses.id = needed.id"""
_PRODUCTS = f"""
    SELECT products.id, sku, links.position, links.state, links.origin, links.placed, links.reason,
        assets.state, assets.plytix_id, assets.filename,
        thumbnails.state, shown.state, shown.plytix_id, shown.filename,
        in_plytix, others, reordered
    FROM products CROSS JOIN links ON links.product_id = products.id
        CROSS JOIN assets ON assets.id = links.asset_id
        LEFT JOIN thumbnails ON thumbnails.product_id = products.id
        LEFT JOIN assets AS shown ON shown.id = thumbnails.asset_id
        LEFT JOIN seen_products ON seen_products.product_id = products.id
    WHERE wanted IS NOT NULL AND {{chosen}} AND (
        EXISTS (SELECT 1 FROM links AS open WHERE open.product_id = products.id AND open.{IS_OPEN})
        OR thumbnails.{IS_OPEN})
    ORDER BY products.id"""


@dataclass(frozen=True, slots=True)
class AssetImport:
    """A picture that is not known to be in Plytix, and its most important use."""

    filename: str
    url: str
    use: Use


@dataclass(frozen=True, slots=True)
class ProductImport:
    """A product's whole gallery, as asset names, and its thumbnail; None: it stays as it is.

    `was_seen`: Plytix has been read for it, so that what people have put there until then is known.
    """

    sku: str
    gallery: tuple[str, ...]
    thumbnail: str | None
    was_seen: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A product with something to do that an import would harm, or could not do."""

    sku: str
    reason: str


class _Row(NamedTuple):
    """A link with its asset, and what is known of its product."""

    product_id: int
    sku: str
    position: int
    state: str
    origin: str | None
    placed: int | None
    reason: str | None
    asset_state: str
    asset_id: str | None
    filename: str
    thumbnail_state: str | None
    shown_state: str | None
    shown_id: str | None
    shown_filename: str | None
    in_plytix: int | None
    others: int | None
    reordered: int | None


class Imports:
    """Of the chosen products, what is not in place yet."""

    def __init__(self, store: Store, selection: Selection) -> None:
        self._store = store
        self._selection = selection

    def assets(self) -> Iterator[AssetImport]:
        """Each picture that a product with something to do still needs, in ledger order."""
        select = _ASSETS.format(chosen=self._selection.only("product_id"))
        for filename, url, *use in self._store.execute(select):
            yield AssetImport(filename, url, Use(*use))

    def products(self) -> Iterator[ProductImport | LeftOut]:
        """Each product with something to do, in ledger order; without a line where nothing can be done."""
        rows = map(_Row._make, self._store.execute(self.select_products()))
        for _, of_one in groupby(rows, key=lambda row: row.product_id):
            line = _import_of(list(of_one))
            if line:
                yield line

    def select_products(self) -> str:
        """The statement behind `products`, whose rows come in the order of the tables: none is sorted."""
        return _PRODUCTS.format(chosen=self._selection.only("products.id"))

    def forget_absence(self) -> None:
        """Pictures that Plytix lacked a moment ago may be there at any time from now on: look again."""
        self._store.execute(
            "UPDATE assets SET absent_at = NULL WHERE absent_at IS NOT NULL"
            f" AND {self._selection.only_wanted_by('assets.id')}"
        )


def _import_of(rows: Sequence[_Row]) -> ProductImport | LeftOut | None:
    product = rows[0]
    reason = _obstacle(rows)
    if reason:
        return LeftOut(product.sku, reason)
    gallery = tuple(dict.fromkeys(_names(rows)))
    thumbnail = None
    if product.thumbnail_state and State(product.thumbnail_state).is_open:
        usable = _is_usable(product.shown_state, product.shown_id)
        thumbnail = product.shown_filename if usable else None
    names = gallery if thumbnail is None else (*gallery, thumbnail)
    if len(gallery) > _MOST_IMAGES:
        return LeftOut(product.sku, _TOO_MANY)
    if not stands_unchanged(product.sku):
        return LeftOut(product.sku, _SKU)
    if not all(stands_unchanged(name) and "," not in name for name in names):
        return LeftOut(product.sku, _NAME)
    return ProductImport(product.sku, gallery, thumbnail, product.in_plytix is not None) if gallery else None


def _obstacle(rows: Sequence[_Row]) -> str | None:
    """Why this product must not be given to an importer."""
    product = rows[0]
    if product.in_plytix == 0:
        return NOT_FOUND
    if product.others or any(row.origin == Origin.FOUND for row in rows):
        return _OTHERS
    reasons = [row.reason for row in rows if row.state == State.SKIPPED]
    skipped = next((reason for reason in reasons if reason in _SKIPPED_WHOLE), None)
    return skipped or (_REORDERED if product.reordered else None)


def _names(rows: Iterable[_Row]) -> Iterator[str]:
    """What is wanted, in order; behind it what is no longer wanted and still stands: that is for `prune`."""
    ordered = sorted(rows, key=lambda row: row.position)
    for row in ordered:
        # What is skipped by itself is not to be put there, but stays where it stands.
        is_wanted = row.state != State.OBSOLETE and (row.state != State.SKIPPED or row.placed is not None)
        if is_wanted and _is_usable(row.asset_state, row.asset_id):
            yield row.filename
    standing = [row for row in ordered if row.state == State.OBSOLETE and _still_stands(row)]
    for row in sorted(standing, key=lambda row: row.placed or 0):
        yield row.filename


def _still_stands(row: _Row) -> bool:
    return row.origin == Origin.MADE and row.placed is not None and row.asset_id is not None


def _is_usable(state: str | None, plytix_id: str | None) -> bool:
    """Whether the picture is in Plytix, or can be put there."""
    return plytix_id is not None or (state is not None and State(state).is_open)

"""Wanted images that are small, as far as mappings have told their size; and whether they are left out."""

import itertools
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from amzsync.ledger.asset_transitions import want_needed_assets
from amzsync.ledger.part import Selection
from amzsync.ledger.reasons import TOO_SMALL, UNNEEDED
from amzsync.ledger.rows import IS_OPEN
from amzsync.ledger.store import Store
from amzsync.planner import packed

__all__ = [
    "NONE_SMALL",
    "SmallImage",
    "SmallImages",
    "SmallTotals",
    "keep_sizes",
    "known_sizes",
    "leave_out_small",
]

_EXAMPLES = 10
_ARE_SMALL = "SELECT id FROM addresses WHERE max(width, height) < ?"
"""Sides that nobody has told are NULL, and so is the larger one."""


@dataclass(frozen=True, slots=True)
class SmallImage:
    """An image of a product; `width` and `height` are pixels."""

    sku: str
    url: str
    variant: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SmallTotals:
    """How many images have a longer side of less than `below` pixels, on how many products.

    `examples` are of the first products, one of each.
    """

    below: int = 0
    images: int = 0
    products: int = 0
    examples: tuple[SmallImage, ...] = ()


NONE_SMALL = SmallTotals()


class SmallImages:
    """The small ones of the chosen products, in ledger and gallery order."""

    def __init__(self, store: Store, selection: Selection) -> None:
        self._store = store
        self._selection = selection

    def find(self, below: int) -> Iterator[SmallImage]:
        """Each once for each product that wants it."""
        if self._has_any(below):
            for row in self._store.execute(
                f"SELECT sku, url, variant, width, height {self._found()} ORDER BY product_id, position",
                (below,),
            ):
                yield SmallImage(*row)

    def totals(self, below: int) -> SmallTotals:
        if not self._has_any(below):
            return SmallTotals(below)
        images, products = self._store.rows(
            f"SELECT count(DISTINCT asset_id), count(DISTINCT product_id) {self._found()}", (below,)
        )[0]
        examples = self._store.rows(
            f"SELECT sku, url, variant, width, height, min(position) {self._found()}"
            " GROUP BY product_id ORDER BY product_id LIMIT ?",
            (below, _EXAMPLES),
        )
        return SmallTotals(below, images, products, tuple(SmallImage(*row[:5]) for row in examples))

    def _has_any(self, below: int) -> bool:
        return bool(below and self._store.value(f"SELECT EXISTS ({_ARE_SMALL})", (below,)))

    def _found(self) -> str:
        return (
            "FROM links CROSS JOIN addresses ON addresses.id = asset_id"
            " CROSS JOIN products ON products.id = product_id"
            f" WHERE links.state <> 'obsolete' AND asset_id IN ({_ARE_SMALL})"
            f" AND {self._selection.only('product_id')}"
        )


def known_sizes(store: Store) -> "array[int]":
    """By the id of an address, its packed size, 0 where that is not known; empty where none is."""
    if not store.value("SELECT EXISTS (SELECT 1 FROM addresses WHERE width IS NOT NULL)"):
        return array("I")
    rows = store.execute("SELECT ifnull(width, 0), ifnull(height, 0) FROM addresses ORDER BY id")
    return array("I", itertools.chain((0,), itertools.starmap(packed, rows)))


def keep_sizes(store: Store, sizes: Iterable[tuple[int, int, int]]) -> None:
    """Address id, width and height of each."""
    rows = ((width, height, url_id) for url_id, width, height in sizes)
    store.execute_many("UPDATE addresses SET width = ?, height = ? WHERE id = ?", rows)


def leave_out_small(store: Store, below: int, of_product: str) -> None:
    """Skip what is to be put into a gallery and is small; what was skipped for that and is not is pending.

    `below` in pixels, 0: none is small. `of_product`: an SQL condition on `product_id`. What stands already,
    or may, stays as it is.
    """
    with store.atomic():
        _skip_small(store, below, of_product)
        want_needed_assets(store)


def _skip_small(store: Store, below: int, of_product: str) -> None:
    for table in ("links", "thumbnails"):
        store.execute(
            f"UPDATE {table} SET state = 'pending', reason = NULL"
            f" WHERE state = 'skipped' AND reason = ? AND asset_id NOT IN ({_ARE_SMALL})"
            f" AND {of_product}",
            (TOO_SMALL, below),
        )
    if not below or not store.value(f"SELECT EXISTS ({_ARE_SMALL})", (below,)):
        return
    may_stand = {"links": "origin IS NOT NULL OR placed IS NOT NULL OR sent IS NOT NULL"}
    for table in ("links", "thumbnails"):
        store.execute(
            f"UPDATE {table} SET state = 'skipped', reason = ? WHERE state = 'pending'"
            f" AND NOT ({may_stand.get(table, 'origin IS NOT NULL')})"
            f" AND asset_id IN ({_ARE_SMALL}) AND {of_product}",
            (TOO_SMALL, below),
        )
    store.execute(
        "UPDATE assets SET state = 'skipped', reason = ?"
        f" WHERE state = 'pending' AND id IN ({_ARE_SMALL})"
        f" AND id NOT IN (SELECT asset_id FROM links WHERE {IS_OPEN})",
        (UNNEEDED, below),
    )

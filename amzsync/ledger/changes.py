"""What the work still to do changes in Plytix, product by product. Reads only.

A link is known to stand where the last reading or write has left its place (`placed`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from amzsync.domain.changes import Change, FailedImage
from amzsync.ledger.part import Selection
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.rows import IS_OPEN
from amzsync.ledger.small_images import NONE_SMALL, SmallImage, SmallImages, SmallTotals
from amzsync.ledger.store import Store

__all__ = ["ChangeTotals", "Changes", "Named", "Unused"]

_EXAMPLES = 10

_MISSING, _MOVED, _OBSOLETE, _UNKNOWN, _THUMBNAIL, _FAILED = range(6)

_IS_UNUSED = "state = 'obsolete' AND origin = 'made' AND placed IS NOT NULL"

# Where anybody else's image stands, too, the gallery is never put into another order.
_KIND = f"""CASE
    WHEN {IS_OPEN} THEN CASE
        WHEN placed IS NULL THEN {_MISSING}
        WHEN NOT EXISTS (
            SELECT 1 FROM links AS other WHERE other.product_id = links.product_id AND other.origin = 'found'
        ) THEN {_MOVED} END
    WHEN {_IS_UNUSED} THEN {_OBSOLETE}
    WHEN state = 'skipped' AND reason = '{NOT_FOUND}' THEN {_UNKNOWN}
    END"""
_CHANGED_LINKS = f"state <> 'done' AND {_KIND} IS NOT NULL"

# Each SELECT is in the order of its keys already: nothing is sorted but the failures.
_ROWS = f"""
    SELECT product_id, {_KIND}, position, url, NULL, NULL
        FROM links JOIN addresses ON addresses.id = asset_id WHERE {_CHANGED_LINKS} AND {{chosen}}
    UNION ALL SELECT product_id, {_THUMBNAIL}, 0, url, NULL, NULL
        FROM thumbnails JOIN addresses ON addresses.id = asset_id WHERE {IS_OPEN} AND {{chosen}}
    UNION ALL SELECT product_id, {_FAILED}, failures.id, url, message, status
        FROM failures LEFT JOIN addresses ON addresses.id = url_id WHERE product_id IS NOT NULL AND {{chosen}}
    ORDER BY product_id"""
_PRODUCTS = f"""
    SELECT product_id FROM links WHERE {_CHANGED_LINKS} AND {{chosen}}
    UNION SELECT product_id FROM thumbnails WHERE {IS_OPEN} AND {{chosen}}
    UNION SELECT product_id FROM failures WHERE product_id IS NOT NULL AND {{chosen}}"""

_WANTS_IMAGES = "EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND state <> 'obsolete')"

_Row = tuple[int, int, int, str | None, str, int | None]


@dataclass(frozen=True, slots=True)
class Named:
    """So many products, and the SKUs of the first of them."""

    total: int = 0
    skus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unused:
    """Images of this ledger in galleries where nothing wants them any more, and on how many products.

    `links` counts each image once for each product; `examples` are SKU and address of the first of them.
    """

    images: int = 0
    products: int = 0
    links: int = 0
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeTotals:
    """How many products have changes, how many want images and have none, and what is told beside them.

    `gone` are no longer wanted, with images of this ledger still in their galleries.
    `small` are images that are too small.
    """

    products: int = 0
    unchanged: int = 0
    without_images: Named = Named()
    gone: Named = Named()
    unused: Unused = Unused()
    small: SmallTotals = NONE_SMALL


class Changes:
    """Of the chosen products, those with anything to do, failed, or not in Plytix."""

    def __init__(self, store: Store, selection: Selection) -> None:
        self._store = store
        self._selection = selection

    def __iter__(self) -> Iterator[Change]:
        """A change for each of them, in ledger order."""
        for product_id, rows in groupby(self._store.execute(self._of_chosen(_ROWS)), key=itemgetter(0)):
            yield self._change(product_id, sorted(rows, key=itemgetter(1, 2)))

    def count(self) -> int:
        """How many products have changes."""
        return int(self._store.value(f"SELECT count(*) FROM ({self._of_chosen(_PRODUCTS)})"))

    def totals(self, min_size: int = 0) -> ChangeTotals:
        """What there is to tell of all products together; images below `min_size` pixels are small."""
        changed, of_wanted = self._store.rows(
            f"SELECT count(*), total(wanted IS NOT NULL AND {_WANTS_IMAGES}) FROM products"
            f" WHERE id IN ({self._of_chosen(_PRODUCTS)})"
        )[0]
        wanted = self._store.value(
            f"SELECT count(*) FROM products WHERE wanted IS NOT NULL AND {self._selection.only('id')}"
        )
        without_images = self._named(f"wanted IS NOT NULL AND NOT {_WANTS_IMAGES}")
        unused = self._unused()
        is_unused = f"EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND {_IS_UNUSED})"
        return ChangeTotals(
            products=changed,
            unchanged=int(wanted) - without_images.total - int(of_wanted),
            without_images=without_images,
            gone=self._named(f"wanted IS NULL AND {is_unused}") if unused.links else Named(),
            unused=unused,
            small=self.small_totals(min_size),
        )

    def small_totals(self, min_size: int) -> SmallTotals:
        """How many these are."""
        return SmallImages(self._store, self._selection).totals(min_size)

    def small_images(self, min_size: int) -> Iterator[SmallImage]:
        """The wanted images below so many pixels, of the chosen products, whatever changes."""
        return SmallImages(self._store, self._selection).find(min_size)

    def _named(self, condition: str) -> Named:
        chosen = f"FROM products WHERE {condition} AND {self._selection.only('id')}"
        total = int(self._store.value(f"SELECT count(*) {chosen}"))
        rows = self._store.rows(f"SELECT sku {chosen} ORDER BY id LIMIT ?", (min(total, _EXAMPLES),))
        return Named(total, tuple(row[0] for row in rows))

    def _unused(self) -> Unused:
        is_unused = f"{_IS_UNUSED} AND {self._selection.only('product_id')}"
        images, products, links = self._store.rows(
            "SELECT count(DISTINCT asset_id), count(DISTINCT product_id), count(*) FROM links"
            f" WHERE {is_unused}"
        )[0]
        if not images:
            return Unused()
        examples = self._store.rows(
            "SELECT sku, url FROM links JOIN products ON products.id = product_id"
            f" JOIN addresses ON addresses.id = asset_id WHERE {is_unused} ORDER BY product_id LIMIT ?",
            (_EXAMPLES,),
        )
        return Unused(images, products, links, tuple((sku, url) for sku, url in examples))

    def _of_chosen(self, sql: str) -> str:
        return sql.format(chosen=self._selection.only("product_id"))

    def _change(self, product_id: int, rows: Iterable[_Row]) -> Change:
        sku, is_parent, plytix_id = self._store.rows(
            "SELECT sku, is_parent, plytix_id FROM products WHERE id = ?", (product_id,)
        )[0]
        by_kind: dict[int, list[_Row]] = {}
        for row in rows:
            by_kind.setdefault(row[1], []).append(row)
        missing = _addresses(by_kind.get(_MISSING, ()))
        failed = (
            FailedImage(url or "", message, status) for *_, url, message, status in by_kind.get(_FAILED, ())
        )
        return Change(
            sku=sku,
            is_parent=bool(is_parent),
            in_plytix=False if _UNKNOWN in by_kind else True if plytix_id is not None else None,
            missing=missing,
            is_moved=_MOVED in by_kind and not missing,
            thumbnail=next(iter(_addresses(by_kind.get(_THUMBNAIL, ()))), None),
            obsolete=_addresses(by_kind.get(_OBSOLETE, ())),
            failed=tuple(dict.fromkeys(failed)),
        )


def _addresses(rows: Iterable[_Row]) -> tuple[str, ...]:
    return tuple(url or "" for _, _, _, url, *_ in rows)

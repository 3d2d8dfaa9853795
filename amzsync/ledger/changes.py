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
from amzsync.ledger.store import Store

__all__ = ["Changes", "Unused"]

_MISSING, _MOVED, _OBSOLETE, _UNKNOWN, _THUMBNAIL, _FAILED = range(6)

# Where anybody else's image stands, too, the gallery is never put into another order.
_KIND = f"""CASE
    WHEN {IS_OPEN} THEN CASE
        WHEN placed IS NULL THEN {_MISSING}
        WHEN NOT EXISTS (
            SELECT 1 FROM links AS other WHERE other.product_id = links.product_id AND other.origin = 'found'
        ) THEN {_MOVED} END
    WHEN state = 'obsolete' THEN CASE WHEN origin = 'made' AND placed IS NOT NULL THEN {_OBSOLETE} END
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

_Row = tuple[int, int, int, str | None, str, int | None]


@dataclass(frozen=True, slots=True)
class Unused:
    """Images of this ledger in galleries where nothing wants them any more, and on how many products."""

    images: int = 0
    products: int = 0


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

    def unused(self) -> Unused:
        """What stands there though nothing wants it."""
        rows = self._store.rows(
            "SELECT count(DISTINCT asset_id), count(DISTINCT product_id) FROM links"
            f" WHERE state = 'obsolete' AND {_KIND} = {_OBSOLETE} AND {self._selection.only('product_id')}"
        )
        return Unused(*rows[0])

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

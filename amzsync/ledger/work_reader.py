"""The work that is still to do, read from the ledger."""

from collections.abc import Collection
from datetime import timedelta

from amzsync.domain.timestamp import utc_text
from amzsync.ledger.reasons import TOO_SMALL
from amzsync.ledger.rows import IS_OPEN, Asset, Link, Origin, ProductWork, State, Thumbnail
from amzsync.ledger.work_rows import WorkRows

__all__ = ["OF_PRODUCTS", "WorkReader"]

_ABSENT_FOR = timedelta(minutes=10)
"""After that another client may well have brought a picture of the same name."""

OF_PRODUCTS = "SELECT id, sku, is_parent, plytix_id, skip_existing FROM products"


class WorkReader(WorkRows):
    """Products and assets with something to do."""

    def has_open_work(self) -> bool:
        chosen = self._selection.only("product_id")
        return bool(
            self._store.value(
                f"SELECT EXISTS (SELECT 1 FROM links WHERE {IS_OPEN} AND {chosen})"
                f" OR EXISTS (SELECT 1 FROM thumbnails WHERE {IS_OPEN} AND {chosen})"
            )
        )

    def next_products(self, after_id: int, count: int) -> list[ProductWork]:
        """The next products with something to do, in ledger order."""
        rows = self._store.rows(
            f"{OF_PRODUCTS} WHERE id > ? AND wanted IS NOT NULL"
            f" AND {self._selection.only('id')} AND ("
            f" EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND {IS_OPEN})"
            f" OR EXISTS (SELECT 1 FROM thumbnails WHERE product_id = products.id AND {IS_OPEN}))"
            " ORDER BY id LIMIT ?",
            (after_id, count),
        )
        return [self._product(*row) for row in rows]

    def products_to_read(self, after_id: int, count: int) -> list[ProductWork]:
        """The next products that want any picture, done or not, and that this run has not seen yet."""
        rows = self._store.rows(
            f"{OF_PRODUCTS} WHERE id > ? AND wanted IS NOT NULL"
            f" AND {self._selection.only('id')}"
            " AND EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND state <> 'obsolete')"
            " AND NOT EXISTS (SELECT 1 FROM seen_products WHERE product_id = products.id AND run_id = ?)"
            " ORDER BY id LIMIT ?",
            (after_id, self._run_id, count),
        )
        return [self._product(*row) for row in rows]

    def is_open(self, product_id: int) -> bool:
        """Whether there is something to do on this product."""
        return bool(
            self._store.value(
                f"SELECT EXISTS (SELECT 1 FROM links WHERE product_id = ? AND {IS_OPEN})"
                f" OR EXISTS (SELECT 1 FROM thumbnails WHERE product_id = ? AND {IS_OPEN})",
                (product_id, product_id),
            )
        )

    def product(self, product_id: int) -> ProductWork:
        """One product as it stands now."""
        rows = self._store.rows(f"{OF_PRODUCTS} WHERE id = ?", (product_id,))
        return self._product(*rows[0])

    def assets(self, asset_ids: Collection[int]) -> dict[int, Asset]:
        """These assets by id."""
        found: dict[int, Asset] = {}
        ids = list(asset_ids)
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            for row in self._store.rows(
                "SELECT assets.id, url, filename, assets.state, plytix_id,"
                " assets.state = 'pending' AND ifnull(absent_at BETWEEN ? AND ?, 0)"
                f" FROM assets JOIN addresses USING (id) WHERE assets.id IN ({','.join('?' * len(chunk))})",
                (utc_text(self._now() - _ABSENT_FOR), utc_text(self._now()), *chunk),
            ):
                found[row[0]] = Asset(row[0], row[1], row[2], State(row[3]), row[4], bool(row[5]))
        return found

    def open_assets(self, after_id: int, count: int) -> list[Asset]:
        """The next pictures not known to be in Plytix, by id."""
        return [
            Asset(row[0], row[1], row[2], State(row[3]), row[4])
            for row in self._store.rows(
                "SELECT assets.id, url, filename, assets.state, plytix_id"
                " FROM assets JOIN addresses USING (id)"
                f" WHERE assets.id > ? AND assets.{IS_OPEN} ORDER BY assets.id LIMIT ?",
                (after_id, count),
            )
        ]

    def _product(
        self, product_id: int, sku: str, is_parent: int, plytix_id: str | None, skip_existing: int
    ) -> ProductWork:
        links = self._store.rows(
            "SELECT asset_id, variant, position, state, origin, placed, sent,"
            " state = 'skipped' AND reason IS ? FROM links WHERE product_id = ? ORDER BY position, asset_id",
            (TOO_SMALL, product_id),
        )
        thumbnail = self._store.rows(
            "SELECT asset_id, state, state = 'skipped' AND reason IS ? FROM thumbnails WHERE product_id = ?",
            (TOO_SMALL, product_id),
        )
        return ProductWork(
            product_id,
            sku,
            bool(is_parent),
            plytix_id,
            tuple(
                Link(
                    row,
                    variant,
                    position,
                    State(state),
                    origin and Origin(origin),
                    placed,
                    sent,
                    bool(left_out),
                )
                for row, variant, position, state, origin, placed, sent, left_out in links
            ),
            Thumbnail(thumbnail[0][0], State(thumbnail[0][1]), bool(thumbnail[0][2])) if thumbnail else None,
            bool(skip_existing),
        )

"""What a check compares with Plytix: what is wanted of products, and what is known to have failed."""

from amzsync.domain.changes import FailedImage
from amzsync.ledger.reasons import SKIP_EXISTING
from amzsync.ledger.rows import ProductWork, State
from amzsync.ledger.work_reader import OF_PRODUCTS, WorkReader

__all__ = ["CheckReader"]

_TO_CHECK = (
    "(wanted IS NOT NULL AND (EXISTS"
    " (SELECT 1 FROM links WHERE links.product_id = products.id AND state <> 'obsolete')"
    " OR EXISTS (SELECT 1 FROM failures WHERE row_table = 'urls' AND failures.product_id = products.id))"
    " OR EXISTS (SELECT 1 FROM links"
    " WHERE links.product_id = products.id AND state = 'obsolete' AND origin = 'made'))"
)
"""A product that wants a picture, if only a malformed one, or may still hold one that was put there."""


class CheckReader(WorkReader):
    """Products to look at, whatever their state."""

    def products_to_check(self, after_id: int, count: int) -> list[ProductWork]:
        """The next of them, in ledger order."""
        rows = self._store.rows(
            f"{OF_PRODUCTS} WHERE id > ? AND {self._to_check} ORDER BY id LIMIT ?",
            (after_id, count),
        )
        return [self._product(*row) for row in rows]

    def count_to_check(self) -> int:
        return int(self._store.value(f"SELECT count(*) FROM products WHERE {self._to_check}"))

    @property
    def _to_check(self) -> str:
        return f"{self._selection.only('id')} AND {_TO_CHECK}"

    def is_left_alone(self, product: ProductWork) -> bool:
        """Whether what is skipped of it was skipped on request (--skip-existing)."""
        rows = (*product.links, *([product.thumbnail] if product.thumbnail else ()))
        return any(row.state is State.SKIPPED for row in rows) and bool(
            self._store.value(
                "SELECT EXISTS (SELECT 1 FROM links"
                " WHERE product_id = ? AND state = 'skipped' AND reason = ?)"
                " OR EXISTS (SELECT 1 FROM thumbnails"
                " WHERE product_id = ? AND state = 'skipped' AND reason = ?)",
                (product.id, SKIP_EXISTING) * 2,
            )
        )

    def failed_images(self, product_id: int) -> dict[int, FailedImage]:
        """Why pictures of this product have failed, by row; of several reasons the first."""
        found: dict[int, FailedImage] = {}
        for row, url, message, status in self._store.rows(
            "SELECT url_id, url, message, status FROM failures JOIN addresses ON addresses.id = url_id"
            " WHERE row_table IN ('urls', 'assets', 'links', 'thumbnails') AND product_id = ?"
            " ORDER BY failures.id",
            (product_id,),
        ):
            found.setdefault(row, FailedImage(url, message, status))
        return found

    def malformed(self, product_id: int) -> list[FailedImage]:
        """The addresses that a mapping names for this product and that can be no picture."""
        rows = self._store.rows(
            "SELECT url, message FROM failures JOIN addresses ON addresses.id = url_id"
            " WHERE row_table = 'urls' AND product_id = ? ORDER BY failures.id",
            (product_id,),
        )
        return [FailedImage(url, message, None) for url, message in rows]

"""What leaves a ledger as a table: a row for each image of each product. Reads only, as a stream."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from amzsync.domain.exports import Export
from amzsync.ledger.part import Selection
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.store import Store

__all__ = ["ExportRow", "Exports"]


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An image of a product. `status` and `run` are those of its failure; `variant` may be empty."""

    sku: str
    url: str
    variant: str
    position: int | None
    state: str
    status: int | None
    reason: str
    run: int | None


# A link that failed has one failure: of itself, or of its image for this product.
_FAILURE_OF_A_LINK = """(SELECT {column} FROM failures WHERE links.state = 'failed'
    AND failures.product_id = links.product_id AND url_id = asset_id AND row_table IN ('links', 'assets'))"""
_LINKS = f"""
    SELECT links.product_id, position, sku, url, variant, position, links.state,
        {_FAILURE_OF_A_LINK.format(column="status")}, links.reason,
        {_FAILURE_OF_A_LINK.format(column="run_id")}
    FROM links JOIN products ON products.id = links.product_id JOIN addresses ON addresses.id = asset_id
    WHERE {{condition}} AND {{chosen}} ORDER BY links.product_id"""
_FAILURES = """
    SELECT failures.id, 0, sku, url, variant, position, ifnull(links.state, 'failed'), failures.status,
        ifnull(place || ': ', '') || message, run_id
    FROM failures LEFT JOIN products ON products.id = failures.product_id
    LEFT JOIN addresses ON addresses.id = url_id
    LEFT JOIN links ON links.product_id = failures.product_id AND asset_id = url_id
    WHERE {chosen} ORDER BY failures.id"""
_CONDITIONS = {
    Export.MISSING: f"links.state = 'skipped' AND links.reason = '{NOT_FOUND}'",
    Export.OBSOLETE: "links.state = 'obsolete' AND links.origin = 'made' AND placed IS NOT NULL",
    Export.LINKS: "links.state <> 'obsolete'",
}


class Exports:
    """Of the chosen products, what people take elsewhere."""

    def __init__(self, store: Store, selection: Selection) -> None:
        self._store = store
        self._selection = selection

    def rows(self, export: Export, most_products: int | None = None) -> Iterator[ExportRow]:
        """In the order of the ledger, images in gallery order; failures in the order in which they came."""
        skus: set[str] = set()
        for row in self._rows(export):
            if row.sku not in skus:
                if len(skus) == most_products:
                    continue
                if most_products is not None:
                    skus.add(row.sku)
            yield row

    def _rows(self, export: Export) -> Iterator[ExportRow]:
        rows = self._store.execute(self._select(export))
        for _, of_one in groupby(rows, key=itemgetter(0)):
            for _, _, sku, url, variant, position, state, status, reason, run in sorted(
                of_one, key=itemgetter(1)
            ):
                yield ExportRow(
                    sku or "", url or "", variant or "", position, state, status, reason or "", run
                )

    def _select(self, export: Export) -> str:
        if export is Export.FAILURES:
            return _FAILURES.format(chosen=self._selection.only("failures.product_id"))
        return _LINKS.format(condition=_CONDITIONS[export], chosen=self._selection.only("links.product_id"))

"""What leaves a ledger as a table: a row for each image of each product. Reads only, as a stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from amzsync.domain.exports import Export
from amzsync.ledger.packing import unpack_ids
from amzsync.ledger.part import Selection
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.store import Store

__all__ = ["ExportRow", "Exports"]


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An image of a product. `variant` may be empty.

    `status` is that of its failure; `run` met that, or else put the image into the gallery,
    where that is still known.
    """

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
        {_FAILURE_OF_A_LINK.format(column="run_id")}, CASE WHEN links.origin = 'made' THEN
            (SELECT plytix_id FROM assets WHERE assets.id = asset_id) END
    FROM links JOIN products ON products.id = links.product_id JOIN addresses ON addresses.id = asset_id
    WHERE {{condition}} AND {{chosen}} ORDER BY links.product_id"""
_FAILURES = """
    SELECT failures.id, 0, sku, url, variant, position, ifnull(links.state, 'failed'), failures.status,
        ifnull(place || ': ', '') || message, run_id, NULL
    FROM failures LEFT JOIN products ON products.id = failures.product_id
    LEFT JOIN addresses ON addresses.id = url_id
    LEFT JOIN links ON links.product_id = failures.product_id AND asset_id = url_id
    WHERE {chosen} ORDER BY failures.id"""
_WRITES = (
    "SELECT product_id, run_id, gallery_before, gallery_after FROM writes"
    " WHERE gallery_after IS NOT NULL ORDER BY product_id, run_id"
)
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
        makers = _Makers(self._store.execute(_WRITES) if export is not Export.FAILURES else iter(()))
        for key, of_one in groupby(rows, key=itemgetter(0)):
            made_by = makers.of(key)
            for _, _, sku, url, variant, position, state, status, reason, run, plytix_id in sorted(
                of_one, key=itemgetter(1)
            ):
                yield ExportRow(
                    sku or "",
                    url or "",
                    variant or "",
                    position,
                    state,
                    status,
                    reason or "",
                    made_by.get(plytix_id) if run is None else run,
                )

    def _select(self, export: Export) -> str:
        if export is Export.FAILURES:
            return _FAILURES.format(chosen=self._selection.only("failures.product_id"))
        return _LINKS.format(condition=_CONDITIONS[export], chosen=self._selection.only("links.product_id"))


class _Makers:
    """Which run put each asset into a gallery; `writes` is read once, in the order of products."""

    def __init__(self, writes: Iterator[Sequence[Any]]) -> None:
        self._writes = writes
        self._next = next(writes, None)

    def of(self, product_id: int) -> dict[str, int]:
        """By Plytix id. To be asked with ascending products."""
        found: dict[str, int] = {}
        while self._next and self._next[0] <= product_id:
            of_product, run_id, before, after = self._next
            if of_product == product_id:
                added = set(unpack_ids(after)).difference(unpack_ids(before))
                found.update(dict.fromkeys(added, run_id))
            self._next = next(self._writes, None)
        return found

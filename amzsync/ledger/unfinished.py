"""What is wanted and not in place: why, what may help, and which of it earlier runs have told already."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from amzsync.ledger.causes import cause
from amzsync.ledger.part import Selection
from amzsync.ledger.reasons import NO_PICTURE, NOT_FOUND
from amzsync.ledger.rows import Failure, FailureGroup, Table
from amzsync.ledger.runs import Runs
from amzsync.ledger.store import Store

__all__ = ["Causes", "NewlyUnfinished", "Unfinished"]

_TOLD = "told_unfinished"
_PRODUCTS = "products"
_IS_TRANSIENT = (
    "row_table <> 'urls' AND (status >= 500 OR status IN (408, 409, 425, 429)"
    " OR (status IS NULL AND attempts > 0) OR message = ?)"
)

_Key = tuple[str, int | None, int | None, str | None]
"""Table, product, address and place of a row that is not in place; `products`: Plytix lacks the product."""


@dataclass(frozen=True, slots=True)
class Causes:
    """Failed rows by what may help: another try, another address, or a change to the product in Plytix."""

    transient: int
    addresses: int
    products: int


@dataclass(frozen=True, slots=True)
class NewlyUnfinished:
    """What no earlier run has told. `failures` counts all of the groups."""

    failures: int
    groups: tuple[FailureGroup, ...]
    not_found: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.failures or self.not_found)


class Unfinished:
    """Failed rows and products that Plytix lacks, among the chosen products."""

    def __init__(self, store: Store, runs: Runs, selection: Selection) -> None:
        self._store = store
        self._runs = runs
        self._selection = selection

    def causes(self) -> Causes:
        rows = self._store.rows(
            f"SELECT count(*), total({_IS_TRANSIENT}), total(row_table IN ('urls', 'assets')),"
            f" total(row_table IN ('urls', 'assets') AND {_IS_TRANSIENT}) FROM failures"
            f" WHERE {self._selection.only('product_id')}",
            (NO_PICTURE, NO_PICTURE),
        )
        total, transient, pictures, transient_pictures = map(int, rows[0])
        addresses = pictures - transient_pictures
        return Causes(transient, addresses, total - transient - addresses)

    def has_addresses_of_earlier_mappings(self) -> bool:
        """Whether an address has failed on a product that the mappings planned last do not name."""
        return bool(
            self._store.value(
                "SELECT EXISTS (SELECT 1 FROM failures WHERE row_table IN ('urls', 'assets')"
                " AND product_id IN (SELECT product_id FROM unnamed_products))"
            )
        )

    def not_found(self) -> Iterator[str]:
        """The SKUs that Plytix does not have."""
        for _, sku in self._not_found():
            yield sku

    def without_images(self) -> Iterator[str]:
        """The SKUs of wanted products without any image that can be used."""
        for row in self._store.execute(
            f"SELECT sku FROM products WHERE wanted IS NOT NULL AND {self._selection.only('id')}"
            " AND NOT EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND state <> 'obsolete')"
            " ORDER BY id"
        ):
            yield row[0]

    def new(self, examples: int) -> NewlyUnfinished:
        """What is not in place now, and was not told when an earlier run came to its end."""
        told = self._told()
        groups: dict[tuple[str, int | None], tuple[int, list[Failure]]] = {}
        for key, failure in self._failures():
            if key not in told:
                why = (cause(failure.message, failure.url), failure.status)
                count, found = groups.get(why, (0, []))
                groups[why] = count + 1, [*found, failure][:examples]
        return NewlyUnfinished(
            sum(count for count, _ in groups.values()),
            tuple(
                FailureGroup(message, status, count, tuple(found))
                for (message, status), (count, found) in sorted(groups.items(), key=lambda one: -one[1][0])
            ),
            tuple(sku for key, sku in self._not_found() if key not in told),
        )

    def keep_as_told(self) -> None:
        """From now on, what is not in place is known."""
        keys = [*(key for key, _ in self._failures()), *(key for key, _ in self._not_found())]
        left_out = self._told().difference(keys) if self._selection.chosen else ()
        self._runs.keep_setting(_TOLD, json.dumps([*keys, *left_out]))

    def _told(self) -> set[_Key]:
        try:
            kept = json.loads(self._runs.setting(_TOLD) or "[]")
            return {(table, product, address, place) for table, product, address, place in kept}
        except (ValueError, TypeError, RecursionError):
            # A ledger can be changed by hand: then nothing is known to have been told.
            return set()

    def _failures(self) -> Iterator[tuple[_Key, Failure]]:
        for table, product_id, url_id, place, url, sku, status, message, attempts in self._store.execute(
            "SELECT row_table, failures.product_id, url_id, place, url, sku, status, message, attempts"
            " FROM failures LEFT JOIN addresses ON addresses.id = url_id"
            " LEFT JOIN products ON products.id = failures.product_id"
            f" WHERE {self._selection.only('failures.product_id')} ORDER BY failures.id"
        ):
            failure = Failure(Table(table), url or "", sku or "", status, message, attempts, place or "")
            yield (table, product_id, url_id, place), failure

    def _not_found(self) -> Iterator[tuple[_Key, str]]:
        for product_id, sku in self._store.execute(
            "SELECT DISTINCT products.id, sku FROM links CROSS JOIN products ON product_id = products.id"
            f" WHERE state = 'skipped' AND reason = ? AND {self._selection.only('product_id')} ORDER BY sku",
            (NOT_FOUND,),
        ):
            yield (_PRODUCTS, product_id, None, None), sku

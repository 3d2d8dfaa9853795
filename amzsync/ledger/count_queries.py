"""How many rows there are, by state, and how much work is left. Reads only."""

from collections import Counter
from dataclasses import dataclass

from amzsync.ledger.part import EVERY, Selection, wanted_by
from amzsync.ledger.rows import IS_OPEN, Counts, State, Table
from amzsync.ledger.store import Store

__all__ = ["CountQueries", "Outstanding"]

_COMMON_STATES = (State.DONE, State.PENDING)
_WANTED = "state <> 'obsolete'"


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The work still to do: products to read and write, assets to look up and, at most, to upload.

    `earlier` of the products were not named by the last plan, but by an earlier one; told only of everything.
    `pictures` have changed at their addresses, and are to be put into their assets where that is asked for.
    `single_links` go into galleries that are known to hold images of others, so that each takes a request.
    """

    products: int
    assets: int
    earlier: int = 0
    single_links: int = 0
    pictures: int = 0


class CountQueries:
    """Counts of the rows of the products that are chosen."""

    def __init__(self, store: Store, selection: Selection) -> None:
        self._store = store
        self._selection = selection

    def counts(self) -> tuple[Counts, ...]:
        """Rows by state of each table."""
        return self._counts(self._selection.only("product_id"))

    def _counts(self, of_product: str) -> tuple[Counts, ...]:
        return tuple(
            Counts(table, {State(state): count for state, count in self._by_state(table, of_product)})
            for table in Table
        )

    def _by_state(self, table: Table, of_product: str) -> list[tuple[str, int]]:
        if of_product == EVERY:
            return self._urls_by_state() if table is Table.URLS else self._all_by_state(table)
        match table:
            case Table.LINKS | Table.THUMBNAILS:
                condition = of_product
            case Table.ASSETS:
                condition = wanted_by("id", of_product)
            case Table.URLS:
                malformed = f"id IN (SELECT url_id FROM failures WHERE row_table = 'urls' AND {of_product})"
                condition = f"{wanted_by('id', of_product)} OR {malformed}"
        return self._store.rows(f"SELECT state, count(*) FROM {table} WHERE {condition} GROUP BY state")

    def _all_by_state(self, table: Table) -> list[tuple[str, int]]:
        """Counted state by state: grouping would sort a million rows, most of which are alike."""
        found: list[tuple[str, int]] = []
        left = int(self._store.value(f"SELECT count(*) FROM {table}"))
        for state in _COMMON_STATES:
            count = left and int(self._store.value(f"SELECT count(*) FROM {table} WHERE state = ?", (state,)))
            found += [(state, count)] if count else []
            left -= count
        if left:
            rare = f"state NOT IN ({', '.join('?' * len(_COMMON_STATES))})"
            found += self._store.rows(
                f"SELECT state, count(*) FROM {table} WHERE {rare} GROUP BY state", _COMMON_STATES
            )
        return found

    def _urls_by_state(self) -> list[tuple[str, int]]:
        """An address has the state of its asset, but for malformed ones and those without an asset."""
        found = Counter(dict(self._all_by_state(Table.ASSETS)))
        malformed = self._store.rows(
            "SELECT state, count(*) FROM addresses LEFT JOIN assets USING (id)"
            " WHERE malformed IS NOT NULL GROUP BY state"
        )
        addresses = int(self._store.value("SELECT count(*) FROM addresses"))
        found[State.OBSOLETE] += addresses - found.total()
        for state, count in malformed:
            found[state or State.OBSOLETE] -= count
            found[State.FAILED] += count
        return [(state, count) for state, count in found.items() if count]

    def outstanding(self, counts: tuple[Counts, ...] | None = None) -> Outstanding:
        """`counts`, where they are known already, save looking for what there is none of."""
        chosen = self._selection.only("product_id")
        still_open = {one.table: one.of(State.PENDING, State.IN_FLIGHT) for one in counts or ()}
        earlier = 0
        if not self._selection.chosen and self._store.value("SELECT EXISTS (SELECT 1 FROM unnamed_products)"):
            earlier = self._open_products("product_id IN (SELECT product_id FROM unnamed_products)")
        assets = still_open.get(Table.ASSETS)
        if assets is None or self._selection.chosen:
            assets = self._store.value(
                f"SELECT count(*) FROM assets WHERE {IS_OPEN} AND {self._selection.only_wanted_by('id')}"
            )
        open_links, open_thumbnails = still_open.get(Table.LINKS, 1), still_open.get(Table.THUMBNAILS, 1)
        products = self._open_products(chosen) if open_links or open_thumbnails else 0
        single_links = products and self._store.value(
            "SELECT count(*) FROM (SELECT product_id FROM links WHERE origin = 'found'"
            " UNION SELECT product_id FROM seen_products WHERE others > 0)"
            f" JOIN links USING (product_id) WHERE {IS_OPEN} AND placed IS NULL AND {chosen}"
        )
        return Outstanding(products, int(assets), earlier, int(single_links))

    def open_links(self) -> int:
        """Each costs a request of its own, where pictures are linked one by one."""
        chosen = self._selection.only("product_id")
        return int(self._store.value(f"SELECT count(*) FROM links WHERE {IS_OPEN} AND {chosen}"))

    def _open_products(self, chosen: str) -> int:
        """How many have an open link, which one pass in the order of keys tells, else an open thumbnail."""
        by_links = self._store.value(
            f"SELECT count(DISTINCT product_id) FROM links WHERE {IS_OPEN} AND {chosen}"
        )
        by_thumbnails = self._store.value(
            f"SELECT count(*) FROM thumbnails WHERE {IS_OPEN} AND {chosen} AND NOT EXISTS ("
            f"SELECT 1 FROM links WHERE links.product_id = thumbnails.product_id AND links.{IS_OPEN})"
        )
        return int(by_links) + int(by_thumbnails)

    def to_refresh(self) -> Outstanding:
        """What reading everything anew asks for: all wanted products with pictures, and all open assets."""
        products = self._store.value(
            "SELECT count(DISTINCT product_id) FROM links"
            f" WHERE {_WANTED} AND {self._selection.only('product_id')}"
        )
        return Outstanding(int(products), self.outstanding().assets)

"""What people ask a ledger: rows by state, failures by cause, products, totals. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass

from amzsync.ledger.reasons import NOT_FOUND, NOT_IN_FAMILY
from amzsync.ledger.rows import IS_OPEN, Counts, Failure, FailureGroup, State, Table
from amzsync.ledger.store import Store

__all__ = ["ByProduct", "Outstanding", "ProductRow", "Queries", "RowTotals", "Totals"]

_WANTED = "state <> 'obsolete'"
_FAILURE = "row_table, url, sku, status, message, attempts, place"
_FAILURES = (
    "failures LEFT JOIN addresses ON addresses.id = url_id"
    " LEFT JOIN products ON products.id = failures.product_id"
)


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The work still to do: products to read and write, assets to look up and, at most, to upload."""

    products: int
    assets: int


@dataclass(frozen=True, slots=True)
class RowTotals:
    """Links or thumbnails of one kind of product: those that stand, and those that are still open."""

    done: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class ByProduct:
    """Links or thumbnails on plain products, and on variation parents."""

    plain: RowTotals = RowTotals()
    parents: RowTotals = RowTotals()

    @property
    def done(self) -> int:
        return self.plain.done + self.parents.done

    @property
    def open(self) -> int:
        return self.plain.open + self.parents.open


@dataclass(frozen=True, slots=True)
class Totals:
    """What the contract's report counts, as the ledger has it now.

    `uploaded` counts one run's uploads; `present` every other asset that is done.
    """

    uploaded: int = 0
    present: int = 0
    open_assets: int = 0
    links: ByProduct = ByProduct()
    thumbnails: ByProduct = ByProduct()
    links_existing: int = 0
    products_not_found: tuple[str, ...] = ()
    products_left_alone: int = 0


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One product of the plan: its links by what has become of them, and the reason where it was skipped."""

    sku: str
    is_parent: bool
    wanted: int
    done: int
    open: int
    skipped: int
    failed: int
    new_assets: int
    thumbnail: State | None
    reason: str | None


class Queries:
    """Everything `plan`, `status` and the report show."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def counts(self) -> tuple[Counts, ...]:
        """Rows by state of each table."""
        return tuple(
            Counts(table, {State(state): count for state, count in self._by_state(table)}) for table in Table
        )

    def _by_state(self, table: Table) -> list[tuple[str, int]]:
        return self._store.rows(f"SELECT state, count(*) FROM {table} GROUP BY state")

    def outstanding(self) -> Outstanding:
        products = self._store.value(
            "SELECT count(*) FROM products WHERE"
            f" EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND {IS_OPEN})"
            f" OR EXISTS (SELECT 1 FROM thumbnails WHERE product_id = products.id AND {IS_OPEN})"
        )
        assets = self._store.value(f"SELECT count(*) FROM assets WHERE {IS_OPEN}")
        return Outstanding(int(products), int(assets))

    def to_refresh(self) -> Outstanding:
        """What reading everything anew asks for: all wanted products with pictures, and all open assets."""
        products = self._store.value(f"SELECT count(DISTINCT product_id) FROM links WHERE {_WANTED}")
        return Outstanding(int(products), self.outstanding().assets)

    def totals(self, run_id: int | None, counts: tuple[Counts, ...] | None = None) -> Totals:
        """The report's numbers; `counts`, where they are known already, save reading every row again."""
        tables = {one.table: one for one in counts or self.counts()}
        assets, all_links = tables[Table.ASSETS], tables[Table.LINKS]
        uploaded = self._uploaded(run_id) if assets.of(State.DONE) else 0
        not_found, left_alone = self._skipped() if all_links.of(State.SKIPPED) else ((), 0)
        return Totals(
            uploaded=uploaded,
            present=assets.of(State.DONE) - uploaded,
            open_assets=assets.of(State.PENDING, State.IN_FLIGHT),
            links=self._by_product(all_links),
            thumbnails=self._by_product(tables[Table.THUMBNAILS]),
            links_existing=self._existing() if all_links.of(State.DONE) else 0,
            products_not_found=not_found,
            products_left_alone=left_alone,
        )

    def _uploaded(self, run_id: int | None) -> int:
        return int(
            self._store.value(
                "SELECT count(*) FROM assets WHERE state = 'done' AND origin = 'uploaded' AND run_id IS ?",
                (run_id,),
            )
        )

    def _existing(self) -> int:
        return int(self._store.value("SELECT count(*) FROM links WHERE state = 'done' AND origin = 'found'"))

    def _by_product(self, counts: Counts) -> ByProduct:
        # Parents are few: their rows are found by key, where a join of all would read every product.
        on_parents = self._store.rows(
            f"SELECT total(state = 'done'), total({IS_OPEN}) FROM {counts.table}"
            " JOIN products ON products.id = product_id WHERE is_parent = 1"
        )
        done, still_open = (int(number) for number in on_parents[0])
        all_open = counts.of(State.PENDING, State.IN_FLIGHT)
        return ByProduct(
            RowTotals(counts.of(State.DONE) - done, all_open - still_open), RowTotals(done, still_open)
        )

    def _skipped(self) -> tuple[tuple[str, ...], int]:
        """The SKUs that Plytix does not have, and how many products were left alone for another reason."""
        not_found = self._store.rows(
            "SELECT DISTINCT sku FROM products JOIN links ON product_id = products.id"
            " WHERE state = 'skipped' AND reason = ? ORDER BY sku",
            (NOT_FOUND,),
        )
        left_alone = self._store.value(
            "SELECT count(DISTINCT product_id) FROM links WHERE state = 'skipped' AND reason NOT IN (?, ?)",
            (NOT_FOUND, NOT_IN_FAMILY),
        )
        return tuple(row[0] for row in not_found), int(left_alone)

    def products(self, limit: int | None = None) -> Iterator[ProductRow]:
        """The wanted products with pictures, in ledger order."""
        rows = self._store.execute(
            f"""
            SELECT sku, is_parent, count(*), total(links.state = 'done'), total(links.{IS_OPEN}),
                total(links.state = 'skipped'), total(links.state = 'failed'),
                total(assets.{IS_OPEN}), thumbnails.state, max(links.reason)
            FROM (
                SELECT id, sku, is_parent FROM products WHERE wanted IS NOT NULL
                AND EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND {_WANTED})
                ORDER BY id LIMIT ?
            ) AS chosen
            JOIN links ON links.product_id = chosen.id AND links.{_WANTED}
            JOIN assets ON assets.id = links.asset_id
            LEFT JOIN thumbnails ON thumbnails.product_id = chosen.id AND thumbnails.{_WANTED}
            GROUP BY chosen.id ORDER BY chosen.id
            """,
            (-1 if limit is None else limit,),
        )
        for sku, is_parent, wanted, done, still_open, skipped, failed, new_assets, thumbnail, reason in rows:
            yield ProductRow(
                sku=sku,
                is_parent=bool(is_parent),
                wanted=wanted,
                done=int(done),
                open=int(still_open),
                skipped=int(skipped),
                failed=int(failed),
                new_assets=int(new_assets),
                thumbnail=State(thumbnail) if thumbnail else None,
                reason=reason,
            )

    def failures(self, limit: int | None = None) -> Iterator[Failure]:
        """Every failed row, oldest first. A refused picture stands once for each product that wants it."""
        for row in self._store.execute(
            f"SELECT {_FAILURE} FROM {_FAILURES} ORDER BY failures.id LIMIT ?",
            (-1 if limit is None else limit,),
        ):
            yield _failure(row)

    def failure_groups(self, examples: int) -> list[FailureGroup]:
        """Failures by cause, the commonest first, also where a message repeats the row's own address."""
        groups: dict[tuple[str, int | None], tuple[int, list[Failure]]] = {}
        for why, count, *row in self._store.execute(
            f"""
            SELECT why, size, row_table, url, sku, status, message, attempts, place FROM (
                SELECT {_FAILURE}, id, why,
                    count(*) OVER (PARTITION BY why, status) AS size,
                    row_number() OVER (PARTITION BY why, status ORDER BY id) AS number
                FROM (SELECT {_FAILURE}, failures.id, cause(message, url) AS why FROM {_FAILURES})
            ) WHERE number <= ? ORDER BY size DESC, why, status, id
            """,
            (max(examples, 1),),
        ):
            found = _failure(tuple(row))
            groups.setdefault((why, found.status), (count, []))[1].append(found)
        return [
            FailureGroup(why, status, count, tuple(found[:examples]))
            for (why, status), (count, found) in groups.items()
        ]

    def retriable_failures(self) -> int:
        """Failures that another try may heal: all but malformed addresses."""
        return int(self._store.value("SELECT count(*) FROM failures WHERE row_table <> 'urls'"))

    def failure_count(self) -> int:
        return int(self._store.value("SELECT count(*) FROM failures"))

    def wanted_skus(self) -> Iterator[str]:
        """The SKUs of all products the plan wants."""
        for row in self._store.execute("SELECT sku FROM products WHERE wanted IS NOT NULL ORDER BY id"):
            yield row[0]


def _failure(row: tuple[str, str | None, str | None, int | None, str, int, str | None]) -> Failure:
    table, url, sku, status, message, attempts, place = row
    return Failure(Table(table), url or "", sku or "", status, message, attempts, place or "")

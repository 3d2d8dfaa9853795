"""What people ask a ledger: rows by state, failures by cause, products, totals. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass

from amzsync.ledger.count_queries import CountQueries, Outstanding
from amzsync.ledger.part import EVERY, wanted_by
from amzsync.ledger.reasons import NOT_FOUND, NOT_IN_FAMILY, TOO_SMALL
from amzsync.ledger.rows import IS_OPEN, Counts, Failure, FailureGroup, State, Table

__all__ = ["ByProduct", "Outstanding", "ProductRow", "Queries", "RowTotals", "Totals"]

_WANTED = "state <> 'obsolete'"
_FAILURE = "row_table, url, sku, status, message, attempts, place"
_FAILURES = (
    "failures LEFT JOIN addresses ON addresses.id = url_id"
    " LEFT JOIN products ON products.id = failures.product_id"
)


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
    `images_replaced` are the run's, in their assets. `links_left_out` are of images that are too small.
    """

    uploaded: int = 0
    present: int = 0
    open_assets: int = 0
    links: ByProduct = ByProduct()
    thumbnails: ByProduct = ByProduct()
    links_existing: int = 0
    products_not_found: tuple[str, ...] = ()
    products_left_alone: int = 0
    links_left_out: int = 0
    images_replaced: int = 0


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


class Queries(CountQueries):
    """Everything `plan`, `status` and the report show of the products that are chosen."""

    def totals(self, run_id: int | None, counts: tuple[Counts, ...] | None = None) -> Totals:
        """The report's numbers: of the chosen part, or of the products that the last plan has named.

        `counts`, where they are known already, save reading every row again. SKUs that Plytix lacks, and
        products left alone, are those of earlier plans too.
        """
        scope = self._reported("product_id")
        is_narrower = scope != self._selection.only("product_id")
        tables = {one.table: one for one in (not is_narrower and counts) or self._counts(scope)}
        assets, all_links = tables[Table.ASSETS], tables[Table.LINKS]
        uploaded = self._uploaded(run_id, scope) if assets.of(State.DONE) else 0
        has_skipped = is_narrower or all_links.of(State.SKIPPED)
        not_found, left_alone, left_out = self._skipped() if has_skipped else ((), 0, 0)
        return Totals(
            uploaded=uploaded,
            present=assets.of(State.DONE) - uploaded,
            open_assets=assets.of(State.PENDING, State.IN_FLIGHT),
            links=self._by_product(all_links, scope),
            thumbnails=self._by_product(tables[Table.THUMBNAILS], scope),
            links_existing=self._existing(scope) if all_links.of(State.DONE) else 0,
            products_not_found=not_found,
            products_left_alone=left_alone,
            links_left_out=left_out,
            images_replaced=self._replaced(run_id),
        )

    def _reported(self, column: str) -> str:
        """An SQL condition: this column holds a product that the report's numbers are of."""
        if self._selection.chosen or not self._store.value("SELECT EXISTS (SELECT 1 FROM unnamed_products)"):
            return self._selection.only(column)
        return f"{column} NOT IN (SELECT product_id FROM unnamed_products)"

    def _uploaded(self, run_id: int | None, of_product: str) -> int:
        return int(
            self._store.value(
                "SELECT count(*) FROM assets WHERE state = 'done' AND origin = 'uploaded' AND run_id IS ?"
                f" AND {wanted_by('id', of_product)}",
                (run_id,),
            )
        )

    def _replaced(self, run_id: int | None) -> int:
        return int(
            self._store.value("SELECT count(*) FROM pictures WHERE run_id = ? AND state = 'same'", (run_id,))
        )

    def _existing(self, of_product: str) -> int:
        found = "state = 'done' AND origin = 'found'"
        return int(self._store.value(f"SELECT count(*) FROM links WHERE {found} AND {of_product}"))

    def _by_product(self, counts: Counts, of_product: str) -> ByProduct:
        # Parents are few: their rows are found by key, not by reading all rows.
        on_parents = self._store.rows(
            f"SELECT total(state = 'done'), total({IS_OPEN}) FROM products"
            f" CROSS JOIN {counts.table} ON products.id = product_id WHERE is_parent = 1 AND {of_product}"
        )
        done, still_open = (int(number) for number in on_parents[0])
        all_open = counts.of(State.PENDING, State.IN_FLIGHT)
        return ByProduct(
            RowTotals(counts.of(State.DONE) - done, all_open - still_open), RowTotals(done, still_open)
        )

    def _skipped(self) -> tuple[tuple[str, ...], int, int]:
        """The SKUs that Plytix does not have, how many products are left alone, and how many small images."""
        chosen = self._selection.only("product_id")
        not_found = self._store.rows(
            "SELECT DISTINCT sku FROM links CROSS JOIN products ON product_id = products.id"
            f" WHERE state = 'skipped' AND reason = ? AND {chosen} ORDER BY sku",
            (NOT_FOUND,),
        )
        left_alone = self._store.value(
            "SELECT count(DISTINCT product_id) FROM links"
            f" WHERE state = 'skipped' AND reason NOT IN (?, ?, ?) AND {chosen}",
            (NOT_FOUND, NOT_IN_FAMILY, TOO_SMALL),
        )
        left_out = self._store.value(
            f"SELECT count(*) FROM links WHERE state = 'skipped' AND reason = ? AND {chosen}", (TOO_SMALL,)
        )
        return tuple(row[0] for row in not_found), int(left_alone), int(left_out)

    def products(self, limit: int | None = None) -> Iterator[ProductRow]:
        """The wanted products with pictures that the report's numbers are of, in ledger order."""
        rows = self._store.execute(
            f"""
            SELECT sku, is_parent, count(*), total(links.state = 'done'), total(links.{IS_OPEN}),
                total(links.state = 'skipped'), total(links.state = 'failed'),
                total(assets.{IS_OPEN}), thumbnails.state, max(links.reason)
            FROM (
                SELECT id, sku, is_parent FROM products WHERE wanted IS NOT NULL
                AND {self._reported("id")}
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
            f"SELECT {_FAILURE} FROM {_FAILURES} WHERE {self._selection.only('product_id')}"
            " ORDER BY failures.id LIMIT ?",
            (-1 if limit is None else limit,),
        ):
            yield _failure(row)

    def failure_groups(self, examples: int) -> list[FailureGroup]:
        """Failures by cause, the commonest first, also where a message repeats the row's own address."""
        groups: dict[tuple[str, int | None], tuple[int, list[Failure]]] = {}
        chosen = self._selection.only("product_id")
        for why, count, *row in self._store.execute(
            f"""
            SELECT why, size, row_table, url, sku, status, message, attempts, place FROM (
                SELECT {_FAILURE}, id, why,
                    count(*) OVER (PARTITION BY why, status) AS size,
                    row_number() OVER (PARTITION BY why, status ORDER BY id) AS number
                FROM (SELECT {_FAILURE}, failures.id, cause(message, url) AS why FROM {_FAILURES}
                    WHERE {chosen})
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

    def failure_count(self, condition: str = EVERY) -> int:
        chosen = self._selection.only("product_id")
        return int(self._store.value(f"SELECT count(*) FROM failures WHERE {chosen} AND {condition}"))

    def wanted_skus(self) -> Iterator[str]:
        """The SKUs of all products that the ledger wants, whichever are chosen."""
        for row in self._store.execute("SELECT sku FROM products WHERE wanted IS NOT NULL ORDER BY id"):
            yield row[0]


def _failure(row: tuple[str, str | None, str | None, int | None, str, int, str | None]) -> Failure:
    table, url, sku, status, message, attempts, place = row
    return Failure(Table(table), url or "", sku or "", status, message, attempts, place or "")

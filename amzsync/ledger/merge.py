"""Bring the ledger to what a plan wants: only the difference changes, in one transaction."""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from amzsync.domain.timestamp import utc_text
from amzsync.ledger.reasons import SKIP_EXISTING
from amzsync.ledger.rows import State, Table
from amzsync.ledger.small_images import keep_sizes, known_sizes, leave_out_small
from amzsync.ledger.store import Store
from amzsync.ledger.wants import keep_skip_existing, keep_wants, keep_wants_of_new, note_planned
from amzsync.planner import ChangedProduct, Difference, KnownProduct, KnownRows, WantedLink

__all__ = ["Merge"]

_IS_FAILED = "product_id = failures.product_id AND asset_id = url_id AND state = 'failed'"
# What must be so for a failure to be kept. An asset may have been tried again for another product alone.
_CONDITION_OF_A_FAILURE = {
    Table.ASSETS: (
        "SELECT 1 FROM links JOIN assets ON assets.id = asset_id WHERE asset_id = url_id"
        " AND links.product_id = failures.product_id AND links.state <> 'obsolete'"
        " AND (assets.state = 'failed' OR links.state = 'failed')"
    ),
    Table.LINKS: f"SELECT 1 FROM links WHERE {_IS_FAILED}",
    Table.THUMBNAILS: f"SELECT 1 FROM thumbnails WHERE {_IS_FAILED}",
}
_OF_THIS_PLAN = "product_id NOT IN (SELECT product_id FROM unnamed_products)"


class Merge:
    """What a planner needs to know of the ledger, and the way back in."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def known_rows(self) -> KnownRows:
        """All addresses and products of the ledger."""
        return KnownRows(
            urls=dict(self._store.execute("SELECT url, id FROM addresses ORDER BY id")),
            products={
                sku: KnownProduct(product_id, wanted)
                for product_id, sku, wanted in self._store.execute(
                    "SELECT id, sku, wanted FROM products ORDER BY id"
                )
            },
            obsolete_urls=self._ids("SELECT id FROM urls WHERE state = 'obsolete'"),
            without_asset=self._ids("SELECT id FROM addresses WHERE id NOT IN (SELECT id FROM assets)"),
            refused_urls=self._ids(
                "SELECT id FROM addresses JOIN assets USING (id) WHERE malformed IS NOT NULL"
            ),
            sizes=known_sizes(self._store),
        )

    def apply(
        self,
        plan: Difference,
        *,
        gallery_label: str,
        skip_existing: bool,
        smallest: int = 0,
        settings: Mapping[str, str] | None = None,
        mappings: Collection[str] = (),
        run_id: int | None = None,
    ) -> None:
        """Merge a settled plan; `settings` are kept with it, `mappings` are the full names of its files.

        `smallest`: leave out images whose longer side is less than so many pixels, where that is told.
        `run_id`: keep what was wanted before, so that the run that plans this can be undone.
        """
        # The planner assigns every id itself: checking each row would only take time.
        with self._store.unchecked_references(), self._store.atomic():
            self._store.execute_many(
                "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (settings or {}).items()
            )
            self._store.execute("CREATE TEMP TABLE dropped (url_id INTEGER PRIMARY KEY)")
            self._change_gallery(gallery_label)
            self._merge_urls(plan)
            self._merge_products(plan, run_id)
            self._merge_malformed(plan)
            self._merge_unreadable(plan, mappings)
            self._settle_dropped()
            self._forget_settled_failures()
            self._store.execute("DROP TABLE temp.dropped")
            keep_skip_existing(self._store, skip_existing=skip_existing)
            if not skip_existing:
                self._want_skipped_again()
            leave_out_small(self._store, smallest, _OF_THIS_PLAN)

    def leave_out_small(self, smallest: int) -> None:
        """The same of everything that is wanted, without a plan; 0 leaves out nothing."""
        leave_out_small(self._store, smallest, "true")

    def _ids(self, sql: str) -> frozenset[int]:
        return frozenset(row[0] for row in self._store.execute(sql))

    def _change_gallery(self, label: str) -> None:
        before = self._store.value("SELECT value FROM settings WHERE name = 'gallery'")
        if before == label:
            return
        self._store.execute("INSERT OR REPLACE INTO settings (name, value) VALUES ('gallery', ?)", (label,))
        if before is not None:
            # Nothing that was said of a link holds for another gallery, but that its product is unknown.
            self._store.execute("UPDATE links SET origin = NULL, placed = NULL, sent = NULL")
            self._store.execute("DELETE FROM writes")
            self._store.execute(
                "UPDATE links SET state = 'pending', reason = NULL"
                " WHERE state IN ('done', 'in_flight', 'failed') OR (state = 'skipped' AND reason = ?)",
                (SKIP_EXISTING,),
            )

    def _merge_urls(self, plan: Difference) -> None:
        many, insert = self._store.execute_many, self._store.insert_rows
        insert("addresses", ("id", "url", "width", "height"), plan.new_addresses())
        keep_sizes(self._store, plan.changed_sizes())
        insert("assets", ("id", "filename"), plan.new_assets())
        returned = [(url_id,) for url_id in plan.returned_urls()]
        many("UPDATE addresses SET malformed = NULL WHERE id = ? AND malformed IS NOT NULL", returned)
        many(
            "UPDATE assets SET reason = NULL,"
            " state = CASE WHEN plytix_id IS NULL THEN 'pending' ELSE 'done' END"
            " WHERE id = ? AND state = 'obsolete'",
            returned,
        )

    def _drop(self, url_ids: str, values: Sequence[object] = ()) -> None:
        """Addresses that something wanted, and that perhaps nothing wants now."""
        self._store.execute(f"INSERT OR IGNORE INTO temp.dropped {url_ids}", values)

    def _settle_dropped(self) -> None:
        """What no product wants any more, of this plan or of an earlier one, is obsolete, or malformed."""
        execute = self._store.execute
        if self._store.value(
            # In this order: assets are many.
            "SELECT EXISTS (SELECT 1 FROM temp.dropped CROSS JOIN assets ON id = url_id"
            " WHERE state <> 'obsolete')"
        ):
            # Links have no index by asset: those that count are found in one pass.
            execute(
                "DELETE FROM temp.dropped WHERE url_id IN (SELECT asset_id FROM links"
                " WHERE state <> 'obsolete' AND asset_id IN (SELECT url_id FROM temp.dropped))"
            )
        execute("UPDATE assets SET state = 'obsolete' WHERE id IN (SELECT url_id FROM temp.dropped)")
        execute(
            "UPDATE addresses SET malformed = (SELECT message FROM failures"
            " WHERE failures.url_id = addresses.id AND row_table = 'urls' LIMIT 1)"
            " WHERE id IN (SELECT url_id FROM temp.dropped)"
        )

    def _merge_malformed(self, plan: Difference) -> None:
        """What the mapping itself makes impossible: a malformed address, for every product that names it."""
        execute = self._store.execute
        execute(
            "CREATE TEMP TABLE malformed (product_id INTEGER, url_id INTEGER, message TEXT,"
            " PRIMARY KEY (product_id, url_id)) WITHOUT ROWID"
        )
        self._store.execute_many("INSERT INTO temp.malformed VALUES (?, ?, ?)", plan.malformed_uses())
        settled = (
            f"row_table = 'urls' AND place IS NULL AND {_OF_THIS_PLAN}"
            " AND (product_id, url_id) NOT IN (SELECT product_id, url_id FROM temp.malformed)"
        )
        self._drop(f"SELECT url_id FROM failures WHERE {settled} UNION SELECT url_id FROM temp.malformed")
        execute(f"DELETE FROM failures WHERE {settled}")
        execute(
            "INSERT INTO failures (row_table, product_id, url_id, message, attempts, failed_at)"
            " SELECT 'urls', product_id, url_id, message, 0, ? FROM temp.malformed WHERE true"
            " ON CONFLICT (row_table, product_id, url_id) DO UPDATE SET message = excluded.message",
            (utc_text(self._now()),),
        )
        execute("DROP TABLE temp.malformed")

    def _merge_unreadable(self, plan: Difference, mappings: Collection[str]) -> None:
        """Products without a SKU, by their place: those of other mappings stay, unless this is everything."""
        now = utc_text(self._now())
        before = {
            tuple(row)
            for row in self._store.rows(
                "SELECT place, message, mapping FROM failures WHERE place IS NOT NULL"
            )
            if plan.is_complete or row[2] is None or row[2] in mappings
        }
        wanted = dict.fromkeys((one.place, one.reason, one.mapping or None) for one in plan.unreadable)
        self._store.execute_many(
            "DELETE FROM failures WHERE place = ? AND message = ? AND mapping IS ?", before - wanted.keys()
        )
        self._store.execute_many(
            "INSERT INTO failures (row_table, place, message, mapping, attempts, failed_at)"
            " VALUES ('urls', ?, ?, ?, 0, ?)",
            [(*one, now) for one in wanted if one not in before],
        )

    def _forget_settled_failures(self) -> None:
        """A failure is kept for as long as its row is failed."""
        for table, condition in _CONDITION_OF_A_FAILURE.items():
            self._store.execute(
                f"DELETE FROM failures WHERE row_table = ? AND NOT EXISTS ({condition})", (table,)
            )

    def _merge_products(self, plan: Difference, run_id: int | None) -> None:
        many, insert = self._store.execute_many, self._store.insert_rows
        last_id = self._store.value("SELECT ifnull(max(id), 0) FROM products")
        insert("products", ("id", "sku", "is_parent", "wanted", "title"), plan.new_products())
        insert("links", ("product_id", "asset_id", "variant", "position"), plan.new_links())
        insert("thumbnails", ("product_id", "asset_id"), plan.new_thumbnails())
        if run_id is not None:
            keep_wants_of_new(self._store, run_id, last_id)
            keep_wants(self._store, run_id, plan.gone_products())
        for product in plan.changed_products():
            if run_id is not None:
                keep_wants(self._store, run_id, [product.id])
            self._change_links(product)
            self._change_thumbnail(product)
            self._store.execute(
                "UPDATE products SET is_parent = ?, wanted = ? WHERE id = ?",
                (product.is_parent, product.wanted, product.id),
            )
        # A mapping that tells no title says nothing of one.
        titles = ((title, product_id, title) for product_id, title in plan.known_titles())
        many("UPDATE products SET title = ? WHERE id = ? AND title IS NOT ?", titles)
        gone = [(product_id,) for product_id in plan.gone_products()]
        for product_id in gone:
            self._drop("SELECT asset_id FROM links WHERE product_id = ? AND state <> 'obsolete'", product_id)
        many("UPDATE links SET state = 'obsolete' WHERE product_id = ?", gone)
        many("UPDATE thumbnails SET state = 'obsolete' WHERE product_id = ?", gone)
        many("UPDATE products SET wanted = NULL WHERE id = ?", gone)
        self._store.execute("DELETE FROM unnamed_products")
        many("INSERT INTO unnamed_products VALUES (?)", [(one,) for one in plan.unnamed_products()])
        if run_id is not None:
            note_planned(self._store, run_id)

    def _change_links(self, product: ChangedProduct) -> None:
        rows = self._store.rows(
            "SELECT asset_id, origin = 'made' OR sent IS NOT NULL FROM links"
            " WHERE product_id = ? AND state <> ? ORDER BY position",
            (product.id, State.OBSOLETE),
        )
        before = {asset_id: bool(may_be_ours) for asset_id, may_be_ours in rows}
        wanted = {link.asset_id for link in product.links}
        dropped = [(product.id, asset_id) for asset_id in before if asset_id not in wanted]
        self._store.execute_many(
            "UPDATE links SET state = 'obsolete' WHERE product_id = ? AND asset_id = ?", dropped
        )
        self._store.execute_many(
            "INSERT OR IGNORE INTO temp.dropped VALUES (?)", [(asset_id,) for _, asset_id in dropped]
        )
        moved = _moved(list(before), product.links) | _behind_gone(before, wanted)
        self._store.execute_many(
            "INSERT INTO links (product_id, asset_id, variant, position) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (product_id, asset_id) DO UPDATE"
            " SET variant = excluded.variant, position = excluded.position,"
            " reason = CASE WHEN state = 'obsolete' THEN NULL ELSE reason END,"
            " state = CASE WHEN state = 'obsolete' OR (? AND state = 'done') THEN 'pending' ELSE state END",
            [
                (product.id, link.asset_id, link.variant, link.position, link.asset_id in moved)
                for link in product.links
            ],
        )

    def _change_thumbnail(self, product: ChangedProduct) -> None:
        if product.thumbnail is None:
            self._store.execute(
                "UPDATE thumbnails SET state = 'obsolete' WHERE product_id = ?", (product.id,)
            )
            return
        self._store.execute(
            "INSERT INTO thumbnails (product_id, asset_id) VALUES (?, ?)"
            " ON CONFLICT (product_id) DO UPDATE SET asset_id = excluded.asset_id,"
            " state = CASE WHEN asset_id <> excluded.asset_id OR state = 'obsolete'"
            " THEN 'pending' ELSE state END,"
            " origin = CASE WHEN asset_id <> excluded.asset_id THEN NULL ELSE origin END,"
            " reason = CASE WHEN asset_id <> excluded.asset_id OR state = 'obsolete'"
            " THEN NULL ELSE reason END",
            (product.id, product.thumbnail),
        )

    def _want_skipped_again(self) -> None:
        for table in ("links", "thumbnails"):
            self._store.execute(
                f"UPDATE {table} SET state = 'pending', reason = NULL"
                f" WHERE state = 'skipped' AND reason = ? AND {_OF_THIS_PLAN}",
                (SKIP_EXISTING,),
            )


def _behind_gone(before: Mapping[int, bool], wanted: set[int]) -> set[int]:
    """The wanted assets behind one that this ledger put there and nothing wants now: they come before it."""
    gone = (asset_id for asset_id, may_be_ours in before.items() if may_be_ours and asset_id not in wanted)
    first = next(gone, None)
    return set() if first is None else wanted.intersection(itertools.dropwhile(first.__ne__, before))


def _moved(before: list[int], links: tuple[WantedLink, ...]) -> set[int]:
    """The assets that were there before and now stand in another order among themselves."""
    wanted = {link.asset_id for link in links}
    old = [asset_id for asset_id in before if asset_id in wanted]
    new = [link.asset_id for link in links if link.asset_id in set(old)]
    return {asset_id for asset_id, other in zip(old, new, strict=True) if asset_id != other}

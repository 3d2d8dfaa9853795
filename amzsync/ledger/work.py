"""The only transitions of work rows. Each checks the state it comes from; any other is a bug, and raises."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from amzsync.domain.image_url import PLAIN_AMAZON_URL, Malformed, read_image_url
from amzsync.errors import LedgerError
from amzsync.ledger.merge import want_needed_assets
from amzsync.ledger.rows import IS_OPEN, Asset, Link, Origin, ProductWork, State, Table, Thumbnail
from amzsync.ledger.runs import utc_text
from amzsync.ledger.store import Store

__all__ = ["NOT_FOUND", "NOT_IN_FAMILY", "Refusal", "Work"]

NOT_FOUND = "Plytix has no product with this SKU"
"""The reason of rows whose product does not exist: --retry-failed and --refresh ask again."""

NOT_IN_FAMILY = (
    "the gallery attribute does not belong to the product's family:"
    " add it to the family in Plytix, then use --retry-failed"
)
"""The reason of rows that the product can have no place for. --retry-failed and --refresh ask again."""

_ASKED_AGAIN = (NOT_FOUND, NOT_IN_FAMILY)

_ADDRESSES = "SELECT assets.id, url FROM assets JOIN addresses USING (id)"
_MAY_LEAVE = "assets.state IN ('pending', 'in_flight', 'skipped')"
_ADDRESSES_AT_ONCE = 5000

_UNNEEDED = "no product that can take it wants it"

_NO_PICTURE = "its picture could not be put into Plytix"

_ABSENT_FOR = timedelta(minutes=10)
"""After that another hand may well have brought a picture of the same name."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why rows failed, for the failures table."""

    status: int | None
    message: str
    attempts: int


class Work:
    """The pending work of a ledger, and what becomes of it."""

    def __init__(self, store: Store, now: Callable[[], datetime], run_id: int | None = None) -> None:
        self._store = store
        self._now = now
        self._run_id = run_id

    # Reading.

    def next_products(self, after_id: int, count: int) -> list[ProductWork]:
        """The next products with something to do, in ledger order."""
        rows = self._store.rows(
            f"SELECT id, sku, is_parent, plytix_id FROM products WHERE id > ? AND wanted IS NOT NULL AND ("
            f" EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND {IS_OPEN})"
            f" OR EXISTS (SELECT 1 FROM thumbnails WHERE product_id = products.id AND {IS_OPEN}))"
            " ORDER BY id LIMIT ?",
            (after_id, count),
        )
        return [self._product(*row) for row in rows]

    def products_with_images(self, after_id: int, count: int) -> list[ProductWork]:
        """The next products that want any picture, done or not: for reading all of them anew."""
        rows = self._store.rows(
            "SELECT id, sku, is_parent, plytix_id FROM products WHERE id > ? AND wanted IS NOT NULL"
            " AND EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND state <> 'obsolete')"
            " ORDER BY id LIMIT ?",
            (after_id, count),
        )
        return [self._product(*row) for row in rows]

    def product(self, product_id: int) -> ProductWork:
        """One product as it stands now."""
        rows = self._store.rows(
            "SELECT id, sku, is_parent, plytix_id FROM products WHERE id = ?", (product_id,)
        )
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

    def _product(self, product_id: int, sku: str, is_parent: int, plytix_id: str | None) -> ProductWork:
        links = self._store.rows(
            "SELECT asset_id, variant, position, state, origin, placed, sent FROM links WHERE product_id = ?"
            " ORDER BY position, asset_id",
            (product_id,),
        )
        thumbnail = self._store.rows(
            "SELECT asset_id, state FROM thumbnails WHERE product_id = ?", (product_id,)
        )
        return ProductWork(
            product_id,
            sku,
            bool(is_parent),
            plytix_id,
            tuple(
                Link(
                    row[0], row[1], row[2], State(row[3]), Origin(row[4]) if row[4] else None, row[5], row[6]
                )
                for row in links
            ),
            Thumbnail(thumbnail[0][0], State(thumbnail[0][1])) if thumbnail else None,
        )

    # Products.

    def resolve(self, plytix_ids: Mapping[int, str]) -> None:
        """Keep the Plytix id of each product."""
        self._store.execute_many(
            "UPDATE products SET plytix_id = ? WHERE id = ? AND plytix_id IS NOT ?",
            [(plytix_id, product_id, plytix_id) for product_id, plytix_id in plytix_ids.items()],
        )

    def note_made(self, product_id: int, asset_ids: Iterable[int]) -> None:
        """Links that were written, or may have been: should they be found, they are this ledger's own."""
        self._store.execute_many(
            "UPDATE links SET origin = 'made' WHERE product_id = ? AND asset_id = ?",
            [(product_id, asset_id) for asset_id in asset_ids],
        )

    def skip_product(self, product_id: int, reason: str) -> None:
        """Nothing is done on this product, and why."""
        with self._store.atomic():
            for table in (Table.LINKS, Table.THUMBNAILS):
                self._store.execute(
                    f"UPDATE {table} SET state = 'skipped', reason = ? WHERE product_id = ? AND {IS_OPEN}",
                    (reason, product_id),
                )

    def skip_outside_family(self, product_id: int) -> None:
        """The product cannot have a gallery: nothing is done on it, and it is told among the failures."""
        with self._store.atomic():
            for table in (Table.LINKS, Table.THUMBNAILS):
                rows = self._store.rows(
                    f"UPDATE {table} SET state = 'skipped', reason = ?"
                    f" WHERE product_id = ? AND {IS_OPEN} RETURNING asset_id",
                    (NOT_IN_FAMILY, product_id),
                )
                for (asset_id,) in rows:
                    self._record(table, product_id, asset_id, Refusal(None, NOT_IN_FAMILY, 0))

    def want_found_product(self, product_id: int) -> None:
        """Plytix has a product, or a gallery for it, that it had not before: what was skipped is wanted."""
        with self._store.atomic():
            for table in (Table.LINKS, Table.THUMBNAILS):
                rows = self._store.rows(
                    f"UPDATE {table} SET state = 'pending', reason = NULL"
                    " WHERE product_id = ? AND state = 'skipped' AND reason IN (?, ?) RETURNING asset_id",
                    (product_id, *_ASKED_AGAIN),
                )
                self._forget_failures(table, product_id, [row[0] for row in rows])

    def want_needed_assets(self) -> None:
        """Pictures that were skipped because nothing needed them, and are needed now."""
        want_needed_assets(self._store)

    def look(self, product_id: int, standing: Mapping[int, int], *, as_left: bool) -> None:
        """What a reading showed of the links that this ledger made, or may have made: `standing` are places.

        `as_left`: they stand in the order in which a write left them. Another order is a person's, and the
        one that was written stays on record, so that it is known for a person's from then on.
        """
        with self._store.atomic():
            rows = self._store.rows(
                "SELECT asset_id FROM links WHERE product_id = ? AND (origin = 'made' OR sent IS NOT NULL)",
                (product_id,),
            )
            ours = [asset_id for (asset_id,) in rows]
            self._store.execute_many(
                "UPDATE links SET sent = NULL, origin = 'made',"
                " placed = CASE WHEN ? OR placed IS NULL THEN ? ELSE placed END"
                " WHERE product_id = ? AND asset_id = ?",
                [(as_left, standing[one], product_id, one) for one in ours if one in standing],
            )
            self._store.execute_many(
                "UPDATE links SET sent = NULL,"
                " origin = CASE WHEN state = 'obsolete' THEN NULL ELSE origin END,"
                " placed = CASE WHEN state = 'obsolete' THEN NULL ELSE placed END"
                " WHERE product_id = ? AND asset_id = ?",
                [(product_id, one) for one in ours if one not in standing],
            )

    def claim_product(self, product_id: int, sent: Mapping[int, int] | None = None) -> None:
        """A write to this product is about to leave; `sent` tells the place of each link that it makes."""
        with self._store.atomic():
            for table in (Table.LINKS, Table.THUMBNAILS):
                self._store.execute(
                    f"UPDATE {table} SET state = 'in_flight' WHERE product_id = ? AND {IS_OPEN}",
                    (product_id,),
                )
            self._store.execute_many(
                "UPDATE links SET sent = ? WHERE product_id = ? AND asset_id = ?",
                [(place, product_id, asset_id) for asset_id, place in (sent or {}).items()],
            )

    def release_product(self, product_id: int) -> None:
        """The write is known not to have happened: it is wanted as before."""
        with self._store.atomic():
            for table in (Table.LINKS, Table.THUMBNAILS):
                self._store.execute(
                    f"UPDATE {table} SET state = 'pending' WHERE product_id = ? AND state = 'in_flight'",
                    (product_id,),
                )
            self._store.execute("UPDATE links SET sent = NULL WHERE product_id = ?", (product_id,))

    def finish_links(
        self, product_id: int, placed: Mapping[int, int], made: Collection[int], *, as_left: bool = True
    ) -> None:
        """These links stand: `placed` tells each asset's place in the gallery, `made` what this run put in.

        One found there that was in flight was made by a run that did not live to see the answer. `as_left`
        as in `look`.
        """
        with self._store.atomic():
            for asset_id, place in placed.items():
                changed = self._store.execute(
                    "UPDATE links SET state = 'done', reason = NULL, sent = NULL,"
                    " placed = CASE WHEN ? OR placed IS NULL THEN ? ELSE placed END,"
                    " origin = CASE WHEN ? OR origin = 'made' OR state = 'in_flight' OR sent IS NOT NULL"
                    " THEN 'made' ELSE 'found' END"
                    " WHERE product_id = ? AND asset_id = ? AND state <> 'obsolete'",
                    (as_left, place, asset_id in made, product_id, asset_id),
                ).rowcount
                self._expect(changed, 1, "finish a link")
            self._forget_failures(Table.LINKS, product_id, placed)

    def finish_thumbnail(self, product_id: int, origin: Origin) -> None:
        with self._store.atomic():
            rows = self._store.rows(
                "UPDATE thumbnails SET state = 'done', reason = NULL,"
                " origin = CASE WHEN state = 'in_flight' AND ? = 'found' THEN 'made' ELSE ? END"
                " WHERE product_id = ? AND state <> 'obsolete' RETURNING asset_id",
                (origin, origin, product_id),
            )
            self._forget_failures(Table.THUMBNAILS, product_id, [row[0] for row in rows])

    def reopen_product(self, product_id: int, lost: Collection[int], *, thumbnail: bool) -> None:
        """What was done is found to be gone from Plytix: it is wanted again."""
        with self._store.atomic():
            self._store.execute_many(
                "UPDATE links SET state = 'pending', origin = NULL, placed = NULL, sent = NULL, reason = NULL"
                " WHERE product_id = ? AND asset_id = ? AND state IN ('done', 'skipped')",
                [(product_id, asset_id) for asset_id in lost],
            )
            if thumbnail:
                self._store.execute(
                    "UPDATE thumbnails SET state = 'pending', origin = NULL, reason = NULL"
                    " WHERE product_id = ? AND state IN ('done', 'skipped')",
                    (product_id,),
                )

    def want_order(self, product_id: int, misplaced: Collection[int]) -> None:
        """These links stand, but not in the wanted order: it is to be written."""
        self._store.execute_many(
            "UPDATE links SET state = 'pending' WHERE product_id = ? AND asset_id = ? AND state = 'done'",
            [(product_id, asset_id) for asset_id in misplaced],
        )

    def fail_links(self, product_id: int, asset_ids: Iterable[int], refusal: Refusal) -> None:
        with self._store.atomic():
            for asset_id in asset_ids:
                changed = self._store.execute(
                    "UPDATE links SET state = 'failed', reason = ?"
                    f" WHERE product_id = ? AND asset_id = ? AND {IS_OPEN}",
                    (refusal.message, product_id, asset_id),
                ).rowcount
                if changed:
                    self._record(Table.LINKS, product_id, asset_id, refusal)

    def fail_without_picture(self, product_id: int, asset_ids: Collection[int], *, thumbnail: bool) -> None:
        """Links, and perhaps the thumbnail, whose pictures Plytix could not take: for the same reason."""
        with self._store.atomic():
            failed: dict[int, Refusal] = {}
            for asset_id in asset_ids:
                refusal = failed[asset_id] = self._refusal_of(asset_id)
                self._store.execute(
                    "UPDATE links SET state = 'failed', reason = ?"
                    f" WHERE product_id = ? AND asset_id = ? AND {IS_OPEN}",
                    (refusal.message, product_id, asset_id),
                )
            if thumbnail:
                rows = self._store.rows(
                    f"SELECT asset_id FROM thumbnails WHERE product_id = ? AND {IS_OPEN}", (product_id,)
                )
                for (asset_id,) in rows:
                    refusal = failed[asset_id] = failed.get(asset_id) or self._refusal_of(asset_id)
                    self._store.execute(
                        "UPDATE thumbnails SET state = 'failed', reason = ? WHERE product_id = ?",
                        (refusal.message, product_id),
                    )
            for asset_id, refusal in failed.items():
                self._record(Table.ASSETS, product_id, asset_id, refusal)

    def _refusal_of(self, asset_id: int) -> Refusal:
        rows = self._store.rows(
            "SELECT status, message, attempts FROM failures"
            " WHERE row_table = 'assets' AND url_id = ? LIMIT 1",
            (asset_id,),
        )
        return Refusal(*rows[0]) if rows else Refusal(None, _NO_PICTURE, 0)

    def fail_thumbnail(self, product_id: int, refusal: Refusal) -> None:
        with self._store.atomic():
            rows = self._store.rows(
                "UPDATE thumbnails SET state = 'failed', reason = ?"
                f" WHERE product_id = ? AND {IS_OPEN} RETURNING asset_id",
                (refusal.message, product_id),
            )
            if rows:
                self._record(Table.THUMBNAILS, product_id, rows[0][0], refusal)

    # Assets.

    def note_absent(self, asset_ids: Sequence[int]) -> None:
        """Plytix has just said that it has none of these: a run soon after need not ask again."""
        now = utc_text(self._now())
        self._store.execute_many(
            "UPDATE assets SET absent_at = ? WHERE id = ?", [(now, asset_id) for asset_id in asset_ids]
        )

    def claim_assets(self, asset_ids: Sequence[int]) -> None:
        """Uploads of these are about to leave."""
        with self._store.atomic():
            for asset_id in asset_ids:
                changed = self._store.execute(
                    f"UPDATE assets SET state = 'in_flight' WHERE id = ? AND {IS_OPEN}", (asset_id,)
                ).rowcount
                self._expect(changed, 1, "claim an asset")

    def release_asset(self, asset_id: int) -> None:
        """Plytix is known not to have it: it is wanted as before."""
        self._store.execute(
            "UPDATE assets SET state = 'pending' WHERE id = ? AND state = 'in_flight'", (asset_id,)
        )

    def finish_asset(self, asset_id: int, plytix_id: str, filename: str, origin: Origin) -> None:
        """Plytix has it, under this id and name."""
        with self._store.atomic():
            changed = self._store.execute(
                "UPDATE assets SET state = 'done', plytix_id = ?, origin = ?, run_id = ?, reason = NULL,"
                " absent_at = NULL,"
                " filename = coalesce(nullif(?, ''), filename)"
                f" WHERE id = ? AND {IS_OPEN}",
                (plytix_id, origin, self._run_id, filename, asset_id),
            ).rowcount
            self._expect(changed, 1, "finish an asset")

    def fail_asset(self, asset_id: int, product_id: int, refusal: Refusal) -> None:
        """Plytix cannot take this picture; `product_id` is one that wants it."""
        with self._store.atomic():
            changed = self._store.execute(
                "UPDATE assets SET state = 'failed', reason = ?, absent_at = NULL"
                f" WHERE id = ? AND {IS_OPEN}",
                (refusal.message, asset_id),
            ).rowcount
            self._expect(changed, 1, "fail an asset")
            self._record(Table.ASSETS, product_id, asset_id, refusal)

    def refuse_unusable_addresses(self, *, allow_private: bool) -> int:
        """Judge again what may be uploaded, as a ledger can be changed by hand; how many addresses fail."""
        with self._store.atomic():
            refused = 0
            after_id = 0
            while rows := self._store.rows(
                f"{_ADDRESSES} WHERE assets.id > ? AND {_MAY_LEAVE}"
                f" ORDER BY assets.id LIMIT {_ADDRESSES_AT_ONCE}",
                (after_id,),
            ):
                after_id = rows[-1][0]
                refused += sum(self._refuse_address(*row, allow_private=allow_private) for row in rows)
        return refused

    def _refuse_address(self, asset_id: int, url: str, *, allow_private: bool) -> bool:
        if PLAIN_AMAZON_URL.fullmatch(url):
            return False
        found = read_image_url(url, allow_private=allow_private)
        if not isinstance(found, Malformed):
            return False
        refusal = Refusal(None, found.reason, 0)
        self._store.execute(
            "UPDATE assets SET state = 'failed', reason = ?, absent_at = NULL WHERE id = ?",
            (refusal.message, asset_id),
        )
        for row in self._store.rows(
            f"SELECT product_id FROM links WHERE asset_id = ? AND {IS_OPEN}", (asset_id,)
        ):
            self._record(Table.ASSETS, row[0], asset_id, refusal)
        return True

    def lose_asset(self, asset_id: int) -> None:
        """Plytix no longer has an asset that was done: it must be found or uploaded again."""
        with self._store.atomic():
            self._store.execute(
                "UPDATE assets SET state = 'pending', plytix_id = NULL, origin = NULL"
                " WHERE id = ? AND state = 'done'",
                (asset_id,),
            )
            # It was not judged when this run began, as it was not to be uploaded.
            for row in self._store.rows(f"{_ADDRESSES} WHERE assets.id = ? AND {_MAY_LEAVE}", (asset_id,)):
                self._refuse_address(*row, allow_private=False)

    def skip_unneeded_assets(self) -> None:
        """Assets that only skipped or failed links wanted are not uploaded."""
        with self._store.atomic():
            if not self._store.value(f"SELECT EXISTS (SELECT 1 FROM assets WHERE {IS_OPEN})"):
                return
            self._store.execute(
                f"UPDATE assets SET state = 'skipped', reason = ? WHERE {IS_OPEN}"
                f" AND id NOT IN (SELECT asset_id FROM links WHERE {IS_OPEN})",
                (_UNNEEDED,),
            )

    # All together.

    def retry_failed(self) -> int:
        """Failed rows, and those that Plytix had no product or gallery for, are pending again; how many."""
        with self._store.atomic():
            count = 0
            for table in (Table.LINKS, Table.THUMBNAILS, Table.ASSETS):
                not_found = " OR (state = 'skipped' AND reason IN (?, ?))" if table != Table.ASSETS else ""
                count += self._store.execute(
                    f"UPDATE {table} SET state = 'pending', reason = NULL WHERE state = 'failed'{not_found}",
                    _ASKED_AGAIN if not_found else (),
                ).rowcount
            self._store.execute("DELETE FROM failures WHERE row_table <> 'urls'")
            want_needed_assets(self._store)
        return count

    def has_open_work(self) -> bool:
        return bool(
            self._store.value(
                f"SELECT EXISTS (SELECT 1 FROM links WHERE {IS_OPEN})"
                f" OR EXISTS (SELECT 1 FROM thumbnails WHERE {IS_OPEN})"
            )
        )

    def _record(self, table: Table, product_id: int, url_id: int, refusal: Refusal) -> None:
        self._store.execute(
            "INSERT INTO failures"
            " (run_id, row_table, product_id, url_id, status, message, attempts, failed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (row_table, product_id, url_id) DO UPDATE SET"
            " run_id = excluded.run_id, status = excluded.status, message = excluded.message,"
            " attempts = excluded.attempts, failed_at = excluded.failed_at",
            (
                self._run_id,
                table,
                product_id,
                url_id,
                refusal.status,
                refusal.message,
                refusal.attempts,
                utc_text(self._now()),
            ),
        )

    def _forget_failures(self, table: Table, product_id: int, url_ids: Iterable[int]) -> None:
        self._store.execute_many(
            "DELETE FROM failures WHERE row_table = ? AND product_id = ? AND url_id = ?",
            [(table, product_id, url_id) for url_id in url_ids],
        )

    def _expect(self, changed: int, wanted: int, what: str) -> None:
        if changed != wanted:
            raise LedgerError(
                f"The ledger {self._store.path} changed while this run was writing to it (could not {what}).",
                "Run `amzsync resume`.",
            )

"""The transitions of a product's links and thumbnail."""

from collections.abc import Collection, Iterable, Mapping

from amzsync.ledger.reasons import ASKED_AGAIN, NO_PICTURE, NOT_IN_FAMILY
from amzsync.ledger.rows import IS_OPEN, Origin, Table
from amzsync.ledger.work_rows import Refusal, WorkRows

__all__ = ["ProductTransitions"]


class ProductTransitions(WorkRows):
    """What becomes of products: each transition leaves rows alone that are in no state for it."""

    def resolve(self, plytix_ids: Mapping[int, str]) -> None:
        """Keep the Plytix id of each product.

        One that was deleted and made anew has another id: nothing that stands there now is this ledger's.
        """
        self._store.execute_many(
            "UPDATE links SET origin = NULL, placed = NULL, sent = NULL,"
            " state = CASE state WHEN 'done' THEN 'pending' ELSE state END"
            " WHERE product_id IN (SELECT id FROM products WHERE id = ? AND plytix_id <> ?)",
            plytix_ids.items(),
        )
        self._store.execute_many(
            "UPDATE thumbnails SET origin = NULL,"
            " state = CASE state WHEN 'done' THEN 'pending' ELSE state END"
            " WHERE product_id IN (SELECT id FROM products WHERE id = ? AND plytix_id <> ?)",
            plytix_ids.items(),
        )
        self._store.execute_many(
            "DELETE FROM writes"
            " WHERE product_id IN (SELECT id FROM products WHERE id = ? AND plytix_id <> ?)",
            plytix_ids.items(),
        )
        self._store.execute_many(
            "UPDATE products SET plytix_id = ? WHERE id = ? AND plytix_id IS NOT ?",
            [(plytix_id, product_id, plytix_id) for product_id, plytix_id in plytix_ids.items()],
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
                    (product_id, *ASKED_AGAIN),
                )
                self._forget_failures(table, product_id, [row[0] for row in rows])

    def claim_product(
        self, product_id: int, sent: Mapping[int, int] | None = None, *, thumbnail: bool = True
    ) -> None:
        """A write to this product is about to leave; whether it sets the thumbnail.

        `sent` tells the place of each link that it makes: the last write's alone are unknown.
        """
        with self._store.atomic():
            tables = (Table.LINKS, Table.THUMBNAILS) if thumbnail else (Table.LINKS,)
            for table in tables:
                self._store.execute(
                    f"UPDATE {table} SET state = 'in_flight' WHERE product_id = ? AND {IS_OPEN}",
                    (product_id,),
                )
            if not sent:
                return
            self._store.execute("UPDATE links SET sent = NULL WHERE product_id = ?", (product_id,))
            if not thumbnail:
                self._store.execute(
                    "UPDATE thumbnails SET state = 'pending' WHERE product_id = ? AND state = 'in_flight'",
                    (product_id,),
                )
            self._store.execute_many(
                "UPDATE links SET sent = ? WHERE product_id = ? AND asset_id = ?",
                [(place, product_id, asset_id) for asset_id, place in sent.items()],
            )

    def claim_removal(self, product_id: int, going: Iterable[int], *, thumbnail: bool) -> None:
        """A write is about to leave that takes out these links, and the thumbnail: they may be gone any time.

        Whose they are, and where they stood, stays on record.
        """
        with self._store.atomic():
            self._store.execute_many(
                "UPDATE links SET state = 'in_flight'"
                " WHERE product_id = ? AND asset_id = ? AND state = 'done'",
                [(product_id, asset_id) for asset_id in going],
            )
            if thumbnail:
                self._store.execute(
                    "UPDATE thumbnails SET state = 'in_flight' WHERE product_id = ? AND state = 'done'",
                    (product_id,),
                )

    def settle_removal(self, product_id: int) -> None:
        """The product was seen after `claim_removal`, and what is gone of it is about to be written down."""
        with self._store.atomic():
            self._store.execute(
                "UPDATE links SET state = 'done'"
                " WHERE product_id = ? AND state = 'in_flight' AND origin = 'made' AND sent IS NULL",
                (product_id,),
            )
            self._store.execute(
                "UPDATE thumbnails SET state = 'done'"
                " WHERE product_id = ? AND state = 'in_flight' AND origin IS NOT NULL",
                (product_id,),
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

        One found there that a write of unknown outcome sent was made by it. `as_left` as in `record_reading`.
        """
        with self._store.atomic():
            for asset_id, place in placed.items():
                changed = self._store.execute(
                    "UPDATE links SET state = 'done', reason = NULL, sent = NULL,"
                    " placed = coalesce(CASE WHEN NOT ? THEN coalesce(placed, sent) END, ?),"
                    " origin = CASE WHEN ? OR origin = 'made' OR sent IS NOT NULL"
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

    def fail_order(self, product_id: int, misplaced: Collection[int], refusal: Refusal) -> None:
        """These links stand, but the order that is wanted could not be written."""
        for asset_id in misplaced:
            self._store.execute(
                "UPDATE links SET state = 'failed', reason = ? WHERE product_id = ? AND asset_id = ?",
                (refusal.message, product_id, asset_id),
            )
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
        return Refusal(*rows[0]) if rows else Refusal(None, NO_PICTURE, 0)

    def fail_thumbnail(self, product_id: int, refusal: Refusal) -> None:
        with self._store.atomic():
            rows = self._store.rows(
                "UPDATE thumbnails SET state = 'failed', reason = ?"
                f" WHERE product_id = ? AND {IS_OPEN} RETURNING asset_id",
                (refusal.message, product_id),
            )
            if rows:
                self._record(Table.THUMBNAILS, product_id, rows[0][0], refusal)

"""Whose a link is: what this ledger has put there, or may have, and at which place."""

from collections.abc import Iterable, Mapping

from amzsync.ledger.work_rows import WorkRows

__all__ = ["LinkOrigins"]


class LinkOrigins(WorkRows):
    """What is known of the links of products, whatever becomes of the rows."""

    def note_made(self, product_id: int, asset_ids: Iterable[int]) -> None:
        """Links that were written, or may have been: should they be found, they are this ledger's own."""
        self._store.execute_many(
            "UPDATE links SET origin = 'made' WHERE product_id = ? AND asset_id = ?",
            [(product_id, asset_id) for asset_id in asset_ids],
        )

    def note_found(self, product_id: int, asset_ids: Iterable[int]) -> None:
        """Links that stood there before the write that was to make them: somebody else has put them there."""
        self._store.execute_many(
            "UPDATE links SET origin = 'found', placed = NULL, sent = NULL"
            " WHERE product_id = ? AND asset_id = ?",
            [(product_id, asset_id) for asset_id in asset_ids],
        )

    def note_not_sent(self, product_id: int, asset_ids: Iterable[int]) -> None:
        """A write that was to make these links is known not to have been done."""
        self._store.execute_many(
            "UPDATE links SET sent = NULL WHERE product_id = ? AND asset_id = ?",
            [(product_id, asset_id) for asset_id in asset_ids],
        )

    def note_linked(self, product_id: int, placed: Mapping[int, int]) -> None:
        """These links of the last write stand, at these places, where it or another has put them."""
        self._store.execute_many(
            "UPDATE links SET origin = 'made', placed = coalesce(placed, ?), sent = NULL"
            " WHERE product_id = ? AND asset_id = ? AND sent IS NOT NULL",
            [(place, product_id, asset_id) for asset_id, place in placed.items()],
        )

    def note_not_arrived(self, product_id: int, asset_ids: Iterable[int]) -> None:
        """A write that was to make these links has not arrived: others have put there what stands of them."""
        self._store.execute_many(
            "UPDATE links SET origin = NULL, placed = NULL, sent = NULL"
            " WHERE product_id = ? AND asset_id = ? AND sent IS NOT NULL",
            [(product_id, asset_id) for asset_id in asset_ids],
        )

    def record_reading(self, product_id: int, standing: Mapping[int, int], *, as_left: bool) -> None:
        """What a reading showed of the links that this ledger made, or may have made: `standing` are places.

        `as_left`: they stand in the order in which a write left them. Another order is a person's, and the
        one that was written, or sent, stays on record, so that it is known for a person's from then on.
        """
        with self._store.atomic():
            rows = self._store.rows(
                "SELECT asset_id FROM links WHERE product_id = ? AND (origin = 'made' OR sent IS NOT NULL)",
                (product_id,),
            )
            ours = [asset_id for (asset_id,) in rows]
            self._store.execute_many(
                "UPDATE links SET sent = NULL, origin = 'made',"
                " placed = coalesce(CASE WHEN NOT ? THEN coalesce(placed, sent) END, ?)"
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

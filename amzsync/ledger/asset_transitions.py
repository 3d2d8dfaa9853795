"""The transitions of assets: pictures that are looked up in Plytix, or uploaded."""

from collections.abc import Sequence

from amzsync.domain.image_url import PLAIN_AMAZON_URL, Malformed, read_image_url
from amzsync.domain.timestamp import utc_text
from amzsync.ledger.reasons import UNNEEDED
from amzsync.ledger.rows import IS_OPEN, Origin, Table
from amzsync.ledger.store import Store
from amzsync.ledger.work_rows import Refusal, WorkRows

__all__ = ["AssetTransitions", "want_needed_assets"]

_ADDRESSES = "SELECT assets.id, url FROM assets JOIN addresses USING (id)"
_MAY_LEAVE = "assets.state IN ('pending', 'in_flight', 'skipped')"
_ADDRESSES_AT_ONCE = 5000


class AssetTransitions(WorkRows):
    """What becomes of assets: a transition from another state than its own is a bug, and raises."""

    def want_needed_assets(self) -> None:
        """Pictures that were skipped because nothing needed them, and are needed now."""
        want_needed_assets(self._store)

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
        """Check again what may be uploaded, as a ledger can be changed by hand; how many addresses fail."""
        wanted = self._selection.only_wanted_by("assets.id")
        with self._store.atomic():
            refused = 0
            after_id = 0
            while rows := self._store.rows(
                f"{_ADDRESSES} WHERE assets.id > ? AND {_MAY_LEAVE} AND {wanted}"
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
        """Plytix no longer has an asset that was done: it must be found or uploaded again.

        With it every gallery has lost it: where it was done it is wanted again, under another id.
        """
        with self._store.atomic():
            self._store.execute(
                "UPDATE assets SET state = 'pending', plytix_id = NULL, origin = NULL"
                " WHERE id = ? AND state = 'done'",
                (asset_id,),
            )
            self._store.execute("DELETE FROM pictures WHERE asset_id = ?", (asset_id,))
            reopened = "state = CASE state WHEN 'done' THEN 'pending' ELSE state END"
            self._store.execute(
                f"UPDATE links SET origin = NULL, placed = NULL, sent = NULL, {reopened} WHERE asset_id = ?",
                (asset_id,),
            )
            self._store.execute(
                f"UPDATE thumbnails SET origin = NULL, {reopened} WHERE asset_id = ?", (asset_id,)
            )
            # It was not checked when this run began, as it was not to be uploaded.
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
                (UNNEEDED,),
            )


def want_needed_assets(store: Store) -> None:
    """Assets that were skipped because nothing needed them are pending again where something does."""
    if not store.value("SELECT EXISTS (SELECT 1 FROM assets WHERE state = 'skipped')"):
        return
    store.execute(
        "UPDATE assets SET state = 'pending', reason = NULL WHERE state = 'skipped'"
        " AND id IN (SELECT asset_id FROM links WHERE state = 'pending')"
    )

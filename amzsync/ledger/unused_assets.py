"""Assets that this ledger uploaded and nothing in it wants any more."""

from amzsync.ledger.rows import UnusedAsset
from amzsync.ledger.work_rows import WorkRows

__all__ = ["UnusedAssets"]

_DELETED = "deleted from Plytix"
_ASSETS = "assets JOIN addresses USING (id)"
_FIELDS = "assets.id, url, filename"


class UnusedAssets(WorkRows):
    """What may be deleted, if Plytix says that nobody uses it."""

    def assets_to_delete(self, uploaded_by: int | None = None) -> tuple[UnusedAsset, ...]:
        """Those that were uploaded and, at most, are unused once what is obsolete has been taken out."""
        rows = self._store.rows(
            f"SELECT {_FIELDS}, plytix_id FROM {_ASSETS} WHERE origin = 'uploaded'"
            " AND plytix_id IS NOT NULL AND (run_id = ? OR (? IS NULL AND assets.state = 'obsolete'))"
            " ORDER BY assets.id",
            (uploaded_by, uploaded_by),
        )
        return tuple(UnusedAsset(*row) for row in rows)

    def unused_assets(self, after_id: int, count: int, uploaded_by: int | None = None) -> list[UnusedAsset]:
        """The next of them by id. `uploaded_by`: of one run only."""
        rows = self._store.rows(
            f"SELECT {_FIELDS}, plytix_id FROM {_ASSETS}"
            " WHERE assets.id > ? AND assets.state = 'obsolete' AND origin = 'uploaded'"
            " AND plytix_id IS NOT NULL AND (? IS NULL OR run_id = ?)"
            " AND plytix_id NOT IN (SELECT plytix_id FROM assets AS other"
            " WHERE other.state <> 'obsolete' AND plytix_id IS NOT NULL)"
            " ORDER BY assets.id LIMIT ?",
            (after_id, uploaded_by, uploaded_by, count),
        )
        return [UnusedAsset(*row) for row in rows]

    def note_deleted(self, asset_id: int) -> None:
        """Plytix has it no more. Wanted again, it is uploaded again."""
        self._store.execute(
            "UPDATE assets SET plytix_id = NULL, origin = NULL, run_id = ?, reason = ?"
            " WHERE id = ? AND state = 'obsolete'",
            (self._run_id, _DELETED, asset_id),
        )
        self._store.execute("DELETE FROM pictures WHERE asset_id = ?", (asset_id,))

    def deleted_assets(self) -> tuple[UnusedAsset, ...]:
        """Those that the run has deleted."""
        rows = self._store.rows(
            f"SELECT {_FIELDS} FROM {_ASSETS} WHERE run_id = ? AND assets.state = 'obsolete' AND reason = ?"
            " ORDER BY assets.id",
            (self._run_id, _DELETED),
        )
        return tuple(UnusedAsset(*row) for row in rows)

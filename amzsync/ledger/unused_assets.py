"""Assets that this ledger uploaded and nothing in it wants any more."""

from dataclasses import dataclass

from amzsync.ledger.work_rows import WorkRows

__all__ = ["UnusedAsset", "UnusedAssets"]

_DELETED = "deleted from Plytix"


@dataclass(frozen=True, slots=True)
class UnusedAsset:
    id: int
    url: str
    plytix_id: str


class UnusedAssets(WorkRows):
    """What may be deleted, if Plytix says that nobody uses it."""

    def count_unused_assets(self, uploaded_by: int | None = None) -> int:
        """How many are uploaded and, at most, unused once what is obsolete has been taken out."""
        return int(
            self._store.value(
                "SELECT count(*) FROM assets WHERE origin = 'uploaded' AND plytix_id IS NOT NULL"
                " AND (run_id = ? OR (? IS NULL AND state = 'obsolete'))",
                (uploaded_by, uploaded_by),
            )
        )

    def unused_assets(self, after_id: int, count: int, uploaded_by: int | None = None) -> list[UnusedAsset]:
        """The next of them by id. `uploaded_by`: of one run only."""
        rows = self._store.rows(
            "SELECT assets.id, url, plytix_id FROM assets JOIN addresses USING (id)"
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

    def deleted_assets(self) -> int:
        """How many the run has deleted."""
        return int(
            self._store.value(
                "SELECT count(*) FROM assets WHERE run_id = ? AND state = 'obsolete' AND reason = ?",
                (self._run_id, _DELETED),
            )
        )

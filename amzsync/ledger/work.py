"""Everything that a run reads and changes in the work rows."""

from amzsync.ledger.asset_transitions import AssetTransitions
from amzsync.ledger.check_reader import CheckReader
from amzsync.ledger.link_origins import LinkOrigins
from amzsync.ledger.product_transitions import ProductTransitions
from amzsync.ledger.reasons import ASKED_AGAIN
from amzsync.ledger.removal_changes import RemovalChanges
from amzsync.ledger.rows import Table
from amzsync.ledger.seen import SeenTransitions
from amzsync.ledger.unused_assets import UnusedAssets
from amzsync.ledger.wants import Wants

__all__ = ["Work"]


class Work(
    CheckReader,
    ProductTransitions,
    LinkOrigins,
    AssetTransitions,
    SeenTransitions,
    Wants,
    RemovalChanges,
    UnusedAssets,
):
    """The pending work of a ledger, and what becomes of it."""

    def retry_failed(self) -> int:
        """Failed rows, and those that Plytix had no product or gallery for, are pending again; how many."""
        with self._store.atomic():
            count = 0
            for table in (Table.LINKS, Table.THUMBNAILS, Table.ASSETS):
                not_found = " OR (state = 'skipped' AND reason IN (?, ?))" if table != Table.ASSETS else ""
                chosen = (
                    self._selection.only_wanted_by("id")
                    if table == Table.ASSETS
                    else self._selection.only("product_id")
                )
                count += self._store.execute(
                    f"UPDATE {table} SET state = 'pending', reason = NULL"
                    f" WHERE (state = 'failed'{not_found}) AND {chosen}",
                    ASKED_AGAIN if not_found else (),
                ).rowcount
            self._store.execute(
                f"DELETE FROM failures WHERE row_table <> 'urls' AND {self._selection.only('product_id')}"
            )
            self.want_needed_assets()
        return count

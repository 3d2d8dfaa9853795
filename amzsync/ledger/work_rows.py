"""What reading and changing work rows needs: the store, the run, and the failures that are kept with it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from amzsync.domain.timestamp import utc_text
from amzsync.errors import LedgerError
from amzsync.ledger.part import Selection
from amzsync.ledger.rows import Table
from amzsync.ledger.store import Store

__all__ = ["Refusal", "WorkRows"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why rows failed, for the failures table."""

    status: int | None
    message: str
    attempts: int

    @property
    def is_unanswered(self) -> bool:
        """Whether what was asked for may have been done all the same."""
        return self.attempts > 0 and (self.status is None or self.status >= 500)


class WorkRows:
    """The work rows, on behalf of one run."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        run_id: int | None = None,
        selection: Selection | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._run_id = run_id
        self._selection = selection or Selection(store)

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

"""What was wanted of a product before a run planned its mapping, so that it can be wanted again."""

import json
from collections.abc import Iterable

from amzsync.errors import LedgerError
from amzsync.ledger.rows import State
from amzsync.ledger.store import Store
from amzsync.ledger.work_rows import WorkRows

__all__ = ["Wants", "keep_wants", "keep_wants_of_new", "note_planned"]

_NOW = (
    "CASE WHEN wanted IS NULL THEN NULL ELSE json_object('wanted', hex(wanted), 'parent', is_parent,"
    " 'links', json((SELECT json_group_array(json_array(asset_id, variant, position, state)) FROM links"
    " WHERE product_id = products.id AND state <> 'obsolete')),"
    " 'thumbnail', json((SELECT json_array(asset_id, state) FROM thumbnails"
    " WHERE product_id = products.id AND state <> 'obsolete'))) END"
)


def keep_skip_existing(store: Store, *, skip_existing: bool) -> None:
    """Whether products of the last plan are left alone where they hold images; others keep their own word."""
    store.execute(
        "UPDATE products SET skip_existing = ? WHERE skip_existing <> ?"
        " AND id NOT IN (SELECT product_id FROM unnamed_products)",
        (skip_existing, skip_existing),
    )


def keep_wants(store: Store, run_id: int, product_ids: Iterable[int]) -> None:
    """Before a run changes what is wanted of these; what it kept first is what counts."""
    store.execute_many(
        f"INSERT OR IGNORE INTO wants (run_id, product_id, before) SELECT ?, id, {_NOW}"
        " FROM products WHERE id = ?",
        [(run_id, product_id) for product_id in product_ids],
    )


def keep_wants_of_new(store: Store, run_id: int, after_id: int) -> None:
    """Of products that a run was the first to want: nothing."""
    store.execute(
        "INSERT OR IGNORE INTO wants (run_id, product_id) SELECT ?, id FROM products WHERE id > ?",
        (run_id, after_id),
    )


def note_planned(store: Store, run_id: int) -> None:
    """What the run has planned for them, so that a later plan is told from it."""
    store.execute(
        "UPDATE wants SET after = (SELECT wanted FROM products WHERE id = product_id) WHERE run_id = ?",
        (run_id,),
    )


class Wants(WorkRows):
    """The `wants` table, on behalf of one run."""

    def restore_wants(self, undone_run: int, product_id: int) -> bool:
        """What was wanted of the product before that run is wanted again; False where more was planned since.

        What is wanted now is kept for the run that does this, which may itself be undone.
        """
        if self._run_id is None:
            return False
        rows = self._store.rows(
            "SELECT before FROM wants JOIN products ON products.id = product_id"
            " WHERE run_id = ? AND product_id = ? AND after IS products.wanted",
            (undone_run, product_id),
        )
        if not rows:
            return False
        with self._store.atomic():
            keep_wants(self._store, self._run_id, [product_id])
            self._restore(product_id, rows[0][0])
            self._store.execute(
                "UPDATE wants SET after = (SELECT wanted FROM products WHERE id = product_id)"
                " WHERE run_id = ? AND product_id = ?",
                (self._run_id, product_id),
            )
        return True

    def planned_products(self, run_id: int) -> list[int]:
        """The products of which a run changed what is wanted."""
        return [
            row[0]
            for row in self._store.rows("SELECT product_id FROM wants WHERE run_id = ? ORDER BY 1", (run_id,))
        ]

    def release_unwanted_assets(self) -> None:
        """Pictures that nothing wants any more are obsolete."""
        self._store.execute(
            "UPDATE assets SET state = 'obsolete' WHERE state <> 'obsolete'"
            " AND id NOT IN (SELECT asset_id FROM links WHERE state <> 'obsolete')"
        )

    def _restore(self, product_id: int, before: str | None) -> None:
        self._store.execute("UPDATE links SET state = 'obsolete' WHERE product_id = ?", (product_id,))
        self._store.execute("UPDATE thumbnails SET state = 'obsolete' WHERE product_id = ?", (product_id,))
        if before is None:
            self._store.execute("UPDATE products SET wanted = NULL WHERE id = ?", (product_id,))
            return
        try:
            wanted = json.loads(before)
            links = [
                (variant, int(position), _settled(state), product_id, int(asset_id))
                for asset_id, variant, position, state in wanted["links"]
            ]
            thumbnail = wanted["thumbnail"]
            digest, is_parent = bytes.fromhex(wanted["wanted"]), bool(wanted["parent"])
        except (ValueError, TypeError, KeyError):
            raise LedgerError(
                "What was wanted before a run is not in the ledger as amzsync wrote it.",
                "Plan the earlier mapping again.",
            ) from None
        self._store.execute_many(
            "UPDATE links SET variant = ?, position = ?, state = ?, reason = NULL"
            " WHERE product_id = ? AND asset_id = ?",
            links,
        )
        if thumbnail is not None:
            self._store.execute(
                "UPDATE thumbnails SET"
                " origin = CASE WHEN asset_id = ? THEN origin END, asset_id = ?, state = ?, reason = NULL"
                " WHERE product_id = ?",
                (thumbnail[0], thumbnail[0], _settled(thumbnail[1]), product_id),
            )
        self._store.execute(
            "UPDATE assets SET reason = NULL,"
            " state = CASE WHEN plytix_id IS NULL THEN 'pending' ELSE 'done' END"
            " WHERE state = 'obsolete' AND id IN (SELECT asset_id FROM links"
            " WHERE product_id = ? AND state <> 'obsolete')",
            (product_id,),
        )
        self._store.execute(
            "UPDATE products SET wanted = ?, is_parent = ? WHERE id = ?", (digest, is_parent, product_id)
        )


def _settled(state: str) -> State:
    """The state to begin with: what was in flight then is not now, and why one was skipped is not kept."""
    found = State(state)
    return State.PENDING if found in (State.IN_FLIGHT, State.FAILED, State.SKIPPED) else found

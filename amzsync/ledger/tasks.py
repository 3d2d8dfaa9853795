"""The products that a prune or an undo works on: each is pending, in flight, done or failed, like any row."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from amzsync.ledger.packing import pack_ids, unpack_ids
from amzsync.ledger.rows import IS_OPEN, Kept, State
from amzsync.ledger.work_rows import WorkRows

__all__ = ["Removal", "RemovalCost", "Task", "Tasks"]

_OF_RUNS = ("writes", "wants", "tasks")
_REMOVABLE = (
    "links JOIN assets ON assets.id = links.asset_id JOIN products ON products.id = links.product_id"
    " WHERE links.state = 'obsolete' AND (links.origin = 'made' OR links.sent IS NOT NULL)"
    " AND assets.plytix_id IS NOT NULL AND NOT EXISTS ("
    "SELECT 1 FROM links AS wanted JOIN assets AS picture ON picture.id = wanted.asset_id"
    " WHERE wanted.product_id = links.product_id AND wanted.state <> 'obsolete'"
    " AND picture.plytix_id = assets.plytix_id)"
)
_IS_OURS = (
    "(NOT EXISTS (SELECT 1 FROM links AS found WHERE found.product_id = links.product_id"
    " AND found.origin = 'found') AND EXISTS (SELECT 1 FROM seen_products AS seen"
    " WHERE seen.product_id = links.product_id AND others = 0 AND reordered = 0))"
)
"""Whether this ledger alone filled the gallery, as it was seen last."""


@dataclass(frozen=True, slots=True)
class Task:
    """One product to work on; `removes` are the Plytix ids that a prune takes out of its gallery."""

    product_id: int
    state: State
    removes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """The pictures of one product that a prune would take out."""

    product_id: int
    sku: str
    is_parent: bool
    asset_ids: tuple[str, ...]
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemovalCost:
    """What taking pictures out adds to a sync, at most: products to read, and requests for one alone."""

    products: int = 0
    writes: int = 0


class Tasks(WorkRows):
    """The `tasks` table, on behalf of one run."""

    def removals(self) -> Iterator[Removal]:
        """What nothing wants any more, this ledger put there, and still stands, in ledger order."""
        rows = self._store.execute(
            "SELECT links.product_id, sku, is_parent, plytix, url FROM ("
            "SELECT links.product_id AS product_id, links.position AS position, sku, is_parent,"
            f" assets.plytix_id AS plytix, assets.id AS asset_id FROM {_REMOVABLE}"
            f" AND {self._selection.only('links.product_id')}"
            ") AS links JOIN addresses ON addresses.id = links.asset_id ORDER BY product_id, position"
        )
        group: list[Sequence[Any]] = []
        for row in rows:
            if group and group[0][0] != row[0]:
                yield _removal(group)
                group = []
            group.append(row)
        if group:
            yield _removal(group)

    def removal_cost(self) -> RemovalCost:
        """Of what a prune within a sync takes out; `removals` tells what that is.

        A gallery that only this ledger filled is written as a whole, with what is to be added where there is
        anything; where it is to be empty, it is read, as the answer does not tell that. In any other one each
        picture takes a request, and the thumbnail one more.
        """
        products, writes = self._store.rows(
            "SELECT count(*), total(CASE WHEN is_ours THEN 1 + NOT EXISTS (SELECT 1 FROM links"
            " WHERE state <> 'obsolete' AND links.product_id = removals.product_id)"
            " ELSE pictures + 1 END) FROM ("
            f"SELECT links.product_id, {_IS_OURS} AS is_ours,"
            f" count(DISTINCT assets.plytix_id) AS pictures FROM {_REMOVABLE}"
            f" AND {self._selection.only('links.product_id')} GROUP BY links.product_id) AS removals"
            f" WHERE NOT (is_ours AND EXISTS (SELECT 1 FROM links WHERE {IS_OPEN}"
            " AND links.product_id = removals.product_id))"
        )[0]
        return RemovalCost(int(products), int(writes))

    def standing_links(self) -> int:
        """How many links of this ledger's products are known to stand."""
        return int(
            self._store.value(
                "SELECT count(*) FROM links WHERE state = 'done' OR (state = 'obsolete' AND origin = 'made')"
            )
        )

    def add_tasks(self, tasks: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Products for the run to work on, each with what is to be taken out."""
        self._store.execute_many(
            "INSERT OR IGNORE INTO tasks (run_id, product_id, removes) VALUES (?, ?, ?)",
            ((self._run_id, product_id, pack_ids(removes)) for product_id, removes in tasks),
        )

    def last_writer(self) -> int | None:
        """The last run that wrote to Plytix, as far as that is kept."""
        found = self._store.value("SELECT max(run_id) FROM writes")
        return None if found is None else int(found)

    def has_kept(self, run_id: int) -> bool:
        """Whether anything of a run can be taken back."""
        return bool(
            self._store.value(
                "SELECT EXISTS (SELECT 1 FROM writes WHERE run_id = ?)"
                " OR EXISTS (SELECT 1 FROM wants WHERE run_id = ?)",
                (run_id, run_id),
            )
        )

    def products_of(self, run_id: int) -> list[int]:
        """Every product that a run has written, or for which it changed what is wanted."""
        rows = self._store.rows(
            "SELECT product_id FROM (SELECT product_id FROM writes WHERE run_id = ?"
            " UNION SELECT product_id FROM wants WHERE run_id = ?)"
            f" WHERE {self._selection.only('product_id')} ORDER BY product_id",
            (run_id, run_id),
        )
        return [row[0] for row in rows]

    def add_undo_tasks(self, undone_run: int) -> None:
        """All of these are to be worked on."""
        self.add_tasks((product_id, ()) for product_id in self.products_of(undone_run))

    def next_tasks(self, after_id: int, count: int) -> list[Task]:
        """The run's next products that are not done."""
        return [
            Task(product_id, State(state), unpack_ids(removes or b""))
            for product_id, state, removes in self._store.rows(
                "SELECT product_id, state, removes FROM tasks"
                f" WHERE run_id = ? AND product_id > ? AND {IS_OPEN} ORDER BY product_id LIMIT ?",
                (self._run_id, after_id, count),
            )
        ]

    def removes_of(self, product_id: int) -> frozenset[str]:
        """What the run is still to take out of a product's gallery."""
        packed = self._store.value(
            f"SELECT removes FROM tasks WHERE run_id IS ? AND product_id = ? AND {IS_OPEN}",
            (self._run_id, product_id),
        )
        return frozenset(unpack_ids(packed or b""))

    def open_tasks(self) -> int:
        return int(
            self._store.value(f"SELECT count(*) FROM tasks WHERE run_id = ? AND {IS_OPEN}", (self._run_id,))
        )

    def claim_task(self, product_id: int) -> None:
        """A write for it is about to leave."""
        self._store.execute(
            f"UPDATE tasks SET state = 'in_flight' WHERE run_id = ? AND product_id = ? AND {IS_OPEN}",
            (self._run_id, product_id),
        )

    def finish_task(self, product_id: int, kept: Sequence[Kept]) -> None:
        """All that could be done for it is done; what was left as it is makes it a failed one."""
        entries = [{"reason": one.reason, **({"url": one.url} if one.url else {})} for one in kept]
        self._store.execute(
            "UPDATE tasks SET state = ?, kept = ? WHERE run_id = ? AND product_id = ?",
            (
                State.FAILED if kept else State.DONE,
                json.dumps(entries),
                self._run_id,
                product_id,
            ),
        )

    def forget_old_runs(self, keep: int) -> None:
        """Keep what it takes to undo the last so many runs; of older ones nothing, unless work is left."""
        kept_by = " UNION ".join(f"SELECT run_id FROM {table}" for table in _OF_RUNS)
        has_work = (
            f"SELECT run_id FROM tasks WHERE {IS_OPEN} UNION SELECT run_id FROM writes WHERE outcome = 'sent'"
            " UNION SELECT max(id) FROM runs"
        )
        with self._store.atomic():
            old = self._store.rows(
                f"SELECT run_id FROM (SELECT run_id FROM ({kept_by}) ORDER BY run_id DESC LIMIT -1 OFFSET ?)"
                f" WHERE run_id NOT IN ({has_work})",
                (keep,),
            )
            for table in _OF_RUNS:
                self._store.execute_many(f"DELETE FROM {table} WHERE run_id = ?", old)

    def kept(self) -> Iterator[Kept]:
        """All that the run has left as it is."""
        for sku, entries in self._store.execute(
            "SELECT sku, kept FROM tasks JOIN products ON products.id = product_id"
            " WHERE run_id = ? AND state = 'failed' ORDER BY product_id",
            (self._run_id,),
        ):
            for entry in json.loads(entries):
                yield Kept(sku, str(entry["reason"]), str(entry.get("url", "")))


def _removal(rows: Sequence[Sequence[Any]]) -> Removal:
    product_id, sku, is_parent = rows[0][:3]
    ids = {row[3]: row[4] for row in rows}
    return Removal(product_id, sku, bool(is_parent), tuple(ids), tuple(ids.values()))

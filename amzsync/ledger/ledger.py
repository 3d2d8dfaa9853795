"""The ledger as one value: an open file, and what can be read from it and changed in it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from amzsync.ledger.changes import Changes
from amzsync.ledger.exports import Exports
from amzsync.ledger.galleries import Galleries
from amzsync.ledger.imports import Imports
from amzsync.ledger.merge import Merge
from amzsync.ledger.opening import open_copy, open_empty, open_reader, open_writer
from amzsync.ledger.part import Selection
from amzsync.ledger.pictures import Pictures
from amzsync.ledger.probes import Probes
from amzsync.ledger.queries import Queries
from amzsync.ledger.request_log import RequestLog
from amzsync.ledger.runs import Runs
from amzsync.ledger.seen import Seen
from amzsync.ledger.store import Store
from amzsync.ledger.unfinished import Unfinished
from amzsync.ledger.work import Work

__all__ = ["Clocks", "Ledger"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clocks:
    """The times a ledger writes down."""

    def __init__(
        self,
        now: Callable[[], datetime] = _utc_now,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.now = now
        self.wall = wall
        self.monotonic = monotonic


class Ledger:
    """An open ledger. Close it, or use it in a `with` block."""

    def __init__(self, store: Store, clocks: Clocks) -> None:
        self._store = store
        self._clocks = clocks
        self.path = store.path
        self.runs = Runs(store, clocks.now)
        self.merge = Merge(store, clocks.now)
        self.selection = Selection(store)
        self.queries = Queries(store, self.selection)
        self.changes = Changes(store, self.selection)
        self.exports = Exports(store, self.selection)
        self.galleries = Galleries(store, self.selection, self.changes)
        self.seen = Seen(store, clocks.now, self.selection)
        self.probes = Probes(store, clocks.now)
        self.unfinished = Unfinished(store, self.runs, self.selection)

    @classmethod
    def write(cls, path: Path, clocks: Clocks | None = None) -> "Ledger":
        """Open for writing; hold the `WriterLock` first."""
        return cls(open_writer(path), clocks or Clocks())

    @classmethod
    def read(cls, path: Path, clocks: Clocks | None = None) -> "Ledger":
        """Open for reading only, beside a writer if need be."""
        return cls(open_reader(path), clocks or Clocks())

    @classmethod
    def copy(cls, path: Path, clocks: Clocks | None = None) -> "Ledger":
        """Open a private copy, of nothing where there is no ledger: its changes are gone afterwards."""
        return cls(open_copy(path), clocks or Clocks())

    @classmethod
    def empty(cls, path: Path, clocks: Clocks | None = None) -> "Ledger":
        """A new ledger that is kept nowhere; `path` is what errors call it."""
        return cls(open_empty(path), clocks or Clocks())

    def work(self, run_id: int | None = None) -> Work:
        """The work rows, written on behalf of a run."""
        return Work(self._store, self._clocks.now, run_id, self.selection)

    def imports(self) -> Imports:
        """What is not in place yet, for Plytix's own importers."""
        return Imports(self._store, self.selection)

    def pictures(self, run_id: int | None = None) -> Pictures:
        """Which pictures the assets hold, and those that a run replaces."""
        return Pictures(self._store, self._clocks.now, self.selection, run_id)

    def request_log(self) -> RequestLog:
        """The account's requests; a copy has none of its own, so open the real ledger for it."""
        return RequestLog(self._store, wall=self._clocks.wall, monotonic=self._clocks.monotonic)

    def atomic(self) -> AbstractContextManager[None]:
        """One transaction for all that happens inside."""
        return self._store.atomic()

    def snapshot(self) -> AbstractContextManager[None]:
        """Inside, everything read is of one moment, also beside a process that writes."""
        return self._store.snapshot()

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

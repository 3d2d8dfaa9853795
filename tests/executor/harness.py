"""A sync as the program runs it, against a sandbox over real HTTP, without the command line around it."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalogue import GALLERY, merge, rows
from sandbox_faults import Sandbox

from amzsync.domain.product import Product
from amzsync.errors import StopError
from amzsync.executor.clocks import Clocks
from amzsync.executor.engine.engine import Bounds, End
from amzsync.executor.events import Notice, Progress
from amzsync.executor.run import (
    CheckResult,
    RefreshResult,
    RemovalResult,
    RunContext,
    RunResult,
    Server,
    check,
    prune,
    refresh,
    sync,
    undo,
)
from amzsync.executor.stop import StopRequest
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.queries import Totals
from amzsync.limits.windows import Limit
from amzsync.plytix.auth import Credentials, Secret

Clock = Callable[[], float]
BOUNDS = Bounds(workers=16)


@dataclass
class Reported:
    """What a run reported."""

    notices: list[str] = field(default_factory=list)
    progresses: list[Progress] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        self.progresses.append(progress)

    @property
    def last(self) -> Progress | None:
        return self.progresses[-1] if self.progresses else None

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice.message)


@dataclass
class Ran:
    """What a run came to: `requests` by kind as the engine counted them, `asked` as the sandbox did."""

    end: End | None = None
    error: StopError | None = None
    requests: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    reported: Reported = field(default_factory=Reported)
    totals: Totals | None = None
    checked: CheckResult | None = None

    @property
    def total(self) -> int:
        return self.requests.total()

    @property
    def writes(self) -> int:
        """Requests that change products or assets."""
        return sum(self.requests[kind] for kind in ("asset_upload", "product_write", "link"))


@dataclass(frozen=True)
class Removed:
    """What a prune or an undo came to, and what the sandbox was `asked` for it."""

    result: RemovalResult
    run_id: int
    asked: Counter[str]

    @property
    def requests(self) -> Counter[str]:
        return Counter(self.result.run.requests_by_kind)

    @property
    def reasons(self) -> list[tuple[str, str]]:
        return [(one.sku, one.reason) for one in self.result.left]


class SyncHarness:
    """A ledger and the sandbox it works on."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self.sandbox = sandbox
        self.path = path

    def plan(self, *products: Product, seed: bool = True, **options: Any) -> None:
        """Merge these as the whole mapping; `seed` makes the products exist in Plytix."""
        if seed:
            self.sandbox.seed(product.sku for product in products)
        with Ledger.write(self.path) as ledger:
            merge(ledger, products, **options)

    def delete_ledger(self) -> None:
        """Delete the ledger's files."""
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()

    def apply(
        self,
        *,
        skip_existing: bool = False,
        retry_failed: bool = False,
        gallery: str = GALLERY,
        clock: Clock = time.monotonic,
        wall: Clock = time.time,
        bounds: Bounds = BOUNDS,
        stop: StopRequest | None = None,
        limits: Sequence[Limit] = (),
        state_folder: Path | None = None,
        wanting: Sequence[Product] | None = None,
        complete: bool = False,
        read_first: bool = False,
        prunes: bool = False,
    ) -> Ran:
        """Work through everything pending; `wanting` is planned as a part of the run. `prunes`: `--prune`."""
        with Ledger.write(self.path) as ledger:
            if retry_failed:
                ledger.work().retry_failed()
            run_id = None
            if wanting is not None:
                self.sandbox.seed(product.sku for product in wanting)
                run_id = ledger.runs.start("apply", {}, os.getpid(), ())
                merge(ledger, wanting, run_id=run_id, complete=complete)
            removals = list(ledger.work().removals()) if prunes else []
            if not (read_first or removals or ledger.work().has_open_work()):
                return Ran(End.DONE, totals=ledger.queries.totals(None))
            run_id = run_id or ledger.runs.start("apply", {}, os.getpid(), ())
            ledger.work(run_id).add_tasks((one.product_id, one.asset_ids) for one in removals)
            ran = Ran()
            context = RunContext(
                ledger=ledger,
                server=self._server,
                limits=tuple(limits),
                gallery_label=gallery,
                listener=ran.reported,
                stop=StopRequest() if stop is None else stop,
                bounds=bounds,
                clocks=Clocks(clock, wall, boot=lambda: 0.0, random=random.random),
                state_folder=state_folder,
            )

            def work() -> RunResult:
                read = refresh(context, run_id) if read_first else RefreshResult()
                if not (removals or ledger.work().has_open_work()):
                    return read.run
                done = sync(context, run_id, skip_existing=skip_existing, readings=read.readings)
                return done.after(read.run)

            return self._ran(ran, ledger, run_id, work)

    def prune(
        self,
        *,
        delete_assets: bool = False,
        bounds: Bounds = BOUNDS,
        stop: StopRequest | None = None,
        limits: Sequence[Limit] = (),
        run_id: int | None = None,
    ) -> Removed:
        """Take out all that a prune would; `run_id` carries on an earlier one."""
        with Ledger.write(self.path) as ledger:
            if run_id is None:
                run_id = ledger.runs.start("prune", {}, os.getpid(), ())
                work = ledger.work(run_id)
                work.add_tasks((one.product_id, one.asset_ids) for one in work.removals())
            context = self._context(ledger, bounds, stop, limits)
            return self._removed(lambda: prune(context, run_id, delete_assets=delete_assets), run_id)

    def undo(
        self,
        run: int | None = None,
        *,
        delete_assets: bool = False,
        bounds: Bounds = BOUNDS,
        stop: StopRequest | None = None,
        run_id: int | None = None,
    ) -> Removed:
        """Take back a run, or the last that wrote; `run_id` carries on an earlier undo."""
        with Ledger.write(self.path) as ledger:
            undone = run or ledger.work().last_writer()
            assert undone is not None
            if run_id is None:
                run_id = ledger.runs.start("undo", {}, os.getpid(), ())
                ledger.work(run_id).add_undo_tasks(undone)
            context = self._context(ledger, bounds, stop, ())
            return self._removed(
                lambda: undo(context, run_id, undone_run=undone, delete_assets=delete_assets), run_id
            )

    def _context(
        self, ledger: Ledger, bounds: Bounds, stop: StopRequest | None, limits: Sequence[Limit]
    ) -> RunContext:
        return RunContext(
            ledger=ledger,
            server=self._server,
            limits=tuple(limits),
            gallery_label=GALLERY,
            stop=StopRequest() if stop is None else stop,
            bounds=bounds,
            # A busy machine is slow: what is counted must not depend on it; no retry waits for it.
            clocks=Clocks(
                lambda: time.monotonic() / 50,
                lambda: time.time() / 50,
                boot=lambda: 0.0,
                random=lambda: 0.0,
            ),
        )

    def _removed(self, work: Callable[[], RemovalResult], run_id: int) -> Removed:
        before = Counter(self.sandbox.counts)
        result = work()
        if result.run.error and not isinstance(result.run.error, StopError):
            raise result.run.error
        return Removed(result, run_id, Counter(self.sandbox.counts) - before)

    def _reading_context(self, ledger: Ledger, ran: Ran, bounds: Bounds) -> RunContext:
        return RunContext(
            ledger=ledger,
            server=self._server,
            limits=(),
            gallery_label=GALLERY,
            listener=ran.reported,
            stop=StopRequest(),
            bounds=bounds,
        )

    def refresh(self, bounds: Bounds = BOUNDS) -> Ran:
        """Read what is there."""
        with Ledger.write(self.path) as ledger:
            ran = Ran()
            context = self._reading_context(ledger, ran, bounds)
            return self._ran(ran, ledger, None, lambda: refresh(context).run)

    def check(self, bounds: Bounds = BOUNDS) -> Ran:
        """Look at everything wanted."""
        with Ledger.write(self.path) as ledger:
            ran = Ran()
            context = self._reading_context(ledger, ran, bounds)

            def work() -> RunResult:
                ran.checked = check(context)
                return ran.checked.run

            return self._ran(ran, ledger, None, work)

    @property
    def _server(self) -> Server:
        credentials = Credentials(Secret("sandbox-key"), Secret("sandbox-password"))
        return Server(self.sandbox.url, self.sandbox.auth_url, credentials)

    def _ran(self, ran: Ran, ledger: Ledger, run_id: int | None, work: Callable[[], RunResult]) -> Ran:
        before = Counter(self.sandbox.counts)
        result = work()
        if result.error is None:
            ran.end = result.end
        elif isinstance(result.error, StopError):
            ran.error = result.error
        else:
            raise result.error
        ran.requests = Counter(result.requests_by_kind)
        ran.asked = Counter(self.sandbox.counts) - before
        ran.totals = ledger.queries.totals(run_id)
        return ran

    def ledger(self) -> Ledger:
        """Open for a look."""
        return Ledger.read(self.path)

    # What came of it.

    def gallery(self, sku: str) -> list[str]:
        """Filenames in the order of the gallery."""
        return list(self.sandbox.snapshot().products[sku].gallery)

    def thumbnail(self, sku: str) -> str | None:
        return self.sandbox.snapshot().products[sku].thumbnail

    @property
    def pictures(self) -> Mapping[str, tuple[str | None, tuple[str, ...]]]:
        return self.sandbox.snapshot().pictures

    def failures(self) -> list[tuple[str, str, int | None, str]]:
        """(table, SKU, HTTP status, message) of every failure kept, in the order they came."""
        return rows(
            self.path,
            "SELECT row_table, sku, failures.status, message FROM failures"
            " LEFT JOIN products ON products.id = product_id ORDER BY row_table, sku",
        )

    def reasons(self, table: str = "links") -> dict[str, set[tuple[str, str | None]]]:
        """State and reason of each product's rows."""
        found: dict[str, set[tuple[str, str | None]]] = {}
        for sku, state, reason in rows(
            self.path,
            f"SELECT sku, {table}.state, {table}.reason FROM {table}"
            " JOIN products ON products.id = product_id",
        ):
            found.setdefault(sku, set()).add((state, reason))
        return found

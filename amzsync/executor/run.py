"""The entry points of the executor. Only this module knows how its parts fit together."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from operator import attrgetter
from typing import Any, TypeVar

from amzsync.errors import AmzsyncError, StopError
from amzsync.executor.context import CheckResult, RunContext, RunResult, Server, TokenFacts
from amzsync.executor.engine.engine import End, Engine
from amzsync.executor.engine.engine_parts import EngineParts
from amzsync.executor.engine.failures import Failures
from amzsync.executor.engine.sender import Sender
from amzsync.executor.engine.slots import Slots
from amzsync.executor.engine.tokens import Tokens
from amzsync.executor.events import Notice
from amzsync.executor.other_runs import OtherRuns
from amzsync.executor.progress import ProgressMeter
from amzsync.executor.scheduler.scheduler import OptionalScripts, Scheduler
from amzsync.executor.scheduler.script import Script
from amzsync.executor.scripts.bulk import AssetsByName, ProductsBySku
from amzsync.executor.scripts.check import check_product
from amzsync.executor.scripts.context import ScriptContext, SyncContext
from amzsync.executor.scripts.gallery_check import check_gallery, is_checked
from amzsync.executor.scripts.recheck import Recheck
from amzsync.executor.scripts.recheck_scripts import RecheckScripts
from amzsync.executor.scripts.record import Record
from amzsync.executor.scripts.refresh import refresh_product
from amzsync.executor.scripts.sync import sync_product
from amzsync.executor.scripts.traits import AccountTraits
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.queries import Outstanding
from amzsync.ledger.rows import ProductWork
from amzsync.limits.api import PAGE_SIZE
from amzsync.plytix.auth import Secret
from amzsync.plytix.client import search_assets

__all__ = [
    "CheckResult",
    "RunContext",
    "RunResult",
    "ScriptContext",
    "Server",
    "TokenFacts",
    "check",
    "inspect",
    "refresh",
    "sync",
]

T = TypeVar("T")


def sync(context: RunContext, run_id: int, *, skip_existing_reason: str | None = None) -> RunResult:
    """Work through everything pending.

    `skip_existing_reason`: skip, for this reason, a product whose gallery already holds any image.
    """
    ledger, label = context.ledger, context.gallery_label
    work = ledger.work(run_id)
    work.want_needed_assets()
    with (
        _other_runs(context) as has_other_runs,
        _running(context, Record(work), ledger.queries.outstanding()) as running,
    ):
        shared = SyncContext(
            gallery_label=label,
            record=running.record,
            products_by_sku=ProductsBySku(label),
            assets_by_name=AssetsByName(),
            traits=AccountTraits(context.listener),
            recheck=Recheck(has_other_runs, running.was_refused, context.listener, context.clocks.monotonic),
            skip_existing_reason=skip_existing_reason,
        )
        running.check_gallery()
        running.work(
            (sync_product(product, shared) for product in _all_products(work.next_products)),
            RecheckScripts(shared),
        )
        if running.end is End.DONE and not running.error:
            work.skip_unneeded_assets()
    return running.result()


def refresh(context: RunContext) -> RunResult:
    """Read what Plytix has of everything wanted, and write nothing to it."""
    result, _ = inspect(context, refresh_product)
    return result


def check(context: RunContext) -> CheckResult:
    """Look at everything wanted, and tell what differs. It is kept as seen; no row changes its state."""
    ledger, label = context.ledger, context.gallery_label
    work = ledger.work()
    with _running(context, Record(work), Outstanding(work.count_to_check(), assets=0)) as running:
        running.check_gallery()
        shared = ScriptContext(label, running.record, ProductsBySku(label), AssetsByName())
        scripts = (check_product(product, shared) for product in _all_products(work.products_to_check))
        checked = sorted(running.work(scripts), key=attrgetter("product_id"))
    differing = tuple(one.change for one in checked if one.change.signs)
    return CheckResult(running.result(), len(checked), differing, sum(one.others for one in checked))


def inspect(
    context: RunContext, script_of: Callable[[ProductWork, ScriptContext], Script[T | None]]
) -> tuple[RunResult, list[T]]:
    """Run a script for each wanted product that has images; what they return, but for None.

    The scripts are to read from Plytix only: nothing here guards against other runs.
    """
    ledger, label = context.ledger, context.gallery_label
    work = ledger.work()
    with _running(context, Record(work), ledger.queries.to_refresh()) as running:
        shared = ScriptContext(label, running.record, ProductsBySku(label), AssetsByName())
        scripts = (script_of(product, shared) for product in _all_products(work.products_with_images))
        found = running.work(scripts)
    return running.result(), found


@contextmanager
def _other_runs(context: RunContext) -> Iterator[Callable[[], bool]]:
    """Whether other runs have been active on the same Plytix."""
    if context.state_folder is None:
        yield lambda: False
        return
    with OtherRuns(context.state_folder, context.server.api_url) as others:
        yield others.were_active


def _all_products(page: Callable[[int, int], list[ProductWork]]) -> Iterator[ProductWork]:
    after_id = 0
    while products := page(after_id, PAGE_SIZE):
        yield from products
        after_id = products[-1].id


@contextmanager
def _running(context: RunContext, record: Record, outstanding: Outstanding) -> Iterator["_Running"]:
    """Build the parts of one run, and release them in the end."""
    clocks, counted = context.clocks, context.request_log or context.ledger
    workers = context.start_workers(context.server, context.bounds.workers)
    slots = Slots(context.limits, counted.request_log(), clocks.monotonic)

    def check_token(token: Secret) -> StopError | None:
        facts = context.read_token(token)
        if facts.limits is not None:
            slots.configure(facts.limits)
        return facts.error

    sender = Sender(workers, slots, _in_both(context.ledger, counted), clocks.now)
    engine = Engine(
        EngineParts(
            sender,
            Tokens(workers.token_call, check_token),
            Failures(context.bounds.retry, context.bounds.outage_s, clocks.monotonic, clocks.random),
            clocks,
        ),
        bounds=context.bounds,
        stop=context.stop,
        listener=context.listener,
        health_check=search_assets(["amzsync"]),
    )
    context.stop.on_request(workers.wake)
    try:
        yield _Running(context, record, outstanding, sender, engine)
    finally:
        workers.close()
        for deprecation in sorted(workers.deprecations):
            context.listener.notice(Notice(f"Plytix announces: {deprecation}"))


class _Running:
    """A run while it works, and what it has come to so far."""

    def __init__(
        self, context: RunContext, record: Record, outstanding: Outstanding, sender: Sender, engine: Engine
    ) -> None:
        self.record = record
        self._context = context
        self._counted = context.request_log or context.ledger
        self._outstanding = outstanding
        self._sender = sender
        self._engine = engine
        self._started = context.clocks.monotonic()
        self.end = End.DONE
        self.error: AmzsyncError | None = None

    def was_refused(self) -> bool:
        """Whether Plytix has answered 429 to any request."""
        return self._sender.slots.was_refused

    def check_gallery(self) -> None:
        """Ask once for each ledger whether the gallery is one."""
        kept, label = self._counted.runs, self._context.gallery_label
        if not is_checked(kept, label):
            self.work(check_gallery(kept, label) for _ in range(1))

    def work(self, scripts: Iterator[Script[Any]], optional: OptionalScripts | None = None) -> list[Any]:
        """Run these scripts to their end; what they return. Does nothing once the run has ended."""
        if self.error or self.end is not End.DONE:
            return []
        slots = self._sender.slots
        scheduler = Scheduler(scripts, self._context.clocks, slots, optional)
        meter = ProgressMeter(self._outstanding, self.record, scheduler, slots)
        try:
            for event in self._engine.run(scheduler):
                if isinstance(event, End):
                    self.end = event
                else:
                    self._context.listener.progress(meter.progress(event))
        except AmzsyncError as error:
            self.error = error
        return scheduler.results

    def result(self) -> RunResult:
        seconds = self._context.clocks.monotonic() - self._started
        return RunResult(self.end, dict(self._sender.requests), seconds, self.error)


def _in_both(ledger: Ledger, counted: Ledger) -> Callable[[], AbstractContextManager[None]]:
    """One transaction in the ledger, and where requests are counted elsewhere, one there too."""
    if ledger is counted:
        return ledger.atomic

    @contextmanager
    def both() -> Iterator[None]:
        with ledger.atomic(), counted.atomic():
            yield

    return both

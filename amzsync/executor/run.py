"""The entry points of the executor. Only this module knows how its parts fit together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from operator import attrgetter
from typing import TypeVar

from amzsync.executor.clocks import age_s
from amzsync.executor.context import (
    Asked,
    CheckResult,
    RefreshResult,
    RunContext,
    RunResult,
    Server,
    TokenFacts,
    start_workers,
)
from amzsync.executor.engine.engine import End
from amzsync.executor.engine.workers import Workers
from amzsync.executor.pictures import PictureSource, look_at_pictures, replace_pictures
from amzsync.executor.probing import Left, ProbeResult, probe
from amzsync.executor.removal_result import RemovalResult, removal_result
from amzsync.executor.running import Running, account_traits, noticing_other_runs, running
from amzsync.executor.scheduler.script import Script
from amzsync.executor.scripts.bulk import AssetsByName, AssetsInUse, ProductsAndMedia, ProductsBySku
from amzsync.executor.scripts.check import check_product
from amzsync.executor.scripts.context import RemovalContext, ScriptContext, SyncContext
from amzsync.executor.scripts.delete_assets import delete_unused_asset
from amzsync.executor.scripts.look import look_first
from amzsync.executor.scripts.media_labels import find_media_labels
from amzsync.executor.scripts.product import KnownReading
from amzsync.executor.scripts.prune import prune_product
from amzsync.executor.scripts.recheck import Recheck
from amzsync.executor.scripts.recheck_scripts import RecheckScripts
from amzsync.executor.scripts.record import Record
from amzsync.executor.scripts.refresh import refresh_product
from amzsync.executor.scripts.sync import sync_product
from amzsync.executor.scripts.undo import undo_product
from amzsync.ledger.queries import Outstanding
from amzsync.ledger.rows import Kept, ProductWork, UnusedAsset
from amzsync.ledger.tasks import Task
from amzsync.ledger.work import Work
from amzsync.limits.api import PAGE_SIZE

__all__ = [
    "Asked",
    "CheckResult",
    "KnownReading",
    "Left",
    "PictureSource",
    "ProbeResult",
    "RefreshResult",
    "RemovalResult",
    "RunContext",
    "RunResult",
    "ScriptContext",
    "Server",
    "TokenFacts",
    "Workers",
    "ask",
    "check",
    "inspect",
    "look_at_pictures",
    "probe",
    "prune",
    "refresh",
    "start_workers",
    "sync",
    "undo",
]

T = TypeVar("T")

_RECENT_S = 60.0
"""So old a reading may be for a sync to begin with; what a write rests on is read again after 3 seconds."""

_MOST_PASSES = 10
"""More than one only where assets vanish that products share which were done before."""


def sync(
    context: RunContext,
    run_id: int,
    *,
    skip_existing: bool = False,
    readings: Mapping[int, KnownReading] | None = None,
    pictures: PictureSource | None = None,
) -> RunResult:
    """Work through everything pending, and take out what the run's tasks name.

    `skip_existing`: skip every product whose gallery already holds any image, not only those whose mapping
    wants that. `readings` are those of a refresh just before, by product. `pictures`: where to fetch
    those that have changed.
    """
    ledger, label = context.ledger, context.gallery_label
    work, traits = ledger.work(run_id), account_traits(context)
    work.want_needed_assets()
    with (
        noticing_other_runs(context) as has_other_runs,
        running(context, Record(work), ledger.queries.outstanding()) as run,
    ):
        shared = SyncContext(
            gallery_label=label,
            record=run.record,
            products_by_sku=ProductsBySku(label),
            assets_by_name=AssetsByName(),
            traits=traits,
            recheck=Recheck(
                has_other_runs,
                run.was_refused,
                context.listener,
                context.clocks.monotonic,
                traits.search_lag_s,
            ),
            skip_existing=skip_existing,
            recent_reading=_recent(readings or {}, context),
        )
        run.check_gallery()
        traits.tell()
        for _ in range(_MOST_PASSES):
            run.record.has_lost_assets = False
            run.work(
                chain(
                    look_first(context.ledger.probes, shared),
                    (sync_product(product, shared) for product in _all_products(work.next_products)),
                ),
                RecheckScripts(shared),
            )
            if not run.record.has_lost_assets:
                break
        if run.end is End.DONE and not run.error:
            work.skip_unneeded_assets()
            if work.open_tasks():
                pruning = _removal_context(run, context)
                run.work(prune_product(task, pruning) for task in _all_tasks(work))
            if pictures:
                replace_pictures(run, context, ledger.pictures(run_id), pictures)
    return run.result()


def refresh(context: RunContext, run_id: int | None = None) -> RefreshResult:
    """Read what Plytix has of everything wanted that this run has not seen yet, and write nothing to it."""
    result, found = inspect(context, refresh_product, run_id)
    return RefreshResult(result, {one.product_id: one.known for one in found})


def check(context: RunContext) -> CheckResult:
    """Look at everything wanted, and tell what differs. It is kept as seen; no row changes its state."""
    work = context.ledger.work()
    with running(context, Record(work), Outstanding(work.count_to_check(), assets=0)) as run:
        run.check_gallery()
        shared = _reading_context(run, context)
        scripts = chain(
            look_first(context.ledger.probes, shared),
            (check_product(product, shared) for product in _all_products(work.products_to_check)),
        )
        checked = sorted(run.work(scripts), key=attrgetter("product_id"))
    differing = tuple(one.change for one in checked if one.change.signs)
    return CheckResult(run.result(), len(checked), differing, sum(one.others for one in checked))


def prune(context: RunContext, run_id: int, *, delete_assets: bool = False) -> RemovalResult:
    """Take out what the run's tasks name.

    `delete_assets`: also delete what this ledger uploaded, nothing in it wants, and nobody uses.
    """
    work = context.ledger.work(run_id)
    with _removing(context, run_id) as (run, shared):
        run.work(prune_product(task, shared) for task in _all_tasks(work))
        left = _delete_assets(run, shared) if delete_assets else []
    return removal_result(work, run.result(), left)


def undo(context: RunContext, run_id: int, *, undone_run: int, delete_assets: bool = False) -> RemovalResult:
    """Take back what a run did to the products of this run's tasks.

    `delete_assets`: also delete what that run uploaded, nothing wants now, and nobody uses.
    """
    work = context.ledger.work(run_id)
    left: list[Kept] = []
    with _removing(context, run_id) as (run, shared):
        run.work(undo_product(task, undone_run, shared) for task in _all_tasks(work))
        if run.end is End.DONE and not run.error:
            work.release_unwanted_assets()
            left = _delete_assets(run, shared, undone_run) if delete_assets else []
    return removal_result(work, run.result(), left)


def inspect(
    context: RunContext,
    script_of: Callable[[ProductWork, ScriptContext], Script[T | None]],
    run_id: int | None = None,
) -> tuple[RunResult, list[T]]:
    """Run a script for each wanted product with images that this run has not seen; what they return.

    The scripts are to read from Plytix only: nothing here guards against other runs.
    """
    work = context.ledger.work(run_id)
    with running(context, Record(work), context.ledger.queries.to_refresh()) as run:
        shared = _reading_context(run, context)
        scripts = (script_of(product, shared) for product in _all_products(work.products_to_read))
        found = run.work(scripts)
    return run.result(), found


def ask(
    context: RunContext,
    scripts_of: Callable[[ScriptContext], Iterator[Script[T]]],
    *,
    products: int = 0,
) -> Asked[T]:
    """Run scripts that are about no row of the ledger; `products` is how many they count as done.

    Nothing here guards against other runs: none of them may write to a product.
    """
    record = Record(context.ledger.work())
    with running(context, record, Outstanding(products, assets=0), announces=False) as run:
        shared = _reading_context(run, context)
        answers = run.work(scripts_of(shared))
        return Asked(run.result(), tuple(answers), run.observed)


def _recent(
    readings: Mapping[int, KnownReading], context: RunContext
) -> Callable[[int], KnownReading | None]:
    """The reading of a product, where that is recent: once, as what is written after it is not in it."""
    left = dict(readings)

    def recent(product_id: int) -> KnownReading | None:
        known = left.pop(product_id, None)
        return known if known and age_s(known.reading.sent, context.clocks.now()) <= _RECENT_S else None

    return recent


@contextmanager
def _removing(context: RunContext, run_id: int) -> Iterator[tuple[Running, RemovalContext]]:
    """A run that takes something back: what its scripts share, once the account's attributes are known."""
    work = context.ledger.work(run_id)
    with (
        noticing_other_runs(context),
        running(context, Record(work), Outstanding(work.open_tasks(), 0)) as run,
    ):
        yield run, _removal_context(run, context)


def _reading_context(run: Running, context: RunContext) -> ScriptContext:
    label = context.gallery_label
    return ScriptContext(label, run.record, ProductsBySku(label), AssetsByName(), account_traits(context))


def _removal_context(run: Running, context: RunContext) -> RemovalContext:
    label, has_tasks = context.gallery_label, bool(run.record.work.open_tasks())
    media = run.work(find_media_labels(label) for _ in range(has_tasks))
    return RemovalContext(
        gallery_label=label,
        record=run.record,
        products=ProductsAndMedia(label, media[0] if media else None),
        assets_in_use=AssetsInUse(),
        traits=account_traits(context),
    )


def _delete_assets(run: Running, shared: RemovalContext, uploaded_by: int | None = None) -> list[Kept]:
    unused = _all_unused(shared.record.work, uploaded_by)
    return run.work(delete_unused_asset(asset, shared) for asset in unused)


def _all_tasks(work: Work) -> Iterator[Task]:
    after_id = 0
    while tasks := work.next_tasks(after_id, PAGE_SIZE):
        yield from tasks
        after_id = tasks[-1].product_id


def _all_unused(work: Work, uploaded_by: int | None) -> Iterator[UnusedAsset]:
    after_id = 0
    while assets := work.unused_assets(after_id, PAGE_SIZE, uploaded_by):
        yield from assets
        after_id = assets[-1].id


def _all_products(page: Callable[[int, int], list[ProductWork]]) -> Iterator[ProductWork]:
    after_id = 0
    while products := page(after_id, PAGE_SIZE):
        yield from products
        after_id = products[-1].id

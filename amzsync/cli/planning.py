"""From mapping files to a planned ledger, and to the plan that people see."""

import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from amzsync.cli.limits import ChosenLimits
from amzsync.cli.machine import this_machine
from amzsync.cli.run_options import RunOptions
from amzsync.cli.usage import UsageError
from amzsync.config import Account
from amzsync.errors import LedgerLockedError, MappingError
from amzsync.executor.scripts.gallery_check import is_checked
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.ledger.opening import remove_ledger
from amzsync.ledger.part import Among, Part
from amzsync.ledger.queries import Outstanding
from amzsync.ledger.tasks import RemovalCost
from amzsync.limits.forecast import Forecast, TakingOut, forecast
from amzsync.limits.windows import Limit
from amzsync.mapping.read import NamedColumns, is_table, read_products
from amzsync.mapping.source import STANDARD_INPUT, MappingSource, open_mapping, told_name
from amzsync.planner import PlanCounts, Planner, settle
from amzsync.views.plan import AccountView, Cost, Kept, PlanView
from amzsync.views.report import Metadata

__all__ = [
    "OpenLedger",
    "check_mappings",
    "choose_part",
    "forecast_of",
    "gallery_label",
    "metadata",
    "named_columns",
    "open_for_planning",
    "plan_counts",
    "plan_into",
    "plan_view",
    "planned_sources",
    "unless_unplanned",
]

_COUNTS = "plan_counts"
_SOURCES = "plan_sources"
_DEFAULT_GALLERY = "amazon_images"
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger to plan into; unless that is kept, it is a copy."""

    ledger: Ledger
    kept: Kept


@contextmanager
def unless_unplanned(path: Path, *, is_new: bool) -> Iterator[None]:
    """A ledger that is new, and is closed again because the mapping is none, goes again."""
    try:
        yield
    except MappingError:
        if is_new:
            remove_ledger(path)
        raise


@contextmanager
def open_for_planning(path: Path, *, dry_run: bool = False) -> Iterator[OpenLedger]:
    """The ledger under its lock; in a dry run, or beside a running apply, a copy that is thrown away."""
    if dry_run:
        with Ledger.copy(path, this_machine().ledger_clocks) as ledger:
            yield OpenLedger(ledger, Kept.NOT_IN_A_DRY_RUN)
        return
    lock, is_new = WriterLock(path), not path.exists()
    try:
        lock.acquire()
    except LedgerLockedError:
        with Ledger.copy(path, this_machine().ledger_clocks) as ledger:
            yield OpenLedger(ledger, Kept.NOT_WHILE_IN_USE)
        return
    try:
        clocks = this_machine().ledger_clocks
        with unless_unplanned(path, is_new=is_new), Ledger.write(path, clocks) as ledger:
            ledger.runs.hold("plan", os.getpid())
            yield OpenLedger(ledger, Kept.YES)
    finally:
        lock.release()


def gallery_label(ledger: Ledger, options: RunOptions) -> str:
    return options.mapping.gallery or ledger.runs.setting("gallery") or _DEFAULT_GALLERY


def check_mappings(options: RunOptions) -> tuple[MappingSource, ...]:
    """The mappings as they are now; standard input is read here, to its end.

    Raises:
        MappingError: one cannot be read.
        UsageError: standard input is named twice, or columns are and no mapping has any.
    """
    paths = options.mapping.mappings
    if paths.count(STANDARD_INPUT) > 1:
        raise UsageError("Standard input can be read only once. Name `-` once.")
    sources = tuple(open_mapping(path, sys.stdin.buffer if sys.stdin else None) for path in paths)
    if named_columns(options) != NamedColumns() and sources and not any(map(is_table, sources)):
        names = ", ".join(source.name for source in sources)
        raise UsageError(f"--sku-column and --url-column are for tables, and this is none: {names}.")
    return sources


def named_columns(options: RunOptions) -> NamedColumns:
    """The columns of tables that the options name."""
    return NamedColumns(options.mapping.sku_column, options.mapping.url_columns)


def plan_into(
    ledger: Ledger, options: RunOptions, sources: tuple[MappingSource, ...], run_id: int | None = None
) -> None:
    """Merge the mappings into the ledger. `run_id`: so that undoing the run also undoes this.

    Without a mapping, what is planned stays so, but that small images are left out or not, as now wanted.

    Raises:
        MappingError: one of them is no mapping; the ledger stays as it was.
    """
    if not sources:
        ledger.merge.leave_out_small(options.images.smallest)
        return
    label, wanted = gallery_label(ledger, options), options.mapping
    planner = Planner(
        ledger.merge.known_rows(),
        gallery_label=label,
        allow_private=wanted.allow_private_urls,
        is_complete=wanted.is_complete,
    )
    columns = named_columns(options)
    for source in sources:
        for product in read_products(source, marketplace=wanted.marketplace, columns=columns):
            planner.add(product)
    plan = settle(planner)
    ledger.merge.apply(
        plan,
        gallery_label=label,
        skip_existing=wanted.skip_existing,
        smallest=options.images.smallest,
        settings={
            _COUNTS: json.dumps(dataclasses.asdict(plan.counts)),
            _SOURCES: json.dumps([str(source.path) for source in sources]),
        },
        mappings=[source.full_name for source in sources],
        run_id=run_id,
    )


def forecast_of(
    outstanding: Outstanding,
    limits: Sequence[Limit],
    ledger: Ledger,
    gallery: str,
    *,
    prunes: bool = False,
) -> Forecast:
    """What is left costs at most, in an account as the last probe found it.

    `prunes`: with taking out what is no longer wanted.
    """
    known = ledger.probes.account_answers(gallery)
    single = ledger.queries.open_links() if known.writes_no_galleries else outstanding.single_links
    if known.reads_alone:
        # Each product by itself, and once more where the write would come too late.
        single += 2 * outstanding.products
    single += outstanding.pictures
    cost = ledger.work().removal_cost() if prunes else RemovalCost()
    return forecast(
        products=outstanding.products,
        assets=outstanding.assets,
        limits=limits,
        single_links=single,
        gallery_is_known=is_checked(ledger.runs, gallery),
        taking_out=TakingOut(cost.products, cost.writes),
    )


def plan_counts(ledger: Ledger) -> PlanCounts:
    """What the last planned mapping named."""
    kept = json.loads(ledger.runs.setting(_COUNTS) or "{}")
    names = {field.name for field in dataclasses.fields(PlanCounts)}
    return PlanCounts(**{name: value for name, value in kept.items() if name in names})


def planned_sources(ledger: Ledger) -> tuple[str, ...]:
    """The mappings that were planned last, as they were named."""
    return tuple(json.loads(ledger.runs.setting(_SOURCES) or "[]"))


def metadata(ledger: Ledger, options: RunOptions, *, dry_run: bool) -> Metadata:
    return Metadata(
        sources=tuple(map(told_name, planned_sources(ledger))),
        synced_at=datetime.now(UTC),
        dry_run=dry_run,
        skip_existing=options.mapping.skip_existing,
        part=ledger.selection.chosen,
    )


def choose_part(ledger: Ledger, options: RunOptions) -> None:
    """Choose what the options name. What Plytix lacks or Amazon has changed is not known: any product counts.

    Raises:
        PartError: a SKU matches nothing.
    """
    if options.apply.refresh or options.images.pictures:
        among = Among.WANTED
    else:
        among = Among.RETRIED if options.apply.retry_failed else Among.OPEN
    ledger.selection.choose(Part(options.part.skus, options.part.limit), among)


def plan_view(
    opened: OpenLedger,
    options: RunOptions,
    limits: ChosenLimits,
    *,
    account: Account | None,
    refreshed: bool = False,
    dry_run: bool = True,
) -> PlanView:
    """The plan as it stands in the ledger."""
    ledger = opened.ledger
    queries = ledger.queries
    counts = plan_counts(ledger)
    tables = queries.counts()
    to_replace = ledger.pictures().count_to_replace() if options.images.pictures else 0
    outstanding = dataclasses.replace(queries.outstanding(tables), pictures=to_replace)
    gallery, prunes = gallery_label(ledger, options), options.removal.prune
    return PlanView(
        counts=counts,
        totals=queries.totals(None, tables),
        cost=Cost(
            outstanding,
            forecast_of(outstanding, limits.limits, ledger, gallery, prunes=prunes),
            limits.limits,
            limits.origin,
        ),
        tables=tables,
        changes=ledger.changes,
        change_totals=ledger.changes.totals(options.images.min_size),
        failures=tuple(queries.failure_groups(_EXAMPLES)),
        metadata=metadata(ledger, options, dry_run=dry_run),
        account=AccountView(account.name, account.api_host, account.source) if account else None,
        gallery=gallery,
        refreshed=refreshed,
        kept=opened.kept,
        prunes=prunes,
    )

"""`amzsync report`: a page with the images of the products. Reads only the ledger.

`apply`, `resume` and `check` write the same page at their end.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from amzsync.cli.exits import ExitCode
from amzsync.cli.machine import this_machine
from amzsync.cli.output import local_now
from amzsync.cli.report_options import ReportOptions
from amzsync.cli.result import CommandResult, PageFile
from amzsync.cli.run_options import RunOptions
from amzsync.domain.exports import Reported
from amzsync.executor.engine.engine import End
from amzsync.executor.run import CheckResult
from amzsync.ledger.galleries import GalleryRow
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.part import Among, Part
from amzsync.views.report_files import check_page
from amzsync.views.report_page import Basis, ReportPage

__all__ = ["checked_page_file", "page_file", "report"]

_RUNS_SHOWN = 5
_EXAMPLES = 5
_FROM_LEDGER = Basis(is_checked=False)


def report(wanted: ReportOptions, options: RunOptions, resources: ExitStack) -> CommandResult:
    """The images of the products, as the ledger knows them."""
    check_page(wanted.file)
    ledger = resources.enter_context(Ledger.read(options.target.ledger, this_machine().ledger_clocks))
    ledger.selection.choose(Part(options.part.skus), Among.KNOWN)
    resources.enter_context(ledger.snapshot())
    rows = partial(ledger.galleries.rows, wanted.only, options.part.limit)
    return CommandResult(
        ExitCode.DONE, page=PageFile(wanted.file, lambda: _page(ledger, options, _FROM_LEDGER, rows))
    )


def page_file(ledger: Ledger, options: RunOptions) -> PageFile | None:
    """The page that a command writes besides, where that was asked for."""
    rows = partial(ledger.galleries.rows, Reported.ALL)
    return _page_file(options, lambda: _page(ledger, options, _FROM_LEDGER, rows))


def checked_page_file(ledger: Ledger, options: RunOptions, found: CheckResult) -> PageFile | None:
    """The same with what a check has just found."""
    differences = {change.sku: change for change in found.differences}
    is_whole = found.run.end is End.DONE
    rows = partial(ledger.galleries.rows, Reported.ALL, differences=differences, is_whole=is_whole)
    basis = Basis(is_checked=True, is_whole=is_whole)
    return _page_file(options, lambda: _page(ledger, options, basis, rows))


def _page_file(options: RunOptions, page: Callable[[], ReportPage]) -> PageFile | None:
    return PageFile(options.page.page, page) if options.page.page else None


def _page(
    ledger: Ledger, options: RunOptions, basis: Basis, rows: Callable[[], Iterator[GalleryRow]]
) -> ReportPage:
    return ReportPage(
        ledger=options.target.ledger,
        account=ledger.runs.account(),
        made_at=local_now(),
        basis=basis,
        counts=ledger.queries.counts(),
        runs=ledger.runs.latest(_RUNS_SHOWN),
        failures=tuple(ledger.queries.failure_groups(_EXAMPLES)),
        writer=ledger.galleries.last_writer(),
        rows=rows,
        gallery=ledger.galleries.gallery,
        min_size=options.images.min_size,
    )

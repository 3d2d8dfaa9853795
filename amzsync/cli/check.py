"""`amzsync check`: look at everything wanted in Plytix, and tell what differs. Changes nothing."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from amzsync.cli.accounts import chosen_account
from amzsync.cli.begin import check_gallery
from amzsync.cli.binding import AccountBinding
from amzsync.cli.exits import exit_code_of
from amzsync.cli.limits import chosen_limits
from amzsync.cli.machine import this_machine
from amzsync.cli.network import RunRequest, look_at_pictures, outcome_of
from amzsync.cli.network import check as look
from amzsync.cli.next_steps import after_check
from amzsync.cli.output import Output
from amzsync.cli.planning import check_mappings, gallery_label, plan_into
from amzsync.cli.report import checked_page_file
from amzsync.cli.result import CommandResult, Payload, Stream
from amzsync.cli.run_options import RunOptions
from amzsync.domain.picture_look import PictureLook
from amzsync.errors import LedgerError, LedgerLockedError
from amzsync.executor.engine.engine import End
from amzsync.executor.run import CheckResult
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.ledger.part import Among, Part
from amzsync.ledger.rows import Outcome
from amzsync.ledger.small_images import SmallImage
from amzsync.views.check import (
    CheckView,
    ImagesView,
    Took,
    check_json,
    lacks_something,
    render_check,
    render_check_in_short,
)
from amzsync.views.report_files import check_page

__all__ = ["check"]


def check(options: RunOptions, output: Output, resources: ExitStack) -> CommandResult:
    """Look on a copy, so that an apply can work meanwhile; then keep what was seen."""
    path = options.target.ledger
    if not options.mapping.mappings and not path.exists():
        raise LedgerError(f"There is no ledger at {path}, and no mapping to check.", "Add --mapping FILE.")
    if options.page.page:
        check_page(options.page.page)
    account = None if path.exists() else chosen_account(options)
    sources = check_mappings(options)
    _bring_up_to_date(path)
    kept = resources.enter_context(Ledger.write(path, this_machine().ledger_clocks))
    account = account or chosen_account(options, kept)
    AccountBinding(kept, account, same_account=options.target.same_account).check()
    if not sources:
        check_gallery(kept, options)
    copy = resources.enter_context(Ledger.copy(path, this_machine().ledger_clocks))
    if sources or options.images.skip_small:
        plan_into(copy, options, sources)
    _choose(copy, options, has_mapping=bool(sources))
    request = RunRequest(copy, kept, options, account, chosen_limits(options, account, kept), output)
    to_check, since = copy.work().count_to_check(), copy.seen.now()
    found = look(request)
    pictures = look_at_pictures(request) if _may_go_on(found) else None
    unkept = _keep(request, since)
    if found.run.error:
        raise found.run.error
    view = _view(request, found, pictures, to_check=to_check, is_kept=not unkept)
    return CommandResult(
        exit_code_of(view.outcome),
        _payload(view, copy.changes.small_images(options.images.min_size), output),
        (*account.warnings, *unkept),
        page=checked_page_file(copy, options, found),
    )


def _bring_up_to_date(path: Path) -> None:
    """Make the ledger, or bring its schema up to date; where another process writes to it, that was done."""
    lock = WriterLock(path)
    try:
        lock.acquire()
    except LedgerLockedError:
        return
    try:
        with Ledger.write(path, this_machine().ledger_clocks) as ledger:
            ledger.runs.hold("check", os.getpid())
    finally:
        lock.release()


def _choose(ledger: Ledger, options: RunOptions, *, has_mapping: bool) -> None:
    """The products of the part; with mappings, of those that they name."""
    part = Part(options.part.skus, options.part.limit)
    if has_mapping:
        ledger.selection.choose(Part(part.skus or ("*",), part.limit), Among.NAMED)
    else:
        ledger.selection.choose(part, Among.KNOWN)


def _keep(request: RunRequest, since: str) -> tuple[str, ...]:
    """Record what was seen; why that was not done."""
    if gallery_label(request.ledger, request.options) != gallery_label(request.request_log, request.options):
        return ("The ledger is for another gallery: what was seen is not recorded.",)
    lock = WriterLock(request.options.target.ledger)
    try:
        lock.acquire()
    except LedgerLockedError:
        return ("Another amzsync process is writing to this ledger: what was seen is not recorded.",)
    try:
        request.request_log.seen.keep(request.ledger.seen.since(since))
        request.request_log.pictures().keep(request.ledger.pictures().since(since))
    finally:
        lock.release()
    return ()


def _may_go_on(found: CheckResult) -> bool:
    return found.run.error is None and found.run.end is End.DONE


def _view(
    request: RunRequest, found: CheckResult, pictures: PictureLook | None, *, to_check: int, is_kept: bool
) -> CheckView:
    unreadable = tuple(one for one in request.ledger.queries.failures() if one.place)
    images = ImagesView(request.ledger.changes.small_totals(request.options.images.min_size), pictures)
    outcome = outcome_of(found.run.end)
    if pictures and pictures.is_stopped:
        outcome = Outcome.INTERRUPTED
    differs = unreadable or images.changed or any(map(lacks_something, found.differences))
    if outcome is Outcome.FINISHED and differs:
        outcome = Outcome.FAILURES
    return CheckView(
        ledger=request.options.target.ledger,
        account=request.account.name,
        to_check=to_check,
        products=found.products,
        differences=found.differences,
        others=found.others,
        unreadable=unreadable,
        outcome=outcome,
        took=Took(found.run.requests, found.run.seconds),
        is_kept=is_kept,
        next_steps=after_check(
            request.request_log,
            request.options,
            outcome,
            is_repairable=any(one.missing or one.is_moved or one.thumbnail for one in found.differences),
            has_changed_pictures=images.changed > 0,
        ),
        images=images,
    )


def _payload(view: CheckView, small: Iterator[SmallImage], output: Output) -> Payload:
    is_early = view.outcome in (Outcome.INTERRUPTED, Outcome.WAITING)
    brief = partial(render_check_in_short, view)
    return Payload(
        brief if is_early else partial(render_check, view, listing=output.listing),
        partial(check_json, view, small),
        Stream.ERR if is_early else Stream.OUT,
        brief,
        is_well=view.outcome is Outcome.FINISHED and not view.images.unseen,
    )

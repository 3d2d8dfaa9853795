"""`amzsync prune` and `amzsync undo`: shown first, bounded, asked, recorded, carried on."""

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from amzsync.cli.accounts import chosen_account
from amzsync.cli.binding import AccountBinding
from amzsync.cli.consent import is_agreed
from amzsync.cli.exits import ExitCode, exit_code_of
from amzsync.cli.limits import chosen_limits
from amzsync.cli.machine import this_machine
from amzsync.cli.network import RunRequest, outcome_of
from amzsync.cli.network import prune as take_out
from amzsync.cli.network import undo as take_back
from amzsync.cli.next_steps import after_removal, without_dry_run
from amzsync.cli.output import Output
from amzsync.cli.result import CommandResult, Payload, Stream
from amzsync.cli.run_options import RunOptions, record
from amzsync.domain.changes import Change
from amzsync.errors import AmzsyncError, LedgerError
from amzsync.executor.run import RemovalResult, RunResult
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.ledger.part import Among, Part
from amzsync.ledger.rows import Outcome, Run
from amzsync.views.next_steps import followed_by
from amzsync.views.removal import (
    Planned,
    RemovalView,
    planned_json,
    removal_json,
    render_planned,
    render_removal,
)

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["plan_removals", "prune", "resume_removal", "undo", "with_removals"]

_LEAST_LIMIT = 20
_DEFAULT_SHARE = 10


@dataclass(frozen=True, slots=True)
class _Plan:
    """`tasks` are the products to work on, with what a prune takes out of each."""

    planned: Planned
    changes: tuple[Change, ...]
    tasks: tuple[tuple[int, tuple[str, ...]], ...]


def prune(options: RunOptions, output: Output, resources: ExitStack) -> CommandResult:
    """Take out what is no longer wanted and this ledger had put there."""
    request = _open("prune", options, output, resources)
    return _begin("prune", request, _prune_plan(request))


def undo(options: RunOptions, output: Output, resources: ExitStack) -> CommandResult:
    """Take back what one run did."""
    request = _open("undo", options, output, resources)
    undone = _undone_run(request.ledger, options.removal.undone_run)
    request = replace(request, options=replace(options, removal=replace(options.removal, undone_run=undone)))
    return _begin("undo", request, _undo_plan(request, undone))


def resume_removal(request: RunRequest, run: Run, *, is_confirmed: bool) -> CommandResult:
    """Carry on a prune or an undo with what was planned for it."""
    undone = request.options.removal.undone_run if run.command == "undo" else None
    options, ledger = request.options, request.ledger
    if not options.apply.dry_run:
        ledger.runs.reopen(run.id, os.getpid())
    if options.apply.dry_run or not is_confirmed:
        ledger.selection.choose(Part(options.part.skus), Among.KNOWN)
        plan = _undo_plan(request, undone) if undone is not None else _prune_plan(request)
        if options.apply.dry_run:
            return _shown(request, plan)
        render_planned(plan.planned, plan.changes, request.output.out, request.output.listing)
        if not _is_agreed(request, run.id, plan.planned):
            return _declined(request, run.id)
        ledger.runs.confirmed(run.id)
    work = ledger.work(run.id)
    planned = Planned(options.target.ledger, request.account.name, undone, work.open_tasks(), images=0)
    return _work(request, run.id, planned)


def plan_removals(request: RunRequest, run_id: int) -> None:
    """For `apply --prune`: show what is to be taken out besides, and make it the run's tasks.

    Raises:
        LedgerError: that is more than was allowed; the run is ended.
    """
    plan = _prune_plan(request)
    render_planned(plan.planned, plan.changes, request.output.out, request.output.listing)
    try:
        check_limit(request.ledger, request.options.removal.max_delete, plan.planned.images)
    except LedgerError as error:
        request.ledger.runs.end(run_id, Outcome.PLANNED, {}, error.message)
        raise
    request.ledger.work(run_id).add_tasks(plan.tasks)


def with_removals(request: RunRequest, words: Callable[["Console"], None], console: "Console") -> None:
    """Print a plan, and what would be taken out besides."""
    words(console)
    plan = _prune_plan(request)
    console.print()
    render_planned(plan.planned, plan.changes, console, request.output.listing)


def check_limit(ledger: Ledger, max_delete: str | None, images: int) -> None:
    """Refuse to take out more than was allowed.

    Raises:
        LedgerError: more images would go; it names the number that would be needed.
    """
    standing = ledger.work().standing_links()
    if max_delete is None:
        allowed = max(_LEAST_LIMIT, standing * _DEFAULT_SHARE // 100)
    elif max_delete.endswith("%"):
        allowed = standing * int(max_delete[:-1]) // 100
    else:
        allowed = int(max_delete)
    if images > allowed:
        raise LedgerError(
            f"This would take out {images:,} of the {standing:,} images in place,"
            f" and at most {allowed:,} may go.",
            f"Look at them with --dry-run --all. To allow it, add --max-delete {images}.",
        )


def _open(name: str, options: RunOptions, output: Output, resources: ExitStack) -> RunRequest:
    """The ledger under its lock, or in a dry run a copy that is thrown away, with its account."""
    path = options.target.ledger
    if not path.exists():
        raise LedgerError(f"There is no ledger at {path}.", "Name it with --ledger FILE.")
    if options.apply.dry_run:
        ledger = resources.enter_context(Ledger.copy(path, this_machine().ledger_clocks))
    else:
        resources.enter_context(WriterLock(path))
        ledger = resources.enter_context(Ledger.write(path, this_machine().ledger_clocks))
        ledger.runs.hold(name, os.getpid())
    account = chosen_account(options, ledger)
    AccountBinding(ledger, account, same_account=options.target.same_account).check()
    ledger.selection.choose(Part(options.part.skus), Among.KNOWN)
    return RunRequest(ledger, ledger, options, account, chosen_limits(options, account, ledger), output)


def _prune_plan(request: RunRequest) -> _Plan:
    work, limit = request.ledger.work(), request.options.part.limit
    tasks = tuple((one.product_id, one.asset_ids) for one in islice(work.removals(), limit))
    changes = tuple(islice(work.prune_changes(), limit))
    return _Plan(_planned(request, None, changes), changes, tasks)


def _undo_plan(request: RunRequest, undone: int) -> _Plan:
    work, limit = request.ledger.work(), request.options.part.limit
    products = work.products_of(undone)[:limit]
    changes = tuple(work.undo_changes(undone, products))
    planned = replace(_planned(request, undone, changes), only_ledger=len(products) - len(changes))
    return _Plan(planned, changes, tuple((product_id, ()) for product_id in products))


def _planned(request: RunRequest, undone: int | None, changes: Iterable[Change]) -> Planned:
    counted = tuple(len(change.obsolete) for change in changes)
    removal = request.options.removal
    deletes = removal.assets if undone is None else removal.delete_assets
    return Planned(
        request.options.target.ledger,
        request.account.name,
        undone,
        products=len(counted),
        images=sum(counted),
        assets=request.ledger.work().assets_to_delete(undone) if deletes else (),
    )


def _undone_run(ledger: Ledger, named: int | None) -> int:
    """The run to take back.

    Raises:
        LedgerError: there is none, or nothing of it is kept.
    """
    work = ledger.work()
    run_id = work.last_writer() if named is None else named
    if run_id is None:
        raise LedgerError(
            "No run has written to Plytix, as far as the ledger tells.", "`amzsync status` lists the runs."
        )
    if not work.has_kept(run_id):
        raise LedgerError(
            f"The ledger has nothing of a run {run_id} that could be undone:"
            " there is no such run, it wrote nothing, or it was too long ago (--keep-runs).",
            "`amzsync status` lists the runs.",
        )
    return run_id


def _begin(command: str, request: RunRequest, plan: _Plan) -> CommandResult:
    options, output, ledger = request.options, request.output, request.ledger
    for warning in request.account.warnings:
        output.warn(warning)
    if options.apply.dry_run:
        return _shown(request, plan)
    render_planned(plan.planned, plan.changes, output.out, output.listing)
    if not plan.planned.has_work:
        return _result(request, plan.planned, None, RemovalResult(RunResult()), Outcome.FINISHED)
    check_limit(ledger, options.removal.max_delete, plan.planned.images)
    with ledger.atomic():
        run_id = ledger.runs.start(
            command, record(options), os.getpid(), (), is_confirmed=options.apply.is_confirmed
        )
        ledger.work(run_id).add_tasks(plan.tasks)
    if not options.apply.is_confirmed and not _is_agreed(request, run_id, plan.planned):
        return _declined(request, run_id)
    ledger.runs.confirmed(run_id)
    return _work(request, run_id, plan.planned)


def _shown(request: RunRequest, plan: _Plan) -> CommandResult:
    """What would be done, and what it takes to be allowed."""
    options, planned = request.options, plan.planned
    words = partial(render_planned, planned, plan.changes, listing=request.output.listing)
    more: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    try:
        check_limit(request.ledger, options.removal.max_delete, planned.images)
    except LedgerError as error:
        more, messages = ("--max-delete", str(planned.images)), (error.message,)
    steps = (without_dry_run(options, *more),) if planned.has_work else ()
    payload = Payload(followed_by(words, steps), lambda: planned_json(planned, plan.changes))
    return CommandResult(ExitCode.DONE, payload, messages)


def _is_agreed(request: RunRequest, run_id: int, planned: Planned) -> bool:
    return is_agreed(f"Do this now, in the account {planned.account}?", request.ledger, run_id)


def _declined(request: RunRequest, run_id: int) -> CommandResult:
    request.ledger.runs.end(run_id, Outcome.PLANNED, {}, "the plan was not confirmed")
    return CommandResult(ExitCode.STOPPED, messages=("Nothing was done.",))


def _work(request: RunRequest, run_id: int, planned: Planned) -> CommandResult:
    runs = request.ledger.runs
    done, outcome, message = RemovalResult(RunResult()), Outcome.STOPPED, "ended unexpectedly"
    try:
        undone = planned.undone_run
        done = take_out(request, run_id) if undone is None else take_back(request, run_id, undone)
        outcome, message = _outcome(done)
    except AmzsyncError as error:
        done, message = RemovalResult(RunResult(error=error)), error.message
    finally:
        counters = {"requests": done.run.requests, "seconds": done.run.seconds}
        runs.end(run_id, outcome, counters, message)
    request.ledger.work().forget_old_runs(request.options.removal.keep_runs)
    return _result(request, planned, run_id, done, outcome)


def _result(
    request: RunRequest, planned: Planned, run_id: int | None, done: RemovalResult, outcome: Outcome
) -> CommandResult:
    view = RemovalView(
        planned,
        run_id,
        outcome,
        done.products,
        done.links_removed,
        done.galleries_restored,
        done.thumbnails_restored,
        done.assets_deleted,
        done.left,
        done.run.requests,
        done.run.seconds,
        after_removal(request.options, outcome),
    )
    is_early = outcome in (Outcome.INTERRUPTED, Outcome.WAITING)
    words = partial(render_removal, view)
    payload = Payload(
        words,
        partial(removal_json, view),
        Stream.ERR if is_early else Stream.OUT,
        words,
        is_well=outcome is Outcome.FINISHED,
    )
    return CommandResult(exit_code_of(outcome), payload, error=done.run.error)


def _outcome(done: RemovalResult) -> tuple[Outcome, str]:
    if done.run.error:
        return Outcome.STOPPED, done.run.error.message
    outcome = outcome_of(done.run.end)
    return (Outcome.FAILURES if outcome is Outcome.FINISHED and done.left else outcome), ""

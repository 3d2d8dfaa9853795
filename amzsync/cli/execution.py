"""From a planned ledger to the result of a run: show the plan, ask, work, report."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain

from amzsync.cli.consent import is_agreed
from amzsync.cli.ending import outcome_and_cause, report_payload, result_of_run
from amzsync.cli.exits import ExitCode, exit_code_of
from amzsync.cli.limits import chosen_limits
from amzsync.cli.machine import this_machine
from amzsync.cli.network import RunRequest, look_at_pictures, outcome_of, refresh, sync
from amzsync.cli.next_steps import after_plan, completed
from amzsync.cli.plan_words import plan_words
from amzsync.cli.planning import OpenLedger, plan_view
from amzsync.cli.removal import plan_removals, with_removals
from amzsync.cli.result import CommandResult
from amzsync.domain.picture_look import PictureLook
from amzsync.errors import AmzsyncError
from amzsync.executor.engine.engine import End
from amzsync.executor.run import KnownReading, RefreshResult, RunResult
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome
from amzsync.views.pictures import render_pictures
from amzsync.views.plan import Kept, PlanView, render_plan
from amzsync.views.report import Report

__all__ = ["dry_run", "execute"]


def dry_run(request: RunRequest) -> CommandResult:
    """The plan, and the report as it would be."""
    done = _read_for_a_dry_run(request) if request.options.apply.refresh else RunResult()
    if done.error:
        raise done.error
    look = look_at_pictures(request)
    request = _with_told_limits(request)
    view = _plan_view(request)
    if look:
        render_pictures(look, request.output.out)
    report = Report(
        view.counts, view.totals, view.metadata, view.cost.forecast.requests, view.cost.forecast.seconds
    )
    for warning in request.account.warnings:
        request.output.warn(warning)
    plan = partial(render_plan, view, listing=request.output.listing)
    words = plan_words(
        partial(with_removals, request, plan) if request.options.removal.prune else plan,
        request.ledger,
        after_plan(request.ledger, request.options, outcome_of(done.end)),
    )
    payload = replace(
        report_payload(request.ledger, request.options, report), words=words.words, brief=words.brief
    )
    return CommandResult(exit_code_of(outcome_of(done.end)), payload)


def _read_for_a_dry_run(request: RunRequest) -> RunResult:
    """Read Plytix; the requests are made, so they count in the real ledger where there is one."""
    path = request.options.target.ledger
    if not path.exists():
        return refresh(request).run
    with Ledger.write(path, this_machine().ledger_clocks) as request_log:
        return refresh(replace(request, request_log=request_log)).run


def execute(request: RunRequest, run_id: int, *, is_confirmed: bool) -> CommandResult:
    """Read Plytix first, where that is asked for; show the plan, ask unless it was confirmed, and work."""
    for warning in request.account.warnings:
        request.output.warn(warning)
    read = _read_first(request, run_id)
    if read.run.error or read.run.end is not End.DONE:
        return _end(request, run_id, read.run)
    look = _look_first(request, run_id)
    if look and look.is_stopped:
        return _end(request, run_id, replace(read.run, end=End.STOPPED))
    request = _with_told_limits(request)
    runs, work = request.ledger.runs, request.ledger.work(run_id)
    view = _plan_view(request)
    render_plan(view, request.output.out, request.output.listing)
    if look:
        render_pictures(look, request.output.out)
    if request.options.removal.prune:
        plan_removals(request, run_id)
    has_work = work.has_open_work() or work.open_tasks() > 0 or view.cost.outstanding.pictures > 0
    if not is_confirmed and has_work and not _is_agreed(request, run_id, view):
        runs.end(run_id, Outcome.PLANNED, {}, "the plan was not confirmed")
        return CommandResult(ExitCode.STOPPED, messages=("Nothing was done.",))
    runs.confirmed(run_id)
    done = _work(request, run_id, read.readings) if has_work else RunResult()
    return _end(request, run_id, done.after(read.run))


def _look_first(request: RunRequest, run_id: int) -> PictureLook | None:
    """With --pictures, what Amazon tells of what is in place; kept, so that a run that is resumed goes on."""
    with _unexpected_end(request, run_id):
        return look_at_pictures(request, run_id)


def _read_first(request: RunRequest, run_id: int) -> RefreshResult:
    """With --refresh, what Plytix has; a run that is resumed goes on where it was."""
    if not request.options.apply.refresh:
        return RefreshResult()
    with _unexpected_end(request, run_id):
        try:
            return refresh(request, run_id)
        except AmzsyncError as error:
            return RefreshResult(RunResult(error=error))


def _work(request: RunRequest, run_id: int, readings: Mapping[int, KnownReading]) -> RunResult:
    with _unexpected_end(request, run_id):
        try:
            allow_private = request.options.mapping.allow_private_urls
            request.ledger.work(run_id).refuse_unusable_addresses(allow_private=allow_private)
            return sync(request, run_id, readings)
        except AmzsyncError as error:
            return RunResult(error=error)


@contextmanager
def _unexpected_end(request: RunRequest, run_id: int) -> Iterator[None]:
    """Where this ends with anything but a result, the run says so."""
    try:
        yield
    except BaseException:
        request.ledger.runs.end(run_id, Outcome.STOPPED, {}, "ended unexpectedly")
        raise


def _end(request: RunRequest, run_id: int, done: RunResult) -> CommandResult:
    outcome, message = outcome_and_cause(request.ledger, done)
    counters = {"requests": done.requests, "seconds": done.seconds}
    work = request.ledger.work(run_id)
    kept = chain(work.kept(), request.ledger.pictures(run_id).left())
    target = request.options.target
    left = tuple(f"Left as it is: {one.sku} {one.url}: {completed(one.reason, target)}" for one in kept)
    if left and outcome is Outcome.FINISHED:
        outcome = Outcome.FAILURES
    request.ledger.runs.end(run_id, outcome, counters, message)
    work.forget_old_runs(request.options.removal.keep_runs)
    result = result_of_run(request, run_id, outcome, done)
    return replace(result, messages=(*result.messages, *left))


def _with_told_limits(request: RunRequest) -> RunRequest:
    """With the limits that a token may have told meanwhile."""
    limits = chosen_limits(request.options, request.account, request.ledger)
    return replace(request, limits=limits)


def _plan_view(request: RunRequest) -> PlanView:
    return plan_view(
        OpenLedger(request.ledger, Kept.NOT_IN_A_DRY_RUN if request.options.apply.dry_run else Kept.YES),
        request.options,
        request.limits,
        account=request.account,
        refreshed=request.options.apply.refresh,
        dry_run=request.options.apply.dry_run,
    )


def _is_agreed(request: RunRequest, run_id: int, view: PlanView) -> bool:
    question = f"Make up to {view.cost.forecast.requests:,} requests to {view.place} now?"
    return is_agreed(question, request.ledger, run_id)

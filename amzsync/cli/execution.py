"""From a planned ledger to the result of a run: show the plan, ask, work, report."""

import sys
from dataclasses import replace
from functools import partial

from amzsync.cli.ending import brief_of_plan, outcome_and_cause, report_payload, result_of_run
from amzsync.cli.exits import ExitCode
from amzsync.cli.network import RunRequest, sync
from amzsync.cli.planning import OpenLedger, plan_view
from amzsync.cli.result import CommandResult
from amzsync.errors import AmzsyncError
from amzsync.executor.run import RunResult
from amzsync.ledger.rows import Outcome
from amzsync.views.plan import Kept, PlanView, render_plan
from amzsync.views.report import Report

__all__ = ["dry_run", "execute"]


def dry_run(request: RunRequest) -> CommandResult:
    """The plan, and the report as it would be."""
    view = _plan_view(request)
    report = Report(
        view.counts, view.totals, view.metadata, view.cost.forecast.requests, view.cost.forecast.seconds
    )
    for warning in request.account.warnings:
        request.output.warn(warning)
    payload = replace(
        report_payload(request.ledger, request.options, report),
        words=partial(render_plan, view, listing=request.output.listing),
        brief=brief_of_plan(request.ledger, request.options),
    )
    return CommandResult(ExitCode.DONE, payload)


def execute(request: RunRequest, run_id: int, *, is_confirmed: bool) -> CommandResult:
    """Show the plan, ask unless it was confirmed, and work."""
    runs, work = request.ledger.runs, request.ledger.work(run_id)
    view = _plan_view(request)
    for warning in request.account.warnings:
        request.output.warn(warning)
    render_plan(view, request.output.out, request.output.listing)
    if not is_confirmed and work.has_open_work() and not _is_agreed(request, run_id, view):
        runs.end(run_id, Outcome.PLANNED, {}, "the plan was not confirmed")
        return CommandResult(ExitCode.STOPPED, messages=("Nothing was done.",))
    runs.confirmed(run_id)
    done, outcome, message = RunResult(), Outcome.STOPPED, "ended unexpectedly"
    try:
        if work.has_open_work():
            work.refuse_unusable_addresses(allow_private=request.options.mapping.allow_private_urls)
            done = sync(request, run_id)
        outcome, message = outcome_and_cause(request.ledger, done)
    except AmzsyncError as error:
        done, message = replace(done, error=error), error.message
    finally:
        runs.end(run_id, outcome, {"requests": done.requests, "seconds": done.seconds}, message)
    return result_of_run(request, run_id, outcome, done)


def _plan_view(request: RunRequest) -> PlanView:
    return plan_view(
        OpenLedger(request.ledger, Kept.NOT_IN_A_DRY_RUN if request.options.apply.dry_run else Kept.YES),
        request.options,
        request.limits,
        account=request.account,
        dry_run=request.options.apply.dry_run,
    )


def _is_agreed(request: RunRequest, run_id: int, view: PlanView) -> bool:
    try:
        sys.stderr.write(f"Make up to {view.cost.forecast.requests:,} requests to {view.place} now? [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        request.ledger.runs.end(run_id, Outcome.INTERRUPTED, {})
        raise

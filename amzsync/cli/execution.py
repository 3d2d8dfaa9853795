"""From a planned ledger to the result of a run: show the plan, ask, work, report."""

import sys
from dataclasses import replace
from functools import partial

from amzsync.cli.exits import ExitCode, exit_code_of
from amzsync.cli.limits import chosen_limits
from amzsync.cli.network import RunRequest, outcome_of, sync
from amzsync.cli.planning import OpenLedger, metadata, plan_counts, plan_view
from amzsync.cli.result import CommandResult, Payload, Stream
from amzsync.cli.run_options import RunOptions
from amzsync.errors import AmzsyncError
from amzsync.executor.run import RunResult
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome
from amzsync.limits.forecast import forecast
from amzsync.views.plan import PlanView, render_plan
from amzsync.views.report import Report, report_json
from amzsync.views.summary import Summary, next_commands, render_summary

__all__ = ["dry_run", "execute", "report_payload"]

_EXAMPLES = 5


def dry_run(request: RunRequest) -> CommandResult:
    """The plan, and the report as it would be."""
    view = _plan_view(request)
    report = Report(
        view.counts, view.totals, view.metadata, view.cost.forecast.requests, view.cost.forecast.seconds
    )
    words = partial(render_plan, view, listing=request.output.listing)
    payload = report_payload(request.ledger, request.options, report, words)
    return CommandResult(ExitCode.DONE, payload, request.account.warnings)


def execute(request: RunRequest, run_id: int, *, is_confirmed: bool) -> CommandResult:
    """Show the plan, ask unless it was confirmed, and work."""
    runs, work = request.ledger.runs, request.ledger.work(run_id)
    view = _plan_view(request)
    for warning in request.account.warnings:
        request.output.notice(warning)
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
        outcome, message = _outcome(request.ledger, done)
    except AmzsyncError as error:
        done, message = replace(done, error=error), error.message
    finally:
        runs.end(run_id, outcome, {"requests": done.requests, "seconds": done.seconds}, message)
    return CommandResult(
        exit_code_of(outcome), _summary_payload(request, run_id, outcome, done), error=done.error
    )


def report_payload(
    ledger: Ledger,
    options: RunOptions,
    report: Report,
    words: partial[None] | None = None,
    stream: Stream = Stream.OUT,
) -> Payload:
    """A report, for --json and --output."""
    return Payload(
        words, lambda: report_json(report, ledger.queries.failures()), stream, options.apply.output
    )


def _plan_view(request: RunRequest) -> PlanView:
    return plan_view(
        OpenLedger(request.ledger, is_copy=False),
        request.options,
        request.limits,
        account=request.account,
        dry_run=request.options.apply.dry_run,
    )


def _is_agreed(request: RunRequest, run_id: int, view: PlanView) -> bool:
    sys.stderr.write(f"Make up to {view.cost.forecast.requests:,} requests to {view.place} now? [y/N] ")
    sys.stderr.flush()
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        request.ledger.runs.end(run_id, Outcome.INTERRUPTED, {})
        raise


def _outcome(ledger: Ledger, done: RunResult) -> tuple[Outcome, str]:
    """How a run ended, and why if it could not go on."""
    if done.error:
        return Outcome.STOPPED, done.error.message
    outcome = outcome_of(done.end)
    has_failures = outcome is Outcome.FINISHED and ledger.queries.failure_count() > 0
    return (Outcome.FAILURES if has_failures else outcome), ""


def _summary_payload(request: RunRequest, run_id: int, outcome: Outcome, done: RunResult) -> Payload:
    ledger, options = request.ledger, request.options
    queries = ledger.queries
    report = Report(
        plan_counts(ledger),
        queries.totals(run_id),
        metadata(ledger, options, dry_run=False),
        done.requests,
        done.seconds,
        done.requests_by_kind,
    )
    outstanding = queries.outstanding()
    limits = chosen_limits(options, request.account, ledger).limits
    left = forecast(products=outstanding.products, assets=outstanding.assets, limits=limits)
    summary = Summary(
        report,
        outcome,
        tuple(queries.failure_groups(_EXAMPLES)),
        queries.failure_count(),
        next_commands(outcome, failures=queries.retriable_failures(), ledger=options.target.named_ledger),
        left if left.requests else None,
    )
    # What was asked for goes to stdout; how to go on after an interruption must be seen in any case.
    must_be_seen = outcome in (Outcome.INTERRUPTED, Outcome.WAITING)
    stream = Stream.ERR if must_be_seen else Stream.OUT
    return report_payload(ledger, options, report, partial(render_summary, summary), stream)

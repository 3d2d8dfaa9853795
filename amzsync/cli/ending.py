"""The end of a run: its outcome as an exit code, its report, and what to do next."""

from dataclasses import replace
from functools import partial

from amzsync.cli.exits import ExitCode, exit_code_of
from amzsync.cli.limits import chosen_limits
from amzsync.cli.network import RunRequest, outcome_of
from amzsync.cli.next_steps import after_run, apply_command, command
from amzsync.cli.planning import forecast_of, gallery_label, metadata, plan_counts
from amzsync.cli.result import CommandResult, Payload, Stream
from amzsync.cli.run_options import RunOptions
from amzsync.cli.shortfalls import shortfalls
from amzsync.executor.run import RunResult
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome
from amzsync.views.last_seen import Trust
from amzsync.views.report import Report, report_json
from amzsync.views.shortfalls import Shortfalls
from amzsync.views.summary import Summary, render_brief, render_summary

__all__ = [
    "exit_code",
    "is_all_in_place",
    "outcome_and_cause",
    "report_payload",
    "result_of_run",
]

_EXAMPLES = 5


def outcome_and_cause(ledger: Ledger, done: RunResult) -> tuple[Outcome, str]:
    """How a run ended, and why if it could not go on."""
    if done.error:
        return Outcome.STOPPED, done.error.message
    outcome = outcome_of(done.end)
    if outcome is Outcome.FINISHED and not (is_all_in_place(ledger) and _may_trust(ledger, done)):
        outcome = Outcome.FAILURES
    return outcome, ""


def is_all_in_place(ledger: Ledger) -> bool:
    """Whether nothing has failed, and Plytix has every product."""
    return not (ledger.queries.failure_count() or any(True for _ in ledger.unfinished.not_found()))


def _may_trust(ledger: Ledger, done: RunResult) -> bool:
    """Whether nothing speaks against what a run that has not looked says."""
    return bool(done.requests) or not ledger.seen.last_seen().differing


def exit_code(ledger: Ledger, options: RunOptions, outcome: Outcome) -> ExitCode:
    """The exit code of a run, as far as its failures are to count (`--fail-on`)."""
    fail_on = options.apply.fail_on
    if outcome is Outcome.FAILURES and (
        fail_on == "none" or (fail_on == "new" and not ledger.unfinished.new(0))
    ):
        return ExitCode.DONE
    return exit_code_of(outcome)


def result_of_run(request: RunRequest, run_id: int, outcome: Outcome, done: RunResult) -> CommandResult:
    """What a run has come to. From now on its failures are known."""
    ledger, options = request.ledger, request.options
    code = exit_code(ledger, options, outcome)
    summary = _summary(request, run_id, outcome, done)
    if outcome in (Outcome.FINISHED, Outcome.FAILURES):
        ledger.unfinished.keep_as_told()
    # What was asked for goes to stdout; how to go on after an interruption does not belong into it.
    is_early = outcome in (Outcome.INTERRUPTED, Outcome.WAITING)
    is_well = outcome is Outcome.FINISHED or (code is ExitCode.DONE and options.apply.fail_on == "new")
    payload = replace(
        report_payload(ledger, options, summary.report),
        words=partial(render_summary, summary),
        brief=partial(render_brief, summary),
        is_well=is_well,
        stream=Stream.ERR if is_early else Stream.OUT,
    )
    return CommandResult(code, payload, error=done.error)


def report_payload(ledger: Ledger, options: RunOptions, report: Report) -> Payload:
    """A report, for --json and --output."""
    return Payload(None, lambda: report_json(report, ledger.queries.failures()), file=options.apply.output)


def _summary(request: RunRequest, run_id: int, outcome: Outcome, done: RunResult) -> Summary:
    ledger, options = request.ledger, request.options
    queries = ledger.queries
    report = Report(
        plan_counts(ledger),
        queries.totals(run_id),
        metadata(ledger, options, dry_run=False),
        done.requests,
        done.seconds,
        done.requests_by_kind,
        ledger.seen.last_seen(),
    )
    outstanding = queries.outstanding()
    limits = chosen_limits(options, request.account, ledger).limits
    left = forecast_of(outstanding, limits, ledger, gallery_label(ledger, options))
    return Summary(
        report,
        outcome,
        shortfalls(ledger, _EXAMPLES),
        after_run(ledger, options, outcome),
        left if left.requests else None,
        _new(ledger) if options.apply.fail_on == "new" else None,
        None if done.requests else _trust(request, report),
    )


def _trust(request: RunRequest, report: Report) -> Trust:
    """What a run rests on that has not asked Plytix."""
    ledger, options = request.ledger, request.options
    return Trust(
        report.totals.links.done,
        ledger.seen.last_seen(),
        command("check", options.target, ledger),
        apply_command(ledger, options, "--refresh"),
        is_of_pending=options.part.limit is not None,
    )


def _new(ledger: Ledger) -> Shortfalls:
    new = ledger.unfinished.new(_EXAMPLES)
    return Shortfalls(new.failures, new.groups, new.not_found, is_new=True)

"""`amzsync apply` and `amzsync resume`: plan, ask, work, report."""

import os
import sys
from contextlib import ExitStack

import typer

from amzsync.cli.accounts import chosen_account
from amzsync.cli.begin import fingerprints, plan_again, plan_all, planning
from amzsync.cli.binding import AccountBinding
from amzsync.cli.exits import ExitCode
from amzsync.cli.limits import chosen_limits
from amzsync.cli.planning import OpenLedger, check_mappings, metadata, plan_counts, plan_view
from amzsync.cli.run_options import RunOptions, record, resumed_options
from amzsync.cli.voice import Voice
from amzsync.cli.working import Bench, sync
from amzsync.config import Account
from amzsync.errors import AmzsyncError, LedgerError, MappingError
from amzsync.executor.engine import End
from amzsync.executor.run import RunResult
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.ledger.rows import Outcome
from amzsync.limits.forecast import forecast
from amzsync.views.plan import PlanView, render_plan
from amzsync.views.report import Report, check_output, report_json, write_report
from amzsync.views.summary import Summary, command, next_commands, render_summary

__all__ = ["apply", "resume"]

_EXAMPLES = 5


def apply(options: RunOptions, voice: Voice) -> ExitCode:
    """Plan, where mappings are given, then work through what is pending."""
    if options.apply.output:
        check_output(options.apply.output)
    account = None if options.target.ledger.exists() else chosen_account(options)
    sources = check_mappings(options)
    if not options.mapping.mappings and not options.target.ledger.exists():
        raise LedgerError(
            f"There is no ledger at {options.target.ledger}, and nothing to plan.",
            "Give a mapping with --mapping FILE.",
        )
    with ExitStack() as stack:
        stack.enter_context(WriterLock(options.target.ledger))
        ledger = stack.enter_context(Ledger.write(options.target.ledger))
        ledger.runs.hold("apply", os.getpid())
        account = account or chosen_account(options, ledger)
        AccountBinding(ledger, account, same_account=options.target.same_account).check()
        if not sources:
            _check_gallery(ledger, options)
        run = _Run(ledger, options, account, voice)
        if options.apply.dry_run:
            plan_all(ledger, options, sources)
            return run.show()
        run_id = ledger.runs.start(
            "apply",
            record(options),
            os.getpid(),
            fingerprints(sources),
            is_planned=False,
            is_confirmed=options.apply.is_confirmed,
        )
        with planning(ledger, run_id):
            try:
                plan_all(ledger, options, sources)
            except MappingError:
                ledger.runs.withdraw(run_id)
                raise
        return run.work(run_id, is_confirmed=options.apply.is_confirmed)


def resume(options: RunOptions, voice: Voice) -> ExitCode:
    """Carry on the last unfinished run with its own options; those given now come first."""
    if options.apply.output:
        check_output(options.apply.output)
    if not options.target.ledger.exists():
        raise LedgerError(
            f"There is no ledger at {options.target.ledger}.", "`amzsync apply --mapping FILE` starts one."
        )
    with ExitStack() as stack:
        stack.enter_context(WriterLock(options.target.ledger))
        ledger = stack.enter_context(Ledger.write(options.target.ledger))
        ledger.runs.hold("resume", os.getpid())
        run = ledger.runs.last_unfinished()
        if run is None:
            return _nothing_to_resume(ledger, options, voice)
        is_confirmed = run.is_confirmed or options.apply.is_confirmed
        if not (is_confirmed or options.apply.dry_run or sys.stdin.isatty()):
            raise typer.BadParameter(
                f"run {run.id} ended before anybody had confirmed it, and nobody is there to ask; say --yes.",
                param_hint="--yes",
            )
        retry_failed = options.apply.retry_failed
        options = resumed_options(options, run.options)
        account = chosen_account(options, ledger)
        AccountBinding(ledger, account, same_account=options.target.same_account).check()
        if not run.is_planned:
            with planning(ledger, None if options.apply.dry_run else run.id):
                plan_again(ledger, options, run, voice)
        if retry_failed:
            ledger.work().retry_failed()
        carried_on = _Run(ledger, options, account, voice)
        if options.apply.dry_run:
            return carried_on.show()
        ledger.runs.reopen(run.id, os.getpid())
        return carried_on.work(run.id, is_confirmed=is_confirmed)


def _nothing_to_resume(ledger: Ledger, options: RunOptions, voice: Voice) -> ExitCode:
    has_work = ledger.work().has_open_work()
    apply_command = command("apply", options.target.named_ledger)
    voice.say(
        f"No run is unfinished. `{apply_command}` works through what is pending."
        if has_work
        else "No run is unfinished, and nothing is pending."
    )
    report = Report(
        plan_counts(ledger),
        ledger.queries.totals(None),
        metadata(ledger, options, dry_run=options.apply.dry_run),
        0,
        0.0,
    )
    _hand_out(ledger, report, options, voice)
    return ExitCode.FAILURES if ledger.queries.failure_count() else ExitCode.DONE


def _check_gallery(ledger: Ledger, options: RunOptions) -> None:
    """A plan is for one gallery; another one takes another plan."""
    kept = ledger.runs.setting("gallery")
    if options.mapping.gallery and kept and options.mapping.gallery != kept:
        raise LedgerError(
            f"The ledger is planned for the gallery {kept!r}, not {options.mapping.gallery!r}.",
            "Plan it anew: give --mapping FILE together with --gallery.",
        )


def _hand_out(
    ledger: Ledger, report: Report, options: RunOptions, voice: Voice, *, has_stopped: bool = False
) -> None:
    """Give out the report. Where a run has stopped, the one document on stdout is the error's."""
    if options.apply.output:
        write_report(options.apply.output, report_json(report, ledger.queries.failures()))
    if voice.as_json and not has_stopped:
        voice.document(report_json(report, ledger.queries.failures()))


class _Run:
    """One run over an open, locked, planned ledger."""

    def __init__(self, ledger: Ledger, options: RunOptions, account: Account, voice: Voice) -> None:
        self._ledger = ledger
        self._options = options
        self._account = account
        self._voice = voice
        self._limits = chosen_limits(options, account, ledger)

    def show(self) -> ExitCode:
        """Show the plan, and no more."""
        return self._report_dry_run(self._show_plan())

    def work(self, run_id: int, *, is_confirmed: bool) -> ExitCode:
        """Show the plan, ask unless somebody has agreed to it, and work."""
        view = self._show_plan()
        if not is_confirmed and self._ledger.work().has_open_work() and not self._asked(run_id, view):
            self._ledger.runs.end(run_id, Outcome.PLANNED, {}, "the plan was not agreed to")
            self._voice.say("Nothing was done.")
            return ExitCode.STOPPED
        self._ledger.runs.confirmed(run_id)
        return self._work(run_id)

    def _asked(self, run_id: int, view: PlanView) -> bool:
        try:
            return _confirmed(view)
        except KeyboardInterrupt:
            self._ledger.runs.end(run_id, Outcome.INTERRUPTED, {})
            raise

    def _show_plan(self) -> PlanView:
        view = plan_view(
            OpenLedger(self._ledger, is_copy=False),
            self._options,
            self._limits,
            account=self._account,
            dry_run=self._options.apply.dry_run,
        )
        for warning in self._account.warnings:
            self._voice.say(warning)
        render_plan(view, self._voice.out)
        return view

    def _report_dry_run(self, view: PlanView) -> ExitCode:
        report = Report(
            view.counts, view.totals, view.metadata, view.forecast.requests, view.forecast.seconds
        )
        _hand_out(self._ledger, report, self._options, self._voice)
        return ExitCode.DONE

    def _work(self, run_id: int) -> ExitCode:
        worked = RunResult()
        outcome, message = Outcome.STOPPED, "it ended unexpectedly"
        error: AmzsyncError | None = None
        try:
            if self._ledger.work().has_open_work():
                self._ledger.work(run_id).refuse_unusable_addresses(
                    allow_private=self._options.mapping.allow_private_urls
                )
                bench = Bench(
                    self._ledger, self._ledger, self._options, self._account, self._limits, self._voice
                )
                worked = sync(bench, run_id)
            if worked.error:
                raise worked.error
            outcome, message = self._outcome(worked.end), ""
        except AmzsyncError as stopped:
            error, message = stopped, stopped.message
        finally:
            self._ledger.runs.end(
                run_id, outcome, {"requests": worked.requests, "seconds": worked.seconds}, message
            )
        self._report(run_id, outcome, worked, has_stopped=error is not None)
        if error:
            raise error
        return _EXIT_OF[outcome]

    def _outcome(self, end: End) -> Outcome:
        match end:
            case End.STOPPED:
                return Outcome.INTERRUPTED
            case End.WAIT_TOO_LONG:
                return Outcome.WAITING
            case End.DONE:
                return Outcome.FAILURES if self._ledger.queries.failure_count() else Outcome.FINISHED

    def _report(self, run_id: int, outcome: Outcome, worked: RunResult, *, has_stopped: bool) -> None:
        queries = self._ledger.queries
        report = Report(
            plan_counts(self._ledger),
            queries.totals(run_id),
            metadata(self._ledger, self._options, dry_run=False),
            worked.requests,
            worked.seconds,
            worked.requests_by_kind,
        )
        _hand_out(self._ledger, report, self._options, self._voice, has_stopped=has_stopped)
        outstanding = queries.outstanding()
        limits = chosen_limits(self._options, self._account, self._ledger).limits
        left = forecast(products=outstanding.products, assets=outstanding.assets, limits=limits)
        failures = queries.failure_count()
        summary = Summary(
            report,
            outcome,
            tuple(queries.failure_groups(_EXAMPLES)),
            failures,
            next_commands(
                outcome,
                failures=queries.retriable_failures(),
                ledger=self._options.target.named_ledger,
            ),
            left if left.requests else None,
        )
        # What was asked for goes to stdout; how to go on after an interruption must be seen in any case.
        must_be_seen = outcome in (Outcome.INTERRUPTED, Outcome.WAITING)
        console = self._voice.err if must_be_seen else self._voice.out
        render_summary(summary, console)


_EXIT_OF = {
    Outcome.FINISHED: ExitCode.DONE,
    Outcome.FAILURES: ExitCode.FAILURES,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
    Outcome.WAITING: ExitCode.WAITING,
    Outcome.STOPPED: ExitCode.STOPPED,
    Outcome.PLANNED: ExitCode.DONE,
}


def _confirmed(view: PlanView) -> bool:
    sys.stderr.write(f"Make up to {view.forecast.requests:,} requests to {view.place} now? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")

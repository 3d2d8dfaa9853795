"""`amzsync resume`: carry on the last unfinished run."""

import os
import sys
from contextlib import ExitStack
from dataclasses import replace

from amzsync.cli.accounts import chosen_account
from amzsync.cli.begin import plan_again, planning
from amzsync.cli.binding import AccountBinding
from amzsync.cli.ending import exit_code, is_all_in_place, report_payload
from amzsync.cli.execution import dry_run, execute
from amzsync.cli.exits import ExitCode
from amzsync.cli.limits import chosen_limits
from amzsync.cli.machine import this_machine
from amzsync.cli.network import RunRequest
from amzsync.cli.next_steps import apply_command, options_of_last_run
from amzsync.cli.output import Output
from amzsync.cli.planning import metadata, plan_counts
from amzsync.cli.removal import resume_removal
from amzsync.cli.report import page_file
from amzsync.cli.result import CommandResult
from amzsync.cli.run_options import RunOptions, resumed_options
from amzsync.cli.usage import UsageError
from amzsync.errors import LedgerError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.ledger.part import Part
from amzsync.ledger.rows import Outcome
from amzsync.views.report import Report, check_output
from amzsync.views.report_files import check_page

__all__ = ["resume"]


def resume(options: RunOptions, output: Output, resources: ExitStack) -> CommandResult:
    """Carry on the last unfinished run with its own options; those given now come first."""
    path, mode = options.target.ledger, options.apply
    if mode.output:
        check_output(mode.output)
    if options.page.page:
        check_page(options.page.page)
    if not path.exists():
        raise LedgerError(f"There is no ledger at {path}.", "`amzsync apply --mapping FILE` starts one.")
    if mode.dry_run:
        ledger = resources.enter_context(Ledger.copy(path, this_machine().ledger_clocks))
    else:
        resources.enter_context(WriterLock(path))
        ledger = resources.enter_context(Ledger.write(path, this_machine().ledger_clocks))
        ledger.runs.hold("resume", os.getpid())
    return replace(_resume(ledger, options, output), page=page_file(ledger, options))


def _resume(ledger: Ledger, options: RunOptions, output: Output) -> CommandResult:
    mode = options.apply
    run = ledger.runs.last_unfinished()
    if run is None:
        return _nothing_to_resume(ledger, options)
    is_confirmed = run.is_confirmed or mode.is_confirmed
    if not (is_confirmed or mode.dry_run or sys.stdin.isatty()):
        raise UsageError(
            f"Run {run.id} ended before its plan was confirmed. Not a terminal, so cannot ask."
            " Add --yes, or --dry-run."
        )
    options = resumed_options(options, run.options)
    account = chosen_account(options, ledger)
    AccountBinding(ledger, account, same_account=options.target.same_account).check()
    if not run.is_planned:
        with planning(ledger, None if mode.dry_run else run.id):
            plan_again(ledger, options, run, output)
    else:
        ledger.selection.choose_kept(run.id, Part(options.part.skus, options.part.limit))
    if mode.retry_failed:
        ledger.work().retry_failed()
    request = RunRequest(ledger, ledger, options, account, chosen_limits(options, account, ledger), output)
    if run.command in ("prune", "undo"):
        return resume_removal(request, run, is_confirmed=is_confirmed)
    if mode.dry_run:
        return dry_run(request)
    ledger.runs.reopen(run.id, os.getpid())
    return execute(request, run.id, is_confirmed=is_confirmed)


def _nothing_to_resume(ledger: Ledger, options: RunOptions) -> CommandResult:
    command = apply_command(ledger, options_of_last_run(options, ledger))
    is_pending = ledger.work().has_open_work()
    message = (
        f"There is no unfinished run. `{command}` works through what is pending."
        if is_pending
        else "There is no unfinished run, and nothing is pending."
    )
    report = Report(
        plan_counts(ledger),
        ledger.queries.totals(None),
        metadata(ledger, options, dry_run=options.apply.dry_run),
        0,
        0.0,
    )
    outcome = Outcome.FINISHED if is_all_in_place(ledger) else Outcome.FAILURES
    # Exit code 0 would say that everything wanted is in place.
    code = ExitCode.FAILURES if is_pending else exit_code(ledger, options, outcome)
    return CommandResult(code, report_payload(ledger, options, report), (message,))

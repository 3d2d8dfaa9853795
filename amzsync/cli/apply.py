"""`amzsync apply`: plan, then work through what is pending."""

import os
from contextlib import ExitStack
from dataclasses import replace

from amzsync.cli.accounts import chosen_account
from amzsync.cli.begin import check_gallery, fingerprints, plan_all, planning
from amzsync.cli.binding import AccountBinding
from amzsync.cli.execution import dry_run, execute
from amzsync.cli.limits import chosen_limits
from amzsync.cli.machine import this_machine
from amzsync.cli.network import RunRequest
from amzsync.cli.output import Output
from amzsync.cli.planning import check_mappings, unless_unplanned
from amzsync.cli.report import page_file
from amzsync.cli.result import CommandResult
from amzsync.cli.run_options import RunOptions, record
from amzsync.errors import LedgerError, MappingError, PartError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.ledger.rows import Outcome
from amzsync.views.report import check_output
from amzsync.views.report_files import check_page

__all__ = ["apply"]


def apply(options: RunOptions, output: Output, resources: ExitStack) -> CommandResult:
    """Plan, where mappings are given, then work through what is pending."""
    path, mode = options.target.ledger, options.apply
    if mode.output:
        check_output(mode.output)
    if options.page.page:
        check_page(options.page.page)
    account = None if path.exists() else chosen_account(options)
    sources = check_mappings(options)
    if not sources and not path.exists():
        raise LedgerError(f"There is no ledger at {path}, and no mapping to plan.", "Add --mapping FILE.")
    ledger = _open(options, resources)
    account = account or chosen_account(options, ledger)
    AccountBinding(ledger, account, same_account=options.target.same_account).check()
    if not sources:
        check_gallery(ledger, options)
    request = RunRequest(ledger, ledger, options, account, chosen_limits(options, account, ledger), output)
    if mode.dry_run:
        plan_all(ledger, options, sources)
        return replace(dry_run(request), page=page_file(ledger, options))
    run_id = ledger.runs.start(
        "apply",
        record(options),
        os.getpid(),
        fingerprints(sources),
        is_planned=False,
        is_confirmed=mode.is_confirmed,
    )
    with planning(ledger, run_id):
        try:
            plan_all(ledger, options, sources, run_id)
        except MappingError:
            ledger.runs.withdraw(run_id)
            raise
        except PartError as error:
            ledger.runs.end(run_id, Outcome.PLANNED, {}, error.message)
            raise
    done = execute(request, run_id, is_confirmed=mode.is_confirmed)
    return replace(done, page=page_file(ledger, options))


def _open(options: RunOptions, resources: ExitStack) -> Ledger:
    """The ledger under its lock, or in a dry run a copy that is thrown away."""
    path = options.target.ledger
    if options.apply.dry_run:
        return resources.enter_context(Ledger.copy(path, this_machine().ledger_clocks))
    is_new = not path.exists()
    resources.enter_context(WriterLock(path))
    resources.enter_context(unless_unplanned(path, is_new=is_new))
    ledger = resources.enter_context(Ledger.write(path, this_machine().ledger_clocks))
    ledger.runs.hold("apply", os.getpid())
    return ledger

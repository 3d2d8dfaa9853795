"""`amzsync plan`: what a mapping wants, against what the ledger and, asked for, Plytix have."""

import os

from amzsync.cli.accounts import chosen_account, perhaps_account
from amzsync.cli.binding import AccountBinding
from amzsync.cli.exits import ExitCode
from amzsync.cli.limits import ChosenLimits, chosen_limits
from amzsync.cli.planning import OpenLedger, check_mappings, open_for_planning, plan_into, plan_view
from amzsync.cli.run_options import RunOptions, record
from amzsync.cli.voice import Voice
from amzsync.cli.working import Bench, refresh
from amzsync.config import Account
from amzsync.executor.engine import End
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome
from amzsync.views.plan import plan_json, render_plan

__all__ = ["plan"]


def plan(options: RunOptions, voice: Voice) -> ExitCode:
    """Plan, perhaps look, and print."""
    with_refresh = options.apply.refresh
    choose = chosen_account if with_refresh else perhaps_account
    account = None if options.target.ledger.exists() else choose(options)
    sources = check_mappings(options)
    with open_for_planning(options.target.ledger) as opened:
        ledger = opened.ledger
        account = account or choose(options, ledger)
        limits = chosen_limits(options, account, ledger)
        if account and (with_refresh or options.target.account):
            AccountBinding(ledger, account, same_account=options.target.same_account).check()
        run_id = ledger.runs.start(
            "plan", record(options), os.getpid(), [(str(one.path), one.sha256) for one in sources]
        )
        outcome, code = Outcome.STOPPED, ExitCode.DONE
        try:
            if sources:
                plan_into(ledger, options, sources)
            if with_refresh and account:
                code = _refresh(opened, options, account, limits, voice)
                limits = chosen_limits(options, account, ledger)
            outcome = Outcome.PLANNED
        finally:
            ledger.runs.end(run_id, outcome, {})
        view = plan_view(opened, options, limits, account=account, refreshed=with_refresh)
        if voice.as_json:
            voice.document(plan_json(view, ledger.queries.products(), ledger.queries.failures()))
        render_plan(view, voice.out)
    return code


def _refresh(
    opened: OpenLedger, options: RunOptions, account: Account, limits: ChosenLimits, voice: Voice
) -> ExitCode:
    if not opened.is_copy:
        worked = refresh(Bench(opened.ledger, opened.ledger, options, account, limits, voice))
    else:
        # Beside a running apply: its requests and these count against the same limits.
        with Ledger.write(options.target.ledger) as quota:
            worked = refresh(Bench(opened.ledger, quota, options, account, limits, voice))
    if worked.error:
        raise worked.error
    match worked.end:
        case End.STOPPED:
            return ExitCode.INTERRUPTED
        case End.WAIT_TOO_LONG:
            return ExitCode.WAITING
        case End.DONE:
            return ExitCode.DONE

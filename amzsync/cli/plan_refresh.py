"""The reading of Plytix that `plan --refresh` adds to a plan."""

from contextlib import ExitStack

from amzsync.cli.limits import ChosenLimits
from amzsync.cli.machine import this_machine
from amzsync.cli.network import RunRequest, outcome_of, refresh
from amzsync.cli.output import Output
from amzsync.cli.planning import OpenLedger
from amzsync.cli.run_options import RunOptions
from amzsync.config import Account
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome
from amzsync.views.plan import Kept

__all__ = ["refresh_plan"]


def refresh_plan(
    opened: OpenLedger, options: RunOptions, account: Account, limits: ChosenLimits, output: Output
) -> Outcome:
    """How the reading ended; an error that stopped it is raised."""
    with ExitStack() as stack:
        # Requests count in any case, also beside a running apply: they are made.
        path, is_copy = options.target.ledger, opened.kept is not Kept.YES
        request_log = opened.ledger
        if is_copy and path.exists():
            request_log = stack.enter_context(Ledger.write(path, this_machine().ledger_clocks))
        done = refresh(RunRequest(opened.ledger, request_log, options, account, limits, output)).run
    if done.error:
        raise done.error
    return outcome_of(done.end)

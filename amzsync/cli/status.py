"""`amzsync status`: how far a ledger is, what failed, what to do next. Reads only."""

import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial

from amzsync.cli.accounts import perhaps_account
from amzsync.cli.exits import ExitCode
from amzsync.cli.limits import ChosenLimits, chosen_limits
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.run_options import RunOptions, resumed_options
from amzsync.errors import ConfigError, LedgerError
from amzsync.executor.engine.slots import Slots
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Run
from amzsync.limits.forecast import forecast
from amzsync.views.status import StatusView, render_status, status_json
from amzsync.views.summary import command

__all__ = ["status"]

_RUNS_SHOWN = 5
_EXAMPLES = 3


def status(options: RunOptions, resources: ExitStack) -> CommandResult:
    """How far a ledger is."""
    ledger = resources.enter_context(Ledger.read(options.target.ledger))
    queries = ledger.queries
    runs = ledger.runs.latest(_RUNS_SHOWN)
    limits = _limits(options, runs, ledger)
    slots = Slots(limits.limits, ledger.request_log(), time.monotonic)
    outstanding = queries.outstanding()
    view = StatusView(
        ledger=options.target.ledger,
        account=ledger.runs.account(),
        counts=queries.counts(),
        runs=runs,
        failure_groups=tuple(queries.failure_groups(_EXAMPLES)),
        failures_total=queries.failure_count(),
        quota=slots.used(),
        limits_origin=limits.origin,
        now=datetime.now(UTC),
        forecast=forecast(products=outstanding.products, assets=outstanding.assets, limits=slots.limits),
        next_steps=_next_steps(ledger, options, has_work=outstanding.products > 0),
    )
    payload = Payload(partial(render_status, view), lambda: status_json(view, queries.failures()))
    return CommandResult(ExitCode.DONE, payload)


def _limits(options: RunOptions, runs: tuple[Run, ...], ledger: Ledger) -> ChosenLimits:
    """The limits that a run like the last one would work at."""
    if runs:
        # Whoever only looks need not mind options that `resume` refuses.
        with suppress(LedgerError):
            options = resumed_options(options, runs[0].options)
    try:
        return chosen_limits(options, perhaps_account(options, ledger), ledger)
    except ConfigError:
        # Whoever only looks need not have the account any more.
        return chosen_limits(options, None, ledger)


def _next_steps(ledger: Ledger, options: RunOptions, *, has_work: bool) -> tuple[str, ...]:
    names = []
    unfinished = ledger.runs.last_unfinished()
    if has_work or (unfinished and not unfinished.is_planned):
        names.append("resume" if unfinished else "apply")
    if ledger.queries.retriable_failures():
        names.append("apply --retry-failed")
    return tuple(command(name, options.target.named_ledger) for name in names)

"""`amzsync status`: how far a ledger is, what failed, what to do next. Reads only."""

import os
from contextlib import ExitStack
from functools import partial

from amzsync.cli.accounts import perhaps_account
from amzsync.cli.exits import ExitCode
from amzsync.cli.limits import ChosenLimits, chosen_limits
from amzsync.cli.machine import this_machine
from amzsync.cli.next_steps import after_status, options_of_last_run
from amzsync.cli.planning import forecast_of, gallery_label
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.run_options import RunOptions
from amzsync.cli.shortfalls import shortfalls
from amzsync.errors import ConfigError
from amzsync.executor.engine.slots import Slots
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import is_being_written
from amzsync.ledger.part import Part
from amzsync.ledger.runs import Writer
from amzsync.views.status import StatusView, render_status, render_status_brief, status_json

__all__ = ["status"]

_RUNS_SHOWN = 5
_EXAMPLES = 3


def status(options: RunOptions, resources: ExitStack) -> CommandResult:
    """How far a ledger is."""
    is_locked = is_being_written(options.target.ledger)
    ledger = resources.enter_context(Ledger.read(options.target.ledger, this_machine().ledger_clocks))
    running = _running(ledger, is_locked=is_locked)
    chosen = ledger.selection.choose(Part(options.part.skus, options.part.limit))
    queries = ledger.queries
    runs = ledger.runs.latest(_RUNS_SHOWN)
    last_options = options_of_last_run(options, ledger)
    limits = _limits(last_options, ledger)
    slots = Slots(limits.limits, ledger.request_log(), this_machine().clocks.monotonic)
    counts = queries.counts()
    outstanding = queries.outstanding(counts)
    view = StatusView(
        ledger=options.target.ledger,
        account=ledger.runs.account(),
        counts=counts,
        runs=runs,
        shortfalls=shortfalls(ledger, _EXAMPLES),
        quota=slots.used(),
        limits_origin=limits.origin,
        now=this_machine().now(),
        forecast=forecast_of(outstanding, slots.limits, ledger, gallery_label(ledger, options)),
        next_steps=() if running else after_status(ledger, last_options, has_work=outstanding.products > 0),
        without_images=tuple(ledger.unfinished.without_images()),
        running=running,
        last_seen=ledger.seen.last_seen(),
    )
    payload = Payload(
        partial(render_status, view, chosen=chosen),
        lambda: status_json(view, queries.failures(), chosen),
        brief=partial(render_status_brief, view),
    )
    return CommandResult(ExitCode.DONE, payload)


def _running(ledger: Ledger, *, is_locked: bool | None) -> Writer | None:
    """Who is writing to the ledger now."""
    holder = ledger.runs.holder()
    if is_locked is None and holder and os.name == "posix" and holder.pid != os.getpid():
        # This system does not tell of locks, but of processes.
        try:
            os.kill(holder.pid, 0)
        except (OSError, OverflowError):
            return None
        return holder
    return holder if is_locked else None


def _limits(options: RunOptions, ledger: Ledger) -> ChosenLimits:
    """The limits that a run like the last one would work at."""
    try:
        return chosen_limits(options, perhaps_account(options, ledger), ledger)
    except ConfigError:
        # Whoever only looks need not have the account any more.
        return chosen_limits(options, None, ledger)

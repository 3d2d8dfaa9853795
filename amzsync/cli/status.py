"""`amzsync status`: how far a ledger is, what failed, what to do next. Reads only."""

import shlex
import time
from pathlib import Path

from amzsync.cli.exits import ExitCode
from amzsync.cli.options import RunOptions
from amzsync.cli.voice import Voice
from amzsync.errors import ConfigError
from amzsync.executor.events import QuotaUse
from amzsync.executor.forecast import forecast
from amzsync.executor.slots import Slots
from amzsync.ledger.book import Ledger
from amzsync.ledger.rows import Run
from amzsync.plytix.pace import PRESETS, Limit, parse_limits
from amzsync.views.status import StatusView, render_status, status_json

__all__ = ["status"]

_RUNS_SHOWN = 5
_EXAMPLES = 3
_DEFAULT_LEDGER = Path("amzsync.db")


def status(options: RunOptions, voice: Voice) -> ExitCode:
    """Show a ledger."""
    with Ledger.read(options.ledger) as ledger:
        runs = ledger.runs.latest(_RUNS_SHOWN)
        limits = _limits(options, runs)
        slots = Slots(limits, ledger.quota(), time.monotonic)
        outstanding = ledger.queries.outstanding()
        view = StatusView(
            ledger=options.ledger,
            account=ledger.runs.account(),
            counts=ledger.queries.counts(),
            runs=runs,
            failure_groups=tuple(ledger.queries.failure_groups(_EXAMPLES)),
            failures_total=ledger.queries.failure_count(),
            quota=tuple(QuotaUse(use.limit, use.used) for use in slots.used()),
            forecast=forecast(products=outstanding.products, assets=outstanding.assets, limits=slots.limits),
            next_steps=_next_steps(ledger, options, has_work=outstanding.products > 0),
        )
        if voice.speech.as_json:
            voice.document(status_json(view, ledger.queries.failures()))
        render_status(view, voice.out)
    return ExitCode.DONE


def _limits(options: RunOptions, runs: tuple[Run, ...]) -> tuple[Limit, ...]:
    """The limits given, else those of the last run."""
    texts = options.rate_limits or next(
        (RunOptions.from_record(options.ledger, run.options).rate_limits for run in runs), ()
    )
    try:
        return parse_limits(texts) or PRESETS["paid"]
    except ConfigError:
        return PRESETS["paid"]


def _next_steps(ledger: Ledger, options: RunOptions, *, has_work: bool) -> tuple[str, ...]:
    suffix = "" if options.ledger == _DEFAULT_LEDGER else f" --ledger {shlex.quote(str(options.ledger))}"
    steps = []
    if has_work:
        name = "resume" if ledger.runs.last_unfinished() else "apply"
        steps.append(f"amzsync {name}{suffix}")
    if ledger.queries.retriable_failures():
        steps.append(f"amzsync apply --retry-failed{suffix}")
    return tuple(steps)

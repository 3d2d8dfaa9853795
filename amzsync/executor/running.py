"""One run while it works: its parts, put together, and what it has come to so far."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from amzsync.errors import AmzsyncError, StopError
from amzsync.executor.context import RunContext, RunResult
from amzsync.executor.engine.engine import End, Engine
from amzsync.executor.engine.engine_parts import EngineParts
from amzsync.executor.engine.failures import Failures
from amzsync.executor.engine.sender import Sender
from amzsync.executor.engine.slots import Slots
from amzsync.executor.engine.tokens import Tokens
from amzsync.executor.events import Notice
from amzsync.executor.other_runs import OtherRuns
from amzsync.executor.progress import ProgressMeter
from amzsync.executor.scheduler.scheduler import OptionalScripts, Scheduler
from amzsync.executor.scheduler.script import Script
from amzsync.executor.scripts.gallery_check import check_gallery, is_checked
from amzsync.executor.scripts.record import Record
from amzsync.executor.scripts.traits import AccountTraits
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.queries import Outstanding
from amzsync.plytix.auth import Secret
from amzsync.plytix.client import search_assets
from amzsync.plytix.observations import Observed

__all__ = ["Running", "account_traits", "noticing_other_runs", "running"]


@contextmanager
def noticing_other_runs(context: RunContext) -> Iterator[Callable[[], bool]]:
    """Whether other runs have been active on the same Plytix."""
    if context.state_folder is None:
        yield lambda: False
        return
    with OtherRuns(context.state_folder, context.server.api_url) as others:
        yield others.were_active


def account_traits(context: RunContext) -> AccountTraits:
    """How the account answers, as far as the last probe of it has found."""
    known = context.ledger.probes.account_answers(context.gallery_label)
    counted = context.request_log or context.ledger
    written = counted.probes.last_write_wall() if known.search_lag_s else None
    clock = context.clocks.monotonic
    since_s = math.inf if written is None else max(0.0, context.clocks.wall() - written)
    settled_at = clock() + max(0.0, known.search_lag_s - since_s)
    return AccountTraits(context.listener, known, lambda: max(0.0, settled_at - clock()))


@contextmanager
def running(
    context: RunContext, record: Record, outstanding: Outstanding, *, announces: bool = True
) -> Iterator["Running"]:
    """Build the parts of one run, and release them in the end; it `announces` what Plytix did."""
    clocks, counted = context.clocks, context.request_log or context.ledger
    workers = context.start_workers(context.server, context.bounds.workers)
    slots = Slots(context.limits, counted.request_log(), clocks.monotonic)

    def check_token(token: Secret) -> StopError | None:
        facts = context.read_token(token)
        if facts.limits is not None:
            slots.configure(facts.limits)
        return facts.error

    sender = Sender(workers, slots, _in_both(context.ledger, counted), clocks.now)
    engine = Engine(
        EngineParts(
            sender,
            Tokens(workers.token_call, check_token, context.tokens),
            Failures(context.bounds.retry, context.bounds.outage_s, clocks.monotonic, clocks.random),
            clocks,
        ),
        bounds=context.bounds,
        stop=context.stop,
        listener=context.listener,
        health_check=search_assets(["amzsync"]),
    )
    context.stop.on_request(workers.wake)
    try:
        yield Running(context, record, outstanding, sender, engine)
    finally:
        workers.close()
        for deprecation in sorted(workers.observed.deprecations if announces else ()):
            context.listener.notice(Notice(f"Plytix announces: {deprecation}", is_warning=True))


class Running:
    """A run while it works, and what it has come to so far."""

    def __init__(
        self, context: RunContext, record: Record, outstanding: Outstanding, sender: Sender, engine: Engine
    ) -> None:
        self.record = record
        self._context = context
        self._counted = context.request_log or context.ledger
        self._outstanding = outstanding
        self._sender = sender
        self._engine = engine
        self._started = context.clocks.monotonic()
        self.end = End.DONE
        self.error: AmzsyncError | None = None

    def was_refused(self) -> bool:
        """Whether Plytix has answered 429 to any request."""
        return self._sender.slots.was_refused

    @property
    def observed(self) -> Observed:
        """What the answers so far show besides what was asked."""
        return self._sender.observed

    def check_gallery(self) -> None:
        """Ask once for each ledger whether the gallery is one."""
        kept, label = self._counted.runs, self._context.gallery_label
        if not is_checked(kept, label):
            self.work(check_gallery(kept, label) for _ in range(1))

    def work(self, scripts: Iterator[Script[Any]], optional: OptionalScripts | None = None) -> list[Any]:
        """Run these scripts to their end; what they return. Does nothing once the run has ended."""
        if self.error or self.end is not End.DONE:
            return []
        slots = self._sender.slots
        scheduler = Scheduler(scripts, self._context.clocks, slots, optional)
        meter = ProgressMeter(self._outstanding, self.record, scheduler, slots)
        try:
            for event in self._engine.run(scheduler):
                if isinstance(event, End):
                    self.end = event
                else:
                    self._context.listener.progress(meter.progress(event))
        except AmzsyncError as error:
            self.error = error
        return scheduler.results

    def result(self) -> RunResult:
        seconds = self._context.clocks.monotonic() - self._started
        return RunResult(self.end, dict(self._sender.requests), seconds, self.error)


def _in_both(ledger: Ledger, counted: Ledger) -> Callable[[], AbstractContextManager[None]]:
    """One transaction in the ledger, and where requests are counted elsewhere, one there too."""
    if ledger is counted:
        return ledger.atomic

    @contextmanager
    def both() -> Iterator[None]:
        with ledger.atomic(), counted.atomic():
            yield

    return both

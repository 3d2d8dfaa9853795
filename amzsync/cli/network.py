"""What a run over the network is given, from a command's options: ledger, account, limits, display."""

import logging
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from amzsync.cli.accounts import open_account
from amzsync.cli.binding import AccountBinding
from amzsync.cli.limits import ChosenLimits, TokenLimits
from amzsync.cli.next_steps import after_leaving
from amzsync.cli.output import Output, local_now
from amzsync.cli.planning import gallery_label
from amzsync.cli.run_options import RunOptions
from amzsync.config import Account
from amzsync.executor import run
from amzsync.executor.engine.engine import Bounds, End
from amzsync.executor.events import Listener, Notice, Progress
from amzsync.executor.run import (
    CheckResult,
    KnownReading,
    RefreshResult,
    RemovalResult,
    RunContext,
    RunResult,
    Server,
    TokenFacts,
)
from amzsync.executor.stop import StopRequest, stop_on_signals
from amzsync.folders import state_folder
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import SKIP_EXISTING
from amzsync.ledger.rows import Outcome
from amzsync.limits.windows import parse_duration_s
from amzsync.plytix.auth import Secret, TokenCache
from amzsync.views.progress import make_display
from amzsync.views.terminal import leave_terminal

__all__ = ["RunRequest", "check", "outcome_of", "prune", "refresh", "sync", "undo"]

_LOG = logging.getLogger("amzsync")
_MOST_WORKERS = 256


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run over the network works with. `request_log` is the ledger where requests are counted.

    `tokens` holds the access token for all that one command does.
    """

    ledger: Ledger
    request_log: Ledger
    options: RunOptions
    account: Account
    limits: ChosenLimits
    output: Output
    tokens: TokenCache = field(default_factory=TokenCache)


def sync(request: RunRequest, run_id: int, readings: Mapping[int, KnownReading]) -> RunResult:
    """Work through everything pending; `readings` are those of a refresh just before."""
    reason = SKIP_EXISTING if request.options.mapping.skip_existing else None
    with _run_context(request) as context:
        return run.sync(context, run_id, skip_existing_reason=reason, readings=readings)


def refresh(request: RunRequest, run_id: int | None = None) -> RefreshResult:
    """Read what Plytix has of everything wanted that this run has not seen yet."""
    with _run_context(request) as context:
        return run.refresh(context, run_id)


def check(request: RunRequest) -> CheckResult:
    """Look at everything wanted."""
    with _run_context(request) as context:
        return run.check(context)


def prune(request: RunRequest, run_id: int) -> RemovalResult:
    """Take out what the run's tasks name."""
    with _run_context(request) as context:
        return run.prune(context, run_id, delete_assets=request.options.removal.assets)


def undo(request: RunRequest, run_id: int, undone_run: int) -> RemovalResult:
    """Take back what that run did."""
    with _run_context(request) as context:
        delete_assets = request.options.removal.delete_assets
        return run.undo(context, run_id, undone_run=undone_run, delete_assets=delete_assets)


def outcome_of(end: End) -> Outcome:
    """How a run over the network ended, failures of rows apart."""
    match end:
        case End.STOPPED:
            return Outcome.INTERRUPTED
        case End.WAIT_TOO_LONG:
            return Outcome.WAITING
        case End.DONE:
            return Outcome.FINISHED


class _Logged:
    """A display whose notices are logged."""

    def __init__(self, display: Listener) -> None:
        self._display = display

    def progress(self, progress: Progress) -> None:
        self._display.progress(progress)

    def notice(self, notice: Notice) -> None:
        _LOG.log(logging.WARNING if notice.is_warning else logging.INFO, "%s", notice.message)
        self._display.notice(notice)


@contextmanager
def _run_context(request: RunRequest) -> Iterator[RunContext]:
    account, options, output = request.account, request.options, request.output
    stop = StopRequest()
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop, partial(leave_terminal, after_leaving(options))))
        skus = request.ledger.queries.wanted_skus() if account.is_sandbox else iter(())
        up = stack.enter_context(open_account(account, options.target.ledger, skus))
        display = stack.enter_context(
            make_display(output.err, quiet=output.is_quiet, monotonic=time.monotonic, now=local_now)
        )

        listener = _Logged(display)

        def say(text: str) -> None:
            listener.notice(Notice(text))

        binding = AccountBinding(request.request_log, account, same_account=options.target.same_account)
        token_limits = TokenLimits(request.request_log, request.limits, say)

        def read_token(token: Secret) -> TokenFacts:
            error = binding.take_token(token, say)
            return TokenFacts(error, None if error else token_limits.take_token(token))

        yield RunContext(
            ledger=request.ledger,
            server=Server(up.api_url, up.auth_url, up.credentials),
            limits=request.limits.limits,
            gallery_label=gallery_label(request.ledger, options),
            listener=listener,
            stop=stop,
            bounds=_bounds(options),
            request_log=request.request_log,
            read_token=read_token,
            tokens=request.tokens,
            # An embedded Plytix has no other clients.
            state_folder=None if account.is_sandbox else state_folder(),
        )


def _bounds(options: RunOptions) -> Bounds:
    return Bounds(
        workers=options.pace.workers or _MOST_WORKERS,
        max_wait_s=parse_duration_s(options.pace.max_wait) if options.pace.max_wait else math.inf,
    )

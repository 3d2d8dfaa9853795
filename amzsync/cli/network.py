"""What a run over the network is given, from a command's options: ledger, account, limits, display."""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from amzsync.cli.accounts import open_account
from amzsync.cli.binding import AccountBinding
from amzsync.cli.limits import ChosenLimits, TokenLimits
from amzsync.cli.machine import this_machine
from amzsync.cli.next_steps import after_leaving
from amzsync.cli.output import Output, local_now
from amzsync.cli.planning import gallery_label
from amzsync.cli.run_options import RunOptions
from amzsync.config import Account
from amzsync.domain.picture_look import PictureLook
from amzsync.executor import run
from amzsync.executor.engine.engine import Bounds, End
from amzsync.executor.events import Listener, Notice, Progress
from amzsync.executor.run import (
    CheckResult,
    KnownReading,
    PictureSource,
    ProbeResult,
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
from amzsync.ledger.rows import Outcome
from amzsync.limits.windows import parse_duration_s
from amzsync.plytix.auth import Secret, TokenCache
from amzsync.plytix.network import Timeouts
from amzsync.plytix.pictures import PictureHost
from amzsync.views.progress import make_display
from amzsync.views.terminal import leave_terminal

__all__ = [
    "RunRequest",
    "check",
    "connected",
    "look_at_pictures",
    "outcome_of",
    "probe",
    "prune",
    "refresh",
    "sync",
    "undo",
]

_LOG = logging.getLogger("amzsync")
_MOST_WORKERS = 256
_FOR_WHOLE_PICTURES = Timeouts(connect_s=5.0, read_s=10.0, deadline_s=60.0)


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
    wanted = request.options.mapping
    # With mappings, it is their word for the products that they name, and the plan has kept it.
    skips_all = wanted.skip_existing and not wanted.mappings
    with _run_context(request) as context:
        return run.sync(
            context,
            run_id,
            skip_existing=skips_all,
            readings=readings,
            pictures=_picture_source(request.options),
        )


def look_at_pictures(request: RunRequest, run_id: int | None = None) -> PictureLook | None:
    """Ask the hosts of what is in place whether it has changed; None where that was not asked for."""
    source = _picture_source(request.options)
    if source is None:
        return None
    with _run_context(request) as context:
        return run.look_at_pictures(context, source, run_id)


def refresh(request: RunRequest, run_id: int | None = None) -> RefreshResult:
    """Read what Plytix has of everything wanted that this run has not seen yet."""
    with _run_context(request) as context:
        return run.refresh(context, run_id)


def check(request: RunRequest) -> CheckResult:
    """Look at everything wanted."""
    with _run_context(request) as context:
        return run.check(context)


def probe(request: RunRequest, addresses: Sequence[str]) -> ProbeResult:
    """Try how the account answers, and remove what was made for it."""
    with _run_context(request) as context:
        return run.probe(context, addresses)


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
def connected(
    request: RunRequest,
    sandbox_skus: Iterable[str] = (),
    *,
    keeps_sandbox: bool = True,
    shows_progress: bool = True,
) -> Iterator[RunContext]:
    """The account, the display and the signals of a run; the sandbox is given these products.

    `keeps_sandbox`: one that does not exist yet is kept beside the ledger. Whatever the access token tells
    is left to the caller.
    """
    account, options, output = request.account, request.options, request.output
    stop, machine = StopRequest(), this_machine()
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop, partial(leave_terminal, after_leaving(options))))
        up = stack.enter_context(
            open_account(account, options.target.ledger, sandbox_skus, is_kept=keeps_sandbox)
        )
        is_quiet = output.is_quiet or not shows_progress
        display = stack.enter_context(
            make_display(output.err, quiet=is_quiet, monotonic=machine.clocks.monotonic, now=local_now)
        )
        yield RunContext(
            ledger=request.ledger,
            server=Server(up.api_url, up.auth_url, up.credentials),
            limits=request.limits.limits,
            gallery_label=gallery_label(request.ledger, options),
            listener=_Logged(display),
            stop=stop,
            bounds=_bounds(options),
            clocks=machine.clocks,
            request_log=request.request_log,
            tokens=request.tokens,
            # An embedded Plytix has no other clients.
            state_folder=None if account.is_sandbox else state_folder(),
            start_workers=machine.start_workers or run.start_workers,
        )


@contextmanager
def _run_context(request: RunRequest) -> Iterator[RunContext]:
    """The same, with the ledger bound to the account by each access token."""
    account, kept = request.account, request.request_log
    skus = request.ledger.queries.wanted_skus() if account.is_sandbox else iter(())
    with connected(request, skus) as context:

        def say(text: str) -> None:
            context.listener.notice(Notice(text))

        binding = AccountBinding(kept, account, same_account=request.options.target.same_account)
        token_limits = TokenLimits(kept, request.limits, say)

        def read_token(token: Secret) -> TokenFacts:
            error = binding.take_token(token, say)
            return TokenFacts(error, None if error else token_limits.take_token(token))

        yield replace(context, read_token=read_token)


def _picture_source(options: RunOptions) -> PictureSource | None:
    if not options.images.pictures:
        return None
    # What is fetched goes on to Plytix: nothing of a private network does, whatever a mapping may name.
    return PictureSource(PictureHost(), PictureHost(timeouts=_FOR_WHOLE_PICTURES))


def _bounds(options: RunOptions) -> Bounds:
    return Bounds(
        workers=options.pace.workers or _MOST_WORKERS,
        max_wait_s=parse_duration_s(options.pace.max_wait) if options.pace.max_wait else math.inf,
    )

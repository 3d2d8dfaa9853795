"""Put the rooms together for a run over the network: ledger, account, pace, engine, display."""

import math
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from amzsync.cli.accounts import open_account
from amzsync.cli.binding import AccountBinding
from amzsync.cli.limits import ChosenLimits, TokenLimits
from amzsync.cli.options import RunOptions
from amzsync.cli.planning import gallery_is_checked, gallery_label, keep_checked_gallery
from amzsync.cli.voice import Voice, local_now
from amzsync.config import Account, state_folder
from amzsync.errors import StopError
from amzsync.executor.engine import End, Engine, EngineSettings, Source
from amzsync.executor.events import Listener, Notice
from amzsync.executor.freshness import read_clocks
from amzsync.executor.refresh import Refresh
from amzsync.executor.slots import Slots
from amzsync.executor.stop import StopRequest, stop_on_signals
from amzsync.executor.sync import Sync, SyncOptions
from amzsync.ledger.book import Ledger
from amzsync.ledger.merge import SKIP_EXISTING
from amzsync.ledger.neighbours import Neighbours
from amzsync.limits.windows import parse_duration_s
from amzsync.plytix.auth import Secret
from amzsync.plytix.transport import Transport
from amzsync.views.progress import make_display

__all__ = ["Bench", "Worked", "refresh", "sync"]

_MOST_WORKERS = 256


@dataclass(slots=True)
class Worked:
    """What the network part of a run came to."""

    end: End = End.DONE
    requests_by_kind: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def requests(self) -> int:
        return sum(self.requests_by_kind.values())


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run over the network works with. `quota` is the ledger where requests are counted."""

    ledger: Ledger
    quota: Ledger
    options: RunOptions
    account: Account
    limits: ChosenLimits
    voice: Voice


def sync(bench: Bench, run_id: int, worked: Worked) -> None:
    """Work through everything pending; `worked` is kept up to date also where this raises.

    Raises:
        StopError: nothing can go on.
    """
    ledger = bench.ledger
    label = gallery_label(ledger, bench.options)
    work = ledger.work(run_id)
    work.want_needed_assets()
    with _neighbours(bench.account) as has_neighbours, _engine(bench, worked) as (engine, slots, listener):
        source = Sync(
            work,
            ledger.queries.outstanding(),
            SyncOptions(
                gallery_label=label,
                gallery_is_known=gallery_is_checked(ledger, label),
                skip_existing_reason=SKIP_EXISTING if bench.options.skip_existing else None,
            ),
            slots,
            listener,
            gallery_passed=lambda: keep_checked_gallery(ledger, label),
            has_neighbours=has_neighbours,
            clock=time.monotonic,
            clocks=read_clocks,
        )
        worked.end = engine.run(source)
        if worked.end is End.DONE:
            work.skip_unneeded_assets()


def refresh(bench: Bench) -> Worked:
    """Read what Plytix has of everything wanted.

    Raises:
        StopError: nothing can go on.
    """
    worked = Worked()
    ledger = bench.ledger
    label = gallery_label(ledger, bench.options)
    with _engine(bench, worked) as (engine, slots, listener):
        source: Source = Refresh(ledger.work(), ledger.queries.to_refresh(), label, slots, listener)
        worked.end = engine.run(source)
    return worked


@contextmanager
def _neighbours(account: Account) -> Iterator[Callable[[], bool]]:
    """Whether other runs have been at work on the same Plytix; an embedded one has no others."""
    if account.is_sandbox:
        yield lambda: False
        return
    with Neighbours(state_folder(os.environ, Path.home()), account.api_url) as neighbours:
        yield neighbours.have_been


@contextmanager
def _engine(bench: Bench, worked: Worked) -> Iterator[tuple[Engine, Slots, Listener]]:
    account, options, voice = bench.account, bench.options, bench.voice
    started = time.monotonic()
    stop = StopRequest()
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        skus = bench.ledger.queries.wanted_skus() if account.is_sandbox else iter(())
        up = stack.enter_context(open_account(account, options.ledger, skus))
        transport = Transport(up.api_url, up.auth_url)
        stack.callback(transport.close)
        listener = stack.enter_context(
            make_display(
                voice.err,
                quiet=voice.speech.is_quiet,
                monotonic=time.monotonic,
                now=local_now,
            )
        )

        def say(text: str) -> None:
            listener.notice(Notice(text))

        slots = Slots(bench.limits.limits, bench.quota.request_log(), time.monotonic)
        binding = AccountBinding(bench.ledger, account, same_account=options.same_account)
        token_limits = TokenLimits(bench.quota, bench.limits, slots, say)

        def take_token(token: Secret) -> StopError | None:
            fault = binding.take_token(token, say)
            if fault is None:
                token_limits.take_token(token)
            return fault

        engine = Engine(
            transport,
            up.credentials,
            slots,
            _in_both(bench.ledger, bench.quota),
            settings=_settings(options),
            stop=stop,
            listener=listener,
            clock=time.monotonic,
            random=random.random,
            token_fault=take_token,
        )
        try:
            yield engine, slots, listener
        finally:
            worked.requests_by_kind = dict(engine.requests)
            worked.seconds = time.monotonic() - started
            for deprecation in sorted(transport.deprecations):
                listener.notice(Notice(f"Plytix announces: {deprecation}"))


def _in_both(ledger: Ledger, quota: Ledger) -> Callable[[], AbstractContextManager[None]]:
    """One transaction in the ledger, and where requests are counted elsewhere, one there too."""
    if ledger is quota:
        return ledger.atomic

    @contextmanager
    def both() -> Iterator[None]:
        with ledger.atomic(), quota.atomic():
            yield

    return both


def _settings(options: RunOptions) -> EngineSettings:
    return EngineSettings(
        workers=options.workers or _MOST_WORKERS,
        max_wait_s=parse_duration_s(options.max_wait) if options.max_wait else math.inf,
    )

"""What a run is given, and what comes of it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from amzsync.domain.changes import Change
from amzsync.errors import AmzsyncError, StopError
from amzsync.executor.clocks import Clocks
from amzsync.executor.engine.engine import Bounds, End
from amzsync.executor.engine.workers import Workers
from amzsync.executor.events import Listener, SilentListener
from amzsync.executor.scripts.product import KnownReading
from amzsync.executor.stop import StopRequest
from amzsync.ledger.ledger import Ledger
from amzsync.limits.windows import Limit
from amzsync.plytix.auth import Credentials, Secret, TokenCache
from amzsync.plytix.observations import Observed
from amzsync.plytix.transport import Transport

__all__ = [
    "Asked",
    "CheckResult",
    "RefreshResult",
    "RunContext",
    "RunResult",
    "Server",
    "TokenFacts",
    "start_workers",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """Where Plytix is, and who we are there."""

    api_url: str
    auth_url: str
    credentials: Credentials


def start_workers(server: Server, most: int) -> Workers:
    """What sends a run's requests to Plytix, so many at once."""
    return Workers(Transport(server.api_url, server.auth_url), server.credentials, most)


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What an access token tells: why it must not be used, and limits that are to be in force from now on."""

    error: StopError | None = None
    limits: tuple[Limit, ...] | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run works with.

    `request_log`: the ledger where requests are counted, if it is another one. `read_token` is asked about
    each new access token before it is used. `state_folder` is where runs on this machine notice each other;
    None: there are no others. `start_workers` gives what sends the requests, so many at once. `tokens` holds
    the access token, for a run that goes on where another has just ended.
    """

    ledger: Ledger
    server: Server
    limits: tuple[Limit, ...]
    gallery_label: str
    listener: Listener = field(default_factory=SilentListener)
    stop: StopRequest = field(default_factory=StopRequest)
    bounds: Bounds = field(default_factory=Bounds)
    clocks: Clocks = field(default_factory=Clocks)
    request_log: Ledger | None = None
    read_token: Callable[[Secret], TokenFacts] = lambda _token: TokenFacts()
    state_folder: Path | None = None
    start_workers: Callable[[Server, int], Workers] = start_workers
    tokens: TokenCache = field(default_factory=TokenCache)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What the network part of a run came to; `error` is why it could not go on."""

    end: End = End.DONE
    requests_by_kind: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: AmzsyncError | None = None

    @property
    def requests(self) -> int:
        return sum(self.requests_by_kind.values())

    def after(self, earlier: "RunResult") -> "RunResult":
        """What both came to, one after the other."""
        requests = Counter(earlier.requests_by_kind) + Counter(self.requests_by_kind)
        return replace(self, requests_by_kind=requests, seconds=earlier.seconds + self.seconds)


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """What a refresh came to; `readings` are of the products with something to do, by id."""

    run: RunResult = field(default_factory=RunResult)
    readings: Mapping[int, KnownReading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check came to: how many products were looked at, and those that differ, in the ledger's order.

    `others` counts the images in galleries that are neither wanted nor this ledger's.
    """

    run: RunResult
    products: int
    differences: tuple[Change, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What scripts have found out, and what their answers show besides."""

    run: RunResult
    answers: tuple[T, ...]
    observed: Observed

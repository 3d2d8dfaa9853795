"""What a run reports while it works: frozen values for the views."""

from dataclasses import dataclass
from typing import Protocol

from amzsync.limits.windows import Limit

__all__ = ["Listener", "Notice", "Progress", "QuotaUse", "SilentListener", "Traffic", "Waiting"]


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How much of a limit's window is taken now.

    `limit` is the one in force; where refusals have shown less than `configured`, that long ago.
    """

    limit: Limit
    used: int
    configured: Limit | None = None
    observed_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """No request may leave for `seconds` more, and why (`quota` or `refused`: a 429)."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the engine does: requests so far, those in flight now, and how many leave in a second.

    `retrying`: how many requests have failed and are tried again; `last_failure`: how the last one failed.
    """

    requests: int
    in_flight: int
    rate_per_s: float
    waiting: Waiting | None
    retrying: int = 0
    last_failure: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `left_s` is the time expected to be left, None where nothing can be said yet."""

    traffic: Traffic
    assets_done: int
    assets_total: int
    products_done: int
    products_total: int
    failures: int
    quota: tuple[QuotaUse, ...]
    left_s: float | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth saying once: a lower limit, a fallback. A warning is also for those who want little."""

    message: str
    is_warning: bool = False


class Listener(Protocol):
    """What a run reports to."""

    def progress(self, progress: Progress) -> None: ...

    def notice(self, notice: Notice) -> None: ...


class SilentListener:
    """For a run that nobody watches."""

    def progress(self, progress: Progress) -> None: ...

    def notice(self, notice: Notice) -> None: ...

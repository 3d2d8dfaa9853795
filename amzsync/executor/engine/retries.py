"""Which failed requests are tried again, when, and for how long. Pure: time and randomness are the caller's.

A request that failed in a way that may pass (timeout, reset, 5xx, garbage) is tried again for the outage
time, counted from its first failure, whatever others do meanwhile: only then is it known to be broken for
good. The times of all failed requests run at once. They stand still while nothing can be sent anyway.
"""

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakSet

from amzsync.plytix.retry import RetryPolicy

__all__ = ["Attempts", "PausableClock", "Retries"]


class PausableClock:
    """A clock that can be paused."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._paused_since: float | None = None
        self._paused_s = 0.0

    def pause(self, *, on: bool) -> None:
        now = self._clock()
        if self._paused_since is not None:
            self._paused_s += now - self._paused_since
        self._paused_since = now if on else None

    def now(self) -> float:
        now = self._clock() if self._paused_since is None else self._paused_since
        return now - self._paused_s


@dataclass(slots=True, eq=False, weakref_slot=True)
class Attempts:
    """How a request has failed so far. A caller that repeats one in another form passes this to the next.

    `wait_s`: how long to wait before the next attempt; None when there shall be none.
    """

    failures: int = 0
    wait_s: float | None = None
    since: float = 0.0
    successes_before: int = 0


class Retries:
    """The requests that are being tried again."""

    def __init__(
        self, policy: RetryPolicy, outage_s: float, now: Callable[[], float], random: Callable[[], float]
    ) -> None:
        self._policy = policy
        self._outage_s = outage_s
        self._now = now
        self._random = random
        # Weak, so that a request which nobody repeats any more is not counted.
        self._open: WeakSet[Attempts] = WeakSet()

    def __len__(self) -> int:
        return len(self._open)

    def failed(self, attempts: Attempts, successes: int) -> None:
        """Count a failure, and set how long to wait. `successes`: those of the whole run so far."""
        now = self._now()
        if attempts.failures == 0:
            attempts.since, attempts.successes_before = now, successes
        attempts.failures += 1
        left_s = self._outage_s - (now - attempts.since)
        attempts.wait_s = self._policy.wait_s(attempts.failures, left_s, self._random)
        if attempts.wait_s is None:
            self._open.discard(attempts)
        else:
            self._open.add(attempts)

    def nothing_else_succeeded(self, attempts: Attempts, successes: int) -> bool:
        """Whether anything else has succeeded since this request failed first."""
        return attempts.successes_before == successes

    def try_once_more(self, attempts: Attempts) -> None:
        attempts.wait_s = 0.0
        self._open.add(attempts)

    def ended(self, attempts: Attempts) -> None:
        """It was answered."""
        attempts.failures, attempts.wait_s = 0, None
        self._open.discard(attempts)

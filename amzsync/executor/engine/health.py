"""A circuit breaker: when nothing succeeds any more, only health checks are sent, one at a time. Pure."""

import math
from collections.abc import Callable

__all__ = ["CircuitBreaker"]

_FAILURES_TO_OPEN = 8
_MAX_FAILURES_TO_OPEN = 64
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 10.0


class CircuitBreaker:
    """Times are the caller's. The outage counts from the first failure after the last success.

    Where only health checks succeed, the rest are likely requests that fail for good: it opens less and
    less easily.
    """

    def __init__(self, outage_s: float) -> None:
        self._outage_s = outage_s
        self._in_a_row = 0
        self._to_open = self._to_open_before = _FAILURES_TO_OPEN
        self._failing_since: float | None = None
        self._checks = 0
        self.is_open = False
        self.check_at = -math.inf
        """When the next health check may leave."""
        self.successes = 0

    def succeeded(self) -> None:
        """A request was answered. Only a health check closes the breaker: others may have left long ago."""
        self.successes += 1
        self._in_a_row = 0
        self._to_open_before, self._to_open = self._to_open, _FAILURES_TO_OPEN
        self._failing_since = None

    def failed(self, now: float) -> None:
        self._in_a_row += 1
        if self._failing_since is None:
            self._failing_since = now
        if self._in_a_row >= self._to_open:
            self.open()

    def open(self) -> None:
        self.is_open = True

    def start_over(self) -> None:
        """The outage's time begins anew: Plytix asked for a pause, or nothing could be sent for long."""
        self._failing_since = None

    def check_passed(self) -> None:
        """Close it: everything may be sent again. The check's own success has been told before."""
        self._to_open = min(_MAX_FAILURES_TO_OPEN, 2 * self._to_open_before)
        self.is_open = False
        self._checks = 0
        self.check_at = -math.inf

    def check_failed(self, now: float, random: Callable[[], float]) -> float | None:
        """How long nothing has succeeded, when that is too long; else None, and there will be another."""
        since = now if self._failing_since is None else self._failing_since
        self._failing_since = since
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._checks, 10), self._outage_s / 4)
        self._checks += 1
        self.check_at = now + pause_s * (0.5 + random() / 2)
        return now - since if now - since >= self._outage_s else None

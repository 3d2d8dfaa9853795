"""What the engine does, sampled a few times a second."""

from collections import deque

from amzsync.executor.engine.failures import Failures
from amzsync.executor.engine.sender import Sender
from amzsync.executor.events import Traffic, Waiting

__all__ = ["TICK_S", "TrafficMeter"]

TICK_S = 0.25
_RATE_OVER_TICKS = 40
_WORTH_SAYING_S = 1.0


class TrafficMeter:
    """Times are the engine's clock."""

    def __init__(self, sender: Sender, failures: Failures) -> None:
        self._sender = sender
        self._failures = failures
        self._samples: deque[tuple[float, int]] = deque(maxlen=_RATE_OVER_TICKS)

    def is_due(self, now: float) -> bool:
        return not self._samples or now - self._samples[-1][0] >= TICK_S

    def traffic(self, now: float, wait_s: float, *, is_refused: bool) -> Traffic:
        """`wait_s`: how long nothing may leave; `is_refused`: because of a 429."""
        total = self._sender.requests.total()
        self._samples.append((now, total))
        since, before = self._samples[0]
        reason = "refused" if is_refused else "quota"
        return Traffic(
            requests=total,
            in_flight=len(self._sender.in_flight),
            rate_per_s=(total - before) / (now - since) if now > since else 0.0,
            waiting=Waiting(wait_s, reason) if wait_s > _WORTH_SAYING_S else None,
            retrying=self._failures.retrying,
            last_failure=self._failures.last_failure,
        )

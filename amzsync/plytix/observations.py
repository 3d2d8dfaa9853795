"""What answers show besides what was asked: how fast they come, the server's clock, announced endings."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from amzsync.plytix.refusals import http_date, readable
from amzsync.plytix.wire import Reply

__all__ = ["Observed", "Observer"]

MAX_DEPRECATIONS = 20
MAX_DEPRECATION_CHARS = 300
_TIMES_KEPT = 200
_DATE_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Observed:
    """`took_s`: how long an answer takes, the median of the last ones; None where none came.

    `ahead_s`: how far this machine's clock is ahead of the server's, less where it is behind, so exactly as
    the answers tell it; None where they tell no time. `deprecations`: announced endings of parts of the API.
    """

    took_s: float | None = None
    ahead_s: float | None = None
    deprecations: frozenset[str] = frozenset()


class Observer:
    """Takes in every answer, from many threads. `wall` gives seconds since the epoch."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._lock = threading.Lock()
        self._times_s: deque[float] = deque(maxlen=_TIMES_KEPT)
        self._shortest_s = float("inf")
        self._ahead_s: float | None = None
        self._deprecations: set[str] = set()

    def answered(self, reply: Reply, took_s: float) -> None:
        """An answer has just come, so long after its request was sent."""
        date = http_date(reply.headers.get("date", ""))
        with self._lock:
            self._times_s.append(took_s)
            # The faster the answer, the better it is known when the server wrote its time into it.
            if date is not None and took_s < self._shortest_s:
                self._shortest_s = took_s
                self._ahead_s = self._wall() - took_s / 2 - (date.timestamp() + _DATE_STEP_S / 2)

    def announced(self, text: str) -> None:
        """What the header of an answer says, without secrets; "" where there is none."""
        told = readable(text, MAX_DEPRECATION_CHARS) if text else ""
        with self._lock:
            if told and len(self._deprecations) < MAX_DEPRECATIONS:
                self._deprecations.add(told)

    @property
    def observed(self) -> Observed:
        """All that was seen so far."""
        with self._lock:
            took_s = median(self._times_s) if self._times_s else None
            return Observed(took_s, self._ahead_s, frozenset(self._deprecations))

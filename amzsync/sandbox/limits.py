"""The request limits of an account: sliding windows, exact to the request (plytix-api, Rate limits).

A request is counted when it arrives; a refused one is not counted, so that waiting always helps.
A request leaves a window when it is exactly as old as the window is long.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from enum import StrEnum


class RetryAfterForm(StrEnum):
    """Where a 429 says how long to wait."""

    HEADER = "header"
    BODY = "body"
    BOTH = "both"
    NEITHER = "neither"


class SlidingWindows:
    """Several limits `(requests, window_s)` over one stream of requests; all must have room."""

    def __init__(self, limits: Sequence[tuple[int, float]], arrivals: Iterable[float] = ()) -> None:
        """`arrivals` are the times, oldest first, of requests counted before (by an earlier process)."""
        for requests, window_s in limits:
            if requests < 1 or window_s <= 0:
                raise ValueError(
                    f"a limit is at least one request in a positive time, not {requests}/{window_s}"
                )
        known = tuple(arrivals)
        self._windows = [(requests, window_s, deque(known)) for requests, window_s in limits]

    @property
    def longest_s(self) -> float:
        return max((window_s for _, window_s, _ in self._windows), default=0.0)

    def admit(self, now: float) -> float | None:
        """Count a request that arrives at `now`; where it is refused, the seconds until there is room.

        The wait is rounded up to a millisecond: whoever waits as told is let in.
        """
        wait_s = 0.0
        for requests, window_s, arrivals in self._windows:
            while arrivals and now - arrivals[0] >= window_s:
                arrivals.popleft()
            if len(arrivals) >= requests:
                wait_s = max(wait_s, arrivals[-requests] + window_s - now, 0.001)
        if wait_s:
            return math.ceil(wait_s * 1000) / 1000
        for _, _, arrivals in self._windows:
            arrivals.append(now)
        return None

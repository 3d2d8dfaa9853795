"""Requests that have to be sent again: refused before anything was done, or failed and due later."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterable

from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.engine.tokens import TOKEN

__all__ = ["MAX_RETRIES", "RequestQueue", "retries_among"]

MAX_RETRIES = 16
"""Most retries in flight at once, to spare a server in trouble."""


class RequestQueue:
    """Times are the engine's clock."""

    def __init__(self) -> None:
        self._returned: deque[Outgoing] = deque()
        self._later: list[tuple[float, int, Outgoing]] = []
        self._order = itertools.count()
        self._retried_last = False

    def __bool__(self) -> bool:
        return bool(self._returned or self._later)

    def put_back(self, outgoing: Outgoing) -> None:
        """Send it again in its turn; a request for the token that all others need goes first."""
        if outgoing.serves is TOKEN:
            self._returned.appendleft(outgoing)
        else:
            self._returned.append(outgoing)

    def put_first(self, outgoing: Outgoing) -> None:
        self._returned.appendleft(outgoing)

    def put_later(self, outgoing: Outgoing, at: float) -> None:
        heapq.heappush(self._later, (at, next(self._order), outgoing))

    @property
    def is_turn_of_retries(self) -> bool:
        """New requests and retries alternate, so that neither delays the other."""
        return not self._retried_last

    def sent(self, outgoing: Outgoing) -> None:
        """Note what has just left: it decides whose turn is next."""
        self._retried_last = bool(outgoing.attempts.failures)

    def due_at(self) -> float | None:
        """When the next retry is due; None where there is none."""
        return self._later[0][0] if self._later else None

    def next_returned(self) -> Outgoing | None:
        return self._returned.popleft() if self._returned else None

    def next_retry(self, now: float) -> Outgoing | None:
        """One that has waited long enough."""
        return heapq.heappop(self._later)[2] if self._later and self._later[0][0] <= now else None

    def due_token(self, now: float) -> Outgoing | None:
        """The retry of the request for a token, where it is due: all others need it."""
        for entry in self._later:
            at, _, outgoing = entry
            if at <= now and outgoing.serves is TOKEN:
                self._later.remove(entry)
                heapq.heapify(self._later)
                return outgoing
        return None


def retries_among(in_flight: Iterable[Outgoing]) -> int:
    """How many of the requests in flight have failed before."""
    return sum(1 for outgoing in in_flight if outgoing.attempts.failures)

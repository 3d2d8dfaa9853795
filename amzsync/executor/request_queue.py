"""Requests that have to be sent again: given back through no fault of their own, or failed and due later."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterable

from amzsync.executor.outgoing import Outgoing
from amzsync.executor.tokens import TOKEN

__all__ = ["MOST_RETRIES", "RequestQueue", "retries_among"]

MOST_RETRIES = 16
"""Retries on their way at once: a server in trouble is not hammered."""


class RequestQueue:
    """Times are the engine's clock."""

    def __init__(self) -> None:
        self._given_back: deque[Outgoing] = deque()
        self._later: list[tuple[float, int, Outgoing]] = []
        self._order = itertools.count()
        self._retried_last = False

    def __bool__(self) -> bool:
        return bool(self._given_back or self._later)

    def put_back(self, outgoing: Outgoing) -> None:
        """Send it in its turn; the token that all others wait for goes first."""
        if outgoing.serves is TOKEN:
            self._given_back.appendleft(outgoing)
        else:
            self._given_back.append(outgoing)

    def put_first(self, outgoing: Outgoing) -> None:
        self._given_back.appendleft(outgoing)

    def put_later(self, outgoing: Outgoing, at: float) -> None:
        heapq.heappush(self._later, (at, next(self._order), outgoing))

    @property
    def is_retrys_turn(self) -> bool:
        """New work and retries take turns, so that neither holds up the other."""
        return not self._retried_last

    def sent(self, outgoing: Outgoing) -> None:
        """Whose turn is next follows from what has just left."""
        self._retried_last = bool(outgoing.attempts.failures)

    def due_at(self) -> float | None:
        """When the next retry is due; None where there is none."""
        return self._later[0][0] if self._later else None

    def next_given_back(self) -> Outgoing | None:
        return self._given_back.popleft() if self._given_back else None

    def next_retry(self, now: float) -> Outgoing | None:
        """One that has waited long enough."""
        return heapq.heappop(self._later)[2] if self._later and self._later[0][0] <= now else None

    def due_token(self, now: float) -> Outgoing | None:
        """The retry of the request for a token, where it has waited long enough: all others wait for it."""
        for entry in self._later:
            at, _, outgoing = entry
            if at <= now and outgoing.serves is TOKEN:
                self._later.remove(entry)
                heapq.heapify(self._later)
                return outgoing
        return None


def retries_among(in_flight: Iterable[Outgoing]) -> int:
    """How many of the requests on their way have failed before."""
    return sum(1 for outgoing in in_flight if outgoing.attempts.failures)

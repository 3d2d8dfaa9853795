"""A place in the account's windows for each request, shared with every process that has this ledger."""

from collections.abc import Callable, Sequence

from amzsync.executor.events import QuotaUse
from amzsync.ledger.request_log import RequestLog
from amzsync.limits.pace import Pace, Slot
from amzsync.limits.windows import Limit

__all__ = ["Slots"]


class Slots:
    """Hands out places: what this process sent, and what the ledger says that others sent."""

    def __init__(self, limits: Sequence[Limit], book: RequestLog, clock: Callable[[], float]) -> None:
        self._book = book
        self._clock = clock
        self._pace = Pace(limits)
        self._seen = 0
        self.was_refused = False
        for window_s, allowed in book.learned().items():
            self._pace.tighten(Limit(allowed, window_s))
        self._take_in_others()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits in force: those configured, or lower ones learned."""
        return self._pace.limits

    def wait_s(self) -> float:
        """Seconds until a request may leave, as far as this process knows."""
        return self._pace.wait_s(self._clock())

    def take(self, kind: str) -> Slot | None:
        """A place now, written down; None if another process has just taken it. Call it in a transaction."""
        self._take_in_others()
        now = self._clock()
        if self._pace.wait_s(now) > 0:
            return None
        self._seen = self._book.add(kind)
        return self._pace.record(now)

    def left(self, slot: Slot, at: float) -> None:
        """The request's last byte has left. Safe to call from its worker's thread: it stores one number."""
        self._pace.left(slot, at)

    def answered(self, slot: Slot, sent_at: float, answered_at: float) -> None:
        """The request's own times, once they are known."""
        self._pace.answered(slot, sent_at, answered_at)

    def refused(self, slot: Slot) -> None:
        """The server answered 429: it did not count this request."""
        self.was_refused = True
        self.give_back(slot)

    def give_back(self, slot: Slot) -> None:
        """The account's windows do not hold this request."""
        self._pace.refused(slot)

    def pause(self, seconds: float) -> None:
        """Nobody sends for so long."""
        self._pace.pause(self._clock() + seconds)

    def learn(self, refused_at: float, retry_after_s: float) -> Limit | None:
        """The lower limit a 429 has shown, kept for the runs to come."""
        limit = self._pace.learn(refused_at, retry_after_s)
        if limit:
            self._book.keep_learned(limit.window_s, limit.allowed)
        return limit

    def used(self) -> tuple[QuotaUse, ...]:
        return tuple(QuotaUse(limit, used) for limit, used in self._pace.used(self._clock()))

    def time_for_s(self, requests: int) -> float:
        """Seconds until the last of so many more requests may leave."""
        return self._pace.time_for_s(requests, self._clock())

    def _take_in_others(self) -> None:
        now = self._clock()
        for sent in self._book.since(self._seen):
            if sent.age_s < self._pace.longest_s:
                self._pace.record(now - sent.age_s, is_own=False)
            self._seen = sent.id

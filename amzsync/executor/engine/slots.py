"""The rate limiter: a slot in the account's windows for each request, shared by all runs with this ledger."""

from collections.abc import Callable, Sequence

from amzsync.executor.events import QuotaUse
from amzsync.ledger.request_log import ObservedLimit, RequestLog
from amzsync.limits.learning import Observed, is_believed
from amzsync.limits.pace import Pace, Slot
from amzsync.limits.windows import Limit

__all__ = ["Slots"]


class Slots:
    """Counts what this process sent, and what the ledger says that others sent."""

    def __init__(self, limits: Sequence[Limit], log: RequestLog, clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        self._pace = Pace(limits, self._believed())
        self._seen = 0
        self.was_refused = False
        self._has_told_lower = False
        self._take_in_others()
        self._take_in_pause()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits in force: those configured, or lower ones that refusals have shown."""
        return self._pace.limits

    def configure(self, limits: Sequence[Limit]) -> None:
        """Put the limits in force that a token tells."""
        self._pace.configure(limits, self._believed())

    def wait_s(self) -> float:
        """Seconds until a request may leave, as far as this process knows."""
        return self._pace.wait_s(self._clock())

    def available_within(self, seconds: float) -> int:
        """How many requests may leave from now until so much later."""
        return self._pace.available_within(seconds, self._clock())

    def take(self, kind: str) -> Slot | None:
        """A slot now, recorded; None if another process has just taken it. Call it in a transaction.

        A request for a token takes one, too: that the token host does not count for the account is likely,
        not documented, and one in a quarter of an hour costs nothing.
        """
        self._take_in_others()
        now = self._clock()
        if self._pace.wait_s(now) > 0:
            return None
        self._seen = self._log.add(kind)
        return self._pace.record(now)

    def left(self, slot: Slot, at: float) -> None:
        """The request's last byte has left. Safe to call from its worker's thread."""
        self._pace.mark_sent(slot, at)

    def answered(self, slot: Slot, sent_at: float, answered_at: float, *, is_accepted: bool) -> None:
        """The request's own times, once they are known; `is_accepted`: the account's limits let it in."""
        if self._pace.answered(slot, sent_at, answered_at, is_accepted=is_accepted):
            self._keep_observed()

    def refused(self, slot: Slot, retry_after_s: float | None) -> bool:
        """The server answered 429: it did not count this request. True where that first shows a lower limit.

        What it shows is kept, for the runs to come.
        """
        is_lower = self._pace.refused(slot, retry_after_s, self._clock())
        # What requests of this run explain is no sign of other programs.
        self.was_refused = self.was_refused or not self._pace.is_excused
        if not is_lower:
            return False
        self._keep_observed()
        is_news, self._has_told_lower = not self._has_told_lower, True
        return is_news

    @property
    def goes_on(self) -> bool:
        """Whether all go on as before once the wait of the last refusal is over."""
        return self._pace.goes_on

    def give_back(self, slot: Slot) -> None:
        """The account's windows do not hold this request."""
        self._pace.give_back(slot)

    def pause(self, seconds: float) -> None:
        """Nobody sends for so long, also should this run end before."""
        self._pace.pause(self._clock() + seconds)
        self._log.keep_pause(seconds)

    def used(self) -> tuple[QuotaUse, ...]:
        now = self._clock()
        ages = {each.window_s: now - each.since for each in self._pace.observed}
        return tuple(
            QuotaUse(limit, used, configured, ages.get(limit.window_s))
            for (limit, used), configured in zip(self._pace.used(now), self._pace.configured, strict=True)
        )

    def time_for_s(self, requests: int) -> float:
        """Seconds until the last of so many more requests may leave."""
        return self._pace.time_for_s(requests, self._clock())

    def _believed(self) -> list[Observed]:
        now = self._clock()
        found = [
            Observed(
                each.window_s,
                each.allowed,
                since=now - each.age_s,
                refused_at=now - each.refused_age_s,
                tries=each.tries,
                repeats=each.repeats,
            )
            for each in self._log.observed()
        ]
        return [each for each in found if is_believed(each, now)]

    def _keep_observed(self) -> None:
        now = self._clock()
        self._log.keep_observed(
            ObservedLimit(
                each.window_s, each.allowed, now - each.since, now - each.refused_at, each.tries, each.repeats
            )
            for each in self._pace.observed
        )

    def _take_in_others(self) -> None:
        now = self._clock()
        others = self._log.since(self._seen)
        for sent in others:
            self._pace.record(now - sent.age_s, is_own=False)
            self._seen = sent.id
        if others:
            self._take_in_pause()

    def _take_in_pause(self) -> None:
        self._pace.pause(self._clock() + self._log.pause_s())

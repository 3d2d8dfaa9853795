"""How old a reading may be when a write that rests on it arrives, and how many are read at once. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from amzsync.executor.clocks import Instant, age_s
from amzsync.limits.forecast import MOST_REREAD, reread_size
from amzsync.limits.windows import Limit

__all__ = ["BatchSize", "Reading"]

MAX_READING_AGE_S = 3.0
"""The longest time from sending a reading to the arrival of the write that rests on it."""

_MIN_LATENCY_S = 0.5
_MAX_LATENCY_S = 1.5
_GROWTH = 0.2
_SLOW_SHARE = 0.1
_TO_SPARE_S = 0.5
_LEAST_WRITING_S = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """When a reading was sent, and how long its answer took: the write may take as long.

    `batch`: how many writes are to rest on it, where it was made for them; else 0.
    """

    sent: Instant
    took_s: float = 0.0
    batch: int = 0

    @property
    def usable_s(self) -> float:
        """How long after it was sent a write that rests on it may still leave."""
        return MAX_READING_AGE_S - min(max(self.took_s, _MIN_LATENCY_S), _MAX_LATENCY_S)

    @property
    def was_late(self) -> bool:
        """Whether its answer came too late for any write to rest on it."""
        return self.took_s > self.usable_s

    def is_usable(self, now: Instant) -> bool:
        """Whether a write that leaves now arrives in time."""
        return age_s(self.sent, now) <= self.usable_s


class BatchSize:
    """How many products are read again at once, so that the write of each can follow in time.

    The pace says how many; where that was too many, fewer are taken, and one more after each full batch.
    """

    def __init__(self) -> None:
        self._most: float | None = None
        self._last = Reading(Instant(0.0, 0.0))
        self._missed_of = self._last.sent
        self._missed = 0

    def now(self, limits: Sequence[Limit]) -> int:
        """The size for the account's pace as it is."""
        left_s = self._last.usable_s - self._last.took_s
        by_pace = reread_size(limits, left_s) if left_s > 0 else reread_size(limits)
        return by_pace if self._most is None else max(1, min(by_pace, int(self._most)))

    def among(self, available: int) -> int:
        """The size where so many requests may leave in `writing_s`, from the reading on."""
        most = MOST_REREAD if self._most is None else int(self._most)
        return max(1, min(MOST_REREAD, most, available - 1))

    def at_best(self, limits: Sequence[Limit]) -> int:
        """The size in windows that nothing has been taken of."""
        stretches = (each.allowed * max(1.0, self.writing_s / each.window_s) for each in limits)
        return self.among(int(min(stretches, default=MOST_REREAD + 1)))

    @property
    def writing_s(self) -> float:
        """How long after a reading has left the writes that rest on it may, with some time to spare."""
        return max(_LEAST_WRITING_S, self._last.usable_s - _TO_SPARE_S)

    def answered(self, reading: Reading) -> None:
        """A bulk reading has been answered: the next ones will take as long."""
        self._last = reading

    def written_in_time(self, reading: Reading) -> None:
        """A write that rests on it has been answered."""
        if self._most is not None and reading.batch:
            self._most += max(1 / reading.batch, _GROWTH)

    def missed(self, reading: Reading) -> None:
        """A write that rests on it came too late."""
        size = reading.batch
        if reading.sent != self._missed_of:
            self._missed_of, self._missed = reading.sent, 0
        self._missed += 1
        # A connection that was slow for one write says nothing of the others.
        if size and self._missed > size * _SLOW_SHARE:
            self._most = max(1.0, size / 2, min(self._most or size, size) - 1)

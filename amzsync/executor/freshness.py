"""How long a reading is good for: a write that replaces must arrive within `WINDOW_S` of it. Pure."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amzsync.limits.forecast import reread_size
from amzsync.limits.windows import Limit

__all__ = ["BatchSize", "Instant", "Reading", "age_s", "read_clocks"]

WINDOW_S = 3.0
"""The most that may lie between the sending of a reading and the arrival of the write that rests on it."""

_SHORTEST_WAY_S = 0.5
_LONGEST_WAY_S = 1.5


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment as the machine's clocks tell it. While a machine is suspended, some of them stand still."""

    monotonic: float
    wall: float
    boot: float = 0.0


def read_clocks(monotonic: Callable[[], float] = time.monotonic) -> Instant:
    """The present moment; `boot` counts a suspended machine's time, where the system has such a clock."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return Instant(monotonic(), time.time(), 0.0 if boottime is None else time.clock_gettime(boottime))


def age_s(then: Instant, now: Instant) -> float:
    """Seconds between two moments: the most that any clock says, so that none which stood still misleads."""
    return max(now.monotonic - then.monotonic, now.wall - then.wall, now.boot - then.boot)


@dataclass(frozen=True, slots=True)
class Reading:
    """When a reading was sent, and how long its answer took: the write on its way may take as long."""

    sent: Instant
    took_s: float = 0.0

    @property
    def usable_s(self) -> float:
        """How long after it was sent a write that rests on it may still leave."""
        return WINDOW_S - min(max(self.took_s, _SHORTEST_WAY_S), _LONGEST_WAY_S)

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

    def now(self, limits: Sequence[Limit]) -> int:
        """The size for the account's pace as it is."""
        left_s = self._last.usable_s - self._last.took_s
        by_pace = reread_size(limits, left_s) if left_s > 0 else reread_size(limits)
        return by_pace if self._most is None else max(1, min(by_pace, int(self._most)))

    def answered(self, reading: Reading) -> None:
        """A bulk reading has been answered: the next ones will take as long."""
        self._last = reading

    def written_in_time(self, size: int) -> None:
        """A product of a batch of `size` has been written."""
        if self._most is not None:
            self._most += 1 / size

    def missed(self, size: int) -> None:
        """The write of a product in a batch of `size` came too late."""
        self._most = max(1.0, size / 2, min(self._most or size, size) - 1)

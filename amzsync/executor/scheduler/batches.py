"""How many products the next fresh reading is for, and whether it had better leave a little later."""

import math
from collections.abc import Callable

from amzsync.executor.engine.freshness import MAX_READING_AGE_S, BatchSize
from amzsync.executor.engine.slots import Slots

__all__ = ["Batches"]

_ENOUGH = 0.8
_LONGEST_HOLD_S = 10.0


class Batches:
    """Fits readings to the writes that the windows take in time behind them.

    `held_until`: when a reading that waits for more room in a window may leave (monotonic time).
    """

    def __init__(self, slots: Slots, clock: Callable[[], float]) -> None:
        self._slots = slots
        self._clock = clock
        self.sizes = BatchSize()
        self.held_until: float | None = None

    @property
    def by_pace(self) -> int:
        """How many can be written in time at an even pace."""
        return self.sizes.now(self._slots.limits)

    def in_time(self, due: int) -> int:
        """How many can be behind a reading that leaves as soon as it may, and behind `due` other writes."""
        within_s = self._slots.wait_s() + self.sizes.writing_s
        return self.sizes.among(self._slots.available_within(within_s) - due)

    def is_in_time(self, number: int, due: int) -> bool:
        """Whether so many writes can follow a reading that leaves now, behind those that are due already."""
        return self._slots.time_for_s(due + number + 1) <= MAX_READING_AGE_S

    def waits_for_room(self, number: int, waiting: int, due: int) -> bool:
        """Whether to hold a reading for so many of those waiting, so that one for more can leave instead.

        A window that is nearly used up takes few writes, and each of its readings would serve only those.
        What is not taken now can be taken then. It is held once, and never for long.
        """
        now = self._clock()
        best = min(waiting, self.sizes.at_best(self._slots.limits))
        enough = math.floor(best * _ENOUGH)
        hold_s = self._slots.time_for_s(due + enough + 1) - self.sizes.writing_s
        is_over = self.held_until is not None and now >= self.held_until
        if number >= enough or is_over or not 0 < hold_s <= _LONGEST_HOLD_S:
            self.held_until = None
            return False
        self.held_until = self.held_until or now + hold_s
        return True

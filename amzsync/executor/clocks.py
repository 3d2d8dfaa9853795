"""Clocks and randomness, given to a run so that tests can replace them."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Clocks", "Instant", "age_s"]


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment as the machine's clocks tell it. While a machine is suspended, some of them stand still."""

    monotonic: float
    wall: float
    boot: float = 0.0


def age_s(then: Instant, now: Instant) -> float:
    """Seconds between two moments: the most that any clock says, so that none which stood still misleads."""
    return max(now.monotonic - then.monotonic, now.wall - then.wall, now.boot - then.boot)


def _boottime() -> float:
    """A clock that counts the time of a suspended machine, where the system has one; else always 0."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Clocks:
    """`monotonic`, `wall` and `boot` give seconds, `random` values in [0, 1)."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    boot: Callable[[], float] = _boottime
    random: Callable[[], float] = random.random

    def now(self) -> Instant:
        return Instant(self.monotonic(), self.wall(), self.boot())

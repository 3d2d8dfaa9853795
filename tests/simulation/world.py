"""A world in one thread: virtual time, clocks that can be bent, chance from one seed, and a log of it all."""

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any

EPOCH = 1_800_000_000.0


class Killed(BaseException):
    """The process has died. Not an Exception: nothing in the product may catch it."""


class World:
    """Events in the order of (time, sequence). `now` is true time; the clocks of the machine are apart.

    While the machine is suspended, its monotonic clock stands still and its processes do nothing; the
    servers go on. `frozen` events wait for the end of that.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...], bool]] = []
        self._sequence = itertools.count()
        self._suspended_until = 0.0
        self._suspended_s = 0.0
        self._wall_offset = 0.0
        self.has_boot_clock = True
        self._log: list[tuple[float, str, tuple[Any, ...]]] = []

    # Clocks of the machine that the program runs on, and of the server.

    def monotonic(self) -> float:
        return 1000.0 + self.now - self._suspended_s

    def wall(self) -> float:
        return EPOCH + self.now + self._wall_offset

    def boot(self) -> float:
        return 1000.0 + self.now if self.has_boot_clock else 0.0

    def server(self) -> float:
        return EPOCH + self.now

    def jump_wall(self, seconds: float) -> None:
        self._wall_offset += seconds

    def suspend(self, seconds: float) -> None:
        """The machine sleeps from now on: what its processes would do is done when it wakes."""
        until = self.now + seconds
        held: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        try:
            while self._events and self._events[0][0] <= until:
                at, _, call, arguments, is_ours = heapq.heappop(self._events)
                if is_ours:
                    held.append((call, arguments))
                    continue
                self.now = at
                call(*arguments)
            self.now = until
            self._suspended_s += seconds
        finally:
            # Also where one process dies meanwhile: another one wakes.
            for call, arguments in held:
                self.after(0.0, call, *arguments, is_ours=True)

    # Events.

    def after(
        self, seconds: float, call: Callable[..., None], *arguments: object, is_ours: bool = False
    ) -> None:
        """Call it so much later; one of ours waits while the machine is suspended."""
        heapq.heappush(self._events, (self.now + seconds, next(self._sequence), call, arguments, is_ours))

    def step(self, until: float) -> bool:
        """Run the next event that is due by then; False where there is none, and it is then that time."""
        if self._events and self._events[0][0] <= until:
            at, _, call, arguments, _ = heapq.heappop(self._events)
            self.now = max(self.now, at)
            call(*arguments)
            return True
        self.now = max(self.now, until)
        return False

    def pass_time(self, seconds: float) -> None:
        """Let so much time go by while the program does not run."""
        until = self.now + seconds
        while self.step(until):
            pass

    # What happened.

    def log(self, what: str, *details: object) -> None:
        self._log.append((self.now, what, details))

    def story(self) -> list[str]:
        """Every event, one a line."""
        return [f"{at:12.3f} {what:<12} {' '.join(map(str, details))}" for at, what, details in self._log]

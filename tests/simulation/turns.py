"""A second program in the same virtual time: one of the two runs at a time, and the seed decides when.

The second one has a thread of its own, which works only while an event of the world waits for it: all still
happens in one order, the same each time.
"""

import threading
from collections.abc import Callable

from simulation.world import Killed, World


class Turns:
    """The turns of one program, from `start` until it has ended."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._may_go, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        self._number = 0
        self._is_killed = False
        self._error: BaseException | None = None
        self.is_over = True

    def start(self, work: Callable[[], object]) -> None:
        """Let it begin with the world's next event."""
        self.is_over = self._is_killed = False
        threading.Thread(target=self._run, args=(work,), daemon=True).start()
        self._next(0.0)

    def _run(self, work: Callable[[], object]) -> None:
        self._may_go.acquire()
        try:
            if not self._is_killed:
                work()
        except BaseException as error:  # noqa: BLE001 - it is raised again, where the world can see it
            self._error = error
        self.is_over = True
        self._waits.release()

    def _next(self, seconds: float) -> None:
        self._number += 1
        self._world.after(seconds, self._take_turn, self._number, is_ours=True)

    def _take_turn(self, number: int) -> None:
        """Let it work until it waits again; a turn that has become needless is passed over."""
        if number != self._number or self.is_over:
            return
        self._number += 1
        self._may_go.release()
        self._waits.acquire()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def wait(self, seconds: float) -> None:
        """The program has nothing to do for so long, unless something comes before.

        Raises:
            Killed: its process has died meanwhile.
        """
        self._next(seconds)
        self._waits.release()
        self._may_go.acquire()
        if self._is_killed:
            raise Killed

    def hurry(self) -> None:
        """Something has come: its turn is now."""
        self._next(0.0)

    def kill(self) -> None:
        """It dies where it waits."""
        if not self.is_over:
            self._is_killed = True
            self._take_turn(self._number)

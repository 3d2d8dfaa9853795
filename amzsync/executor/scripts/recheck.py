"""Read galleries again that this run has written, where that is free or where other programs are at work.

Plytix has no conditional write: of two programs that read the same empty gallery and both write it, the
later one wins and neither is told. A second reading shows it, and what was lost is appended. It shares
searches that have room, once any program that had read before our write must have written; only where other
programs are known to be at work does it cost requests of its own, at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass

from amzsync.executor.events import Listener, Notice

__all__ = ["LOOK_AFTER_S", "Recheck"]

LOOK_AFTER_S = 10.0
"""How long after a reading another run may still make the write that rests on it."""


@dataclass(frozen=True, slots=True)
class _Write:
    sku: str
    at: float


class Recheck:
    """The products written so far, in the order of their writing. `clock` is monotonic."""

    def __init__(
        self,
        has_other_runs: Callable[[], bool],
        was_refused: Callable[[], bool],
        listener: Listener,
        clock: Callable[[], float],
        search_lag_s: float = 0.0,
    ) -> None:
        self._has_other_runs = has_other_runs
        self._was_refused = was_refused
        self._listener = listener
        self._clock = clock
        self._search_lag_s = search_lag_s
        self._others_at_work = False
        self._has_said_why = False
        self._all: dict[int, _Write] = {}
        self._unseen: dict[int, _Write] = {}

    def note(self, product_id: int, sku: str) -> None:
        """Remember that its gallery was written just now, where that is new."""
        if product_id not in self._all:
            self._all[product_id] = self._unseen[product_id] = _Write(sku, self._clock())

    def suspect_others(self) -> None:
        """A sign of another program: everything is to be read again, also what has been already."""
        if not self._others_at_work:
            self._others_at_work = True
            self._unseen = dict(self._all)

    def take(self, most: int) -> dict[int, str]:
        """SKUs, by ledger id, of up to so many products written long enough ago and not looked at yet."""
        return self._take(most, self._clock() - self._look_after_s)

    def take_due(self, most: int) -> dict[int, str]:
        """The same at the end of the run: only where others are at work."""
        if self._was_refused():
            self.suspect_others()
        # How late another run of this program may write is known; of other programs nothing is.
        if self._has_other_runs():
            due_at = self._last_due_at()
            return self._take(most) if due_at is not None and self._clock() >= due_at else {}
        return self._take(most) if self._others_at_work else {}

    def due_at(self) -> float | None:
        """Beside another run the end waits until all that was written can be looked at for good."""
        due_at = self._last_due_at() if self._has_other_runs() else None
        if due_at is not None and not self._has_said_why:
            self._has_said_why = True
            self._listener.notice(
                Notice(f"Another amzsync run was active here: one last check in {self._look_after_s:g} s.")
            )
        return due_at

    @property
    def _look_after_s(self) -> float:
        """A search that is behind shows it as much later."""
        return LOOK_AFTER_S + self._search_lag_s

    def _last_due_at(self) -> float | None:
        """When all that were not looked at yet are old enough; None where there are none."""
        return next((write.at + self._look_after_s for write in reversed(self._unseen.values())), None)

    def _take(self, most: int, not_after: float | None = None) -> dict[int, str]:
        taken: dict[int, str] = {}
        for product_id, write in self._unseen.items():
            if len(taken) >= most or (not_after is not None and write.at > not_after):
                break
            taken[product_id] = write.sku
        for product_id in taken:
            del self._unseen[product_id]
        return taken

"""How long to wait before the next attempt. The only user of `backoff`."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Each wait is drawn from 0 to a bound that doubles up to `cap_s`, and never exceeds the time left.

    So the last attempt leaves when the time is over: what lasted shorter than it fails nothing.
    """

    base_s: float = 0.5
    cap_s: float = 20.0

    def __post_init__(self) -> None:
        if self.base_s < 0 or self.cap_s < 0:
            raise ValueError("A retry policy needs waits that are not negative.")

    def wait_s(self, failures: int, left_s: float, random: Callable[[], float]) -> float | None:
        """Seconds to wait after the `failures`-th failure; None when no time is left.

        `random` gives values in [0, 1).
        """
        if failures < 1:
            raise ValueError("A wait follows at least one failure.")
        if left_s <= 0:
            return None
        return min(random() * self._bound_s(failures), left_s)

    def _bound_s(self, failures: int) -> float:
        from backoff import expo

        bounds = expo(base=2, factor=self.base_s, max_value=self.cap_s)
        next(bounds)  # the generator yields nothing useful before its first value
        return float(next(islice(bounds, failures - 1, None)))

"""How long to wait before the next attempt. The only user of `backoff`."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` counts the first one too; each wait is drawn from 0 to a doubling, capped bound."""

    attempts: int = 5
    base_s: float = 0.5
    cap_s: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.base_s < 0 or self.cap_s < 0:
            raise ValueError("A retry policy needs at least one attempt and waits that are not negative.")

    def wait_s(self, failures: int, random: Callable[[], float]) -> float | None:
        """Seconds to wait after the `failures`-th failure; None when the attempts are used up.

        `random` gives values in [0, 1).
        """
        if failures < 1:
            raise ValueError("A wait follows at least one failure.")
        if failures >= self.attempts:
            return None
        return random() * self._bound_s(failures)

    def _bound_s(self, failures: int) -> float:
        from backoff import expo  # noqa: PLC0415 - it loads asyncio, which a run without a retry never needs

        bounds = expo(base=2, factor=self.base_s, max_value=self.cap_s)
        next(bounds)  # the generator yields nothing useful before its first value
        return float(next(islice(bounds, failures - 1, None)))

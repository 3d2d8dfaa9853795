"""What a 429 does to all requests: a pause, then one at a time, then as before. Times are the caller's."""

import math

__all__ = ["Throttle", "wait_after_refusals_s"]

_FIRST_WAIT_S = 0.5
_MAX_WAIT_S = 60.0
_UNTOLD_WAIT_S = 10.0  # the shorter window of an account (plytix-api, Rate limits)


class Throttle:
    """The refusals of one run."""

    def __init__(self) -> None:
        self._paused_until = -math.inf
        self._refused_at = -math.inf
        self._refusals = 0
        self._is_probing = False

    def is_paused(self, now: float) -> bool:
        return now < self._paused_until

    @property
    def sends_one_at_a_time(self) -> bool:
        """After the pause one request at a time leaves, until one shows that the account takes more."""
        return self._is_probing

    def refused(
        self, sent_at: float, retry_after_s: float | None, now: float, *, goes_on: bool = False
    ) -> float:
        """A request that left at `sent_at` was refused: the seconds to wait, as told or longer.

        Where nothing is told, the waits double. `goes_on`: after the wait all go on as before, for it shows
        nothing that concerns them.
        """
        # Refusals of requests that were in flight together count once.
        if sent_at > self._refused_at:
            self._refused_at = now
            self._refusals += 1
        if retry_after_s is None:
            retry_after_s = min(_MAX_WAIT_S, _UNTOLD_WAIT_S * 2.0 ** min(self._refusals - 1, 10))
        wait_s = max(retry_after_s, wait_after_refusals_s(self._refusals))
        self._paused_until = max(self._paused_until, now + wait_s)
        self._is_probing = self._is_probing or not goes_on
        return wait_s

    def accepted(self, sent_at: float) -> None:
        """A request was answered: those that left after the pause end it."""
        self._is_probing = self._is_probing and sent_at < self._paused_until
        self._refusals = 0


def wait_after_refusals_s(refusals: int) -> float:
    """Where the wait that the server told was too short, again and again, it is asked less and less often."""
    if refusals < 2:
        return 0.0
    return min(_MAX_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(refusals - 2, 10))

"""How long after it was sent a request may still arrive. Pure: no clock.

The server counts a request when it arrives. On the way there it loses a little, more where a connection is to
be opened for it first, and more again on a busy network or machine, which refusals show.
"""

from collections.abc import Sequence

from amzsync.limits.windows import Limit

__all__ = ["Arrivals"]

_SHARE = 0.02
_CAP_S = 1.0
_MOST_SHARE = 0.05
_WIDER = 1.5
_OTHERS_ARRIVE_LATER = 3
_NEW_CONNECTION_SHARE = 0.1


class Arrivals:
    """All shares are of the shortest window: there a delay weighs most."""

    def __init__(self) -> None:
        self._in_progress = 0
        self._connections = 0
        self.configure(())

    def configure(self, limits: Sequence[Limit]) -> None:
        shortest = min(limits, key=lambda limit: limit.window_s, default=None)
        self._shortest_s = shortest.window_s if shortest else 0.0
        self._new_connection_s = (
            _NEW_CONNECTION_SHARE * self._shortest_s if shortest and shortest.is_spaced else 0.0
        )
        self.expected_s = min(_CAP_S, _SHARE * self._shortest_s)
        self.is_widened = False

    @property
    def of_others_s(self) -> float:
        """Of another process's request only the plan to send it is known."""
        return self.expected_s * _OTHERS_ARRIVE_LATER

    def next_s(self) -> float:
        """For the request that leaves now. One more than were ever in progress needs a connection of its own.

        In a window that is not short, opening it takes no longer than what is expected anyway.
        """
        self._in_progress += 1
        if self._in_progress <= self._connections:
            return self.expected_s
        self._connections = self._in_progress
        return max(self.expected_s, self._new_connection_s)

    def answered(self) -> None:
        """One request is no longer in progress: its connection is free for the next."""
        self._in_progress = max(0, self._in_progress - 1)

    def widen(self) -> None:
        """A refusal shows that requests arrive later than expected."""
        self.is_widened = True
        self.expected_s = min(_CAP_S, _MOST_SHARE * self._shortest_s, _WIDER * self.expected_s)

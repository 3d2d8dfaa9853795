"""The requests that count against an account's limits, and what refusals have shown of the limits.

They are kept so that a restart or a second process sees them.

Each request is stored with the wall clock and the monotonic clock. Neither alone can be trusted over a
restart: the wall clock may be set, the monotonic one starts anew with the machine. A request's age is the
smaller of what the two say, never below zero, so that a limit can only be kept too well.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from amzsync.ledger.store import Store

__all__ = ["ObservedLimit", "RequestLog", "Sent"]

_PRUNE_EVERY = 1000
_PAUSE = "pause"
_LONGEST_PAUSE_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A request some process made: its number and its age in seconds."""

    id: int
    age_s: float


@dataclass(frozen=True, slots=True)
class ObservedLimit:
    """So many requests were let through in a window before one was refused; ages in seconds.

    `tries` are the attempts at more that were refused, `repeats` the refusals in a row at the same number.
    """

    window_s: float
    allowed: int
    age_s: float
    refused_age_s: float
    tries: int = 0
    repeats: int = 0


class RequestLog:
    """The `requests` and `observed_limits` tables, and the wait that a refusal told."""

    def __init__(
        self,
        store: Store,
        *,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        longest_s: float = 3600.0,
    ) -> None:
        self._store = store
        self._wall = wall
        self._monotonic = monotonic
        self._longest_s = longest_s
        self._since_pruning = 0

    def since(self, request_id: int) -> list[Sent]:
        """The requests recorded after this one, oldest first."""
        wall, monotonic = self._wall(), self._monotonic()
        return [
            Sent(number, _age_s(wall - sent_wall, monotonic - sent_monotonic))
            for number, sent_wall, sent_monotonic in self._store.execute(
                "SELECT id, sent_wall, sent_monotonic FROM requests WHERE id > ? ORDER BY id", (request_id,)
            )
        ]

    def add(self, kind: str) -> int:
        """Record a request that leaves now; its number."""
        self._prune()
        cursor = self._store.execute(
            "INSERT INTO requests (kind, sent_wall, sent_monotonic) VALUES (?, ?, ?)",
            (kind, self._wall(), self._monotonic()),
        )
        return int(cursor.lastrowid or 0)

    def observed(self) -> list[ObservedLimit]:
        """What refusals have shown, however long ago, by window."""
        now = self._wall()
        return [
            ObservedLimit(
                window_s, allowed, max(0.0, now - since), max(0.0, now - refused_at), tries, repeats
            )
            for window_s, allowed, since, refused_at, tries, repeats in self._store.execute(
                "SELECT window_s, allowed, since_wall, refused_wall, tries, repeats"
                " FROM observed_limits ORDER BY window_s"
            )
        ]

    def keep_observed(self, limits: Iterable[ObservedLimit]) -> None:
        """These, and no others."""
        now = self._wall()
        self._store.execute("DELETE FROM observed_limits")
        self._store.execute_many(
            "INSERT INTO observed_limits (window_s, allowed, since_wall, refused_wall, tries, repeats)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    each.window_s,
                    each.allowed,
                    now - each.age_s,
                    now - each.refused_age_s,
                    each.tries,
                    each.repeats,
                )
                for each in limits
            ],
        )

    def keep_pause(self, wait_s: float) -> None:
        """Nobody sends for so long, also no run that begins meanwhile."""
        if wait_s < self.pause_s():
            return
        told = json.dumps([wait_s, self._wall(), self._monotonic()])
        self._store.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (_PAUSE, told))

    def pause_s(self) -> float:
        """How long still nobody sends: never longer than was told, whatever the clocks say."""
        told = self._store.value("SELECT value FROM settings WHERE name = ?", (_PAUSE,))
        try:
            wait_s, wall, monotonic = json.loads(told) if told else (0.0, 0.0, 0.0)
            left_s = wait_s - _age_s(self._wall() - wall, self._monotonic() - monotonic)
        except (ValueError, TypeError):
            # Somebody has changed it by hand.
            return 0.0
        return max(0.0, left_s) if left_s <= _LONGEST_PAUSE_S else 0.0

    def atomic(self) -> AbstractContextManager[None]:
        """A transaction in which what is read cannot be overtaken by another process."""
        return self._store.atomic()

    def _prune(self) -> None:
        self._since_pruning += 1
        if self._since_pruning % _PRUNE_EVERY == 1:
            old = [(sent.id,) for sent in self.since(0) if sent.age_s > self._longest_s]
            if old:
                self._store.execute("DELETE FROM requests WHERE id <= ?", old[-1])


def _age_s(by_wall: float, by_monotonic: float) -> float:
    # A negative monotonic age means that the machine has started anew: only the wall clock is left.
    return max(0.0, by_wall if by_monotonic < 0 else min(by_wall, by_monotonic))

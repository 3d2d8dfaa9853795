"""The requests that count against an account's limits, kept so that a restart or a second process sees them.

Each request is stored with the wall clock and the monotonic clock. Neither alone can be trusted over a
restart: the wall clock may be set, the monotonic one starts anew with the machine. A request's age is the
smaller of what the two say, never below zero, so that a limit can only be kept too well.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from amzsync.ledger.runs import utc_text
from amzsync.ledger.store import Store

__all__ = ["RequestLog", "Sent"]

_LEARNED_FOR_DAYS = 1
_PRUNE_EVERY = 1000


@dataclass(frozen=True, slots=True)
class Sent:
    """A request some process made: its number and its age in seconds."""

    id: int
    age_s: float


class RequestLog:
    """The `requests` and `learned_limits` tables."""

    def __init__(
        self,
        store: Store,
        *,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        longest_s: float = 3600.0,
    ) -> None:
        self._store = store
        self._wall = wall
        self._monotonic = monotonic
        self._now = now
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

    def learned(self) -> dict[float, int]:
        """The real limits a 429 has shown within the last day: requests by window seconds."""
        return dict(
            self._store.rows(
                "SELECT window_s, allowed FROM learned_limits WHERE julianday(?) - julianday(learned_at) < ?",
                (utc_text(self._now()), _LEARNED_FOR_DAYS),
            )
        )

    def keep_learned(self, window_s: float, allowed: int) -> None:
        self._store.execute(
            "INSERT OR REPLACE INTO learned_limits (window_s, allowed, learned_at) VALUES (?, ?, ?)",
            (window_s, allowed, utc_text(self._now())),
        )

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

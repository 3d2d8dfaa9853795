"""What scripts wait for, by kind, in the order in which it was asked."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from amzsync.executor.clocks import Instant
from amzsync.executor.script import BulkQuery, Find, Script, Send
from amzsync.plytix.wire import RequestKind

__all__ = ["Priority", "Process", "Queues", "Search", "Single", "Waiting", "count_keys"]


class Priority(IntEnum):
    """Which single requests go first."""

    WRITE = 0
    READ = 1
    UPLOAD = 2

    @classmethod
    def of(cls, kind: RequestKind) -> "Priority":
        match kind:
            case RequestKind.PRODUCT_WRITE | RequestKind.LINK:
                return cls.WRITE
            case RequestKind.ASSET_UPLOAD:
                return cls.UPLOAD
            case _:
                return cls.READ


@dataclass(eq=False, slots=True)
class Process:
    """A running script. `key` names it to those that share its result."""

    script: Script[Any]
    key: int | None = None


@dataclass(frozen=True, slots=True)
class Single:
    """One script's own request."""

    process: Process
    send: Send


@dataclass(frozen=True, slots=True)
class Waiting:
    """A script that waits for a search."""

    process: Process
    find: Find


@dataclass(eq=False, slots=True)
class Search:
    """A search for many scripts, which can take several pages. `form` and `asked_at` are the request's."""

    waiting: list[Waiting]
    page: int = 1
    form: int = 0
    asked_at: Instant | None = None
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def query(self) -> BulkQuery:
        return self.waiting[0].find.query

    @property
    def keys(self) -> list[str]:
        return list(dict.fromkeys(key for one in self.waiting for key in one.find.keys))


class Queues:
    """Every request that scripts wait for and that has not been sent."""

    def __init__(self) -> None:
        self.singles: dict[Priority, deque[Single]] = {priority: deque() for priority in Priority}
        self.turns: deque[Process] = deque()
        self.pages: deque[Search] = deque()
        self._searches: dict[BulkQuery, deque[Waiting]] = {}
        self._fresh: dict[BulkQuery, deque[Waiting]] = {}
        self._later: list[tuple[float, int, Waiting]] = []
        self._order = itertools.count()

    def add_single(self, single: Single) -> None:
        self.singles[Priority.of(single.send.call.request.kind)].append(single)

    def add_search(self, waiting: Waiting, now: float) -> None:
        """Queue it; one that is to wait first comes to its queue through `wake`."""
        find = waiting.find
        if find.after_s > 0:
            heapq.heappush(self._later, (now + find.after_s, next(self._order), waiting))
        else:
            queues = self._fresh if find.fresh else self._searches
            queues.setdefault(find.query, deque()).append(waiting)

    def wake(self, now: float) -> None:
        """Queue what has waited long enough."""
        while self._later and self._later[0][0] <= now:
            waiting = heapq.heappop(self._later)[2]
            queues = self._fresh if waiting.find.fresh else self._searches
            queues.setdefault(waiting.find.query, deque()).append(waiting)

    def wakes_at(self) -> float | None:
        return self._later[0][0] if self._later else None

    def fresh(self) -> deque[Waiting]:
        """The longest queue of searches that writes will rest on."""
        return max(self._fresh.values(), key=len, default=deque())

    def longest(self) -> deque[Waiting]:
        """The queue with most keys to search for; the query that came last wins, being nearer to an end."""
        return max(reversed(self._searches.values()), key=count_keys, default=deque())

    def of_query(self, query: BulkQuery) -> deque[Waiting]:
        """Searches of this query that may join any request for it."""
        return self._searches.get(query, deque())


def count_keys(waiting: Iterable[Waiting]) -> int:
    """Keys asked for, repeated ones counted each time."""
    return sum(len(one.find.keys) for one in waiting)

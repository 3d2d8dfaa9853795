"""What scripts wait for, by kind, in the order in which they asked."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from amzsync.executor.clocks import Instant
from amzsync.executor.scheduler.script import BulkQuery, Find, Script, Send
from amzsync.plytix.wire import RequestKind

__all__ = ["Priority", "Process", "Queues", "Search", "SingleRequest", "Waiter", "count_keys", "take_keys"]


class Priority(IntEnum):
    """Which single requests go first; a patient write rests on no reading that could become too old."""

    WRITE = 0
    READ = 1
    PATIENT_WRITE = 2
    UPLOAD = 3

    @classmethod
    def of(cls, kind: RequestKind) -> "Priority":
        match kind:
            case RequestKind.PRODUCT_WRITE | RequestKind.LINK | RequestKind.UNLINK | RequestKind.ASSET_DELETE:
                return cls.WRITE
            case RequestKind.ASSET_UPLOAD | RequestKind.ASSET_CONTENT:
                return cls.UPLOAD
            case _:
                return cls.READ


@dataclass(eq=False, slots=True)
class Process:
    """A running script. `key` names it to those that share its result."""

    script: Script[Any]
    key: int | None = None


@dataclass(frozen=True, slots=True)
class SingleRequest:
    """One script's own request."""

    process: Process
    send: Send

    @property
    def priority(self) -> Priority:
        priority = Priority.of(self.send.call.request.kind)
        is_patient = priority is Priority.WRITE and self.send.rests_on is None
        return Priority.PATIENT_WRITE if is_patient else priority


@dataclass(frozen=True, slots=True)
class Waiter:
    """A script that waits for a search."""

    process: Process
    find: Find


@dataclass(eq=False, slots=True)
class Search:
    """One search for many scripts, which can take several pages. `form` and `asked_at` are its request's."""

    waiting: list[Waiter]
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

    def needs_another_page(self, answer: object) -> bool:
        """Take in a page, and go on to the next where that may show what is still missing."""
        found, is_full = self.query.read(answer)
        for key in self.keys:
            if key in found:
                self.found.setdefault(key, found[key])
        if is_full and len(self.found) < len(self.keys):
            self.page += 1
            return True
        return False

    def values_for(self, waiter: Waiter) -> dict[str, Any]:
        """What was found of its keys."""
        return {key: self.found[key] for key in waiter.find.keys if key in self.found}


class Queues:
    """Every request that scripts wait for and that has not been sent."""

    def __init__(self) -> None:
        self.singles: dict[Priority, deque[SingleRequest]] = {priority: deque() for priority in Priority}
        self.turns: deque[Process] = deque()
        self.pages: deque[Search] = deque()
        self._searches: dict[BulkQuery, deque[Waiter]] = {}
        self._fresh: dict[BulkQuery, deque[Waiter]] = {}
        self._later: list[tuple[float, int, Waiter]] = []
        self._order = itertools.count()

    def add_single(self, single: SingleRequest) -> None:
        self.singles[single.priority].append(single)

    def add_search(self, waiting: Waiter, now: float) -> None:
        """Queue it; one with a delay enters its queue in `wake`, once that is over."""
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

    def due_at(self) -> float | None:
        return self._later[0][0] if self._later else None

    def fresh(self) -> deque[Waiter]:
        """The longest queue of searches that writes will rest on."""
        return max(self._fresh.values(), key=len, default=deque())

    def longest(self) -> deque[Waiter]:
        """The queue with most keys to search for; of equal ones that of the newest query."""
        return max(reversed(self._searches.values()), key=count_keys, default=deque())

    def of_query(self, query: BulkQuery) -> deque[Waiter]:
        """Waiters for this query that do not need a fresh reading."""
        return self._searches.get(query, deque())


def take_keys(queue: deque[Waiter], most: int) -> list[Waiter]:
    """From the front of a queue, as many as have together at most so many keys."""
    taken: list[Waiter] = []
    while queue and len(queue[0].find.keys) <= most:
        most -= len(queue[0].find.keys)
        taken.append(queue.popleft())
    return taken


def count_keys(waiting: Iterable[Waiter]) -> int:
    """Keys asked for, repeated ones counted each time."""
    return sum(len(one.find.keys) for one in waiting)

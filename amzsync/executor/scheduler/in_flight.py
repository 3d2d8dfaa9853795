"""The scheduler's requests that have not been answered yet."""

from collections import Counter

from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.scheduler.queues import Priority, Search, SingleRequest

__all__ = ["InFlight"]


class InFlight:
    """Counted by kind: searches, and single requests by priority."""

    def __init__(self) -> None:
        self._requests: set[Outgoing] = set()
        self._counts: Counter[object] = Counter()

    def __bool__(self) -> bool:
        return bool(self._requests)

    def add(self, outgoing: Outgoing) -> None:
        self._requests.add(outgoing)
        self._counts[_kind(outgoing)] += 1

    def remove(self, outgoing: Outgoing) -> None:
        self._requests.remove(outgoing)
        self._counts[_kind(outgoing)] -= 1

    def count(self, kind: type[Search] | Priority) -> int:
        return self._counts[kind]

    @property
    def expected_writes(self) -> int:
        """How many writes may follow the readings that are in flight."""
        searches = (one.serves for one in self._requests if isinstance(one.serves, Search))
        return sum(1 for search in searches for waiter in search.waiting if waiter.find.fresh)


def _kind(outgoing: Outgoing) -> object:
    match outgoing.serves:
        case SingleRequest() as single:
            return single.priority
        case _:
            return Search

"""One thing to send, and what to do around it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from amzsync.executor.retries import Failing
from amzsync.plytix.wire import Call

__all__ = ["Task"]


@dataclass(slots=True)
class Task:
    """A call with what to do around it.

    `claim` runs in the transaction that takes the slot, before the request leaves; `settle` gets the value
    or the error, and the number of attempts. `may_leave` is asked just before: what has become stale is
    given back to the source through `withdraw`. A task that is not `repeatable` comes back after any failure;
    its `failing` then says how long to wait before the next attempt, and whether there shall be one.
    """

    call: Call[Any]
    settle: Callable[[Any, int], None]
    claim: Callable[[], None] = lambda: None
    may_leave: Callable[[float], bool] = lambda _now: True
    withdraw: Callable[[], None] = lambda: None
    repeatable: bool = True
    failing: Failing = field(default_factory=Failing)

    @property
    def failures(self) -> int:
        return self.failing.failures

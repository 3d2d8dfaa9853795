"""A request as a source gives it to the engine, and the source that the answer returns to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from amzsync.errors import StopError
from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.engine.retries import Attempts
from amzsync.plytix.wire import Call

__all__ = ["Outgoing", "Source"]


@dataclass(eq=False, slots=True)
class Outgoing:
    """`serves` belongs to the source: what waits for the answer.

    `claim` runs in the transaction that takes the slot, before the request leaves. It must not leave once
    the reading that it `rests_on` is too old. One that is not `repeatable` comes back after any failure; its
    `attempts` then say how long to wait before the next try, and whether there shall be one.
    """

    call: Call[Any]
    serves: object
    claim: Callable[[], None] | None = None
    rests_on: Reading | None = None
    repeatable: bool = True
    attempts: Attempts = field(default_factory=Attempts)
    left_at: Instant | None = None


class Source(Protocol):
    """What tells the engine which requests to send: the scheduler."""

    @property
    def fatal(self) -> StopError | None:
        """Why nothing can go on, once an answer has shown it."""

    def next_request(self) -> Outgoing | None:
        """The best one to send now; None while everything waits for answers, or nothing is left."""

    def due_at(self) -> float | None:
        """When there may be one again without an answer coming (monotonic time); None: never."""

    def receive(self, outgoing: Outgoing, outcome: object, attempts: int) -> None:
        """Take in what came of a request after so many attempts: the answer, or a PlytixError instead."""

"""What a script can wait for.

A script is a generator: the work on one product (or one asset) written from top to bottom. It yields one of
the values below and is sent the answer; an error that concerns it is raised at the line that waits. Its
state is the line where it waits and its local variables. The scheduler decides which request serves which
scripts.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol, TypeVar

from amzsync.executor.engine.freshness import Reading
from amzsync.executor.engine.retries import Attempts
from amzsync.plytix.wire import Call

__all__ = [
    "BulkQuery",
    "Find",
    "Found",
    "OnRefusal",
    "Script",
    "Send",
    "Sent",
    "Shared",
    "Turn",
    "Wait",
]

T = TypeVar("T")


class OnRefusal(Enum):
    """What to do when Plytix refuses a bulk search."""

    ASK_AGAIN = auto()
    SPLIT = auto()
    STOP = auto()


class BulkQuery(Protocol):
    """A search that serves many scripts at once. Scripts that wait for the same query share requests."""

    @property
    def form(self) -> int:
        """Which of its ways of asking is in use; it only grows."""

    def call(self, keys: Sequence[str], page: int) -> Call[Any]:
        """The request for these keys (at most 100)."""

    def read(self, page: Any) -> tuple[Mapping[str, Any], bool]:  # noqa: ANN401 - the call's own answer
        """What an answer shows by key, and whether it is full, so that another page may follow."""

    def refused(self, status: int | None, form: int, /) -> OnRefusal:
        """What to do about a refusal of a request that was made in this form."""


@dataclass(frozen=True, slots=True)
class Find:
    """Search for keys, in a request that other scripts share. Answered by `Found`.

    `fresh`: the answer is what a write rests on, so ask only when the write can follow at once.
    `after_s`: not before so many seconds have passed.
    """

    query: BulkQuery
    keys: tuple[str, ...]
    fresh: bool = False
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """`values` holds what exists, by key, as `reading` showed it."""

    values: Mapping[str, Any]
    reading: Reading


@dataclass(frozen=True, slots=True)
class Turn:
    """Wait until a write may leave at once, so that it is decided on what is known then. Answered by None."""


@dataclass(frozen=True, slots=True)
class Send:
    """Make one request. Answered by `Sent`.

    `claim` runs in the transaction that takes the request's slot, just before it leaves. `rests_on` is the
    reading that a write must not outlive: where it would, NotSentError is raised. With `attempts` a failure
    that may have changed something is raised at once, and they tell how long to wait before the next try;
    without, the request is repeated as it is.
    """

    call: Call[Any]
    claim: Callable[[], None] | None = None
    rests_on: Reading | None = None
    attempts: Attempts | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The answer, how many attempts it took, and when the last of them was made."""

    value: Any
    attempts: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Shared:
    """Wait for other scripts, by key. One that runs already for a key is joined, not run again.

    Answered by the scripts' results, by key.
    """

    scripts: Mapping[int, Callable[[], "Script[Any]"]]


Wait = Find | Turn | Send | Shared
Script = Generator[Wait, Any, T]

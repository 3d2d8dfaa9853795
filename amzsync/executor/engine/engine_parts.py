"""What the engine is made of: each part has one job, and tests of its own."""

from dataclasses import dataclass, field

from amzsync.executor.clocks import Clocks
from amzsync.executor.engine.failures import Failures
from amzsync.executor.engine.request_queue import RequestQueue
from amzsync.executor.engine.sender import Sender
from amzsync.executor.engine.throttle import Throttle
from amzsync.executor.engine.tokens import Tokens

__all__ = ["HEALTH_CHECK", "EngineParts"]

HEALTH_CHECK = "health check"
"""What a health check serves: the engine itself, and no script."""


@dataclass(frozen=True, slots=True)
class EngineParts:
    """`queue` holds requests that are to be sent again."""

    sender: Sender
    tokens: Tokens
    failures: Failures
    clocks: Clocks
    throttle: Throttle = field(default_factory=Throttle)
    queue: RequestQueue = field(default_factory=RequestQueue)

    def wait_s(self) -> float:
        """Seconds until the next request may leave; without a token that is the one for a token."""
        return max(self.sender.slots.wait_s(), self.tokens.wait_s(self.clocks.monotonic()))

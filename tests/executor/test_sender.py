"""Which answers show that the account's limits let a request in."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, cast

import pytest

from amzsync.errors import PlytixError, RateLimitedError, RejectedError, RetriableError, TokenError
from amzsync.executor.clocks import Instant
from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.engine.sender import Sender
from amzsync.executor.engine.slots import Slots
from amzsync.executor.engine.workers import Answered, Workers
from amzsync.limits.pace import Slot
from amzsync.plytix.client import search_assets


class FakeWorkers:
    """Answers each request at once, in one way."""

    def __init__(self, outcome: object) -> None:
        self._outcome = outcome
        self._answers: list[Answered] = []

    def submit(self, tag: object, _call: object, _token: object, _on_sent: Callable[[float], None]) -> None:
        self._answers.append(Answered(tag, None, self._outcome, 1.0, 2.0))

    def answers(self, _timeout_s: float) -> list[Answered]:
        return self._answers


class FakeSlots:
    """Remembers what it was told of each request."""

    def __init__(self) -> None:
        self.accepted: list[bool] = []

    def take(self, _kind: str) -> Slot:
        return Slot(0.0, 0.0, 0.0)

    def left(self, _slot: Slot, _at: float) -> None: ...

    def answered(self, _slot: Slot, _sent_at: float, _answered_at: float, *, is_accepted: bool) -> None:
        self.accepted.append(is_accepted)


@pytest.mark.parametrize(
    ("outcome", "was_let_in"),
    [
        pytest.param("an answer", True, id="answered"),
        pytest.param(RejectedError("no such asset", status=404), True, id="refused for itself"),
        pytest.param(RateLimitedError("too many", retry_after_s=1.0), False, id="refused for the limit"),
        pytest.param(TokenError("too old", status=401), False, id="refused for its token"),
        pytest.param(RetriableError("no answer"), False, id="not answered"),
    ],
)
def test_a_request_that_plytix_refuses_for_itself_was_let_in_by_the_limits(
    outcome: str | PlytixError, *, was_let_in: bool
) -> None:
    slots = FakeSlots()
    workers = cast("Workers", FakeWorkers(outcome))
    sender = Sender(workers, cast("Slots", slots), nullcontext, lambda: Instant(0.0, 0.0))
    sender.send(Outgoing(search_assets(["a.jpg"]), cast("Any", None)), None)
    assert len(list(sender.answers(0.0))) == 1
    assert slots.accepted == [was_let_in]

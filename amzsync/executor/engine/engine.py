"""The sending loop: requests leave at the account's pace, and every answer is handled in one thread.

The thread that runs it owns the ledger and every decision; worker threads make one attempt each. So nothing
here needs a lock, and a token is renewed once for all. It knows requests, and neither scripts nor products.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from amzsync.errors import StopError
from amzsync.executor.engine.answers import AnswerHandler
from amzsync.executor.engine.engine_parts import EngineParts
from amzsync.executor.engine.outgoing import Source
from amzsync.executor.engine.request_chooser import RequestChooser
from amzsync.executor.engine.traffic import TICK_S, TrafficMeter
from amzsync.executor.events import Listener, Notice, Traffic
from amzsync.executor.stop import StopRequest
from amzsync.plytix.retry import RetryPolicy
from amzsync.plytix.wire import Call

__all__ = ["Bounds", "End", "Engine"]


class End(Enum):
    """Why a run ended."""

    DONE = auto()
    STOPPED = auto()
    WAIT_TOO_LONG = auto()


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of a run. `workers`: most requests in flight; `max_wait_s`: longest wait for the limit.

    `outage_s`: how long nothing may succeed before the run ends, and how long one request is tried again
    while others succeed.
    """

    workers: int = 256
    max_wait_s: float = math.inf
    outage_s: float = 60.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, slots=True)
class _Sending:
    """How a round of sending ended: `is_idle` when nothing was left to send, `at` when that was seen."""

    end: End = End.DONE
    is_idle: bool = False
    at: float = -math.inf


class Engine:
    """`health_check` is a harmless read, which shows whether Plytix answers at all."""

    def __init__(
        self,
        parts: EngineParts,
        *,
        bounds: Bounds,
        stop: StopRequest,
        listener: Listener,
        health_check: Call[Any],
    ) -> None:
        self._parts = parts
        self._bounds = bounds
        self._stop = stop
        self._chooser = RequestChooser(parts, health_check)
        self._answers = AnswerHandler(parts, listener)
        self._meter = TrafficMeter(parts.sender, parts.failures)
        self._listener = listener
        self._fatal: StopError | None = None
        self._has_told_stop = False

    def run(self, source: Source) -> Iterator[Traffic | End]:
        """Work until the source has nothing left: what is going on, a few times a second, then the end.

        Raises:
            StopError: nothing can go on; whatever was in flight has been answered and recorded.
        """
        parts = self._parts
        sending = _Sending()
        while True:
            self._tell_stop()
            parts.failures.watch(parts.wait_s())
            if not self._is_ending(sending):
                sending = self._send_all(source)
            if self._meter.is_due(parts.clocks.monotonic()):
                yield self._traffic()
            if not parts.sender.in_flight and (self._is_ending(sending) or self._is_over(source, sending)):
                break
            for arrived in parts.sender.answers(self._timeout_s(source, sending)):
                self._answers.handle(source, arrived)
            self._fatal = self._fatal or self._answers.fatal or source.fatal
        if self._fatal:
            raise self._fatal
        yield End.STOPPED if self._stop else sending.end

    def _tell_stop(self) -> None:
        """Whoever asks for the end is answered at once, however long the last answers take."""
        in_flight = len(self._parts.sender.in_flight)
        if not self._stop or self._has_told_stop or not in_flight:
            return
        self._has_told_stop = True
        requests = f"{in_flight} request{'s' if in_flight > 1 else ''}"
        text = f"Stopping: waiting for {requests} in progress; press Ctrl-C again to leave now"
        self._listener.notice(Notice(text, is_warning=True))

    def _is_ending(self, sending: _Sending) -> bool:
        return bool(self._stop or self._fatal or sending.end is End.WAIT_TOO_LONG)

    def _is_over(self, source: Source, sending: _Sending) -> bool:
        parts = self._parts
        has_more = parts.queue or parts.failures.only_checks or source.due_at() is not None
        return sending.is_idle and not has_more

    def _send_all(self, source: Source) -> _Sending:
        """Send until something has to be waited for."""
        parts = self._parts
        sender = parts.sender
        while len(sender.in_flight) < self._bounds.workers and not self._stop:
            now = parts.clocks.monotonic()
            wait_s = parts.wait_s()
            if wait_s > 0:
                is_idle = self._chooser.is_drained(source)
                is_too_long = wait_s > self._bounds.max_wait_s and not is_idle
                return _Sending(End.WAIT_TOO_LONG if is_too_long else End.DONE, is_idle, now)
            outgoing = self._chooser.next(source)
            if outgoing is None:
                return _Sending(is_idle=True, at=now)
            if not sender.send(outgoing, parts.tokens.current(now)):
                parts.queue.put_first(outgoing)
                break
            parts.queue.sent(outgoing)
        return _Sending(at=parts.clocks.monotonic())

    def _timeout_s(self, source: Source, sending: _Sending) -> float:
        """How long nothing can be sent unless an answer comes."""
        parts = self._parts
        if self._is_ending(sending) or len(parts.sender.in_flight) >= self._bounds.workers:
            return TICK_S
        now = parts.clocks.monotonic()
        if not sending.is_idle:
            return min(TICK_S, parts.wait_s())
        times = (parts.queue.due_at(), source.due_at(), parts.failures.check_at)
        # What was due in the last round could not be sent then: it waits for something else.
        return min([TICK_S, *(max(0.0, at - now) for at in times if at is not None and at > sending.at)])

    def _traffic(self) -> Traffic:
        parts = self._parts
        now = parts.clocks.monotonic()
        is_refused = parts.throttle.is_paused(now) or parts.tokens.wait_s(now) > 0
        return self._meter.traffic(now, parts.wait_s(), is_refused=is_refused)

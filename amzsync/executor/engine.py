"""Send what a source has to send: at the account's pace, each answer handed back in one thread.

The thread that runs it owns the ledger and every decision; worker threads make one attempt each. So nothing
here needs a lock, and a token is renewed once for all. It knows requests, and neither scripts nor products.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from amzsync.errors import NotSentError, PlytixError, RateLimitedError, RetriableError, StopError, TokenError
from amzsync.executor.clocks import Clocks
from amzsync.executor.events import Listener, Notice, Traffic
from amzsync.executor.failures import Failures
from amzsync.executor.outgoing import Outgoing, Source
from amzsync.executor.request_queue import MOST_RETRIES, RequestQueue, retries_among
from amzsync.executor.sender import Arrived, Sender
from amzsync.executor.stop import StopRequest
from amzsync.executor.throttle import Throttle
from amzsync.executor.tokens import TOKEN, Tokens
from amzsync.executor.traffic import TICK_S, TrafficMeter
from amzsync.plytix.auth import TokenAnswer
from amzsync.plytix.retry import RetryPolicy
from amzsync.plytix.wire import Call

__all__ = ["Bounds", "End", "Engine"]

_HEALTH_CHECK = "health check"
_REFUSED_BELOW_LIMIT = (
    "Plytix refuses requests below the configured limits: working slower, and trying more within minutes."
)
_TOO_OLD = "What the request rests on was too old when it could leave."


class End(Enum):
    """Why the engine came to rest."""

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
class _Look:
    """What sending came to: `is_idle` when nothing was left to send, `at` when that was seen."""

    end: End = End.DONE
    is_idle: bool = False
    at: float = -math.inf


class Engine:
    """`health_check` is a harmless read, which shows whether Plytix answers at all."""

    def __init__(
        self,
        sender: Sender,
        tokens: Tokens,
        failures: Failures,
        *,
        bounds: Bounds,
        stop: StopRequest,
        clocks: Clocks,
        listener: Listener,
        health_check: Call[Any],
    ) -> None:
        self._sender = sender
        self._tokens = tokens
        self._failures = failures
        self._bounds = bounds
        self._stop = stop
        self._clocks = clocks
        self._listener = listener
        self._health_check = health_check
        self._throttle = Throttle()
        self._queue = RequestQueue()
        self._meter = TrafficMeter(sender, failures)
        self._fatal: StopError | None = None

    def run(self, source: Source) -> Iterator[Traffic | End]:
        """Work until the source has nothing left: what is going on, a few times a second, then the end.

        Raises:
            StopError: nothing can go on; what was in flight has been settled.
        """
        look = _Look()
        while True:
            self._failures.watch(self._wait_s())
            if not self._is_ending(look):
                look = self._send_all(source)
            if self._meter.is_due(self._clocks.monotonic()):
                yield self._traffic()
            if not self._sender.in_flight and (self._is_ending(look) or self._is_over(source, look)):
                break
            for arrived in self._sender.answers(self._nap_s(source, look)):
                self._settle(source, arrived)
            self._fatal = self._fatal or source.fault
        if self._fatal:
            raise self._fatal
        yield End.STOPPED if self._stop else look.end

    def _is_ending(self, look: _Look) -> bool:
        return bool(self._stop or self._fatal or look.end is End.WAIT_TOO_LONG)

    def _is_over(self, source: Source, look: _Look) -> bool:
        has_more = self._queue or self._failures.only_checks or source.wakes_at() is not None
        return look.is_idle and not has_more

    # What to send next.

    def _send_all(self, source: Source) -> _Look:
        """Send until something has to be waited for."""
        sender = self._sender
        while len(sender.in_flight) < self._bounds.workers and not self._stop:
            now = self._clocks.monotonic()
            wait_s = self._wait_s()
            if wait_s > 0:
                is_idle = self._is_drained(source)
                is_too_long = wait_s > self._bounds.max_wait_s and not is_idle
                return _Look(End.WAIT_TOO_LONG if is_too_long else End.DONE, is_idle, now)
            outgoing = self._next(source)
            if outgoing is None:
                return _Look(is_idle=True, at=now)
            if not sender.send(outgoing, self._tokens.current(now)):
                self._queue.put_first(outgoing)
                break
            self._queue.sent(outgoing)
        return _Look(at=self._clocks.monotonic())

    def _wait_s(self) -> float:
        """Seconds until the next request may leave; without a token that is the one for a token."""
        return max(self._sender.slots.wait_s(), self._tokens.wait_s(self._clocks.monotonic()))

    def _is_drained(self, source: Source) -> bool:
        """Nothing is left to send, so no wait is needed."""
        if self._queue or self._sender.in_flight or self._failures.only_checks:
            return False
        outgoing = self._next(source)
        if outgoing is not None:
            self._queue.put_first(outgoing)
        return outgoing is None

    def _next(self, source: Source) -> Outgoing | None:
        now = self._clocks.monotonic()
        if self._throttle.sends_one_alone and self._sender.in_flight:
            return None
        if self._failures.only_checks:
            return self._next_check(now)
        while outgoing := self._most_urgent(source, now):
            if outgoing.serves is TOKEN:
                if self._tokens.current(now) is None:
                    return outgoing
                self._tokens.withdraw()
            elif outgoing.rests_on and not outgoing.rests_on.is_usable(self._clocks.now()):
                self._hand_over(source, outgoing, NotSentError(_TOO_OLD))
            elif self._tokens.current(now):
                return outgoing
            else:
                self._queue.put_first(outgoing)
                return self._tokens.request()
        return None

    def _most_urgent(self, source: Source, now: float) -> Outgoing | None:
        may_retry = retries_among(self._sender.in_flight) < MOST_RETRIES
        token = self._queue.due_token(now) if self._tokens.is_asked else None
        outgoing = token or self._queue.next_given_back()
        if outgoing is None and may_retry and self._queue.is_retrys_turn:
            outgoing = self._queue.next_retry(now)
        outgoing = outgoing or source.next_request()
        if outgoing is None and may_retry:
            outgoing = self._queue.next_retry(now)
        return outgoing

    def _next_check(self, now: float) -> Outgoing | None:
        """While nothing succeeds, one harmless read at a time tells an outage from rows that fail."""
        check_at = self._failures.check_at
        if self._sender.in_flight or check_at is None or now < check_at:
            return None
        call = self._health_check if self._tokens.current(now) else self._tokens.call
        return Outgoing(call, _HEALTH_CHECK, repeatable=False)

    # What came back.

    def _settle(self, source: Source, arrived: Arrived) -> None:
        outgoing, outcome = arrived.outgoing, arrived.outcome
        match outcome:
            case RateLimitedError():
                self._refused(source, arrived, outcome)
            case TokenError():
                now = self._clocks.monotonic()
                self._fatal = self._fatal or self._tokens.rejected(arrived.token, outcome, now)
                self._give_back(source, outgoing, outcome)
            case NotSentError():
                self._sender.requests[outgoing.call.request.kind] -= 1
                self._hand_over(source, outgoing, outcome)
            case RetriableError():
                self._failed(source, outgoing, outcome)
            case _:
                self._answered(source, arrived)

    def _answered(self, source: Source, arrived: Arrived) -> None:
        outgoing, outcome = arrived.outgoing, arrived.outcome
        attempts = outgoing.attempts.failures + 1
        if isinstance(outcome, StopError):
            self._fatal = self._fatal or outcome
            self._failures.ended(outgoing.attempts)
        else:
            self._throttle.accepted(arrived.sent_at)
            if outgoing.serves is not TOKEN:
                # A token given out says nothing of whether it will be taken.
                self._tokens.accepted()
            self._failures.succeeded(outgoing.attempts)
        self._hand_over(source, outgoing, outcome, attempts)

    def _refused(self, source: Source, arrived: Arrived, error: RateLimitedError) -> None:
        """A 429: everybody waits; from the token host, only whoever needs a token."""
        now = self._clocks.monotonic()
        self._failures.asked_to_wait()
        slots = self._sender.slots
        if arrived.outgoing.serves is TOKEN or arrived.outgoing.call is self._tokens.call:
            # It has a limit of its own, for everybody, which says nothing of the account's.
            slots.give_back(arrived.slot)
            self._tokens.refused_by_limit(error.retry_after_s, now)
        else:
            if slots.refused(arrived.slot, error.retry_after_s):
                self._listener.notice(Notice(_REFUSED_BELOW_LIMIT))
            # Where only a try of more was refused, the others go on as before.
            was_try = bool(arrived.slot.tries)
            wait_s = self._throttle.refused(arrived.sent_at, error.retry_after_s, now, was_try=was_try)
            slots.pause(wait_s)
        self._give_back(source, arrived.outgoing, error)

    def _give_back(self, source: Source, outgoing: Outgoing, error: PlytixError) -> None:
        """Nothing of it was done: it is sent again, in its turn."""
        if outgoing.serves is _HEALTH_CHECK:
            self._hand_over(source, outgoing, error)
        else:
            self._queue.put_back(outgoing)

    def _failed(self, source: Source, outgoing: Outgoing, error: RetriableError) -> None:
        attempts = outgoing.attempts
        self._failures.failed(attempts, error)
        if attempts.wait_s is None or not outgoing.repeatable:
            self._hand_over(source, outgoing, error, attempts.failures)
        else:
            self._queue.put_later(outgoing, self._clocks.monotonic() + attempts.wait_s)

    def _hand_over(self, source: Source, outgoing: Outgoing, outcome: object, attempts: int = 1) -> None:
        """To whoever asked: the source, or the engine itself."""
        if isinstance(outcome, PlytixError):
            outcome.attempts = attempts
        match outgoing.serves, outcome:
            case str() as purpose, TokenAnswer():
                now = self._clocks.monotonic()
                self._fatal = self._fatal or self._tokens.received(outcome, now)
                if purpose == _HEALTH_CHECK:
                    self._failures.check_passed()
            case str() as purpose, PlytixError() if purpose == TOKEN:
                self._fatal = self._fatal or self._tokens.failed(outcome)
            case str(), TokenError() | RateLimitedError():
                pass
            case str(), RetriableError():
                has_token = self._tokens.current(self._clocks.monotonic()) is not None
                self._fatal = self._fatal or self._failures.check_failed(outcome, has_token=has_token)
            case str(), _:
                self._failures.check_passed()
            case _:
                source.settle(outgoing, outcome, attempts)

    # Waiting, and telling.

    def _nap_s(self, source: Source, look: _Look) -> float:
        """How long nothing can be sent unless an answer comes."""
        sender = self._sender
        if self._is_ending(look) or len(sender.in_flight) >= self._bounds.workers:
            return TICK_S
        now = self._clocks.monotonic()
        if not look.is_idle:
            return min(TICK_S, self._wait_s())
        times = (self._queue.due_at(), source.wakes_at(), self._failures.check_at)
        # What was due at the last look could not be sent then: it waits for something else.
        return min([TICK_S, *(max(0.0, at - now) for at in times if at is not None and at > look.at)])

    def _traffic(self) -> Traffic:
        now = self._clocks.monotonic()
        is_refused = self._throttle.is_paused(now) or self._tokens.wait_s(now) > 0
        return self._meter.traffic(now, self._wait_s(), is_refused=is_refused)

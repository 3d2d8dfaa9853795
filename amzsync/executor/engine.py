"""Send what a source has to send: at the account's pace, from many threads, each answer handed back in one.

The thread that calls `run` owns the ledger and everything else; the worker threads make one attempt each and
put what came of it on a queue. So nothing here needs a lock, and a token is renewed once for all workers.
"""

import heapq
import itertools
import logging
import math
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol

from amzsync.errors import (
    NotSentError,
    PlytixError,
    RateLimitedError,
    RetriableError,
    StopError,
    TokenError,
)
from amzsync.executor.events import Listener, Notice, Traffic, Waiting
from amzsync.executor.health import CircuitBreaker
from amzsync.executor.retries import Retries, Stopwatch
from amzsync.executor.slots import Slots
from amzsync.executor.stop import StopRequest
from amzsync.executor.task import Task
from amzsync.executor.workers import Answered, Workers
from amzsync.limits.pace import Slot
from amzsync.plytix.auth import Credentials, Secret, TokenAnswer, TokenCache
from amzsync.plytix.retry import RetryPolicy
from amzsync.plytix.transport import Transport
from amzsync.plytix.wire import Call, RequestKind

__all__ = ["End", "Engine", "EngineSettings", "Source"]

_LOG = logging.getLogger("amzsync")

_MOST_RETRIES_IN_AIR = 16
_LONG_WAIT_S = 10.0
_MAX_TOKEN_REFUSALS = 3
_TICK_S = 0.25
_RATE_OVER_TICKS = 40
_WORTH_SAYING_S = 1.0
_REFUSED_AGAIN_S = 0.5
_MOST_REFUSED_AGAIN_S = 60.0
_REFUSED_BELOW_LIMIT = (
    "Plytix refuses requests below the configured limits: working slower, and trying more within minutes."
)


class End(Enum):
    """Why the engine came to rest."""

    DONE = auto()
    STOPPED = auto()
    WAIT_TOO_LONG = auto()


class Source(Protocol):
    """Whoever knows what is to be sent."""

    @property
    def fault(self) -> StopError | None:
        """Why nothing can go on, once an answer has shown it."""

    def next_task(self, now: float) -> Task | None:
        """The best thing to send now; None while everything waits for answers, or nothing is left."""

    def wakes_at(self) -> float | None:
        """When there may be something again without an answer coming; None where only one can bring it."""

    def health_check(self) -> Call[Any]:
        """A harmless read, which shows whether Plytix answers at all."""

    def tick(self, traffic: Traffic) -> None:
        """Called a few times a second, to tell how far the work is."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Bounds of a run.

    `workers`: most requests in the air; `max_wait_s`: longest wait for the limit; `outage_s`: how long
    nothing may succeed before the run ends, and how long one request is tried again while others succeed.
    """

    workers: int = 256
    max_wait_s: float = math.inf
    outage_s: float = 60.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)


class Engine:
    """One run over one source."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        slots: Slots,
        atomic: Callable[[], AbstractContextManager[None]],
        *,
        settings: EngineSettings,
        stop: StopRequest,
        listener: Listener,
        clock: Callable[[], float],
        random: Callable[[], float],
        token_fault: Callable[[Secret], StopError | None] = lambda _: None,
    ) -> None:
        """`token_fault` sees each new token before it is used, and says why it must not be."""
        self._credentials = credentials
        self._slots = slots
        self._atomic = atomic
        self._settings = settings
        self._stop = stop
        self._listener = listener
        self._clock = clock
        self._random = random
        self._token_fault = token_fault
        self._tokens = TokenCache()
        self._token_refusals = 0
        self._workers = Workers(transport, credentials, settings.workers)
        self._again: deque[Task] = deque()
        self._later: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self._slot_of: dict[int, Slot] = {}
        self._token_asked = False
        self._token_refused_until = -math.inf
        self._token_limit_refusals = 0
        self._alone = False
        self._breaker = CircuitBreaker(settings.outage_s)
        self._patience = Stopwatch(clock)
        self._retries = Retries(settings.retry, settings.outage_s, self._patience.now, random)
        self._retries_in_air = 0
        self._retried_last = False
        self._is_held_up = False
        self._last_failure = ""
        self._fatal: PlytixError | None = None
        self._paused_until = -math.inf
        self._refused_at = -math.inf
        self._refusals = 0
        self._idle = False
        self._looked_at = -math.inf
        self._samples: deque[tuple[float, int]] = deque(maxlen=_RATE_OVER_TICKS)
        self.requests: Counter[str] = Counter()

    @property
    def in_air(self) -> int:
        return len(self._slot_of)

    def run(self, source: Source) -> End:
        """Work until the source has nothing left.

        Raises:
            StopError: nothing can go on; what was in the air has been settled.
        """
        self._stop.wakes(self._workers.wake)
        end = End.DONE
        try:
            while True:
                self._watch_waits()
                if not (self._stop or self._fatal or end is End.WAIT_TOO_LONG):
                    end = self._send_all(source)
                self._tick(source)
                if not self.in_air and self._is_over(source, end):
                    break
                self._take_answers(source, self._nap_s(source, end))
        finally:
            self._workers.close()
        if self._fatal:
            raise self._fatal
        return End.STOPPED if self._stop else end

    def _watch_waits(self) -> None:
        """While nothing can be sent, no request's time runs out."""
        wait_s = self._wait_s()
        self._is_held_up = wait_s > (_WORTH_SAYING_S if self._is_held_up else _LONG_WAIT_S)
        self._patience.hold(on=self._is_held_up or self._breaker.is_open)
        if self._is_held_up:
            self._breaker.start_over()

    def _is_over(self, source: Source, end: End) -> bool:
        if self._stop or self._fatal or end is End.WAIT_TOO_LONG:
            return True
        has_more = self._again or self._later or self._breaker.is_open or source.wakes_at() is not None
        return self._idle and not has_more

    def _send_all(self, source: Source) -> End:
        """Send until something has to be waited for."""
        self._idle = False
        while self.in_air < self._settings.workers and not self._stop:
            wait_s = self._wait_s()
            if wait_s > 0:
                self._idle = self._is_drained(source)
                too_long = wait_s > self._settings.max_wait_s and not self._idle
                return End.WAIT_TOO_LONG if too_long else End.DONE
            task = self._next(source)
            if task is None:
                self._idle = True
                return End.DONE
            if not self._send(task):
                return End.DONE
        return End.DONE

    def _wait_s(self) -> float:
        """Seconds until the next request may leave; without a token that is the one for a token."""
        now = self._clock()
        token_wait_s = 0.0 if self._tokens.current(now) else self._token_refused_until - now
        return max(self._slots.wait_s(), token_wait_s)

    def _is_drained(self, source: Source) -> bool:
        """Nothing is left to send, so no wait is needed."""
        if self._again or self._later or self.in_air or self._breaker.is_open:
            return False
        task = self._next(source)
        if task is not None:
            self._again.appendleft(task)
        return task is None

    def _next(self, source: Source) -> Task | None:
        now = self._looked_at = self._clock()
        if self._alone and self.in_air:
            return None
        if self._breaker.is_open:
            return self._check_health(source, now)
        self._take_due_token(now)
        task = self._next_given_back(now)
        if task is None and not self._retried_last:
            task = self._next_retry(now)
        if task is None:
            # New work and retries take turns: neither holds up the other.
            task = source.next_task(now) or self._next_retry(now)
        return self._with_token(task) if task else None

    def _take_due_token(self, now: float) -> None:
        """The token that all others wait for goes first."""
        if not self._token_asked:
            return
        for entry in self._later:
            at, _, task = entry
            if at <= now and task.call.request.kind is RequestKind.TOKEN:
                self._later.remove(entry)
                heapq.heapify(self._later)
                self._again.appendleft(task)
                return

    def _next_given_back(self, now: float) -> Task | None:
        while self._again:
            task = self._again.popleft()
            if task.may_leave(now):
                return task
            task.withdraw()
        return None

    def _next_retry(self, now: float) -> Task | None:
        while self._later and self._later[0][0] <= now and self._retries_in_air < _MOST_RETRIES_IN_AIR:
            task = heapq.heappop(self._later)[2]
            if task.may_leave(now):
                return task
            task.withdraw()
        return None

    def _with_token(self, task: Task) -> Task | None:
        """The task, or the renewal of the token that it needs first."""
        if task.call.request.kind is RequestKind.TOKEN or self._tokens.current(self._clock()):
            return task
        self._again.appendleft(task)
        if self._token_asked:
            return None
        self._token_asked = True
        return Task(
            self._workers.token_call,
            self._settle_token,
            may_leave=lambda now: self._tokens.current(now) is None,
            withdraw=self._end_asking,
        )

    def _put_back(self, task: Task) -> None:
        """In its turn; the token that all others wait for goes first."""
        if task.call.request.kind is RequestKind.TOKEN:
            self._again.appendleft(task)
        else:
            self._again.append(task)

    def _end_asking(self) -> None:
        self._token_asked = False

    def _send(self, task: Task) -> bool:
        now = self._clock()
        if not task.may_leave(now):
            task.withdraw()
            return True
        kind = task.call.request.kind
        with self._atomic():
            slot = self._slots.take(kind)
            if slot is None:
                self._again.appendleft(task)
                return False
            task.claim()
            # In the air from here on: should the process die now, the ledger says so.
            self._slot_of[id(task)] = slot
        self.requests[kind] += 1
        self._retried_last = bool(task.failures)
        self._retries_in_air += bool(task.failures)
        self._workers.submit(task, task.call, self._tokens.current(now), partial(self._slots.left, slot))
        return True

    def _take_answers(self, source: Source, nap_s: float) -> None:
        answers = self._workers.answers(nap_s)
        if not answers:
            return
        # All that has come in is one commit: the next request leaves only after it.
        with self._atomic():
            for answered in answers:
                self._take_answer(answered)
        self._fatal = self._fatal or source.fault

    def _take_answer(self, answered: Answered) -> None:
        task: Task = answered.tag
        _log(answered, task)
        slot = self._slot_of.pop(id(task))
        self._retries_in_air -= bool(task.failures)
        # A token given out says nothing of the account's limit.
        is_token = task.call.request.kind is RequestKind.TOKEN
        is_accepted = not is_token and not isinstance(answered.outcome, PlytixError)
        self._slots.answered(slot, answered.sent_at, answered.answered_at, is_accepted=is_accepted)
        match answered.outcome:
            case RateLimitedError() as error:
                self._breaker.start_over()
                self._refused(task, slot, answered.sent_at, error)
            case TokenError() as error:
                self._token_refused(task, answered, error)
            case NotSentError() as error:
                self.requests[task.call.request.kind] -= 1
                self._give_back(task, error)
            case StopError() as error:
                self._fatal = self._fatal or error
                self._settle(task, error)
            case RetriableError() as error:
                self._failed(task, error)
            case outcome:
                self._alone = self._alone and answered.sent_at < self._paused_until
                if not is_token:
                    # Nor does it say whether it will be taken.
                    self._token_refusals = 0
                    self._refusals = 0
                self._breaker.succeeded()
                self._settle(task, outcome)

    def _settle(self, task: Task, outcome: object) -> None:
        attempts = task.failures + 1
        self._retries.ended(task.failing)
        task.settle(outcome, attempts)

    def _refused(self, task: Task, slot: Slot, sent_at: float, error: RateLimitedError) -> None:
        now = self._clock()
        if task.call.request.kind is RequestKind.TOKEN:
            self._token_refused_by_limit(task, slot, error)
            return
        if self._slots.refused(slot, error.retry_after_s):
            self._listener.notice(Notice(_REFUSED_BELOW_LIMIT))
        # Those that were in the air together say the same thing.
        if sent_at > self._refused_at:
            self._refused_at = now
            self._refusals += 1
        wait_s = max(error.retry_after_s, self._wait_after_refusals_s())
        self._slots.pause(wait_s)
        self._paused_until = max(self._paused_until, now + wait_s)
        # After the wait, one request shows whether the account takes more before the rest follow. Where
        # only a try of more was refused, the others go on as before.
        self._alone = self._alone or not slot.tries
        self._give_back(task, error)

    def _token_refused_by_limit(self, task: Task, slot: Slot, error: RateLimitedError) -> None:
        """The token host has a limit of its own, for everybody: its 429 says nothing of the account's."""
        self._slots.give_back(slot)
        self._token_limit_refusals += 1
        wait_s = max(error.retry_after_s, _wait_after_s(self._token_limit_refusals))
        self._token_refused_until = self._clock() + wait_s
        self._tokens.keep_to_its_end()
        self._give_back(task, error)

    def _wait_after_refusals_s(self) -> float:
        return _wait_after_s(self._refusals)

    def _token_refused(self, task: Task, answered: Answered, error: TokenError) -> None:
        # Late refusals of a token that has been renewed since say nothing of the new one.
        if answered.token is not None and answered.token == self._tokens.current(self._clock()):
            self._tokens.reject(answered.token)
            self._token_refusals += 1
        if self._token_refusals >= _MAX_TOKEN_REFUSALS:
            self._fatal = self._fatal or StopError(
                "Plytix does not accept the access tokens it gives out.",
                method=error.method,
                path=error.path,
                status=error.status,
                next_step="Try again later: `amzsync resume`.",
            )
        self._give_back(task, error)

    def _give_back(self, task: Task, error: PlytixError) -> None:
        """Through no fault of its own: the task is sent again, or decided anew."""
        if task.repeatable:
            self._put_back(task)
        else:
            task.settle(error, task.failures)

    def _failed(self, task: Task, error: RetriableError) -> None:
        breaker, failing = self._breaker, task.failing
        self._last_failure = f"last answer HTTP {error.status}" if error.status else error.message
        breaker.failed(self._clock())
        self._retries.failed(failing, breaker.successes)
        if failing.wait_s is None and (breaker.is_open or self._retries.is_alone(failing, breaker.successes)):
            # Its time is over, but perhaps Plytix is away: that is for a health check to tell.
            breaker.open()
            self._retries.try_once_more(failing)
        if failing.wait_s is None or not task.repeatable:
            task.settle(error, failing.failures)
        else:
            self._put_later(task, self._clock() + failing.wait_s)

    def _put_later(self, task: Task, at: float) -> None:
        heapq.heappush(self._later, (at, next(self._order), task))

    def _check_health(self, source: Source, now: float) -> Task | None:
        """While nothing succeeds, one harmless read at a time tells an outage from rows that fail."""
        if self.in_air or now < self._breaker.check_at:
            return None
        call = source.health_check() if self._tokens.current(now) else self._workers.token_call
        return Task(call, self._settle_health, repeatable=False)

    def _settle_health(self, outcome: object, _attempts: int) -> None:
        now = self._clock()
        if isinstance(outcome, TokenAnswer):
            self._take_token(outcome)
        if not isinstance(outcome, PlytixError):
            self._breaker.check_passed()
            return
        if isinstance(outcome, TokenError | RateLimitedError):
            return
        away_s = self._breaker.check_failed(now, self._random)
        if away_s is not None:
            address = "PLYTIX_API_URL" if self._tokens.current(now) else "PLYTIX_AUTH_URL"
            self._fatal = self._fatal or StopError(
                f"Plytix has not answered for {away_s:.0f} s: {outcome.message}",
                method=outcome.method,
                path=outcome.path,
                status=outcome.status,
                next_step=f"Check the network and {address}, then `amzsync resume`.",
            )

    def _settle_token(self, outcome: TokenAnswer | PlytixError, _attempts: int) -> None:
        self._end_asking()
        if isinstance(outcome, PlytixError):
            if not isinstance(outcome, StopError):
                outcome = StopError(
                    f"No access token could be had: {outcome.message}",
                    method=outcome.method,
                    path=outcome.path,
                    status=outcome.status,
                    next_step=outcome.next_step or "Check the network and PLYTIX_AUTH_URL, then try again.",
                )
            self._fatal = self._fatal or outcome
        else:
            self._take_token(outcome)

    def _take_token(self, answer: TokenAnswer) -> None:
        fault = self._token_fault(answer.token)
        if fault is None:
            self._tokens.store(answer, self._clock())
            self._token_limit_refusals = 0
        else:
            self._fatal = self._fatal or fault

    def _nap_s(self, source: Source, end: End) -> float:
        """How long nothing can be sent unless an answer comes."""
        is_full = self.in_air >= self._settings.workers
        if self._stop or self._fatal or end is End.WAIT_TOO_LONG or is_full:
            return _TICK_S
        now = self._clock()
        if not self._idle:
            return min(_TICK_S, self._wait_s())
        times = [
            self._later[0][0] if self._later else None,
            source.wakes_at(),
            self._breaker.check_at if self._breaker.is_open else None,
        ]
        # What was due at the last look could not be sent then: it waits for something else.
        return min(
            [_TICK_S, *(max(0.0, at - now) for at in times if at is not None and at > self._looked_at)]
        )

    def _tick(self, source: Source) -> None:
        now = self._clock()
        if self._samples and now - self._samples[-1][0] < _TICK_S:
            return
        total = self.requests.total()
        self._samples.append((now, total))
        since, before = self._samples[0]
        rate_per_s = (total - before) / (now - since) if now > since else 0.0
        wait_s = self._wait_s()
        reason = "refused" if now < max(self._paused_until, self._token_refused_until) else "quota"
        waiting = Waiting(wait_s, reason) if wait_s > _WORTH_SAYING_S else None
        retrying = max(len(self._retries), int(self._breaker.is_open))
        source.tick(
            Traffic(total, self.in_air, rate_per_s, waiting, retrying, self._last_failure if retrying else "")
        )


def _wait_after_s(refusals: int) -> float:
    """A server whose own word of the wait does not hold is asked less and less often."""
    if refusals < 2:
        return 0.0
    return min(_MOST_REFUSED_AGAIN_S, _REFUSED_AGAIN_S * 2.0 ** min(refusals - 2, 10))


def _log(answered: Answered, task: Task) -> None:
    """A line for each attempt, without a word of what was sent or answered: there may be secrets in it."""
    request, outcome = task.call.request, answered.outcome
    result = "ok"
    if isinstance(outcome, PlytixError):
        result = f"{outcome.status or 'no answer'} {type(outcome).__name__}"
    _LOG.debug(
        "%s %s %s: %s, attempt %d, %.3f s",
        request.kind,
        request.method,
        request.path or "token",
        result,
        task.failures + 1,
        answered.answered_at - answered.sent_at,
    )

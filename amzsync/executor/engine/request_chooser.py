"""Which request leaves next: a new one, one that is sent again, a token, or a health check."""

from typing import Any

from amzsync.errors import NotSentError
from amzsync.executor.engine.engine_parts import HEALTH_CHECK, EngineParts
from amzsync.executor.engine.outgoing import Outgoing, Source
from amzsync.executor.engine.request_queue import MAX_RETRIES, retries_among
from amzsync.executor.engine.tokens import TOKEN
from amzsync.plytix.wire import Call

__all__ = ["RequestChooser"]

_TOO_OLD = "What the request rests on was too old when it could leave."


class RequestChooser:
    """New requests come from the source, those to be sent again from the queue."""

    def __init__(self, parts: EngineParts, health_check: Call[Any]) -> None:
        self._parts = parts
        self._health_check = health_check

    def next(self, source: Source) -> Outgoing | None:
        """The request to send now; None while nothing can be sent."""
        parts = self._parts
        now = parts.clocks.monotonic()
        if parts.throttle.sends_one_at_a_time and parts.sender.in_flight:
            return None
        if parts.failures.only_checks:
            return self._next_check(now)
        while outgoing := self._most_urgent(source, now):
            if outgoing.serves is TOKEN:
                if parts.tokens.current(now) is None:
                    return outgoing
                parts.tokens.withdraw()
            elif outgoing.rests_on and not outgoing.rests_on.is_usable(parts.clocks.now()):
                error = NotSentError(_TOO_OLD)
                error.attempts = outgoing.attempts.failures
                source.receive(outgoing, error, error.attempts)
            elif parts.tokens.current(now):
                return outgoing
            else:
                parts.queue.put_first(outgoing)
                return parts.tokens.request()
        return None

    def is_drained(self, source: Source) -> bool:
        """Nothing is left to send, so no wait is needed."""
        parts = self._parts
        if parts.queue or parts.sender.in_flight or parts.failures.only_checks:
            return False
        outgoing = self.next(source)
        if outgoing is not None:
            parts.queue.put_first(outgoing)
        return outgoing is None

    def _most_urgent(self, source: Source, now: float) -> Outgoing | None:
        queue = self._parts.queue
        may_retry = retries_among(self._parts.sender.in_flight) < MAX_RETRIES
        token = queue.due_token(now) if self._parts.tokens.is_requested else None
        outgoing = token or queue.next_returned()
        if outgoing is None and may_retry and queue.is_turn_of_retries:
            outgoing = queue.next_retry(now)
        outgoing = outgoing or source.next_request()
        if outgoing is None and may_retry:
            outgoing = queue.next_retry(now)
        return outgoing

    def _next_check(self, now: float) -> Outgoing | None:
        """While nothing succeeds, one harmless read at a time tells an outage from rows that fail."""
        parts = self._parts
        check_at = parts.failures.check_at
        if parts.sender.in_flight or check_at is None or now < check_at:
            return None
        call = self._health_check if parts.tokens.current(now) else parts.tokens.call
        return Outgoing(call, HEALTH_CHECK, repeatable=False)

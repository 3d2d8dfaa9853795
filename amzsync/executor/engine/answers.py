"""What an answer means for the request itself and for all others: delivered, sent again, or the end."""

from amzsync.errors import NotSentError, PlytixError, RateLimitedError, RetriableError, StopError, TokenError
from amzsync.executor.engine.engine_parts import HEALTH_CHECK, EngineParts
from amzsync.executor.engine.outgoing import Outgoing, Source
from amzsync.executor.engine.sender import Arrived
from amzsync.executor.engine.tokens import TOKEN
from amzsync.executor.events import Listener, Notice
from amzsync.plytix.auth import TokenAnswer

__all__ = ["AnswerHandler"]

_REFUSED_BELOW_LIMIT = "Plytix refuses requests below the configured limits: going slower, trying more later."


class AnswerHandler:
    """`fatal` is why nothing can go on, once an answer has said so."""

    def __init__(self, parts: EngineParts, listener: Listener) -> None:
        self._parts = parts
        self._listener = listener
        self.fatal: StopError | None = None

    def handle(self, source: Source, arrived: Arrived) -> None:
        """Take in what came of one attempt."""
        parts = self._parts
        outgoing, outcome = arrived.outgoing, arrived.outcome
        match outcome:
            case RateLimitedError():
                self._refused(source, arrived, outcome)
            case TokenError():
                now = parts.clocks.monotonic()
                self.fatal = self.fatal or parts.tokens.rejected(arrived.token, outcome, now)
                self._send_again(source, outgoing, outcome)
            case NotSentError():
                parts.sender.requests[outgoing.call.request.kind] -= 1
                self._deliver(source, outgoing, outcome, outgoing.attempts.failures)
            case RetriableError():
                self._failed(source, outgoing, outcome)
            case _:
                self._answered(source, arrived)

    def _answered(self, source: Source, arrived: Arrived) -> None:
        parts = self._parts
        outgoing, outcome = arrived.outgoing, arrived.outcome
        attempts = outgoing.attempts.failures + 1
        if isinstance(outcome, StopError):
            self.fatal = self.fatal or outcome
            parts.failures.ended(outgoing.attempts)
        else:
            parts.throttle.accepted(arrived.sent_at)
            if outgoing.serves is not TOKEN:
                # That a token was issued does not show that the API accepts it.
                parts.tokens.accepted()
            parts.failures.succeeded(outgoing.attempts)
        self._deliver(source, outgoing, outcome, attempts)

    def _refused(self, source: Source, arrived: Arrived, error: RateLimitedError) -> None:
        """A 429: every request waits; from the token host, only those that need a new token."""
        parts = self._parts
        now = parts.clocks.monotonic()
        parts.failures.asked_to_wait()
        slots = parts.sender.slots
        if arrived.outgoing.serves is TOKEN or arrived.outgoing.call is parts.tokens.call:
            # It has a limit of its own, for everybody, which says nothing of the account's.
            slots.give_back(arrived.slot)
            parts.tokens.refused_by_limit(error.retry_after_s, now)
        else:
            if slots.refused(arrived.slot, error.retry_after_s):
                self._listener.notice(Notice(_REFUSED_BELOW_LIMIT, is_warning=True))
            # Where only a try of more was refused, the others go on as before.
            goes_on = bool(arrived.slot.tries) or slots.goes_on
            wait_s = parts.throttle.refused(arrived.sent_at, error.retry_after_s, now, goes_on=goes_on)
            slots.pause(wait_s)
        self._send_again(source, arrived.outgoing, error)

    def _send_again(self, source: Source, outgoing: Outgoing, error: PlytixError) -> None:
        """Nothing of it was done: it is sent again, in its turn."""
        if outgoing.serves is HEALTH_CHECK:
            self._deliver(source, outgoing, error)
        else:
            self._parts.queue.put_back(outgoing)

    def _failed(self, source: Source, outgoing: Outgoing, error: RetriableError) -> None:
        attempts = outgoing.attempts
        self._parts.failures.failed(attempts, error)
        if attempts.wait_s is None or not outgoing.repeatable:
            self._deliver(source, outgoing, error, attempts.failures)
        else:
            self._parts.queue.put_later(outgoing, self._parts.clocks.monotonic() + attempts.wait_s)

    def _deliver(self, source: Source, outgoing: Outgoing, outcome: object, attempts: int = 1) -> None:
        """To the source, or to the engine's own part that asked."""
        parts = self._parts
        if isinstance(outcome, PlytixError):
            outcome.attempts = attempts
        match outgoing.serves, outcome:
            case str() as purpose, TokenAnswer():
                now = parts.clocks.monotonic()
                self.fatal = self.fatal or parts.tokens.received(outcome, now)
                if purpose == HEALTH_CHECK:
                    parts.failures.check_passed()
            case str() as purpose, PlytixError() if purpose == TOKEN:
                self.fatal = self.fatal or parts.tokens.failed(outcome)
            case str(), TokenError() | RateLimitedError():
                pass
            case str(), RetriableError():
                has_token = parts.tokens.current(parts.clocks.monotonic()) is not None
                self.fatal = self.fatal or parts.failures.check_failed(outcome, has_token=has_token)
            case str(), _:
                parts.failures.check_passed()
            case _:
                source.receive(outgoing, outcome, attempts)

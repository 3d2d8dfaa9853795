"""Failed requests: when each is tried again, and whether Plytix as a whole is down."""

from collections.abc import Callable

from amzsync.errors import PlytixError, RetriableError, StopError
from amzsync.executor.engine.health import CircuitBreaker
from amzsync.executor.engine.retries import Attempts, PausableClock, Retries
from amzsync.plytix.retry import RetryPolicy

__all__ = ["Failures"]

_LONG_WAIT_S = 10.0
_LONG_WAIT_ENDS_S = 1.0


class Failures:
    """The failures of one run. Times are the engine's clock."""

    def __init__(
        self,
        policy: RetryPolicy,
        outage_s: float,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._random = random
        self._breaker = CircuitBreaker(outage_s)
        self._retry_clock = PausableClock(clock)
        self._retries = Retries(policy, outage_s, self._retry_clock.now, random)
        self._is_long_wait = False
        self._last_failure = ""

    @property
    def only_checks(self) -> bool:
        """Nothing succeeds any more: only health checks are sent."""
        return self._breaker.is_open

    @property
    def check_at(self) -> float | None:
        """When the next health check may leave; None where none is needed."""
        return self._breaker.check_at if self._breaker.is_open else None

    @property
    def retrying(self) -> int:
        """How many requests have failed and are tried again."""
        return max(len(self._retries), int(self._breaker.is_open))

    @property
    def last_failure(self) -> str:
        """How the last failed request failed, while there is something to try again."""
        return self._last_failure if self.retrying else ""

    def watch(self, wait_s: float) -> None:
        """Nothing can be sent for `wait_s` more: in a long wait no request's time runs out."""
        self._is_long_wait = wait_s > (_LONG_WAIT_ENDS_S if self._is_long_wait else _LONG_WAIT_S)
        self._retry_clock.pause(on=self._is_long_wait or self._breaker.is_open)
        if self._is_long_wait:
            self._breaker.start_over()

    def asked_to_wait(self) -> None:
        """A 429 is an answer: Plytix is up."""
        self._breaker.start_over()

    def succeeded(self, attempts: Attempts) -> None:
        self._breaker.succeeded()
        self._retries.ended(attempts)

    def ended(self, attempts: Attempts) -> None:
        """It was answered for good, by a refusal."""
        self._retries.ended(attempts)

    def failed(self, attempts: Attempts, error: RetriableError) -> None:
        """Count it; the attempts then tell whether and when to try again."""
        self._last_failure = f"last answer HTTP {error.status}" if error.status else error.message
        breaker = self._breaker
        breaker.failed(self._clock())
        self._retries.failed(attempts, breaker.successes)
        if attempts.wait_s is None and (
            breaker.is_open or self._retries.nothing_else_succeeded(attempts, breaker.successes)
        ):
            # Its time is over, but perhaps all of Plytix is down: a health check will tell.
            breaker.open()
            self._retries.try_once_more(attempts)

    def check_passed(self) -> None:
        """A health check was answered."""
        self._breaker.check_passed()

    def check_failed(self, error: PlytixError, *, has_token: bool) -> StopError | None:
        """Why nothing can go on, where Plytix has been down too long."""
        down_s = self._breaker.check_failed(self._clock(), self._random)
        if down_s is None:
            return None
        address = "PLYTIX_API_URL" if has_token else "PLYTIX_AUTH_URL"
        return StopError(
            f"Plytix has not answered for {down_s:.0f} s: {error.message}",
            method=error.method,
            path=error.path,
            status=error.status,
            next_step=f"Check the network and {address}, then `amzsync resume`.",
        )

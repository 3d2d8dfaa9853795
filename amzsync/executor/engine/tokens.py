"""The access token of a run: when a new one is due, and whether Plytix accepts those that it issues."""

import math
from collections.abc import Callable
from typing import Any

from amzsync.errors import PlytixError, StopError, TokenError
from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.engine.throttle import wait_after_refusals_s
from amzsync.plytix.auth import Secret, TokenAnswer, TokenCache
from amzsync.plytix.wire import Call

__all__ = ["TOKEN", "Tokens"]

TOKEN = "token"  # noqa: S105 - what a request for one serves
_MAX_REFUSALS = 3
_UNTOLD_WAIT_S = 60.0  # where the token host refuses without telling for how long (plytix-api, Hosts)


class Tokens:
    """One token, requested once for all workers. Times are the engine's clock.

    `check` tells of each new one why it must not be used, if there is a reason. `cache` may hold one already.
    """

    def __init__(
        self,
        call: Call[Any],
        check: Callable[[Secret], StopError | None],
        cache: TokenCache | None = None,
    ) -> None:
        self.call = call
        self._check = check
        self._cache = TokenCache() if cache is None else cache
        self._is_requested = False
        self._refusals = 0
        self._limit_refusals = 0
        self._refused_until = -math.inf

    def current(self, now: float) -> Secret | None:
        """The token to send with; None where a new one is due."""
        return self._cache.current(now)

    @property
    def is_requested(self) -> bool:
        """Whether a request for one is in flight, or waits for its next try."""
        return self._is_requested

    def wait_s(self, now: float) -> float:
        """Seconds until one may be asked for: the token host has a limit of its own."""
        return max(0.0, self._refused_until - now) if self._cache.current(now) is None else 0.0

    def request(self) -> Outgoing | None:
        """The request for a new one; None where there is one already."""
        if self._is_requested:
            return None
        self._is_requested = True
        return Outgoing(self.call, TOKEN)

    def withdraw(self) -> None:
        """The request for one is not to be sent any more."""
        self._is_requested = False

    def received(self, answer: TokenAnswer, now: float) -> StopError | None:
        """Take in a new one: why it must not be used, if there is a reason."""
        self._is_requested = False
        self._limit_refusals = 0
        error = self._check(answer.token)
        if error is None:
            self._cache.store(answer, now)
        return error

    def failed(self, error: PlytixError) -> StopError:
        """None was issued: why nothing can go on."""
        self._is_requested = False
        if isinstance(error, StopError):
            return error
        return StopError(
            f"Could not get an access token: {error.message}",
            method=error.method,
            path=error.path,
            status=error.status,
            next_step=error.next_step or "Check the network and PLYTIX_AUTH_URL, then try again.",
        )

    def refused_by_limit(self, retry_after_s: float | None, now: float) -> None:
        """The token host answered 429: use the present token to its end, and ask later."""
        self._limit_refusals += 1
        told_s = _UNTOLD_WAIT_S if retry_after_s is None else retry_after_s
        self._refused_until = now + max(told_s, wait_after_refusals_s(self._limit_refusals))
        self._cache.keep_to_its_end()

    def accepted(self) -> None:
        """A request with it was answered."""
        self._refusals = 0

    def rejected(self, token: Secret | None, error: TokenError, now: float) -> StopError | None:
        """A 401: why nothing can go on, where tokens are refused again and again."""
        # Late refusals of a token that has been renewed since say nothing of the new one.
        if token is not None and token == self._cache.current(now):
            self._cache.reject(token)
            self._refusals += 1
        if self._refusals < _MAX_REFUSALS:
            return None
        return StopError(
            "Plytix does not accept the access tokens that it issues.",
            method=error.method,
            path=error.path,
            status=error.status,
            next_step="Try again later: `amzsync resume`.",
        )

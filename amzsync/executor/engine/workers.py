"""Threads that make one attempt at a time. They start when needed, and use nothing but the transport."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amzsync.errors import PlytixError, RetriableError
from amzsync.plytix.auth import Credentials, Secret
from amzsync.plytix.client import get_token
from amzsync.plytix.observations import Observed
from amzsync.plytix.transport import Timed, Transport
from amzsync.plytix.wire import Call, RequestKind

__all__ = ["Answered", "Workers"]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one attempt, with the caller's own `tag`; times are the transport's clock."""

    tag: Any
    token: Secret | None
    outcome: Any
    sent_at: float
    answered_at: float


@dataclass(frozen=True, slots=True)
class _Job:
    tag: Any
    call: Call[Any]
    token: Secret | None
    on_sent: Callable[[float], None]


class Workers:
    """At most `most` threads. They end with the process: a second interrupt need not wait for them."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._transport = transport
        self._credentials = credentials
        self._most = most
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Answered | None] = queue.SimpleQueue()
        self._threads = 0
        self._busy = 0
        self.token_call = get_token(credentials)

    def submit(
        self, tag: object, call: Call[Any], token: Secret | None, on_sent: Callable[[float], None]
    ) -> None:
        """Send `call` from some thread; `answers` gives back the `tag` with what came of it.

        `on_sent` is called in that thread when the request has left.
        """
        self._busy += 1
        if self._busy > self._threads and self._threads < self._most:
            self._threads += 1
            threading.Thread(target=self._serve, name=f"worker-{self._threads}", daemon=True).start()
        self._jobs.put(_Job(tag, call, token, on_sent))

    def answers(self, timeout_s: float) -> list[Answered]:
        """All that has come in, waiting up to `timeout_s` for the first."""
        found: list[Answered] = []
        try:
            first = self._answers.get(timeout=timeout_s) if timeout_s > 0 else self._answers.get_nowait()
            while True:
                if first is not None:
                    found.append(first)
                first = self._answers.get_nowait()
        except queue.Empty:
            pass
        self._busy -= len(found)
        return found

    def wake(self) -> None:
        """End a wait in `answers`."""
        self._answers.put(None)

    @property
    def observed(self) -> Observed:
        """What the answers so far show besides what was asked."""
        return self._transport.observed

    def close(self) -> None:
        """Let every idle thread end, and close the connections."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._transport.close()

    def _serve(self) -> None:
        while job := self._jobs.get():
            self._answers.put(self._attempt(job))

    def _attempt(self, job: _Job) -> Answered:
        now = self._clock()
        try:
            timed = self._send(job)
        except Exception as error:  # noqa: BLE001 - a thread that died would leave its request in flight for ever
            failure = RetriableError(f"The request failed unexpectedly ({type(error).__name__}).")
            return Answered(job.tag, job.token, failure, now, self._clock())
        return Answered(job.tag, job.token, timed.value_or_error, timed.sent_at, timed.answered_at)

    def _send(self, job: _Job) -> Timed[Any]:
        if job.call.request.kind is RequestKind.TOKEN:
            return self._transport.fetch_token_timed(self._credentials)
        if job.token is None:
            raise PlytixError("A request was sent without a token.")
        return self._transport.send_timed(job.call, job.token, job.on_sent)

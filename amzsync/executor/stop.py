"""Ending on request: the first signal asks, the second leaves at once. Both are safe at any instant."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["StopRequest", "stop_on_signals"]

_EXIT_INTERRUPTED = 130


class StopRequest:
    """Whether a run has been asked to end."""

    def __init__(self) -> None:
        self._is_set = False
        self._wake: Callable[[], None] = lambda: None

    def __bool__(self) -> bool:
        return self._is_set

    def on_request(self, wake: Callable[[], None]) -> None:
        """Call `wake` when the request comes; it must be safe inside a signal handler."""
        self._wake = wake

    def set(self) -> None:
        self._is_set = True
        self._wake()


@contextmanager
def stop_on_signals(stop: StopRequest, before_exit: Callable[[], None] = lambda: None) -> Iterator[None]:
    """SIGINT and SIGTERM set `stop`; a second one ends the process with 130.

    `before_exit` is called before that; it must be safe inside a signal handler.
    """

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop:
            try:
                before_exit()
            finally:
                os._exit(_EXIT_INTERRUPTED)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

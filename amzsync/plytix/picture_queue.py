"""Many pictures asked of their hosts politely: a few at once, at a steady pace, pausing when told to."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from amzsync.plytix.pictures import FileAnswer

__all__ = ["PictureQueue"]

T = TypeVar("T")

_REFUSALS = frozenset({429, 503})
_FIRST_PAUSE_S = 2.0
_LOOK_UP_S = 0.1
"""How often it is looked whether the run is to end."""


class PictureQueue:
    """Asks for several at once. `pause` waits so many seconds, or less where the event is set."""

    def __init__(
        self,
        *,
        at_once: int = 4,
        per_second: float = 10.0,
        attempts: int = 4,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._at_once = at_once
        self._interval_s = 1.0 / per_second
        self._attempts = attempts
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._next_at = self._held_until = clock()

    def answers(
        self, items: Iterable[tuple[T, str]], ask: Callable[[str], FileAnswer], is_ending: Callable[[], bool]
    ) -> Generator[tuple[T, FileAnswer], None, None]:
        """What `ask` finds at the address of each, in order; ends early where `is_ending` says so."""
        asked: deque[tuple[T, Future[FileAnswer]]] = deque()
        ending = threading.Event()
        with ThreadPoolExecutor(self._at_once, "pictures") as pool:
            try:
                left = iter(items)
                while True:
                    for key, url in itertools.islice(left, self._at_once - len(asked)):
                        asked.append((key, pool.submit(self._one, url, ask, ending)))
                    if not asked or not _is_done(asked[0][1], is_ending):
                        return
                    key, answer = asked.popleft()
                    yield key, answer.result()
            finally:
                ending.set()
                for _, answer in asked:
                    answer.cancel()

    def _one(self, url: str, ask: Callable[[str], FileAnswer], ending: threading.Event) -> FileAnswer:
        answer = FileAnswer(reason="It was not asked, as the run is ending.", was_asked=False)
        for attempt in range(self._attempts):
            self._wait(ending)
            if ending.is_set():
                return answer
            answer = ask(url)
            if answer.status not in _REFUSALS:
                return answer
            told = answer.retry_after_s
            self._hold(_FIRST_PAUSE_S * 2**attempt if told is None else max(told, self._interval_s))
        return answer

    def _wait(self, ending: threading.Event) -> None:
        """Until it is this request's turn, which a refusal of another one may still put off."""
        with self._lock:
            at = max(self._next_at, self._clock())
            self._next_at = at + self._interval_s
        while (left := max(at, self._held_until) - self._clock()) > 0 and not ending.is_set():
            self._pause(ending, left)

    def _hold(self, seconds: float) -> None:
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)


def _is_done(answer: Future[FileAnswer], is_ending: Callable[[], bool]) -> bool:
    """Wait for an answer; False where the run is to end before."""
    while not is_ending():
        if answer in wait((answer,), timeout=_LOOK_UP_S).done:
            return True
    return False

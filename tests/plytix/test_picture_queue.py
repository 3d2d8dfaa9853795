"""Hosts of pictures are asked a few at once, at a steady pace, and less where they refuse."""

import threading
from collections.abc import Callable

from amzsync.plytix.picture_queue import PictureQueue
from amzsync.plytix.pictures import FileAnswer

FOUND = FileAnswer(200)


class Clock:
    """Time that passes only where somebody waits for it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            return self.now

    def pause(self, _event: threading.Event, seconds: float) -> None:
        with self._lock:
            self.now += seconds


def ask_all(
    count: int, ask: Callable[[str], FileAnswer], clock: Clock, *, at_once: int = 1
) -> list[tuple[int, FileAnswer]]:
    queue = PictureQueue(at_once=at_once, clock=clock, pause=clock.pause)
    return list(queue.answers(((n, str(n)) for n in range(count)), ask, lambda: False))


def test_answers_come_in_order_and_ten_are_asked_a_second() -> None:
    clock, asked_at = Clock(), []

    def ask(_url: str) -> FileAnswer:
        asked_at.append(clock())
        return FOUND

    answers = ask_all(21, ask, clock)
    assert [number for number, _ in answers] == list(range(21))
    assert [round(at, 6) for at in asked_at] == [round(n / 10, 6) for n in range(21)]


def test_no_more_than_four_are_asked_at_once() -> None:
    together, most = threading.Barrier(4), []
    lock, running = threading.Lock(), [0]

    def ask(url: str) -> FileAnswer:
        with lock:
            running[0] += 1
            most.append(running[0])
        if int(url) < 4:
            together.wait(10)  # None of the first four answers before all are asked.
        with lock:
            running[0] -= 1
        return FOUND

    ask_all(12, ask, Clock(), at_once=4)
    assert max(most) == 4


def test_a_refusal_holds_all_back_for_as_long_as_told_and_is_asked_again() -> None:
    clock, asked = Clock(), []
    refusals = iter([FileAnswer(429, retry_after_s=30.0), FileAnswer(503)])

    def ask(url: str) -> FileAnswer:
        asked.append((url, round(clock())))
        return next(refusals, FOUND)

    assert ask_all(2, ask, clock) == [(0, FOUND), (1, FOUND)]
    assert asked == [("0", 0), ("0", 30), ("0", 34), ("1", 34)]


def test_a_host_that_goes_on_refusing_is_given_up_in_the_end() -> None:
    clock, asked = Clock(), []

    def ask(url: str) -> FileAnswer:
        asked.append(url)
        return FileAnswer(429)

    assert ask_all(1, ask, clock) == [(0, FileAnswer(429))]
    assert len(asked) == 4


def test_what_is_to_end_asks_for_nothing_more() -> None:
    asked: list[str] = []

    def ask(url: str) -> FileAnswer:
        asked.append(url)
        return FOUND

    clock = Clock()
    queue = PictureQueue(at_once=1, clock=clock, pause=clock.pause)
    answers = queue.answers(((n, str(n)) for n in range(1000)), ask, lambda: len(asked) >= 3)
    assert len(list(answers)) <= 3
    assert len(asked) <= 4

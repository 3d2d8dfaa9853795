"""A failed request has the outage time from its first failure on; it stands while nothing can be sent."""

import gc

from amzsync.executor.engine.retries import Attempts, PausableClock, Retries
from amzsync.plytix.retry import RetryPolicy


class Clock:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def retries(clock: Clock, drawn: float = 0.5) -> Retries:
    return Retries(RetryPolicy(), 60.0, clock, lambda: drawn)


def attempts_until_given_up(drawn: float, attempt_s: float = 0.0) -> tuple[int, float]:
    """How many attempts one request gets that never succeeds, and after how long the last was answered."""
    clock = Clock()
    all_retries, attempts = retries(clock, drawn), Attempts()
    while True:
        clock.s += attempt_s
        all_retries.failed(attempts, 0)
        if attempts.wait_s is None:
            return attempts.failures, clock.s - 100.0 - attempt_s
        clock.s += attempts.wait_s


def test_a_request_is_tried_until_its_time_is_over_and_then_no_more() -> None:
    for drawn in (0.2, 0.5, 0.999):
        attempts, after_s = attempts_until_given_up(drawn)
        assert after_s == 60.0
        assert 8 <= attempts <= 25
    attempts, after_s = attempts_until_given_up(0.5, attempt_s=30.0)
    assert after_s <= 90.0
    assert attempts >= 3


def test_the_times_of_all_failed_requests_run_at_once() -> None:
    clock = Clock()
    all_retries = retries(clock)
    many = [Attempts() for _ in range(100)]
    for attempts in many:
        all_retries.failed(attempts, 0)
    assert len(all_retries) == 100
    clock.s += 60.0
    for attempts in many:
        all_retries.failed(attempts, 0)
    assert {attempts.wait_s for attempts in many} == {None}
    assert len(all_retries) == 0


def test_a_request_that_succeeded_starts_anew_when_it_fails_again() -> None:
    clock = Clock()
    all_retries, attempts = retries(clock), Attempts()
    all_retries.failed(attempts, 0)
    all_retries.ended(attempts)
    assert len(all_retries) == 0
    clock.s += 100.0
    all_retries.failed(attempts, 0)
    assert (attempts.failures, attempts.wait_s) == (1, 0.25)


def test_a_request_that_nobody_repeats_any_more_is_not_counted() -> None:
    all_retries, attempts = retries(Clock()), Attempts()
    all_retries.failed(attempts, 0)
    assert len(all_retries) == 1
    del attempts
    gc.collect()
    assert len(all_retries) == 0


def test_whether_others_have_succeeded_since_is_known() -> None:
    all_retries, attempts = retries(Clock()), Attempts()
    all_retries.failed(attempts, 7)
    assert all_retries.nothing_else_succeeded(attempts, 7)
    assert not all_retries.nothing_else_succeeded(attempts, 8)


def test_a_held_stopwatch_stands_still_and_goes_on_where_it_stood() -> None:
    clock = Clock()
    watch = PausableClock(clock)
    clock.s += 5
    watch.pause(on=True)
    clock.s += 1_000
    assert watch.now() == 105.0
    watch.pause(on=True)
    clock.s += 1_000
    watch.pause(on=False)
    assert watch.now() == 105.0
    clock.s += 1
    assert watch.now() == 106.0

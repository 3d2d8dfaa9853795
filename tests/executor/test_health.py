"""The circuit breaker: when it opens, when it closes, and when an outage has lasted too long."""

import math

import pytest

from amzsync.executor.engine.health import CircuitBreaker


def middle() -> float:
    return 0.5


def broken(at: float = 0.0, outage_s: float = 60.0) -> CircuitBreaker:
    breaker = CircuitBreaker(outage_s)
    for _ in range(8):
        breaker.failed(at)
    return breaker


def test_it_opens_after_eight_failures_in_a_row_and_no_sooner() -> None:
    breaker = CircuitBreaker(60.0)
    for number in range(7):
        breaker.failed(float(number))
    assert not breaker.is_open
    breaker.failed(7.0)
    assert breaker.is_open


def test_a_success_between_keeps_it_closed_however_many_fail() -> None:
    breaker = CircuitBreaker(60.0)
    for _ in range(20):
        for _ in range(7):
            breaker.failed(0.0)
        breaker.succeeded()
    assert not breaker.is_open
    assert breaker.successes == 20


def test_only_a_health_check_closes_it() -> None:
    breaker = broken()
    breaker.succeeded()
    assert breaker.is_open
    breaker.check_passed()
    assert not breaker.is_open


def failures_to_open(breaker: CircuitBreaker) -> int:
    for number in range(1, 1_000):
        breaker.failed(0.0)
        if breaker.is_open:
            return number
    raise AssertionError("it never opened")


def test_where_only_checks_succeed_it_opens_less_and_less_easily() -> None:
    breaker = CircuitBreaker(60.0)
    needed = []
    for _ in range(5):
        needed.append(failures_to_open(breaker))
        breaker.succeeded()
        breaker.check_passed()
    assert needed == [8, 16, 32, 64, 64]
    breaker.succeeded()
    assert failures_to_open(breaker) == 8


def test_the_outage_counts_from_the_first_failure_after_the_last_success() -> None:
    breaker = CircuitBreaker(60.0)
    breaker.failed(0.0)
    breaker.succeeded()
    for second in range(100, 108):
        breaker.failed(float(second))
    assert breaker.check_failed(159.9, middle) is None
    assert breaker.check_failed(160.0, middle) == 60.0


def test_a_pause_that_plytix_asked_for_is_no_part_of_an_outage() -> None:
    breaker = broken()
    breaker.start_over()
    assert breaker.check_failed(2_000.0, middle) is None
    assert breaker.check_failed(2_059.0, middle) is None
    assert breaker.check_failed(2_060.0, middle) == 60.0


@pytest.mark.parametrize("drawn", [0.0, 0.999])
def test_checks_come_less_and_less_often_but_some_fit_into_any_outage(drawn: float) -> None:
    breaker = broken()
    now, gaps = 0.0, []
    while breaker.check_failed(now, lambda: drawn) is None:
        gaps.append(breaker.check_at - now)
        now = breaker.check_at
    assert gaps[0] <= 1.0
    assert gaps[3] >= 2 * gaps[1]
    assert max(gaps) <= 10.0
    assert 60.0 <= now <= 70.0
    short = broken(outage_s=0.4)
    short.check_failed(0.0, lambda: drawn)
    assert short.check_at <= 0.1


def check_gaps(breaker: CircuitBreaker, checks: int) -> list[float]:
    """How long after each check that failed the next may leave, at most."""
    gaps = []
    for _ in range(checks):
        breaker.check_failed(0.0, lambda: 1.0)
        gaps.append(breaker.check_at)
    return gaps


def test_checks_double_their_pause_up_to_ten_seconds_and_begin_anew_after_one_that_passed() -> None:
    breaker = broken()
    assert breaker.check_at == -math.inf, "the first leaves at once"
    assert check_gaps(breaker, 6) == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    breaker.succeeded()
    breaker.check_passed()
    assert breaker.check_at == -math.inf
    assert check_gaps(breaker, 2) == [1.0, 2.0]


def test_in_a_short_outage_checks_come_in_quarters_of_it() -> None:
    assert check_gaps(broken(outage_s=0.5), 2) == [0.125, 0.125]

"""After a 429: how long all requests wait, and what ends the caution that follows."""

import pytest

from amzsync.executor.engine.throttle import Throttle, wait_after_refusals_s


def refused(times: int, retry_after_s: float | None = 0.0) -> list[float]:
    """The waits after so many refusals, each of a request that left after the one before."""
    throttle, now, waits = Throttle(), 0.0, []
    for _ in range(times):
        now += 1000.0
        waits.append(throttle.refused(now - 1.0, retry_after_s, now))
    return waits


def test_everybody_waits_as_long_as_the_server_says() -> None:
    throttle = Throttle()
    assert throttle.refused(9.0, 30.0, 10.0) == 30.0
    assert throttle.is_paused(39.9)
    assert not throttle.is_paused(40.0)


def test_where_the_told_wait_is_too_short_again_and_again_the_waits_grow_up_to_a_minute() -> None:
    assert refused(10) == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_where_no_wait_is_told_the_waits_grow_from_a_short_window_up_to_a_minute() -> None:
    assert refused(5, retry_after_s=None) == [10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_wait_is_never_shorter_than_the_server_told() -> None:
    assert refused(4, retry_after_s=20.0) == [20.0] * 4


def test_requests_that_were_refused_together_count_as_one_refusal() -> None:
    throttle = Throttle()
    waits = [throttle.refused(sent_at, 0.0, 10.0) for sent_at in (8.0, 9.0, 10.0)]
    assert waits == [0.0, 0.0, 0.0]
    assert throttle.refused(10.5, 0.0, 11.0) > 0.0


def test_a_shorter_wait_that_is_told_later_does_not_end_a_longer_one() -> None:
    throttle = Throttle()
    throttle.refused(1.0, 60.0, 2.0)
    throttle.refused(1.5, 1.0, 3.0)
    assert throttle.is_paused(61.0)


def test_after_the_pause_one_request_at_a_time_is_sent_until_one_that_left_after_it_is_accepted() -> None:
    throttle = Throttle()
    throttle.refused(9.0, 30.0, 10.0)
    assert throttle.sends_one_at_a_time
    throttle.accepted(8.0)
    assert throttle.sends_one_at_a_time, "it left before the pause, so it shows nothing"
    throttle.accepted(40.0)
    assert not throttle.sends_one_at_a_time


def test_an_accepted_request_makes_the_waits_short_again() -> None:
    throttle = Throttle()
    for now in (10.0, 20.0, 30.0):
        throttle.refused(now - 1.0, 0.0, now)
    throttle.accepted(35.0)
    assert throttle.refused(39.0, 0.0, 40.0) == 0.0
    assert throttle.refused(49.0, 0.0, 50.0) == 0.5


def test_where_only_a_try_of_more_was_refused_the_others_go_on_together() -> None:
    throttle = Throttle()
    throttle.refused(9.0, 1.0, 10.0, goes_on=True)
    assert not throttle.sends_one_at_a_time
    throttle.accepted(9.5)
    assert not throttle.sends_one_at_a_time, "one that left before the pause changes nothing"


def test_a_try_of_more_that_is_refused_ends_no_caution() -> None:
    throttle = Throttle()
    throttle.refused(9.0, 1.0, 10.0)
    throttle.refused(9.5, 1.0, 10.5, goes_on=True)
    assert throttle.sends_one_at_a_time


@pytest.mark.parametrize("refusals", [0, 1])
def test_the_first_refusal_waits_no_longer_than_told(refusals: int) -> None:
    assert wait_after_refusals_s(refusals) == 0.0

"""One request's place in the windows: taken, moved as more is known of its arrival, given back, forgotten."""

import pytest

from amzsync.limits.learning import Observed
from amzsync.limits.pace import Pace
from amzsync.limits.windows import Limit

ONE = Limit(1, 10.0)
ARRIVES_WITHIN_S = 0.2


def test_nothing_moves_a_request_that_was_answered() -> None:
    pace = Pace([ONE])
    slot = pace.record(0.0)
    pace.mark_sent(slot, 0.0)
    pace.answered(slot, 0.0, 0.01)
    assert pace.wait_s(1.0) == pytest.approx(9.01)


@pytest.mark.parametrize(
    ("sent_at", "answered_at", "held_from"),
    [(0.0, 0.1, 0.1), (0.0, 9.0, ARRIVES_WITHIN_S), (3.0, 9.0, 3.0 + ARRIVES_WITHIN_S), (3.0, 2.9, 3.0)],
)
def test_a_request_arrived_between_its_sending_and_its_answer(
    sent_at: float, answered_at: float, held_from: float
) -> None:
    pace = Pace([ONE])
    pace.answered(pace.record(0.0), sent_at, answered_at)
    assert pace.wait_s(9.5) == pytest.approx(held_from + 0.5)


def test_an_answer_tells_whether_it_raises_a_limit() -> None:
    pace = Pace([Limit(8, 10.0)], [Observed(10.0, 1, since=0.0, refused_at=0.0)])
    assert pace.answered(pace.record(0.0), 0.0, 0.1) is False
    assert pace.answered(pace.record(0.2), 0.2, 0.3, is_accepted=False) is False
    assert pace.answered(pace.record(0.4), 0.4, 0.5) is True
    assert pace.limits == (Limit(2, 10.0),)


def test_another_process_request_is_held_longer_and_tries_nothing() -> None:
    pace = Pace([Limit(8, 10.0)], [Observed(10.0, 1, since=0.0, refused_at=0.0)])
    pace.record(0.0)
    other = pace.record(0.0, is_own=False)
    assert not other.tries
    assert other.held_from == pytest.approx(3 * ARRIVES_WITHIN_S)


@pytest.mark.parametrize(("windows", "kept_s"), [([ONE], 3600.0), ([ONE, Limit(9, 7200.0)], 7200.0)])
def test_requests_are_kept_for_an_hour_or_the_longest_window(windows: list[Limit], kept_s: float) -> None:
    pace = Pace(windows)
    pace.answered(pace.record(0.0), 0.0, 0.0)
    pace.record(kept_s - 1.0)
    pace.configure([Limit(9, 100_000.0)])
    assert pace.used(kept_s) == [(Limit(9, 100_000.0), 2)]
    pace.configure(windows)
    pace.record(kept_s)
    pace.configure([Limit(9, 100_000.0)])
    assert pace.used(kept_s) == [(Limit(9, 100_000.0), 2)], "the first is forgotten"


def test_a_request_that_is_given_back_before_its_sending_is_told_stays_out() -> None:
    pace = Pace([ONE])
    slot = pace.record(0.0)
    pace.mark_sent(slot, 0.1)
    pace.give_back(slot)
    pace.mark_sent(slot, 0.1)
    assert pace.wait_s(0.2) == 0.0
    assert pace.used(0.2) == [(ONE, 0)]


def test_of_requests_at_the_same_moment_the_right_one_is_given_back() -> None:
    pace = Pace([Limit(2, 10.0)])
    first, second = pace.record(0.0), pace.record(0.0)
    pace.give_back(second)
    pace.give_back(second)
    assert pace.used(0.0) == [(Limit(2, 10.0), 1)]
    pace.give_back(first)
    assert pace.used(0.0) == [(Limit(2, 10.0), 0)]


def test_a_request_that_left_late_takes_the_place_of_one_more_for_longer() -> None:
    pace = Pace([ONE])
    pace.mark_sent(pace.record(0.0), 5.0)
    assert [pace.available_within(seconds, 5.0) for seconds in (6.0, 10.25)] == [0, 1]
    pace.mark_sent(pace.record(20.0), 25.0)
    assert pace.used(30.25) == [(ONE, 1)]


def test_what_is_available_is_what_becomes_free_until_then() -> None:
    pace = Pace([Limit(50, 10.0)])
    for at in (0.0, 5.0):
        for slot in [pace.record(at) for _ in range(25)]:
            pace.answered(slot, at, at)
    within = {3.0: 0, 6.0: 25, 10.125: 50, 10.25: 50, 16.0: 75}
    assert {seconds: pace.available_within(seconds, 5.0) for seconds in within} == within


def test_a_window_is_over_once_its_last_requests_can_have_arrived() -> None:
    pace = Pace([Limit(50, 10.0)])
    assert [pace.available_within(seconds, 0.0) for seconds in (10.0, 10.25)] == [50, 100]


def test_no_request_is_available_where_more_were_sent_than_a_lower_limit_allows() -> None:
    pace = Pace([Limit(50, 10.0)])
    for _ in range(50):
        pace.record(0.0)
    assert pace.available_within(1.0, 0.0) == 0
    pace.configure([Limit(20, 10.0)])
    assert pace.available_within(1.0, 0.0) == 0


def test_without_limits_a_pause_allows_none_either() -> None:
    pace = Pace([])
    pace.pause(10.0)
    assert pace.available_within(5.0, 0.0) == 0
    assert pace.available_within(10.0, 0.0) > 0


def test_a_request_that_is_given_back_keeps_no_other_waiting() -> None:
    pace = Pace([Limit(10, 1.0)])
    pace.give_back(pace.record(0.0))
    assert pace.wait_s(0.0) == 0.0


def test_free_places_take_no_time() -> None:
    pace = Pace([Limit(2, 10.0)])
    assert pace.time_for_s(3, 0.0) == 10.0
    pace.record(0.0)
    assert pace.time_for_s(1, 0.0) == 0.0

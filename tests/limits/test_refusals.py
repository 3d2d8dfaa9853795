"""What a refusal shows of a limit, by the requests before it: how many there were, and how late."""

import pytest

from amzsync.limits.learning import Observed
from amzsync.limits.pace import Pace
from amzsync.limits.windows import Limit

USUAL = Limit(50, 10.0)
SHORT = Limit(100, 1.0)


def sent(pace: Pace, *times: tuple[int, float]) -> Pace:
    """So many requests that left at each moment, and were answered then."""
    for count, at in times:
        for slot in [pace.record(at) for _ in range(count)]:
            pace.answered(slot, at, at)
    return pace


def refused_together(pace: Pace, count: int, at: float) -> list[int]:
    """What is allowed after each of so many refusals of requests that left at one moment."""
    allowed = []
    for slot in [pace.record(at) for _ in range(count)]:
        pace.refused(slot, 0.5, at)
        allowed.append(pace.limits[0].allowed)
    return allowed


def test_a_request_that_left_a_whole_window_ago_was_not_let_in_before_the_refusal() -> None:
    pace = sent(Pace([USUAL]), (10, 0.0), (20, 5.0))
    assert refused_together(pace, 1, 10.0) == [20]


@pytest.mark.parametrize(
    ("before", "late_s", "allowed"), [(30, 0.5, 40), (29, 0.5, 40), (28, 0.5, 20), (30, 0.7, 20)]
)
def test_a_full_window_of_requests_a_little_late_lowers_the_limit_by_a_fifth_only(
    before: int, late_s: float, allowed: int
) -> None:
    pace = sent(Pace([USUAL]), (before, 0.0), (20, 5.0))
    assert refused_together(pace, 1, 10.0 + late_s) == [allowed]


def test_requests_are_a_little_late_by_less_than_a_share_of_the_window() -> None:
    pace = sent(Pace([Limit(50, 100.0)]), (30, 0.0), (20, 50.0))
    assert refused_together(pace, 1, 106.0) == [20]


def test_late_requests_do_not_explain_the_refusal_of_one_beyond_what_was_shown() -> None:
    pace = Pace([USUAL], [Observed(10.0, 20, since=0.0, refused_at=0.0)])
    for _ in range(10):
        pace.record(0.0)
    sent(pace, (10, 5.0))
    assert refused_together(pace, 1, 10.125) == [10]


def test_late_requests_hide_none_that_were_let_in() -> None:
    assert refused_together(sent(Pace([USUAL]), (5, 0.0), (45, 5.0)), 1, 10.5) == [45]


@pytest.mark.parametrize(
    ("limit", "half", "allowed"),
    [(USUAL, 25, [40, 40, 40, 40, 40, 25]), (Limit(8, 10.0), 4, [6, 6, 4])],
    ids=["a tenth", "two"],
)
def test_more_refusals_at_once_than_a_few_late_requests_explain_show_the_limit(
    limit: Limit, half: int, allowed: list[int]
) -> None:
    pace = sent(Pace([limit]), (half, 0.0), (half, 5.0))
    assert refused_together(pace, len(allowed), 10.5) == allowed


def test_a_request_that_leaves_as_a_refusal_comes_shows_nothing_more_than_that_refusal() -> None:
    pace = sent(Pace([USUAL]), (30, 0.0))
    first, second = pace.record(1.0), pace.record(2.0)
    assert pace.refused(first, 1.0, 2.0)
    assert pace.limits == (Limit(31, 10.0),), "the second may have been let in"
    assert pace.refused(second, 1.0, 2.1)
    assert [(one.allowed, one.repeats, one.refused_at) for one in pace.observed] == [(30, 0, 2.0)]


def test_of_the_windows_that_can_need_the_wait_the_fullest_was_refused() -> None:
    pace = sent(Pace([Limit(10, 10.0), Limit(5, 60.0)]), (4, 0.0))
    assert pace.refused(pace.record(1.0), 5.0, 1.0)
    assert pace.limits == (Limit(10, 10.0), Limit(4, 60.0))


def test_what_was_sent_later_than_planned_counts_for_which_window_was_refused() -> None:
    pace = Pace([Limit(5, 10.0), Limit(6, 60.0)])
    pace.mark_sent(pace.record(0.0), 5.0)
    sent(pace, (2, 5.0))
    pace.mark_sent(pace.record(0.0), 5.0)
    assert pace.refused(pace.record(11.0), 5.0, 11.0)
    assert pace.limits == (Limit(2, 10.0), Limit(6, 60.0))


def test_what_was_let_in_before_a_refusal_is_told_by_when_it_left() -> None:
    pace = Pace([USUAL])
    for slot in [pace.record(0.0) for _ in range(30)]:
        pace.answered(slot, 5.0, 5.0)
    assert refused_together(pace, 1, 10.5) == [30]


@pytest.mark.parametrize(("told_s", "limits"), [(11.0, (4, 10)), (12.0, (8, 4))])
def test_a_wait_told_in_whole_seconds_is_at_most_a_second_too_long(
    told_s: float, limits: tuple[int, int]
) -> None:
    pace = sent(Pace([Limit(8, 10.0), Limit(10, 3600.0)]), (4, 0.0))
    assert pace.refused(pace.record(4.0), told_s, 4.0)
    assert tuple(limit.allowed for limit in pace.limits) == limits
    assert pace.configured == (Limit(8, 10.0), Limit(10, 3600.0))


def test_a_refusal_of_a_short_window_that_tells_no_wait_is_taken_for_one_of_the_window() -> None:
    pace = sent(Pace([Limit(8, 10.0)]), (4, 0.0))
    assert pace.refused(pace.record(1.0), None, 1.0)
    more_tried_after_s = 10.0 + 10 * 10.0
    sent(pace, (4, 105.0))
    assert pace.wait_s(105.0) == pytest.approx(1.0 + more_tried_after_s - 105.0)


@pytest.mark.parametrize(("again_after_s", "is_excused"), [(19.5, False), (20.0, True)])
def test_late_requests_excuse_one_refusal_in_ten_of_a_short_window(
    again_after_s: float, *, is_excused: bool
) -> None:
    pace = sent(Pace([Limit(100, 2.0)]), (100, 0.0))
    refused_together(pace, 1, 2.0625)
    assert pace.is_excused
    sent(pace, (100, again_after_s))
    refused_together(pace, 1, again_after_s + 2.0625)
    assert pace.is_excused is is_excused
    assert pace.limits[0].allowed == (100 if is_excused else 80)


def test_a_refusal_that_late_requests_do_not_explain_ends_what_was_excused() -> None:
    pace = sent(Pace([SHORT]), (100, 0.0))
    refused_together(pace, 1, 1.03125)
    refused_together(pace, 1, 5.0)
    assert not pace.is_excused
    sent(pace, (100, 8.0))
    refused_together(pace, 1, 9.03125)
    assert pace.is_excused


def test_the_refusals_of_one_late_moment_are_excused_together() -> None:
    pace = sent(Pace([SHORT]), (100, 0.0))
    assert refused_together(pace, 3, 1.03125) == [100, 100, 100]
    assert pace.is_excused


def test_below_a_limit_that_was_shown_late_requests_of_a_short_window_hide_nothing() -> None:
    pace = Pace([SHORT], [Observed(1.0, 60, since=0.0, refused_at=0.0)])
    sent(pace, (20, 0.0), (40, 0.5))
    assert refused_together(pace, 1, 1.03125) == [40]
    assert not pace.is_excused
    assert pace.record(1.5).arrival_s == pytest.approx(0.03), "they are expected later, once"
    sent(pace, (40, 3.0))
    refused_together(pace, 1, 4.03125)
    assert pace.record(4.5).arrival_s == pytest.approx(0.03)


def test_a_refusal_below_a_limit_that_was_shown_lowers_it_by_one_at_least() -> None:
    pace = Pace([SHORT], [Observed(1.0, 60, since=0.0, refused_at=0.0)])
    sent(pace, (59, 0.5))
    refused = pace.record(0.6)
    pace.record(0.6, is_own=False)
    assert pace.refused(refused, 0.5, 0.7)
    assert pace.limits == (Limit(59, 1.0),)


def test_one_moment_of_late_requests_widens_what_is_expected_once() -> None:
    pace = sent(Pace([USUAL]), (50, 0.0))
    refused_together(pace, 3, 10.5)
    assert pace.record(100.0).arrival_s == pytest.approx(0.3)

"""A window of a second or so is used nearly whole, also where requests arrive late or less is allowed."""

import itertools
import random
from typing import Any

import pytest
from limits.simulated import Sliding, World

from amzsync.limits.arrivals import Arrivals
from amzsync.limits.pace import Pace
from amzsync.limits.windows import PRESETS, Limit

SHORT = Limit(100, 1.0)
WAY_S = (0.0, 0.015)
seeds = pytest.mark.parametrize("seed", range(2))


def worked(seed: int, seconds: float, *, allowed: int = 100, **how: Any) -> World:
    world = World(Pace([SHORT]), [Sliding(allowed, 1.0)], random.Random(seed), way_s=WAY_S, **how)
    world.run(until=seconds)
    return world


def share(world: World, start: float, end: float, allowed: int = 100) -> float:
    return sum(1 for at in world.accepted if start <= at < end) / (end - start) / allowed


@seeds
def test_a_run_that_opens_all_its_connections_in_the_first_second_is_not_refused(seed: int) -> None:
    world = worked(seed, 20.0, new_connection_s=(0.0, 0.08))
    assert world.connections > 100
    assert world.refused == 0
    assert share(world, 0.0, 20.0) >= 0.97


@seeds
def test_a_moment_in_which_all_arrive_late_costs_refusals_and_little_more(seed: int) -> None:
    world = worked(seed, 20.0, stalls=[(5.0, 5.1)])
    assert 0 < world.refused <= 10
    assert share(world, 5.0, 20.0) >= 0.95
    assert world.pace.limits == (SHORT,)


@seeds
@pytest.mark.parametrize(("allowed", "least"), [(80, 0.96), (98, 0.94)])
def test_a_lower_limit_than_is_configured_is_used_and_costs_few_refusals(
    seed: int, allowed: int, least: float
) -> None:
    world = worked(seed, 20.0, allowed=allowed)
    assert world.refused <= 20
    assert share(world, 6.0, 18.0, allowed) >= least


def full() -> Pace:
    """All that a window allows has left and was answered, the last request at 1.0."""
    pace = Pace([SHORT])
    for number in range(100):
        at = 0.01 * (number + 1)
        pace.answered(pace.record(at), at, at + 0.005)
    return pace


def refused_at(pace: Pace, at: float) -> bool:
    return pace.refused(pace.record(at), 0.01, at + 0.005)


def test_a_refusal_that_own_late_requests_explain_shows_no_limit_unless_it_comes_again() -> None:
    pace = full()
    assert not refused_at(pace, 1.02)
    assert pace.is_excused
    assert pace.limits == (SHORT,)
    assert refused_at(pace, 1.04)
    assert not pace.is_excused
    assert pace.limits[0].allowed < 100


def test_after_a_while_a_late_request_is_excused_again() -> None:
    pace = full()
    assert not refused_at(pace, 1.02)
    for number in range(100):
        at = 20.0 + 0.01 * (number + 1)
        pace.answered(pace.record(at), at, at + 0.005)
    assert not refused_at(pace, 21.02)
    assert pace.is_excused


def test_more_refusals_than_late_requests_explain_show_the_limit_though_the_first_was_excused() -> None:
    pace = full()
    slots = [pace.record(1.01 + 0.0001 * number) for number in range(20)]
    for slot in slots:
        pace.refused(slot, 0.01, 1.02)
    assert not pace.is_excused
    assert pace.limits[0].allowed < 100


def test_a_refusal_of_a_longer_window_is_not_excused() -> None:
    pace = Pace([Limit(50, 10.0)])
    for number in range(50):
        pace.answered(pace.record(0.001 * number), 0.001 * number, 1.0)
    assert pace.refused(pace.record(10.01), 0.1, 10.3)
    assert not pace.is_excused
    assert not pace.goes_on


def test_a_request_that_needs_a_new_connection_is_expected_to_arrive_later() -> None:
    arrivals = Arrivals()
    arrivals.configure([SHORT, Limit(5000, 3600.0)])
    assert [arrivals.next_s(), arrivals.next_s()] == [pytest.approx(0.1)] * 2
    arrivals.answered()
    assert arrivals.next_s() == pytest.approx(0.02), "a connection is free"
    assert arrivals.next_s() == pytest.approx(0.1), "one more than ever"


def test_requests_that_arrive_late_are_expected_later_until_other_limits_are_in_force() -> None:
    arrivals = Arrivals()
    arrivals.configure([SHORT])
    expected, widened = [], []
    for _ in range(4):
        expected.append(arrivals.expected_s)
        widened.append(arrivals.is_widened)
        arrivals.widen()
    assert expected == [pytest.approx(seconds) for seconds in (0.02, 0.03, 0.045, 0.05)]
    assert widened == [False, True, True, True]
    arrivals.configure([SHORT])
    assert arrivals.expected_s == pytest.approx(0.02)
    assert not arrivals.is_widened


def test_an_answer_frees_the_one_connection_that_there_is() -> None:
    arrivals = Arrivals()
    arrivals.configure([SHORT])
    arrivals.next_s()
    arrivals.answered()
    assert arrivals.next_s() == pytest.approx(0.02)


def test_an_answer_to_no_request_of_this_run_frees_no_connection() -> None:
    arrivals = Arrivals()
    arrivals.configure([SHORT])
    arrivals.answered()
    assert arrivals.next_s() == pytest.approx(0.1)


def test_no_request_is_expected_to_arrive_more_than_a_second_late() -> None:
    arrivals = Arrivals()
    assert (arrivals.next_s(), arrivals.of_others_s) == (0.0, 0.0), "no limits are known yet"
    arrivals.configure([Limit(5000, 3600.0)])
    arrivals.widen()
    assert (arrivals.next_s(), arrivals.of_others_s) == (1.0, 3.0)


def test_in_the_usual_windows_a_new_connection_makes_no_difference() -> None:
    for limits in PRESETS.values():
        arrivals = Arrivals()
        arrivals.configure(limits)
        assert arrivals.next_s() == arrivals.expected_s == pytest.approx(0.2)


def test_after_a_burst_of_free_places_a_short_window_is_still_used_evenly() -> None:
    pace = Pace([Limit(10, 1.0)])
    for _ in range(10):
        pace.answered(pace.record(0.0), 0.0, 0.0)
    leaving: list[float] = []
    now = 0.5
    while len(leaving) < 10:
        now += pace.wait_s(now)
        pace.answered(pace.record(now), now, now)
        leaving.append(now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(leaving)]
    assert min(gaps) == pytest.approx(0.09)

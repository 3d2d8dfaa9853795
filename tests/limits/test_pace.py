"""The pace on a clock that only moves when it is told to."""

import heapq
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.limits.learning import Observed
from amzsync.limits.pace import Pace, Slot
from amzsync.limits.windows import Limit, parse_limits


@dataclass
class Simulation:
    """Requests through a pace: each arrives somewhere within the assumed bound, and is answered later."""

    pace: Pace
    random: random.Random
    now: float = 0.0
    sent: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    unanswered: list[tuple[float, int, Slot, float]] = field(default_factory=list)

    def send(self, count: int, slowest_answer_s: float = 2.0) -> None:
        for _ in range(count):
            self._wait()
            slot = self.pace.record(self.now)
            arrival = (
                self.now
                + self.random.choice([0.0, self.random.random(), 1.0]) * self.pace._arrivals.expected_s
            )
            answer = arrival + self.random.random() * slowest_answer_s
            heapq.heappush(self.unanswered, (answer, len(self.sent), slot, self.now))
            self.sent.append(self.now)
            self.arrivals.append(arrival)

    def _wait(self) -> None:
        while True:
            while self.unanswered and self.unanswered[0][0] <= self.now:
                answer, _, slot, sent_at = heapq.heappop(self.unanswered)
                self.pace.answered(slot, sent_at, answer)
            wait_s = self.pace.wait_s(self.now)
            if wait_s <= 0:
                return
            next_answer = self.unanswered[0][0] if self.unanswered else float("inf")
            self.now = min(self.now + wait_s, next_answer)


def most_in_a_window(arrivals: list[float], window_s: float) -> int:
    """As a server counts: the most requests in any stretch of the window."""
    ordered = sorted(arrivals)
    first = most = 0
    for index, arrival in enumerate(ordered):
        while ordered[first] <= arrival - window_s + 1e-6:
            first += 1
        most = max(most, index - first + 1)
    return most


def test_hours_of_work_use_the_account_and_never_exceed_it() -> None:
    limits = parse_limits(["50/10s", "5000/1h"])
    simulation = Simulation(Pace(limits), random.Random(1))
    simulation.send(20_000)
    for limit in limits:
        assert most_in_a_window(simulation.arrivals, limit.window_s) <= limit.allowed
    shortest_possible_s = 3 * 3600 + 99 * 10
    assert shortest_possible_s / simulation.now >= 0.97


@given(
    st.lists(st.tuples(st.integers(1, 8), st.sampled_from([0.5, 1.0, 10.0, 60.0, 100.0])), max_size=3),
    st.floats(0, 30),
    st.integers(0, 2**32),
)
def test_no_window_of_any_limits_ever_holds_more_than_is_allowed(
    limits: list[tuple[int, float]], slowest_answer_s: float, seed: int
) -> None:
    texts = [f"{allowed}/{window_s}s" for allowed, window_s in limits]
    simulation = Simulation(Pace(parse_limits(texts)), random.Random(seed))
    for _ in range(3):
        simulation.send(20, slowest_answer_s)
        simulation.now += simulation.random.choice([0.0, 3.0, 1000.0])
    for limit in simulation.pace.limits:
        assert most_in_a_window(simulation.arrivals, limit.window_s) <= limit.allowed


def test_a_window_with_requests_left_allows_them_at_once() -> None:
    simulation = Simulation(Pace(parse_limits(["50/10s"])), random.Random(1))
    simulation.send(150)
    assert simulation.sent[49] == 0
    assert 10 < simulation.sent[50] <= simulation.sent[99] < 10.3
    assert simulation.sent[149] < 20.6


def test_requests_of_before_a_restart_count() -> None:
    pace = Pace(parse_limits(["10/10s"]))
    for age_s in range(9, -1, -1):
        pace.record(100.0 - age_s)
    assert pace.used(100.0) == [(Limit(10, 10.0), 10)]
    assert 0.9 < pace.wait_s(100.0) < 1.3
    assert pace.used(200.0) == [(Limit(10, 10.0), 0)]
    assert pace.wait_s(200.0) == 0


def test_an_answer_that_came_soon_frees_its_place_sooner() -> None:
    pace = Pace(parse_limits(["1/10s"]))
    slot = pace.record(0.0)
    assert pace.wait_s(1.0) > 9.0
    pace.answered(slot, 0.0, 0.0)
    assert pace.wait_s(1.0) == 9.0


def test_a_pause_holds_everybody_until_its_end() -> None:
    pace = Pace(parse_limits(["paid"]))
    pace.pause(60.0)
    pace.pause(30.0)
    assert pace.wait_s(0.0) == 60.0
    assert pace.wait_s(59.5) == 0.5
    assert pace.wait_s(60.0) == 0.0


def test_without_limits_nothing_waits_but_for_a_pause() -> None:
    pace = Pace([])
    for _ in range(100):
        pace.record(0.0)
    assert (pace.wait_s(0.0), pace.time_for_s(5, 0.0), pace.longest_s) == (0.0, 0.0, 0.0)
    assert not pace.refused(pace.record(0.0), 60.0, 0.0)
    pace.pause(5.0)
    assert pace.wait_s(0.0) == 5.0


@pytest.mark.parametrize("limits", [["20/10s"], ["20/10s", "100/1m"]])
@given(already=st.integers(0, 60), more=st.integers(1, 200))
def test_work_never_takes_less_than_the_time_told_for_it(limits: list[str], already: int, more: int) -> None:
    simulation = Simulation(Pace(parse_limits(limits)), random.Random(already))
    simulation.send(already)
    told_s = simulation.pace.time_for_s(more, simulation.now)
    start = simulation.now
    simulation.send(more)
    assert told_s <= simulation.now - start + 0.5


@given(st.integers(0, 60), st.integers(1, 200))
def test_at_one_limit_the_time_told_is_what_the_work_takes(already: int, more: int) -> None:
    simulation = Simulation(Pace(parse_limits(["20/10s"])), random.Random(already))
    simulation.send(already)
    told_s = simulation.pace.time_for_s(more, simulation.now)
    start = simulation.now
    simulation.send(more)
    assert simulation.now - start <= told_s * 1.03 + 0.3


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0, 40))
def test_the_requests_promised_for_the_next_seconds_are_allowed(
    already: int, slept_s: int, within_s: float
) -> None:
    simulation = Simulation(Pace(parse_limits(["20/10s", "50/1m"])), random.Random(already))
    simulation.send(already)
    simulation.now += slept_s
    start, available = simulation.now, simulation.pace.available_within(within_s, simulation.now)
    simulation.send(available + 1)
    assert available == 0 or simulation.sent[-2] <= start + within_s + 1e-6


def test_a_window_that_is_over_several_times_is_counted_each_time() -> None:
    pace = Pace([Limit(50, 1.0)])
    assert [pace.available_within(seconds, 0.0) for seconds in (0.5, 1.5, 2.5)] == [50, 100, 150]


def test_a_pause_allows_no_request_until_it_ends() -> None:
    pace = Pace(parse_limits(["paid"]))
    pace.pause(10.0)
    assert (pace.available_within(9.0, 0.0), pace.available_within(10.0, 0.0)) == (0, 50)


def test_no_work_takes_no_time() -> None:
    pace = Pace(parse_limits(["1/10s"]))
    pace.record(0.0)
    assert pace.time_for_s(0, 0.0) == 0.0


def test_a_request_that_leaves_late_is_held_from_its_leaving() -> None:
    pace = Pace(parse_limits(["1/10s"]))
    slot = pace.record(0.0)
    pace.mark_sent(slot, 2.0)
    assert pace.wait_s(10.5) > 0
    pace.answered(slot, 0.1, 2.01)
    assert pace.wait_s(12.0) > 0
    assert pace.wait_s(12.02) == 0


def test_a_very_short_window_is_used_evenly_and_nearly_whole() -> None:
    simulation = Simulation(Pace(parse_limits(["100/1s"])), random.Random(1))
    simulation.send(2_000)
    assert most_in_a_window(simulation.sent, 0.1) <= 12
    assert most_in_a_window(simulation.arrivals, 1.0) <= 100
    assert simulation.now < 2_000 / 100 / 0.96


def test_the_time_told_is_that_of_the_place_that_has_to_become_free() -> None:
    pace = Pace(parse_limits(["5/10s"]))
    for number in range(5):
        pace.record(0.1 * number)
    arrival_s = 0.2
    assert pace.time_for_s(1, 1.0) == pytest.approx(9.0 + arrival_s)
    assert pace.time_for_s(3, 1.0) == pytest.approx(9.2 + arrival_s)
    assert pace.time_for_s(5, 1.0) == pytest.approx(9.4 + arrival_s)


def test_after_a_whole_window_of_waiting_the_places_taken_now_do_not_matter() -> None:
    pace = Pace(parse_limits(["5/10s", "10/100s"]))
    for _ in range(5):
        pace.record(0.0)
    assert pace.time_for_s(12, 0.0) == 100.0


def test_the_longest_window_is_told() -> None:
    assert Pace(parse_limits(["paid"])).longest_s == 3600.0


def test_a_try_that_is_given_back_raises_no_limit() -> None:
    pace = Pace([Limit(8, 10.0)], [Observed(10.0, 1, since=0.0, refused_at=0.0)])
    pace.record(0.0)
    attempt = pace.record(0.1)
    assert attempt.tries
    pace.give_back(attempt)
    assert pace.limits == (Limit(1, 10.0),)
    assert pace.wait_s(0.2) == 0.0, "it is tried again"


def test_a_refusal_that_tells_no_wait_is_taken_for_one_of_a_minute() -> None:
    pace = Pace([Limit(8, 3600.0)])
    for number in range(4):
        pace.answered(pace.record(1.0 * number), 1.0 * number, 1.0 * number)
    refused = pace.record(10.0)
    assert pace.refused(refused, None, 10.0)
    assert pace.limits == (Limit(4, 3600.0),)
    assert pace.wait_s(10.0) == 60.0 + 600.0


def test_a_refusal_that_asks_for_more_than_any_window_is_taken_for_one_of_the_longest() -> None:
    pace = Pace([Limit(8, 10.0), Limit(10, 3600.0)])
    for number in range(4):
        pace.answered(pace.record(1.0 * number), 1.0 * number, 1.0 * number)
    assert pace.refused(pace.record(4.0), 7200.0, 4.0)
    assert pace.limits == (Limit(8, 10.0), Limit(4, 3600.0))


def test_other_limits_have_not_been_refused_yet() -> None:
    pace = Pace([Limit(5, 1.0)])
    pace.refused(pace.record(0.0), 1.0, 0.0)
    assert pace.goes_on
    pace.configure([Limit(5, 1.0)])
    assert not pace.goes_on


def test_each_refusal_for_requests_that_arrived_late_lets_them_arrive_later_still() -> None:
    pace = Pace([Limit(10, 20.0)])
    arrivals = []
    for at in (0.0, 1000.0):
        for _ in range(pace.limits[0].allowed):
            pace.answered(pace.record(at), at, at)
        refused = pace.record(at + 20.5)
        arrivals.append(refused.arrival_s)
        pace.refused(refused, 1.0, at + 20.5)
    arrivals.append(pace.record(2000.0).arrival_s)
    assert arrivals == pytest.approx([0.4, 0.6, 0.9])


def test_a_wait_that_was_rounded_up_to_a_second_more_may_be_that_of_the_window() -> None:
    pace = Pace([Limit(8, 10.0), Limit(10, 3600.0)])
    for number in range(4):
        pace.answered(pace.record(1.0 * number), 1.0 * number, 1.0 * number)
    assert pace.refused(pace.record(4.0), 11.0, 4.0)
    assert pace.limits == (Limit(4, 10.0), Limit(10, 3600.0))


def test_refusals_of_one_moment_count_as_one_of_a_short_window() -> None:
    pace = Pace([Limit(20, 1.0)])
    for number in range(8):
        pace.answered(pace.record(0.05 * number), 0.05 * number, 0.05 * number)
    for slot in [pace.record(0.4), pace.record(0.4)]:
        pace.refused(slot, 1.0, 0.4)
    assert [(one.allowed, one.repeats) for one in pace.observed] == [(8, 0)]


def test_a_refusal_beside_one_that_showed_nothing_of_a_longer_window_shows_nothing() -> None:
    pace = Pace([Limit(4, 10.0)])
    for number in range(3):
        pace.answered(pace.record(0.1 * number), 0.1 * number, 0.1 * number)
    for slot in [pace.record(0.4), pace.record(0.4)]:
        assert not pace.refused(slot, 1.0, 0.4)
    assert pace.limits == (Limit(4, 10.0),)


def test_the_time_told_counts_from_when_a_late_request_left() -> None:
    pace = Pace([Limit(1, 10.0)])
    pace.mark_sent(pace.record(0.0), 5.0)
    assert pace.time_for_s(1, 5.0) == pytest.approx(10.2)


def test_the_time_told_contains_what_is_left_of_a_pause() -> None:
    pace = Pace([])
    pace.pause(65.0)
    assert pace.time_for_s(1, 60.0) == 5.0


def test_the_time_told_is_that_of_whole_windows_of_every_length() -> None:
    assert Pace([Limit(2, 10.0), Limit(4, 100.0)]).time_for_s(7, 0.0) == 110.0

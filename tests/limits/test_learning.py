"""What a 429 shows is tried again upwards within minutes, costs few refusals, and is gone when disproved."""

import random
from dataclasses import replace

import pytest
from limits.simulated import Fixed, Sliding, World

from amzsync.limits.learning import AdaptiveLimit, Observed, is_believed
from amzsync.limits.pace import Pace
from amzsync.limits.windows import PRESETS, Limit, parse_limits

SHORT = Limit(50, 10.0)


def world(*counting: Sliding | Fixed, pace: Pace | None = None, seed: int = 1, now: float = 0.0) -> World:
    return World(pace or Pace(PRESETS["paid"]), counting, random.Random(seed), now)


def next_run(before: World, later_s: float) -> Pace:
    """The pace of a run that begins later, with what the ledger kept."""
    now = before.now + later_s
    return Pace(PRESETS["paid"], [each for each in before.pace.observed if is_believed(each, now)])


def other_client(chance: random.Random, until: float) -> list[float]:
    """The times at which another client asks for 60 % of what the account allows."""
    times, at = [], 0.0
    while at < until:
        at += chance.uniform(0.5, 1.5) / 3.0
        times.append(at)
    return times


@pytest.mark.parametrize(
    ("accepted", "retry_after_s", "shown"),
    [
        (30, 8.0, Limit(30, 10.0)),
        (12, 8.0, Limit(12, 10.0)),
        (50, 8.0, None),
        (30, 1800.0, None),
        (30, None, Limit(30, 10.0)),
        (0, 8.0, None),
    ],
)
def test_a_refusal_below_the_known_limit_shows_the_lower_one(
    accepted: int, retry_after_s: float | None, shown: Limit | None
) -> None:
    pace = Pace(parse_limits(["50/10s", "5000/1h"]))
    for number in range(accepted):
        slot = pace.record(number * 0.1)
        pace.answered(slot, number * 0.1, number * 0.1 + 0.05)
    assert pace.refused(pace.record(6.0), retry_after_s, 6.1) == (shown is not None)
    assert (shown in pace.limits) == (shown is not None)


@pytest.mark.parametrize("strays", [1, 2])
def test_a_stray_refusal_at_the_start_of_a_run_costs_little_more_than_its_wait(strays: int) -> None:
    pace, now = Pace(PRESETS["paid"]), 0.0
    refused = 0
    for number in range(40):
        now += pace.wait_s(now)
        slot = pace.record(now)
        if number in (3, 4)[:strays]:
            pace.refused(slot, 1.0, now + 0.1)
            pace.pause(now + 1.1)
            refused += 1
        else:
            pace.answered(slot, now, now + 0.1)
        now += 0.1
    assert refused == strays
    # 40 requests, one after the other, and the waits that were asked for.
    assert now <= 40 * 0.1 + strays * 1.1 + 0.5


def test_a_refusal_after_an_hour_of_less_work_shows_the_lower_hourly_limit() -> None:
    pace = Pace(parse_limits(["50/10s", "5000/1h"]))
    for number in range(2000):
        pace.answered(pace.record(float(number)), number, number + 0.05)
    assert pace.refused(pace.record(2000.0), 1600.0, 2000.1)
    assert Limit(2000, 3600.0) in pace.limits


def test_refusals_of_one_moment_show_together_how_many_were_let_in() -> None:
    pace = Pace([SHORT])
    slots = [pace.record(0.01 * number) for number in range(50)]
    for number in sorted(range(20, 50), key=lambda one: one % 7):
        pace.answered(slots[number], slots[number].sent_at, 1.0, is_accepted=False)
        pace.refused(slots[number], 9.0, 1.0)
    assert pace.limits == (Limit(20, 10.0),)


@pytest.mark.parametrize("seed", range(5))
def test_a_truly_lower_limit_is_used_and_costs_few_refusals(seed: int) -> None:
    busy = world(Sliding(20, 10.0), pace=Pace([SHORT]), seed=seed)
    busy.run(until=3600.0)
    at_first = sum(1 for at in busy.accepted if at < 60)
    assert at_first >= 0.8 * 120
    assert len(busy.accepted) >= 0.93 * 7200
    # What the first moment sends too many, then one at a time, less and less often.
    assert busy.refused <= 30 + 35


def test_a_truly_lower_limit_in_fixed_windows_costs_few_refusals() -> None:
    for seed in range(5):
        chance = random.Random(seed)
        busy = World(Pace([SHORT]), [Fixed(20, 10.0, chance.uniform(-10, 0))], chance)
        busy.run(until=3600.0)
        assert len(busy.accepted) >= 0.85 * 7200
        assert busy.refused <= 0.05 * len(busy.accepted)


def test_a_truly_lower_hour_costs_few_refusals() -> None:
    busy = world(Sliding(50, 10.0), Sliding(2000, 3600.0))
    busy.run(until=4 * 3600.0)
    assert len(busy.accepted) >= 0.95 * 8000
    assert busy.refused <= 50 + 4 * 10


def test_many_runs_below_a_truly_lower_limit_cost_a_refusal_or_two_each() -> None:
    run = world(Sliding(20, 10.0))
    run.run(300)
    refused = []
    for _ in range(10):
        pace = next_run(run, 60.0)
        run = world(Sliding(20, 10.0), pace=pace, now=run.now + 60.0)
        run.run(100)
        refused.append(run.refused)
    assert max(refused) <= 2


@pytest.mark.parametrize("seed", range(5))
def test_another_clients_load_slows_only_as_long_as_it_lasts(seed: int) -> None:
    chance = random.Random(seed)
    shared = World(Pace([SHORT]), [Sliding(50, 10.0)], chance, others=other_client(chance, 600.0))
    shared.run(until=600.0)
    assert len(shared.accepted) + shared.others_accepted >= 0.9 * 3000
    assert shared.refused <= 60
    shared.run(until=1500.0)
    assert len([at for at in shared.accepted if at >= 900.0]) >= 0.95 * 3000


@pytest.mark.parametrize("later_s", [1.0, 60.0, 600.0])
def test_the_next_run_alone_is_at_full_speed_within_moments(later_s: float) -> None:
    chance = random.Random(7)
    shared = World(Pace(PRESETS["paid"]), [Sliding(50, 10.0)], chance, others=other_client(chance, 300.0))
    shared.run(until=300.0)
    assert shared.pace.observed
    alone = World(next_run(shared, later_s), [Sliding(50, 10.0)], chance, now=shared.now + later_s)
    started = alone.now
    alone.run(600)
    assert alone.refused == 0
    assert alone.pace.limits == PRESETS["paid"]
    assert alone.last_answer - started <= 1.25 * 112


def test_what_one_refusal_showed_is_forgotten_after_minutes_and_what_came_back_later() -> None:
    once = Observed(10.0, 20, since=0.0, refused_at=0.0)
    often = replace(once, repeats=3)
    assert [is_believed(once, at) for at in (299.0, 301.0)] == [True, False]
    assert [is_believed(often, at) for at in (301.0, 64 * 300 - 1.0, 64 * 300 + 1.0)] == [True, True, False]
    assert not is_believed(replace(once, repeats=10**6), 86_401.0)


def test_the_limit_in_force_never_exceeds_what_is_configured() -> None:
    limit = AdaptiveLimit(Limit(4, 10.0), Observed(10.0, 3, since=0.0, refused_at=0.0))
    limit.tried(1)
    assert limit.answered(1, is_accepted=True)
    assert (limit.allowed, limit.observed) == (4, None)
    limit.tried(2)
    limit.answered(2, is_accepted=True)
    assert limit.allowed == 4
    assert AdaptiveLimit(Limit(4, 10.0), Observed(10.0, 9, since=0.0, refused_at=0.0)).allowed == 4


def test_a_try_that_fails_otherwise_shows_nothing_and_is_made_again() -> None:
    limit = AdaptiveLimit(Limit(50, 10.0), Observed(10.0, 20, since=0.0, refused_at=0.0))
    limit.tried(1)
    assert limit.more_at() == float("inf")
    assert not limit.answered(1, is_accepted=False)
    assert (limit.allowed, limit.more_at()) == (20, float("-inf"))


def test_other_limits_leave_the_requests_counted_and_what_was_shown() -> None:
    pace = Pace(parse_limits(["50/10s", "5000/1h"]), [Observed(10.0, 15, since=0.0, refused_at=0.0)])
    for number in range(15):
        pace.answered(pace.record(0.1 * number), 0.1 * number, 0.1 * number + 0.05)
    pace.configure(parse_limits(["20/10s", "15000/1h"]))
    assert pace.limits == (Limit(15, 10.0), Limit(15000, 3600.0))
    assert pace.used(2.0) == [(Limit(15, 10.0), 15), (Limit(15000, 3600.0), 15)]
    pace.configure([Limit(5, 10.0)])
    assert 8.0 < pace.wait_s(2.0) <= 10.0


def test_one_request_that_arrived_late_lowers_the_limit_by_a_part_only() -> None:
    pace = Pace([SHORT])
    for number in range(50):
        slot = pace.record(0.001 * number)
        pace.answered(slot, slot.sent_at, 1.0)
    first = pace.record(10.21)
    pace.answered(first, 10.21, 10.3, is_accepted=False)
    assert pace.refused(first, 0.1, 10.3)
    assert pace.limits == (Limit(40, 10.0),)
    held_s = pace.record(20.0).held_from - 20.0
    assert held_s == pytest.approx(0.3), "requests are expected to arrive later than they were"


def test_a_try_of_more_than_was_shown_never_exceeds_what_is_configured() -> None:
    pace = Pace([Limit(8, 10.0)], [Observed(10.0, 7, since=-400.0, refused_at=-400.0)])
    leaving = []
    now = 0.0
    while now < 30.0:
        now += pace.wait_s(now)
        slot = pace.record(now)
        pace.mark_sent(slot, now)
        # Answers that are errors do not show that more is let in.
        pace.answered(slot, now, now + 0.2, is_accepted=False)
        leaving.append(now)
        now += 0.25
    assert all(later - earlier >= 10.0 for earlier, later in zip(leaving, leaving[8:], strict=False))

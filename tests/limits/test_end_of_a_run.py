"""A run ends as soon as the windows allow, and no server refuses one of its requests."""

import random

import pytest
from limits.simulated import Counting, Fixed, Sliding, World

from amzsync.limits.forecast import time_for_s
from amzsync.limits.pace import Pace
from amzsync.limits.windows import PRESETS


@pytest.mark.parametrize("requests", [30, 49, 50, 51, 60, 99, 101, 150, 151, 297, 501, 1000, 3000])
@pytest.mark.parametrize("counting", ["sliding", "fixed"])
def test_a_run_ends_within_a_twentieth_of_the_earliest_moment_and_without_a_429(
    requests: int, counting: str
) -> None:
    for seed in range(3):
        chance = random.Random(f"{requests} {seed}")
        limits: list[Counting] = (
            [Sliding(50, 10.0), Sliding(5000, 3600.0)]
            if counting == "sliding"
            else [Fixed(50, 10.0, chance.uniform(-10, 0)), Fixed(5000, 3600.0, chance.uniform(-3600, 0))]
        )
        world = World(Pace(PRESETS["paid"]), limits, chance)
        world.run(requests)
        earliest_s = (requests - 1) // 50 * 10
        last_s = world.last_answer - world.accepted[-1]
        assert world.refused == 0
        assert len(world.accepted) == requests
        assert world.last_answer <= (earliest_s + max(last_s, 2.0)) * 1.05 + world.way_s[1]
        assert time_for_s(requests, PRESETS["paid"]) <= world.last_answer <= earliest_s * 1.05 + 2.2


def test_a_server_that_counts_in_fixed_windows_never_refuses_work_that_comes_and_goes() -> None:
    for seed in range(20):
        chance = random.Random(seed)
        world = World(Pace(PRESETS["free"]), [Fixed(20, 10.0, chance.uniform(-10, 0))], chance)
        for _ in range(20):
            world.run(chance.randint(1, 60))
            world.now += chance.choice([0.0, 1.0, 5.0, 9.9, 15.0])
        assert world.refused == 0

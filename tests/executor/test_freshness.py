"""How long a reading is good for, and how many products are read at once, as numbers."""

import pytest

from amzsync.executor.clocks import Instant, age_s
from amzsync.executor.engine.freshness import BatchSize, Reading
from amzsync.limits.forecast import forecast, reread_size
from amzsync.limits.windows import PRESETS, Limit

START = Instant(100.0, 1_000.0, 200.0)


@pytest.mark.parametrize(
    ("now", "age"),
    [
        pytest.param(Instant(102.0, 1_002.0, 202.0), 2.0, id="all clocks agree"),
        pytest.param(Instant(100.5, 1_900.0, 200.5), 900.0, id="only the wall clock went on"),
        pytest.param(Instant(100.5, 1_000.5, 1_100.0), 900.0, id="only the boot clock went on"),
        pytest.param(Instant(105.0, 0.0, 205.0), 5.0, id="the wall clock was set back"),
        pytest.param(Instant(105.0, 1_005.0), 5.0, id="a clock that is not there"),
    ],
)
def test_an_age_is_the_most_that_any_clock_says(now: Instant, age: float) -> None:
    assert age_s(START, now) == age


@pytest.mark.parametrize("took_s", [0.0, 0.3, 0.9, 1.5, 10.0])
def test_a_write_leaves_with_time_for_its_way(took_s: float) -> None:
    reading = Reading(START, took_s)
    assert 1.5 <= reading.usable_s <= 2.5
    assert reading.usable_s + min(took_s, 1.5) <= 3.0
    later = Instant(100.0 + reading.usable_s - 0.01, 1_000.0, 200.0)
    assert reading.is_usable(later)
    assert not reading.is_usable(Instant(later.monotonic + 0.02, 1_000.0, 200.0))


@pytest.mark.parametrize(
    ("limits", "least", "most"),
    [(PRESETS["paid"], 11, 15), (PRESETS["free"], 4, 6), ((Limit(1, 10.0),), 1, 1), ((), 20, 50)],
)
def test_as_many_are_read_at_once_as_the_pace_can_write_in_time(
    limits: tuple[Limit, ...], least: int, most: int
) -> None:
    batch = BatchSize()
    batch.answered(Reading(START, 0.1))
    assert least <= batch.now(limits) <= most


def test_a_batch_that_was_too_large_makes_the_next_smaller_and_full_ones_make_it_grow() -> None:
    batch, limits = BatchSize(), PRESETS["paid"]
    batch.answered(Reading(START, 0.1))
    full = batch.now(limits)
    for _ in range(20):
        batch.missed(Reading(START, 0.1, full))
    assert batch.now(limits) == full // 2
    for _ in range(full):
        size = batch.now(limits)
        for _ in range(size):
            batch.written_in_time(Reading(START, 0.1, size))
    assert batch.now(limits) == full
    for size in (8, 4, 2, 1, 1):
        for _ in range(8):
            batch.missed(Reading(START, 0.1, size))
    assert batch.now(limits) == 1


def test_one_slow_connection_says_nothing_of_the_size_of_a_batch() -> None:
    batch, limits = BatchSize(), PRESETS["paid"]
    batch.answered(Reading(START, 0.1))
    for second in range(20):
        batch.missed(Reading(Instant(100.0 + second, 1_000.0 + second), 0.1, 12))
    assert batch.among(50) == 49
    for _ in range(2):
        batch.missed(Reading(START, 0.1, 12))
    assert batch.among(50) == batch.now(limits) == 11


@pytest.mark.parametrize(
    ("limits", "size"), [(PRESETS["paid"], 49), (PRESETS["free"], 19), ((Limit(5, 1.0),), 9), ((), 50)]
)
def test_at_best_a_reading_serves_what_is_left_of_the_tightest_window(
    limits: tuple[Limit, ...], size: int
) -> None:
    batch = BatchSize()
    batch.answered(Reading(START, 0.1))
    assert batch.at_best(limits) == size


def test_a_reading_slower_than_it_is_good_for_asks_for_no_smaller_batches() -> None:
    batch = BatchSize()
    batch.answered(Reading(START, 5.0))
    assert batch.now(PRESETS["paid"]) == reread_size(PRESETS["paid"])


@pytest.mark.parametrize("name", ["paid", "free"])
def test_reading_again_costs_less_than_five_in_a_hundred_beside_six_uploads_a_product(name: str) -> None:
    products, assets = 9_000, 54_000
    told = forecast(products=products, assets=assets, limits=PRESETS[name], gallery_is_known=True)
    floor = products // 100 + assets // 100 + assets + products + told.seconds / 840
    again = products / reread_size(PRESETS[name])
    assert again <= 0.05 * floor
    assert told.requests >= floor + again

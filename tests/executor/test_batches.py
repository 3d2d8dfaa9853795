"""How many products a fresh reading is for, and when it is held for more room in a window."""

from pathlib import Path

import pytest
from executor.scheduler_driver import Clock

from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.engine.slots import Slots
from amzsync.executor.scheduler.batches import Batches
from amzsync.ledger.ledger import Ledger
from amzsync.limits.windows import Limit

USUAL = Limit(50, 10.0)
WRITING_S = 2.0


def take(slots: Slots, clock: Clock, count: int) -> None:
    for _ in range(count):
        slot = slots.take("link")
        assert slot
        slots.answered(slot, clock.now, clock.now, is_accepted=True)


def batches(path: Path, clock: Clock, taken: int, limit: Limit = USUAL) -> Batches:
    """In a window of which so many were taken just now."""
    with Ledger.write(path) as ledger:
        slots = Slots([limit], ledger.request_log(), clock)
        take(slots, clock, taken)
    return Batches(slots, clock)


def test_a_reading_is_for_as_many_as_the_window_takes_behind_those_that_are_due(ledger_path: Path) -> None:
    found = batches(ledger_path, Clock(), 20)
    assert (found.in_time(0), found.in_time(9), found.in_time(40)) == (29, 20, 1)
    assert found.by_pace == 12


def test_a_reading_in_a_full_window_is_for_what_it_takes_once_it_may_leave(ledger_path: Path) -> None:
    assert batches(ledger_path, Clock(), 50).in_time(0) == 49


@pytest.mark.parametrize(
    ("number", "due", "is_in_time"), [(29, 0, True), (30, 0, False), (19, 10, True), (20, 10, False)]
)
def test_writes_that_have_to_wait_for_the_next_window_come_too_late(
    ledger_path: Path, number: int, due: int, *, is_in_time: bool
) -> None:
    assert batches(ledger_path, Clock(), 20).is_in_time(number, due) is is_in_time


def test_a_write_that_waits_as_long_as_a_reading_may_be_old_is_in_time(ledger_path: Path) -> None:
    clock = Clock()
    found = batches(ledger_path, clock, 50)
    clock.now += 7.0
    assert found.is_in_time(0, 0)
    clock.now -= 0.5
    assert not found.is_in_time(0, 0)


def test_a_reading_for_few_is_held_once_however_many_requests_others_make(ledger_path: Path) -> None:
    clock = Clock()
    with Ledger.write(ledger_path) as ledger:
        slots = Slots([USUAL], ledger.request_log(), clock)
        take(slots, clock, 20)
        found = Batches(slots, clock)
        assert found.waits_for_room(29, 100, 0)
        assert found.held_until == 100.0 + 10.0 - WRITING_S
        clock.now = 101.0
        take(slots, clock, 30)
    assert found.waits_for_room(30, 100, 0)
    assert found.held_until == 108.0, "the first says how long"
    clock.now = 108.0
    assert not found.waits_for_room(30, 100, 0)
    assert found.held_until is None


@pytest.mark.parametrize(("after_s", "is_held"), [(7.5, True), (8.0, False), (8.5, False)])
def test_a_reading_is_held_only_while_that_makes_room(
    ledger_path: Path, after_s: float, *, is_held: bool
) -> None:
    clock = Clock()
    found = batches(ledger_path, clock, 20)
    clock.now += after_s
    assert found.waits_for_room(1, 100, 0) is is_held


@pytest.mark.parametrize(("waiting", "is_held"), [(37, False), (38, True)])
def test_a_reading_is_not_held_where_it_and_most_of_its_writes_can_leave(
    ledger_path: Path, waiting: int, *, is_held: bool
) -> None:
    assert batches(ledger_path, Clock(), 20).waits_for_room(1, waiting, 0) is is_held


@pytest.mark.parametrize(
    ("number", "waiting", "is_held"), [(38, 100, True), (39, 100, False), (31, 40, True), (32, 40, False)]
)
def test_a_reading_for_four_fifths_of_what_it_can_be_for_is_not_held(
    ledger_path: Path, number: int, waiting: int, *, is_held: bool
) -> None:
    assert batches(ledger_path, Clock(), 25).waits_for_room(number, waiting, 0) is is_held


def test_a_reading_is_not_held_where_the_room_is_there_or_comes_too_late(ledger_path: Path) -> None:
    clock = Clock()
    assert not batches(ledger_path, clock, 0).waits_for_room(1, 100, 0)
    assert batches(ledger_path, clock, 0).waits_for_room(1, 100, 11), "those that are due take it"


@pytest.mark.parametrize(("window_s", "is_held"), [(12.0, True), (12.5, False)])
def test_a_reading_is_never_held_for_longer_than_ten_seconds(
    ledger_path: Path, window_s: float, *, is_held: bool
) -> None:
    assert batches(ledger_path, Clock(), 20, Limit(50, window_s)).waits_for_room(1, 100, 0) is is_held


def test_a_slow_reading_leaves_less_time_for_its_writes(ledger_path: Path) -> None:
    found = batches(ledger_path, Clock(), 20)
    found.sizes.answered(Reading(Instant(0.0, 0.0), took_s=1.0))
    assert found.by_pace == 5

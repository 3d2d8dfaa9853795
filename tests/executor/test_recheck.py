"""Which written galleries are read again, and when: by a clock that a test moves."""

import pytest
from executor.scheduler_driver import Clock

from amzsync.executor.events import Notice, Progress
from amzsync.executor.scripts.recheck import LOOK_AFTER_S, Recheck


class Observed:
    """A recheck with what it asks of others."""

    def __init__(self, search_lag_s: float = 0.0) -> None:
        self.clock = Clock()
        self.has_other_runs = False
        self.was_refused = False
        self.notices: list[str] = []
        self.recheck = Recheck(
            lambda: self.has_other_runs, lambda: self.was_refused, self, self.clock, search_lag_s
        )

    def progress(self, progress: Progress) -> None:
        raise AssertionError(progress)

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice.message)

    def written(self, *numbers: int, seconds: float = 0.0) -> None:
        """Write these, and let so many seconds pass."""
        for number in numbers:
            self.recheck.note(number, f"S{number}")
        self.clock.now += seconds


@pytest.fixture
def observed() -> Observed:
    return Observed()


def test_what_was_written_is_looked_at_once_and_no_sooner_than_others_must_have_written(
    observed: Observed,
) -> None:
    observed.written(1, seconds=1.0)
    observed.written(2, seconds=LOOK_AFTER_S - 1.5)
    assert observed.recheck.take(100) == {}
    observed.clock.now += 0.5
    assert observed.recheck.take(100) == {1: "S1"}, "exactly old enough"
    observed.clock.now += 0.9
    assert observed.recheck.take(100) == {}
    observed.clock.now += 0.1
    assert observed.recheck.take(100) == {2: "S2"}
    observed.clock.now += 100.0
    assert observed.recheck.take(100) == {}


def test_no_more_are_taken_than_there_is_room_for_the_oldest_first(observed: Observed) -> None:
    observed.written(3, 1, 2, seconds=LOOK_AFTER_S)
    assert observed.recheck.take(0) == {}
    assert observed.recheck.take(2) == {3: "S3", 1: "S1"}
    assert observed.recheck.take(2) == {2: "S2"}


def test_a_product_that_is_written_twice_is_looked_at_by_its_first_write_and_only_once(
    observed: Observed,
) -> None:
    observed.written(1, seconds=LOOK_AFTER_S)
    observed.written(1)
    assert observed.recheck.take(100) == {1: "S1"}
    observed.written(1, seconds=LOOK_AFTER_S)
    assert observed.recheck.take(100) == {}


def test_at_the_end_nothing_is_looked_at_where_nobody_else_is_at_work(observed: Observed) -> None:
    observed.written(1, seconds=LOOK_AFTER_S)
    assert observed.recheck.take_due(100) == {}
    assert observed.recheck.due_at() is None
    assert observed.notices == []


def test_a_sign_of_others_opens_everything_again_and_a_second_one_nothing(observed: Observed) -> None:
    observed.written(1, seconds=LOOK_AFTER_S)
    assert observed.recheck.take(100) == {1: "S1"}
    observed.written(2)
    observed.recheck.suspect_others()
    assert observed.recheck.take_due(1) == {1: "S1"}
    assert observed.recheck.take_due(100) == {2: "S2"}, "of other programs nothing is known to wait for"
    observed.recheck.suspect_others()
    assert observed.recheck.take_due(100) == {}


def test_a_refusal_of_requests_is_a_sign_of_others(observed: Observed) -> None:
    observed.written(1)
    observed.was_refused = True
    assert observed.recheck.take_due(100) == {1: "S1"}


def test_beside_another_run_the_end_waits_until_all_can_be_looked_at_and_says_so_once(
    observed: Observed,
) -> None:
    observed.has_other_runs = True
    assert observed.recheck.due_at() is None
    assert observed.recheck.take_due(100) == {}
    assert observed.notices == []
    observed.written(1, seconds=4.0)
    observed.written(2)
    due_at = observed.clock.now + LOOK_AFTER_S
    assert [observed.recheck.due_at(), observed.recheck.due_at()] == [due_at, due_at]
    assert observed.notices == ["Another amzsync run was active here: one last check in 10 s."]
    observed.clock.now = due_at - 0.1
    assert observed.recheck.take_due(100) == {}
    observed.clock.now = due_at
    assert observed.recheck.take_due(1) == {1: "S1"}
    assert observed.recheck.take_due(1) == {2: "S2"}
    assert observed.recheck.due_at() is None


def test_where_searches_are_behind_what_was_written_is_looked_at_as_much_later() -> None:
    observed = Observed(search_lag_s=2.5)
    observed.written(1, seconds=LOOK_AFTER_S + 2.4)
    assert observed.recheck.take(100) == {}
    observed.clock.now += 0.1
    assert observed.recheck.take(100) == {1: "S1"}

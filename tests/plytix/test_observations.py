"""What answers show besides: how fast they come, and how far the clocks differ."""

import pytest

from amzsync.plytix.observations import Observed, Observer
from amzsync.plytix.wire import Reply

DATE = "Tue, 01 Dec 2026 00:00:00 GMT"
SECONDS = 1_796_083_200.0


def test_nothing_is_shown_before_the_first_answer() -> None:
    assert Observer().observed == Observed()


@pytest.mark.parametrize("ahead_s", [-3600.0, 0.0, 90.0])
def test_the_clocks_are_compared_at_the_fastest_answer(ahead_s: float) -> None:
    now = SECONDS + 0.5 + ahead_s
    observer = Observer(lambda: now)
    observer.answered(Reply(200, {"date": DATE}), 20.0)
    now += 0.1
    observer.answered(Reply(200, {"date": DATE}), 0.2)
    observer.answered(Reply(200, {"date": DATE}), 30.0)
    assert observer.observed.ahead_s == pytest.approx(ahead_s)
    assert observer.observed.took_s == 20.0


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Dec 2026 00:00:00 GMT", "x" * 10_000, "\ud800"])
def test_a_time_that_is_none_says_nothing(date: str) -> None:
    observer = Observer(lambda: SECONDS)
    observer.answered(Reply(404, {"date": date}), 1.0)
    assert observer.observed == Observed(1.0)


def test_times_of_the_last_answers_count() -> None:
    observer = Observer()
    for took_s in [9.0] * 50 + [1.0] * 200:
        observer.answered(Reply(200), took_s)
    assert observer.observed.took_s == 1.0

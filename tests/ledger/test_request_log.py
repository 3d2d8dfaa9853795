from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.ledger.ledger import Clocks, Ledger
from amzsync.ledger.request_log import ObservedLimit, RequestLog, _age_s


@dataclass
class FakeClocks:
    wall: float = 1_750_000_000.0
    monotonic: float = 5_000.0

    def pass_s(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    @property
    def clocks(self) -> Clocks:
        return Clocks(
            wall=lambda: self.wall,
            monotonic=lambda: self.monotonic,
        )


OpenBook = Callable[[], RequestLog]


@pytest.fixture
def time() -> FakeClocks:
    return FakeClocks()


@pytest.fixture
def open_book(ledger_path: Path, time: FakeClocks) -> Iterator[OpenBook]:
    opened: list[Ledger] = []

    def open_book() -> RequestLog:
        opened.append(Ledger.write(ledger_path, time.clocks))
        return opened[-1].request_log()

    yield open_book
    for ledger in opened:
        ledger.close()


def ages(book: RequestLog) -> list[float]:
    return [sent.age_s for sent in book.since(0)]


def test_requests_age_over_a_restart(open_book: OpenBook, time: FakeClocks) -> None:
    book = open_book()
    assert book.add("search") == 1
    time.pass_s(100)
    assert book.add("asset") == 2
    time.pass_s(20)
    assert ages(book) == ages(open_book()) == [120, 20]


def test_two_connections_see_each_others_requests(open_book: OpenBook) -> None:
    one, other = open_book(), open_book()
    first = one.add("search")
    second = other.add("search")
    assert [sent.id for sent in one.since(first)] == [second]
    assert [sent.id for sent in other.since(0)] == [first, second]


@pytest.mark.parametrize(("wall_set_by", "age"), [(-86_400, 0), (-30, 30), (30, 60), (86_400, 60)])
def test_a_wall_clock_that_is_set_makes_no_request_older_than_it_is(
    open_book: OpenBook, time: FakeClocks, wall_set_by: int, age: int
) -> None:
    book = open_book()
    book.add("search")
    time.pass_s(60)
    time.wall += wall_set_by
    assert ages(book) == [age]


def test_after_a_restart_of_the_machine_the_wall_clock_tells_the_age(
    open_book: OpenBook, time: FakeClocks
) -> None:
    open_book().add("search")
    time.pass_s(600)
    time.monotonic = 12.0
    assert ages(open_book()) == [600]


def test_after_a_restart_that_lasted_the_younger_age_counts(open_book: OpenBook, time: FakeClocks) -> None:
    open_book().add("search")
    time.pass_s(600)
    time.monotonic = 5_100.0
    assert ages(open_book()) == [100]


@given(
    st.floats(0, 1e5),
    st.floats(0, 1e5),
    st.floats(-1e5, 1e5),
)
def test_without_a_restart_no_clock_makes_a_request_too_old(
    passed_s: float, since_boot_s: float, wall_set_by_s: float
) -> None:
    age = _age_s(passed_s + wall_set_by_s, (since_boot_s + passed_s) - since_boot_s)
    assert 0 <= age <= passed_s + 1e-6


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 1e5))
def test_over_a_restart_a_right_wall_clock_makes_no_request_too_old(
    down_s: float, up_before_s: float, up_after_s: float
) -> None:
    passed_s = down_s + up_after_s
    assert 0 <= _age_s(passed_s, up_after_s - up_before_s) <= passed_s


def test_requests_that_no_window_holds_are_forgotten_and_the_others_kept(
    open_book: OpenBook, time: FakeClocks
) -> None:
    book = open_book()
    for _ in range(5):
        book.add("old")
    time.pass_s(3601)
    kept = [book.add("new") for _ in range(1000)]
    assert [sent.id for sent in book.since(0)] == kept
    assert min(kept) == 6


def test_numbers_are_never_given_twice(open_book: OpenBook, time: FakeClocks) -> None:
    book = open_book()
    book.add("old")
    time.pass_s(4000)
    other = open_book()
    assert other.add("new") == 2
    assert [sent.id for sent in book.since(1)] == [2]


def test_what_refusals_showed_is_kept_with_its_age_until_it_is_disproved(
    open_book: OpenBook, time: FakeClocks
) -> None:
    shown = ObservedLimit(10.0, 40, age_s=60.0, refused_age_s=5.0, tries=2, repeats=1)
    open_book().keep_observed([shown, replace(shown, window_s=3600.0, allowed=4000)])
    time.pass_s(100)
    aged = replace(shown, age_s=160.0, refused_age_s=105.0)
    assert open_book().observed() == [aged, replace(aged, window_s=3600.0, allowed=4000)]
    open_book().keep_observed([])
    assert open_book().observed() == []


def test_a_wall_clock_that_was_set_back_makes_nothing_younger_than_now(
    open_book: OpenBook, time: FakeClocks
) -> None:
    open_book().keep_observed([ObservedLimit(10.0, 40, age_s=60.0, refused_age_s=5.0)])
    time.wall -= 3600
    assert open_book().observed() == [ObservedLimit(10.0, 40, age_s=0.0, refused_age_s=0.0)]


def test_a_slot_is_counted_and_taken_in_one_transaction(open_book: OpenBook) -> None:
    one, other = open_book(), open_book()

    def take_and_leave() -> None:
        with one.atomic():
            one.add("search")
            assert other.since(0) == []
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_and_leave()
    assert one.since(0) == other.since(0) == []


@pytest.mark.parametrize(
    ("wall_s", "monotonic_s", "left_s"),
    [
        pytest.param(20, 20, 40, id="as time goes by"),
        pytest.param(90, 90, 0, id="over"),
        pytest.param(-3600, 20, 60, id="the wall clock is set back"),
        pytest.param(3600, 20, 40, id="the wall clock is set forward"),
        pytest.param(50, -4000, 10, id="the machine has started anew"),
    ],
)
def test_the_wait_that_a_refusal_told_is_kept_for_the_next_run_and_never_grows(
    open_book: OpenBook, time: FakeClocks, wall_s: float, monotonic_s: float, left_s: float
) -> None:
    book = open_book()
    assert book.pause_s() == 0.0
    book.keep_pause(60.0)
    book.keep_pause(5.0)
    time.wall += wall_s
    time.monotonic += monotonic_s
    assert book.pause_s() == pytest.approx(left_s)


@pytest.mark.parametrize("told", ["", "soon", "[]", "[1e9, 0, 0]", "[null, 0, 0]", "{}"])
def test_a_wait_that_was_changed_by_hand_is_none(open_book: OpenBook, told: str) -> None:
    book = open_book()
    book._store.execute("INSERT INTO settings (name, value) VALUES ('pause', ?)", (told,))
    assert book.pause_s() == 0.0

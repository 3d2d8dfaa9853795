"""The scheduler alone, with small scripts: what is sent, in which order, and who is answered."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from executor.scheduler_driver import Names, Said, SchedulerDriver, body_of, call, keys_of, look_up, send

from amzsync.errors import NotSentError, RejectedError, RetriableError, StopError
from amzsync.executor.engine.retries import Attempts
from amzsync.executor.scheduler.script import Find, OnRefusal, Script, Send, Shared, Turn
from amzsync.limits.windows import Limit
from amzsync.plytix.wire import RequestKind

READ, UPLOAD, WRITE = RequestKind.PRODUCT_READ, RequestKind.ASSET_UPLOAD, RequestKind.PRODUCT_WRITE


def search_all(run: SchedulerDriver) -> list[tuple[str, ...]]:
    """Answer every search as it comes, to the end; the keys of each."""
    searches = []
    while outgoing := run.next():
        searches.append(keys_of(outgoing))
        run.answer_search(outgoing)
    return searches


# Searches.


def test_readings_of_250_products_share_three_searches() -> None:
    query = Names()
    run = SchedulerDriver(look_up(f"s{n}", query) for n in range(250))
    assert [len(keys) for keys in search_all(run)] == [100, 100, 50]
    assert sorted(run.results) == sorted(f"S{n}" for n in range(250))


def test_a_key_that_several_scripts_look_for_is_asked_for_once_and_answers_all_of_them() -> None:
    query = Names()
    run = SchedulerDriver(look_up(name, query) for name in ("a", "b", "a"))
    assert search_all(run) == [("a", "b")]
    assert run.results == ["A", "B", "A"]


def test_searches_of_different_queries_are_not_mixed() -> None:
    run = SchedulerDriver(look_up(name, Names()) for name in ("a", "b"))
    assert sorted(search_all(run)) == [("a",), ("b",)]


def test_what_does_not_exist_is_missing_from_the_answer() -> None:
    query = Names()
    run = SchedulerDriver(look_up(name, query) for name in ("a", "b"))
    run.answer_search(run.must_send(), "b")
    assert run.results == ["A", "no b"]


def test_a_full_page_is_followed_by_the_next_until_everything_is_found() -> None:
    query = Names()
    run = SchedulerDriver(look_up(name, query) for name in ("a", "b"))
    first = run.must_send()
    run.answer(first, ({"a": "A1"}, True))
    assert run.results == []
    second = run.must_send()
    assert (body_of(first)["page"], body_of(second)["page"]) == (1, 2)
    run.answer(second, ({"a": "A2", "b": "B2"}, True))
    assert run.next() is None
    assert run.results == ["A1", "B2"]


def test_no_more_scripts_are_started_than_three_searches_in_flight_need() -> None:
    started = Said()
    query = Names()

    def scripts() -> Iterator[Script[str]]:
        for n in range(10_000):
            started(str(n))
            yield look_up(f"s{n}", query)

    assert len(SchedulerDriver(scripts()).all_now()) == 3
    assert len(started.lines) == 300


def test_a_search_that_is_to_wait_is_sent_when_its_time_has_come_and_not_before() -> None:
    def later() -> Script[str]:
        found = yield Find(Names(), ("a",), after_s=5.0)
        return str(found.values["a"])

    run = SchedulerDriver([later()])
    assert run.next() is None
    assert run.scheduler.due_at() == 105.0
    run.clock.now = 104.9
    assert run.next() is None
    run.clock.now = 105.0
    run.answer_search(run.must_send())
    assert run.results == ["A"]


# Refused searches.


def refused(status: int = 422) -> RejectedError:
    return RejectedError("refused", status=status)


def test_a_refused_search_is_split_until_the_one_key_shows_that_is_refused() -> None:
    query = Names(OnRefusal.SPLIT)

    def patient(name: str) -> Script[str]:
        try:
            return (yield from look_up(name, query))
        except RejectedError as error:
            return f"{name} {error.status}"

    run = SchedulerDriver(patient(name) for name in "abcd")
    asked = []
    while outgoing := run.next():
        asked.append("".join(keys_of(outgoing)))
        if "c" in keys_of(outgoing):
            run.answer(outgoing, refused())
        else:
            run.answer_search(outgoing)
    assert asked == ["abcd", "ab", "cd", "c", "d"]
    assert sorted(run.results) == ["A", "B", "D", "c 422"]


def test_a_refused_search_is_asked_again_whole_where_its_query_knows_another_form() -> None:
    query = Names(OnRefusal.ASK_AGAIN)
    run = SchedulerDriver(look_up(name, query) for name in "ab")
    run.answer(run.must_send(), refused())
    assert search_all(run) == [("a", "b")]
    assert run.results == ["A", "B"]


@pytest.mark.parametrize("error", [refused(), RetriableError("no answer")])
def test_a_search_that_cannot_be_answered_ends_the_run_and_answers_no_script(
    error: RejectedError | RetriableError,
) -> None:
    run = SchedulerDriver([look_up("a", Names())])
    run.answer(run.must_send(), error)
    assert run.scheduler.fatal is not None
    assert "could not be read" in run.scheduler.fatal.message
    assert run.results == []


# Scripts.


def test_a_script_whose_result_others_share_runs_once_and_answers_all_of_them() -> None:
    started = Said()

    def upload() -> Script[str]:
        started("upload")
        plytix_id: str = yield from send(UPLOAD)
        return plytix_id

    def sharing() -> Script[dict[int, str]]:
        results: dict[int, str] = yield Shared({7: upload})
        return results

    run = SchedulerDriver([sharing(), sharing(), sharing()])
    (outgoing,) = run.all_now()
    run.answer(outgoing, "id7")
    assert run.results == [{7: "id7"}] * 3
    assert started.lines == ["upload"]


def test_a_script_that_waits_for_several_others_goes_on_when_the_last_has_ended() -> None:
    def waiting() -> Script[dict[int, str]]:
        results: dict[int, str] = yield Shared({n: partial(send, UPLOAD, n=n) for n in (1, 2)})
        return results

    run = SchedulerDriver([waiting()])
    first, second = run.all_now()
    run.answer(second, "two")
    assert run.results == []
    run.answer(first, "one")
    assert run.results == [{1: "one", 2: "two"}]


def test_who_waits_for_nothing_goes_on_at_once() -> None:
    def waiting() -> Script[str]:
        results = yield Shared({})
        return f"{results}"

    run = SchedulerDriver([waiting()])
    assert run.next() is None
    assert run.results == ["{}"]


def test_an_error_is_raised_at_the_line_that_waits_and_only_there() -> None:
    def reading() -> Script[str]:
        try:
            yield Send(call(READ))
        except RejectedError as error:
            return f"caught {error.status}"
        return "answered"

    run = SchedulerDriver([reading(), reading()])
    first = run.must_send()
    second = run.must_send()
    run.answer(first, refused(404))
    run.answer(second, "a product")
    assert run.results == ["caught 404", "answered"]


def test_a_script_that_raises_a_stop_error_ends_the_run_and_the_first_reason_is_kept() -> None:
    def stopping(reason: str) -> Script[None]:
        yield Send(call(READ))
        raise StopError(reason)

    run = SchedulerDriver([stopping("first"), stopping("second")])
    for outgoing in run.all_now():
        run.answer(outgoing, "whatever")
    assert run.scheduler.fatal is not None
    assert run.scheduler.fatal.message == "first"


def test_an_answer_tells_how_many_attempts_it_took_and_when_the_last_of_them_left() -> None:
    def reading() -> Script[tuple[int, float, float]]:
        sent = yield Send(call(READ))
        return sent.attempts, sent.reading.sent.monotonic, sent.reading.took_s

    run = SchedulerDriver([reading()])
    outgoing = run.must_send()
    run.clock.now += 2.0
    run.answer(outgoing, "a product", attempts=3)
    assert run.results == [(3, 100.0, 2.0)]


# What goes first.


def test_reads_go_first_then_writes_that_can_wait_then_searches_and_uploads_last() -> None:
    run = SchedulerDriver([send(UPLOAD), send(WRITE), send(READ), look_up("a", Names())])
    kinds = [outgoing.call.request.kind for outgoing in run.all_now()]
    assert kinds == [READ, WRITE, RequestKind.PRODUCT_SEARCH, UPLOAD]


def test_a_write_that_rests_on_a_reading_goes_before_those_that_rest_on_none() -> None:
    query = Names()
    run = SchedulerDriver(
        [send(WRITE, name="patient"), rewriting("urgent", query, Said()), send(WRITE), send(READ)],
        [Limit(50, 10.0)],
    )
    search = next(one for one in iter(run.must_send, None) if "keys" in body_of(one))
    for _ in range(3):
        run.scheduler.next_request()
    run.answer_search(search)
    assert body_of(run.must_send())["name"] == "urgent"


def test_a_turn_comes_only_when_its_write_can_leave_at_once() -> None:
    said = Said()

    def writing(name: str) -> Script[None]:
        yield Send(call(READ))
        yield Turn()
        said(f"{name} decides")
        yield Send(call(WRITE, name=name))

    run = SchedulerDriver([writing("one"), writing("two")])
    reads = run.all_now()
    for outgoing in reads:
        run.answer(outgoing, "a product")
    assert said.lines == []
    assert body_of(run.must_send())["name"] == "one"
    assert said.lines == ["one decides"], "the second is to decide on what is known when it is sent"
    assert body_of(run.must_send())["name"] == "two"


def test_who_has_nothing_to_write_in_its_turn_lets_the_next_one_have_it() -> None:
    def writing(*names: str) -> Script[None]:
        yield Turn()
        for name in names:
            yield Send(call(WRITE, name=name))

    run = SchedulerDriver([writing(), writing("two")])
    assert body_of(run.must_send())["name"] == "two"


# Fresh readings.


def rewriting(name: str, query: Names, said: Said) -> Script[str]:
    found = yield Find(query, (name,), fresh=True)
    try:
        yield Send(call(WRITE, name=name), rests_on=found.reading)
    except NotSentError:
        said(f"{name} was too late")
        found = yield Find(query, (name,), fresh=True)
        yield Send(call(WRITE, name=name), rests_on=found.reading)
    return name


def test_a_write_whose_reading_became_too_old_is_given_back_to_the_line_that_waits() -> None:
    said = Said()
    run = SchedulerDriver([rewriting("a", Names(), said)])
    run.answer_search(run.must_send())
    write = run.must_send()
    assert write.call.may_leave is not None
    assert write.call.may_leave()
    run.clock.now += 3.0
    assert not write.call.may_leave()
    run.answer(write, NotSentError("too old"))
    assert said.lines == ["a was too late"]
    run.answer_search(run.must_send())
    run.answer(run.must_send(), "written")
    assert run.results == ["a"]


def test_after_writes_that_came_too_late_fewer_products_are_read_at_once() -> None:
    query = Names()
    said = Said()
    run = SchedulerDriver([rewriting(f"p{n}", query, said) for n in range(12)], [Limit(50, 10.0)])
    first = run.must_send()
    size = len(keys_of(first))
    assert size == run.scheduler.fresh_batch
    run.answer_search(first)
    for _ in range(2):
        late = run.must_send()
        assert late.call.request.kind is WRITE
        run.answer(late, NotSentError("too old"))
    assert 1 <= run.scheduler.fresh_batch < size


def test_one_search_serves_all_the_writes_that_a_window_takes_in_time() -> None:
    query, said = Names(), Said()
    run = SchedulerDriver([rewriting(f"p{n}", query, said) for n in range(120)], [Limit(50, 10.0)])
    search = run.must_send()
    run.slots.take("the search")
    assert len(keys_of(search)) == 49
    assert run.next() is None, "no other search could be written in time"
    run.answer_search(search)
    for _ in range(49):
        assert run.must_send().call.request.kind is WRITE
        run.slots.take("a write")
    assert run.next() is None


def test_a_window_that_is_nearly_used_up_is_waited_out_and_never_for_ever() -> None:
    query, said = Names(), Said()
    run = SchedulerDriver([rewriting(f"p{n}", query, said) for n in range(120)], [Limit(50, 10.0)])
    for _ in range(45):
        run.slots.take("before")
    assert run.next() is None, "a search for four, where in eight seconds one can be for all"
    due_at = run.scheduler.due_at()
    assert due_at is not None
    assert 0 < due_at - run.clock.now < 10.0
    run.clock.now = due_at - 0.1
    for _ in range(4):
        run.slots.take("another program")
    assert run.next() is None
    run.clock.now = due_at
    assert len(keys_of(run.must_send())) > 30, "what others have taken meanwhile is not waited for again"


def test_an_hour_that_is_nearly_used_up_is_not_waited_out() -> None:
    query, said = Names(), Said()
    run = SchedulerDriver([rewriting(f"p{n}", query, said) for n in range(9)], [Limit(10, 3600.0)])
    for _ in range(6):
        run.slots.take("before")
    assert len(keys_of(run.must_send())) == 3


@pytest.mark.parametrize(("batches", "uploads_before_it"), [(5.0, 1), (4.9, 3)])
def test_while_uploads_are_left_four_batches_are_kept_to_fill_the_time_until_the_last_answer(
    batches: float, uploads_before_it: int
) -> None:
    query, said = Names(), Said()
    size = SchedulerDriver((), [Limit(50, 10.0)]).scheduler.fresh_batch
    products = [rewriting(f"p{n}", query, said) for n in range(int(size * batches))]
    run = SchedulerDriver([*products, send(UPLOAD), send(UPLOAD), send(UPLOAD)], [Limit(50, 10.0)])
    kinds = [run.must_send().call.request.kind for _ in range(4)]
    assert kinds.index(RequestKind.PRODUCT_SEARCH) == uploads_before_it


@pytest.mark.parametrize(("spare", "is_sent"), [(0, False), (1, True)])
def test_uploads_leave_room_for_the_writes_that_follow_a_reading_in_flight(
    spare: int, *, is_sent: bool
) -> None:
    def uploading() -> Script[None]:
        yield Send(call(READ))
        yield Send(call(UPLOAD))

    query, said = Names(), Said()
    batch = SchedulerDriver((), [Limit(50, 10.0)]).scheduler.fresh_batch
    scripts = [rewriting(f"p{n}", query, said) for n in range(batch)]
    run = SchedulerDriver([*scripts, uploading()], [Limit(50, 10.0)])
    before_the_upload = run.must_send()
    for _ in range(50 - batch - 1 - spare):
        run.slots.take("before")
    assert len(keys_of(run.must_send())) == batch
    run.slots.take("the search")
    run.answer(before_the_upload, "a product")
    upload = run.next()
    assert (upload is not None) == is_sent


def test_a_write_that_was_answered_with_a_failure_is_not_repeated_by_itself() -> None:
    attempts = Attempts()

    def writing() -> Script[None]:
        yield Send(call(WRITE), attempts=attempts)

    outgoing = SchedulerDriver([writing()]).must_send()
    assert not outgoing.repeatable
    assert outgoing.attempts is attempts


# Optional scripts.


@dataclass
class Rechecks:
    """Optional scripts that look up names: some where a search has room, others when all else is done."""

    query: Names
    with_room: list[str] = field(default_factory=list)
    at_the_end: list[str] = field(default_factory=list)
    due: float | None = None

    def take(self, most: int) -> list[Script[None]]:
        return self._scripts(self.with_room, most)

    def take_due(self, most: int) -> list[Script[None]]:
        return self._scripts(self.at_the_end, most)

    def due_at(self) -> float | None:
        return self.due

    def _scripts(self, names: list[str], most: int) -> list[Script[None]]:
        taken, names[:] = names[:most], names[most:]
        return [self._script(name) for name in taken]

    def _script(self, name: str) -> Script[None]:
        yield Find(self.query, (name,))


def test_optional_scripts_share_the_room_of_a_fresh_search_and_cost_no_request() -> None:
    query = Names()
    optional = Rechecks(query, with_room=["x", "y"])
    run = SchedulerDriver([rewriting("a", query, Said())], optional=optional)
    assert keys_of(run.must_send()) == ("a", "x", "y")


def test_no_more_optional_scripts_are_started_than_the_search_has_room_for() -> None:
    query = Names()
    optional = Rechecks(query, with_room=[f"x{n}" for n in range(150)])
    run = SchedulerDriver([rewriting("a", query, Said())], optional=optional)
    assert len(keys_of(run.must_send())) == 100
    assert len(optional.with_room) == 51


def test_optional_scripts_get_a_search_of_their_own_only_when_everything_else_is_done() -> None:
    query = Names()
    optional = Rechecks(query, at_the_end=["x"], due=110.0)
    run = SchedulerDriver([send(UPLOAD)], optional=optional)
    upload = run.must_send()
    assert run.next() is None
    assert run.scheduler.due_at() is None
    run.answer(upload, "uploaded")
    assert run.scheduler.due_at() == 110.0
    assert keys_of(run.must_send()) == ("x",)

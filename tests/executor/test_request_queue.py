"""Requests that are sent again: in their turn, when they are due, and the one for a token first."""

from executor.scheduler_driver import call

from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.engine.request_queue import RequestQueue, retries_among
from amzsync.executor.engine.retries import Attempts
from amzsync.executor.engine.tokens import TOKEN
from amzsync.plytix.wire import RequestKind


def request(serves: object = "a script", failures: int = 0) -> Outgoing:
    return Outgoing(call(RequestKind.PRODUCT_READ), serves, attempts=Attempts(failures))


def test_returned_requests_leave_in_the_order_in_which_they_came() -> None:
    queue, one, two = RequestQueue(), request(), request()
    queue.put_back(one)
    queue.put_back(two)
    assert [queue.next_returned(), queue.next_returned(), queue.next_returned()] == [one, two, None]


def test_the_request_for_a_token_goes_before_all_returned_ones() -> None:
    queue, one, token = RequestQueue(), request(), request(TOKEN)
    queue.put_back(one)
    queue.put_back(token)
    assert queue.next_returned() is token


def test_a_request_that_could_not_leave_is_the_first_to_leave_next() -> None:
    queue, one, two = RequestQueue(), request(), request()
    queue.put_back(one)
    queue.put_first(two)
    assert queue.next_returned() is two


def test_retries_leave_when_they_are_due_and_the_earliest_first() -> None:
    queue, late, early = RequestQueue(), request(), request()
    queue.put_later(late, 20.0)
    queue.put_later(early, 10.0)
    assert queue.due_at() == 10.0
    assert queue.next_retry(9.9) is None
    assert queue.next_retry(25.0) is early
    assert queue.next_retry(25.0) is late
    assert queue.due_at() is None


def test_new_requests_and_retries_take_turns() -> None:
    queue = RequestQueue()
    assert queue.is_turn_of_retries
    queue.sent(request(failures=1))
    assert not queue.is_turn_of_retries
    queue.sent(request())
    assert queue.is_turn_of_retries


def test_a_retry_for_a_token_does_not_wait_behind_others_that_are_due() -> None:
    queue, other, token = RequestQueue(), request(), request(TOKEN)
    queue.put_later(other, 1.0)
    queue.put_later(token, 5.0)
    assert queue.due_token(4.9) is None
    assert queue.due_token(5.0) is token
    assert queue.due_token(5.0) is None
    assert queue.next_retry(5.0) is other


def test_the_queue_is_empty_only_when_nothing_is_to_be_sent_again() -> None:
    queue = RequestQueue()
    assert not queue
    queue.put_later(request(), 10.0)
    assert queue
    queue.next_retry(10.0)
    queue.put_back(request())
    assert queue
    queue.next_returned()
    assert not queue


def test_retries_among_the_requests_in_flight_are_those_that_have_failed() -> None:
    assert retries_among([request(), request(failures=1), request(failures=3)]) == 2

"""What scripts wait for, by kind: which search is the next, and what is taken for it."""

from collections import deque

import pytest
from executor.scheduler_driver import Names, call, look_up

from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.scheduler.queues import (
    Priority,
    Process,
    Queues,
    Search,
    SingleRequest,
    Waiter,
    count_keys,
    take_keys,
)
from amzsync.executor.scheduler.script import Find, Send
from amzsync.plytix.wire import RequestKind

QUERY = Names()


def waiter(*keys: str, query: Names = QUERY, fresh: bool = False, after_s: float = 0.0) -> Waiter:
    return Waiter(Process(look_up(keys[0], query)), Find(query, keys, fresh, after_s))


@pytest.mark.parametrize("kind", RequestKind)
def test_every_kind_of_request_has_its_priority(kind: RequestKind) -> None:
    writes = {
        RequestKind.PRODUCT_WRITE,
        RequestKind.LINK,
        RequestKind.UNLINK,
        RequestKind.ASSET_DELETE,
    }
    uploads = {RequestKind.ASSET_UPLOAD, RequestKind.ASSET_CONTENT}
    expected = Priority.WRITE if kind in writes else Priority.UPLOAD if kind in uploads else Priority.READ
    assert Priority.of(kind) is expected
    queues = Queues()
    reading = Reading(Instant(0.0, 0.0))
    single = SingleRequest(Process(look_up("a", QUERY)), Send(call(kind), rests_on=reading))
    queues.add_single(single)
    assert list(queues.singles[expected]) == [single]
    patient = SingleRequest(Process(look_up("a", QUERY)), Send(call(kind)))
    assert patient.priority is (Priority.PATIENT_WRITE if kind in writes else expected)


def test_the_query_with_most_keys_is_searched_first_and_of_equal_ones_the_newest() -> None:
    queues, older, newer = Queues(), Names(), Names()
    queues.add_search(waiter("a", query=older), 0.0)
    queues.add_search(waiter("b", query=newer), 0.0)
    assert queues.longest()[0].find.query is newer
    queues.add_search(waiter("c", query=older), 0.0)
    assert queues.longest()[0].find.query is older


def test_fresh_searches_wait_in_a_queue_of_their_own() -> None:
    queues = Queues()
    plain, fresh = waiter("a"), waiter("b", fresh=True)
    queues.add_search(plain, 0.0)
    queues.add_search(fresh, 0.0)
    assert list(queues.fresh()) == [fresh]
    assert list(queues.longest()) == list(queues.of_query(QUERY)) == [plain]


def test_delayed_searches_enter_their_queue_when_they_are_due_and_the_earliest_first() -> None:
    queues = Queues()
    late, early = waiter("late", after_s=20.0), waiter("early", fresh=True, after_s=10.0)
    queues.add_search(late, 100.0)
    queues.add_search(early, 100.0)
    assert queues.due_at() == 110.0
    queues.wake(109.9)
    assert not queues.fresh()
    queues.wake(110.0)
    assert list(queues.fresh()) == [early]
    assert queues.due_at() == 120.0
    queues.wake(120.0)
    assert list(queues.longest()) == [late]
    assert queues.due_at() is None


def test_as_many_waiters_are_taken_as_fit_and_none_is_torn_apart_or_overtaken() -> None:
    queue = deque([waiter("a", "b"), waiter("c", "d"), waiter("e")])
    taken = take_keys(queue, 3)
    assert [one.find.keys for one in taken] == [("a", "b")]
    assert count_keys(queue) == 3


def test_a_search_keeps_what_its_first_pages_showed_and_gives_each_waiter_its_own() -> None:
    one, two = waiter("a", "b"), waiter("c")
    search = Search([one, two])
    assert search.keys == ["a", "b", "c"]
    assert search.needs_another_page(({"a": 1, "c": 3, "stray": 9}, True))
    assert search.page == 2
    assert not search.needs_another_page(({"a": 8, "b": 2}, True)), "all are found"
    assert search.values_for(one) == {"a": 1, "b": 2}
    assert search.values_for(two) == {"c": 3}


def test_a_page_that_is_not_full_is_the_last() -> None:
    assert not Search([waiter("a")]).needs_another_page(({}, False))


def test_a_search_with_any_delay_waits_for_it() -> None:
    queues = Queues()
    queues.add_search(waiter("a", after_s=0.5), 100.0)
    assert queues.due_at() == 100.5
    assert not queues.longest()


def test_of_fresh_searches_those_that_most_wait_for_come_first() -> None:
    queues, few, many = Queues(), Names(), Names()
    for query, count in ((few, 1), (many, 2)):
        for _ in range(count):
            queues.add_search(waiter("a", query=query, fresh=True), 0.0)
    assert queues.fresh()[0].find.query is many


def test_waiters_are_taken_until_the_search_is_exactly_full_or_none_waits() -> None:
    queue = deque([waiter("a"), waiter("b", "c"), waiter("d", "e", "f")])
    assert len(take_keys(queue, 3)) == 2
    assert len(take_keys(queue, 100)) == 1
    assert not queue

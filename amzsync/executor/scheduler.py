"""From what all scripts wait for to the fewest requests, the most urgent first.

Searches are shared by up to 100 keys, uploads start early so that their time is hidden, and what rests on a
fresh reading goes before everything else. It knows requests and scripts, and nothing of galleries.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from amzsync.errors import NotSentError, PlytixError, RejectedError, StopError
from amzsync.executor.clocks import Clocks, Instant, age_s
from amzsync.executor.freshness import WINDOW_S, BatchSize, Reading
from amzsync.executor.outgoing import Outgoing
from amzsync.executor.processes import Processes
from amzsync.executor.queues import Priority, Queues, Search, Single, Waiting, count_keys
from amzsync.executor.script import Found, OnRefusal, Script, Sent
from amzsync.executor.slots import Slots
from amzsync.executor.stop_errors import reading_failed
from amzsync.limits.api import PAGE_SIZE

__all__ = ["Scheduler", "SpareScripts"]

_ENOUGH_UPLOADS = 50
_MOST_SCRIPTS = 1000
_MOST_SEARCHES = 3
_LAST_STRETCH = 5
_WORTH_A_PART = 4


class SpareScripts(Protocol):
    """Scripts that are worth running where a search has room for them, and in the end for their own sake."""

    def take(self, most: int) -> list[Script[None]]:
        """Up to so many whose search can ride along now."""

    def take_due(self, most: int) -> list[Script[None]]:
        """Up to so many that are worth a search of their own, now that nothing else is left."""

    def due_at(self) -> float | None:
        """When there will be some of the latter (monotonic time); None where there will be none."""


class Scheduler:
    """Runs scripts from an iterator, as many at a time as keep the account busy."""

    def __init__(
        self,
        scripts: Iterator[Script[Any]],
        clocks: Clocks,
        slots: Slots,
        spare: SpareScripts | None = None,
    ) -> None:
        self._scripts = scripts
        self._clocks = clocks
        self._slots = slots
        self._spare = spare
        self._batch = BatchSize()
        self._is_exhausted = False
        self._queues = Queues()
        self._processes = Processes(self._queues, clocks.monotonic)
        self._sent: set[Outgoing] = set()
        self._fault: StopError | None = None

    @property
    def fault(self) -> StopError | None:
        """Why nothing can go on, once an answer or a script has said so."""
        return self._fault or self._processes.fault

    @property
    def results(self) -> list[Any]:
        """What the scripts that have ended returned, where they returned anything."""
        return self._processes.results

    # What to send next.

    def next_request(self) -> Outgoing | None:
        """The most urgent request; None while all scripts wait for answers, or none is left."""
        self._queues.wake(self._clocks.monotonic())
        outgoing = (
            self._write()
            or self._next_page()
            or self._single(Priority.READ)
            or self._last_upload()
            or self._fresh_search(full=True)
            or self._search_ahead()
            or self._upload()
            or self._fresh_search(full=False)
            or self._spare_search()
        )
        if outgoing:
            self._sent.add(outgoing)
        return outgoing

    @property
    def uploads(self) -> int:
        """Uploads that are due or on their way."""
        return len(self._queues.singles[Priority.UPLOAD]) + self._in_flight(Priority.UPLOAD)

    @property
    def fresh_batch(self) -> int:
        """How many products are read again at once, just before their writes."""
        return self._batch.now(self._slots.limits)

    def wakes_at(self) -> float | None:
        """When there may be something to send without an answer coming (monotonic time)."""
        later = self._queues.wakes_at()
        if later is None and self._spare and self._is_over:
            return self._spare.due_at()
        return later

    @property
    def _is_over(self) -> bool:
        return self._is_exhausted and not self._processes.running

    def _in_flight(self, kind: type[Search] | Priority) -> int:
        """Requests of this kind that are not answered yet."""
        return sum(1 for outgoing in self._sent if _kind(outgoing) is kind)

    def _write(self) -> Outgoing | None:
        outgoing = self._single(Priority.WRITE)
        while outgoing is None and self._queues.turns:
            self._processes.resume(self._queues.turns.popleft(), None)
            outgoing = self._single(Priority.WRITE)
        return outgoing

    def _single(self, priority: Priority) -> Outgoing | None:
        queue = self._queues.singles[priority]
        if not queue:
            return None
        single = queue.popleft()
        send = single.send
        outgoing = Outgoing(send.call, single, send.claim, send.rests_on)
        if send.rests_on:
            # The way to an open connection takes time, too: it is asked once more there.
            outgoing.call = replace(send.call, may_leave=partial(self._is_usable, send.rests_on))
        if send.attempts:
            outgoing.attempts, outgoing.repeatable = send.attempts, False
        return outgoing

    def _is_usable(self, reading: Reading) -> bool:
        return reading.is_usable(self._clocks.now())

    def _next_page(self) -> Outgoing | None:
        return self._ask(self._queues.pages.popleft()) if self._queues.pages else None

    def _upload(self) -> Outgoing | None:
        """Uploads leave room in the window for the writes that follow a reading at once."""
        expected = self._expected_writes
        if expected and self._slots.room_within(WINDOW_S) <= expected:
            return None
        return self._single(Priority.UPLOAD)

    @property
    def _expected_writes(self) -> int:
        """How many writes may follow the readings that are on their way."""
        searches = (outgoing.serves for outgoing in self._sent if isinstance(outgoing.serves, Search))
        return sum(1 for search in searches for one in search.waiting if one.find.fresh)

    def _last_upload(self) -> Outgoing | None:
        """Near the end uploads go before the writes, which then fill the time until the last is answered."""
        more_may_come = not self._is_exhausted or self._queues.longest() or self._in_flight(Search)
        uploads = len(self._queues.singles[Priority.UPLOAD])
        if more_may_come or uploads > _LAST_STRETCH * self._in_flight(Priority.UPLOAD):
            return None
        return self._upload()

    def _fresh_search(self, *, full: bool) -> Outgoing | None:
        """A full batch at once; a part of one when there is nothing else to send."""
        queue = self._queues.fresh()
        size = self.fresh_batch
        enough = size if full else math.ceil(size / _WORTH_A_PART) if self._sent else 1
        if not queue or len(queue) < enough:
            return None
        if full and self._slots.time_for_s(size + 1) > WINDOW_S:
            # The window is nearly used up: uploads take what is left of it, for they can wait for the next.
            return None
        waiting = [queue.popleft() for _ in range(min(size, len(queue)))]
        self._start_spare(PAGE_SIZE - count_keys(waiting))
        alike = self._queues.of_query(waiting[0].find.query)
        return self._ask(Search([*waiting, *_take(alike, PAGE_SIZE - count_keys(waiting))]))

    def _search_ahead(self) -> Outgoing | None:
        """Keep enough uploads ready that uploading never has to wait."""
        if len(self._queues.singles[Priority.UPLOAD]) >= _ENOUGH_UPLOADS:
            return None
        has_room = self._in_flight(Search) < _MOST_SEARCHES
        if has_room:
            self._start_scripts()
        single = self._write() or self._single(Priority.READ)
        if single:
            # A script may begin with a request of its own.
            return single
        queue = self._queues.longest()
        more_may_come = self._in_flight(Search) or not (self._is_exhausted or self._is_full)
        if count_keys(queue) >= PAGE_SIZE or (queue and not more_may_come):
            return self._ask(Search(_take(queue, PAGE_SIZE)))
        return None

    def _start_scripts(self) -> None:
        """Until a search is full."""
        while not (self._is_exhausted or self._is_full) and count_keys(self._queues.longest()) < PAGE_SIZE:
            script = next(self._scripts, None)
            self._is_exhausted = script is None
            if script is not None:
                self._processes.start(script)

    @property
    def _is_full(self) -> bool:
        return len(self._processes.running) >= _MOST_SCRIPTS

    def _spare_search(self) -> Outgoing | None:
        if self._spare and self._is_over and self._in_flight(Search) < _MOST_SEARCHES:
            for script in self._spare.take_due(PAGE_SIZE):
                self._processes.start(script)
            queue = self._queues.longest()
            return self._ask(Search(_take(queue, PAGE_SIZE))) if queue else None
        return None

    def _start_spare(self, room: int) -> None:
        for script in self._spare.take(room) if self._spare else ():
            self._processes.start(script)

    def _ask(self, search: Search) -> Outgoing:
        query = search.query
        search.form = query.form
        return Outgoing(query.call(search.keys, search.page), search)

    # What came back.

    def settle(self, outgoing: Outgoing, outcome: object, attempts: int) -> None:
        """Hand an answer, or the PlytixError that came instead, to whoever waits for it."""
        self._sent.remove(outgoing)
        now = self._clocks.now()
        left_at = outgoing.left_at or now
        match outgoing.serves, outcome:
            case Single(process, send), PlytixError() as error:
                if send.rests_on and isinstance(error, NotSentError):
                    self._batch.missed(send.rests_on)
                self._processes.resume(process, error)
            case Single(process, send), value:
                if send.rests_on:
                    self._batch.written_in_time(send.rests_on)
                self._processes.resume(process, Sent(value, attempts, Reading(left_at, age_s(left_at, now))))
            case Search() as search, PlytixError() as error:
                self._search_failed(search, error)
            case Search() as search, page:
                self._searched(search, page, left_at, now)

    def _searched(self, search: Search, page: object, left_at: Instant, now: Instant) -> None:
        search.asked_at = search.asked_at or left_at
        found, is_full = search.query.read(page)
        for key in search.keys:
            if key in found:
                search.found.setdefault(key, found[key])
        if is_full and len(search.found) < len(search.keys):
            search.page += 1
            self._queues.pages.append(search)
            return
        fresh = sum(1 for one in search.waiting if one.find.fresh)
        reading = Reading(search.asked_at, age_s(search.asked_at, now), fresh)
        if fresh:
            self._batch.answered(reading)
        for one in search.waiting:
            values = {key: search.found[key] for key in one.find.keys if key in search.found}
            self._processes.resume(one.process, Found(values, reading))

    def _search_failed(self, search: Search, error: PlytixError) -> None:
        reaction = OnRefusal.STOP
        if isinstance(error, RejectedError):
            reaction = search.query.refused(error.status, search.form)
        match reaction:
            case OnRefusal.ASK_AGAIN:
                self._queues.pages.append(Search(search.waiting))
            case OnRefusal.SPLIT if len(search.waiting) > 1:
                middle = len(search.waiting) // 2
                self._queues.pages.append(Search(search.waiting[:middle]))
                self._queues.pages.append(Search(search.waiting[middle:]))
            case OnRefusal.SPLIT:
                self._processes.resume(search.waiting[0].process, error)
            case OnRefusal.STOP:
                self._fault = self._fault or reading_failed(error)


def _kind(outgoing: Outgoing) -> object:
    match outgoing.serves:
        case Single(_, send):
            return Priority.of(send.call.request.kind)
        case _:
            return Search


def _take(queue: deque[Waiting], keys: int) -> list[Waiting]:
    """From the front, as many as have together at most so many keys."""
    taken: list[Waiting] = []
    while queue and len(queue[0].find.keys) <= keys:
        keys -= len(queue[0].find.keys)
        taken.append(queue.popleft())
    return taken

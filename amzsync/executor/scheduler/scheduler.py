"""Turns what all scripts wait for into the fewest requests, and sends the most urgent first.

Searches are shared by up to 100 keys, uploads start early so that their time is hidden, and what rests on a
fresh reading goes before everything else. It knows requests and scripts, and nothing of galleries.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from amzsync.errors import NotSentError, PlytixError, RejectedError, StopError
from amzsync.executor.clocks import Clocks, Instant, age_s
from amzsync.executor.engine.freshness import MAX_READING_AGE_S, Reading
from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.engine.slots import Slots
from amzsync.executor.scheduler.batches import Batches
from amzsync.executor.scheduler.in_flight import InFlight
from amzsync.executor.scheduler.processes import Processes
from amzsync.executor.scheduler.queues import Priority, Queues, Search, SingleRequest, count_keys, take_keys
from amzsync.executor.scheduler.script import Found, OnRefusal, Script, Sent
from amzsync.executor.scheduler.stop_errors import reading_failed
from amzsync.limits.api import MOST_AT_ONCE, PAGE_SIZE

__all__ = ["OptionalScripts", "Scheduler"]

_UPLOADS_AHEAD = 50
_MAX_SEARCHES = 3
_KEPT_BACK = 4


class OptionalScripts(Protocol):
    """Scripts that are worth running where a search has room for them, and at the end for their own sake."""

    def take(self, most: int) -> list[Script[None]]:
        """Up to so many that can share a search now."""

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
        optional: OptionalScripts | None = None,
    ) -> None:
        self._scripts = scripts
        self._clocks = clocks
        self._slots = slots
        self._optional = optional
        self._batches = Batches(slots, clocks.monotonic)
        self._is_exhausted = False
        self._queues = Queues()
        self._processes = Processes(self._queues, clocks.monotonic)
        self._in_flight = InFlight()
        self._fatal: StopError | None = None

    @property
    def fatal(self) -> StopError | None:
        """Why nothing can go on, once an answer or a script has said so."""
        return self._fatal or self._processes.fatal

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
            or self._patient(Priority.PATIENT_WRITE)
            or self._fresh_search(full=True)
            or self._search_ahead()
            or self._patient(Priority.UPLOAD)
            or self._fresh_search(full=False)
            or self._optional_search()
        )
        if outgoing:
            self._in_flight.add(outgoing)
        return outgoing

    @property
    def uploads(self) -> int:
        """Uploads that are due or in flight."""
        return len(self._queues.singles[Priority.UPLOAD]) + self._in_flight.count(Priority.UPLOAD)

    @property
    def fresh_batch(self) -> int:
        """How many products are read again at once, just before their writes."""
        return self._batches.by_pace

    def due_at(self) -> float | None:
        """When there may be something to send without an answer coming (monotonic time)."""
        held_until = self._batches.held_until if self._queues.fresh() else None
        later = min((at for at in (self._queues.due_at(), held_until) if at is not None), default=None)
        if later is None and self._optional and self._is_over:
            return self._optional.due_at()
        return later

    @property
    def _is_over(self) -> bool:
        return self._is_exhausted and not self._processes.running

    def _write(self) -> Outgoing | None:
        outgoing = self._single(Priority.WRITE)
        while outgoing is None and self._queues.turns:
            self._processes.resume(self._queues.turns.popleft(), None)
            outgoing = self._single(Priority.WRITE) or self._single(Priority.PATIENT_WRITE)
        return outgoing

    def _single(self, priority: Priority) -> Outgoing | None:
        queue = self._queues.singles[priority]
        if not queue:
            return None
        single = queue.popleft()
        send = single.send
        outgoing = Outgoing(send.call, single, send.claim, send.rests_on)
        if send.rests_on:
            # It takes time to open a connection: the age is checked once more after that.
            outgoing.call = replace(send.call, may_leave=partial(self._is_usable, send.rests_on))
        if send.attempts:
            outgoing.attempts, outgoing.repeatable = send.attempts, False
        return outgoing

    def _is_usable(self, reading: Reading) -> bool:
        return reading.is_usable(self._clocks.now())

    def _next_page(self) -> Outgoing | None:
        return self._ask(self._queues.pages.popleft()) if self._queues.pages else None

    def _patient(self, priority: Priority) -> Outgoing | None:
        """What can wait leaves room in the window for the writes that follow a reading at once."""
        expected = self._in_flight.expected_writes
        if expected and self._slots.available_within(MAX_READING_AGE_S) <= expected:
            return None
        return self._single(priority)

    def _fresh_search(self, *, full: bool) -> Outgoing | None:
        """For as many as can be written in time, at least a full batch; some are kept back.

        With nothing else to send none is, and a part of a batch will do where that costs no search more.
        """
        queue = self._queues.fresh()
        size = self.fresh_batch
        least = min(len(queue), size)
        if len(queue) < (size * (1 + self._kept_back) if full else self._smallest_part(size)):
            return None
        due = self._due_writes
        number = min(len(queue), self._batches.in_time(due))
        if self._in_flight and (number < least or not self._batches.is_in_time(least, due)):
            # The window is nearly used up: what can wait for the next takes what is left of it.
            return None
        if not self.uploads and self._batches.waits_for_room(number, len(queue), due):
            return None
        waiting = [queue.popleft() for _ in range(number)]
        self._start_optional(PAGE_SIZE - count_keys(waiting))
        alike = self._queues.of_query(waiting[0].find.query)
        return self._ask(Search([*waiting, *take_keys(alike, PAGE_SIZE - count_keys(waiting))]))

    @property
    def _kept_back(self) -> int:
        """Batches that are left to write after the last upload: they fill the time until its answer."""
        return _KEPT_BACK if self.uploads else 0

    @property
    def _due_writes(self) -> int:
        """Writes that go before what is read now."""
        expected = self._in_flight.expected_writes + len(self._queues.turns)
        return expected + len(self._queues.singles[Priority.WRITE])

    def _smallest_part(self, size: int) -> int:
        """The fewest that may be read while others are still to come: those beyond full batches."""
        if not self._in_flight:
            return 1
        more_may_come = not self._is_exhausted or self._queues.longest() or self._in_flight.count(Search)
        to_come = len(self._queues.fresh()) + self._processes.joined
        return size if more_may_come else to_come % size or size

    def _search_ahead(self) -> Outgoing | None:
        """Keep enough uploads ready that uploading never has to wait."""
        if len(self._queues.singles[Priority.UPLOAD]) >= _UPLOADS_AHEAD:
            return None
        if self._in_flight.count(Search) < _MAX_SEARCHES:
            self._start_scripts()
        single = self._write() or self._single(Priority.READ) or self._patient(Priority.PATIENT_WRITE)
        if single:
            # A script may begin with a request of its own.
            return single
        queue = self._queues.longest()
        more_may_come = self._in_flight.count(Search) or not (self._is_exhausted or self._is_full)
        if count_keys(queue) >= PAGE_SIZE or (queue and not more_may_come):
            return self._ask(Search(take_keys(queue, PAGE_SIZE)))
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
        return len(self._processes.running) >= MOST_AT_ONCE

    def _optional_search(self) -> Outgoing | None:
        if self._optional and self._is_over and self._in_flight.count(Search) < _MAX_SEARCHES:
            for script in self._optional.take_due(PAGE_SIZE):
                self._processes.start(script)
            queue = self._queues.longest()
            return self._ask(Search(take_keys(queue, PAGE_SIZE))) if queue else None
        return None

    def _start_optional(self, room: int) -> None:
        for script in self._optional.take(room) if self._optional else ():
            self._processes.start(script)

    def _ask(self, search: Search) -> Outgoing:
        query = search.query
        search.form = query.form
        return Outgoing(query.call(search.keys, search.page), search)

    # What came back.

    def receive(self, outgoing: Outgoing, outcome: object, attempts: int) -> None:
        """Give an answer, or the PlytixError that came instead, to the scripts that wait for it."""
        self._in_flight.remove(outgoing)
        now = self._clocks.now()
        left_at = outgoing.left_at or now
        match outgoing.serves, outcome:
            case SingleRequest(process, send), PlytixError() as error:
                if send.rests_on and isinstance(error, NotSentError) and not send.rests_on.was_late:
                    self._batches.sizes.missed(send.rests_on)
                self._processes.resume(process, error)
            case SingleRequest(process, send), value:
                if send.rests_on:
                    self._batches.sizes.written_in_time(send.rests_on)
                self._processes.resume(process, Sent(value, attempts, Reading(left_at, age_s(left_at, now))))
            case Search() as search, PlytixError() as error:
                self._search_failed(search, error)
            case Search() as search, page:
                self._searched(search, page, left_at, now)

    def _searched(self, search: Search, page: object, left_at: Instant, now: Instant) -> None:
        search.asked_at = search.asked_at or left_at
        if search.needs_another_page(page):
            self._queues.pages.append(search)
            return
        fresh = sum(1 for one in search.waiting if one.find.fresh)
        reading = Reading(search.asked_at, age_s(search.asked_at, now), fresh)
        if fresh:
            self._batches.sizes.answered(reading)
        for one in search.waiting:
            self._processes.resume(one.process, Found(search.values_for(one), reading))

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
                self._fatal = self._fatal or reading_failed(error)

"""A client at a pace and a server that counts, on a clock that only moves when it is told to."""

import bisect
import heapq
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from amzsync.limits.pace import Pace, Slot


class Counting(Protocol):
    """How a server counts arrivals against one limit."""

    def refusal_s(self, now: float) -> float | None:
        """Seconds until one more is allowed; None where it is allowed now."""

    def count(self, now: float) -> None: ...


class Sliding:
    """At most `allowed` arrivals in any `window_s`."""

    def __init__(self, allowed: int, window_s: float) -> None:
        self.allowed, self.window_s = allowed, window_s
        self.arrivals: list[float] = []

    def refusal_s(self, now: float) -> float | None:
        first = bisect.bisect_right(self.arrivals, now - self.window_s)
        if len(self.arrivals) - first < self.allowed:
            return None
        return self.arrivals[-self.allowed] + self.window_s - now + 0.001

    def count(self, now: float) -> None:
        bisect.insort(self.arrivals, now)


class Fixed:
    """At most `allowed` arrivals in each window; windows follow one another from `offset_s` on."""

    def __init__(self, allowed: int, window_s: float, offset_s: float) -> None:
        self.allowed, self.window_s, self.offset_s = allowed, window_s, offset_s
        self.counts: dict[int, int] = {}

    def _number(self, now: float) -> int:
        return int((now - self.offset_s) // self.window_s)

    def refusal_s(self, now: float) -> float | None:
        number = self._number(now)
        if self.counts.get(number, 0) < self.allowed:
            return None
        return (number + 1) * self.window_s + self.offset_s - now + 0.001

    def count(self, now: float) -> None:
        number = self._number(now)
        self.counts[number] = self.counts.get(number, 0) + 1


@dataclass
class World:
    """A run of a client as the engine makes it: it waits as told, then sends one alone before the others.

    What is sent during a stall, of the network or the machine, arrives at its end.
    """

    pace: Pace
    counting: Sequence[Counting]
    random: random.Random
    now: float = 0.0
    duration_s: tuple[float, float] = (0.3, 2.0)
    way_s: tuple[float, float] = (0.0, 0.15)
    workers: int = 256
    refused: int = 0
    accepted: list[float] = field(default_factory=list)
    last_answer: float = 0.0
    others: list[float] = field(default_factory=list)
    others_accepted: int = 0
    new_connection_s: tuple[float, float] = (0.0, 0.0)
    stalls: Sequence[tuple[float, float]] = ()
    connections: int = 0

    def run(self, requests: int | None = None, until: float = float("inf")) -> None:
        """Send so many, or as many as can be sent until then."""
        remaining = requests if requests is not None else 10**9
        in_progress: list[tuple[float, int, Slot, float, float | None]] = []
        numbers = itertools.count()
        paused_until, is_alone = float("-inf"), False
        while (remaining or in_progress) and (self.now < until or in_progress):
            may_send = remaining and self.now < until and len(in_progress) < self.workers
            if may_send and not (is_alone and in_progress) and self.pace.wait_s(self.now) <= 0:
                slot = self.pace.record(self.now)
                self.pace.mark_sent(slot, self.now)
                arrival = self._arrival(len(in_progress) + 1)
                told_s = self._arrive(arrival)
                took_s = self.random.uniform(*self.duration_s) if told_s is None else 0.05
                heapq.heappush(in_progress, (arrival + took_s, next(numbers), slot, self.now, told_s))
                remaining -= 1
                continue
            ends = [in_progress[0][0]] if in_progress else []
            if may_send and not (is_alone and in_progress):
                ends.append(self.now + self.pace.wait_s(self.now))
            self.now = min(ends, default=until)
            while in_progress and in_progress[0][0] <= self.now:
                answered_at, _, slot, sent_at, told_s = heapq.heappop(in_progress)
                self.pace.answered(slot, sent_at, answered_at, is_accepted=told_s is None)
                if told_s is None:
                    self.last_answer = answered_at
                    is_alone = is_alone and sent_at < paused_until
                    continue
                remaining += 1
                self.refused += 1
                self.pace.refused(slot, told_s, self.now)
                self.pace.pause(self.now + told_s)
                paused_until = max(paused_until, self.now + told_s)
                is_alone = is_alone or not (slot.tries or self.pace.goes_on)

    def _arrival(self, in_progress: int) -> float:
        arrival = self.now + self.random.uniform(*self.way_s)
        if in_progress > self.connections:
            self.connections = in_progress
            arrival += self.random.uniform(*self.new_connection_s)
        return next((end for start, end in self.stalls if start <= arrival < end), arrival)

    def _arrive(self, at: float) -> float | None:
        while self.others and self.others[0] <= at:
            other = self.others.pop(0)
            if self._told_s(other) is None:
                self.others_accepted += 1
                for each in self.counting:
                    each.count(other)
        told_s = self._told_s(at)
        if told_s is None:
            self.accepted.append(at)
            for each in self.counting:
                each.count(at)
        return told_s

    def _told_s(self, at: float) -> float | None:
        waits = [wait_s for each in self.counting if (wait_s := each.refusal_s(at)) is not None]
        return max(waits, default=None)

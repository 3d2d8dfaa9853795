"""When the next request may leave: sliding windows over all requests of an account. Pure: no clock, no sleep.

The model (plytix-api, Rate limits): a limit allows so many requests in any stretch of its window. The server
counts a request when it arrives, somewhere between its leaving and its answer; so each request is held
against the window from the latest moment at which it can have arrived. Short windows are filled half at once,
then evenly, so that work flows; long ones as they come.
"""

import contextlib
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from amzsync.limits.windows import Limit

__all__ = ["Pace", "Slot"]

_SPACING_SHARE = 0.9
_ARRIVAL_SHARE = 0.012
_ARRIVAL_CAP_S = 1.0
_OTHERS_ARRIVE_LATER = 5
_PLAUSIBLE_SHARE = 0.25  # a free account taken for a paid one allows 0.4 of what was expected


@dataclass(slots=True)
class Slot:
    """One request's place in every window. `held_from` moves as more is known of its arrival."""

    held_from: float
    sent_at: float


class Pace:
    """The requests of the last windows, and what they leave room for. Times are one monotonic clock's."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._windows = [_Window(limit) for limit in limits]
        self._paused_until = float("-inf")
        self._last = float("-inf")

    @property
    def limits(self) -> tuple[Limit, ...]:
        return tuple(window.limit for window in self._windows)

    @property
    def longest_s(self) -> float:
        return max((limit.window_s for limit in self.limits), default=0.0)

    def wait_s(self, now: float) -> float:
        """Seconds until a request may leave; 0 when one may leave now."""
        until = max((window.free_at(now, self._last) for window in self._windows), default=now)
        return max(0.0, until - now, self._paused_until - now)

    def record(self, at: float, *, is_own: bool = True) -> Slot:
        """Take a place for a request that leaves at `at`.

        Of another process's request only the plan to send it is known: it is held against the windows longer.
        """
        slot = Slot(at + self._arrival_s * (1 if is_own else _OTHERS_ARRIVE_LATER), at)
        self._last = max(self._last, at)
        for window in self._windows:
            window.take(slot, at)
        return slot

    def left(self, slot: Slot, at: float) -> None:
        """The request's last byte left at `at`: from now on only its way is uncertain."""
        slot.held_from = at + self._arrival_s

    def answered(self, slot: Slot, sent_at: float, answered_at: float) -> None:
        """The answer is here: the request arrived before it."""
        slot.sent_at = sent_at
        slot.held_from = min(max(slot.held_from, sent_at + self._arrival_s), max(sent_at, answered_at))

    def refused(self, slot: Slot) -> None:
        """The server answered 429: it did not count this request."""
        for window in self._windows:
            with contextlib.suppress(ValueError):
                window.slots.remove(slot)

    def pause(self, until: float) -> None:
        """Nobody sends before `until`: a 429 said so."""
        self._paused_until = max(self._paused_until, until)

    def used(self, now: float) -> list[tuple[Limit, int]]:
        """How much of each window is taken."""
        return [(window.limit, window.used(now)) for window in self._windows]

    def time_for_s(self, requests: int, now: float) -> float:
        """Seconds until the last of so many more requests may leave."""
        if requests < 1:
            return 0.0
        # Whole windows first, the longest outermost. The places taken now matter until the first has passed.
        whole_s = 0.0
        bounds = [self._paused_until - now, 0.0]
        for window in sorted(self._windows, key=lambda one: -one.limit.window_s):
            cycles, rest = divmod(requests - 1, window.limit.allowed)
            requests = rest + 1
            held_s = 0.0 if whole_s else window.wait_for_s(requests, now)
            whole_s += cycles * window.limit.window_s
            bounds.append(whole_s + held_s)
        return max(bounds)

    def learn(self, refused_at: float, retry_after_s: float) -> Limit | None:
        """The lower limit that a refusal at `refused_at` proves, now in force; None where it proves none.

        The window is the one that can need such a wait, and is fullest. Its real limit is what the server
        let through in the window before the refusal. Where that is a small part of what is allowed, others
        have used up the account, and nothing is shown of the limit.
        """
        candidates = [window for window in self._windows if window.limit.window_s >= retry_after_s * 0.999]
        window = max(candidates or self._windows[-1:], key=lambda one: one.fullness(refused_at), default=None)
        if window is None:
            return None
        accepted = window.accepted(refused_at)
        if not _PLAUSIBLE_SHARE * window.limit.allowed <= accepted < window.limit.allowed:
            return None
        window.tighten(accepted)
        return window.limit

    def tighten(self, limit: Limit) -> None:
        """Put a limit learned earlier in force, where it is lower."""
        for window in self._windows:
            if window.limit.window_s == limit.window_s and limit.allowed < window.limit.allowed:
                window.tighten(limit.allowed)

    @property
    def _arrival_s(self) -> float:
        shortest = min((limit.window_s for limit in self.limits), default=0.0)
        return min(_ARRIVAL_CAP_S, _ARRIVAL_SHARE * shortest)


class _Window:
    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.slots: deque[Slot] = deque(maxlen=limit.allowed)

    def take(self, slot: Slot, at: float) -> None:
        while self.slots and self.slots[0].held_from + self.limit.window_s <= at:
            self.slots.popleft()
        self.slots.append(slot)

    def free_at(self, now: float, last: float) -> float:
        """The first moment that has room for one more."""
        allowed, window_s = self.limit.allowed, self.limit.window_s
        if self.limit.is_short and len(self.slots) > allowed // 2:
            half_ago = self.slots[len(self.slots) - allowed // 2 - 1].held_from
            if half_ago + window_s > now:
                now = max(now, last + _SPACING_SHARE * window_s / allowed)
        if len(self.slots) < allowed:
            return now
        return max(now, self.slots[0].held_from + window_s)

    def wait_for_s(self, requests: int, now: float) -> float:
        """Seconds until the last of at most a window's worth of requests may leave."""
        held = [slot.held_from for slot in self.slots if slot.held_from + self.limit.window_s > now]
        waits_for = requests - 1 - (self.limit.allowed - len(held))
        return held[waits_for] + self.limit.window_s - now if 0 <= waits_for < len(held) else 0.0

    def used(self, now: float) -> int:
        start = now - self.limit.window_s
        return sum(1 for slot in self.slots if slot.held_from > start)

    def fullness(self, at: float) -> float:
        return self.used(at) / self.limit.allowed

    def accepted(self, refused_at: float) -> int:
        start = refused_at - self.limit.window_s
        return sum(1 for slot in self.slots if start < slot.sent_at < refused_at)

    def tighten(self, allowed: int) -> None:
        self.limit = Limit(allowed, self.limit.window_s)
        kept = itertools.islice(reversed(self.slots), allowed)
        self.slots = deque(reversed(list(kept)), maxlen=allowed)

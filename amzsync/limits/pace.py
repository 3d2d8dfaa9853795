"""When the next request may leave: sliding windows over all requests of an account. Pure: no clock, no sleep.

The model (plytix-api, Rate limits): a limit allows so many requests in any stretch of its window. The server
counts a request when it arrives, somewhere between its leaving and its answer; so each request is held
against the window from the latest moment at which it can have arrived. A window uses what it still allows at
once, but for very short ones, which are used evenly: no stretch of any ever holds too many, however the
server aligns its own windows.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from amzsync.limits.arrivals import Arrivals
from amzsync.limits.learning import AdaptiveLimit, Observed
from amzsync.limits.windows import Limit

__all__ = ["Pace", "Slot"]

_SPACING_SHARE = 0.9
_KEPT_AT_LEAST_S = 3600.0  # limits that come with a token may have a longer window than those before
_UNLIMITED = 1_000_000
_LATE_SHARE = 0.06  # of a window: later than expected, and not seldom on a busy network or machine
_LATE_AT_ONCE_SHARE = 0.1
_CAREFUL_DECREASE = 0.8
_EXCUSED_WINDOWS = 10.0
_UNTOLD_S = 60.0  # what a refusal that tells no wait costs at most
_TOLD_TOO_LONG_S = 1.0  # a wait is often told in whole seconds, rounded up

_held_from = attrgetter("held_from")


@dataclass(slots=True, eq=False)
class Slot:
    """One request's place in every window. `held_from` moves as more is known of its arrival.

    `arrival_s`: how long after it was sent it may arrive. `tries` are the windows in which it left beyond
    what refusals have shown.
    """

    sent_at: float
    arrival_s: float
    held_from: float
    tries: tuple[AdaptiveLimit, ...] = ()


class Pace:
    """The requests of the last windows, and how many more they allow. Times are one monotonic clock's."""

    def __init__(self, limits: Sequence[Limit], observed: Iterable[Observed] = ()) -> None:
        self._slots: list[Slot] = []
        self._sent: deque[tuple[Slot, float]] = deque()
        self._last = float("-inf")
        self._paused_until = float("-inf")
        self._refused_at = float("-inf")
        self._refused_window: AdaptiveLimit | None = None
        self._refused_together = 0
        self._allowed_before = 0
        self._arrivals = Arrivals()
        self._excused_at: float | None = None
        self._windows: list[AdaptiveLimit] = []
        self.configure(limits, observed)

    def configure(self, limits: Sequence[Limit], observed: Iterable[Observed] = ()) -> None:
        """Put other limits in force; the requests stay counted."""
        known = {each.window_s: each for each in (*self.observed, *observed)}
        self._windows = [AdaptiveLimit(limit, known.get(limit.window_s)) for limit in limits]
        self._refused_window = None
        self._arrivals.configure(limits)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits in force: those configured, or lower ones that refusals have shown."""
        return tuple(window.in_force for window in self._windows)

    @property
    def configured(self) -> tuple[Limit, ...]:
        return tuple(window.configured for window in self._windows)

    @property
    def observed(self) -> tuple[Observed, ...]:
        return tuple(window.observed for window in self._windows if window.observed)

    @property
    def longest_s(self) -> float:
        return max((window.window_s for window in self._windows), default=0.0)

    def wait_s(self, now: float) -> float:
        """Seconds until a request may leave; 0 when one may leave now."""
        self._take_in_sent()
        until = max((self._free_at(window, now) for window in self._windows), default=now)
        return max(until - now, self._paused_until - now)

    def available_within(self, seconds: float, now: float) -> int:
        """How many requests may leave from now until `seconds` later."""
        self._take_in_sent()
        start, end = max(now, self._paused_until), now + seconds
        available = min((self._available(one, start, end) for one in self._windows), default=_UNLIMITED)
        return 0 if end < start else max(0, available)

    def record(self, at: float, *, is_own: bool = True) -> Slot:
        """Take a place for a request that leaves at `at`.

        Of another process's request only the plan to send it is known: it is held against the windows longer.
        """
        arrival_s = self._arrivals.next_s() if is_own else self._arrivals.of_others_s
        slot = Slot(at, arrival_s, at + arrival_s)
        self._last = max(self._last, at)
        if not self._windows:
            return slot
        kept_s = max(_KEPT_AT_LEAST_S, self.longest_s)
        del self._slots[: bisect_right(self._slots, at - kept_s, key=_held_from)]
        if is_own:
            slot.tries = tuple(one for one in self._windows if self._held(at, one) >= one.allowed)
        for window in slot.tries:
            window.tried(id(slot))
        insort(self._slots, slot, key=_held_from)
        return slot

    def mark_sent(self, slot: Slot, at: float) -> None:
        """The request's last byte was sent at `at`: from then on only its travel time is uncertain.

        Safe in any thread.
        """
        self._sent.append((slot, at))

    def answered(self, slot: Slot, sent_at: float, answered_at: float, *, is_accepted: bool = True) -> bool:
        """The answer is here: the request arrived before it. Whether that raises a limit."""
        self._take_in_sent()
        self._arrivals.answered()
        held_from = min(max(slot.held_from, sent_at + slot.arrival_s), max(sent_at, answered_at))
        slot.sent_at = sent_at
        self._move(slot, held_from)
        # Of a request that failed it is not known whether it was counted; a 429 is told by `refused`.
        raised = [window.answered(id(slot), is_accepted=is_accepted) for window in slot.tries]
        return any(raised)

    def give_back(self, slot: Slot) -> None:
        """The account's windows do not hold this request."""
        self._take_in_sent()
        for window in slot.tries:
            window.answered(id(slot), is_accepted=False)
        self._remove(slot)

    def refused(self, slot: Slot, retry_after_s: float | None, now: float) -> bool:
        """The server answered 429: it did not count this request. Whether that changes a limit.

        Those that were in progress together show one thing: each further refusal corrects what the first has
        shown. The window is the one that can need such a wait (None: it is not told), and is fullest.
        """
        self.give_back(slot)
        is_first = slot.sent_at > self._refused_at
        if is_first:
            self._refused_at = now
            least_s = (retry_after_s or 0.0) - _TOLD_TOO_LONG_S
            could = [one for one in self._windows if one.window_s >= least_s]
            self._refused_window = max(
                could or self._windows[-1:], key=lambda one: self._fullness(one, slot.sent_at), default=None
            )
            self._refused_together = 0
            self._allowed_before = self._refused_window.allowed if self._refused_window else 0
        window = self._refused_window
        if window is None:
            return False
        self._refused_together += 1
        is_try = window in slot.tries
        accepted = self._accepted(window, slot.sent_at, is_try=is_try)
        if self.is_excused:
            return False
        if is_first or (window.configured.is_spaced and window.observed is None):
            told_s = min(window.window_s, _UNTOLD_S) if retry_after_s is None else retry_after_s
            return window.refused(accepted, now, told_s, was_try=is_try)
        return window.refused_too(accepted)

    @property
    def is_excused(self) -> bool:
        """Whether requests of its own that arrived late explain the last refusal: it shows no limit."""
        return self._excused_at == self._refused_at

    @property
    def goes_on(self) -> bool:
        """Whether all go on as before once the wait of the last refusal is over.

        Where a window is used evenly no burst follows, and one request alone would cost much of the next.
        """
        return self._refused_window is not None and self._refused_window.configured.is_spaced

    def _accepted(self, window: AdaptiveLimit, at: float, *, is_try: bool) -> int:
        """How many were let in before a refusal, as far as that shows a limit.

        Where a few requests that arrived late explain it, the limit is lowered by a part only. In a window so
        short that little delays do that, it stays unless that happens again soon.
        """
        allowed, start = self._allowed_before, at - window.window_s
        accepted = sum(1 for each in self._slots if each.sent_at > start)
        late_s = _LATE_SHARE * window.window_s
        sent = sum(1 for each in self._slots if each.sent_at > start - late_s)
        are_many = self._refused_together > max(2, allowed * _LATE_AT_ONCE_SHARE)
        if is_try or are_many or sent < allowed - self._refused_together:
            self._excused_at = None
            return accepted
        # Below a lower limit that was shown, a short window has more likely been raised too far.
        is_raised = window.configured.is_spaced and window.observed is not None
        if self._refused_together == 1 and not (is_raised and self._arrivals.is_widened):
            self._arrivals.widen()
        if is_raised:
            return min(accepted, allowed - 1)
        soon_s = _EXCUSED_WINDOWS * window.window_s
        is_again = self._excused_at is not None and self._refused_at - self._excused_at < soon_s
        if window.configured.is_spaced and not is_again:
            self._excused_at = self._refused_at
        return max(accepted, int(allowed * _CAREFUL_DECREASE))

    def pause(self, until: float) -> None:
        """Nobody sends before `until`: a 429 said so."""
        self._paused_until = max(self._paused_until, until)

    def used(self, now: float) -> list[tuple[Limit, int]]:
        """How much of each window is taken."""
        self._take_in_sent()
        return [(window.in_force, self._held(now, window)) for window in self._windows]

    def time_for_s(self, requests: int, now: float) -> float:
        """Seconds until the last of so many more requests may leave."""
        self._take_in_sent()
        if requests < 1:
            return 0.0
        # Whole windows first, the longest outermost. The places taken now matter until the first has passed.
        whole_s = 0.0
        bounds = [self._paused_until - now, 0.0]
        for window in sorted(self._windows, key=lambda one: -one.window_s):
            cycles, rest = divmod(requests - 1, window.allowed)
            requests = rest + 1
            held_s = 0.0 if whole_s else self._wait_for_s(window, requests, now)
            whole_s += cycles * window.window_s
            bounds.append(whole_s + held_s)
        return max(bounds)

    def _free_at(self, window: AdaptiveLimit, now: float) -> float:
        """The first moment at which this window allows one more."""
        held = self._held(now, window)
        spaced_at = max(now, self._spaced_at(window, held))
        if held < window.allowed:
            return spaced_at
        free_at = self._slots[-window.allowed].held_from + window.window_s
        return max(spaced_at, min(free_at, self._more_at(window, held)))

    def _more_at(self, window: AdaptiveLimit, held: int) -> float:
        """When more than refusals have shown may be tried; never more than is configured."""
        most = window.configured.allowed
        if held < most:
            return window.more_at()
        return max(window.more_at(), self._slots[-most].held_from + window.window_s)

    def _available(self, window: AdaptiveLimit, start: float, end: float) -> int:
        """How many the window allows from `start` to `end`, which it can be over several times."""
        times, rest_s = divmod(end - start, window.window_s + self._arrivals.expected_s)
        return (1 + int(times)) * window.allowed - self._held(start + rest_s, window)

    def _spaced_at(self, window: AdaptiveLimit, held: int) -> float:
        """When a very short window goes on: in a burst, each delay on the way would weigh more there."""
        if not window.configured.is_spaced or not held:
            return float("-inf")
        return self._last + _SPACING_SHARE * window.window_s / window.allowed

    def _wait_for_s(self, window: AdaptiveLimit, requests: int, now: float) -> float:
        """Seconds until the last of at most a window's worth of requests may leave."""
        held = self._held(now, window)
        waits_for = requests - 1 - (window.allowed - held)
        if waits_for < 0:
            return 0.0
        return self._slots[len(self._slots) - held + waits_for].held_from + window.window_s - now

    def _held(self, now: float, window: AdaptiveLimit) -> int:
        return len(self._slots) - bisect_right(self._slots, now - window.window_s, key=_held_from)

    def _fullness(self, window: AdaptiveLimit, at: float) -> float:
        return self._held(at, window) / window.allowed

    def _take_in_sent(self) -> None:
        while self._sent:
            slot, at = self._sent.popleft()
            self._move(slot, at + slot.arrival_s)

    def _move(self, slot: Slot, held_from: float) -> None:
        if self._remove(slot):
            slot.held_from = held_from
            insort(self._slots, slot, key=_held_from)

    def _remove(self, slot: Slot) -> bool:
        place = bisect_left(self._slots, slot.held_from, key=_held_from)
        while place < len(self._slots) and self._slots[place].held_from == slot.held_from:
            if self._slots[place] is slot:
                del self._slots[place]
                return True
            place += 1
        return False

"""What refusals show of a limit, and how it is tried again upwards. Pure: times are the caller's clock.

A 429 below the configured limit has two causes that look alike: the account allows less, or another client
uses the rest. So what it shows is believed for minutes only. Meanwhile one request more than was let through
is tried now and then: let in, the next try is twice as large, up to what is configured; refused, the pause
before the next try doubles, up to some minutes.
"""

from dataclasses import dataclass, replace

from amzsync.limits.windows import Limit

__all__ = ["AdaptiveLimit", "Observed", "is_believed"]

_FIRST_PAUSE_WINDOWS = 2.0
_LONGEST_PAUSE_WINDOWS = 24.0
_LONGEST_PAUSE_S = 300.0
_PAUSE_BY_WAIT = 10.0
_LONGEST_COSTLY_PAUSE_S = 600.0
_BELIEVED_S = 300.0
_BELIEVED_LONGER_BY = 4.0  # for each refusal at the same number: another client's load would vary
_BELIEVED_AT_MOST_S = 86_400.0
_SAME_WITHIN = 1
_PLAUSIBLE_SHARE = 0.25  # a free account allows 0.4 of what a paid one does


@dataclass(frozen=True, slots=True)
class Observed:
    """So many requests were let through in a window before one was refused.

    `refused_at` is the last refusal, `since` the first; `tries` counts the attempts at more that ended in
    one, `repeats` the refusals in a row at the same number.
    """

    window_s: float
    allowed: int
    since: float
    refused_at: float
    tries: int = 0
    repeats: int = 0

    @property
    def pause_s(self) -> float:
        """How long after the last refusal more is tried."""
        windows = min(_FIRST_PAUSE_WINDOWS * 2.0 ** min(self.tries, 16), _LONGEST_PAUSE_WINDOWS)
        return min(windows * self.window_s, _LONGEST_PAUSE_S)


def is_believed(observed: Observed, now: float) -> bool:
    """Whether a run that begins now starts from what an earlier one was shown."""
    life_s = _BELIEVED_S * _BELIEVED_LONGER_BY ** min(observed.repeats, 16)
    return now - observed.refused_at < min(life_s, _BELIEVED_AT_MOST_S)


class AdaptiveLimit:
    """A configured limit, or the lower one that refusals have shown; never more than configured."""

    def __init__(self, configured: Limit, observed: Observed | None = None) -> None:
        self.configured = configured
        self._observed = observed if observed and observed.allowed < configured.allowed else None
        # What an earlier run was shown is tried at once: most often the cause is gone.
        self._try_at = float("-inf")
        self._step = 1
        self._sent = 0
        self._was_raised = False
        self._unanswered: set[int] = set()

    @property
    def observed(self) -> Observed | None:
        return self._observed

    @property
    def allowed(self) -> int:
        return self._observed.allowed if self._observed else self.configured.allowed

    @property
    def window_s(self) -> float:
        return self.configured.window_s

    @property
    def in_force(self) -> Limit:
        return Limit(self.allowed, self.window_s)

    def more_at(self) -> float:
        """When one request more than `allowed` may be tried; infinity while such a try is not over."""
        is_most = self.allowed + len(self._unanswered) >= self.configured.allowed
        if self._observed is None or is_most or self._sent >= self._step:
            return float("inf")
        return self._try_at

    def tried(self, key: int) -> None:
        """A request leaves beyond `allowed`."""
        self._sent += 1
        self._unanswered.add(key)

    def answered(self, key: int, *, is_accepted: bool) -> bool:
        """A request has its answer; whether that raises the limit. `is_accepted`: the server counted it."""
        if key not in self._unanswered:
            return False
        self._unanswered.discard(key)
        if not is_accepted:
            self._sent -= 1
            return False
        self._was_raised = True
        if self._observed:
            allowed = self._observed.allowed + 1
            is_gone = allowed >= self.configured.allowed
            self._observed = None if is_gone else replace(self._observed, allowed=allowed)
        if self._sent >= self._step and not self._unanswered:
            self._sent, self._step = 0, self._step * 2
        return True

    def refused(self, accepted: int, at: float, told_s: float, *, was_try: bool) -> bool:
        """The first refusal of those in progress together, after `accepted` were let in.

        `told_s` is the wait that the server asks for. True where that shows anything.
        """
        self._sent, self._step = 0, 1
        self._unanswered.clear()
        before = self._observed
        is_small = accepted < _PLAUSIBLE_SHARE * self.configured.allowed
        is_stray = is_small and (before is None or before.tries == 0)
        if not self._is_plausible(accepted):
            return False
        if before is None:
            if accepted >= self.configured.allowed:
                return False
            self._observed = Observed(self.window_s, accepted, since=at, refused_at=at)
        else:
            is_same = abs(accepted - before.allowed) <= _SAME_WITHIN
            self._observed = replace(
                before,
                allowed=min(accepted, self.configured.allowed - 1),
                refused_at=at,
                tries=before.tries + (was_try or self._was_raised),
                repeats=before.repeats + 1 if is_same else 0,
            )
        self._was_raised = False
        if is_stray:
            # So little is no account's limit: more is tried, twice, as soon as the wait is over.
            self._try_at = at + told_s
            return True
        # Where a refusal costs a long wait, more is tried so much the less often.
        costly_s = min(_PAUSE_BY_WAIT * told_s, _LONGEST_COSTLY_PAUSE_S)
        self._try_at = at + told_s + max(self._observed.pause_s, costly_s)
        return True

    def refused_too(self, accepted: int) -> bool:
        """Another refusal of the same moment: fewer were let through than it seemed at first."""
        if self._observed is None or accepted >= self._observed.allowed or not self._is_plausible(accepted):
            return False
        self._observed = replace(self._observed, allowed=accepted)
        return True

    def _is_plausible(self, accepted: int) -> bool:
        """Where almost nothing of an hour was let through, others or a lost ledger have used it up."""
        least = 1.0 if self.configured.is_short else _PLAUSIBLE_SHARE * self.configured.allowed
        return accepted >= least

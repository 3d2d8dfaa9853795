"""Sends requests and collects answers: each takes a slot, in one transaction with its claim in the ledger."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from amzsync.errors import PlytixError, RejectedError
from amzsync.executor.clocks import Instant
from amzsync.executor.engine.attempt_log import AttemptLog
from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.engine.slots import Slots
from amzsync.executor.engine.workers import Answered, Workers
from amzsync.limits.pace import Slot
from amzsync.plytix.auth import Secret
from amzsync.plytix.observations import Observed
from amzsync.plytix.wire import RequestKind

__all__ = ["Arrived", "Sender"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came of one attempt, and the slot it had."""

    outgoing: Outgoing
    outcome: Any
    token: Secret | None
    sent_at: float
    answered_at: float
    slot: Slot


class Sender:
    """`requests` counts every attempt, by kind."""

    def __init__(
        self,
        workers: Workers,
        slots: Slots,
        atomic: Callable[[], AbstractContextManager[None]],
        now: Callable[[], Instant],
    ) -> None:
        self._workers = workers
        self._atomic = atomic
        self._now = now
        self.slots = slots
        self.in_flight: dict[Outgoing, Slot] = {}
        self.requests: Counter[str] = Counter()
        self._attempt_log = AttemptLog()

    @property
    def observed(self) -> Observed:
        """What the answers so far show besides what was asked."""
        return self._workers.observed

    def send(self, outgoing: Outgoing, token: Secret | None) -> bool:
        """Whether it left; not where another process has just taken the last slot."""
        kind = outgoing.call.request.kind
        with self._atomic():
            slot = self.slots.take(kind)
            if slot is None:
                return False
            if outgoing.claim:
                outgoing.claim()
            # In flight from here on: should the process die now, the ledger says so.
            self.in_flight[outgoing] = slot
        outgoing.left_at = self._now()
        self.requests[kind] += 1
        self._workers.submit(outgoing, outgoing.call, token, partial(self.slots.left, slot))
        return True

    def answers(self, timeout_s: float) -> Iterator[Arrived]:
        """All that has come in, waiting up to `timeout_s` for the first.

        Iterate to the end: all of it is one commit, and the next request leaves only after it.
        """
        answers = self._workers.answers(timeout_s)
        if not answers:
            return
        with self._atomic():
            for answered in answers:
                outgoing: Outgoing = answered.tag
                self._attempt_log.write(outgoing, answered)
                slot = self.in_flight.pop(outgoing)
                # That a token was issued shows nothing about the account's limit.
                is_accepted = outgoing.call.request.kind is not RequestKind.TOKEN and _was_let_in(answered)
                self.slots.answered(slot, answered.sent_at, answered.answered_at, is_accepted=is_accepted)
                yield Arrived(
                    outgoing,
                    answered.outcome,
                    answered.token,
                    answered.sent_at,
                    answered.answered_at,
                    slot,
                )


def _was_let_in(answered: Answered) -> bool:
    """Whether the answer shows that the account's limits counted the request: a refusal of it does, too."""
    return isinstance(answered.outcome, RejectedError) or not isinstance(answered.outcome, PlytixError)

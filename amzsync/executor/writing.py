"""Settled products to their fewest writes: one PATCH where the gallery is ours, single links where it is not.

A write that replaces rests on a fresh reading (freshness.py): products are read again, in bulk, just before
their writes. After a failure nobody knows whether the write arrived, so it is never repeated blindly: the
product is read again. Products are written one request at a time each.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from amzsync.errors import (
    NotSentError,
    PlytixError,
    RateLimitedError,
    RejectedError,
    RetriableError,
    StopError,
    TokenError,
)
from amzsync.executor.chains import Chains
from amzsync.executor.decide import Append, Nothing, Replace, missing
from amzsync.executor.desk import Desk
from amzsync.executor.events import Listener, Notice
from amzsync.executor.freshness import BatchSize, Instant, Reading, age_s
from amzsync.executor.outcomes import Outcomes
from amzsync.executor.reading import BulkReader
from amzsync.executor.task import Task
from amzsync.ledger.work import NOT_FOUND, Refusal
from amzsync.plytix.client import PAGE_SIZE, read_product, write_product
from amzsync.plytix.wire import PlytixProduct

__all__ = ["Writer"]

_MOST_STALE = 3
_LAST_ANSWERS = 20
_MANY_STRANGE = 3
_SEMANTIC = 422
_MOST_IN_AIR_TO_RETRY = 16


class Writer:
    """Everything between a product's last settled picture and its end."""

    def __init__(
        self,
        outcomes: Outcomes,
        reader: BulkReader,
        listener: Listener,
        *,
        label: str,
        skip_existing_reason: str | None,
        clock: Callable[[], float],
        clocks: Callable[[], Instant],
        batch: BatchSize,
        picture_lost: Callable[[Desk, int], None],
        looked_again: Callable[[Mapping[str, int], Mapping[str, PlytixProduct], Reading], None],
    ) -> None:
        self._outcomes = outcomes
        self._chains = Chains(outcomes, label, picture_lost, self._doubt)
        self._reader = reader
        self._listener = listener
        self._label = label
        self._skip_existing_reason = skip_existing_reason
        self._clock = clock
        self._clocks = clocks
        self._batch = batch
        self._looked_again = looked_again
        self._ready: deque[Desk] = deque()
        self._untold: deque[Desk] = deque()
        self._stale: deque[Desk] = deque()
        self._later: list[tuple[float, int, Desk]] = []
        self._order = itertools.count()
        self._only_append = False
        self._answers_show: deque[bool] = deque(maxlen=_LAST_ANSWERS)
        self._omission_is_empty: bool | None = None
        self._in_air = 0
        self._expected = 0

    @property
    def in_air(self) -> int:
        """Writes, and readings of one product, that are not answered yet."""
        return self._in_air + self._chains.in_air

    @property
    def stale(self) -> int:
        """Products to be read again before they can be written."""
        return len(self._stale)

    @property
    def expected(self) -> int:
        """Products that are being read again: their writes follow as soon as the answer is here."""
        return self._expected

    def wakes_at(self) -> float | None:
        return self._later[0][0] if self._later else None

    # What a reading showed.

    def tell_gallery(self, product: PlytixProduct) -> tuple[str, ...] | None:
        """The gallery a search showed; None where only the product itself can tell (plytix-api, Products)."""
        is_omitted = product.gallery is None and product.assets is None
        return () if is_omitted and self._omission_is_empty else product.told_gallery

    def advance(self, desk: Desk) -> None:
        """All its pictures are settled: find out what it needs."""
        if desk.untold:
            self._untold.append(desk)
            return
        decision = desk.decide(only_append=self._only_append)
        if isinstance(decision, Nothing):
            self._outcomes.finish(desk, desk.seen.gallery)
        elif self._may_be_written(desk):
            self._ready.append(desk)
        else:
            self._read_again(desk, is_in_vain=True)

    def look_at_first(self, desk: Desk) -> None:
        """The search did not tell the gallery, and more than a write depends on it."""
        self._untold.append(desk)

    # Tasks, in the order of their urgency.

    def next_write(self, now: float) -> Task | None:
        """Whatever rests on a fresh reading, or continues what has begun."""
        while self._later and self._later[0][0] <= now and self._in_air < _MOST_IN_AIR_TO_RETRY:
            self._stale.append(heapq.heappop(self._later)[2])
        chained = self._chains.next()
        if chained:
            return chained
        while self._ready:
            desk = self._ready.popleft()
            task = self._write(desk)
            if task:
                return task
        return None

    def read_one(self) -> Task | None:
        """The truth about one product whose search did not tell it."""
        if not self._untold:
            return None
        desk = self._untold.popleft()
        self._in_air += 1
        sent = self._clocks()

        def claim() -> None:
            nonlocal sent
            sent = self._clocks()

        def settle(outcome: PlytixProduct | PlytixError, tries: int) -> None:
            reading = Reading(sent, age_s(sent, self._clocks()))
            self._read_one(desk, reading, outcome, tries)

        return Task(read_product(desk.plytix_id, self._label), settle, claim=claim)

    def reread(self, most: int) -> Task | None:
        """Read up to `most` products again, just before their writes."""
        if not self._stale:
            return None
        desks = {
            desk.work.sku: desk
            for desk in (self._stale.popleft() for _ in range(min(most, len(self._stale))))
        }
        self._expected += len(desks)
        # The search has room for more: what was written a while ago is looked at again for nothing.
        before = self._outcomes.written.take(PAGE_SIZE - len(desks), self._clock())
        return self._reader.read([*desks, *before], partial(self._reread, desks, before))

    def _reread(
        self,
        desks: Mapping[str, Desk],
        before: Mapping[str, int],
        found: Mapping[str, PlytixProduct],
        reading: Reading,
    ) -> None:
        self._expected -= len(desks)
        self._batch.answered(reading)
        for sku, desk in desks.items():
            product = found.get(sku)
            if product is None:
                self._outcomes.leave_alone(desk, NOT_FOUND)
            else:
                desk.batch = len(desks)
                self._see(desk, product, self.tell_gallery(product), reading)
        if before:
            self._looked_again(before, found, reading)

    def _read_one(
        self, desk: Desk, reading: Reading, outcome: PlytixProduct | PlytixError, attempts: int
    ) -> None:
        self._in_air -= 1
        match outcome:
            case PlytixProduct(gallery=None):
                self._outcomes.leave_outside_family(desk)
            case PlytixProduct() as product:
                if desk.untold_assets:
                    # The truth omits what is empty, or tells it: so will this server's searches.
                    self._omission_is_empty = product.assets is None and not product.gallery
                self._see(desk, product, product.gallery or (), reading)
            case RejectedError() as error if error.status == 404:
                self._outcomes.leave_alone(desk, NOT_FOUND)
            case RejectedError() | RetriableError() as error:
                self._outcomes.fail(desk, Refusal(error.status, error.message, attempts))
            case _:
                pass

    def _see(
        self, desk: Desk, product: PlytixProduct, gallery: tuple[str, ...] | None, reading: Reading
    ) -> None:
        if desk.was_told and not desk.was_claimed and gallery is not None and gallery != desk.seen.gallery:
            self._outcomes.written.suspect_others()
        desk.see(product, gallery, reading)
        if self._skip_existing_reason and gallery and not desk.is_begun:
            self._outcomes.leave_alone(desk, self._skip_existing_reason)
        elif not desk.waits_for:
            self.advance(desk)

    # Writing.

    def _may_be_written(self, desk: Desk) -> bool:
        return desk.only_append or desk.is_fresh(self._clocks())

    def _too_late(self, desk: Desk) -> None:
        """It could not be written while its reading was fresh: the next ones are smaller batches."""
        if desk.batch:
            self._batch.missed(desk.batch)
        self._read_again(desk, is_in_vain=desk.batch == 1)

    def _read_again(self, desk: Desk, *, is_in_vain: bool) -> None:
        """Before its write. Where reading takes longer than it is good for, link: a link replaces nothing."""
        desk.times_stale += is_in_vain
        desk.batch = 0
        desk.only_append = desk.only_append or desk.times_stale > _MOST_STALE
        (self._ready if desk.only_append else self._stale).append(desk)

    def _write(self, desk: Desk) -> Task | None:
        decision = desk.decide(only_append=self._only_append)
        match decision:
            case Nothing():
                self._outcomes.finish(desk, desk.seen.gallery)
                return None
            case Append():
                if not self._may_be_written(desk):
                    self._too_late(desk)
                    return None
                self._chains.begin(desk, decision)
                return self._chains.next()
            case Replace():
                call = write_product(
                    desk.plytix_id, self._label, gallery=decision.gallery, thumbnail_id=decision.thumbnail
                )
                self._in_air += 1
                return Task(
                    replace(call, may_leave=partial(self._may_be_written, desk)),
                    lambda outcome, tries: self._written(desk, decision, outcome, tries),
                    claim=lambda: self._outcomes.claim(desk, decision.places),
                    may_leave=lambda _now: self._may_be_written(desk),
                    withdraw=lambda: self._withdraw(desk),
                    repeatable=False,
                    failing=desk.failing,
                )

    def _withdraw(self, desk: Desk) -> None:
        self._in_air -= 1
        self._too_late(desk)

    def _written(
        self, desk: Desk, decision: Replace, outcome: PlytixProduct | PlytixError, attempts: int
    ) -> None:
        self._in_air -= 1
        match outcome:
            case PlytixProduct() as product:
                if desk.batch:
                    self._batch.written_in_time(desk.batch)
                self._check_written(desk, decision, product)
            case NotSentError():
                self._too_late(desk)
            case RateLimitedError() | TokenError():
                (self._ready if self._may_be_written(desk) else self._stale).append(desk)
            case RetriableError() as error:
                desk.made.update(
                    asset_id for asset_id in decision.gallery or () if asset_id not in desk.seen.gallery
                )
                self._try_later(desk, error, attempts)
            case RejectedError() as error:
                self._write_refused(desk, decision, error)
            case StopError():
                self._outcomes.release(desk)

    def _check_written(self, desk: Desk, decision: Replace, product: PlytixProduct) -> None:
        """Believe a write only where the answer shows it."""
        shown = product.gallery if decision.gallery is not None else desk.seen.gallery
        if shown is None or (decision.gallery is not None and not _stands_in(decision.gallery, shown)):
            self._note_answer(shows=False)
            desk.seen = desk.seen.showing(product.gallery or desk.seen.gallery)
            self._chains.begin(desk, Append(self._missing(desk), decision.thumbnail))
            return
        if decision.gallery is not None:
            self._note_answer(shows=True)
            if shown != decision.gallery:
                self._outcomes.written.suspect_others()
        desk.made.update(asset_id for asset_id in shown if asset_id not in desk.seen.gallery)
        if decision.thumbnail and product.thumbnail_id != decision.thumbnail:
            self._chains.begin(desk, Append((), decision.thumbnail), by_link=True)
            return
        desk.thumbnail_made = decision.thumbnail is not None
        self._outcomes.finish(desk, shown)

    def _doubt(self, desk: Desk, error: RejectedError) -> bool:
        """Whether the product itself is asked, once, if it has such a gallery: a search does not tell."""
        is_asked = error.status == _SEMANTIC and not desk.was_doubted and not desk.seen.gallery
        if is_asked:
            desk.was_doubted = desk.only_append = True
            self._untold.append(desk)
        return is_asked

    def _note_answer(self, *, shows: bool) -> None:
        """One strange answer is its product's; where they come again and again, the account is like that."""
        self._answers_show.append(shows)
        strange = self._answers_show.count(False)
        often = strange >= _MANY_STRANGE and 2 * strange >= len(self._answers_show)
        if often and not self._only_append:
            self._only_append = True
            of = f"{strange} of the last {len(self._answers_show)} writes did to a gallery"
            self._listener.notice(
                Notice(f"Plytix did not show what {of}: linking pictures one by one from now on.")
            )

    def _missing(self, desk: Desk) -> tuple[str, ...]:
        return missing(desk.wanted, desk.seen.gallery)

    def _try_later(self, desk: Desk, error: RetriableError, attempts: int) -> None:
        if desk.failing.wait_s is None:
            self._outcomes.fail(desk, Refusal(error.status, error.message, attempts))
        else:
            at = self._clock() + desk.failing.wait_s
            heapq.heappush(self._later, (at, next(self._order), desk))

    def _write_refused(self, desk: Desk, decision: Replace, error: RejectedError) -> None:
        """One by one shows which part of a write is refused."""
        if decision.gallery is None:
            self._chains.refuse_thumbnail(desk, error)
        elif not self._doubt(desk, error):
            self._chains.begin(desk, Append(self._missing(desk), decision.thumbnail))


def _stands_in(wanted: tuple[str, ...], shown: tuple[str, ...]) -> bool:
    """All of `wanted` is there, in that order; another hand may have added to it meanwhile."""
    left = iter(shown)
    return all(asset_id in left for asset_id in wanted)

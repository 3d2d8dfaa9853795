"""Settled products to their fewest writes: one PATCH where the gallery is ours, single links where it is not.

A write that replaces rests on a reading of at most `FRESH_S` seconds; an older one is read again first, in
bulk. After a failure nobody knows whether the write arrived, so it is never repeated blindly: the product is
read again. Products are written one request at a time each.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from amzsync.errors import PlytixError, RateLimitedError, RejectedError, RetriableError, StopError, TokenError
from amzsync.executor.decide import MAX_ASSETS, Append, Nothing, Replace, missing
from amzsync.executor.desk import Desk
from amzsync.executor.events import Listener, Notice
from amzsync.executor.reading import BulkReader
from amzsync.executor.task import Task
from amzsync.executor.written import Written
from amzsync.ledger.rows import Origin
from amzsync.ledger.work import NOT_FOUND, Refusal, Work
from amzsync.plytix.client import PAGE_SIZE, link_asset, read_asset, read_product, write_product
from amzsync.plytix.retry import RetryPolicy
from amzsync.plytix.wire import LinkResult, PlytixAsset, PlytixProduct

__all__ = ["FRESH_S", "Writer"]

FRESH_S = 9.0
"""Of the 10 s that may lie between a reading and the write that rests on it, one is for the way (design)."""

_MOST_STALE = 3

_FULL = Refusal(None, f"the product already holds {MAX_ASSETS} assets, the most Plytix allows", 0)


class Writer:
    """Everything between a product's last settled picture and its last row done."""

    def __init__(
        self,
        work: Work,
        reader: BulkReader,
        listener: Listener,
        *,
        label: str,
        skip_existing_reason: str | None,
        clock: Callable[[], float],
        random: Callable[[], float],
        finished: Callable[[Desk], None],
        picture_lost: Callable[[Desk, int], None],
        looked_again: Callable[[Mapping[str, int], float, Mapping[str, PlytixProduct]], None],
    ) -> None:
        self._work = work
        self._reader = reader
        self._listener = listener
        self._label = label
        self._skip_existing_reason = skip_existing_reason
        self._clock = clock
        self._random = random
        self._finished = finished
        self._picture_lost = picture_lost
        self._looked_again = looked_again
        self._retry = RetryPolicy()
        self._ready: deque[Desk] = deque()
        self._chains: deque[Task] = deque()
        self._untold: deque[Desk] = deque()
        self._stale: deque[Desk] = deque()
        self._later: list[tuple[float, int, Desk]] = []
        self._order = itertools.count()
        self._only_append = False
        self._omission_is_empty: bool | None = None
        self.written = Written()
        self.in_air = 0
        self.failed = 0

    @property
    def stale(self) -> int:
        """Products to be read again before they can be written."""
        return len(self._stale)

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
            self._finish(desk, desk.seen.gallery)
        elif self._may_be_written(desk, self._clock()):
            self._ready.append(desk)
        else:
            desk.times_stale += 1
            # Where reading takes longer than it is good for, single links are safe: they replace nothing.
            desk.only_append = desk.only_append or desk.times_stale > _MOST_STALE
            (self._ready if desk.only_append else self._stale).append(desk)

    def look_at_first(self, desk: Desk) -> None:
        """The search did not tell the gallery, and more than a write depends on it."""
        self._untold.append(desk)

    # Tasks, in the order of their urgency.

    def next_write(self, now: float) -> Task | None:
        """Whatever rests on a fresh reading, or continues what has begun."""
        while self._later and self._later[0][0] <= now:
            self._stale.append(heapq.heappop(self._later)[2])
        if self._chains:
            return self._chains.popleft()
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
        self.in_air += 1
        at = self._clock()
        return Task(
            read_product(desk.plytix_id, self._label),
            lambda outcome, tries: self._read_one(desk, at, outcome, tries),
        )

    def reread(self, most: int) -> Task | None:
        """Read up to `most` products again, just before their writes."""
        if not self._stale:
            return None
        desks = {
            desk.work.sku: desk
            for desk in (self._stale.popleft() for _ in range(min(most, len(self._stale))))
        }
        now = self._clock()
        # The search has room for more: what was written a while ago is looked at again for nothing.
        before = self.written.take(PAGE_SIZE - len(desks), now)
        return self._reader.read([*desks, *before], partial(self._reread, desks, before, now))

    def _reread(
        self,
        desks: Mapping[str, Desk],
        before: Mapping[str, int],
        at: float,
        found: Mapping[str, PlytixProduct],
    ) -> None:
        for sku, desk in desks.items():
            product = found.get(sku)
            if product is None:
                self.leave_alone(desk, NOT_FOUND)
            else:
                self._see(desk, product, self.tell_gallery(product), at)
        if before:
            self._looked_again(before, at, found)

    def _read_one(self, desk: Desk, at: float, outcome: PlytixProduct | PlytixError, attempts: int) -> None:
        self.in_air -= 1
        match outcome:
            case PlytixProduct() as product:
                if desk.untold_assets:
                    # The truth omits what is empty, or tells it: so will this server's searches.
                    self._omission_is_empty = product.assets is None and not product.gallery
                self._see(desk, product, product.gallery or (), at)
            case RejectedError() as error if error.status == 404:
                self.leave_alone(desk, NOT_FOUND)
            case RejectedError() | RetriableError() as error:
                self._fail_all(desk, Refusal(error.status, error.message, attempts))
            case _:
                pass

    def _see(self, desk: Desk, product: PlytixProduct, gallery: tuple[str, ...] | None, at: float) -> None:
        if desk.was_told and not desk.was_claimed and gallery is not None and gallery != desk.seen.gallery:
            self.written.suspect_others()
        desk.see(product, gallery, at)
        if self._skip_existing_reason and gallery and not desk.is_begun:
            self.leave_alone(desk, self._skip_existing_reason)
        elif not desk.waits_for:
            self.advance(desk)

    # Writing.

    def _may_be_written(self, desk: Desk, now: float) -> bool:
        return desk.only_append or now - desk.seen.at <= FRESH_S

    def _write(self, desk: Desk) -> Task | None:
        decision = desk.decide(only_append=self._only_append)
        match decision:
            case Nothing():
                self._finish(desk, desk.seen.gallery)
                return None
            case Append():
                if not self._may_be_written(desk, self._clock()):
                    self._stale.append(desk)
                    return None
                return self._begin_chain(desk, decision)
            case Replace():
                call = write_product(
                    desk.plytix_id, self._label, gallery=decision.gallery, thumbnail_id=decision.thumbnail
                )
                self.in_air += 1
                return Task(
                    call,
                    lambda outcome, _tries: self._written(desk, decision, outcome),
                    claim=lambda: self._claim(desk),
                    may_leave=lambda now: self._may_be_written(desk, now),
                    withdraw=lambda: self._withdraw(desk),
                    repeatable=False,
                )

    def _claim(self, desk: Desk) -> None:
        if not desk.was_claimed:
            # What stood there before the first write is another hand's: in flight, it would pass for ours.
            self._work.finish_links(desk.work.id, desk.found, made=())
        desk.was_claimed = True
        self._work.claim_product(desk.work.id)

    def _withdraw(self, desk: Desk) -> None:
        self.in_air -= 1
        self._stale.append(desk)

    def _written(self, desk: Desk, decision: Replace, outcome: PlytixProduct | PlytixError) -> None:
        self.in_air -= 1
        match outcome:
            case PlytixProduct() as product:
                self._check_written(desk, decision, product)
            case RateLimitedError() | TokenError():
                (self._ready if self._may_be_written(desk, self._clock()) else self._stale).append(desk)
            case RetriableError() as error:
                self._try_later(desk, error)
            case RejectedError() as error:
                self._write_refused(desk, decision, error)
            case StopError():
                self._release(desk)

    def _release(self, desk: Desk) -> None:
        """The write did not happen. A product that has been given something already stays begun."""
        if not desk.made and not desk.was_begun:
            self._work.release_product(desk.work.id)

    def _check_written(self, desk: Desk, decision: Replace, product: PlytixProduct) -> None:
        """Believe a write only where the answer shows it."""
        shown = product.gallery if decision.gallery is not None else desk.seen.gallery
        if shown is None or (decision.gallery is not None and not _stands_in(decision.gallery, shown)):
            if not self._only_append:
                self._only_append = True
                self._listener.notice(
                    Notice("Plytix does not show what a write did to a gallery: linking pictures one by one.")
                )
            desk.seen = desk.seen.showing(product.gallery or desk.seen.gallery)
            self._chains.append(self._begin_chain(desk, Append(self._missing(desk), decision.thumbnail)))
            return
        if decision.gallery is not None and shown != decision.gallery:
            self.written.suspect_others()
        desk.made.update(asset_id for asset_id in shown if asset_id not in desk.seen.gallery)
        if decision.thumbnail and product.thumbnail_id != decision.thumbnail:
            self._chains.append(self._begin_chain(desk, Append((), decision.thumbnail), by_link=True))
            return
        desk.thumbnail_made = decision.thumbnail is not None
        self._finish(desk, shown)

    def _missing(self, desk: Desk) -> tuple[str, ...]:
        return missing(desk.wanted, desk.seen.gallery)

    def _try_later(self, desk: Desk, error: RetriableError) -> None:
        desk.attempts += 1
        wait_s = self._retry.wait_s(desk.attempts, self._random)
        if wait_s is None:
            self._fail_all(desk, Refusal(error.status, error.message, desk.attempts))
        else:
            heapq.heappush(self._later, (self._clock() + wait_s, next(self._order), desk))

    def _write_refused(self, desk: Desk, decision: Replace, error: RejectedError) -> None:
        """One by one shows which part of a write is refused."""
        if decision.gallery is None:
            self._thumbnail_refused(desk, error)
        else:
            self._chains.append(self._begin_chain(desk, Append(self._missing(desk), decision.thumbnail)))

    # One by one.

    def _begin_chain(self, desk: Desk, decision: Append, *, by_link: bool = False) -> Task:
        desk.only_append = True
        desk.to_append = list(decision.missing)
        desk.thumbnail_left = decision.thumbnail
        desk.thumbnail_by_link = by_link
        return self._chain_step(desk)

    def _chain_step(self, desk: Desk) -> Task:
        self.in_air += 1
        claim = partial(self._claim, desk)
        if desk.to_append:
            asset_id = desk.to_append[0]
            call = link_asset(desk.plytix_id, asset_id, self._label)
            return Task(
                call, lambda outcome, tries: self._linked(desk, asset_id, outcome, tries), claim=claim
            )
        thumbnail = desk.thumbnail_left or ""
        settle = partial(self._thumbnail_set, desk, thumbnail)
        if desk.thumbnail_by_link:
            return Task(link_asset(desk.plytix_id, thumbnail, "thumbnail"), settle, claim=claim)
        write = write_product(desk.plytix_id, self._label, gallery=None, thumbnail_id=thumbnail)
        return Task(write, settle, claim=claim)

    def _go_on(self, desk: Desk) -> None:
        if desk.to_append or desk.thumbnail_left:
            self._chains.append(self._chain_step(desk))
        else:
            self._finish(desk, desk.seen.gallery)

    def _linked(self, desk: Desk, asset_id: str, outcome: Any, attempts: int) -> None:  # noqa: ANN401 - narrowed below
        self.in_air -= 1
        match outcome:
            case LinkResult():
                desk.to_append.pop(0)
                desk.made.add(asset_id)
                desk.seen = desk.seen.showing((*desk.seen.gallery, asset_id))
                self._go_on(desk)
            case RejectedError() as error if error.status == 404:
                self._chains.append(self._ask_what_is_gone(desk, asset_id, error))
            case StopError():
                self._release(desk)
            case PlytixError() as error:
                self._link_failed(desk, asset_id, Refusal(error.status, error.message, attempts))

    def _link_failed(self, desk: Desk, asset_id: str, refusal: Refusal) -> None:
        desk.to_append.pop(0)
        rows = [link for link in desk.open_links if desk.ids.get(link) == asset_id]
        self._work.fail_links(desk.work.id, rows, refusal)
        desk.failed_links.update(rows)
        self.failed += len(rows)
        self._go_on(desk)

    def _ask_what_is_gone(self, desk: Desk, asset_id: str, error: RejectedError) -> Task:
        """A link's 404 can mean the asset or the product."""
        self.in_air += 1
        return Task(
            read_asset(asset_id), lambda outcome, tries: self._gone(desk, asset_id, error, outcome, tries)
        )

    def _gone(
        self,
        desk: Desk,
        asset_id: str,
        error: RejectedError,
        outcome: PlytixAsset | PlytixError,
        attempts: int,
    ) -> None:
        self.in_air -= 1
        rows = [row for row, plytix_id in desk.ids.items() if plytix_id == asset_id]
        match outcome:
            case PlytixAsset():
                self.leave_alone(desk, NOT_FOUND)
            case RejectedError() as refused if refused.status == 404 and not desk.lost.intersection(rows):
                desk.to_append.clear()
                desk.only_append = False
                for row in rows:
                    desk.lost.add(row)
                    self._picture_lost(desk, row)
            case StopError():
                self._release(desk)
            case _ if desk.to_append:
                self._link_failed(desk, asset_id, Refusal(error.status, error.message, attempts))
            case _:
                self._thumbnail_failed(desk, Refusal(error.status, error.message, attempts))

    def _thumbnail_set(self, desk: Desk, thumbnail: str, outcome: Any, attempts: int) -> None:  # noqa: ANN401
        self.in_air -= 1
        match outcome:
            case PlytixProduct() as product if (
                product.thumbnail_id != thumbnail and not desk.thumbnail_by_link
            ):
                desk.thumbnail_by_link = True
                self._go_on(desk)
            case PlytixProduct() | LinkResult():
                desk.thumbnail_left = None
                desk.thumbnail_made = True
                self._go_on(desk)
            case StopError():
                self._release(desk)
            case RejectedError() as error:
                self._thumbnail_refused(desk, error, attempts)
            case PlytixError() as error:
                self._thumbnail_failed(desk, Refusal(error.status, error.message, attempts))

    def _thumbnail_refused(self, desk: Desk, error: RejectedError, attempts: int = 1) -> None:
        asset_id = desk.thumbnail
        if error.status == 404 and asset_id is not None:
            self._chains.append(self._ask_what_is_gone(desk, asset_id, error))
        else:
            self._thumbnail_failed(desk, Refusal(error.status, error.message, attempts))

    def _thumbnail_failed(self, desk: Desk, refusal: Refusal) -> None:
        desk.thumbnail_left = None
        desk.thumbnail_failed = refusal
        self._go_on(desk)

    # The end of a product.

    def leave_alone(self, desk: Desk, reason: str) -> None:
        """Nothing is written to it, and why."""
        self._work.skip_product(desk.work.id, reason)
        self._finished(desk)

    def _fail_all(self, desk: Desk, refusal: Refusal) -> None:
        self.failed += len(desk.open_links)
        self._work.fail_links(desk.work.id, desk.open_links, refusal)
        self._work.fail_thumbnail(desk.work.id, refusal)
        self._finished(desk)

    def _finish(self, desk: Desk, gallery: tuple[str, ...]) -> None:
        """Write down what stands in the gallery, and what cannot."""
        if desk.was_claimed:
            self.written.note(desk.work.id, desk.work.sku, self._clock())
        placed = desk.placed(gallery)
        made = {row for row in placed if desk.ids[row] in desk.made}
        self._work.finish_links(desk.work.id, placed, made)
        left_out = [row for row in desk.open_links if row not in placed and row not in desk.failed_links]
        without_picture = [row for row in left_out if row in desk.failed]
        no_room = [row for row in left_out if row not in desk.failed]
        self._work.fail_links(desk.work.id, without_picture, _no_picture())
        self._work.fail_links(desk.work.id, no_room, _FULL)
        self.failed += len(left_out)
        self._finish_thumbnail(desk)
        self._finished(desk)

    def _finish_thumbnail(self, desk: Desk) -> None:
        if not desk.has_open_thumbnail:
            return
        if desk.thumbnail_failed:
            self._work.fail_thumbnail(desk.work.id, desk.thumbnail_failed)
        elif desk.thumbnail is None:
            self._work.fail_thumbnail(desk.work.id, _no_picture())
        else:
            self._work.finish_thumbnail(desk.work.id, Origin.MADE if desk.thumbnail_made else Origin.FOUND)


def _no_picture() -> Refusal:
    return Refusal(None, "its picture could not be put into Plytix", 0)


def _stands_in(wanted: tuple[str, ...], shown: tuple[str, ...]) -> bool:
    """All of `wanted` is there, in that order; another hand may have added to it meanwhile."""
    left = iter(shown)
    return all(asset_id in left for asset_id in wanted)

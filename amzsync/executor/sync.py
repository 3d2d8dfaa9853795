"""The sync of one ledger: which request is the best one to send next.

Products are taken in windows of 100, their pictures settled in bulk, and each product written once. What
rests on a fresh reading goes first; then the pictures, so that they are on their way while the rest is read.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from amzsync.errors import StopError
from amzsync.executor.desk import Desk
from amzsync.executor.events import Listener, Notice, Progress, Traffic
from amzsync.executor.freshness import WINDOW_S, BatchSize, Instant, Reading
from amzsync.executor.outcomes import Outcomes
from amzsync.executor.pictures import Pictures
from amzsync.executor.reading import BulkReader, GalleryCheck
from amzsync.executor.slots import Slots
from amzsync.executor.task import Task
from amzsync.executor.writing import Writer
from amzsync.executor.written import LOOK_AFTER_S
from amzsync.ledger.queries import Outstanding
from amzsync.ledger.rows import Asset, Origin, State
from amzsync.ledger.work import NOT_FOUND, Work
from amzsync.plytix.client import PAGE_SIZE, search_assets
from amzsync.plytix.wire import Call, PlytixProduct

__all__ = ["Sync", "SyncOptions"]

_UPLOADS_AHEAD = 50
_MOST_AT_HAND = 1000
_READS_IN_AIR = 3
_LAST_STRETCH = 5
_WORTH_A_PART = 4


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """`skip_existing_reason`: leave alone a product whose gallery holds images, for this reason."""

    gallery_label: str
    gallery_is_known: bool = False
    skip_existing_reason: str | None = None


class Sync:
    """A `Source`: everything that is pending in a ledger."""

    def __init__(
        self,
        work: Work,
        outstanding: Outstanding,
        options: SyncOptions,
        slots: Slots,
        listener: Listener,
        *,
        gallery_passed: Callable[[], None],
        has_neighbours: Callable[[], bool],
        clock: Callable[[], float],
        clocks: Callable[[], Instant],
    ) -> None:
        self._work = work
        self._outstanding = outstanding
        self._options = options
        self._slots = slots
        self._listener = listener
        self._has_neighbours = has_neighbours
        self._has_said_why = False
        self._clock = clock
        self._after_id = 0
        self._is_exhausted = False
        self._desks: dict[int, Desk] = {}
        self._waiting: dict[int, list[Desk]] = {}
        self._products_done = 0
        self._check = GalleryCheck(
            options.gallery_label, is_known=options.gallery_is_known, passed=gallery_passed
        )
        self._batch = BatchSize()
        self._reader = BulkReader(options.gallery_label, clocks)
        self._pictures = Pictures(work, self._picture_settled)
        self._outcomes = Outcomes(work, clock, self._product_finished)
        self._writer = Writer(
            self._outcomes,
            self._reader,
            listener,
            label=options.gallery_label,
            skip_existing_reason=options.skip_existing_reason,
            clock=clock,
            clocks=clocks,
            batch=self._batch,
            picture_lost=self._picture_lost,
            looked_again=self._looked_again,
        )

    @property
    def fault(self) -> StopError | None:
        return self._check.fault or self._reader.fault or self._pictures.fault

    def health_check(self) -> Call[Any]:
        return search_assets(["amzsync"])

    def wakes_at(self) -> float | None:
        later = self._writer.wakes_at()
        return self._looks_again_at() if later is None else later

    def next_task(self, now: float) -> Task | None:
        if not self._check.is_done:
            return self._check.task()
        return (
            self._writer.next_write(now)
            or self._reader.next_page()
            or self._writer.read_one()
            or self._last_upload()
            or self._reread(full=True)
            or self._read_ahead()
            or self._upload()
            or self._reread(full=False)
            or self._look_again()
        )

    def _last_upload(self) -> Task | None:
        """Near the end uploads go before the writes, which then fill the time until the last is answered."""
        pictures = self._pictures
        nothing_follows = self._is_exhausted and not (
            pictures.unasked or pictures.asking or self._reader.in_air
        )
        if nothing_follows and pictures.absent <= _LAST_STRETCH * pictures.uploading:
            return self._upload()
        return None

    def _upload(self) -> Task | None:
        """Uploads leave room in the window for the writes that follow a reading at once."""
        expected = self._writer.expected
        if expected and self._slots.room_within(WINDOW_S) <= expected:
            return None
        return self._pictures.upload()

    def _reread(self, *, full: bool) -> Task | None:
        """A full batch at once; a part of one when there is nothing else to send."""
        size = self._batch.now(self._slots.limits)
        is_filling = (
            self._pictures.uploading or self._pictures.asking or self._reader.in_air or self._writer.in_air
        )
        enough = size if full else math.ceil(size / _WORTH_A_PART) if is_filling else 1
        if self._writer.stale < enough:
            return None
        if full and self._slots.time_for_s(size + 1) > WINDOW_S:
            # The window is nearly used up: uploads take what is left of it, for they can wait for the next.
            return None
        return self._writer.reread(size)

    def _read_ahead(self) -> Task | None:
        """Keep enough pictures known to be absent that uploading never has to wait."""
        if self._pictures.absent >= _UPLOADS_AHEAD:
            return None
        has_room = len(self._desks) < _MOST_AT_HAND and self._reader.in_air < _READS_IN_AIR
        if not self._is_exhausted and self._pictures.unasked < PAGE_SIZE and has_room:
            task = self._read_window()
            if task:
                return task
        nothing_comes = not self._reader.in_air and (self._is_exhausted or len(self._desks) >= _MOST_AT_HAND)
        return self._pictures.look_up(also_few=nothing_comes)

    def _read_window(self) -> Task | None:
        products = self._work.next_products(self._after_id, PAGE_SIZE)
        self._is_exhausted = len(products) < PAGE_SIZE
        if not products:
            return None
        self._after_id = products[-1].id
        desks = [Desk(product) for product in products]
        self._desks.update((desk.work.id, desk) for desk in desks)
        return self._reader.read([desk.work.sku for desk in desks], partial(self._window_read, desks))

    def _window_read(self, desks: list[Desk], found: Mapping[str, PlytixProduct], reading: Reading) -> None:
        self._work.resolve(
            {desk.work.id: found[desk.work.sku].id for desk in desks if desk.work.sku in found}
        )
        taken = []
        for desk in desks:
            product = found.get(desk.work.sku)
            if product is None:
                self._outcomes.leave_alone(desk, NOT_FOUND)
                continue
            desk.see(product, self._writer.tell_gallery(product), reading)
            if self._options.skip_existing_reason and desk.untold:
                self._writer.look_at_first(desk)
            elif self._options.skip_existing_reason and desk.seen.gallery and not desk.was_begun:
                self._outcomes.leave_alone(desk, self._options.skip_existing_reason)
                continue
            taken.append(desk)
        self._want_pictures(taken)

    def _want_pictures(self, desks: list[Desk]) -> None:
        assets = self._work.assets({link.asset_id for desk in desks for link in desk.work.links})
        for desk in desks:
            open_links = set(desk.open_links)
            if desk.work.thumbnail and desk.has_open_thumbnail:
                open_links.add(desk.work.thumbnail.asset_id)
            for link in desk.work.links:
                self._want_picture(desk, assets[link.asset_id], is_open=link.asset_id in open_links)
            if not desk.waits_for and not (self._options.skip_existing_reason and desk.untold):
                self._writer.advance(desk)

    def _want_picture(self, desk: Desk, asset: Asset, *, is_open: bool) -> None:
        if asset.plytix_id is not None and not asset.state.is_open:
            desk.ids[asset.id] = asset.plytix_id
        elif asset.state is State.FAILED:
            desk.failed.add(asset.id)
        elif asset.state.is_open and is_open:
            desk.waits_for.add(asset.id)
            self._waiting.setdefault(asset.id, []).append(desk)
            self._pictures.want(asset, desk.work.id)

    def _picture_settled(self, asset_id: int, plytix_id: str | None) -> None:
        for desk in self._waiting.pop(asset_id, ()):
            desk.waits_for.discard(asset_id)
            if plytix_id is None:
                desk.failed.add(asset_id)
            else:
                desk.ids[asset_id] = plytix_id
            if not desk.waits_for and desk.work.id in self._desks:
                self._writer.advance(desk)

    def _picture_lost(self, desk: Desk, asset_id: int) -> None:
        """Bring it again, once: another product that shares it may have found out before."""
        gone = desk.ids.pop(asset_id, None)
        asset = self._work.assets([asset_id])[asset_id]
        if asset.state is State.DONE and asset.plytix_id == gone:
            self._work.lose_asset(asset_id)
            asset = self._work.assets([asset_id])[asset_id]
        self._want_picture(desk, asset, is_open=True)
        if not desk.waits_for:
            self._writer.advance(desk)

    def _look_again(self) -> Task | None:
        """Where others are at work too, see at the end whether what was written still stands."""
        written = self._outcomes.written
        if self._slots.was_refused:
            written.suspect_others()
        if not self._is_end or self._reader.in_air >= _READS_IN_AIR:
            return None
        # A neighbour does as we do, so it is known how long its write may still come; of others nothing is.
        due_at = written.due_at() if self._has_neighbours() else None
        now = self._clock()
        is_due = written.others_at_work if due_at is None else now >= due_at
        skus = written.take(PAGE_SIZE) if is_due else {}
        return self._reader.read(list(skus), partial(self._looked_again, skus)) if skus else None

    @property
    def _is_end(self) -> bool:
        return self._is_exhausted and not self._desks

    def _looks_again_at(self) -> float | None:
        """Beside a neighbour the end waits until all that was written can be looked at for good."""
        due_at = self._outcomes.written.due_at() if self._is_end and self._has_neighbours() else None
        if due_at is not None and not self._has_said_why:
            self._has_said_why = True
            self._listener.notice(
                Notice(
                    "Another amzsync has been at work here: a last look at what was written,"
                    f" in {LOOK_AFTER_S:g} s."
                )
            )
        return due_at

    def _looked_again(
        self, skus: Mapping[str, int], found: Mapping[str, PlytixProduct], reading: Reading
    ) -> None:
        for sku, product_id in skus.items():
            product = found.get(sku)
            if product is not None and product.gallery is not None and product_id not in self._desks:
                self._restore(product_id, product, product.gallery, reading)

    def _restore(
        self, product_id: int, product: PlytixProduct, gallery: tuple[str, ...], reading: Reading
    ) -> None:
        """Whoever wrote over ours did not know of it: append, so that nothing of theirs is lost in turn."""
        work = self._work.product(product_id)
        made = [
            link.asset_id for link in work.links if link.state is State.DONE and link.origin is Origin.MADE
        ]
        assets = self._work.assets(made)
        gone = [row for row in made if assets[row].plytix_id not in gallery]
        if gone:
            self._outcomes.written.suspect_others()
            self._work.reopen_product(product_id, gone, thumbnail=False)
            desk = Desk(self._work.product(product_id), only_append=True)
            desk.see(product, gallery, reading)
            self._desks[product_id] = desk
            self._want_pictures([desk])

    def _product_finished(self, desk: Desk) -> None:
        if self._desks.pop(desk.work.id, None):
            self._products_done += 1

    def tick(self, traffic: Traffic) -> None:
        pictures = self._pictures
        settled = pictures.uploaded + pictures.found + pictures.failed
        self._listener.progress(
            Progress(
                requests=traffic.requests,
                assets_done=settled,
                assets_total=max(self._outstanding.assets, settled),
                products_done=self._products_done,
                products_total=max(self._outstanding.products, self._products_done),
                failures=pictures.failed + self._outcomes.failed,
                in_air=traffic.in_air,
                rate_per_s=traffic.rate_per_s,
                quota=self._slots.used(),
                waiting=traffic.waiting,
                left_s=self._left_s(),
                retrying=traffic.retrying,
                last_failure=traffic.last_failure,
            )
        )

    def _left_s(self) -> float:
        """Seconds for what is left, were the rest like what has been settled so far."""
        pictures = self._pictures
        looked_up = (
            pictures.uploaded + pictures.failed + pictures.absent + pictures.uploading + pictures.found
        )
        absent_share = 1.0 if not looked_up else 1 - pictures.found / looked_up
        unknown = max(0, self._outstanding.assets - looked_up)
        products = max(0, self._outstanding.products - self._products_done)
        uploads = pictures.absent + pictures.uploading + unknown * absent_share
        reads = unknown / PAGE_SIZE + products / self._batch.now(self._slots.limits) * bool(uploads)
        return self._slots.time_for_s(round(uploads + reads + products))

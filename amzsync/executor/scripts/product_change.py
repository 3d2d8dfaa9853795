"""Brings one product to a target: read in bulk just before, written, checked, recorded.

Another run may have died in the middle of it: what is done already is seen, and not done again.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from amzsync.domain.written import is_subsequence
from amzsync.errors import NotSentError, PlytixError, RejectedError, RetriableError, StopError
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.engine.retries import Attempts
from amzsync.executor.scheduler.script import Find, Script, Send, Turn
from amzsync.executor.scheduler.stop_errors import reading_failed
from amzsync.executor.scripts.context import RemovalContext
from amzsync.executor.scripts.product import ProductState
from amzsync.executor.scripts.removal_plan import OneByOne, Target, Whole, plan_change
from amzsync.ledger.reasons import NOT_FOUND, NOT_IN_FAMILY, PUT_LAST, STANDS_ELSEWHERE
from amzsync.ledger.rows import Kept
from amzsync.ledger.writes import Standing
from amzsync.plytix.client import link_asset, read_product, restore_product, unlink_asset
from amzsync.plytix.wire import Call, PlytixProduct

__all__ = ["ProductChange"]

_MAX_LATE_WRITES = 3


class ProductChange:
    """The change of one product. `kept` is what is left as it is; `thumbnail` what was set.

    `is_unsure`: a write was not answered, so it is not known what stands. `has_failed`: the product is not
    what it was to become, and no part of that counts.
    """

    def __init__(self, product_id: int, context: RemovalContext) -> None:
        self._context = context
        self._work = context.record.work
        product = self._work.product(product_id)
        assets = self._work.assets([link.asset_id for link in product.links])
        ids = {asset.id: asset.plytix_id for asset in assets.values() if asset.plytix_id}
        self.state = ProductState(product, ids)
        self.kept: list[Kept] = []
        self.thumbnail: tuple[str, ...] | None = None
        self.is_unsure = self.has_failed = False
        self._urls = {asset.plytix_id: asset.url for asset in assets.values() if asset.plytix_id}
        self._attempts = Attempts()
        self._late_writes = 0
        self._one_by_one = context.traits.links_one_by_one

    def keep(self, reason: str, asset_id: str = "") -> None:
        """Something is left as it is; the first reason for it counts."""
        url = self._urls.get(asset_id, "")
        if not url or all(one.url != url for one in self.kept):
            self.kept.append(Kept(self.state.product.sku, reason, url))

    @property
    def standing(self) -> Standing:
        """What is known to stand."""
        now = self.state.standing_now
        if self.thumbnail is None:
            return now
        return Standing(now.gallery, self.thumbnail[0] if self.thumbnail else None)

    def bring(self, choose: Callable[[ProductState], Target]) -> Script[None]:
        """Write until what `choose` makes of each reading stands, or cannot."""
        try:
            wait_s: float | None = 0.0
            while wait_s is not None:
                yield from self._read(wait_s)
                if self.state.seen is None:
                    self.keep(NOT_FOUND)
                    return
                if self.state.gallery is None:
                    self.keep(NOT_IN_FAMILY)
                    return
                yield Turn()
                self.kept.clear()
                wait_s = yield from self._write(choose(self.state))
        except StopError:
            raise
        except PlytixError as error:
            self.is_unsure |= isinstance(error, RetriableError)
            self.has_failed = True
            self.keep(error.message)

    # Reading.

    def _read(self, after_s: float) -> Script[None]:
        sku = self.state.product.sku
        traits = self._context.traits
        after_s = max(after_s, traits.settles_in_s())
        found = yield Find(self._context.products, (sku,), fresh=True, after_s=after_s)
        seen: PlytixProduct | None = found.values.get(sku)
        traits.note_searched(seen)
        if seen is None:
            self.state.known = None
            return
        is_first = self.state.seen is None
        if is_first:
            self._work.resolve({self.state.product.id: seen.id})
            self.state.product = self._work.product(self.state.product.id)
        gallery = None if traits.reads_alone else traits.gallery_of(seen)
        self.state.see(seen, gallery, found.reading)
        if self.state.gallery is None or not (self.state.is_ours or self._context.products.shows_all_media):
            yield from self._read_whole()
        if is_first and self.state.seen is not None and self.state.gallery is not None:
            self._settle_earlier()

    def _settle_earlier(self) -> None:
        """What became of writes that an earlier run has sent, and did not live to see answered."""
        state = self.state
        product_id = state.product.id
        self._work.settle_writes(product_id, self.standing, but_own=True)
        self._context.record.record_reading(state, as_left=state.is_ours)
        state.product = self._work.product(product_id)

    def _read_whole(self) -> Script[None]:
        """The product by itself: the search did not tell its gallery, or not where its pictures stand."""
        search = self.state.seen
        try:
            sent = yield Send(read_product(self.state.plytix_id, self._context.gallery_label))
        except RejectedError as error:
            if error.status != 404:
                raise reading_failed(error) from None
            self.state.known = None
            return
        except PlytixError as error:
            raise reading_failed(error) from None
        self._context.traits.compare(search, sent.value)
        self.state.see(sent.value, sent.value.gallery, sent.reading)

    # Writing.

    def _write(self, target: Target) -> Script[float | None]:
        """What is due now; how long to wait before the product is read again, None when it is finished."""
        try:
            match self._way(target):
                case None:
                    return None
                case Whole() as way:
                    return (yield from self._write_whole(way))
                case OneByOne() as way:
                    yield from self._write_one_by_one(way, target)
                    # Once all others are gone, what could not be unlinked can be written away.
                    return 0.0 if way.stuck and self.state.is_ours and not self._one_by_one else None
        except NotSentError:
            reading = self.state.reading
            self._late_writes += reading is None or reading.batch <= 1 or reading.was_late
            self._one_by_one |= self._late_writes > _MAX_LATE_WRITES
            return 0.0

    def _way(self, target: Target) -> Whole | OneByOne | None:
        seen = self.state.seen
        stays = target.thumbnail is None and seen is not None and seen.thumbnail_id is not None
        elsewhere = set(seen.elsewhere) if seen else set()
        if stays and seen and seen.thumbnail_id:
            elsewhere.add(seen.thumbnail_id)
        elsewhere.update(target.thumbnail or ())
        return plan_change(
            self.state.gallery or (),
            target,
            is_ours=self.state.is_ours and not self._one_by_one,
            elsewhere=elsewhere,
            replaces=not self._one_by_one and self._work.replaces_galleries(),
        )

    @property
    def _rests_on(self) -> Reading | None:
        return None if self._one_by_one else self.state.reading

    def _claim(self, gallery: Sequence[str] | None, thumbnail: Sequence[str] | None) -> None:
        product_id = self.state.product.id
        self._work.claim_task(product_id)
        self._work.settle_writes(product_id, self.standing, but_own=True)
        self._work.claim_write(product_id, self.standing, gallery, thumbnail)
        going = () if gallery is None else set(self.state.gallery or ()).difference(gallery)
        rows = [row for one in going for row in self.state.rows_of(one)]
        wanted = self.state.product.thumbnail
        is_taken = thumbnail is not None and wanted and self.state.ids.get(wanted.asset_id) not in thumbnail
        self._work.claim_removal(product_id, rows, thumbnail=bool(is_taken))

    def _write_whole(self, way: Whole) -> Script[float | None]:
        before = self.state.gallery or ()
        call = restore_product(
            self.state.plytix_id,
            self._context.gallery_label,
            gallery=way.gallery,
            thumbnail=way.thumbnail,
        )
        claim = partial(self._claim, way.gallery, way.thumbnail)
        try:
            sent = yield Send(call, claim, self._rests_on, self._attempts)
        except RetriableError:
            if self._attempts.wait_s is None:
                raise
            return self._attempts.wait_s
        except RejectedError:
            if way.gallery is None:
                raise
            # One by one shows which part of it is refused.
            self._one_by_one = True
            return 0.0
        product: PlytixProduct = sent.value
        if way.thumbnail is not None:
            self._check_thumbnail(product, way.thumbnail)
        if way.gallery is None:
            return None
        # An answer that tells nothing may mean a gallery that is empty by now.
        shown = product.gallery if way.gallery else product.told_gallery
        if shown is None:
            yield from self._read_whole()
            if self.state.seen is None:
                return 0.0
            shown = self.state.gallery or ()
        return self._check_gallery(before, way.gallery, shown)

    def _check_thumbnail(self, product: PlytixProduct, written: tuple[str, ...]) -> None:
        if (product.thumbnail_id or "") == "".join(written):
            self.thumbnail = written
        else:
            self.keep("Plytix did not show the thumbnail that was set")

    def _check_gallery(
        self, before: tuple[str, ...], written: tuple[str, ...], shown: tuple[str, ...]
    ) -> float | None:
        """The answer must show what was written; some accounts may not replace a gallery."""
        not_taken_out = set(before).difference(written).intersection(shown)
        if not_taken_out or not set(written).issubset(shown):
            self._one_by_one = True
            return 0.0
        if not is_subsequence(written, shown):
            self.keep(PUT_LAST)
        self._work.note_replaced(before, written, shown)
        self.state.gallery = shown
        return None

    def _write_one_by_one(self, way: OneByOne, target: Target) -> Script[None]:
        state, work, rests_on = self.state, self._work, self._rests_on
        if way.thumbnail is not None:
            yield from self._set_thumbnail(way.thumbnail, rests_on)
            rests_on = None
        for asset_id in way.stuck:
            self.keep(STANDS_ELSEWHERE, asset_id)
        if way.is_moved:
            self.keep(PUT_LAST)
        label = self._context.gallery_label
        staying, coming = {*target.gallery, *way.stuck}, list(way.links)
        for asset_id in (*way.unlinks, *way.links):
            is_link = asset_id in way.links
            call: Call[Any] = (
                link_asset(state.plytix_id, asset_id, label)
                if is_link
                else unlink_asset(state.plytix_id, asset_id)
            )
            gallery = state.gallery or ()
            goal = (*(one for one in gallery if one in staying), *coming)
            if is_link:
                coming.remove(asset_id)
            if (yield from self._send_single(call, goal, rests_on, asset_id)):
                others = tuple(one for one in gallery if one != asset_id)
                state.gallery, rests_on = (*others, asset_id) if is_link else others, None
                # Should the run die before the next one, nobody takes it for what still stands.
                work.record_reading(state.product.id, state.standing(state.gallery), as_left=state.is_ours)
            else:
                staying.add(asset_id)

    def _send_single(
        self, call: Call[Any], goal: Sequence[str], rests_on: Reading | None, asset_id: str
    ) -> Script[bool]:
        """Whether a link or an unlink was made; `goal` is what the gallery is to hold in the end."""
        try:
            yield Send(call, partial(self._claim, goal, None), rests_on)
        except (StopError, NotSentError):
            raise
        except PlytixError as error:
            self.is_unsure |= isinstance(error, RetriableError)
            self.keep(error.message, asset_id)
            return False
        return True

    def _set_thumbnail(self, thumbnail: tuple[str, ...], rests_on: Reading | None) -> Script[None]:
        call = restore_product(
            self.state.plytix_id, self._context.gallery_label, gallery=None, thumbnail=thumbnail
        )
        try:
            yield Send(call, partial(self._claim, None, thumbnail), rests_on)
        except RejectedError as error:
            self.keep(error.message)
        else:
            self.thumbnail = thumbnail

"""The sync of one product, from top to bottom: read it, upload its pictures, write what it lacks.

A write that replaces rests on a reading of a few seconds at most; an older one is read again first. After a
failure it is not known whether the write arrived, so the product is read again before the next try.
"""

from functools import partial
from typing import Any

from amzsync.errors import NotSentError, PlytixError, RejectedError, RetriableError, StopError
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.engine.retries import Attempts
from amzsync.executor.scheduler.script import Script, Send, Turn
from amzsync.executor.scripts.context import SyncContext
from amzsync.executor.scripts.decide import Append, Nothing, Replace
from amzsync.executor.scripts.look import look_at
from amzsync.executor.scripts.product import ProductState
from amzsync.executor.scripts.product_reader import OutsideFamilyError, ProductReader, SkipProductError
from amzsync.executor.scripts.record import refusal_of
from amzsync.ledger.reasons import NOT_IN_ORDER
from amzsync.ledger.rows import Origin, ProductWork
from amzsync.ledger.work_rows import Refusal
from amzsync.plytix.client import link_asset, write_product
from amzsync.plytix.wire import Call, LinkResult, PlytixProduct

__all__ = ["ProductSync", "sync_product"]

_NOT_IN_ORDER = Refusal(None, NOT_IN_ORDER, 0)
_MAX_LATE_WRITES = 3
_ORDER_WAITS_S = (5.0, 20.0, 60.0, 60.0)
"""Before each further try to write an order for which all readings came too late."""


def sync_product(product: ProductWork, context: SyncContext) -> Script[None]:
    """Bring one product to what the ledger wants of it."""
    sync = ProductSync(ProductState(product), context)
    yield from sync.guarded(sync.from_the_start())


class ProductSync(ProductReader):
    """The steps of one product's sync: each a script, or a part of one."""

    def __init__(self, state: ProductState, context: SyncContext) -> None:
        super().__init__(state, context)
        self._attempts = Attempts()
        self._late_writes = 0
        self._gallery_was_doubted = False
        self._conflicts: set[str] = set()
        self._order_refusal = _NOT_IN_ORDER
        self._removes = self._record.work.removes_of(state.product.id)

    def guarded(self, script: Script[None]) -> Script[None]:
        """Run the script, and record in the ledger how it ended."""
        state = self._state
        try:
            yield from script
        except SkipProductError as skipped:
            self._record.skip(state, str(skipped))
        except OutsideFamilyError:
            self._record.skip_outside_family(state)
        except StopError:
            self._record.release(state)
            raise
        except PlytixError as error:
            self._record.fail(state, refusal_of(error))
        else:
            self._record.finish(state, self._order_refusal)
            if state.was_claimed:
                self._context.recheck.note(state.product.id, state.product.sku)

    def from_the_start(self) -> Script[None]:
        yield from self._read()
        if self._skips_existing and self._state.gallery is None:
            yield from self._read_product()
        yield from self.from_a_reading()

    def from_a_reading(self) -> Script[None]:
        state = self._state
        yield from self._ensure_assets(state.open_assets)
        if state.gallery is not None:
            state.take_in()
        yield from self._write_until_done()
        for wait_s in _ORDER_WAITS_S:
            if not state.only_append or self._gallery_was_doubted or not state.misplaced:
                return
            # What was linked stands behind the others: a reading in time puts it where it belongs.
            state.only_append, self._late_writes = False, 0
            yield from self._read(fresh=True, after_s=wait_s)
            yield from self._write_until_done()

    def _write_until_done(self) -> Script[None]:
        while not (yield from self._write()) or (yield from self._bring_what_others_lost()):
            pass

    def _write(self) -> Script[bool]:
        """Whether the product is finished; if not, it is to be decided anew."""
        if self._state.gallery is None:
            yield from self._read_product()
        yield Turn()
        try:
            only_append = self._context.traits.links_one_by_one
            match self._state.decide(only_append=only_append, removes=self._removes):
                case Nothing():
                    return True
                case Append() as decision:
                    return (yield from self._append(decision, rests_on=self._rests_on))
                case Replace() as decision:
                    return (yield from self._replace(decision))
        except NotSentError as error:
            self._record.not_done(self._state, attempts=error.attempts)
            yield from self._read_again()
            return False

    @property
    def _rests_on(self) -> Reading | None:
        """The reading that a write must not outlive; a single link replaces nothing."""
        return None if self._state.only_append else self._state.reading

    def _read_again(self) -> Script[None]:
        """The last reading became too old for a write. After several times link, which needs no reading."""
        reading = self._state.reading
        # Where only the batch was too large, the next one is smaller: that says nothing of this product.
        self._late_writes += reading is None or reading.batch <= 1 or reading.was_late
        self._state.only_append |= self._late_writes > _MAX_LATE_WRITES
        yield from self._read(fresh=True)

    # Writing.

    def _replace(self, decision: Replace) -> Script[bool]:
        """One write of the whole gallery, or of the thumbnail alone; the answer must show it."""
        state, context = self._state, self._context
        call = write_product(
            state.plytix_id,
            context.gallery_label,
            gallery=decision.gallery,
            thumbnail_id=decision.thumbnail,
        )
        try:
            claim = partial(self._record.claim, state, decision, decision.places)
            sent = yield Send(call, claim, self._rests_on, self._attempts)
        except RetriableError:
            state.note_made(decision.gallery or ())
            if self._attempts.wait_s is None:
                raise
            # A search that is behind would show what stood before it.
            yield from self._read(fresh=True, after_s=max(self._attempts.wait_s, context.traits.search_lag_s))
            return False
        except RejectedError as error:
            if decision.gallery is not None:
                # What the attempts before may have linked was noted as each of them failed.
                self._record.not_done(state, attempts=0)
            return (yield from self._replace_refused(decision, error))
        answer: PlytixProduct = sent.value
        self._order_refusal = _NOT_IN_ORDER
        if decision.gallery is not None:
            before = state.gallery or ()
            answer = yield from self._as_it_stands(decision.gallery, answer, sent.attempts)
            self._record.work.note_replaced(before, decision.gallery, state.gallery or ())
            if not context.traits.shows(decision.gallery, state.gallery):
                return (yield from self._append(Append(state.missing, decision.thumbnail)))
            if state.gallery != decision.gallery:
                context.recheck.suspect_others()
            yield from look_at(state.product.sku, context)
        if decision.thumbnail is None:
            return True
        if answer.thumbnail_id != decision.thumbnail:
            return (yield from self._set_thumbnail(decision.thumbnail, by_link=True))
        state.thumbnail_result = Origin.MADE
        return True

    def _replace_refused(self, decision: Replace, error: RejectedError) -> Script[bool]:
        """Linking one by one shows which part of the write is refused."""
        if decision.gallery is None:
            return (yield from self._explain_thumbnail(error))
        if (yield from self._may_lack_the_gallery(error)):
            return False
        self._order_refusal = refusal_of(error)
        return (yield from self._append(Append(self._state.missing, decision.thumbnail)))

    def _as_it_stands(
        self, written: tuple[str, ...], answer: PlytixProduct, attempts: int
    ) -> Script[PlytixProduct]:
        """The product after the write of its gallery; it is read where the answer does not show it."""
        state = self._state
        state.note_made(written)
        before = state.gallery or ()
        if answer.gallery is None:
            answer = yield from self._read_back()
        state.gallery = answer.gallery
        if attempts == 1:
            self._record.not_put(state, [one for one in written if one not in (answer.gallery or ())])
        if state.gallery == (*before, *(asset_id for asset_id in written if asset_id not in before)):
            # Written or appended: this is where the write has left them.
            state.written = {asset_id: place for place, asset_id in enumerate(state.gallery, 1)}
        state.last_write = None
        return answer

    def _append(self, decision: Append, rests_on: Reading | None = None) -> Script[bool]:
        """Link the missing pictures one after the other, then set the thumbnail."""
        for asset_id in decision.missing:
            if not (yield from self._link(asset_id, rests_on)):
                return False
            rests_on = None
        if decision.thumbnail:
            return (yield from self._set_thumbnail(decision.thumbnail))
        return True

    def _link(self, asset_id: str, rests_on: Reading | None) -> Script[bool]:
        """Link one picture; False where the product is to be decided anew."""
        state = self._state
        call = link_asset(state.plytix_id, asset_id, self._context.gallery_label)
        target = Replace((*(state.gallery or ()), asset_id), None)
        claim = partial(self._record.claim, state, target, state.places_after(asset_id), asset_id)
        try:
            sent = yield Send(call, claim=claim, rests_on=rests_on)
        except (StopError, NotSentError):
            raise
        except PlytixError as error:
            if error.status == 404 and (yield from self._is_gone(asset_id)):
                return False
            if (yield from self._may_lack_the_gallery(error)):
                return False
            if isinstance(error, RetriableError):
                state.made.add(asset_id)
            self._record.fail_link(state, asset_id, refusal_of(error))
            return True
        if sent.value is LinkResult.ALREADY_LINKED and sent.attempts == 1:
            self._record.note_there(state, asset_id)
            if asset_id not in self._conflicts:
                # What was read of the gallery is no longer true.
                self._conflicts.add(asset_id)
                yield from self._read_back()
                return False
        else:
            state.made.add(asset_id)
        state.last_write = None
        state.gallery = (*(state.gallery or ()), asset_id)
        return True

    def _set_thumbnail(self, asset_id: str, *, by_link: bool = False) -> Script[bool]:
        """Set the thumbnail by itself; by a link where the answer to a write did not show it."""
        state = self._state
        if by_link:
            call: Call[Any] = link_asset(state.plytix_id, asset_id, "thumbnail")
        else:
            label = self._context.gallery_label
            call = write_product(state.plytix_id, label, gallery=None, thumbnail_id=asset_id)
        try:
            target = Replace(None, asset_id)
            sent = yield Send(call, claim=partial(self._record.claim, state, target))
        except RejectedError as error:
            return (yield from self._explain_thumbnail(error))
        except RetriableError as error:
            state.thumbnail_result = refusal_of(error)
            return True
        if not by_link and sent.value.thumbnail_id != asset_id:
            return (yield from self._set_thumbnail(asset_id, by_link=True))
        state.thumbnail_result = Origin.MADE
        return True

    def _replace_lost_asset(self, asset_id: str) -> Script[None]:
        # A write that was refused for its sake says nothing of the order that is written next.
        self._order_refusal = _NOT_IN_ORDER
        yield from super()._replace_lost_asset(asset_id)

    def _explain_thumbnail(self, error: RejectedError) -> Script[bool]:
        """Plytix refuses the thumbnail: perhaps because its picture is gone."""
        asset_id = self._state.thumbnail
        if error.status == 404 and asset_id is not None and (yield from self._is_gone(asset_id)):
            return False
        self._state.thumbnail_result = refusal_of(error)
        return True

    def _may_lack_the_gallery(self, error: PlytixError) -> Script[bool]:
        """A refused write may mean that the product has no such gallery, which a search does not tell."""
        if error.status != 422 or self._gallery_was_doubted or self._state.gallery:
            return False
        self._gallery_was_doubted = self._state.only_append = True
        yield from self._read_product()
        return True

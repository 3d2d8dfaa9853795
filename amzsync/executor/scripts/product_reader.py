"""What the sync of one product rests on: readings of it, and its pictures in Plytix."""

from functools import partial

from amzsync.errors import PlytixError, RejectedError, StopError
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.scheduler.script import Find, Script, Send, Shared
from amzsync.executor.scripts.assets import ensure_asset
from amzsync.executor.scripts.context import SyncContext
from amzsync.executor.scripts.product import ProductState
from amzsync.ledger.reasons import NOT_FOUND, SKIP_EXISTING
from amzsync.ledger.rows import State
from amzsync.plytix.client import read_asset, read_product
from amzsync.plytix.wire import PlytixProduct

__all__ = ["OutsideFamilyError", "ProductReader", "SkipProductError"]


class SkipProductError(Exception):
    """Nothing more is to be written to the product, for this reason."""


class OutsideFamilyError(Exception):
    """The product's family has no such gallery: there is nowhere to put the pictures."""


class ProductReader:
    """Reads one product, and finds or uploads its pictures: each step a part of a script."""

    def __init__(self, state: ProductState, context: SyncContext) -> None:
        self._state = state
        self._context = context
        self._record = context.record
        self._lost: set[int] = set()

    # Reading.

    def _read(self, *, fresh: bool = False, after_s: float = 0.0) -> Script[None]:
        """The product as a search shows it, together with up to a hundred others."""
        context, state = self._context, self._state
        sku = state.product.sku
        known = None if fresh else context.recent_reading(state.product.id)
        if known is not None:
            self._see(known.seen, known.reading)
            return
        after_s = after_s if fresh else context.traits.settles_in_s()
        found = yield Find(context.products_by_sku, (sku,), fresh=fresh, after_s=after_s)
        seen = found.values.get(sku)
        context.traits.note_searched(seen)
        if seen is None:
            raise SkipProductError(NOT_FOUND)
        self._see(seen, found.reading)

    def _see(self, seen: PlytixProduct, reading: Reading) -> None:
        context, state = self._context, self._state
        if state.plytix_id != seen.id:
            self._record.work.resolve({state.product.id: seen.id})
            if state.seen or state.product.plytix_id not in (None, seen.id):
                state.begin_anew(self._record.work.product(state.product.id))
        gallery = None if context.traits.reads_alone else context.traits.gallery_of(seen)
        was_told = None not in (gallery, state.gallery) and not state.was_claimed
        if was_told and gallery != state.gallery:
            context.recheck.suspect_others()
        state.see(seen, gallery, reading)
        self._skip_what_holds_images()

    def _read_product(self) -> Script[None]:
        """Read the product by itself: the search did not tell its gallery."""
        search = self._state.seen
        read = yield from self._read_back()
        self._context.traits.compare(search, read)
        self._skip_what_holds_images()

    def _read_back(self) -> Script[PlytixProduct]:
        """The product by itself, as it stands now."""
        state = self._state
        try:
            sent = yield Send(read_product(state.plytix_id, self._context.gallery_label))
        except RejectedError as error:
            if error.status == 404:
                raise SkipProductError(NOT_FOUND) from None
            raise
        product: PlytixProduct = sent.value
        if product.gallery is None:
            raise OutsideFamilyError
        state.see(product, product.gallery, sent.reading)
        return product

    def _skip_what_holds_images(self) -> None:
        state = self._state
        if self._skips_existing and state.gallery and not (state.was_begun or state.was_claimed):
            raise SkipProductError(SKIP_EXISTING)

    @property
    def _skips_existing(self) -> bool:
        return self._context.skip_existing or self._state.product.skip_existing

    # Pictures.

    def _ensure_assets(self, rows: set[int]) -> Script[None]:
        """Find or upload these pictures; one for which that fails stays without an id."""
        state, context = self._state, self._context
        assets = self._record.work.assets({link.asset_id for link in state.product.links} | rows)
        state.ids.update((a.id, a.plytix_id) for a in assets.values() if a.plytix_id and not a.state.is_open)
        ensured = yield Shared(
            {
                asset.id: partial(ensure_asset, asset, state.product.id, context)
                for asset in assets.values()
                if asset.id in rows and asset.state.is_open
            }
        )
        state.ids.update((row, plytix_id) for row, plytix_id in ensured.items() if plytix_id)
        if self._record.has_lost_assets:
            # What this ledger has done with a picture was not done with another that has taken its place.
            state.product = self._record.work.product(state.product.id)

    def _replace_lost_asset(self, asset_id: str) -> Script[None]:
        """Plytix no longer has a picture. Another product that shares it may have noticed before."""
        rows = self._state.rows_of(asset_id)
        for row in rows:
            del self._state.ids[row]
            self._lost.add(row)
            asset = self._record.work.assets([row])[row]
            if asset.state is State.DONE and asset.plytix_id == asset_id:
                self._record.lose_asset(row)
        # What was sent was the lost one: another that stands there was put there by somebody else.
        self._record.work.note_not_sent(self._state.product.id, rows)
        self._state.product = self._record.work.product(self._state.product.id)
        yield from self._ensure_assets(self._lost)

    def _bring_what_others_lost(self) -> Script[bool]:
        """Whether another product has found a picture of this one gone: then it is brought again.

        What was seen of the gallery and what was written is then to be decided anew.
        """
        state = self._state
        if not self._record.has_lost_assets:
            return False
        assets = self._record.work.assets(state.ids)
        lost = {row for row, known in state.ids.items() if assets[row].plytix_id != known}
        if lost:
            state.ids = {row: known for row, known in state.ids.items() if row not in lost}
            yield from self._ensure_assets(lost)
            yield from self._read(fresh=True)
        return bool(lost)

    def _is_gone(self, asset_id: str) -> Script[bool]:
        """A 404 can mean the asset or the product. An asset that is gone is uploaded again, once."""
        try:
            yield Send(read_asset(asset_id))
        except StopError:
            raise
        except PlytixError as error:
            if error.status != 404 or self._lost.intersection(self._state.rows_of(asset_id)):
                return False
            self._state.only_append = False
            yield from self._replace_lost_asset(asset_id)
            return True
        raise SkipProductError(NOT_FOUND)

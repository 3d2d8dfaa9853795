"""Writes what becomes of products and pictures into the ledger, in the transaction of the answer."""

from collections import Counter
from collections.abc import Collection, Mapping
from enum import Enum, auto

from amzsync.errors import PlytixError
from amzsync.executor.scripts.compare import compare
from amzsync.executor.scripts.decide import MAX_ASSETS, Replace
from amzsync.executor.scripts.last_write import LastWrite
from amzsync.executor.scripts.product import ProductState
from amzsync.ledger.reasons import NO_OTHER_THUMBNAIL, NOT_FOUND
from amzsync.ledger.rows import Asset, Kept, Origin
from amzsync.ledger.seen import Sighting
from amzsync.ledger.work import Work
from amzsync.ledger.work_rows import Refusal

__all__ = ["Done", "Record", "refusal_of"]

_FULL = Refusal(None, f"the product already holds {MAX_ASSETS} assets, the most Plytix allows", 0)


class Done(Enum):
    """What a run counts."""

    UPLOADED = auto()
    FOUND = auto()
    PRODUCT = auto()
    ASSET_FAILURE = auto()
    LINK_FAILURE = auto()
    ASSET_DELETED = auto()


class Record:
    """One run's writer to the ledger; `counts` is what it has written so far.

    `has_lost_assets`: products that were done are open again, for a picture of theirs is gone.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.counts: Counter[Done] = Counter()
        self.has_lost_assets = False

    # Pictures.

    def finish_asset(self, asset: Asset, plytix_id: str, filename: str, origin: Origin) -> str:
        """Plytix has it; gives its id back."""
        self.work.finish_asset(asset.id, plytix_id, filename, origin)
        self.counts[Done.UPLOADED if origin is Origin.UPLOADED else Done.FOUND] += 1
        return plytix_id

    def fail_asset(self, asset: Asset, product_id: int, refusal: Refusal) -> None:
        """Plytix cannot take it; `product_id` is one that wants it."""
        self.work.fail_asset(asset.id, product_id, refusal)
        self.counts[Done.ASSET_FAILURE] += 1

    def lose_asset(self, asset_id: int) -> None:
        """Plytix no longer has it."""
        self.work.lose_asset(asset_id)
        self.has_lost_assets = True

    # Products.

    def claim(
        self,
        state: ProductState,
        target: Replace,
        places: Mapping[str, int] | None = None,
        linked: str | None = None,
    ) -> None:
        """A write to it is about to leave, and what it is to leave there.

        `places` are those of the assets that it links, if it does; `linked` is the only one, if it is a link.
        """
        product_id, gallery = state.product.id, state.gallery or ()
        if not state.was_claimed:
            self.work.settle_writes(product_id, state.standing_now, but_own=True)
            self.record_reading(state, as_left=state.is_ours)
            state.keep_places()
            # What stood there before our first write is a person's: once in flight, it would count as ours.
            self.work.finish_links(product_id, state.found, made=())
        state.was_claimed = True
        thumbnail = None if target.thumbnail is None else (target.thumbnail,)
        self.work.claim_write(product_id, state.standing_now, target.gallery, thumbnail)
        sent = (places or {}) if linked is None else {linked: (places or {})[linked]}
        self._note_linked(state)
        if places is not None:
            state.written = dict(places)
            state.last_write = LastWrite(frozenset(sent).difference(gallery), target.thumbnail)
        rows = {row: sent[plytix_id] for row, plytix_id in state.ids.items() if plytix_id in sent}
        self.work.claim_product(product_id, rows, thumbnail=thumbnail is not None)

    def record_reading(self, state: ProductState, *, as_left: bool) -> None:
        """What stands of this ledger's links, as it was seen last."""
        rows = [row for one in state.not_arrived for row in state.rows_of(one)]
        self.work.note_not_arrived(state.product.id, rows)
        self.work.record_reading(state.product.id, state.standing(state.gallery or ()), as_left=as_left)

    def _note_linked(self, state: ProductState) -> None:
        """What writes of this run have put there is known to stand, whatever becomes of the next one."""
        stands, written = state.standing(state.gallery or ()), state.written or {}
        made = {
            row: written.get(state.ids[row], place)
            for row, place in stands.items()
            if state.ids[row] in state.made
        }
        self.work.note_linked(state.product.id, made)

    def note_there(self, state: ProductState, asset_id: str) -> None:
        """Plytix says that it was linked already: by somebody else, unless this ledger may have done that."""
        if state.may_have_linked(asset_id):
            state.made.add(asset_id)
            return
        state.written = {one: place for one, place in (state.written or {}).items() if one != asset_id}
        self.work.note_found(state.product.id, state.rows_of(asset_id))

    def not_done(self, state: ProductState, *, attempts: int) -> None:
        """The last write did not leave, or was refused: it linked nothing, unless an attempt before did.

        `attempts` are those before that were not answered.
        """
        if state.written is None:
            # It was not even claimed: what an earlier run sent is as unknown as before.
            return
        written = state.written
        if attempts:
            state.note_made(tuple(written))
        rows = [row for row, one in state.ids.items() if one in written and one not in state.made]
        state.written = {one: place for one, place in written.items() if one in state.made}
        self.work.note_not_sent(state.product.id, rows)

    def not_put(self, state: ProductState, asset_ids: Collection[str]) -> None:
        """The only write was answered, and has not put these there: whoever does it next is another one."""
        state.made.difference_update(asset_ids)
        state.written = {one: at for one, at in (state.written or {}).items() if one not in asset_ids}
        rows = [row for one in asset_ids for row in state.rows_of(one)]
        self.work.note_not_sent(state.product.id, rows)

    def release(self, state: ProductState) -> None:
        """The write did not happen. A product that has been given something already stays begun."""
        self._settle(state)
        if not state.made and not state.was_begun:
            self.work.release_product(state.product.id)

    def skip(self, state: ProductState, reason: str) -> None:
        """Nothing more is written to it, and why."""
        self._note_made(state)
        self._settle(state)
        self.work.skip_product(state.product.id, reason)
        if reason == NOT_FOUND:
            self.work.see(state.product.id, Sighting(in_plytix=False))
        else:
            self._see(state)
        self.counts[Done.PRODUCT] += 1

    def skip_outside_family(self, state: ProductState) -> None:
        """Its family has no such gallery: there is nowhere to put the pictures."""
        self._note_made(state)
        self._settle(state)
        self.counts[Done.LINK_FAILURE] += len(state.open_links)
        self.work.skip_outside_family(state.product.id)
        self.work.see(state.product.id, Sighting(in_plytix=True, missing=len(state.links)))
        self.counts[Done.PRODUCT] += 1

    def fail(self, state: ProductState, refusal: Refusal) -> None:
        """All that is open of it has failed."""
        self._note_made(state)
        self._settle(state)
        self.counts[Done.LINK_FAILURE] += len(state.open_links)
        self.work.fail_links(state.product.id, state.open_links, refusal)
        self.work.fail_thumbnail(state.product.id, refusal)
        self.counts[Done.PRODUCT] += 1

    def fail_link(self, state: ProductState, asset_id: str, refusal: Refusal) -> None:
        """One picture cannot be linked to it."""
        rows = [link for link in state.open_links if state.ids.get(link) == asset_id]
        self.work.fail_links(state.product.id, rows, refusal)
        if asset_id in state.made:
            # It was not answered: it may stand there, whatever becomes of the links behind it.
            self.work.note_made(state.product.id, rows)
        self.work.note_not_sent(state.product.id, rows)
        state.failed_links.update(rows)
        self.counts[Done.LINK_FAILURE] += len(rows)

    def finish(self, state: ProductState, not_in_order: Refusal) -> None:
        """Write down what stands in the gallery, and what cannot, or not at its place, for that reason."""
        gallery, as_left = state.gallery or (), state.is_ours
        placed = state.placed(gallery)
        self._note_made(state, but=placed)
        made = {row for row in placed if state.may_have_linked(state.ids[row])}
        self.record_reading(state, as_left=as_left)
        self.work.finish_links(state.product.id, placed, made, as_left=as_left)
        self._fail_left_out(state, placed)
        misplaced = state.misplaced
        self.work.fail_order(state.product.id, misplaced, not_in_order)
        self.counts[Done.LINK_FAILURE] += len(misplaced)
        self._finish_thumbnail(state)
        removes = self.work.removes_of(state.product.id)
        if removes and removes.isdisjoint(gallery):
            self.work.finish_task(state.product.id, self._left_thumbnail(state, removes))
        self._settle(state)
        self._see(state)
        self.counts[Done.PRODUCT] += 1

    def _left_thumbnail(self, state: ProductState, removes: Collection[str]) -> list[Kept]:
        """A thumbnail that this ledger set to a picture that is taken out, where no other one is wanted."""
        shown = state.standing_now.thumbnail
        if shown not in removes or not self.work.has_set_thumbnail(state.product.id, shown or ""):
            return []
        rows = [row for row, asset_id in state.ids.items() if asset_id == shown]
        urls = [asset.url for asset in self.work.assets(rows).values()]
        return [Kept(state.product.sku, NO_OTHER_THUMBNAIL, "".join(urls[:1]))]

    def _see(self, state: ProductState) -> None:
        """How the product stands, as far as it has been seen."""
        product, now = self.work.product(state.product.id), state.standing_now
        is_left_alone = self.work.is_left_alone(product)
        found = compare(product, state.ids, now.gallery, now.thumbnail, is_left_alone=is_left_alone)
        self.work.see(product.id, found.sighting)

    def _fail_left_out(self, state: ProductState, placed: Mapping[int, int]) -> None:
        left_out = [row for row in state.open_links if row not in placed and row not in state.failed_links]
        without_picture = [row for row in left_out if row not in state.ids]
        no_room = [row for row in left_out if row in state.ids]
        has_no_thumbnail = state.has_open_thumbnail and not state.thumbnail_result and state.thumbnail is None
        self.work.fail_without_picture(state.product.id, without_picture, thumbnail=has_no_thumbnail)
        self.work.fail_links(state.product.id, no_room, _FULL)
        self.counts[Done.LINK_FAILURE] += len(left_out)

    def _settle(self, state: ProductState) -> None:
        """What the writes have left is known, but where one that was not answered may still arrive."""
        is_unknown = isinstance(state.thumbnail_result, Refusal) and state.thumbnail_result.is_unanswered
        if state.seen is not None and not is_unknown and state.made.issubset(state.gallery or ()):
            self.work.settle_writes(state.product.id, state.standing_now)

    def _note_made(self, state: ProductState, but: Collection[int] = ()) -> None:
        """A link that was not answered may stand all the same."""
        made = [row for row, plytix_id in state.ids.items() if plytix_id in state.made and row not in but]
        if made:
            self.work.note_made(state.product.id, made)

    def _finish_thumbnail(self, state: ProductState) -> None:
        if not state.has_open_thumbnail:
            return
        if isinstance(state.thumbnail_result, Refusal):
            self.work.fail_thumbnail(state.product.id, state.thumbnail_result)
        elif state.thumbnail is not None:
            self.work.finish_thumbnail(state.product.id, state.thumbnail_result or Origin.FOUND)


def refusal_of(error: PlytixError) -> Refusal:
    """The reason that is kept for rows that failed with this error."""
    return Refusal(error.status, error.message, error.attempts)

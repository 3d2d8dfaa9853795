"""Find out how an account writes galleries, links and takes away: on the probe's own product."""

from collections.abc import Sequence

from amzsync.domain.beliefs import LONGEST_LAG_S, Question
from amzsync.executor.clocks import Instant
from amzsync.executor.scheduler.script import Find, Script, Send, Sent
from amzsync.executor.scripts.media_labels import find_media_labels
from amzsync.executor.scripts.probe_context import Picture, ProbeContext
from amzsync.executor.scripts.probe_reading import (
    link_answer,
    linked_answer,
    order_answer,
    patch_answer,
    shown_answer,
    unlink_answer,
)
from amzsync.executor.scripts.probe_searches import wait_for_product
from amzsync.ledger.probes import ObjectKind, ObjectState
from amzsync.plytix import trials
from amzsync.plytix.trials import AssetTrial, ProductTrial
from amzsync.plytix.wire import Call, PlytixProduct

__all__ = ["GalleryTrials"]

_SECOND_LOOK_S = 1.0
"""Before it is believed that a write has changed nothing, the product is read once more."""


class GalleryTrials:
    """`stood` is the gallery as the product itself told it last."""

    def __init__(self, product_id: str, pictures: Sequence[Picture], context: ProbeContext) -> None:
        self._product_id = product_id
        self._pictures = pictures
        self._context = context
        self._label = context.gallery_label
        self._stood: tuple[str, ...] = ()
        self._written_at = Instant(0.0, 0.0)
        self._product = PlytixProduct(product_id, context.names.sku)

    def run(self) -> Script[None]:
        ids = [one.id for one in self._pictures]
        if len(ids) > 1:
            yield from self._write_gallery(ids)
        yield from self._set_thumbnail(ids[0])
        yield from self._link_one()
        yield from self._find_links()
        yield from self._link_again()
        yield from self._unlink(ids[0])
        yield from self._link_one()
        yield from self._delete_one()

    def _write_gallery(self, ids: Sequence[str]) -> Script[None]:
        """Twice, so that replacing differs from appending; the second time without one that stands."""
        context = self._context
        first = (ids[1], ids[0])
        trial = yield from self._write(first)
        if not trial.is_done:
            context.answer(Question.PATCH, "refuse")
            return
        context.answer(Question.ANSWER, shown_answer(trial, self._stood))
        if not self._stood:
            context.answer(Question.PATCH, "ignore")
            return
        context.answer(Question.ORDER, order_answer(first, self._stood))
        before, second = self._stood, (*ids[2:3], ids[0])
        trial = yield from self._write(second)
        if trial.is_done:
            how = patch_answer(before, second, self._stood)
            context.answer(Question.PATCH, how)
            again = order_answer(second, self._stood)
            if how == "replace" and again not in (None, "kept"):
                context.answer(Question.ORDER, again)

    def _write(self, gallery: Sequence[str]) -> Script[ProductTrial]:
        """Write a gallery, and read what has become of it."""
        before = self._stood
        call = trials.write(self._product_id, self._label, gallery)
        trial = yield from self._try(call)
        yield from self._read()
        if trial.is_done and self._stood == before:
            yield from self._read(after_s=_SECOND_LOOK_S)
        return trial

    def _set_thumbnail(self, asset_id: str) -> Script[None]:
        """As an object; and as text, which is to be refused."""
        context = self._context
        trial = yield from self._try(trials.write_thumbnail_text(self._product_id, asset_id))
        context.answer(Question.THUMBNAIL_TEXT, str(trial.status))
        trial = yield from self._try(trials.write(self._product_id, self._label, None, asset_id))
        yield from self._read()
        is_set = self._product.thumbnail_id == asset_id
        if trial.is_done:
            context.answer(Question.THUMBNAIL, "set" if is_set else "not set")
        else:
            context.answer(Question.THUMBNAIL, str(trial.status))

    def _link_one(self) -> Script[None]:
        """One that does not stand in the gallery yet, unless that was tried before."""
        spare = next((one.id for one in self._pictures if one.id not in self._stood), None)
        if spare is None or Question.LINK in self._context.answers:
            return
        before = self._stood
        trial = yield from self._try(trials.link(self._product_id, spare, self._label))
        yield from self._read()
        if trial.is_done and self._stood == before:
            yield from self._read(after_s=_SECOND_LOOK_S)
        answer = link_answer(before, spare, self._stood) if trial.is_done else str(trial.status)
        self._context.answer(Question.LINK, answer)

    def _link_again(self) -> Script[None]:
        """What stands in the gallery already."""
        if self._stood:
            trial = yield from self._try(trials.link(self._product_id, self._stood[0], self._label))
            self._context.answer(Question.LINKED, linked_answer(trial))

    def _find_links(self) -> Script[None]:
        """How long until a search shows what stands, and how it tells a gallery."""
        if not self._stood:
            return
        context, stood = self._context, self._stood

        def is_shown(product: PlytixProduct) -> bool:
            told = product.gallery or ()
            return told == stood or (not told and set(stood).issubset(product.assets or ()))

        shown = yield from wait_for_product(context.names.sku, context, is_shown)
        context.answer(Question.LINK_LAG, shown.lag_s(self._written_at) if shown else LONGEST_LAG_S)
        if shown is None:
            return
        is_told = bool(shown.product.gallery)
        context.answer(Question.GALLERY, "told" if is_told else "untold")
        if is_told:
            context.answer(Question.MEDIA, "objects" if shown.product.filenames else "ids")
        elif context.answers.get(Question.EMPTY) == "absent":
            # It is left out in any case: that says nothing of what is empty.
            del context.answers[Question.EMPTY]

    def _unlink(self, asset_id: str) -> Script[None]:
        """A picture that stands at several places; then once more, when it stands nowhere."""
        context = self._context
        if asset_id not in self._stood:
            yield from self._try(trials.link(self._product_id, asset_id, self._label))
        labels = yield from find_media_labels(self._label)
        for label in labels[:1] if labels else ():
            yield from self._try(trials.link(self._product_id, asset_id, label))
        yield from self._read()
        before = self._product
        trial = yield from self._try(trials.unlink(self._product_id, asset_id))
        yield from self._read()
        answer = unlink_answer(before, self._product, asset_id) if trial.is_done else str(trial.status)
        context.answer(Question.UNLINK, answer)
        if answer == "everywhere":
            trial = yield from self._try(trials.unlink(self._product_id, asset_id))
            context.answer(Question.UNLINK_ABSENT, str(trial.status))

    def _delete_one(self) -> Script[None]:
        """An asset of the probe's own that this product, and no other, holds."""
        context = self._context
        own = next((one for one in self._pictures if one.is_own and one.id in self._stood), None)
        if own is None:
            own = next((one for one in self._pictures if one.is_own), None)
            if own is None:
                return
            yield from self._try(trials.link(self._product_id, own.id, self._label))
        seen: AssetTrial = (yield Send(trials.read_asset(own.id))).value
        if seen.asset is None or seen.asset.uses != 1:
            return
        if not context.names.is_asset(seen.asset.filename):
            return
        trial: AssetTrial = (yield Send(trials.delete_asset(own.id))).value
        context.answer(Question.DELETE_USED, "allowed" if trial.is_done else "refused")
        if trial.is_done:
            context.probes.settle(ObjectKind.ASSET, own.name, ObjectState.GONE)

    # Requests.

    def _try(self, call: Call[ProductTrial]) -> Script[ProductTrial]:
        sent: Sent = yield Send(call)
        trial: ProductTrial = sent.value
        if trial.is_done:
            self._written_at = sent.reading.sent
        return trial

    def _read(self, after_s: float = 0.0) -> Script[None]:
        """The product by itself, which is what counts."""
        if after_s:
            yield Find(self._context.products, (self._context.names.sku,), after_s=after_s)
        sent = yield Send(trials.read_product(self._product_id, self._label))
        trial: ProductTrial = sent.value
        if trial.product is not None:
            self._product = trial.product
            self._stood = trial.product.gallery or ()

"""Find out how an account answers where nothing is documented, on a product and pictures of the probe's own.

Each step asks one thing and records the answer; a refusal is an answer too. Whatever is made is in the
ledger before its request leaves, so that `probe_cleanup` finds it.
"""

from collections.abc import Sequence

from amzsync.domain.beliefs import LONGEST_LAG_S, Question
from amzsync.errors import PlytixError, RejectedError, RetriableError, StopError
from amzsync.executor.clocks import Instant
from amzsync.executor.engine.retries import Attempts
from amzsync.executor.scheduler.script import Script, Send, Sent
from amzsync.executor.scripts.probe_context import Picture, ProbeContext
from amzsync.executor.scripts.probe_gallery import GalleryTrials
from amzsync.executor.scripts.probe_reading import counts_answer, exists_answer
from amzsync.executor.scripts.probe_searches import wait_for_assets, wait_for_product
from amzsync.ledger.probes import ObjectKind, ObjectState
from amzsync.plytix import trials
from amzsync.plytix.client import search_products
from amzsync.plytix.trials import AssetTrial, CountedAssets, ProductTrial
from amzsync.plytix.wire import Call, PlytixAsset, ProductPage

__all__ = ["probe_account"]

_CONFLICT = 409
_FEW = 2


def probe_account(addresses: Sequence[str], context: ProbeContext) -> Script[None]:
    """Ask everything, with pictures from these addresses."""
    try:
        yield from _Probe(context).run(addresses)
    except StopError:
        raise
    except PlytixError as error:
        context.failure = error


class _Probe:
    """The steps in the order in which each finds what it needs."""

    def __init__(self, context: ProbeContext) -> None:
        self._context = context
        self._label = context.gallery_label
        self._sku = context.names.sku
        self._product_id = ""
        self._made_at = Instant(0.0, 0.0)
        self._pictures: list[Picture] = []

    def run(self, addresses: Sequence[str]) -> Script[None]:
        context = self._context
        if not (yield from self._make_product()):
            return
        yield from self._find_product()
        for number, url in enumerate(addresses, 1):
            yield from self._upload(number, url)
        yield from self._find_assets()
        yield from self._upload_again(addresses[0], len(addresses) + 1)
        yield from self._upload_nothing(len(addresses) + 2)
        sent = yield Send(trials.read_product(self._product_id, self._label))
        trial: ProductTrial = sent.value
        if trial.product is not None:
            has_gallery = trial.product.gallery is not None
            context.answer(Question.FAMILY, "has" if has_gallery else "lacks")
            if has_gallery and self._pictures:
                yield from GalleryTrials(self._product_id, self._pictures, context).run()
        yield from self._ask_too_much()

    # Making things.

    def _make_product(self) -> Script[bool]:
        context, sku = self._context, self._sku
        call = trials.create_product(sku, self._label)
        sent = yield Send(call, claim=context.sends(ObjectKind.PRODUCT, sku))
        trial: ProductTrial = sent.value
        self._made_at = sent.reading.sent
        if trial.product is not None:
            self._product_id = trial.product.id
        elif trial.status == _CONFLICT and sent.attempts > 1:
            # An attempt that was not answered has made it.
            shown = yield from wait_for_product(self._sku, context, lambda _product: True)
            self._product_id = shown.product.id if shown else ""
        elif sent.attempts == 1:
            context.probes.settle(ObjectKind.PRODUCT, sku, ObjectState.GONE)
        context.answer(Question.CREATE, "201" if self._product_id else str(trial.status))
        if self._product_id:
            context.probes.made(ObjectKind.PRODUCT, sku, self._product_id)
        return bool(self._product_id)

    def _upload(self, number: int, url: str) -> Script[None]:
        """One more picture to try with: the probe's own, or one that is there and stays."""
        name = self._context.names.filename(number, url)
        sent = yield from self._send_upload(name, trials.upload(url, name))
        trial: AssetTrial = sent.value
        if trial.asset is not None:
            self._pictures.append(Picture(trial.asset.id, name, is_own=True))
            self._made_at = sent.reading.sent
        elif trial.known_id is not None and all(one.id != trial.known_id for one in self._pictures):
            self._pictures.append(Picture(trial.known_id, name, is_own=False))

    def _send_upload(
        self, name: str, call: Call[AssetTrial], attempts: Attempts | None = None
    ) -> Script[Sent]:
        context = self._context
        sent: Sent = yield Send(call, claim=context.sends(ObjectKind.ASSET, name), attempts=attempts)
        trial: AssetTrial = sent.value
        if trial.asset is not None:
            self._record_asset(name, trial.asset)
        elif sent.attempts == 1:
            # Refused at once: under this name there is nothing. After a failed attempt there may be.
            context.probes.settle(ObjectKind.ASSET, name, ObjectState.GONE)
        return sent

    def _upload_again(self, url: str, number: int) -> Script[None]:
        """The first picture once more: as it is, and under another name."""
        context = self._context
        first = context.names.filename(1, url)
        if any(one.is_own and one.name == first for one in self._pictures):
            again: AssetTrial = (yield Send(trials.upload(url, first))).value
            context.answer(Question.EXISTS, exists_answer(again))
            if again.asset is not None:
                self._record_asset(first, again.asset)
        name = context.names.filename(number, url)
        sent = yield from self._send_upload(name, trials.upload(url, name))
        other: AssetTrial = sent.value
        context.answer(Question.OTHER_NAME, "second" if other.is_done else str(other.status))
        if Question.EXISTS not in context.answers:
            context.answer(Question.EXISTS, exists_answer(other))

    def _record_asset(self, name: str, made: PlytixAsset) -> None:
        """It was made, perhaps under a name that Plytix has changed."""
        probes, names = self._context.probes, self._context.names
        if made.filename == name or not names.is_asset(made.filename):
            probes.made(ObjectKind.ASSET, name, made.id)
        else:
            probes.found(self._context.probe_id, ObjectKind.ASSET, made.filename, made.id)
            if all(one.name != name for one in self._pictures):
                probes.settle(ObjectKind.ASSET, name, ObjectState.GONE)

    def _upload_nothing(self, number: int) -> Script[None]:
        """An address without a picture: what is answered, and how long that takes."""
        context = self._context
        url = context.names.unreachable
        name = context.names.filename(number, url)
        try:
            call = trials.upload(url, name, may_break=True)
            sent = yield from self._send_upload(name, call, Attempts())
        except (RejectedError, RetriableError):
            context.answer(Question.UNREACHABLE, "no answer")
            return
        context.answer(Question.UNREACHABLE, str(sent.value.status))
        context.answer(Question.UNREACHABLE_S, float(sent.reading.took_s))

    # Searches.

    def _find_product(self) -> Script[None]:
        """How long until a search shows the new product, how it tells what is empty, and how it compares."""
        context = self._context
        shown = yield from wait_for_product(self._sku, context, lambda _product: True)
        context.answer(Question.PRODUCT_LAG, shown.lag_s(self._made_at) if shown else LONGEST_LAG_S)
        if shown is None:
            return
        context.answer(Question.EMPTY, "absent" if shown.product.gallery is None else "null")
        context.answer(Question.SKU_IN, "taken" if context.products.form == 0 else "refused")
        call = search_products([self._sku.lower()], self._label, by_groups=True)
        page: ProductPage = (yield Send(call)).value
        is_found = any(one.sku == self._sku for one in page.products)
        context.answer(Question.EQ, "ignores-case" if is_found else "exact")

    def _find_assets(self) -> Script[None]:
        """How long until a search shows the new assets, and whether its numbers are right."""
        context = self._context
        names = tuple(one.name for one in self._pictures if one.is_own)
        if not names:
            return
        lag_s = yield from wait_for_assets(names, context, self._made_at)
        context.answer(Question.ASSET_LAG, lag_s)
        if lag_s < LONGEST_LAG_S and len(names) >= _FEW:
            # Two of them, one a page: fewer than all assets of the account, and more than a page holds.
            page: CountedAssets = (yield Send(trials.search_assets_counted(names[:_FEW], 1))).value
            context.answer(Question.COUNTS, counts_answer(page, _FEW))

    def _ask_too_much(self) -> Script[None]:
        """What is refused: too large a page, an attribute that does not exist."""
        context = self._context
        trial: ProductTrial = (yield Send(trials.search_too_much(self._sku))).value
        context.answer(Question.PAGE_SIZE, str(trial.status))
        label = f"no_such_{context.names.token}"
        trial = (yield Send(trials.search_unknown_label(self._sku, label))).value
        context.answer(Question.UNKNOWN_LABEL, str(trial.status))

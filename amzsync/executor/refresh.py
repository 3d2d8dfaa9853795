"""Read what Plytix has of everything a ledger wants, and write nothing to it (`plan --refresh`)."""

from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Any

from amzsync.errors import PlytixError, StopError
from amzsync.executor.desk import Desk
from amzsync.executor.events import Listener, Progress, Traffic
from amzsync.executor.faults import reading_failed
from amzsync.executor.freshness import Reading
from amzsync.executor.pictures import Pictures
from amzsync.executor.reading import BulkReader
from amzsync.executor.slots import Slots
from amzsync.executor.task import Task
from amzsync.ledger.queries import Outstanding
from amzsync.ledger.rows import Origin, ProductWork, State
from amzsync.ledger.work import NOT_FOUND, Work
from amzsync.plytix.client import PAGE_SIZE, read_product, search_assets
from amzsync.plytix.wire import Call, PlytixProduct

__all__ = ["Refresh"]

_READS_IN_AIR = 4


class Refresh:
    """A `Source` of reads alone: first the pictures that are not known to be there, then every product."""

    def __init__(
        self, work: Work, outstanding: Outstanding, label: str, slots: Slots, listener: Listener
    ) -> None:
        self._work = work
        self._outstanding = outstanding
        self._label = label
        self._slots = slots
        self._listener = listener
        self._reader = BulkReader(label)
        self._pictures = Pictures(work, lambda _asset_id, _plytix_id: None)
        self._assets_after = 0
        self._assets_asked = False
        self._products_after = 0
        self._products_asked = False
        self._products_read = 0
        self._untold: deque[tuple[ProductWork, str]] = deque()
        self._reading = 0
        self._fault: StopError | None = None

    @property
    def fault(self) -> StopError | None:
        return self._fault or self._reader.fault or self._pictures.fault

    def health_check(self) -> Call[Any]:
        return search_assets(["amzsync"])

    def wakes_at(self) -> float | None:
        return None

    def next_task(self, _now: float) -> Task | None:
        if self._reading + self._reader.in_air + self._pictures.asking >= _READS_IN_AIR:
            return None
        self._take_in_assets()
        asking = self._pictures.look_up(also_few=self._assets_asked)
        if asking or self._pictures.asking:
            return asking
        return self._reader.next_page() or self._read_one() or self._read_window()

    def _take_in_assets(self) -> None:
        while not self._assets_asked and self._pictures.unasked < PAGE_SIZE:
            assets = self._work.open_assets(self._assets_after, PAGE_SIZE)
            self._assets_asked = len(assets) < PAGE_SIZE
            for asset in assets:
                self._pictures.want(asset, 0)
                self._assets_after = asset.id

    def _read_window(self) -> Task | None:
        if self._products_asked:
            return None
        products = self._work.products_with_images(self._products_after, PAGE_SIZE)
        self._products_asked = len(products) < PAGE_SIZE
        if not products:
            return None
        self._products_after = products[-1].id
        return self._reader.read([product.sku for product in products], partial(self._window_read, products))

    def _window_read(
        self, products: list[ProductWork], found: Mapping[str, PlytixProduct], _reading: Reading
    ) -> None:
        for product in products:
            seen = found.get(product.sku)
            if seen is None:
                self._not_found(product)
            elif seen.told_gallery is None:
                self._untold.append((product, seen.id))
            else:
                self._compare(product, seen)

    def _read_one(self) -> Task | None:
        if not self._untold:
            return None
        product, plytix_id = self._untold.popleft()
        self._reading += 1
        return Task(
            read_product(plytix_id, self._label),
            lambda outcome, tries: self._one_read(product, outcome, tries),
        )

    def _one_read(self, product: ProductWork, outcome: PlytixProduct | PlytixError, attempts: int) -> None:
        self._reading -= 1
        if isinstance(outcome, PlytixProduct) and outcome.gallery is None:
            self._outside_family(product, outcome)
        elif isinstance(outcome, PlytixProduct):
            self._compare(product, outcome)
        elif outcome.status == 404:
            self._not_found(product)
        else:
            # What could not be read says nothing of what stands there.
            self._fault = reading_failed(outcome, attempts)

    def _not_found(self, product: ProductWork) -> None:
        """There is no such product: what was done on it is gone with it."""
        self._products_read += 1
        gone = [link.asset_id for link in product.links if link.state is State.DONE]
        self._work.reopen_product(product.id, gone, thumbnail=True)
        self._work.skip_product(product.id, NOT_FOUND)

    def _outside_family(self, product: ProductWork, seen: PlytixProduct) -> None:
        """The product has no such gallery any more: what was done in it is gone."""
        self._products_read += 1
        self._work.resolve({product.id: seen.id})
        gone = [link.asset_id for link in product.links if link.state is State.DONE]
        self._work.reopen_product(product.id, gone, thumbnail=False)
        self._work.skip_outside_family(product.id)

    def _compare(self, product: ProductWork, seen: PlytixProduct) -> None:
        """What stands there is done, what is gone is wanted again, and a product that came to exist too."""
        self._products_read += 1
        self._work.resolve({product.id: seen.id})
        self._work.want_found_product(product.id)
        desk = Desk(product)
        assets = self._work.assets([link.asset_id for link in product.links])
        desk.ids = {asset.id: asset.plytix_id for asset in assets.values() if asset.plytix_id}
        gallery = seen.gallery or ()
        desk.see(seen, gallery, reading=None)
        as_left = desk.is_ours
        standing = desk.placed(gallery)
        self._work.look(product.id, desk.standing(gallery), as_left=as_left)
        self._work.finish_links(product.id, standing, made=(), as_left=as_left)
        self._work.want_order(product.id, desk.misplaced)
        gone = [
            link.asset_id for link in desk.links if link.state is State.DONE and link.asset_id not in standing
        ]
        thumbnail = product.thumbnail
        if thumbnail is None or thumbnail.state is State.OBSOLETE:
            self._work.reopen_product(product.id, gone, thumbnail=False)
            return
        stands = seen.thumbnail_id is not None and desk.ids.get(thumbnail.asset_id) == seen.thumbnail_id
        self._work.reopen_product(product.id, gone, thumbnail=not stands and thumbnail.state is State.DONE)
        if stands:
            self._work.finish_thumbnail(product.id, Origin.FOUND)

    def tick(self, traffic: Traffic) -> None:
        settled = self._pictures.found + self._pictures.absent
        products = max(0, self._outstanding.products - self._products_read)
        assets = max(0, self._outstanding.assets - settled)
        self._listener.progress(
            Progress(
                requests=traffic.requests,
                assets_done=settled,
                assets_total=max(self._outstanding.assets, settled),
                products_done=self._products_read,
                products_total=max(self._outstanding.products, self._products_read),
                failures=0,
                in_air=traffic.in_air,
                rate_per_s=traffic.rate_per_s,
                quota=self._slots.used(),
                waiting=traffic.waiting,
                left_s=self._slots.time_for_s(-(-products // PAGE_SIZE) - (-assets // PAGE_SIZE)),
                retrying=traffic.retrying,
                last_failure=traffic.last_failure,
            )
        )

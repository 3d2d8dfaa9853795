"""What a search that lags behind still shows: products and assets as they were some seconds ago."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from amzsync.sandbox.state import Asset, Media, Product
from amzsync.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class _Before:
    """How products and assets were before a change; None: not there."""

    at: float
    products: tuple[tuple[str, Product | None, Media], ...]
    assets: tuple[tuple[str, Asset | None], ...]


class Past:
    """The changes of the last `lag_s` seconds; without a lag none is kept."""

    def __init__(self, store: Store, clock: Callable[[], float], lag_s: float) -> None:
        self._store = store
        self._clock = clock
        self._lag_s = lag_s
        self._changes: deque[_Before] = deque()

    def before_change(self, products: Sequence[str] = (), assets: Sequence[str] = ()) -> None:
        """These are about to change or to go; call it inside the transaction that does it."""
        if self._lag_s <= 0:
            return
        store = self._store
        shown = {product.id: product for product in store.products(products)}
        known = {asset.id: asset for asset in store.assets(assets)}
        self._keep(
            _Before(
                self._clock(),
                tuple((id_, shown.get(id_), store.media(id_)) for id_ in products),
                tuple((id_, known.get(id_)) for id_ in assets),
            )
        )

    def made(self, products: Sequence[str] = (), assets: Sequence[str] = ()) -> None:
        """These are new."""
        if self._lag_s > 0:
            self._keep(
                _Before(
                    self._clock(),
                    tuple((id_, None, {}) for id_ in products),
                    tuple((id_, None) for id_ in assets),
                )
            )

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The store as a search sees it."""
        with self._store.lock:
            since = self._clock() - self._lag_s
            late = [change for change in self._changes if change.at > since]
            if not late:
                yield
                return
            with self._store.undone():
                for change in reversed(late):
                    self._take_back(change)
                yield

    def _keep(self, change: _Before) -> None:
        with self._store.lock:
            while self._changes and self._changes[0].at <= change.at - self._lag_s:
                self._changes.popleft()
            self._changes.append(change)

    def _take_back(self, change: _Before) -> None:
        store = self._store
        for asset_id, asset in change.assets:
            if asset is None:
                store.remove_asset(asset_id)
            elif not store.assets([asset_id]):
                store.add_asset(asset)
            else:
                store.update_asset(asset)
        for product_id, product, media in change.products:
            if product is None:
                store.remove_product(product_id)
                continue
            if not store.products([product_id]):
                store.add_products([product])
            store.update_product(product)
            for label in {*store.media(product_id), *media}:
                store.set_media(product_id, label, media.get(label, ()))

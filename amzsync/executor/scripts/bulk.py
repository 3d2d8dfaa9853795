"""The searches that many scripts share: products by SKU, assets by filename."""

from collections.abc import Mapping, Sequence

from amzsync.domain.filename import picture_in
from amzsync.executor.scheduler.script import OnRefusal
from amzsync.plytix.client import (
    search_assets,
    search_assets_in_use,
    search_assets_like,
    search_products,
)
from amzsync.plytix.wire import AssetPage, Call, PlytixAsset, PlytixProduct, ProductPage

__all__ = ["AssetsByName", "AssetsByPicture", "AssetsInUse", "ProductsAndMedia", "ProductsBySku"]


class ProductsBySku:
    """Products with thumbnail, assets and gallery, in whichever form the account takes.

    Without the label of a gallery they come with their SKU alone.
    """

    def __init__(self, gallery_label: str | None) -> None:
        self._gallery_label = gallery_label
        self.form = 0

    def call(self, keys: Sequence[str], page: int) -> Call[ProductPage]:
        return search_products(keys, self._gallery_label, page=page, by_groups=self.form > 0)

    def read(self, page: ProductPage) -> tuple[Mapping[str, PlytixProduct], bool]:
        return {product.sku: product for product in reversed(page.products)}, page.is_full

    def refused(self, status: int | None, form: int) -> OnRefusal:
        """`sku in […]` is not promised: one OR group per SKU says the same (plytix-api, Products)."""
        if status != 422 or form > 0:
            return OnRefusal.STOP
        self.form = 1
        return OnRefusal.ASK_AGAIN


class ProductsAndMedia(ProductsBySku):
    """The same, with all other attributes that can hold pictures, where they are known and few enough."""

    def __init__(self, gallery_label: str | None, media: Sequence[str] | None) -> None:
        super().__init__(gallery_label)
        self._media = media or ()
        self.form = 1 if media is None else 0

    @property
    def shows_all_media(self) -> bool:
        """Whether its answers tell everywhere in a product a picture stands."""
        return self.form == 0

    def call(self, keys: Sequence[str], page: int) -> Call[ProductPage]:
        also = self._media if self.form == 0 else ()
        return search_products(keys, self._gallery_label, also=also, page=page, by_groups=self.form > 1)

    def refused(self, status: int | None, form: int) -> OnRefusal:
        """It may be a label that is refused, or `in`."""
        if status != 422 or form > 1:
            return OnRefusal.STOP
        self.form = max(self.form, form + 1)
        return OnRefusal.ASK_AGAIN


class AssetsInUse:
    """Assets by id, with how many products and catalogues use each."""

    form = 0

    def call(self, keys: Sequence[str], page: int) -> Call[AssetPage]:
        return search_assets_in_use(keys, page=page)

    def read(self, page: AssetPage) -> tuple[Mapping[str, PlytixAsset], bool]:
        return {asset.id: asset for asset in page.assets}, page.is_full

    def refused(self, _status: int | None, _form: int, /) -> OnRefusal:
        return OnRefusal.SPLIT


class AssetsByPicture:
    """Assets that this program has named for whichever use of their picture, by `picture_in` of the name."""

    form = 0

    def call(self, keys: Sequence[str], page: int) -> Call[AssetPage]:
        return search_assets_like(keys, page=page)

    def read(self, page: AssetPage) -> tuple[Mapping[str, PlytixAsset], bool]:
        pictures = ((picture_in(asset.filename), asset) for asset in reversed(page.assets))
        return {picture: asset for picture, asset in pictures if picture}, page.is_full

    def refused(self, _status: int | None, _form: int, /) -> OnRefusal:
        return OnRefusal.SPLIT


class AssetsByName:
    """Ids of assets by exact filename: Plytix ignores case, image ids do not (plytix-api, Assets).

    `by_picture` finds those that this program has named for another use of the same picture.
    """

    form = 0

    def __init__(self) -> None:
        self.by_picture = AssetsByPicture()

    def call(self, keys: Sequence[str], page: int) -> Call[AssetPage]:
        return search_assets(keys, page=page)

    def read(self, page: AssetPage) -> tuple[Mapping[str, str], bool]:
        return {asset.filename: asset.id for asset in reversed(page.assets)}, page.is_full

    def refused(self, _status: int | None, _form: int, /) -> OnRefusal:
        """Some name in it must be what Plytix does not take: ask for fewer until it shows."""
        return OnRefusal.SPLIT

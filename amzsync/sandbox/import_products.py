"""The importer for products: what a cell names replaces what the attribute holds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from amzsync.sandbox import families, media
from amzsync.sandbox.account import Account
from amzsync.sandbox.import_lines import BadFileError, BadLineError
from amzsync.sandbox.import_result import Tally
from amzsync.sandbox.messages import Refusal
from amzsync.sandbox.state import MAX_ASSETS_PER_PRODUCT, THUMBNAIL, Product, TypeClass

SKU, THUMBNAIL_COLUMN = "SKU", "Thumbnail"


class ProductImporter:
    """Takes lines one by one; no product is made."""

    def __init__(self, account: Account, tally: Tally) -> None:
        self._account = account
        self._tally = tally

    def begin(self, heading: Sequence[str]) -> None:
        """Find out whether each column of a file is the SKU, the thumbnail or a media gallery."""
        if SKU not in heading:
            raise BadFileError(f"The column {SKU} is missing.")
        attributes = self._account.store.attributes()
        for column in heading:
            if column in (SKU, THUMBNAIL_COLUMN):
                continue
            attribute = attributes.get(column)
            if attribute is None or attribute.type_class is not TypeClass.MEDIA_GALLERY:
                raise BadFileError(f"No media gallery has the label {column[:100]!r}.")

    def take(self, cells: Mapping[str, str]) -> None:
        """Replace the galleries and the thumbnail of one product."""
        store, sku = self._account.store, cells[SKU]
        product = store.product_by_sku(sku)
        if product is None:
            raise BadLineError(f"There is no product {sku[:100]!r}.")
        linked = {
            THUMBNAIL if column == THUMBNAIL_COLUMN else column: self._ids(cell)
            for column, cell in cells.items()
            if column != SKU
        }
        self._check(product, linked)
        for label, ids in linked.items():
            store.set_media(product.id, label, ids)
        store.update_product(replace(product, modified=self._account.now()))
        self._tally.products += 1

    def _check(self, product: Product, linked: Mapping[str, tuple[str, ...]]) -> None:
        store = self._account.store
        if len(linked.get(THUMBNAIL, ())) > 1:
            raise BadLineError("A product has one thumbnail.")
        allowed = families.attributes_of(store, product.id)
        for label in linked:
            if label != THUMBNAIL and label not in allowed:
                raise BadLineError(families.NOT_IN_FAMILY)
        try:
            media.check_total(store.media(product.id) | dict(linked))
        except Refusal:
            raise BadLineError(f"A product holds at most {MAX_ASSETS_PER_PRODUCT} assets.") from None

    def _ids(self, cell: str) -> tuple[str, ...]:
        """The assets that a cell names, in its order and each once."""
        ids = []
        for name in cell.split(",") if cell else ():
            found = self._account.store.assets_named(name)
            if not found:
                raise BadLineError(f"There is no asset {name[:100]!r}.")
            ids.append(found[0].id)
        return tuple(dict.fromkeys(ids))

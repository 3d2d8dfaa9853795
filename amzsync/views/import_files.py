"""What an export for Plytix's importers writes, and what is told of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from amzsync.domain.alt_text import AltText
from amzsync.ledger.imports import AssetImport, LeftOut, ProductImport
from amzsync.views.export import harmless
from amzsync.views.import_folder import ImportFolder, Parts

__all__ = ["ImportWriter", "Written"]

_SKUS_NAMED = 10


@dataclass(frozen=True, slots=True)
class Named:
    """So many products left out for one reason, and the SKUs of the first of them."""

    reason: str
    total: int
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written. `unread`: products that have never been read in Plytix.

    `galleries` are the products without a thumbnail to set: their files have no such column, because an
    empty cell would take away the one that stands. `without_alt_text`: a field of the template had no value.
    """

    gallery: str
    assets: int
    products: int
    galleries: int
    unread: int
    without_alt_text: int
    left_out: tuple[Named, ...]
    files: tuple[tuple[str, ...], ...]

    @property
    def left_out_total(self) -> int:
        return sum(named.total for named in self.left_out)


@dataclass(slots=True)
class ImportWriter:
    """Writes the rows of an export into a folder."""

    folder: ImportFolder
    gallery: str
    alt_text: AltText | None
    _parts: list[Parts] = field(default_factory=list)
    _unread: int = 0
    _without_alt_text: int = 0
    _left_out: Counter[str] = field(default_factory=Counter)
    _skus: dict[str, list[str]] = field(default_factory=dict)

    def write(self, assets: Iterable[AssetImport], products: Iterable[ProductImport | LeftOut]) -> Written:
        """Write all rows; the files do not stand in the folder yet."""
        of_assets = self._new_parts("assets", "Asset name", "Asset URL", "Category", "Alt text")
        of_products = self._new_parts("products", "SKU", self.gallery, "Thumbnail")
        of_galleries = self._new_parts("galleries", "SKU", self.gallery)
        of_left_out = self._new_parts("left-out", "sku", "reason")
        for asset in assets:
            of_assets.add(harmless(asset.filename), _address(asset.url), "", self._alt_text_of(asset))
        for product in products:
            if isinstance(product, LeftOut):
                self._leave_out(product, of_left_out)
                continue
            self._unread += not product.was_seen
            names = ",".join(product.gallery)
            if product.thumbnail is None:
                of_galleries.add(product.sku, names)
            else:
                of_products.add(product.sku, names, product.thumbnail)
        return self._written(of_assets, of_products, of_galleries)

    def _new_parts(self, kind: str, *heading: str) -> Parts:
        self._parts.append(self.folder.parts(kind, *map(harmless, heading)))
        return self._parts[-1]

    def _alt_text_of(self, asset: AssetImport) -> str:
        text = self.alt_text.of(asset.use) if self.alt_text else ""
        self._without_alt_text += self.alt_text is not None and not text
        return text

    def _leave_out(self, product: LeftOut, parts: Parts) -> None:
        parts.add(harmless(product.sku), harmless(product.reason))
        self._left_out[product.reason] += 1
        named = self._skus.setdefault(product.reason, [])
        if len(named) < _SKUS_NAMED:
            named.append(product.sku)

    def _written(self, assets: Parts, products: Parts, galleries: Parts) -> Written:
        return Written(
            gallery=self.gallery,
            assets=assets.rows,
            products=products.rows,
            galleries=galleries.rows,
            unread=self._unread,
            without_alt_text=self._without_alt_text,
            left_out=tuple(
                Named(reason, total, tuple(self._skus[reason])) for reason, total in self._left_out.items()
            ),
            files=tuple(tuple(parts.files) for parts in self._parts),
        )


def _address(url: str) -> str:
    """The address, with what a line of text would not show in the form that means the same."""
    return harmless("".join(one if one.isprintable() else quote(one, safe="") for one in url))

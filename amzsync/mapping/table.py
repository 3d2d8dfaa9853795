"""The rows of a table as products: a row for each product, or for each of its images."""

from collections.abc import Iterable, Iterator, Sequence

from amzsync.domain.product import MARKETPLACE_IDS, MAX_IMAGES, ImageRef, Product, amazon_sku
from amzsync.domain.title import one_line
from amzsync.domain.variant import POSITION, UNNAMED, normalise
from amzsync.errors import MappingError
from amzsync.mapping.columns import Columns, Views
from amzsync.mapping.forms import MAX_SIDE, Nameless, Shape, check_sku
from amzsync.mapping.header import Row

__all__ = ["TableProducts"]

_NAMELESS = Nameless(has_images=True, reason="the row has neither a SKU nor an ASIN")
_NO_PRODUCT = Nameless(has_images=False, reason=_NAMELESS.reason)
_ASIN_TYPES = ("ASIN", "1")  # Amazon's older files write the types as numbers
_EMPTY = ""


class TableProducts:
    """The products of a table, in its order; `place` starts the place of each row, as in `m.csv, line`.

    `forced` is the marketplace of all rows, `default` that of those that name none.
    """

    def __init__(
        self, columns: Columns, rows: Iterable[Row], place: str, *, forced: str | None, default: str
    ) -> None:
        self._columns = columns
        self._rows = rows
        self._place = place
        self._forced = forced
        self._default = default
        self._number = 0
        self._views: dict[str, tuple[Views, ...]] = {}

    @property
    def number(self) -> int:
        """The row of the product that came last; of one with several rows, the first."""
        return self._number

    def __iter__(self) -> Iterator[Product | Nameless]:
        return self._listed() if self._columns.pictures.listed else self._wide()

    def _wide(self) -> Iterator[Product | Nameless]:
        for number, cells in self._filled():
            self._number = number
            code = self._marketplace(cells)
            images = self._wide_images(cells, code)
            sku = self._sku(number, cells, code)
            if sku:
                yield Product(sku, self._is_parent(cells), images, self._title(cells))
            elif images or self._title(cells):
                yield _NAMELESS if images else _NO_PRODUCT

    def _listed(self) -> Iterator[Product | Nameless]:
        """Rows of the same product that follow each other are one product."""
        images: list[ImageRef] = []
        current, first = "", 0
        title: str | None = None
        is_parent = False
        for number, cells in self._filled():
            found = self._listed_images(cells)
            sku = self._sku(number, cells, None)
            if sku != current or not sku:
                if current:
                    self._number = first
                    yield Product(current, is_parent, tuple(images), title)
                current, images, first = sku, [], number
                title, is_parent = self._title(cells), False
                if not sku and (found or title):
                    self._number = number
                    yield _NAMELESS if found else _NO_PRODUCT
            images += found
            is_parent = is_parent or self._is_parent(cells)
            if len(images) > MAX_IMAGES:
                raise self._fault(number, f"the product {sku} has more than {MAX_IMAGES:,} images")
        if current:
            self._number = first
            yield Product(current, is_parent, tuple(images), title)

    def _filled(self) -> Iterator[Row]:
        """The rows, each with a cell for every column."""
        width = self._columns.width
        for number, cells in self._rows:
            if len(cells) < width:
                yield number, [*cells, *[_EMPTY] * (width - len(cells))]
            else:
                yield number, cells

    def _wide_images(self, cells: Sequence[str], code: str) -> tuple[ImageRef, ...]:
        views = self._views.get(code)
        if views is None:
            views = self._views[code] = self._views_of(code)
        for kind in views:
            images = tuple(
                ImageRef(link, variant) for index, variant in kind if (link := cells[index].strip())
            )
            if images:
                return images
        return ()

    def _views_of(self, code: str) -> tuple[Views, ...]:
        """The columns of images of a marketplace, those of the first kind first."""
        found = self._columns.pictures
        located = found.located.get(MARKETPLACE_IDS.get(code.upper(), "").lower()) or found.located.get(
            "", ()
        )
        return found.flat, located, found.old

    def _listed_images(self, cells: Sequence[str]) -> list[ImageRef]:
        columns = self._columns.pictures
        raw = cells[columns.variant].strip() if columns.variant is not None else UNNAMED
        variant = raw if raw in POSITION else normalise(raw)
        height = width = 0
        if columns.height is not None and columns.width is not None:
            height, width = _side(cells[columns.height]), _side(cells[columns.width])
        size = (height * width, width if height else 0)
        return [ImageRef(link, variant, *size) for index in columns.listed if (link := cells[index].strip())]

    def _sku(self, number: int, cells: Sequence[str], code: str | None) -> str:
        identity = self._columns.identity
        for index in identity.skus:
            if sku := cells[index].strip():
                break
        else:
            asin = self._asin(cells)
            if not asin:
                return ""
            index = -1
            sku = amazon_sku(code or self._marketplace(cells), asin)
        try:
            check_sku(sku, self._columns.names[index] if index >= 0 else "ASIN")
        except Shape as shape:
            raise self._fault(number, shape.cause, shape.field) from None
        return sku

    def _asin(self, cells: Sequence[str]) -> str:
        identity = self._columns.identity
        for index in identity.asins:
            if asin := cells[index].strip():
                return asin
        for index, kind in identity.typed:
            if cells[kind].strip().upper() in _ASIN_TYPES and (asin := cells[index].strip()):
                return asin
        return ""

    def _marketplace(self, cells: Sequence[str]) -> str:
        if self._forced:
            return self._forced
        index = self._columns.identity.marketplace
        return (cells[index].strip() if index is not None else "") or self._default

    def _title(self, cells: Sequence[str]) -> str | None:
        for index in self._columns.titles:
            if title := one_line(cells[index]):
                return title
        return None

    def _is_parent(self, cells: Sequence[str]) -> bool:
        return any(cells[index].strip().lower() in marks for index, marks in self._columns.parents)

    def _fault(self, number: int, cause: str, column: str = "") -> MappingError:
        where = f", column {column[:40]}" if column else ""
        return MappingError(f"{self._place} {number}{where}", cause)


def _side(text: str) -> int:
    """A height or a width in pixels; 0 where it is none."""
    digits = text.strip().removesuffix(".0")
    if len(digits) > 5 or not (digits.isascii() and digits.isdigit()):
        return 0
    side = int(digits)
    return side if side < MAX_SIDE else 0

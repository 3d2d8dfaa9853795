"""The galleries that people look at: products in ledger order, each with its images. Reads only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from amzsync.domain.changes import Change, Sign
from amzsync.domain.exports import Reported
from amzsync.ledger.changes import Changes
from amzsync.ledger.packing import unpack_ids
from amzsync.ledger.part import Selection
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.rows import State
from amzsync.ledger.store import Store

__all__ = ["Galleries", "Gallery", "GalleryImage", "GalleryRow"]

_CHANGING = frozenset({Sign.MISSING, Sign.MOVED, Sign.OBSOLETE})
_PRODUCTS = """
    SELECT id, sku, title, is_parent, wanted IS NOT NULL,
        EXISTS (SELECT 1 FROM writes WHERE run_id = ? AND writes.product_id = products.id)
    FROM products WHERE {chosen} ORDER BY id"""
_IMAGES = """
    SELECT url, variant, links.state, links.reason, assets.plytix_id, ifnull(width, 0), ifnull(height, 0)
    FROM links JOIN addresses ON addresses.id = asset_id JOIN assets ON assets.id = asset_id
    WHERE product_id = ? ORDER BY links.state = 'obsolete', position"""
_WRITTEN = "SELECT gallery_before, gallery_after FROM writes WHERE run_id = ? AND product_id = ?"


@dataclass(frozen=True, slots=True)
class GalleryRow:
    """A product; `title` is empty where no mapping told one.

    `change` is None where nothing differs; `is_written`: the last run that wrote changed it.
    """

    id: int
    sku: str
    title: str
    is_parent: bool
    change: Change | None
    is_written: bool

    @property
    def signs(self) -> tuple[Sign, ...]:
        return self.change.signs if self.change else ()


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """An image at its place. `is_new`: the last run that wrote has put it there.

    `width` and `height` are pixels, 0 where no mapping has told them.
    """

    url: str
    variant: str
    state: State
    sign: Sign | None
    is_new: bool
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Gallery:
    """Wanted images in gallery order, then those no longer wanted; `notes`: why some are left out."""

    images: tuple[GalleryImage, ...]
    notes: tuple[str, ...]


class Galleries:
    """The galleries of the chosen products."""

    def __init__(self, store: Store, selection: Selection, changes: Changes) -> None:
        self._store = store
        self._selection = selection
        self._changes = changes

    def last_writer(self) -> int | None:
        """The last run that has written to Plytix, of those that can still be undone."""
        found = self._store.value("SELECT max(run_id) FROM writes")
        return None if found is None else int(found)

    def rows(
        self,
        reported: Reported,
        most: int | None = None,
        differences: Mapping[str, Change] | None = None,
        *,
        is_whole: bool = True,
    ) -> Iterator[GalleryRow]:
        """The products to show, at most so many.

        `differences`, by SKU, are known better than the ledger's; `is_whole`: there are no others.
        """
        find = self._finder(differences, is_whole=is_whole)
        found = 0
        for row, is_wanted in self._all(find):
            if found == most:
                return
            if _is_reported(row, reported, is_wanted=is_wanted):
                found += 1
                yield row

    def _finder(
        self, differences: Mapping[str, Change] | None, *, is_whole: bool
    ) -> Callable[[str], Change | None]:
        if differences is not None and is_whole:
            return differences.get
        known, better = _InOrder(iter(self._changes)), differences or {}

        def find(sku: str) -> Change | None:
            of_ledger = known.find(sku)
            return better.get(sku, of_ledger)

        return find

    def gallery(self, row: GalleryRow) -> Gallery:
        """The images of a product.

        Raises:
            LedgerError: what a run has written is not as this program keeps it.
        """
        change, added = row.change or Change(row.sku, row.is_parent, None), self._added(row)
        images: list[GalleryImage] = []
        notes: dict[str, None] = {}
        for url, variant, state, reason, plytix_id, *size in self._store.rows(_IMAGES, (row.id,)):
            sign = _sign(change, url)
            if state == State.OBSOLETE and sign is not Sign.OBSOLETE:
                continue
            images.append(GalleryImage(url, variant, State(state), sign, plytix_id in added, *size))
            if state == State.SKIPPED and reason and reason != NOT_FOUND:
                notes[reason] = None
        return Gallery(tuple(images), tuple(notes))

    def _all(self, find: Callable[[str], Change | None]) -> Iterator[tuple[GalleryRow, bool]]:
        sql = _PRODUCTS.format(chosen=self._selection.only("id"))
        for product_id, sku, title, is_parent, is_wanted, is_written in self._store.execute(
            sql, (self.last_writer(),)
        ):
            yield (
                GalleryRow(product_id, sku, title or "", bool(is_parent), find(sku), bool(is_written)),
                bool(is_wanted),
            )

    def _added(self, row: GalleryRow) -> frozenset[str]:
        """The Plytix ids that the last run that wrote has put into the gallery."""
        if not row.is_written:
            return frozenset()
        ((before, after),) = self._store.rows(_WRITTEN, (self.last_writer(), row.id))
        return frozenset(unpack_ids(after or b"")).difference(unpack_ids(before or b""))


class _InOrder:
    """Finds changes that come in the order in which they are asked for."""

    def __init__(self, changes: Iterator[Change]) -> None:
        self._changes = changes
        self._next = next(changes, None)

    def find(self, sku: str) -> Change | None:
        found = self._next
        if found is None or found.sku != sku:
            return None
        self._next = next(self._changes, None)
        return found


def _is_reported(row: GalleryRow, reported: Reported, *, is_wanted: bool) -> bool:
    match reported:
        case Reported.CHANGED:
            return row.is_written or not _CHANGING.isdisjoint(row.signs)
        case Reported.FAILED:
            return Sign.FAILED in row.signs
        case Reported.MISSING:
            return Sign.NOT_IN_PLYTIX in row.signs
        case Reported.ALL:
            return is_wanted or row.is_written or bool(row.signs)


def _sign(change: Change, url: str) -> Sign | None:
    if any(one.url == url for one in change.failed):
        return Sign.FAILED
    if url in change.missing:
        return Sign.MISSING
    return Sign.OBSOLETE if url in change.obsolete else None

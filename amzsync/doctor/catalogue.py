"""What the mappings want, or the ledger, as far as it can be judged without a network."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

from amzsync.doctor.finding import Finding, listed, ok, problem, warning
from amzsync.domain.exports import Export
from amzsync.domain.image_url import ImageUrl, Malformed, read_image_url
from amzsync.domain.product import Product, Unreadable
from amzsync.ledger.ledger import Ledger
from amzsync.mapping.read import NamedColumns, read_products
from amzsync.mapping.source import MappingSource

__all__ = [
    "Catalogue",
    "EvenSample",
    "address_findings",
    "catalogue_findings",
    "evenly",
    "of_ledger",
    "of_mappings",
]

T = TypeVar("T")

_SUBJECT = "image addresses"
_EXAMPLES = 3
_EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".svg", ".bmp"})
"""What Plytix takes for pictures. It converts nothing, and keeps the extension of the address."""

_MOST_HOSTS = 1_000
_MOST_SHOWN = 100


class Wanted(NamedTuple):
    """A product's SKU and the addresses of its images."""

    sku: str
    urls: tuple[str, ...]


class EvenSample(Generic[T]):
    """Up to `size` of any number of things, evenly from all of them, in their order."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._step = 1
        self._seen = 0
        self._kept: list[T] = []

    def add(self, one: T) -> None:
        if self._size and self._seen % self._step == 0:
            if len(self._kept) == 2 * self._size:
                self._kept, self._step = self._kept[::2], self._step * 2
            if self._seen % self._step == 0:
                self._kept.append(one)
        self._seen += 1

    def take(self) -> tuple[T, ...]:
        """The sample of what was added so far."""
        return evenly(self._kept, self._size)


def evenly(things: Sequence[T], size: int) -> tuple[T, ...]:
    """Up to `size` of them, evenly from first to last."""
    if len(things) <= size:
        return tuple(things)
    return tuple(things[place * len(things) // size] for place in range(size))


@dataclass(frozen=True, slots=True)
class Refused:
    """An address that no run uses, and the product that names it."""

    url: str
    sku: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What products there are, and their addresses.

    `unreadable` are the first of `without_sku` entries, `sample` are some usable addresses; `smaller` counts
    pictures that a product has in a reduced size only.
    `refused` are the first of `refusals` addresses that are refused, `unusual` the first that end like no
    picture, `hosts` how many each host serves.
    """

    skus: tuple[str, ...]
    without_images: int
    without_sku: int
    unreadable: tuple[str, ...]
    addresses: int
    smaller: int
    refusals: int
    refused: tuple[Refused, ...]
    unusual: tuple[str, ...]
    hosts: Mapping[str, int]
    sample: tuple[str, ...]


@dataclass
class _Reader:
    allow_private: bool
    sample: EvenSample[str]
    skus: dict[str, bool] = field(default_factory=dict)
    """Whether the product has images, by SKU."""

    unreadable: list[str] = field(default_factory=list)
    hosts: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    unusual: list[str] = field(default_factory=list)
    without_sku: int = 0
    addresses: int = 0
    smaller: int = 0
    refusals: int = 0

    def add(self, wanted: Wanted) -> None:
        self.skus[wanted.sku] = bool(wanted.urls) or self.skus.get(wanted.sku, False)
        images = [image for url in wanted.urls if (image := self._address(url, wanted.sku))]
        whole = {image.image_id for image in images if not image.has_modifiers}
        self.smaller += len({image.image_id for image in images} - whole)

    def add_unreadable(self, entry: Unreadable) -> None:
        self.without_sku += 1
        if len(self.unreadable) < _MOST_SHOWN:
            self.unreadable.append(f"{entry.place}: {entry.reason}")

    def _address(self, url: str, sku: str) -> ImageUrl | None:
        """The address as it is used; None for one that is refused."""
        self.addresses += 1
        image = read_image_url(url, allow_private=self.allow_private)
        if isinstance(image, Malformed):
            self.refusals += 1
            if len(self.refused) < _MOST_SHOWN:
                self.refused.append(Refused(url, sku, image.reason))
            return None
        if image.extension not in _EXTENSIONS and len(self.unusual) < _MOST_SHOWN:
            self.unusual.append(url)
        host = urlsplit(url).hostname or ""
        if host in self.hosts or len(self.hosts) < _MOST_HOSTS:
            self.hosts[host] += 1
        self.sample.add(url)
        return image

    def catalogue(self) -> Catalogue:
        return Catalogue(
            tuple(self.skus),
            sum(not has_images for has_images in self.skus.values()),
            self.without_sku,
            tuple(self.unreadable),
            self.addresses,
            self.smaller,
            self.refusals,
            tuple(self.refused),
            tuple(self.unusual),
            dict(self.hosts.most_common()),
            self.sample.take(),
        )


def of_mappings(
    mappings: Iterable[MappingSource],
    *,
    marketplace: str | None,
    columns: NamedColumns | None = None,
    allow_private: bool,
    sample: int,
) -> Catalogue:
    """What these mappings want, with `sample` of their addresses.

    Raises:
        MappingError: one of them is no mapping.
    """
    reader = _Reader(allow_private, EvenSample(sample))
    for mapping in mappings:
        for product in read_products(mapping, marketplace=marketplace, columns=columns):
            if isinstance(product, Product):
                reader.add(Wanted(product.sku, tuple(image.url for image in product.images)))
            else:
                reader.add_unreadable(product)
    return reader.catalogue()


def of_ledger(ledger: Ledger, *, allow_private: bool, sample: int) -> Catalogue:
    """What a ledger wants, where no mapping is named."""
    reader = _Reader(allow_private, EvenSample(sample))
    reader.skus.update(dict.fromkeys(ledger.queries.wanted_skus(), False))
    for wanted in _wanted(ledger):
        reader.add(wanted)
    return reader.catalogue()


def _wanted(ledger: Ledger) -> Iterator[Wanted]:
    for sku, rows in groupby(ledger.exports.rows(Export.LINKS), key=attrgetter("sku")):
        yield Wanted(sku, tuple(row.url for row in rows))


def catalogue_findings(catalogue: Catalogue) -> list[Finding]:
    """Of the mapping itself: its products, and those that cannot be read as one."""
    text = f"{len(catalogue.skus):,} products with {catalogue.addresses:,} image references."
    if catalogue.without_images:
        text += f" Without images: {catalogue.without_images:,}."
    found = [ok("mapping", text)]
    if catalogue.without_sku:
        found.append(
            problem(
                "mapping",
                f"{catalogue.without_sku:,} products have neither SKU nor ASIN"
                f" ({listed(catalogue.unreadable, 1)}).",
                "Give them one: without it nothing of them is done.",
            )
        )
    return found


def address_findings(catalogue: Catalogue) -> list[Finding]:
    """Of the addresses of images: which hosts, and those that cannot be used."""
    found = []
    usable = catalogue.addresses - catalogue.refusals
    if usable:
        hosts = listed((f"{host} ({count:,})" for host, count in catalogue.hosts.items()), _EXAMPLES)
        found.append(ok(_SUBJECT, f"{usable:,} can be used, on {hosts}."))
    elif not catalogue.refusals:
        found.append(warning(_SUBJECT, "No product names any image.", "Is this the right mapping?"))
    if catalogue.smaller:
        found.append(
            warning(
                _SUBJECT,
                f"{catalogue.smaller:,} pictures are named in a reduced size only (such as ._SL75_.).",
                "Name them without the size where the mapping is made: they are larger then.",
            )
        )
    if catalogue.unusual:
        more = " or more" if len(catalogue.unusual) == _MOST_SHOWN else ""
        found.append(
            warning(
                _SUBJECT,
                f"{len(catalogue.unusual):,}{more} end like no picture ({catalogue.unusual[0]}).",
                "Plytix may refuse them: look whether there is an address that ends in .jpg.",
            )
        )
    for reason, refused in _by_reason(catalogue.refused).items():
        first = refused[0]
        count = f"{len(refused):,}" + (" or more" if catalogue.refusals > len(catalogue.refused) else "")
        found.append(
            problem(
                _SUBJECT,
                f"{count} cannot be used: {reason} ({first.url} of {first.sku}).",
                "Correct them in the mapping; the other images are not affected.",
            )
        )
    return found


def _by_reason(refused: Iterable[Refused]) -> dict[str, list[Refused]]:
    found: dict[str, list[Refused]] = {}
    for one in refused:
        found.setdefault(one.reason, []).append(one)
    return found

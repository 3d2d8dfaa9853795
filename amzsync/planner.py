"""From products to the rows a ledger must hold: what is new, what differs, what is no longer wanted. Pure.

A catalogue can name a million pictures, so the products are kept as flat integer arrays: `_url_numbers`,
`_variant_codes` and `_areas` hold one number for each picture in reading order, `_part_starts` and
`_part_owners` tell which stretch of them belongs to which product. An address is a number from its first
appearance on; the ledger's ids are handed out at the end, in the order of the addresses, so that they are
written in the order of their index.
"""

import hashlib
import itertools
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from amzsync.domain.filename import asset_filename, distinct_filename
from amzsync.domain.gallery import arrange, positions
from amzsync.domain.image_url import MAX_URL_LENGTH, PLAIN_AMAZON_URL, ImageUrl, Malformed, read_image_url
from amzsync.domain.product import ImageRef, Product
from amzsync.domain.variant import KNOWN, MAIN, POSITION

__all__ = [
    "ChangedProduct",
    "KnownProduct",
    "KnownRows",
    "MalformedUrl",
    "PlanCounts",
    "Planner",
    "WantedLink",
]

_UNJUDGED, _PLAIN, _OTHER, _MALFORMED = range(4)
_KNOWN_CODES = len(KNOWN)
_MAIN_CODE = KNOWN.index(MAIN)
_KNOWN_KEYS = [POSITION[variant] << 16 | code for code, variant in enumerate(KNOWN)]
_MAX_POSITION = 0xFFF
_MAX_VARIANTS = 0xFFFF
_PATTERNS_KEPT = 10_000
_OVERFLOW_VARIANT = "OTHER"
_JUDGED_KEPT = 50_000
_PLAIN_START = "https://m.media-amazon.com/images/I/"
_PLAIN_ID_AT = len(_PLAIN_START)


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A product of the ledger, and the digest of what was wanted for it (None: not wanted now)."""

    id: int
    wanted: bytes | None


@dataclass(frozen=True, slots=True)
class KnownRows:
    """What the ledger holds already. Address ids count from 1 without a gap, and `urls` is in their order.

    `refused_urls` have an asset, but were found malformed later (private networks may be allowed or not).
    """

    urls: dict[str, int] = field(default_factory=dict)
    products: dict[str, KnownProduct] = field(default_factory=dict)
    obsolete_urls: frozenset[int] = frozenset()
    without_asset: frozenset[int] = frozenset()
    refused_urls: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class WantedLink:
    """A picture's place in a product's gallery; `position` counts from 1."""

    asset_id: int
    variant: str
    position: int


@dataclass(frozen=True, slots=True)
class ChangedProduct:
    """A product the ledger knows, for which something else is wanted now."""

    id: int
    is_parent: bool
    wanted: bytes
    links: tuple[WantedLink, ...]
    thumbnail: int | None


@dataclass(frozen=True, slots=True)
class MalformedUrl:
    """An address that can be no picture, and the product that first names it."""

    url_id: int
    product_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """What the mapping names. `total_image_refs` counts every picture read, whatever becomes of it."""

    total_products: int = 0
    products_with_images: int = 0
    parents: int = 0
    repeated_products: int = 0
    total_image_refs: int = 0
    unique_images: int = 0
    shared_images: int = 0
    superseded_images: int = 0
    repeated_images: int = 0
    malformed_images: int = 0
    links: int = 0
    parent_links: int = 0
    thumbnails: int = 0
    parent_thumbnails: int = 0


class Planner:
    """Take in products and tell the difference to the ledger: `add` all, `settle` once, then read on."""

    def __init__(self, known: KnownRows, *, gallery_label: str, allow_private: bool = False) -> None:
        self._known = known
        self._label = gallery_label.encode()
        self._allow_private = allow_private
        self._numbers = known.urls
        self._known_urls = len(known.urls)
        self._kinds = bytearray(self._known_urls + 1)
        self._judged: dict[str, ImageUrl | Malformed] = {}
        self._variants = list(KNOWN)
        self._codes = {variant: code for code, variant in enumerate(KNOWN)}
        self._url_numbers = array("I")
        self._variant_codes = array("H")
        self._areas = array("I")
        self._part_starts = array("Q")
        self._part_owners = array("I")
        self._owners: dict[str, int] = {}
        self._parents = bytearray()
        self._ordered = bytearray()
        self._patterns: dict[tuple[str, ...], tuple[array[int], bool]] = {}
        self._has_other_kinds = False
        # Filled by settle().
        self._gallery_starts = array("Q", [0])
        self._gallery_numbers = array("I")
        self._gallery_codes = array("H")
        self._malformed: dict[int, int] = {}
        self._best = array("I")
        self._ids = array("I")
        self._new_urls: list[str] = []
        self._new_numbers = array("I")
        self._product_ids = array("I")
        self.counts = PlanCounts()

    def add(self, product: Product) -> None:
        """Take in one product; the pictures of a SKU that came before are added to it."""
        self._part_starts.append(len(self._url_numbers))
        is_ordered = self._take_images(product.images)
        owner = self._owners.setdefault(product.sku, len(self._parents))
        self._part_owners.append(owner)
        if owner == len(self._parents):
            self._parents.append(product.is_parent)
            self._ordered.append(is_ordered)
        else:
            self._parents[owner] |= product.is_parent
            self._ordered[owner] = False

    def _take_images(self, images: Sequence[ImageRef]) -> bool:
        """Append the pictures; True if they stand in gallery order already, with nothing to settle."""
        if not images:
            return True
        # Whole columns at a time: a loop over a million pictures would cost more than writing them down.
        urls, variants, areas = zip(*images, strict=True)
        numbers = self._take_urls(urls)
        kinds = self._kinds
        codes, is_ordered = self._patterns.get(variants) or self._new_pattern(variants)
        self._url_numbers.extend(numbers)
        self._variant_codes.extend(codes)
        self._areas.extend(areas)
        if not is_ordered or len(set(numbers)) != len(numbers):
            return False
        return not self._has_other_kinds or all(kinds[number] == _PLAIN for number in numbers)

    def _take_urls(self, urls: tuple[str, ...]) -> list[int]:
        # `cast`, because a number is missing only where None is found in the next line.
        found = cast("list[int]", list(map(self._numbers.get, urls)))
        if None not in found and not (self._known_urls and 0 in map(self._kinds.__getitem__, found)):
            return found
        numbers, kinds, is_plain = self._numbers, self._kinds, PLAIN_AMAZON_URL.fullmatch
        taken = []
        for url in urls:
            number = numbers.get(url)
            if number is None and is_plain(url):
                number = numbers[url] = len(kinds)
                kinds.append(_PLAIN)
            elif number is None or not kinds[number]:
                number = self._judge(url)
            taken.append(number)
        return taken

    def _new_pattern(self, variants: tuple[str, ...]) -> tuple["array[int]", bool]:
        """The codes of a row of variants, and whether they are known ones in gallery order, each once."""
        codes = array("H", [self._code(variant) for variant in variants])
        is_ordered = codes[-1] < _KNOWN_CODES and all(a < b for a, b in itertools.pairwise(codes))
        if len(self._patterns) < _PATTERNS_KEPT:
            self._patterns[variants] = codes, is_ordered
        return codes, is_ordered

    def _judge(self, url: str) -> int:
        if PLAIN_AMAZON_URL.fullmatch(url):
            kind = _PLAIN
        else:
            judged = self._read(url)
            kind = _MALFORMED if isinstance(judged, Malformed) else _OTHER
            self._has_other_kinds = True
            if kind == _MALFORMED:
                url = _storable(url)
                self._judged[url] = judged
        number = self._numbers.setdefault(url, len(self._numbers) + 1)
        if number == len(self._kinds):
            self._kinds.append(kind)
        else:
            self._kinds[number] = kind
        return number

    def _read(self, url: str) -> ImageUrl | Malformed:
        judged = self._judged.get(url)
        if judged is None:
            judged = read_image_url(url, allow_private=self._allow_private)
            if len(self._judged) < _JUDGED_KEPT or isinstance(judged, Malformed):
                self._judged[url] = judged
        return judged

    def _code(self, variant: str) -> int:
        code = self._codes.get(variant)
        if code is not None:
            return code
        if len(self._variants) >= _MAX_VARIANTS:
            variant = _OVERFLOW_VARIANT
        code = self._codes.setdefault(variant, len(self._variants))
        if code == len(self._variants):
            self._variants.append(variant)
        return code

    def settle(self) -> None:
        """Decide every gallery, then hand out ids. After this, `add` no more."""
        urls = list(self._numbers)
        self._best = array("I", bytes(4 * (len(urls) + 1)))
        tally = _Tally(bytearray(len(urls) + 1))
        repeated_parts = self._repeated_parts()
        for part, owner in enumerate(self._part_owners):
            if owner + 1 < len(self._gallery_starts):
                continue  # a later part of a product that its first part has settled
            if self._ordered[owner]:
                self._settle_ordered(part, tally, is_parent=bool(self._parents[owner]))
            else:
                self._settle_mixed(owner, repeated_parts.get(owner) or [part], urls, tally)
            self._gallery_starts.append(len(self._gallery_numbers))
        self._hand_out_ids(urls)
        self.counts = PlanCounts(
            total_products=len(self._owners),
            products_with_images=tally.products_with_images,
            parents=sum(self._parents),
            repeated_products=len(self._part_owners) - len(self._owners),
            total_image_refs=len(self._url_numbers),
            unique_images=len(urls) + 1 - self._best.count(0),
            shared_images=tally.shared.count(1),
            superseded_images=tally.superseded,
            repeated_images=tally.repeated,
            malformed_images=tally.malformed,
            links=tally.links,
            parent_links=tally.parent_links,
            thumbnails=tally.thumbnails,
            parent_thumbnails=tally.parent_thumbnails,
        )

    def _settle_ordered(self, part: int, tally: "_Tally", *, is_parent: bool) -> None:
        best, shared = self._best, tally.shared
        start, stop = self._stretch(part)
        numbers, codes = self._url_numbers[start:stop], self._variant_codes[start:stop]
        for number, code in zip(numbers, codes, strict=True):
            key = _KNOWN_KEYS[code]
            before = best[number]
            if not before:
                best[number] = key
            else:
                shared[number] = 1
                if key < before:
                    best[number] = key
        self._gallery_numbers.extend(numbers)
        self._gallery_codes.extend(codes)
        if numbers:
            tally.add(len(numbers), has_main=codes[0] == 0, is_parent=is_parent)

    def _settle_mixed(self, owner: int, parts: list[int], urls: list[str], tally: "_Tally") -> None:
        refs = [
            ImageRef(
                urls[self._url_numbers[at] - 1], self._variants[self._variant_codes[at]], self._areas[at]
            )
            for part in parts
            for at in range(*self._stretch(part))
        ]
        gallery = arrange(refs, self._read)
        for ref, position in zip(gallery.images, positions(gallery.images), strict=True):
            number = self._numbers[ref.url]
            code = self._codes[ref.variant]
            key = min(position, _MAX_POSITION) << 16 | code
            tally.shared[number] = self._best[number] > 0
            if not self._best[number] or self._is_better(key, self._best[number]):
                self._best[number] = key
            self._gallery_numbers.append(number)
            self._gallery_codes.append(code)
        for ref in gallery.malformed:
            self._malformed.setdefault(self._numbers[ref.url], owner)
        tally.superseded += gallery.superseded
        tally.repeated += gallery.repeated
        tally.malformed += len(gallery.malformed)
        if gallery.images:
            tally.add(
                len(gallery.images),
                has_main=gallery.images[0].variant == MAIN,
                is_parent=bool(self._parents[owner]),
            )

    def _is_better(self, key: int, other: int) -> bool:
        if key >> 16 != other >> 16:
            return key < other
        return self._variants[key & 0xFFFF] < self._variants[other & 0xFFFF]

    def _repeated_parts(self) -> dict[int, list[int]]:
        if len(self._part_owners) == len(self._owners):
            return {}
        parts: dict[int, list[int]] = {}
        for part, owner in enumerate(self._part_owners):
            parts.setdefault(owner, []).append(part)
        return {owner: several for owner, several in parts.items() if len(several) > 1}

    def _stretch(self, part: int) -> tuple[int, int]:
        start = self._part_starts[part]
        is_last = part + 1 == len(self._part_starts)
        return start, len(self._url_numbers) if is_last else self._part_starts[part + 1]

    def _hand_out_ids(self, urls: list[str]) -> None:
        known = self._known_urls
        self._ids = array("I", range(len(urls) + 1))
        best, malformed = self._best, self._malformed
        kept = [
            url for number, url in enumerate(urls[known:], known + 1) if best[number] or number in malformed
        ]
        kept.sort()
        self._new_urls = kept
        self._new_numbers = array("I", map(self._numbers.__getitem__, kept))
        for new_id, number in enumerate(self._new_numbers, known + 1):
            self._ids[number] = new_id
        next_id = max((product.id for product in self._known.products.values()), default=0) + 1
        for sku in self._owners:
            before = self._known.products.get(sku)
            self._product_ids.append(before.id if before else next_id)
            next_id += not before

    def new_urls(self) -> Iterator[tuple[int, str]]:
        """Addresses the ledger does not hold, by id."""
        return enumerate(self._new_urls, self._known_urls + 1)

    def malformed_urls(self) -> Iterator[MalformedUrl]:
        """Every address that can be no picture, known or new."""
        urls = list(self._numbers)
        for number, owner in self._malformed.items():
            judged = self._read(urls[number - 1])
            reason = judged.reason if isinstance(judged, Malformed) else ""
            yield MalformedUrl(self._ids[number], self._product_ids[owner], reason)

    def new_assets(self) -> Iterator[tuple[int, str]]:
        """Id and name of the asset of each wanted address that has none in the ledger yet."""
        numbers, best = self._numbers, self._best
        names = _Names(numbers, self._known_urls)
        for url_id in sorted(self._known.without_asset):
            if best[url_id]:
                yield url_id, self._filename(self._known_url(url_id), url_id, names)
        kinds, starts = self._kinds, self._name_starts()
        for (new_id, url), number in zip(self.new_urls(), self._new_numbers, strict=True):
            if best[number]:
                is_bare = kinds[number] == _PLAIN and not self._known_urls
                name = (
                    starts[best[number]] + url[_PLAIN_ID_AT:]
                    if is_bare
                    else self._filename(url, number, names)
                )
                yield new_id, name

    def _name_starts(self) -> dict[int, str]:
        """How the name of an asset starts, by its most important use."""
        return {
            key: f"amazon_{key >> 16:02d}_{self._variants[key & 0xFFFF]}_" for key in set(self._best) if key
        }

    def _known_url(self, url_id: int) -> str:
        return next(itertools.islice(self._numbers, url_id - 1, None))

    def _filename(self, url: str, number: int, names: "_Names") -> str:
        key = self._best[number]
        variant = self._variants[key & 0xFFFF]
        if self._kinds[number] == _PLAIN:
            plain = f"amazon_{key >> 16:02d}_{variant}_{url[_PLAIN_ID_AT:]}"
            return distinct_filename(plain, url) if names.is_known(url[_PLAIN_ID_AT:]) else plain
        image = self._read(url)
        assert isinstance(image, ImageUrl)  # noqa: S101 - a malformed address is never wanted
        filename = asset_filename(key >> 16, variant, image)
        return distinct_filename(filename, url) if names.is_taken(image, url) else filename

    def gone_urls(self) -> list[int]:
        """Known addresses that nothing wants any more."""
        return [
            url_id
            for url_id in range(1, self._known_urls + 1)
            if not self._best[url_id]
            and url_id not in self._malformed
            and url_id not in self._known.obsolete_urls
        ]

    def returned_urls(self) -> list[int]:
        """Known addresses that were not wanted, or not usable, and are now."""
        known = self._known
        candidates = known.obsolete_urls | known.without_asset | known.refused_urls
        return [url_id for url_id in sorted(candidates) if self._best[url_id]]

    def gone_products(self) -> list[int]:
        """Known products that the mapping no longer names."""
        return [
            product.id
            for sku, product in self._known.products.items()
            if product.wanted is not None and sku not in self._owners
        ]

    def new_products(self) -> Iterator[tuple[int, str, bool, bytes]]:
        """Id, SKU, whether it is a parent, and the digest of what it wants."""
        for owner, sku in self._new_owners():
            yield self._product_ids[owner], sku, bool(self._parents[owner]), self._digest(owner)

    def new_links(self) -> Iterator[tuple[int, int, str, int]]:
        """Product id, asset id, variant, position, for the products that are new."""
        ids, variants = self._ids, self._variants
        numbers, codes, starts = self._gallery_numbers, self._gallery_codes, self._gallery_starts
        for owner, _ in self._new_owners():
            product_id = self._product_ids[owner]
            start = starts[owner]
            for at in range(start, starts[owner + 1]):
                yield product_id, ids[numbers[at]], variants[codes[at]], at - start + 1

    def new_thumbnails(self) -> Iterator[tuple[int, int]]:
        """Product id and asset id, for the products that are new and have a MAIN picture."""
        for owner, _ in self._new_owners():
            thumbnail = self._thumbnail(owner)
            if thumbnail:
                yield self._product_ids[owner], thumbnail

    def changed_products(self) -> Iterator[ChangedProduct]:
        """The products the ledger knows, for which something else is wanted now."""
        for owner, sku in enumerate(self._owners):
            before = self._known.products.get(sku)
            if before is None:
                continue
            digest = self._digest(owner)
            if digest != before.wanted:
                links = tuple(self._links(owner))
                yield ChangedProduct(
                    before.id, bool(self._parents[owner]), digest, links, self._thumbnail(owner)
                )

    def _new_owners(self) -> Iterator[tuple[int, str]]:
        known = self._known.products
        return ((owner, sku) for owner, sku in enumerate(self._owners) if sku not in known)

    def _links(self, owner: int) -> Iterator[WantedLink]:
        start, stop = self._gallery_starts[owner], self._gallery_starts[owner + 1]
        for position, at in enumerate(range(start, stop), 1):
            yield WantedLink(
                self._ids[self._gallery_numbers[at]], self._variants[self._gallery_codes[at]], position
            )

    def _thumbnail(self, owner: int) -> int | None:
        start = self._gallery_starts[owner]
        has_main = start < self._gallery_starts[owner + 1] and self._gallery_codes[start] == _MAIN_CODE
        return self._ids[self._gallery_numbers[start]] if has_main else None

    def _digest(self, owner: int) -> bytes:
        start, stop = self._gallery_starts[owner], self._gallery_starts[owner + 1]
        ids = array("I", map(self._ids.__getitem__, self._gallery_numbers[start:stop]))
        codes = self._gallery_codes[start:stop]
        # Codes of known variants never change; those of others are given out anew with each plan.
        if max(codes, default=0) < _KNOWN_CODES:
            variants = codes.tobytes()
        else:
            variants = ",".join(map(self._variants.__getitem__, codes)).encode()
        flags = self._label + (b"\1" if self._parents[owner] else b"\0")
        return hashlib.blake2b(flags + ids.tobytes() + variants, digest_size=16).digest()


@dataclass(slots=True)
class _Tally:
    shared: bytearray
    products_with_images: int = 0
    superseded: int = 0
    repeated: int = 0
    malformed: int = 0
    links: int = 0
    parent_links: int = 0
    thumbnails: int = 0
    parent_thumbnails: int = 0

    def add(self, links: int, *, has_main: bool, is_parent: bool) -> None:
        self.products_with_images += 1
        if is_parent:
            self.parent_links += links
            self.parent_thumbnails += has_main
        else:
            self.links += links
            self.thumbnails += has_main


class _Names:
    """Which picture already gives its bare name to another address."""

    def __init__(self, urls: dict[str, int], known: int) -> None:
        self._urls = urls
        self._known = known
        self._taken: dict[str, str] | None = None

    def is_known(self, name: str) -> bool:
        """True where an address in another form gave this picture's name away before."""
        return bool(self._known) and name in self._owners()

    def is_taken(self, image: ImageUrl, url: str) -> bool:
        if not image.is_amazon:
            return False
        name = f"{image.image_id}{image.extension}"
        plain = f"{_PLAIN_START}{name}"
        return self._owners().setdefault(name, plain if plain in self._urls else url) != url

    def _owners(self) -> dict[str, str]:
        if self._taken is None:
            self._taken = {}
            for url in itertools.islice(self._urls, self._known):
                if not PLAIN_AMAZON_URL.fullmatch(url):
                    judged = read_image_url(url, allow_private=True)
                    if isinstance(judged, ImageUrl) and judged.is_amazon:
                        self._taken.setdefault(f"{judged.image_id}{judged.extension}", url)
        return self._taken


def _storable(url: str) -> str:
    """A malformed address as it can be kept: bounded, without halves of characters or NULs."""
    return url[:MAX_URL_LENGTH].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")

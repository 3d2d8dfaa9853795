"""Products as they come: their pictures as flat integer arrays, their addresses judged once.

A catalogue can name a million pictures. `url_numbers`, `variant_codes` and `areas` hold one number for each
picture in reading order; `part_starts` and `part_owners` tell which stretch of them belongs to which product.
An address is a number from its first appearance on: what the ledger knows comes first, under its own id.
"""

import itertools
import sys
from array import array
from collections.abc import Sequence
from typing import cast

from amzsync.domain.image_url import MAX_URL_LENGTH, PLAIN_AMAZON_URL, ImageUrl, Malformed, read_image_url
from amzsync.domain.product import MAX_IMAGES, ImageRef, Product, Unreadable
from amzsync.domain.variant import KNOWN
from amzsync.errors import MappingError
from amzsync.planner.values import KnownRows

__all__ = ["PLAIN", "Planner"]

_UNJUDGED, PLAIN, _OTHER, MALFORMED = range(4)
"""What is known of an address: nothing yet, Amazon's common form, another usable one, none that is usable."""

_MAX_VARIANTS = 0xFFFF
_PATTERNS_KEPT = 10_000
_OVERFLOW_VARIANT = "OTHER"
_JUDGED_BYTES = 32 << 20
_JUDGED_OVERHEAD = 400
_PATTERN_LENGTH = 64


class Planner:
    """Take in products: `add` all, then `settle` tells the difference to the ledger."""

    def __init__(self, known: KnownRows, *, gallery_label: str, allow_private: bool = False) -> None:
        self.known = known
        self.label = gallery_label.encode()
        self.allow_private = allow_private
        self.urls = known.urls
        self.known_urls = len(known.urls)
        self.kinds = bytearray(self.known_urls + 1)
        self.reasons: dict[int, Malformed] = {}
        self.unreadable: list[Unreadable] = []
        self._judged: dict[str, ImageUrl | Malformed] = {}
        self._judged_room = _JUDGED_BYTES
        self.variants = list(KNOWN)
        self.codes = {variant: code for code, variant in enumerate(KNOWN)}
        self.url_numbers = array("I")
        self.variant_codes = array("H")
        self.areas = array("I")
        self.part_starts = array("Q")
        self.part_owners = array("I")
        self.owners: dict[str, int] = {}
        self.parents = bytearray()
        self.ordered = bytearray()
        self._image_counts = array("I")
        self._patterns: dict[tuple[str, ...], tuple[array[int], bool]] = {}
        self._has_other_kinds = False

    def add(self, product: Product | Unreadable) -> None:
        """Take in one product; the pictures of a SKU that came before are added to it.

        Raises:
            MappingError: these are too many.
        """
        if isinstance(product, Unreadable):
            self.unreadable.append(product)
            return
        self.part_starts.append(len(self.url_numbers))
        is_ordered = self._take_images(product.images)
        owner = self.owners.setdefault(product.sku, len(self.parents))
        self._count_images(owner, product)
        self.part_owners.append(owner)
        if owner == len(self.parents):
            self.parents.append(product.is_parent)
            self.ordered.append(is_ordered)
        else:
            self.parents[owner] |= product.is_parent
            self.ordered[owner] = False

    def _count_images(self, owner: int, product: Product) -> None:
        if owner == len(self.parents):
            self._image_counts.append(len(product.images))
            return
        self._image_counts[owner] += len(product.images)
        if self._image_counts[owner] > MAX_IMAGES:
            raise MappingError(
                f"The product {product.sku}",
                f"named several times, with more than {MAX_IMAGES:,} images in all",
            )

    def _take_images(self, images: Sequence[ImageRef]) -> bool:
        """Append the pictures; True if they stand in gallery order already, with nothing to settle."""
        if not images:
            return True
        # Whole columns at a time: a loop over a million pictures would cost more than writing them down.
        urls, variants, areas = zip(*images, strict=True)
        numbers = self._take_urls(urls)
        kinds = self.kinds
        codes, is_ordered = self._patterns.get(variants) or self._new_pattern(variants)
        self.url_numbers.extend(numbers)
        self.variant_codes.extend(codes)
        self.areas.extend(areas)
        if not is_ordered or len(set(numbers)) != len(numbers):
            return False
        return not self._has_other_kinds or all(kinds[number] == PLAIN for number in numbers)

    def _take_urls(self, urls: tuple[str, ...]) -> list[int]:
        # `cast`, because a number is missing only where None is found in the next line.
        found = cast("list[int]", list(map(self.urls.get, urls)))
        if None not in found and not (self.known_urls and 0 in map(self.kinds.__getitem__, found)):
            return found
        numbers, kinds, is_plain = self.urls, self.kinds, PLAIN_AMAZON_URL.fullmatch
        taken = []
        for url in urls:
            number = numbers.get(url)
            if number is None and is_plain(url):
                number = numbers[url] = len(kinds)
                kinds.append(PLAIN)
            elif number is None or not kinds[number]:
                number = self._judge(url)
            taken.append(number)
        return taken

    def _new_pattern(self, variants: tuple[str, ...]) -> tuple["array[int]", bool]:
        """The codes of a row of variants, and whether they are known ones in gallery order, each once."""
        codes = array("H", [self.code_of(variant) for variant in variants])
        is_ordered = codes[-1] < len(KNOWN) and all(a < b for a, b in itertools.pairwise(codes))
        if len(variants) <= _PATTERN_LENGTH and len(self._patterns) < _PATTERNS_KEPT:
            self._patterns[variants] = codes, is_ordered
        return codes, is_ordered

    def _judge(self, url: str) -> int:
        if PLAIN_AMAZON_URL.fullmatch(url):
            kind = PLAIN
        else:
            judged = self.read(url)
            kind = MALFORMED if isinstance(judged, Malformed) else _OTHER
            self._has_other_kinds = True
            if isinstance(judged, Malformed):
                url = _storable(url)
                self.reasons[self.urls.get(url) or len(self.urls) + 1] = judged
        number = self.urls.setdefault(url, len(self.urls) + 1)
        if number == len(self.kinds):
            self.kinds.append(kind)
        else:
            self.kinds[number] = kind
        return number

    def read(self, url: str) -> ImageUrl | Malformed:
        judged = self._judged.get(url)
        if judged is None:
            judged = read_image_url(url, allow_private=self.allow_private)
            size = sys.getsizeof(url) + _JUDGED_OVERHEAD
            if size <= self._judged_room:
                self._judged_room -= size
                self._judged[url] = judged
        return judged

    def judge_taken(self, url: str) -> ImageUrl | Malformed:
        """What was found of an address of this plan: one that is malformed may be kept in another form."""
        return self.reasons.get(self.urls[url]) or self.read(url)

    def code_of(self, variant: str) -> int:
        """The number of a variant, known ones first."""
        code = self.codes.get(variant)
        if code is not None:
            return code
        if len(self.variants) >= _MAX_VARIANTS:
            variant = _OVERFLOW_VARIANT
        code = self.codes.setdefault(variant, len(self.variants))
        if code == len(self.variants):
            self.variants.append(variant)
        return code

    def stretch(self, part: int) -> tuple[int, int]:
        start = self.part_starts[part]
        is_last = part + 1 == len(self.part_starts)
        return start, len(self.url_numbers) if is_last else self.part_starts[part + 1]


def _storable(url: str) -> str:
    """A malformed address as it can be kept: bounded, without halves of characters or NULs."""
    return url[:MAX_URL_LENGTH].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")

"""The galleries of all products, settled: sizes and repeats gone, in order, as flat arrays."""

from array import array
from dataclasses import dataclass

from amzsync.domain.gallery import arrange, positions
from amzsync.domain.product import ImageRef
from amzsync.domain.variant import KNOWN, POSITION, place
from amzsync.planner.planner import Planner
from amzsync.planner.values import PlanCounts

__all__ = ["Galleries"]

_KNOWN_KEYS = [POSITION[variant] << 16 | code for code, variant in enumerate(KNOWN)]
_MAX_POSITION = 0xFFF


class Galleries:
    """`numbers` and `codes` hold each gallery's addresses and variants; `starts` where each product's begins.

    `best` is each address's most important use, as position << 16 | variant code; 0 where nothing wants it.
    `malformed` holds the addresses that can be no picture, `malformed_uses` each once for each product
    that names it: the address, then the product.
    """

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.starts = array("Q", [0])
        self.numbers = array("I")
        self.codes = array("H")
        self.malformed: set[int] = set()
        self.malformed_uses = array("I")
        urls = list(planner.addresses.numbers)
        self.best = array("I", bytes(4 * (len(urls) + 1)))
        self.shared = bytearray(len(urls) + 1)
        self.tally = _Tally()
        repeated_parts = self._repeated_parts()
        for part, owner in enumerate(planner.references.part_owners):
            if owner + 1 < len(self.starts):
                continue  # a later part of a product that its first part has settled
            if planner.products.ordered[owner]:
                self._settle_ordered(part)
            else:
                self._settle_mixed(owner, repeated_parts.get(owner) or [part], urls)
            self.starts.append(len(self.numbers))

    def counts(self) -> PlanCounts:
        """What the mapping names."""
        planner, tally = self._planner, self.tally
        return PlanCounts(
            total_products=len(planner.products.numbers),
            products_with_images=tally.products_with_images,
            parents=sum(planner.products.parents),
            repeated_products=len(planner.references.part_owners) - len(planner.products.numbers),
            total_image_refs=len(planner.references.url_numbers),
            unique_images=len(self.best) - self.best.count(0),
            shared_images=self.shared.count(1),
            superseded_images=tally.superseded,
            repeated_images=tally.repeated,
            malformed_images=tally.malformed,
        )

    def _settle_ordered(self, part: int) -> None:
        best, shared = self.best, self.shared
        references = self._planner.references
        start, stop = references.span(part)
        numbers, codes = references.url_numbers[start:stop], references.variant_codes[start:stop]
        for number, code in zip(numbers, codes, strict=True):
            key = _KNOWN_KEYS[code]
            before = best[number]
            if not before:
                best[number] = key
            else:
                shared[number] = 1
                if key < before:
                    best[number] = key
        self.numbers.extend(numbers)
        self.codes.extend(codes)
        self.tally.products_with_images += bool(numbers)

    def _settle_mixed(self, owner: int, parts: list[int], urls: list[str]) -> None:
        planner = self._planner
        references, addresses, variants = planner.references, planner.addresses, planner.variants
        refs = [
            ImageRef(
                urls[references.url_numbers[at] - 1],
                variants.names[references.variant_codes[at]],
                references.areas[at],
            )
            for part in parts
            for at in range(*references.span(part))
        ]
        gallery = arrange(refs, addresses.read_taken)
        for ref, position in zip(gallery.images, positions(gallery.images), strict=True):
            number = addresses.numbers[ref.url]
            code = variants.code_of(ref.variant)
            key = min(position, _MAX_POSITION) << 16 | code
            self.shared[number] = self.best[number] > 0
            if not self.best[number] or self._is_better(key, self.best[number]):
                self.best[number] = key
            self.numbers.append(number)
            self.codes.append(code)
        for number in dict.fromkeys(addresses.numbers[ref.url] for ref in gallery.malformed):
            self.malformed.add(number)
            self.malformed_uses.extend((number, owner))
        self.tally.superseded += gallery.superseded
        self.tally.repeated += gallery.repeated
        self.tally.malformed += len(gallery.malformed)
        self.tally.products_with_images += bool(gallery.images)

    def _is_better(self, key: int, other: int) -> bool:
        if key >> 16 != other >> 16:
            return key < other
        ours, theirs = (
            self._planner.variants.names[key & 0xFFFF],
            self._planner.variants.names[other & 0xFFFF],
        )
        return (place(ours), ours) < (place(theirs), theirs)

    def _repeated_parts(self) -> dict[int, list[int]]:
        if len(self._planner.references.part_owners) == len(self._planner.products.numbers):
            return {}
        parts: dict[int, list[int]] = {}
        for part, owner in enumerate(self._planner.references.part_owners):
            parts.setdefault(owner, []).append(part)
        return {owner: several for owner, several in parts.items() if len(several) > 1}


@dataclass(slots=True)
class _Tally:
    products_with_images: int = 0
    superseded: int = 0
    repeated: int = 0
    malformed: int = 0

"""From the pictures a mapping names for a product to its gallery: sizes settled, repeats gone, in order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from amzsync.domain.image_url import ImageUrl, Malformed
from amzsync.domain.product import ImageRef
from amzsync.domain.variant import OTHER_FROM, POSITION

__all__ = ["Gallery", "arrange", "positions"]


@dataclass(frozen=True, slots=True)
class Gallery:
    """A product's pictures in gallery order, and what was left out of it."""

    images: tuple[ImageRef, ...]
    superseded: int
    repeated: int
    malformed: tuple[ImageRef, ...]


def arrange(refs: Sequence[ImageRef], judge: Callable[[str], ImageUrl | Malformed]) -> Gallery:
    """Settle one product's pictures (contract, What may be in a mapping).

    `judge` tells what an address says. Order: variant, then file order.
    """
    judged = [(ref, judge(ref.url)) for ref in refs]
    usable = [(ref, image) for ref, image in judged if isinstance(image, ImageUrl)]
    malformed = tuple(ref for ref, image in judged if isinstance(image, Malformed))
    ordered = sorted(_largest_of_each_picture(_largest_of_each_variant(usable)), key=_place)
    images: dict[str, ImageRef] = {}
    for ref in ordered:
        images.setdefault(ref.url, ref)
    superseded = sum(1 for ref, _ in usable if ref.url not in images)
    repeated = len(usable) - superseded - len(images)
    return Gallery(tuple(images.values()), superseded, repeated, malformed)


def positions(images: Iterable[ImageRef]) -> list[int]:
    """The number each picture's variant has in asset names: MAIN=1 … BOTT=12, others from 13 by name."""
    others: dict[str, int] = {}
    numbers = []
    for ref in images:
        known = POSITION.get(ref.variant)
        numbers.append(known or others.setdefault(ref.variant, OTHER_FROM + len(others)))
    return numbers


def _place(ref: ImageRef) -> tuple[int, str]:
    known = POSITION.get(ref.variant)
    return (known, "") if known else (OTHER_FROM, ref.variant)


def _largest_of_each_variant(usable: list[tuple[ImageRef, ImageUrl]]) -> list[tuple[ImageRef, ImageUrl]]:
    largest: dict[str, int] = {}
    for ref, _ in usable:
        largest[ref.variant] = max(largest.get(ref.variant, 0), ref.area)
    return [(ref, image) for ref, image in usable if not 0 < ref.area < largest[ref.variant]]


def _largest_of_each_picture(usable: list[tuple[ImageRef, ImageUrl]]) -> list[ImageRef]:
    pictures: dict[str | int, list[int]] = {}
    for index, (_, image) in enumerate(usable):
        pictures.setdefault(image.image_id if image.is_amazon else index, []).append(index)
    kept: list[tuple[int, ImageRef]] = []
    for group in pictures.values():
        # Where every size is told, the areas have decided, and only among entries of one variant.
        if len(group) == 1 or all(usable[index][0].area for index in group):
            kept.extend((index, usable[index][0]) for index in group)
            continue
        best = max(group, key=lambda index: (not usable[index][1].has_modifiers, usable[index][1].size))
        first = min(group, key=lambda index: _place(usable[index][0]))
        kept.append((first, usable[first][0]._replace(url=usable[best][0].url)))
    return [ref for _, ref in sorted(kept, key=itemgetter(0))]

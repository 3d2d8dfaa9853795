"""From the pictures a mapping names for a product to its gallery: sizes settled, repeats gone, in order."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from amzsync.domain.image_url import ImageUrl, Malformed
from amzsync.domain.product import ImageRef
from amzsync.domain.variant import MAIN, OTHER_FROM, POSITION, UNNAMED, place, views

__all__ = ["Gallery", "arrange", "positions"]


class _Use(NamedTuple):
    """One entry: its variant is always set; `is_named` tells that the mapping itself set it."""

    ref: ImageRef
    image: ImageUrl
    is_named: bool


@dataclass(frozen=True, slots=True)
class Gallery:
    """A product's pictures in gallery order, and what was left out of it."""

    images: tuple[ImageRef, ...]
    superseded: int
    repeated: int
    malformed: tuple[ImageRef, ...]


def arrange(refs: Sequence[ImageRef], read: Callable[[str], ImageUrl | Malformed]) -> Gallery:
    """Settle one product's pictures (contract, What may be in a mapping).

    `read` parses an address. Order: variant, then file order.
    """
    names = _free_names(refs)
    usable: list[_Use] = []
    malformed: list[ImageRef] = []
    for entry in refs:
        is_named = entry.variant != UNNAMED
        ref = entry if is_named else entry._replace(variant=next(names))
        image = read(ref.url)
        if isinstance(image, ImageUrl):
            usable.append(_Use(ref, image, is_named))
        else:
            malformed.append(ref)
    ordered = sorted(
        _largest_of_each_picture(_largest_of_each_variant(usable)), key=lambda ref: place(ref.variant)
    )
    images: dict[str, ImageRef] = {}
    for ref in ordered:
        images.setdefault(ref.url, ref)
    superseded = sum(1 for one in usable if one.ref.url not in images)
    repeated = len(usable) - superseded - len(images)
    return Gallery(tuple(images.values()), superseded, repeated, tuple(malformed))


def positions(images: Iterable[ImageRef]) -> list[int]:
    """The number each picture's variant has in asset names: MAIN=1 … BOTT=12, others from 13 by name."""
    others: dict[str, int] = {}
    numbers = []
    for ref in images:
        known = POSITION.get(ref.variant)
        numbers.append(known or others.setdefault(ref.variant, OTHER_FROM + len(others)))
    return numbers


def _free_names(refs: Sequence[ImageRef]) -> Iterator[str]:
    """The variants of the entries that name none: MAIN where no entry is, then the views that none is."""
    taken = {ref.variant for ref in refs}
    free = (view for view in views() if view not in taken)
    return free if MAIN in taken else itertools.chain([MAIN], free)


def _largest_of_each_variant(usable: list[_Use]) -> list[_Use]:
    largest: dict[str, int] = {}
    for ref, _, _ in usable:
        largest[ref.variant] = max(largest.get(ref.variant, 0), ref.area)
    return [use for use in usable if not 0 < use.ref.area < largest[use.ref.variant]]


def _largest_of_each_picture(usable: list[_Use]) -> list[ImageRef]:
    pictures: dict[str | int, list[int]] = {}
    for index, (_, image, _) in enumerate(usable):
        pictures.setdefault(image.image_id if image.is_amazon else index, []).append(index)
    kept: list[tuple[int, ImageRef]] = []
    for group in pictures.values():
        # Where every size is told, the areas have decided, and only among entries of one named variant.
        named = [index for index in group if usable[index].is_named]
        decided = named if all(usable[index].ref.area for index in named) else []
        first: int | None = None
        if len(decided) < len(group) > 1:
            best = max(
                group, key=lambda index: (not usable[index].image.has_modifiers, usable[index].image.size)
            )
            first = min(group, key=lambda index: place(usable[index].ref.variant))
            kept.append((first, usable[first].ref._replace(url=usable[best].ref.url)))
        elif len(group) == 1:
            decided = group
        kept.extend((index, usable[index].ref) for index in decided if index != first)
    return [ref for _, ref in sorted(kept, key=itemgetter(0))]

"""Amazon's image slots (variants) and the order in which a gallery shows them (contract, Gallery order)."""

import itertools
import re
from collections.abc import Iterator

__all__ = [
    "KNOWN",
    "MAIN",
    "OTHER_FROM",
    "POSITION",
    "UNNAMED",
    "flat_variant",
    "listed_variant",
    "normalise",
    "place",
    "views",
]

MAIN = "MAIN"
UNNAMED = ""
"""The variant of an entry that names none, until its product is settled."""

POSITION: dict[str, int] = {
    MAIN: 1,
    **{f"PT{n:02d}": n + 1 for n in range(1, 9)},
    "SWATCH": 10,
    "SWCH": 10,
    "TOPP": 11,
    "BOTT": 12,
}
"""The number of each known variant in asset names; all others are numbered from `OTHER_FROM`."""

OTHER_FROM = 13
KNOWN: tuple[str, ...] = tuple(POSITION)

_MAX_LENGTH = 40
_FURTHER_VIEW = re.compile(r"PT(?:09|[1-9][0-9])")
_UNWANTED = re.compile(r"[^A-Z0-9_-]+")


def normalise(raw: str | None) -> str:
    """The variant's name in capitals, safe in a file name; UNNAMED where none is given."""
    if not raw:
        return UNNAMED
    return _UNWANTED.sub("-", raw.upper())[:_MAX_LENGTH].strip("-")


def place(variant: str) -> tuple[int, str]:
    """Where a variant stands in a gallery: PT09 to PT99 after PT08, unknown ones at the end, by name."""
    known = POSITION.get(variant)
    if known:
        return known, ""
    return (POSITION["PT08"] if _FURTHER_VIEW.fullmatch(variant) else OTHER_FROM), variant


def views() -> Iterator[str]:
    """PT01, PT02 and so on, without an end."""
    return (f"PT{number:02d}" for number in itertools.count(1))


def flat_variant(field: str) -> str:
    """The variant of a flat mapping field: `amazon_image_main`, `…_variant_3`, `…_swatch`."""
    tail = field.removeprefix("amazon_image_")
    return f"PT{int(tail.removeprefix('variant_')):02d}" if tail.startswith("variant_") else tail.upper()


def listed_variant(index: int) -> str:
    """The variant of the URL at `index` (from 0) of a plain list: MAIN, PT01…PT08, then IMG09…."""
    if index == 0:
        return MAIN
    return f"PT{index:02d}" if index <= 8 else f"IMG{index:02d}"

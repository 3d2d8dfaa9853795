"""Amazon's image slots (variants) and the order in which a gallery shows them (contract, Gallery order)."""

import re

__all__ = ["KNOWN", "MAIN", "OTHER_FROM", "POSITION", "flat_variant", "listed_variant", "normalise"]

MAIN = "MAIN"

POSITION: dict[str, int] = {
    MAIN: 1,
    **{f"PT{n:02d}": n + 1 for n in range(1, 9)},
    "SWATCH": 10,
    "SWCH": 10,
    "TOPP": 11,
    "BOTT": 12,
}
"""The place of each known variant; every other one comes after, from `OTHER_FROM`, by name."""

OTHER_FROM = 13
KNOWN: tuple[str, ...] = tuple(POSITION)

_MAX_LENGTH = 40
_UNWANTED = re.compile(r"[^A-Z0-9_-]+")


def normalise(raw: str | None) -> str:
    """The variant's name in capitals, safe in a file name; MAIN where none is given."""
    if not raw:
        return MAIN
    return _UNWANTED.sub("-", raw.upper())[:_MAX_LENGTH].strip("-") or MAIN


def flat_variant(field: str) -> str:
    """The variant of a flat mapping field: `amazon_image_main`, `…_variant_3`, `…_swatch`."""
    tail = field.removeprefix("amazon_image_")
    return f"PT{int(tail.removeprefix('variant_')):02d}" if tail.startswith("variant_") else tail.upper()


def listed_variant(index: int) -> str:
    """The variant of the URL at `index` (from 0) of a plain list: MAIN, PT01…PT08, then IMG09…."""
    if index == 0:
        return MAIN
    return f"PT{index:02d}" if index <= 8 else f"IMG{index:02d}"

"""The sizes of images, as far as a mapping tells them: a number for each address, whatever their number."""

from array import array

from amzsync.planner.columns import References

__all__ = ["Sizes", "packed"]

_SIDE_BITS = 16


class Sizes:
    """By the number of an address its `widths` and `areas` in pixels, 0 where none is told.

    Of several sizes it is the largest.
    """

    def __init__(self, references: References, addresses: int) -> None:
        self.widths = array("H", bytes(2 * (addresses + 1)))
        self.areas = array("I", bytes(4 * (addresses + 1)))
        if any(references.widths):
            self._take(references)

    def _take(self, references: References) -> None:
        widths, areas = self.widths, self.areas
        columns = zip(references.url_numbers, references.areas, references.widths, strict=True)
        for number, area, width in columns:
            if area > areas[number] and width:
                areas[number] = area
                widths[number] = width


def packed(width: int, height: int) -> int:
    """Both sides as one number."""
    return width << _SIDE_BITS | height

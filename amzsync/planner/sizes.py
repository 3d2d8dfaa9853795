"""The sizes of images, as far as a mapping tells them: a number for each address, whatever their number."""

from array import array

from amzsync.planner.columns import References

__all__ = ["packed", "told_sizes", "unpacked"]

_SIDE_BITS = 16


def told_sizes(references: References, addresses: int) -> "array[int]":
    """By the number of an address, its size, packed; 0 where none is told. Of several sizes the largest."""
    largest = array("I", bytes(4 * (addresses + 1)))
    sizes = array("I", bytes(4 * (addresses + 1)))
    columns = zip(references.url_numbers, references.areas, references.widths, strict=True)
    for number, area, width in columns:
        if width and area > largest[number]:
            largest[number] = area
            sizes[number] = packed(width, area // width)
    return sizes


def packed(width: int, height: int) -> int:
    """Both sides as one number."""
    return width << _SIDE_BITS | height


def unpacked(size: int) -> tuple[int, int]:
    """Width and height in pixels."""
    return size >> _SIDE_BITS, size & ((1 << _SIDE_BITS) - 1)

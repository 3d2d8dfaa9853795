"""What is inside a JSON value, for whoever bounds how deep and how large one may be."""

from collections.abc import Iterable

__all__ = ["children"]


def children(value: object) -> Iterable[object]:
    """The values of an object, the items of a list; nothing for any other value."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()

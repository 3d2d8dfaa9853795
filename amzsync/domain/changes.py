"""What differs between what is wanted of a product and what Plytix has, in one form for all who tell it."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["Change", "FailedImage", "Sign"]


class Sign(Enum):
    """The kinds of difference, as people see them, in the order in which they are told."""

    MISSING = "+"
    MOVED = "~"
    OBSOLETE = "-"
    FAILED = "!"
    NOT_IN_PLYTIX = "?"


@dataclass(frozen=True, slots=True)
class FailedImage:
    """An image that cannot be in place; `status` is None where no request was made for it."""

    url: str
    error: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """The differences of one product; all images are addresses.

    `in_plytix` is None while Plytix has not been asked for the product. `missing`: wanted, and not in the
    gallery. `is_moved`: all there, in another order than wanted, in a gallery that only this ledger filled.
    `thumbnail`: the wanted one, where another or none stands. `obsolete`: no longer wanted, put there by
    this ledger, and still there.
    """

    sku: str
    is_parent: bool
    in_plytix: bool | None
    missing: tuple[str, ...] = ()
    is_moved: bool = False
    thumbnail: str | None = None
    obsolete: tuple[str, ...] = ()
    failed: tuple[FailedImage, ...] = ()

    @property
    def signs(self) -> tuple[Sign, ...]:
        """The kinds of difference that this product has; none for a product in place."""
        present = {
            Sign.MISSING: bool(self.missing),
            Sign.MOVED: self.is_moved or self.thumbnail is not None,
            Sign.OBSOLETE: bool(self.obsolete),
            Sign.FAILED: bool(self.failed),
            Sign.NOT_IN_PLYTIX: self.in_plytix is False,
        }
        return tuple(sign for sign in Sign if present[sign])

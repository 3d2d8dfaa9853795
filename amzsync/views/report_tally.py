"""How many products of which kind stand on a report page."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from amzsync.domain.changes import Sign
from amzsync.ledger.galleries import GalleryRow

__all__ = ["KINDS", "UNCHANGED", "WRITTEN", "Tally", "kinds_of", "tallies"]

KINDS = {
    Sign.MISSING: "missing",
    Sign.MOVED: "moved",
    Sign.OBSOLETE: "obsolete",
    Sign.FAILED: "failed",
    Sign.NOT_IN_PLYTIX: "unknown",
}
"""The class of what carries a sign, in the style and in the script of the page."""

WRITTEN = "written"
UNCHANGED = "unchanged"


@dataclass(slots=True)
class Tally:
    """The products of a page, and how many are of each kind; `first` and `last` are SKUs."""

    products: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""

    def add(self, row: GalleryRow) -> None:
        self.first = self.first or row.sku
        self.last = row.sku
        self.products += 1
        self.kinds.update(kinds_of(row))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.products + other.products,
            self.kinds + other.kinds,
            self.first or other.first,
            other.last or self.last,
        )


def kinds_of(row: GalleryRow) -> list[str]:
    """The classes of a product."""
    signed = [KINDS[sign] for sign in row.signs]
    return [*(signed or [UNCHANGED]), *([WRITTEN] if row.is_written else [])]


def tallies(rows: Iterable[GalleryRow], size: int) -> Iterator[Tally]:
    """A tally for each page of so many products; one without any where there are none."""
    source = iter(rows)
    is_first = True
    while True:
        tally = Tally()
        for row in islice(source, size):
            tally.add(row)
        if tally.products or is_first:
            yield tally
        if tally.products < size:
            return
        is_first = False

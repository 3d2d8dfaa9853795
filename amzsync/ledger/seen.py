"""What was last seen of each product in Plytix, and when: it tells how far the ledger can be trusted."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from amzsync.domain.timestamp import utc_text
from amzsync.ledger.part import Selection
from amzsync.ledger.store import Store
from amzsync.ledger.work_rows import WorkRows

__all__ = ["LastSeen", "Seen", "SeenTransitions", "Sighting"]

_FACTS = "in_plytix, missing, moved, thumbnail, obsolete, others, reordered"
_KEEP = (
    " ON CONFLICT (product_id) DO UPDATE SET seen_at = excluded.seen_at, run_id = excluded.run_id,"
    " in_plytix = excluded.in_plytix, missing = excluded.missing, moved = excluded.moved,"
    " thumbnail = excluded.thumbnail, obsolete = excluded.obsolete, others = excluded.others,"
    " reordered = excluded.reordered"
)
_LATELY = timedelta(seconds=60)
_DIFFERS = "(run_id IS NULL AND (in_plytix = 0 OR missing > 0 OR thumbnail = 1))"
"""As a check has seen it: a run that finds something missing puts it right, or has it as pending."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """How one product stood: images that were missing, no longer wanted, and of others, by their number.

    `moved`: in another order than wanted; `thumbnail`: another one than wanted, or none; `reordered`: images
    of this ledger in another order than its writes had left them, so that it is a person's.
    """

    in_plytix: bool
    missing: int = 0
    moved: bool = False
    thumbnail: bool = False
    obsolete: int = 0
    others: int = 0
    reordered: bool = False


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When the products with links in place were last seen: the first and the last such time, in UTC.

    `never` counts those of which that is not known, `differing` those that lacked something wanted then.
    """

    products: int
    never: int
    differing: int
    first: str | None
    last: str | None


class SeenTransitions(WorkRows):
    """What a run sees, written on its behalf."""

    def see(self, product_id: int, sighting: Sighting) -> None:
        """How a product stands now."""
        self._store.execute(
            f"INSERT INTO seen_products (product_id, seen_at, run_id, {_FACTS})"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" + _KEEP,
            (product_id, utc_text(self._now()), self._run_id, *_values(sighting)),
        )

    def was_seen_lately(self, product_id: int) -> bool:
        """Whether it was seen, or written, so short a while ago that a search may not show that yet.

        Where that was in the future, the clock has been set back since: it may have been a moment ago.
        """
        return bool(
            self._store.value(
                "SELECT EXISTS (SELECT 1 FROM seen_products WHERE product_id = ? AND seen_at >= ?)",
                (product_id, utc_text(self._now() - _LATELY)),
            )
        )


class Seen:
    """The table of what was seen, for people, and for keeping what was seen beside another process."""

    def __init__(self, store: Store, now: Callable[[], datetime], selection: Selection) -> None:
        self._store = store
        self._now = now
        self._selection = selection

    def now(self) -> str:
        """The time, as it is kept with what is seen."""
        return utc_text(self._now())

    def last_seen(self) -> LastSeen:
        """Of the chosen products that have any link in place."""
        rows = self._store.rows(
            f"SELECT count(*), count(*) - count(seen_at), total{_DIFFERS}, min(seen_at), max(seen_at)"
            " FROM products LEFT JOIN seen_products ON product_id = products.id"
            f" WHERE {self._selection.only('products.id')} AND wanted IS NOT NULL AND EXISTS"
            " (SELECT 1 FROM links WHERE links.product_id = products.id AND state = 'done')"
        )
        products, never, differing, first, last = rows[0]
        return LastSeen(products, never, int(differing), first, last)

    def since(self, moment: str) -> Iterator[tuple[object, ...]]:
        """What was seen from then on, for `keep`."""
        yield from self._store.execute(
            f"SELECT seen_at, {_FACTS}, products.id, sku, wanted FROM seen_products"
            " JOIN products ON products.id = product_id WHERE seen_at >= ?",
            (moment,),
        )

    def keep(self, seen: Iterable[tuple[object, ...]]) -> None:
        """Write down what was seen in a copy of this ledger, where the same is wanted of a product here.

        What is newer here stays.
        """
        with self._store.atomic():
            self._store.execute_many(
                f"INSERT INTO seen_products (product_id, seen_at, run_id, {_FACTS})"
                " SELECT id, ?, NULL, ?, ?, ?, ?, ?, ?, ? FROM products"
                " WHERE id = ? AND sku = ? AND wanted IS ?"
                + _KEEP
                + " WHERE excluded.seen_at >= seen_products.seen_at",
                seen,
            )


def _values(sighting: Sighting) -> tuple[object, ...]:
    return (
        sighting.in_plytix,
        sighting.missing,
        sighting.moved,
        sighting.thumbnail,
        sighting.obsolete,
        sighting.others,
        sighting.reordered,
    )

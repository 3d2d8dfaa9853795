"""Which picture an asset holds, as far as the headers of its address tell, and which are to be replaced."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from amzsync.domain.marks import Marks
from amzsync.domain.timestamp import utc_text
from amzsync.ledger.part import Selection
from amzsync.ledger.rows import Kept
from amzsync.ledger.store import Store

__all__ = ["PictureInPlace", "Pictures"]

_IN_PLACE = (
    "SELECT assets.id, url, assets.plytix_id, filename, pictures.asset_id IS NULL,"
    " etag, last_modified, length FROM assets JOIN addresses USING (id)"
    " LEFT JOIN pictures ON asset_id = assets.id"
    " WHERE assets.id > ? AND assets.state = 'done' AND assets.plytix_id IS NOT NULL"
)
_NOT_LOOKED_AT = "AND (looked_by IS NULL OR looked_by IS NOT ?)"
_PAGE = 500
_MARKS = "etag = ?, last_modified = ?, length = ?"


@dataclass(frozen=True, slots=True)
class PictureInPlace:
    """An asset of Plytix, the address that it came from, and what was told of the picture there.

    `is_new`: it was never looked at before.
    """

    asset_id: int
    url: str
    plytix_id: str
    filename: str
    is_new: bool
    marks: Marks


class Pictures:
    """The pictures of the chosen products; `run_id` is the run that replaces them."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], selection: Selection, run_id: int | None = None
    ) -> None:
        self._store = store
        self._now = now
        self._selection = selection
        self._run_id = run_id

    def in_place(self) -> Iterator[PictureInPlace]:
        """Those that this run has not looked at yet, by id."""
        return self._pages(_NOT_LOOKED_AT, self._run_id)

    def count_in_place(self) -> int:
        chosen = self._selection.only_wanted_by("assets.id")
        return int(
            self._store.value(
                f"SELECT count(*) FROM ({_IN_PLACE} {_NOT_LOOKED_AT} AND {chosen})", (0, self._run_id)
            )
        )

    def to_replace(self) -> Iterator[PictureInPlace]:
        """Those with another picture at their address, and those of which a try had an unknown outcome."""
        return self._pages("AND pictures.state IN ('changed', 'in_flight') AND ? IS NULL", None)

    def count_to_replace(self) -> int:
        chosen = self._selection.only_wanted_by("asset_id")
        return int(
            self._store.value(
                "SELECT count(*) FROM pictures JOIN assets ON assets.id = asset_id"
                " WHERE pictures.state IN ('changed', 'in_flight') AND assets.state = 'done'"
                f" AND assets.plytix_id IS NOT NULL AND {chosen}"
            )
        )

    def skus(self, asset_id: int, most: int) -> tuple[str, ...]:
        """The first products that want it."""
        rows = self._store.rows(
            "SELECT sku FROM links JOIN products ON products.id = product_id"
            " WHERE asset_id = ? AND state <> 'obsolete' ORDER BY product_id LIMIT ?",
            (asset_id, most),
        )
        return tuple(row[0] for row in rows)

    def note_seen(self, asset_id: int, marks: Marks, *, is_changed: bool) -> None:
        """What was told of it now: kept as what Plytix has, unless something else was known before.

        One whose replacing has an unknown outcome stays so, as Plytix may hold either picture.
        """
        self._store.execute(
            "INSERT INTO pictures (asset_id, etag, last_modified, length, looked_at, looked_by)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (asset_id) DO UPDATE"
            " SET looked_at = excluded.looked_at, looked_by = excluded.looked_by,"
            " state = CASE WHEN state = 'in_flight' THEN state WHEN ? THEN 'changed' ELSE 'same' END,"
            " reason = NULL",
            (asset_id, *_told(marks), utc_text(self._now()), self._run_id, is_changed),
        )

    def note_asked(self, asset_id: int) -> None:
        """It was asked for in vain: what is known of it stays."""
        self._store.execute(
            "UPDATE pictures SET looked_at = ?, looked_by = ? WHERE asset_id = ?",
            (utc_text(self._now()), self._run_id, asset_id),
        )

    def claim(self, asset_id: int) -> None:
        """The new picture is about to leave."""
        self._store.execute(
            "UPDATE pictures SET state = 'in_flight', run_id = ? WHERE asset_id = ?", (self._run_id, asset_id)
        )

    def finish(self, asset_id: int, marks: Marks) -> None:
        """Plytix has the picture of which this was told."""
        self._store.execute(
            f"UPDATE pictures SET state = 'same', run_id = ?, reason = NULL, {_MARKS} WHERE asset_id = ?",
            (self._run_id, *_told(marks), asset_id),
        )

    def leave(self, asset_id: int, reason: str) -> None:
        """It could not be replaced; a later look that still finds another one tries again."""
        self._store.execute(
            "UPDATE pictures SET state = 'left', run_id = ?, reason = ? WHERE asset_id = ?",
            (self._run_id, reason, asset_id),
        )

    def left(self) -> Iterator[Kept]:
        """What the run has left, each with the first product that wants it."""
        rows = self._store.rows(
            "SELECT asset_id, url, reason FROM pictures JOIN addresses ON addresses.id = asset_id"
            " WHERE run_id = ? AND state = 'left' ORDER BY asset_id",
            (self._run_id,),
        )
        for asset_id, url, reason in rows:
            yield Kept(next(iter(self.skus(asset_id, 1)), ""), reason, url)

    def since(self, moment: str) -> list[tuple[int, Marks]]:
        """What was looked at since then, and what is known of it."""
        rows = self._store.rows(
            "SELECT asset_id, etag, last_modified, length FROM pictures WHERE looked_at >= ?", (moment,)
        )
        return [(asset_id, Marks(*marks)) for asset_id, *marks in rows]

    def keep(self, seen: Iterable[tuple[int, Marks]]) -> None:
        """What another copy of this ledger has seen for the first time."""
        now = utc_text(self._now())
        self._store.execute_many(
            "INSERT OR IGNORE INTO pictures (asset_id, etag, last_modified, length, looked_at)"
            " SELECT id, ?, ?, ?, ? FROM assets WHERE id = ? AND state = 'done'",
            [(*_told(marks), now, asset_id) for asset_id, marks in seen],
        )

    def _pages(self, condition: str, value: int | None) -> Iterator[PictureInPlace]:
        chosen, after_id = self._selection.only_wanted_by("assets.id"), 0
        while rows := self._store.rows(
            f"{_IN_PLACE} {condition} AND {chosen} ORDER BY assets.id LIMIT ?", (after_id, value, _PAGE)
        ):
            for asset_id, url, plytix_id, filename, is_new, *marks in rows:
                yield PictureInPlace(asset_id, url, plytix_id, filename, bool(is_new), Marks(*marks))
            after_id = rows[-1][0]


def _told(marks: Marks) -> tuple[str | None, str | None, int | None]:
    return marks.etag, marks.last_modified, marks.length

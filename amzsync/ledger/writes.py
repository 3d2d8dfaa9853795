"""What each run wrote: gallery and thumbnail of a product before and after, so that it can be taken back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from amzsync.domain.written import is_between, settle
from amzsync.ledger.packing import pack_ids, unpack_ids
from amzsync.ledger.work_rows import WorkRows

__all__ = ["Change", "Standing", "Write", "WriteOutcome", "Writes"]

_REPLACES = "replaces_galleries"
_COLUMNS = "run_id, product_id, gallery_before, gallery_after, thumbnail_before, thumbnail_after, outcome"


class WriteOutcome(StrEnum):
    """Whether it is known what a write left. Mixed: others changed the gallery at the same time."""

    SENT = "sent"
    WRITTEN = "written"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in a product: Plytix ids."""

    gallery: tuple[str, ...]
    thumbnail: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a product before and after a run; a thumbnail is a list of none or one."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Write:
    """What a run wrote to a product; None for a part that it did not write."""

    run_id: int
    product_id: int
    gallery: Change | None
    thumbnail: Change | None
    outcome: WriteOutcome


class Writes(WorkRows):
    """The `writes` table, on behalf of one run."""

    def claim_write(
        self,
        product_id: int,
        before: Standing,
        gallery: Sequence[str] | None,
        thumbnail: Sequence[str] | None,
    ) -> None:
        """A write to the product is about to leave: what stands now, and what it is to leave (None: as is).

        What stood before the first write of a run is kept through all of its writes to the product.
        """
        if self._run_id is None:
            return
        earlier = self.write(self._run_id, product_id)
        outcome = WriteOutcome.SENT
        gallery_change = earlier.gallery if earlier else None
        thumbnail_change = earlier.thumbnail if earlier else None
        if gallery is not None:
            first = gallery_change.before if gallery_change else before.gallery
            if earlier and gallery_change and _is_mixed(earlier, gallery_change, before.gallery):
                outcome = WriteOutcome.MIXED
            gallery_change = Change(first, tuple(gallery))
        elif earlier:
            outcome = earlier.outcome
        if thumbnail is not None:
            first = thumbnail_change.before if thumbnail_change else _listed(before.thumbnail)
            thumbnail_change = Change(first, tuple(thumbnail))
        self._keep(Write(self._run_id, product_id, gallery_change, thumbnail_change, outcome))

    def settle_writes(self, product_id: int, seen: Standing, *, but_own: bool = False) -> None:
        """The product has been seen after writes to it: what they left is known now.

        `but_own`: those of earlier runs only.
        """
        for (run_id,) in self._store.rows(
            "SELECT run_id FROM writes WHERE product_id = ? AND outcome = 'sent'", (product_id,)
        ):
            write = self.write(run_id, product_id)
            if write is not None and not (but_own and run_id == self._run_id):
                self._keep(_settled(write, seen))

    def write(self, run_id: int, product_id: int) -> Write | None:
        """What a run wrote to a product."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM writes WHERE run_id = ? AND product_id = ?", (run_id, product_id)
        )
        return _write(rows[0]) if rows else None

    def writes_of(self, run_id: int) -> Iterator[Write]:
        """All that a run wrote, in ledger order."""
        for row in self._store.execute(
            f"SELECT {_COLUMNS} FROM writes WHERE run_id = ? ORDER BY product_id", (run_id,)
        ):
            yield _write(row)

    def own_write(self, product_id: int) -> Write | None:
        """What this run has written to a product."""
        return None if self._run_id is None else self.write(self._run_id, product_id)

    def own_writes(self) -> Iterator[Write]:
        """All that this run has written."""
        return iter(()) if self._run_id is None else self.writes_of(self._run_id)

    def note_replaced(self, before: Sequence[str], written: Sequence[str], shown: Sequence[str]) -> None:
        """An answer to a write of a whole gallery: it may prove that the account replaces it, in order."""
        if tuple(shown) == tuple(written) and tuple(before) != tuple(written[: len(before)]):
            self._store.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, '1')", (_REPLACES,))

    def replaces_galleries(self) -> bool:
        """Whether the account is known to do so."""
        return self._store.value("SELECT value FROM settings WHERE name = ?", (_REPLACES,)) is not None

    def has_set_thumbnail(self, product_id: int, asset_id: str) -> bool:
        """Whether a run is known to have made this asset the product's thumbnail."""
        return bool(
            self._store.value(
                "SELECT EXISTS (SELECT 1 FROM writes WHERE product_id = ? AND thumbnail_after = ?)",
                (product_id, pack_ids([asset_id])),
            )
        )

    def later_writer(self, run_id: int, product_id: int) -> int | None:
        """The first run after this one that wrote to the product, but for the one that works now."""
        found = self._store.value(
            "SELECT min(run_id) FROM writes WHERE product_id = ? AND run_id > ? AND run_id IS NOT ?",
            (product_id, run_id, self._run_id),
        )
        return None if found is None else int(found)

    def _keep(self, write: Write) -> None:
        if write.gallery is None and write.thumbnail is None:
            self._store.execute(
                "DELETE FROM writes WHERE run_id = ? AND product_id = ?", (write.run_id, write.product_id)
            )
            return
        self._store.execute(
            "INSERT OR REPLACE INTO writes (run_id, product_id, gallery_before, gallery_after,"
            " thumbnail_before, thumbnail_after, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                write.run_id,
                write.product_id,
                *_packed(write.gallery),
                *_packed(write.thumbnail),
                write.outcome,
            ),
        )


def _is_mixed(earlier: Write, change: Change, now: Sequence[str]) -> bool:
    """Whether others have changed the gallery since the run's last write to it."""
    if earlier.outcome is WriteOutcome.MIXED:
        return True
    return not is_between(change.before, change.after, now)


def _settled(write: Write, seen: Standing) -> Write:
    gallery, outcome = write.gallery, WriteOutcome.WRITTEN
    if gallery is not None:
        settled = settle(gallery.before, gallery.after, seen.gallery)
        if settled.is_mixed:
            outcome = WriteOutcome.MIXED
        gallery = None if settled.after is None else Change(gallery.before, settled.after)
    thumbnail = write.thumbnail
    if thumbnail is not None and thumbnail.before == _listed(seen.thumbnail) != thumbnail.after:
        thumbnail = None
    return Write(write.run_id, write.product_id, gallery, thumbnail, outcome)


def _listed(asset_id: str | None) -> tuple[str, ...]:
    return () if asset_id is None else (asset_id,)


def _packed(change: Change | None) -> tuple[bytes | None, bytes | None]:
    return (None, None) if change is None else (pack_ids(change.before), pack_ids(change.after))


def _write(row: Sequence[Any]) -> Write:
    run_id, product_id, *packed, outcome = row
    gallery, thumbnail = (
        None if before is None else Change(unpack_ids(before), unpack_ids(after))
        for before, after in (packed[:2], packed[2:])
    )
    return Write(run_id, product_id, gallery, thumbnail, WriteOutcome(outcome))

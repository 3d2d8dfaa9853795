"""What a prune or an undo is to change, told as differences before it is done."""

from collections.abc import Iterable, Iterator

from amzsync.domain.changes import Change
from amzsync.ledger.tasks import Tasks
from amzsync.ledger.writes import Write, Writes

__all__ = ["RemovalChanges"]


class RemovalChanges(Tasks, Writes):
    """Addresses stand for pictures of this ledger; any other one is told by its id."""

    def prune_changes(self) -> Iterator[Change]:
        """What would be taken out, by product."""
        for one in self.removals():
            yield Change(one.sku, one.is_parent, in_plytix=True, obsolete=one.urls)

    def undo_changes(self, run_id: int, products: Iterable[int]) -> Iterator[Change]:
        """What undoing a run is to change of these, where nobody has changed it since."""
        for product_id in products:
            write = self.write(run_id, product_id)
            if write is not None:
                yield self._undo_change(write)

    def _undo_change(self, write: Write) -> Change:
        sku, is_parent = self._store.rows(
            "SELECT sku, is_parent FROM products WHERE id = ?", (write.product_id,)
        )[0]
        urls = dict(
            self._store.rows(
                "SELECT plytix_id, url FROM links JOIN assets ON assets.id = asset_id"
                " JOIN addresses ON addresses.id = asset_id"
                " WHERE product_id = ? AND plytix_id IS NOT NULL",
                (write.product_id,),
            )
        )
        gallery, thumbnail = write.gallery, write.thumbnail
        before, after = (gallery.before, gallery.after) if gallery else ((), ())
        added = [one for one in after if one not in before]
        removed = [one for one in before if one not in after]
        shown = "" if thumbnail is None else "".join(thumbnail.before)
        return Change(
            sku,
            bool(is_parent),
            in_plytix=True,
            missing=tuple(urls.get(one, one) for one in removed),
            is_moved=not (added or removed) and before != after,
            thumbnail=None if thumbnail is None else urls.get(shown, shown or "none"),
            obsolete=tuple(urls.get(one, one) for one in added),
        )

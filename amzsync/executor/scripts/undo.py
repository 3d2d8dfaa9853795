"""Take back what a run did to one product (`undo`): in Plytix first, then what was wanted in the ledger."""

from collections.abc import Collection

from amzsync.executor.scheduler.script import Script
from amzsync.executor.scripts.context import RemovalContext
from amzsync.executor.scripts.decide import is_ours
from amzsync.executor.scripts.product import KnownReading, ProductState
from amzsync.executor.scripts.product_change import ProductChange
from amzsync.executor.scripts.record import Done
from amzsync.executor.scripts.refresh import take_in
from amzsync.executor.scripts.removal_plan import Target
from amzsync.executor.scripts.undo_plan import undo_gallery, undo_thumbnail
from amzsync.ledger.reasons import CHANGED_SINCE, PUT_LAST, written_since
from amzsync.ledger.rows import Origin
from amzsync.ledger.tasks import Task
from amzsync.plytix.wire import PlytixProduct

__all__ = ["undo_product"]


def undo_product(task: Task, run_id: int, context: RemovalContext) -> Script[None]:
    """The product as it was before that run, as far as nobody has changed it since."""
    work = context.record.work
    write = work.write(run_id, task.product_id)
    change = ProductChange(task.product_id, context)
    if write is not None:
        yield from change.bring(lambda state: _target(run_id, state, change, context))
    if not (change.has_failed or change.is_unsure):
        work.restore_wants(run_id, task.product_id)
    undone = write.gallery if write else None
    _record(change, context, set(undone.before).difference(undone.after) if undone else ())


def _target(run_id: int, state: ProductState, change: ProductChange, context: RemovalContext) -> Target:
    work = context.record.work
    write, begun = work.write(run_id, state.product.id), work.own_write(state.product.id)
    seen = state.gallery or ()
    if write is None:
        # Its write is seen now never to have arrived.
        return Target(seen)
    ours = {
        state.ids[link.asset_id]
        for link in state.product.links
        if link.asset_id in state.ids and link.origin is Origin.MADE
    }
    undone = undo_gallery(seen, write, begun, ours)
    thumbnail = undo_thumbnail(change.standing.thumbnail, write.thumbnail)
    later = work.later_writer(write.run_id, write.product_id)
    change.has_failed = later is not None and undone.is_changed and undone.gallery != seen
    if later is not None and change.has_failed:
        change.keep(written_since(later))
        return Target(seen)
    if undone.is_changed:
        change.keep(CHANGED_SINCE)
    if undone.is_put_last:
        change.keep(PUT_LAST)
    return Target(undone.gallery, thumbnail)


def _record(change: ProductChange, context: RemovalContext, taken_out: Collection[str]) -> None:
    """What was seen to stand in the end, as a reading of the product would tell it.

    Of what came meanwhile, only what the undone run had taken out can be the undo's work.
    """
    state, work = change.state, context.record.work
    product_id = state.product.id
    if state.known is not None and state.gallery is not None and not change.is_unsure:
        begun = work.own_write(product_id)
        if begun is not None and begun.gallery is not None:
            before, after = begun.gallery.before, begun.gallery.after
            added = set(after).difference(before).intersection(state.gallery, taken_out)
            work.note_made(product_id, [row for one in added for row in state.rows_of(one)])
            was_ours = is_ours(before, state.own, state.sent)
            if was_ours and added.union(state.own).issuperset(after):
                # The order is the undo's work, not a person's; some accounts append what they do not have.
                appended = (*before, *(one for one in after if one not in before))
                as_left = state.gallery in (after, appended)
                work.record_reading(product_id, state.standing(state.gallery), as_left=as_left)
        standing = change.standing
        work.settle_writes(product_id, standing)
        work.settle_removal(product_id)
        seen = PlytixProduct(state.known.seen.id, state.product.sku, standing.thumbnail, standing.gallery)
        known = KnownReading(seen, state.known.reading)
        take_in(work.product(product_id), state.ids, known, context.record)
        work.release_product(product_id)
    work.finish_task(product_id, change.kept)
    context.record.counts[Done.PRODUCT] += 1

"""Take out of one product's gallery what is no longer wanted and this ledger had put there (`prune`)."""

from amzsync.executor.scheduler.script import Script
from amzsync.executor.scripts.context import RemovalContext
from amzsync.executor.scripts.product import ProductState
from amzsync.executor.scripts.product_change import ProductChange
from amzsync.executor.scripts.record import Done
from amzsync.executor.scripts.removal_plan import Target
from amzsync.ledger.reasons import NO_OTHER_THUMBNAIL
from amzsync.ledger.rows import Origin, State
from amzsync.ledger.tasks import Task

__all__ = ["prune_product"]


def prune_product(task: Task, context: RemovalContext) -> Script[None]:
    """What is obsolete and ours goes; all else stays, in its order."""
    change = ProductChange(task.product_id, context)
    yield from change.bring(lambda state: _target(task, state, change, context))
    _record(task, change, context)


def _target(task: Task, state: ProductState, change: ProductChange, context: RemovalContext) -> Target:
    obsolete = {
        state.ids[link.asset_id]
        for link in state.product.links
        if link.asset_id in state.ids
        and link.state is State.OBSOLETE
        and (link.origin is Origin.MADE or link.sent is not None)
    }
    removes = obsolete.intersection(task.removes).difference(state.wanted)
    gallery = state.gallery or ()
    going = removes.intersection(gallery)
    shown = change.standing.thumbnail
    thumbnail: tuple[str, ...] | None = None
    if shown in going and context.record.work.has_set_thumbnail(task.product_id, shown or ""):
        wanted = state.product.thumbnail
        if wanted and wanted.state is not State.OBSOLETE and wanted.asset_id in state.ids:
            thumbnail = (state.ids[wanted.asset_id],)
        else:
            change.keep(NO_OTHER_THUMBNAIL, shown or "")
    return Target(tuple(one for one in gallery if one not in going), thumbnail)


def _record(task: Task, change: ProductChange, context: RemovalContext) -> None:
    """What was seen to stand in the end."""
    state, work = change.state, context.record.work
    product_id = task.product_id
    if state.seen is not None and state.gallery is not None and not change.is_unsure:
        work.record_reading(product_id, state.standing(state.gallery), as_left=state.is_ours)
        work.settle_writes(product_id, change.standing)
    if change.thumbnail:
        work.finish_thumbnail(product_id, Origin.MADE)
    work.finish_task(product_id, change.kept)
    context.record.counts[Done.PRODUCT] += 1

"""One look at a product that is known to hold pictures: where a search tells its gallery, it tells all."""

from collections.abc import Iterator

from amzsync.executor.scheduler.script import Find, Script
from amzsync.executor.scripts.context import ScriptContext
from amzsync.ledger.probes import Probes

__all__ = ["look_at", "look_first"]


def look_first(probes: Probes, context: ScriptContext) -> Iterator[Script[None]]:
    """Before all other scripts, with whose search it shares a request; none where it would save nothing."""
    sku = probes.filled_product() if context.traits.should_look() else None
    if sku is not None:
        yield look_at(sku, context)


def look_at(sku: str, context: ScriptContext) -> Script[None]:
    """Where that may save something, and only once a run."""
    if not context.traits.should_look():
        return
    context.traits.looked()
    found = yield Find(context.products_by_sku, (sku,), after_s=context.traits.settles_in_s())
    context.traits.note_searched(found.values.get(sku))

"""Scripts that read written galleries again, and append what others have overwritten since."""

from collections.abc import Mapping

from amzsync.executor.scheduler.script import Find, Script
from amzsync.executor.scripts.context import SyncContext
from amzsync.executor.scripts.product import ProductState
from amzsync.executor.scripts.sync import ProductSync
from amzsync.ledger.rows import Origin, State

__all__ = ["RecheckScripts", "recheck_product"]


def recheck_product(product_id: int, sku: str, context: SyncContext) -> Script[None]:
    """Read a written gallery again, and append what others have overwritten since."""
    found = yield Find(context.products_by_sku, (sku,))
    seen = found.values.get(sku)
    work = context.record.work
    product = work.product(product_id)
    if seen is None or seen.gallery is None or any(link.state.is_open for link in product.links):
        return
    made = [
        link.asset_id for link in product.links if link.state is State.DONE and link.origin is Origin.MADE
    ]
    assets = work.assets(made)
    gone = [row for row in made if assets[row].plytix_id not in seen.gallery]
    if not gone:
        return
    # The other program did not know of our write: append, so that nothing of its own is lost in turn.
    context.recheck.suspect_others()
    work.doubt_links(product_id, gone)
    state = ProductState(work.product(product_id), only_append=True)
    state.see(seen, seen.gallery, found.reading)
    sync = ProductSync(state, context)
    yield from sync.guarded(sync.from_a_reading())


class RecheckScripts:
    """The rechecks that are worth running, for the scheduler."""

    def __init__(self, context: SyncContext) -> None:
        self._context = context

    def take(self, most: int) -> list[Script[None]]:
        return self._scripts(self._context.recheck.take(most))

    def take_due(self, most: int) -> list[Script[None]]:
        return self._scripts(self._context.recheck.take_due(most))

    def due_at(self) -> float | None:
        return self._context.recheck.due_at()

    def _scripts(self, products: Mapping[int, str]) -> list[Script[None]]:
        return [recheck_product(product_id, sku, self._context) for product_id, sku in products.items()]

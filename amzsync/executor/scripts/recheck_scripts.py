"""Scripts that read written galleries again, and append what others have overwritten since."""

from collections.abc import Mapping

from amzsync.executor.scheduler.script import Find, Script
from amzsync.executor.scripts.context import SyncContext
from amzsync.executor.scripts.product import ProductState
from amzsync.executor.scripts.reading import read_by_itself
from amzsync.executor.scripts.record import Record
from amzsync.executor.scripts.sync import ProductSync
from amzsync.ledger.rows import Origin, ProductWork, State
from amzsync.plytix.wire import PlytixProduct

__all__ = ["RecheckScripts", "recheck_product"]


def recheck_product(product_id: int, sku: str, context: SyncContext) -> Script[None]:
    """Read a written gallery again, and append what others have overwritten since."""
    found = yield Find(context.products_by_sku, (sku,))
    product = context.record.work.product(product_id)
    if not _lacks(found.values.get(sku), product, context.record):
        return
    # Searches may be behind: what they do not show yet would be taken for lost.
    known = yield from read_by_itself(product.plytix_id or "", context)
    product = context.record.work.product(product_id)
    gone = _lacks(known.seen if known else None, product, context.record)
    if known is None or not gone:
        return
    # The other program did not know of our write: append, so that nothing of its own is lost in turn.
    context.recheck.suspect_others()
    context.record.work.reopen_product(product_id, gone, thumbnail=False)
    state = ProductState(context.record.work.product(product_id), only_append=True)
    state.see(known.seen, known.seen.gallery, known.reading)
    sync = ProductSync(state, context)
    yield from sync.guarded(sync.from_a_reading())


def _lacks(seen: PlytixProduct | None, product: ProductWork, record: Record) -> list[int]:
    """The pictures that this ledger has put there and that do not stand there.

    None where nothing can be told of that: it was not found, or is still worked on, or another product has
    its SKU by now.
    """
    if seen is None or seen.gallery is None or seen.id != product.plytix_id:
        return []
    if any(link.state.is_open for link in product.links):
        return []
    made = [
        link.asset_id for link in product.links if link.state is State.DONE and link.origin is Origin.MADE
    ]
    assets = record.work.assets(made)
    return [row for row in made if assets[row].plytix_id not in seen.gallery]


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

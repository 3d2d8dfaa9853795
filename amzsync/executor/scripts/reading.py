"""Reading one product: in a shared search, and by itself where that does not tell its gallery."""

from collections.abc import Callable
from dataclasses import replace

from amzsync.errors import PlytixError, RejectedError
from amzsync.executor.scheduler.script import Find, Script, Send
from amzsync.executor.scheduler.stop_errors import reading_failed
from amzsync.executor.scripts.context import ScriptContext
from amzsync.executor.scripts.product import KnownReading
from amzsync.plytix.client import read_product
from amzsync.plytix.wire import PlytixProduct

__all__ = ["find_product", "read_by_itself", "read_product_of"]


def find_product(sku: str, context: ScriptContext) -> Script[PlytixProduct | None]:
    """The product with its gallery; None where there is none. Without a gallery its family has none.

    Raises:
        StopError: it could not be read, so nothing is known about it.
    """
    known = yield from read_product_of(sku, context)
    return known.seen if known else None


def read_product_of(
    sku: str,
    context: ScriptContext,
    may_lag: Callable[[str, tuple[str, ...]], bool] = lambda _id, _gallery: False,
) -> Script[KnownReading | None]:
    """The same, with the time of the reading. What may lag in a search is read by itself, too.

    `may_lag` is given the product's Plytix id and the gallery that the search told.
    """
    traits = context.traits
    found = yield Find(context.products_by_sku, (sku,), after_s=traits.settles_in_s())
    seen: PlytixProduct | None = found.values.get(sku)
    traits.note_searched(seen)
    if seen is None:
        return None
    gallery = traits.gallery_of(seen)
    if gallery is not None and not may_lag(seen.id, gallery):
        return KnownReading(replace(seen, gallery=gallery), found.reading)
    known = yield from read_by_itself(seen.id, context)
    if known is not None:
        traits.note_read(seen, known.seen)
    return known


def read_by_itself(plytix_id: str, context: ScriptContext) -> Script[KnownReading | None]:
    """The product as it stands now, whatever searches show; None where there is none.

    Raises:
        StopError: it could not be read, so nothing is known about it.
    """
    try:
        sent = yield Send(read_product(plytix_id, context.gallery_label))
    except PlytixError as error:
        if isinstance(error, RejectedError) and error.status == 404:
            return None
        raise reading_failed(error) from None
    return KnownReading(sent.value, sent.reading)

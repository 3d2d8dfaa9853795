"""Read what Plytix has of everything a ledger wants, and write nothing to it (`plan --refresh`)."""

from dataclasses import dataclass
from functools import partial

from amzsync.executor.scheduler.script import Script, Shared
from amzsync.executor.scripts.assets import find_asset
from amzsync.executor.scripts.compare import compare
from amzsync.executor.scripts.context import ScriptContext
from amzsync.executor.scripts.product import KnownReading, ProductState
from amzsync.executor.scripts.reading import read_product_of
from amzsync.executor.scripts.record import Done, Record
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.rows import Origin, ProductWork, State
from amzsync.ledger.seen import Sighting
from amzsync.ledger.writes import Standing
from amzsync.plytix.wire import PlytixProduct

__all__ = ["Refreshed", "refresh_product", "take_in"]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A product with something to do, as it was read."""

    product_id: int
    known: KnownReading


def refresh_product(product: ProductWork, context: ScriptContext) -> Script[Refreshed | None]:
    """What stands there is done, what is gone is wanted again, and a product that came to exist too.

    The reading, where something is left to do.
    """
    record = context.record
    known = yield from read_product_of(product.sku, context, partial(_may_lag, product, record))
    if known is None:
        _not_found(product, record)
    elif known.seen.told_gallery is None:
        _outside_family(product, known.seen, record)
    else:
        ids = yield from _find_assets(product, context)
        take_in(product, ids, known, record)
    record.counts[Done.PRODUCT] += 1
    return Refreshed(product.id, known) if known and record.work.is_open(product.id) else None


def _may_lag(product: ProductWork, record: Record, plytix_id: str, gallery: tuple[str, ...]) -> bool:
    """Whether a search lacks what this ledger has put there so lately that it need not show it yet.

    Taken for gone, and then found again, it would count as a person's.
    """
    if product.plytix_id != plytix_id:
        return False
    sent = [link.asset_id for link in product.links if link.sent is not None]
    made = [link.asset_id for link in product.links if link.origin is Origin.MADE]
    own = {*sent, *(made if record.work.was_seen_lately(product.id) else ())}
    return any(
        asset.plytix_id and asset.plytix_id not in gallery for asset in record.work.assets(own).values()
    )


def _find_assets(product: ProductWork, context: ScriptContext) -> Script[dict[int, str]]:
    """The Plytix ids of its pictures that are there, by asset row."""
    assets = context.record.work.assets([link.asset_id for link in product.links])
    found = yield Shared(
        {asset.id: partial(find_asset, asset, context) for asset in assets.values() if asset.state.is_open}
    )
    known = {asset.id: asset.plytix_id for asset in assets.values() if asset.plytix_id}
    return known | {row: plytix_id for row, plytix_id in found.items() if plytix_id}


def _not_found(product: ProductWork, record: Record) -> None:
    """There is no such product: what was done on it is gone with it."""
    record.work.see(product.id, Sighting(in_plytix=False))
    gone = [link.asset_id for link in product.links if link.state is State.DONE]
    record.work.reopen_product(product.id, gone, thumbnail=True)
    record.work.skip_product(product.id, NOT_FOUND)


def _outside_family(product: ProductWork, seen: PlytixProduct, record: Record) -> None:
    """The product has no such gallery any more: what was done in it is gone."""
    record.work.see(product.id, Sighting(in_plytix=True, missing=len(product.links)))
    record.work.resolve({product.id: seen.id})
    gone = [link.asset_id for link in product.links if link.state is State.DONE]
    record.work.reopen_product(product.id, gone, thumbnail=False)
    record.work.skip_outside_family(product.id)


def take_in(product: ProductWork, ids: dict[int, str], known: KnownReading, record: Record) -> None:
    """What was seen of the product becomes the state of its rows."""
    seen = known.seen
    work = record.work
    work.resolve({product.id: seen.id})
    if product.plytix_id not in (None, seen.id):
        product = work.product(product.id)
    work.want_found_product(product.id)
    gallery = seen.gallery or ()
    work.settle_writes(product.id, Standing(gallery, seen.thumbnail_id))
    state = ProductState(product, ids)
    state.see(seen, gallery, known.reading)
    standing = state.placed(gallery)
    record.record_reading(state, as_left=state.is_ours)
    work.finish_links(product.id, standing, made=(), as_left=state.is_ours)
    work.want_order(product.id, state.misplaced)
    gone = [
        link.asset_id for link in state.links if link.state is State.DONE and link.asset_id not in standing
    ]
    thumbnail, is_lost = product.thumbnail, False
    if thumbnail is not None:
        stands = seen.thumbnail_id is not None and ids.get(thumbnail.asset_id) == seen.thumbnail_id
        is_lost = not stands and thumbnail.state is State.DONE
        if stands:
            work.finish_thumbnail(product.id, Origin.FOUND)
    work.reopen_product(product.id, gone, thumbnail=is_lost)
    is_left_alone = work.is_left_alone(product)
    found = compare(product, ids, gallery, seen.thumbnail_id, is_left_alone=is_left_alone)
    work.see(product.id, found.sighting)

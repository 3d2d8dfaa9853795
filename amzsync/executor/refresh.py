"""Read what Plytix has of everything a ledger wants, and write nothing to it (`plan --refresh`)."""

from dataclasses import dataclass
from functools import partial

from amzsync.errors import PlytixError, RejectedError
from amzsync.executor.assets import find_asset
from amzsync.executor.bulk import AssetsByName, ProductsBySku
from amzsync.executor.product import ProductState
from amzsync.executor.record import Done, Record
from amzsync.executor.script import Find, Script, Send, Shared
from amzsync.executor.stop_errors import reading_failed
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.rows import Origin, ProductWork, State
from amzsync.plytix.client import read_product
from amzsync.plytix.wire import PlytixProduct

__all__ = ["RefreshContext", "refresh_product"]


@dataclass(frozen=True, slots=True)
class RefreshContext:
    """What all products of a refresh share."""

    record: Record
    products: ProductsBySku
    names: AssetsByName
    gallery_label: str


def refresh_product(product: ProductWork, context: RefreshContext) -> Script[None]:
    """What stands there is done, what is gone is wanted again, and a product that came to exist too."""
    ids = yield from _find_assets(product, context)
    found = yield Find(context.products, (product.sku,))
    seen = found.values.get(product.sku)
    if seen is not None and seen.told_gallery is None:
        seen = yield from _read_product(seen.id, context)
    if seen is None:
        _not_found(product, context.record)
    elif seen.told_gallery is None:
        _outside_family(product, seen, context.record)
    else:
        _compare(product, ids, seen, context.record)
    context.record.counts[Done.PRODUCT] += 1


def _find_assets(product: ProductWork, context: RefreshContext) -> Script[dict[int, str]]:
    """The Plytix ids of its pictures that are there, by asset row."""
    assets = context.record.work.assets([link.asset_id for link in product.links])
    found = yield Shared(
        {
            asset.id: partial(find_asset, asset, context.names, context.record)
            for asset in assets.values()
            if asset.state.is_open
        }
    )
    known = {asset.id: asset.plytix_id for asset in assets.values() if asset.plytix_id}
    return known | {row: plytix_id for row, plytix_id in found.items() if plytix_id}


def _read_product(plytix_id: str, context: RefreshContext) -> Script[PlytixProduct | None]:
    """The truth about a product whose search did not tell its gallery; None where it has gone meanwhile."""
    try:
        sent = yield Send(read_product(plytix_id, context.gallery_label))
    except PlytixError as error:
        if isinstance(error, RejectedError) and error.status == 404:
            return None
        # What could not be read says nothing of what stands there.
        raise reading_failed(error) from None
    product: PlytixProduct = sent.value
    return product


def _not_found(product: ProductWork, record: Record) -> None:
    """There is no such product: what was done on it is gone with it."""
    gone = [link.asset_id for link in product.links if link.state is State.DONE]
    record.work.reopen_product(product.id, gone, thumbnail=True)
    record.work.skip_product(product.id, NOT_FOUND)


def _outside_family(product: ProductWork, seen: PlytixProduct, record: Record) -> None:
    """The product has no such gallery any more: what was done in it is gone."""
    record.work.resolve({product.id: seen.id})
    gone = [link.asset_id for link in product.links if link.state is State.DONE]
    record.work.reopen_product(product.id, gone, thumbnail=False)
    record.work.skip_outside_family(product.id)


def _compare(product: ProductWork, ids: dict[int, str], seen: PlytixProduct, record: Record) -> None:
    work = record.work
    work.resolve({product.id: seen.id})
    work.want_found_product(product.id)
    gallery = seen.gallery or ()
    state = ProductState(product, ids, gallery=gallery)
    standing = state.placed(gallery)
    work.look(product.id, state.standing(gallery), as_left=state.is_ours)
    work.finish_links(product.id, standing, made=(), as_left=state.is_ours)
    work.want_order(product.id, state.misplaced)
    gone = [
        link.asset_id for link in state.links if link.state is State.DONE and link.asset_id not in standing
    ]
    thumbnail = product.thumbnail
    if thumbnail is None or thumbnail.state is State.OBSOLETE:
        work.reopen_product(product.id, gone, thumbnail=False)
        return
    stands = seen.thumbnail_id is not None and ids.get(thumbnail.asset_id) == seen.thumbnail_id
    work.reopen_product(product.id, gone, thumbnail=not stands and thumbnail.state is State.DONE)
    if stands:
        work.finish_thumbnail(product.id, Origin.FOUND)

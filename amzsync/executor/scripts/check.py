"""Look at one product, and tell in what it differs from what is wanted. Changes no row's state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from amzsync.domain.changes import Change, FailedImage
from amzsync.executor.scheduler.script import Script
from amzsync.executor.scripts.compare import Differences, compare, known_by_name
from amzsync.executor.scripts.context import ScriptContext
from amzsync.executor.scripts.reading import find_product
from amzsync.executor.scripts.record import Done
from amzsync.ledger.reasons import NO_PICTURE, NOT_IN_FAMILY
from amzsync.ledger.rows import Asset, ProductWork, State
from amzsync.ledger.seen import Sighting
from amzsync.ledger.work import Work
from amzsync.plytix.wire import PlytixProduct

__all__ = ["Checked", "check_product"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at a product came to; `others` counts the images of people there."""

    product_id: int
    change: Change
    others: int = 0


def check_product(product: ProductWork, context: ScriptContext) -> Script[Checked]:
    """Compare, and keep in the ledger what was seen."""
    work = context.record.work
    seen = yield from find_product(product.sku, context)
    change = Change(product.sku, product.is_parent, in_plytix=seen is not None)
    if seen is None:
        found, sighting = Differences(), Sighting(in_plytix=False)
    elif seen.told_gallery is None:
        found, sighting = Differences(), Sighting(in_plytix=True, missing=len(_wanted(product)))
        change = replace(change, failed=_outside_family(product, work))
    else:
        found, change = _compared(product, seen, change, work)
        sighting = found.sighting
    change = replace(change, failed=(*work.malformed(product.id), *change.failed))
    work.see(product.id, sighting)
    context.record.counts[Done.PRODUCT] += 1
    return Checked(product.id, change, found.others)


def _compared(
    product: ProductWork, seen: PlytixProduct, change: Change, work: Work
) -> tuple[Differences, Change]:
    if product.plytix_id not in (None, seen.id):
        # Made anew: nothing that stands there is this ledger's.
        product = replace(product, links=tuple(replace(one, origin=None, sent=None) for one in product.links))
    assets = _assets(product, work)
    ids = _ids(assets, seen)
    found = compare(
        product,
        ids,
        seen.told_gallery or (),
        seen.thumbnail_id,
        is_left_alone=work.is_left_alone(product),
    )
    failed = work.failed_images(product.id) if found.failed else {}
    return found, replace(
        change,
        missing=tuple(assets[row].url for row in found.missing),
        is_moved=found.is_moved,
        thumbnail=None if found.thumbnail is None else assets[found.thumbnail].url,
        obsolete=tuple(assets[row].url for row in found.obsolete),
        failed=tuple(
            failed.get(row) or FailedImage(assets[row].url, NO_PICTURE, None) for row in found.failed
        ),
    )


def _assets(product: ProductWork, work: Work) -> dict[int, Asset]:
    rows = {link.asset_id for link in product.links}
    return work.assets(rows | ({product.thumbnail.asset_id} if product.thumbnail else set()))


def _ids(assets: Mapping[int, Asset], seen: PlytixProduct) -> dict[int, str]:
    """Of what the ledger does not know: as the gallery names it, which costs no request."""
    ids = {asset.id: asset.plytix_id for asset in assets.values() if asset.plytix_id}
    names = {asset.id: asset.filename for asset in assets.values() if not asset.plytix_id}
    return ids | known_by_name(names, seen.filenames)


def _wanted(product: ProductWork) -> list[int]:
    return [link.asset_id for link in product.links if link.state is not State.OBSOLETE]


def _outside_family(product: ProductWork, work: Work) -> tuple[FailedImage, ...]:
    """There is nowhere to put its pictures."""
    assets = work.assets(_wanted(product))
    return tuple(FailedImage(assets[row].url, NOT_IN_FAMILY, None) for row in _wanted(product))

"""What the scripts of a run share."""

from collections.abc import Callable
from dataclasses import dataclass

from amzsync.executor.scripts.bulk import AssetsByName, AssetsInUse, ProductsAndMedia, ProductsBySku
from amzsync.executor.scripts.product import KnownReading
from amzsync.executor.scripts.recheck import Recheck
from amzsync.executor.scripts.record import Record
from amzsync.executor.scripts.traits import AccountTraits

__all__ = ["RemovalContext", "ScriptContext", "SyncContext"]


@dataclass(frozen=True, slots=True)
class ScriptContext:
    """What every script of a run is given: the searches that it can share, and the writer to the ledger."""

    gallery_label: str
    record: Record
    products_by_sku: ProductsBySku
    assets_by_name: AssetsByName
    traits: AccountTraits


@dataclass(frozen=True, slots=True)
class SyncContext(ScriptContext):
    """What the scripts of a sync share besides.

    `skip_existing`: skip every product whose gallery already holds any image.
    `recent_reading`: of a product, where one was made shortly before.
    """

    recheck: Recheck
    skip_existing: bool
    recent_reading: Callable[[int], KnownReading | None]


@dataclass(frozen=True, slots=True)
class RemovalContext:
    """What the scripts of a prune or an undo share."""

    gallery_label: str
    record: Record
    products: ProductsAndMedia
    assets_in_use: AssetsInUse
    traits: AccountTraits

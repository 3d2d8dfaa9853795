"""How far a run is, from what it has recorded and what the scheduler still has to do."""

from dataclasses import dataclass

from amzsync.executor.engine.slots import Slots
from amzsync.executor.events import Progress, Traffic
from amzsync.executor.scheduler.scheduler import Scheduler
from amzsync.executor.scripts.record import Done, Record
from amzsync.ledger.queries import Outstanding
from amzsync.limits.api import PAGE_SIZE

__all__ = ["ProgressMeter"]


@dataclass(frozen=True, slots=True)
class ProgressMeter:
    """`outstanding` is what there was to do when the run began."""

    outstanding: Outstanding
    record: Record
    scheduler: Scheduler
    slots: Slots

    def progress(self, traffic: Traffic) -> Progress:
        counts = self.record.counts
        assets_done = counts[Done.UPLOADED] + counts[Done.FOUND] + counts[Done.ASSET_FAILURE]
        products_done = counts[Done.PRODUCT]
        return Progress(
            traffic=traffic,
            assets_done=assets_done,
            assets_total=max(self.outstanding.assets, assets_done),
            products_done=products_done,
            products_total=max(self.outstanding.products, products_done),
            failures=counts[Done.ASSET_FAILURE] + counts[Done.LINK_FAILURE],
            quota=self.slots.used(),
            left_s=self._left_s(assets_done, products_done),
        )

    def _left_s(self, assets_done: int, products_done: int) -> float:
        """Seconds for what is left, were the rest like what has been settled so far."""
        found = self.record.counts[Done.FOUND]
        uploads = self.scheduler.uploads
        looked_up = assets_done + uploads
        absent_share = 1.0 if not looked_up else 1 - found / looked_up
        unknown = max(0, self.outstanding.assets - looked_up)
        products = max(0, self.outstanding.products - products_done)
        expected = uploads + unknown * absent_share
        reads = unknown / PAGE_SIZE + products / self.scheduler.fresh_batch * bool(expected)
        return self.slots.time_for_s(round(expected + reads + products))

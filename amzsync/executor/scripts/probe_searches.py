"""Look in searches for what a probe has made, until they show it or have been given time enough."""

from collections.abc import Callable
from dataclasses import dataclass

from amzsync.domain.beliefs import LONGEST_LAG_S
from amzsync.executor.clocks import Instant, age_s
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.scheduler.script import Find, Script
from amzsync.executor.scripts.probe_context import ProbeContext
from amzsync.plytix.wire import PlytixProduct

__all__ = ["ShownProduct", "wait_for_assets", "wait_for_product"]


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """A product as a search shows it; `was_first`: the first that could."""

    product: PlytixProduct
    reading: Reading
    was_first: bool

    def lag_s(self, since: Instant) -> float:
        """How far behind searches are, for what was written at that moment."""
        return 0.0 if self.was_first else _lag_s(since, self.reading)


def _lag_s(since: Instant, reading: Reading) -> float:
    """Until its answer has come: rather too long than too short."""
    return min(age_s(since, reading.sent) + reading.took_s, LONGEST_LAG_S)


def wait_for_product(
    sku: str, context: ProbeContext, is_shown: Callable[[PlytixProduct], bool]
) -> Script[ShownProduct | None]:
    """The product once a search shows it so; None where none does in time."""
    for number, wait_s in enumerate((0.0, *context.waits_s)):
        found = yield Find(context.products, (sku,), after_s=wait_s)
        product: PlytixProduct | None = found.values.get(sku)
        if product is not None and is_shown(product):
            return ShownProduct(product, found.reading, was_first=number == 0)
    return None


def wait_for_assets(names: tuple[str, ...], context: ProbeContext, since: Instant) -> Script[float]:
    """How many seconds after that moment a search shows them all; `LONGEST_LAG_S` where none does."""
    for number, wait_s in enumerate((0.0, *context.waits_s)):
        found = yield Find(context.assets, names, after_s=wait_s)
        if len(found.values) == len(names):
            return _lag_s(since, found.reading) if number else 0.0
    return LONGEST_LAG_S

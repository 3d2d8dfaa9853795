"""What the work that is left will cost: requests, and the time they take at an account's limits. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from amzsync.limits.api import MOST_AT_ONCE, PAGE_SIZE, TOKEN_LIFE_S, TOKEN_MARGIN_S
from amzsync.limits.windows import Limit

__all__ = ["MOST_REREAD", "Forecast", "TakingOut", "forecast", "reread_size", "time_for_s"]

_REREAD_USABLE_S = 2.0
MOST_REREAD = 50


@dataclass(frozen=True, slots=True)
class Forecast:
    """At most so many requests, in so many seconds."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class TakingOut:
    """Pictures that go in the same run: products to read again for it, and their writes."""

    products: int = 0
    writes: int = 0


def forecast(
    *,
    products: int,
    assets: int,
    limits: Sequence[Limit],
    single_links: int = 0,
    gallery_is_known: bool = False,
    taking_out: TakingOut = TakingOut(),
) -> Forecast:
    """What writing `products` after uploading `assets` costs at most, were none of them in Plytix yet.

    The gallery attribute is asked for once. Products are read again, in bulk, where not all writes can follow
    the first reading in time. `single_links` go into galleries that hold images of others, one by one.
    Without products they are other single requests. `taking_out` is what a prune in the same run adds.
    """
    if not (products or single_links or taking_out.products):
        return Forecast(0, 0.0)
    pages = math.ceil(products / PAGE_SIZE)
    requests = pages + math.ceil(assets / PAGE_SIZE) + assets + products + single_links
    requests += not gallery_is_known
    if products + assets > MOST_AT_ONCE:
        # The pictures of the products that are worked on at once do not fill their last search.
        requests += pages
    batch = reread_size(limits)
    if assets or products > batch:
        requests += math.ceil(products / batch)
    if taking_out.products:
        # It is asked once where else in a product a picture can stand.
        requests += 1 + math.ceil(taking_out.products / batch) + taking_out.writes
    # A reading at the end of a window may come too late for its writes.
    requests += requests // min((limit.allowed for limit in limits if limit.is_short), default=requests + 1)
    requests += 1 + int(time_for_s(requests, limits) / (TOKEN_LIFE_S - TOKEN_MARGIN_S))
    return Forecast(requests, time_for_s(requests, limits))


def reread_size(limits: Sequence[Limit], usable_s: float = _REREAD_USABLE_S) -> int:
    """How many products to read again at once, where all their writes must leave within `usable_s`."""
    rate = min((each.allowed / each.window_s for each in limits if each.is_short), default=math.inf)
    return max(1, int(min(MOST_REREAD, usable_s * rate)))


def time_for_s(requests: int, limits: Sequence[Limit]) -> float:
    """Seconds from the first of so many requests to the last, at these limits alone."""
    remaining = requests
    seconds = 0.0
    for limit in sorted(limits, key=lambda one: -one.window_s):
        if remaining > limit.allowed:
            cycles = (remaining - 1) // limit.allowed
            seconds += cycles * limit.window_s
            remaining -= cycles * limit.allowed
    return seconds

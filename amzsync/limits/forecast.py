"""What the work that is left will cost: requests, and the time they take at an account's limits. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from amzsync.limits.api import PAGE_SIZE, TOKEN_LIFE_S, TOKEN_MARGIN_S
from amzsync.limits.windows import Limit

__all__ = ["Forecast", "forecast", "time_for_s"]

_REREAD_USABLE_S = 2.0
_MOST_REREAD = 50


@dataclass(frozen=True, slots=True)
class Forecast:
    """At most so many requests, in so many seconds."""

    requests: int
    seconds: float


def forecast(
    *, products: int, assets: int, limits: Sequence[Limit], gallery_is_known: bool = False
) -> Forecast:
    """The cost of writing `products` after uploading `assets`, were none of them in Plytix yet.

    The gallery attribute is asked for once; products are read again, in bulk, once their uploads are done.
    """
    if not products:
        return Forecast(0, 0.0)
    requests = math.ceil(products / PAGE_SIZE) + math.ceil(assets / PAGE_SIZE) + assets + products
    requests += not gallery_is_known
    if assets:
        requests += math.ceil(products / reread_size(limits))
    requests += 1 + int(time_for_s(requests, limits) / (TOKEN_LIFE_S - TOKEN_MARGIN_S))
    return Forecast(requests, time_for_s(requests, limits))


def reread_size(limits: Sequence[Limit], usable_s: float = _REREAD_USABLE_S) -> int:
    """How many products to read again at once, where all their writes must leave within `usable_s`."""
    rate = min((each.allowed / each.window_s for each in limits if each.is_short), default=math.inf)
    return max(1, int(min(_MOST_REREAD, usable_s * rate)))


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

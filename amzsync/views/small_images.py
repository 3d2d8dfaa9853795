"""Images that are small, as people and as programs are told of them."""

from collections.abc import Iterable, Iterator

from amzsync.ledger.small_images import SmallImage, SmallTotals
from amzsync.views.console import plural
from amzsync.views.names import NameList

__all__ = ["small_entries", "small_names"]


def small_names(small: SmallTotals, left_out: int = 0) -> NameList:
    """One line; `left_out` links are skipped for it: what is in place already stays."""
    title = (
        f"{plural(small.images, 'image')} smaller than {small.below:,} pixels,"
        f" on {plural(small.products, 'product')}"
    )
    names = [f"{one.sku} ({one.variant} {one.width} × {one.height})" for one in small.examples]
    if left_out:
        title += f", {plural(left_out, 'gallery link')} left out"
    return NameList(title, names, small.products, "yellow")


def small_entries(images: Iterable[SmallImage]) -> Iterator[dict[str, object]]:
    """For JSON, an entry for each product that wants one of them."""
    for one in images:
        yield {
            "sku": one.sku,
            "url": one.url,
            "variant": one.variant,
            "width": one.width,
            "height": one.height,
        }

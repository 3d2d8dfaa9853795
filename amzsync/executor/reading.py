"""Products read from Plytix in bulk, and what their answers do and do not tell."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from amzsync.errors import PlytixError, RejectedError, StopError
from amzsync.executor.faults import no_gallery, reading_failed, wrong_gallery
from amzsync.executor.freshness import Instant, Reading, age_s, read_clocks
from amzsync.executor.task import Task
from amzsync.plytix.client import find_attribute, search_products
from amzsync.plytix.wire import AttributeDefinition, PlytixProduct, ProductPage

__all__ = ["BulkReader", "GalleryCheck"]

_GALLERY_CLASS = "MediaGalleryAttribute"

Found = Callable[[Mapping[str, PlytixProduct], Reading], None]


@dataclass(slots=True)
class _BulkRead:
    """One bulk read, which can take several pages; it is as old as the first of them."""

    skus: Sequence[str]
    done: Found
    page: int = 1
    found: dict[str, PlytixProduct] = field(default_factory=dict)
    sent: Instant | None = None


class BulkReader:
    """Searches by SKU, in whichever form the account takes, page by page."""

    def __init__(self, label: str, clocks: Callable[[], Instant] = read_clocks) -> None:
        self._label = label
        self._clocks = clocks
        self._by_groups = False
        self._waiting: deque[_BulkRead] = deque()
        self.in_air = 0
        self.fault: StopError | None = None

    def read(self, skus: Sequence[str], done: Found) -> Task:
        """Read these products (at most 100); `done` gets those that exist, by SKU, and the reading's time."""
        return self._search(_BulkRead(skus, done))

    def next_page(self) -> Task | None:
        """What an answer has left open."""
        return self._search(self._waiting.popleft()) if self._waiting else None

    def _search(self, reading: _BulkRead) -> Task:
        self.in_air += 1
        by_groups = self._by_groups
        call = search_products(reading.skus, self._label, page=reading.page, by_groups=by_groups)

        def claim() -> None:
            if reading.page == 1:
                # Sent again after a failure, it tells what stands then.
                reading.sent = self._clocks()

        return Task(
            call,
            lambda outcome, attempts: self._answered(reading, outcome, attempts, by_groups=by_groups),
            claim=claim,
        )

    def _answered(
        self, reading: _BulkRead, outcome: ProductPage | PlytixError, attempts: int, *, by_groups: bool
    ) -> None:
        self.in_air -= 1
        if isinstance(outcome, RejectedError) and outcome.status == 422 and not by_groups:
            # `sku in […]` is not promised: one OR group per SKU says the same (plytix-api, Products).
            self._by_groups = True
            self._waiting.append(reading)
            return
        if isinstance(outcome, PlytixError):
            self.fault = reading_failed(outcome, attempts)
            return
        wanted = set(reading.skus)
        for product in outcome.products:
            if product.sku in wanted:
                reading.found.setdefault(product.sku, product)
        if outcome.is_full and len(reading.found) < len(wanted):
            reading.page += 1
            self._waiting.append(reading)
            return
        now = self._clocks()
        sent = reading.sent or now
        reading.done(reading.found, Reading(sent, age_s(sent, now)))


class GalleryCheck:
    """Whether the gallery attribute exists and is a gallery: asked before the first upload."""

    def __init__(self, label: str, *, is_known: bool, passed: Callable[[], None]) -> None:
        self._label = label
        self._passed = passed
        self.is_done = is_known
        self._is_asked = False
        self.fault: StopError | None = None

    def task(self) -> Task | None:
        if self.is_done or self._is_asked:
            return None
        self._is_asked = True
        return Task(find_attribute(self._label), self._answered)

    def _answered(self, outcome: AttributeDefinition | PlytixError | None, attempts: int) -> None:
        if isinstance(outcome, RejectedError):
            # An account may not show its definitions: then the products must show whether the gallery works.
            self.is_done = True
        elif isinstance(outcome, PlytixError):
            self.fault = reading_failed(outcome, attempts)
        elif outcome is None:
            self.fault = no_gallery(self._label)
        elif outcome.type_class != _GALLERY_CLASS:
            self.fault = wrong_gallery(self._label, outcome.type_class)
        else:
            self.is_done = True
            self._passed()

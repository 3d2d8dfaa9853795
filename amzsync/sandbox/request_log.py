"""The requests so far: the last ones with their answers, counts of all, and writes that overlapped."""

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

_MAX_EXCHANGES = 200_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; `status` 0 means that the connection was dropped instead.

    `kind` is the method and the shape of the path, such as `PATCH /products/{id}`.
    """

    arrived_at: float
    method: str
    path: str
    status: int
    kind: str


class RequestLog:
    """Thread safe; it lives as long as its sandbox object, over stops and starts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exchanges: deque[Exchange] = deque(maxlen=_MAX_EXCHANGES)
        self._counts: Counter[str] = Counter()
        self._writing: Counter[str] = Counter()
        self._overlapping = 0

    def add(self, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges.append(exchange)
            self._counts[exchange.kind] += 1

    @contextmanager
    def writing(self, product_id: str | None) -> Iterator[None]:
        """Around a write to one product (None: to none), from its arrival until its work is done."""
        if product_id is None:
            yield
            return
        with self._lock:
            self._overlapping += self._writing[product_id] > 0
            self._writing[product_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._writing[product_id] -= 1
                if not self._writing[product_id]:
                    del self._writing[product_id]

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        with self._lock:
            return tuple(self._exchanges)

    @property
    def counts(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._counts)

    @property
    def overlapping_writes(self) -> int:
        with self._lock:
            return self._overlapping

"""Some requests fail, others pass: what failed is tried again, for a bounded time."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from catalogue import product
from executor.harness import SyncHarness
from sandbox_faults import Answer, Delay, DropAfterWork, DropBeforeWork, Fault, RunBefore

from amzsync.domain.product import Product
from amzsync.executor.engine.engine import Bounds
from amzsync.plytix.retry import RetryPolicy

# A minute, and pauses of half a second to twenty, forty times as fast.
FORTIETH = Bounds(workers=16, outage_s=1.5, retry=RetryPolicy(base_s=0.0125, cap_s=0.5))
BAD_GATEWAY = Answer(502, b"<html>Bad gateway</html>")
SOME = "/(products|assets|attributes)(/.*)?"


def products(count: int) -> list[Product]:
    return [product(f"S{n:02d}", (f"m{n}", "MAIN"), ("b", "PT01")) for n in range(count)]


def all_stand(harness: SyncHarness) -> bool:
    return all(len(gallery) == 2 and thumbnail for thumbnail, gallery in harness.pictures.values())


def share_of(share: float, seed: int, lasts_s: float = float("inf")) -> Callable[[Any], bool]:
    """Hits so many of the requests at random, from the first one on for so long."""
    draw, lock, began = random.Random(seed), threading.Lock(), [0.0]

    def hits(_body: Any) -> bool:
        with lock:
            began[0] = began[0] or time.monotonic()
            return time.monotonic() - began[0] < lasts_s and draw.random() < share

    return hits


@pytest.mark.parametrize("seed", range(4))
def test_half_of_all_searches_failing_for_the_outage_time_costs_no_row(
    harness: SyncHarness, seed: int
) -> None:
    harness.sandbox.faults.add(
        Fault("POST", ".*/search", BAD_GATEWAY, times=None, body=share_of(0.5, seed, lasts_s=1.4))
    )
    harness.plan(*products(30))
    ran = harness.apply(bounds=FORTIETH)
    assert ran.error is None
    assert harness.failures() == []
    assert all_stand(harness)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "action", [BAD_GATEWAY, DropBeforeWork(), DropAfterWork()], ids=["502", "reset", "lost answer"]
)
def test_a_third_of_all_requests_failing_all_the_time_costs_no_row(
    harness: SyncHarness, action: Any, seed: int
) -> None:
    hits = share_of(1 / 3, seed)
    for method in ("GET", "POST", "PATCH"):
        harness.sandbox.faults.add(Fault(method, SOME, action, times=None, body=hits))
    harness.plan(*products(30))
    ran = harness.apply(bounds=Bounds(workers=16, outage_s=15.0, retry=RetryPolicy(0.01, 0.1)))
    assert ran.error is None
    assert harness.failures() == []
    assert all_stand(harness)


@pytest.mark.parametrize("path", ["/products/search", "/assets/search", "/assets", "/products/[^/]+"])
def test_one_kind_of_request_failing_for_less_than_the_outage_time_costs_no_row(
    harness: SyncHarness, path: str
) -> None:
    method = "PATCH" if path.startswith("/products/[") else "POST"
    harness.sandbox.faults.add(
        Fault(method, path, BAD_GATEWAY, times=None, body=share_of(1.0, 0, lasts_s=1.2))
    )
    harness.plan(*products(12))
    ran = harness.apply(bounds=FORTIETH)
    assert ran.error is None
    assert harness.failures() == []
    assert all_stand(harness)


def test_many_pictures_that_always_fail_share_one_outage_time(harness: SyncHarness) -> None:
    """A hundred of them end as late as one does, and the others are not held up by them."""
    bad = [product(f"BAD{n:03d}", (f"x{n}", "MAIN")) for n in range(100)]
    good = products(20)
    done_at: list[float] = []
    harness.sandbox.faults.add(
        Fault("POST", "/assets", Answer(500), times=None, body=lambda body: "/I/x" in body["url"]),
        Fault("PATCH", "/products/[^/]+", RunBefore(lambda: done_at.append(time.monotonic())), times=None),
    )
    harness.plan(*bad, *good)
    began = time.monotonic()
    ran = harness.apply(bounds=FORTIETH)
    took_s = time.monotonic() - began
    assert ran.error is None
    assert [status for table, _, status, _ in harness.failures() if table == "assets"] == [500] * 100
    assert len(done_at) == 20
    assert took_s < 10 * FORTIETH.outage_s


def test_what_is_retried_is_bounded_in_flight(harness: SyncHarness) -> None:
    """A server that answers slowly with errors has few requests to answer twice at a time."""
    seen: dict[str, int] = {}
    lock = threading.Lock()
    in_flight, most = [0], [0]

    def again(body: Any) -> bool:
        with lock:
            seen[body["url"]] = seen.get(body["url"], 0) + 1
            return seen[body["url"]] > 1

    slow = RunBefore(lambda: _stay(lock, in_flight, most))
    harness.sandbox.faults.add(
        Fault("POST", "/assets", Answer(500), times=None, body=lambda body: not again(body)),
        Fault("POST", "/assets", slow, times=None),
    )
    harness.plan(*(product(f"S{n:03d}", (f"m{n}", "MAIN")) for n in range(60)))
    ran = harness.apply(bounds=Bounds(workers=64, outage_s=30.0, retry=RetryPolicy(base_s=0.01)))
    assert ran.error is None
    assert harness.failures() == []
    assert 2 <= most[0] <= 16


def _stay(lock: threading.Lock, in_flight: list[int], most: list[int]) -> None:
    with lock:
        in_flight[0] += 1
        most[0] = max(most[0], in_flight[0])
    time.sleep(0.02)
    with lock:
        in_flight[0] -= 1


def test_a_read_that_all_rests_on_ends_the_run_when_its_time_is_over_though_others_succeed(
    harness: SyncHarness,
) -> None:
    harness.sandbox.faults.add(Fault("POST", "/products/search", BAD_GATEWAY, times=None))
    harness.plan(*products(3))
    ran = harness.apply(bounds=FORTIETH)
    assert ran.error is not None
    assert "could not be read" in ran.error.message
    assert harness.failures() == []
    assert 6 <= ran.requests["product_search"] <= 40


def test_a_wait_for_the_limit_takes_nothing_of_a_requests_time(harness: SyncHarness) -> None:
    """It fails, Plytix asks for a pause longer than the outage time, and then it fails twice more."""
    harness.sandbox.faults.add(
        Fault("POST", "/products/search", BAD_GATEWAY, times=1),
        Fault("POST", "/products/search", Answer(429, b"", {"Retry-After": "40"}), times=1),
        Fault("POST", "/products/search", BAD_GATEWAY, times=2),
    )
    clock = Skipping()
    harness.plan(*products(3))
    ran = harness.apply(bounds=Bounds(workers=16, outage_s=5.0, retry=RetryPolicy(base_s=0.05)), clock=clock)
    assert ran.error is None
    assert all_stand(harness)


class Skipping:
    """A clock that runs twenty times as fast."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> float:
        now = time.monotonic()
        return self._began + 20 * (now - self._began)


def test_while_it_retries_a_run_tells_how_many_and_why(harness: SyncHarness) -> None:
    harness.sandbox.faults.add(
        Fault("POST", "/assets", Answer(502), times=None, body=lambda body: "/I/m" in body["url"]),
        Fault("POST", "/assets", Delay(0.01), times=None),
    )
    harness.plan(*products(5))
    ran = harness.apply(bounds=FORTIETH)
    seen = [progress.traffic for progress in ran.reported.progresses]
    told = [(traffic.retrying, traffic.last_failure) for traffic in seen if traffic.retrying]
    assert (5, "last answer HTTP 502") in told
    assert ran.reported.last is not None
    assert {why for _, why in told} == {"last answer HTTP 502"}

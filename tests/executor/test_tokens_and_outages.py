"""One token for all, asked for with patience; and a Plytix that does not answer."""

import itertools
import time

import pytest
from catalogue import product
from executor.harness import SyncHarness
from sandbox_faults import Answer, DropBeforeWork, Fault, RunBefore

from amzsync.domain.product import Product
from amzsync.executor.engine.engine import Bounds
from amzsync.plytix.retry import RetryPolicy

TOKEN = "POST /auth/api/get-token"
AUTH = "/auth/api/get-token"
SOON = Bounds(workers=16, outage_s=0.5, retry=RetryPolicy(base_s=0.01))


def products(count: int) -> list[Product]:
    return [product(f"S{n:02d}", (f"m{n}", "MAIN"), ("b", "PT01")) for n in range(count)]


def all_stand(harness: SyncHarness) -> bool:
    return all(len(gallery) == 2 and thumbnail for thumbnail, gallery in harness.pictures.values())


@pytest.mark.parametrize("failures", [1, 2, 4])
@pytest.mark.parametrize(
    "action", [Answer(503), Answer(502, b"<html>"), DropBeforeWork()], ids=["503", "502", "reset"]
)
def test_a_token_that_is_not_given_at_once_is_asked_for_again_by_one_alone(
    harness: SyncHarness, action: Answer | DropBeforeWork, failures: int
) -> None:
    harness.sandbox.faults.add(Fault("POST", AUTH, action, times=failures))
    harness.plan(*products(10))
    ran = harness.apply(bounds=Bounds(workers=16, retry=RetryPolicy(base_s=0.05)))
    assert ran.error is None
    assert ran.requests["token"] == failures + 1
    assert all_stand(harness)


@pytest.mark.parametrize("after", [0, 5, 10])
def test_a_token_that_ages_in_the_middle_is_renewed_once_for_all(harness: SyncHarness, after: int) -> None:
    harness.sandbox.faults.add(
        Fault("POST", "/assets", RunBefore(harness.sandbox.expire_tokens), after=after)
    )
    harness.plan(*products(20))
    ran = harness.apply()
    assert ran.requests["token"] == 2
    assert all_stand(harness)
    assert harness.sandbox.counts["POST /assets"] >= 21
    assert len(harness.sandbox.snapshot().assets) == 21


def test_tokens_that_are_never_accepted_end_the_run(harness: SyncHarness) -> None:
    harness.sandbox.faults.add(Fault("POST", "/attributes/product/search", Answer(401), times=None))
    harness.plan(*products(3))
    ran = harness.apply()
    assert ran.error is not None
    assert "token" in ran.error.message
    assert ran.requests["token"] <= 4


def test_an_auth_server_that_stays_away_ends_the_run_and_is_not_stormed(harness: SyncHarness) -> None:
    harness.sandbox.faults.add(Fault("POST", AUTH, Answer(503), times=None))
    harness.plan(*products(30))
    ran = harness.apply(bounds=SOON)
    assert ran.error is not None
    assert "PLYTIX_AUTH_URL" in ran.error.next_step
    assert ran.requests["token"] <= 25
    assert ran.total == ran.requests["token"]
    harness.sandbox.faults.clear()
    harness.apply()
    assert all_stand(harness)


@pytest.mark.parametrize("path", ["/products/search", "/assets/search", "/assets", "/products/[^/]+"])
def test_an_outage_longer_than_a_moment_stops_the_run_and_the_next_one_ends_the_same(
    harness: SyncHarness, path: str
) -> None:
    """Whatever is asked while it lasts, nothing but reads is asked to find out whether it is over."""

    def goes_down() -> None:
        for method in ("GET", "POST", "PATCH"):
            harness.sandbox.faults.add(
                Fault(method, ".*", Answer(502, b"<html>Bad gateway</html>"), times=None)
            )

    method = "PATCH" if path.startswith("/products/[") else "POST"
    harness.sandbox.faults.add(Fault(method, path, RunBefore(goes_down), times=1))
    harness.plan(*products(30))
    ran = harness.apply(bounds=SOON)
    assert ran.error is not None
    assert "amzsync resume" in ran.error.next_step
    assert harness.failures() == []
    harness.sandbox.faults.clear()
    harness.apply()
    assert all_stand(harness)
    assert harness.apply().total == 0


def test_an_outage_is_waited_through_at_rest(harness: SyncHarness) -> None:
    """Between its health checks the program sleeps: its clock is looked at some times, not all the time."""
    looks = itertools.count()

    def clock() -> float:
        next(looks)
        return time.monotonic()

    harness.sandbox.faults.add(
        Fault("POST", "/assets", Answer(503), times=None),
        Fault("POST", "/assets/search", Answer(503), times=None, after=1),
    )
    harness.plan(*products(20))
    ran = harness.apply(bounds=Bounds(workers=16, outage_s=2.0), clock=clock)
    assert ran.error is not None
    assert next(looks) < 5_000


def test_rows_that_fail_while_others_succeed_are_no_outage(harness: SyncHarness) -> None:
    harness.sandbox.faults.add(
        Fault("POST", "/assets", Answer(500), times=None, body=lambda body: "/I/m" in body["url"])
    )
    harness.plan(*products(12))
    ran = harness.apply(bounds=Bounds(workers=4, outage_s=0.3, retry=RetryPolicy(base_s=0.01)))
    assert ran.error is None
    assert {table for table, _, _, _ in harness.failures()} == {"assets"}
    assert {gallery for _, gallery in harness.pictures.values()} == {("amazon_02_PT01_b.jpg",)}

"""One token for all, asked for with patience; and a Plytix that does not answer."""

import itertools
import time

import pytest
from catalogue import product
from executor.rig import Rig
from sandbox_faults import Answer, DropBeforeWork, Fault, RunBefore

from amzsync.domain.product import Product
from amzsync.executor.engine import Bounds
from amzsync.plytix.retry import RetryPolicy

TOKEN = "POST /auth/api/get-token"
AUTH = "/auth/api/get-token"
SOON = Bounds(workers=16, outage_s=0.5, retry=RetryPolicy(base_s=0.01))


def products(count: int) -> list[Product]:
    return [product(f"S{n:02d}", (f"m{n}", "MAIN"), ("b", "PT01")) for n in range(count)]


def all_stand(rig: Rig) -> bool:
    return all(len(gallery) == 2 and thumbnail for thumbnail, gallery in rig.pictures.values())


@pytest.mark.parametrize("failures", [1, 2, 4])
@pytest.mark.parametrize(
    "action", [Answer(503), Answer(502, b"<html>"), DropBeforeWork()], ids=["503", "502", "reset"]
)
def test_a_token_that_is_not_given_at_once_is_asked_for_again_by_one_alone(
    rig: Rig, action: Answer | DropBeforeWork, failures: int
) -> None:
    rig.sandbox.faults.add(Fault("POST", AUTH, action, times=failures))
    rig.plan(*products(10))
    ran = rig.apply(bounds=Bounds(workers=16, retry=RetryPolicy(base_s=0.05)))
    assert ran.error is None
    assert ran.requests["token"] == failures + 1
    assert all_stand(rig)


@pytest.mark.parametrize("after", [0, 5, 10])
def test_a_token_that_ages_in_the_middle_is_renewed_once_for_all(rig: Rig, after: int) -> None:
    rig.sandbox.faults.add(Fault("POST", "/assets", RunBefore(rig.sandbox.expire_tokens), after=after))
    rig.plan(*products(20))
    ran = rig.apply()
    assert ran.requests["token"] == 2
    assert all_stand(rig)
    assert rig.sandbox.counts["POST /assets"] >= 21
    assert len(rig.sandbox.snapshot().assets) == 21


def test_tokens_that_are_never_accepted_end_the_run(rig: Rig) -> None:
    rig.sandbox.faults.add(Fault("POST", "/attributes/product/search", Answer(401), times=None))
    rig.plan(*products(3))
    ran = rig.apply()
    assert ran.error is not None
    assert "token" in ran.error.message
    assert ran.requests["token"] <= 4


def test_an_auth_server_that_stays_away_ends_the_run_and_is_not_stormed(rig: Rig) -> None:
    rig.sandbox.faults.add(Fault("POST", AUTH, Answer(503), times=None))
    rig.plan(*products(30))
    ran = rig.apply(bounds=SOON)
    assert ran.error is not None
    assert "PLYTIX_AUTH_URL" in ran.error.next_step
    assert ran.requests["token"] <= 25
    assert ran.total == ran.requests["token"]
    rig.sandbox.faults.clear()
    rig.apply()
    assert all_stand(rig)


@pytest.mark.parametrize("path", ["/products/search", "/assets/search", "/assets", "/products/[^/]+"])
def test_an_outage_longer_than_a_moment_stops_the_run_and_the_next_one_ends_the_same(
    rig: Rig, path: str
) -> None:
    """Whatever is asked while it lasts, nothing but reads is asked to find out whether it is over."""

    def goes_down() -> None:
        for method in ("GET", "POST", "PATCH"):
            rig.sandbox.faults.add(Fault(method, ".*", Answer(502, b"<html>Bad gateway</html>"), times=None))

    method = "PATCH" if path.startswith("/products/[") else "POST"
    rig.sandbox.faults.add(Fault(method, path, RunBefore(goes_down), times=1))
    rig.plan(*products(30))
    ran = rig.apply(bounds=SOON)
    assert ran.error is not None
    assert "amzsync resume" in ran.error.next_step
    assert rig.failures() == []
    rig.sandbox.faults.clear()
    rig.apply()
    assert all_stand(rig)
    assert rig.apply().total == 0


def test_an_outage_is_waited_through_at_rest(rig: Rig) -> None:
    """Between its health checks the program sleeps: its clock is looked at some times, not all the time."""
    looks = itertools.count()

    def clock() -> float:
        next(looks)
        return time.monotonic()

    rig.sandbox.faults.add(
        Fault("POST", "/assets", Answer(503), times=None),
        Fault("POST", "/assets/search", Answer(503), times=None, after=1),
    )
    rig.plan(*products(20))
    ran = rig.apply(bounds=Bounds(workers=16, outage_s=2.0), clock=clock)
    assert ran.error is not None
    assert next(looks) < 5_000


def test_rows_that_fail_while_others_succeed_are_no_outage(rig: Rig) -> None:
    rig.sandbox.faults.add(
        Fault("POST", "/assets", Answer(500), times=None, body=lambda body: "/I/m" in body["url"])
    )
    rig.plan(*products(12))
    ran = rig.apply(bounds=Bounds(workers=4, outage_s=0.3, retry=RetryPolicy(base_s=0.01)))
    assert ran.error is None
    assert {table for table, _, _, _ in rig.failures()} == {"assets"}
    assert {gallery for _, gallery in rig.pictures.values()} == {("amazon_02_PT01_b.jpg",)}

"""A run that ends early, for whatever reason, is carried on as if it had not."""

import json
from collections.abc import Callable

import pytest
from catalogue import product, rows
from executor.harness import SyncHarness
from sandbox_faults import Answer, Fault, Latency, RunBefore, Transform

from amzsync.executor.engine.engine import Bounds, End
from amzsync.executor.stop import StopRequest
from amzsync.limits.windows import Limit

FORBIDDEN = Answer(403, json.dumps({"error": {"msg": "Your role does not allow this"}}).encode())
PRODUCT = "/products/[^/]+"
LINKS = "/products/[^/]+/assets"
PICTURES = (("a", "MAIN"), ("b", "PT01"), ("c", "PT02"), ("d", "PT03"))
NAMES = ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg", "amazon_03_PT02_c.jpg", "amazon_04_PT03_d.jpg")


def lose_writes_of_galleries(harness: SyncHarness) -> None:
    """Answered with 200, but nothing is done and nothing shown: links one by one are what is left."""
    for state in harness.sandbox.snapshot().products.values():
        lost = Answer(200, json.dumps({"data": [{"id": state.id}]}).encode())
        harness.sandbox.faults.add(
            Fault("PATCH", f"/products/{state.id}", lost, times=None, body=lambda body: "attributes" in body)
        )


@pytest.mark.parametrize("skip_existing", [True, False])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_links_broken_off_by_a_refused_role_are_carried_on(
    harness: SyncHarness, after: int, *, skip_existing: bool
) -> None:
    harness.plan(product("A", *PICTURES), skip_existing=skip_existing)
    lose_writes_of_galleries(harness)
    harness.sandbox.faults.add(Fault("POST", LINKS, FORBIDDEN, after=after))
    ran = harness.apply(skip_existing=skip_existing)
    assert ran.error is not None
    assert len(harness.gallery("A")) == after
    harness.apply(skip_existing=skip_existing)
    assert harness.pictures["A"] == (NAMES[0], NAMES)
    assert harness.reasons() == {"A": {("done", None)}}


@pytest.mark.parametrize("skip_existing", [True, False])
def test_links_broken_off_by_an_interrupt_are_carried_on(
    harness: SyncHarness, *, skip_existing: bool
) -> None:
    stop = StopRequest()
    harness.plan(product("A", *PICTURES), skip_existing=skip_existing)
    lose_writes_of_galleries(harness)
    harness.sandbox.faults.add(Fault("POST", LINKS, RunBefore(stop.set), after=1))
    ran = harness.apply(skip_existing=skip_existing, stop=stop)
    assert ran.end is End.STOPPED
    assert len(harness.gallery("A")) == 2
    harness.apply(skip_existing=skip_existing)
    assert harness.pictures["A"] == (NAMES[0], NAMES)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/products/search"), ("POST", "/assets/search"), ("POST", "/assets"), ("PATCH", PRODUCT)],
)
@pytest.mark.parametrize("after", [0, 2])
def test_an_interrupt_settles_what_is_in_flight_and_the_next_run_does_the_rest(
    harness: SyncHarness, method: str, path: str, after: int
) -> None:
    products = [product(f"S{n}", (f"m{n}", "MAIN"), ("b", "PT01")) for n in range(12)]
    stop = StopRequest()
    harness.sandbox.faults.add(Fault(method, path, RunBefore(stop.set), after=after))
    harness.plan(*products)
    ran = harness.apply(stop=stop, bounds=Bounds(workers=4))
    if harness.sandbox.faults.fired:
        assert ran.end is End.STOPPED
    assert rows(harness.path, "SELECT count(*) FROM assets WHERE state = 'in_flight'") == [(0,)]
    harness.apply()
    assert harness.pictures == {
        f"S{n}": (f"amazon_01_MAIN_m{n}.jpg", (f"amazon_01_MAIN_m{n}.jpg", "amazon_02_PT01_b.jpg"))
        for n in range(12)
    }
    assert harness.sandbox.counts["POST /assets"] == 13
    assert harness.sandbox.counts["PATCH /products/{id}"] == 12
    assert harness.apply().total == 0


def test_a_wait_longer_than_allowed_ends_the_run_with_everything_kept(harness: SyncHarness) -> None:
    products = [product(f"S{n}", (f"m{n}", "MAIN")) for n in range(12)]
    harness.plan(*products)
    limits = (Limit(10, 3600.0),)
    ran = harness.apply(limits=limits, bounds=Bounds(workers=4, max_wait_s=1.0))
    assert (ran.end, ran.total) == (End.WAIT_TOO_LONG, 10)
    again = harness.apply(limits=limits, bounds=Bounds(workers=4, max_wait_s=1.0))
    assert (again.end, again.total) == (End.WAIT_TOO_LONG, 0)
    harness.apply()
    assert all(len(gallery) == 1 for _, gallery in harness.pictures.values())
    assert harness.sandbox.counts["POST /assets"] == 12


def test_the_wait_that_plytix_told_is_kept_for_the_next_run(harness: SyncHarness) -> None:
    harness.plan(product("BOOT", ("a", "MAIN")))
    refused = Answer(429, b"", {"Retry-After": "600"})
    harness.sandbox.faults.add(Fault("POST", "/products/search", refused, times=None))
    bounds = Bounds(workers=4, max_wait_s=1.0)
    assert harness.apply(bounds=bounds).end is End.WAIT_TOO_LONG
    harness.sandbox.faults.clear()
    again = harness.apply(bounds=bounds)
    assert (again.end, again.total) == (End.WAIT_TOO_LONG, 0)


def test_a_thumbnail_that_a_write_does_not_show_is_set_by_a_link(harness: SyncHarness) -> None:
    def untold(payload: object) -> object:
        assert isinstance(payload, dict)
        payload["data"][0].pop("thumbnail", None)
        return payload

    harness.sandbox.faults.add(Fault("PATCH", PRODUCT, Transform(untold), times=None))
    harness.plan(product("A", *PICTURES))
    ran = harness.apply()
    assert harness.pictures["A"] == (NAMES[0], NAMES)
    assert (ran.requests["product_write"], ran.requests["link"]) == (1, 1)


def test_never_two_writes_to_one_product_at_a_time(harness_with: Callable[..., SyncHarness]) -> None:
    harness = harness_with(latency=Latency(other_s=(0.0, 0.01), seed=3))
    harness.plan(*(product(f"S{n}", *PICTURES, ("m", "BACK")) for n in range(8)))
    lose_writes_of_galleries(harness)
    harness.apply(bounds=Bounds(workers=64))
    assert {len(gallery) for _, gallery in harness.pictures.values()} == {5}
    assert harness.sandbox.overlapping_writes == 0


def test_a_look_up_that_was_answered_is_not_made_again(harness: SyncHarness) -> None:
    harness.plan(*(product(f"S{n}", (f"m{n}", "MAIN")) for n in range(5)))
    after_the_look_up = (Limit(4, 3600.0),)
    ran = harness.apply(limits=after_the_look_up, bounds=Bounds(workers=4, max_wait_s=1.0))
    assert (ran.end, ran.requests["asset_search"]) == (End.WAIT_TOO_LONG, 1)
    again = harness.apply()
    assert (again.end, again.requests["asset_search"], again.requests["asset_upload"]) == (End.DONE, 0, 5)
    assert again.total == 1 + 1 + 5 + 5


def test_a_stopped_run_costs_a_token_and_the_windows_that_were_at_hand(
    harness_with: Callable[..., SyncHarness],
) -> None:
    def stopped_after(uploads: int | None) -> int:
        harness = harness_with(latency=Latency(upload_s=(0.01, 0.05)))
        harness.delete_ledger()
        harness.plan(
            *(product(f"S{n:03d}", (f"m{n % 60}", "MAIN"), (f"b{n % 7}", "PT01")) for n in range(300))
        )
        stop = StopRequest()
        if uploads is not None:
            harness.sandbox.faults.add(Fault("POST", "/assets", RunBefore(stop.set), after=uploads))
            assert harness.apply(stop=stop).end is End.STOPPED
        assert harness.apply().end is End.DONE
        return harness.sandbox.total

    whole = stopped_after(None)
    for uploads in (0, 20, 60):
        assert stopped_after(uploads) - whole <= 1 + 3 + 1, "a token, three windows, one look-up"

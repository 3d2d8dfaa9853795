"""The account's limit is the physical limit: a request that need not be made is not made."""

import math
import time

import pytest
from catalogue import picture, product
from executor.harness import SyncHarness
from sandbox_faults import Fault, RunBefore

from amzsync.domain.product import Product
from amzsync.executor.engine import freshness
from amzsync.limits import forecast

SIXTEEN_OF_TWELVE = tuple(
    product(
        f"S{number:02d}",
        *(
            (f"p{(number + offset) % 12}", "MAIN" if offset == 0 else f"PT{offset:02d}")
            for offset in range(7)
        ),
    )
    for number in range(16)
)


def catalogue(products: int, each: int, unique: int) -> list[Product]:
    """`products` of `each` pictures, drawn from `unique` ones."""
    return [
        product(
            f"SKU-{number:04d}",
            *(
                (f"u{(number * 5 + offset * 7) % unique:05d}", "MAIN" if not offset else f"PT{offset:02d}")
                for offset in range(each)
            ),
        )
        for number in range(products)
    ]


def pages(number: int) -> int:
    return math.ceil(number / 100)


def test_sixteen_products_of_twelve_pictures_cost_thirty_two_requests(harness: SyncHarness) -> None:
    harness.plan(*SIXTEEN_OF_TWELVE)
    ran = harness.apply()
    assert dict(ran.requests) == {
        "token": 1,
        "attribute_search": 1,
        "product_search": 1,
        "asset_search": 1,
        "asset_upload": 12,
        "product_write": 16,
    }
    assert ran.asked.total() == ran.total == 32


def test_nothing_to_do_costs_nothing(harness: SyncHarness) -> None:
    harness.plan(*SIXTEEN_OF_TWELVE)
    harness.apply()
    harness.plan(*SIXTEEN_OF_TWELVE)
    assert harness.apply().total == 0


def test_a_lost_ledger_costs_four_reads_and_no_write(harness: SyncHarness) -> None:
    harness.plan(*SIXTEEN_OF_TWELVE)
    harness.apply()
    before = harness.sandbox.snapshot()
    harness.delete_ledger()
    harness.plan(*SIXTEEN_OF_TWELVE)
    ran = harness.apply()
    assert dict(ran.requests) == {"token": 1, "attribute_search": 1, "product_search": 1, "asset_search": 1}
    assert harness.sandbox.snapshot() == before


def test_a_catalogue_costs_what_the_floor_says_and_five_in_a_hundred_at_most(harness: SyncHarness) -> None:
    products = catalogue(400, 9, 2000)
    wanted = {image.url for one in products for image in one.images}
    assert len(wanted) == 2000
    harness.plan(*products)
    ran = harness.apply()
    floor = pages(400) + pages(2000) + 2000 + 400 + 1
    assert ran.total <= 1.05 * floor
    assert (ran.requests["asset_upload"], ran.requests["product_write"]) == (2000, 400)
    assert all(len(gallery) == 9 for _, gallery in harness.pictures.values())
    assert harness.sandbox.overlapping_writes == 0
    harness.delete_ledger()
    harness.plan(*products)
    again = harness.apply()
    assert again.writes == 0
    assert again.total <= 1.05 * (pages(400) + pages(2000) + 1)


def test_reading_again_just_before_each_write_stays_within_five_in_a_hundred(
    harness: SyncHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where uploads take longer than a reading is good for, and six of them belong to each write."""
    # As many at once as an account of 50/10s can write in time.
    monkeypatch.setattr(forecast, "MOST_REREAD", 12)
    monkeypatch.setattr(freshness, "MOST_REREAD", 12)
    ahead_s = 0.0

    def takes_long() -> None:
        nonlocal ahead_s
        ahead_s += 4.0

    products = [
        product(f"S{number:02d}", *((f"{number:02d}x{place}", f"PT{place:02d}") for place in range(1, 7)))
        for number in range(60)
    ]
    harness.sandbox.faults.add(
        Fault("POST", "/assets", RunBefore(takes_long), times=None, body=lambda body: "0x1." in body["url"])
    )
    harness.plan(*products)
    ran = harness.apply(clock=lambda: time.monotonic() + ahead_s)
    assert ahead_s == 6 * 4.0
    floor = pages(60) + pages(360) + 360 + 60 + 1
    assert ran.requests["product_search"] >= 60 / 12
    assert ran.total <= 1.05 * floor
    assert (ran.requests["asset_upload"], ran.requests["product_write"]) == (360, 60)


def test_a_tenth_changed_costs_a_tenth(harness: SyncHarness) -> None:
    products = catalogue(200, 5, 400)
    harness.plan(*products)
    harness.apply()
    changed = [
        product(one.sku, *((image.url, image.variant) for image in one.images), (f"new{number}", "BACK"))
        if number % 10 == 0
        else one
        for number, one in enumerate(products)
    ]
    harness.plan(*changed)
    ran = harness.apply()
    floor = pages(20) + pages(20) + 20 + 20 + 1
    assert ran.total <= 1.05 * floor
    assert (ran.requests["asset_upload"], ran.requests["product_write"], ran.requests["link"]) == (20, 20, 0)
    for number in range(0, 200, 10):
        assert harness.gallery(f"SKU-{number:04d}")[-1] == f"amazon_13_BACK_new{number}.jpg"


def test_pictures_that_are_there_under_their_names_are_not_uploaded(harness: SyncHarness) -> None:
    products = [product(f"S{number}", (f"a{number}", "MAIN"), (f"b{number}", "PT01")) for number in range(60)]
    set_by_hand = {
        number: harness.sandbox.add_asset(f"amazon_01_MAIN_a{number}.jpg", picture(f"a{number}") + "?by=hand")
        for number in range(60)
    }
    harness.plan(*products)
    ran = harness.apply()
    assert ran.requests["asset_upload"] == 60
    assert ran.total <= 1.05 * (pages(60) + pages(120) + 60 + 60 + 1) + 1
    galleries = harness.sandbox.snapshot().products
    assert [galleries[f"S{number}"].gallery_ids[0] for number in range(60)] == list(set_by_hand.values())
    assert ran.totals is not None
    assert (ran.totals.uploaded, ran.totals.present) == (60, 60)


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_products_are_read_a_hundred_at_a_time(harness: SyncHarness, count: int) -> None:
    harness.plan(*(product(f"S{number}", ("a", "MAIN")) for number in range(count)))
    ran = harness.apply()
    assert ran.requests["product_search"] <= pages(count) + pages(2 * count)
    assert ran.requests["asset_search"] == 1
    assert ran.requests["asset_upload"] == 1
    assert ran.requests["product_write"] == count

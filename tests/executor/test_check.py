"""`check`: what differs is told by kind, at the price of the readings, and nothing is changed anywhere."""

import json
from typing import Any

import pytest
from catalogue import picture, product, rows
from executor.harness import Ran, SyncHarness
from sandbox_faults import Answer, Fault, Transform

from amzsync.domain.changes import Change, Sign
from amzsync.ledger.reasons import NOT_IN_FAMILY

BOOT = product("BOOT", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))
SHOE = product("SHOE", ("a", "MAIN"), ("d", "PT01"))
STATES = (
    "SELECT * FROM links",
    "SELECT * FROM thumbnails",
    "SELECT * FROM assets",
    "SELECT id, sku, wanted, plytix_id FROM products",
    "SELECT * FROM failures",
)


def state(harness: SyncHarness) -> list[list[tuple[Any, ...]]]:
    return [rows(harness.path, sql) for sql in STATES]


def differences(ran: Ran) -> dict[str, Change]:
    assert ran.checked is not None
    return {change.sku: change for change in ran.checked.differences}


def refused(name: str) -> Fault:
    """Plytix cannot take this image."""
    answer = Answer(422, json.dumps({"error": {"msg": "The URL cannot be fetched"}}).encode())
    return Fault("POST", "/assets", answer, times=None, body=lambda body: body["url"] == picture(name))


def ids(harness: SyncHarness, sku: str) -> tuple[str, ...]:
    return tuple(harness.sandbox.snapshot().products[sku].gallery_ids)


@pytest.fixture
def synced(harness: SyncHarness) -> SyncHarness:
    harness.plan(BOOT, SHOE)
    harness.apply()
    return harness


def test_where_all_is_in_place_nothing_differs(synced: SyncHarness) -> None:
    ran = synced.check()
    assert ran.checked is not None
    assert (ran.checked.products, ran.checked.differences, ran.checked.others) == (2, (), 0)
    assert dict(ran.requests) == {"token": 1, "product_search": 1}


def test_missing_links_are_told(synced: SyncHarness) -> None:
    a, _, c = ids(synced, "BOOT")
    synced.sandbox.set_gallery("BOOT", [a, c])
    found = differences(synced.check())
    assert found == {"BOOT": Change("BOOT", False, True, missing=(picture("b"),))}


def test_a_deleted_asset_is_missing_wherever_it_stood(synced: SyncHarness) -> None:
    synced.sandbox.delete_asset(ids(synced, "BOOT")[0])
    found = differences(synced.check())
    assert {sku: change.missing for sku, change in found.items()} == dict.fromkeys(found, (picture("a"),))
    assert {sku: change.thumbnail for sku, change in found.items()} == dict.fromkeys(
        ("BOOT", "SHOE"), picture("a")
    )


def test_another_order_in_a_gallery_of_ours_alone_is_told(synced: SyncHarness) -> None:
    synced.sandbox.set_gallery("BOOT", ids(synced, "BOOT")[::-1])
    assert differences(synced.check()) == {"BOOT": Change("BOOT", False, True, is_moved=True)}


def test_the_order_of_a_gallery_with_a_persons_image_is_no_difference(synced: SyncHarness) -> None:
    other = synced.sandbox.add_asset("by-hand.jpg")
    synced.sandbox.set_gallery("BOOT", [other, *reversed(ids(synced, "BOOT"))])
    ran = synced.check()
    assert ran.checked is not None
    assert (ran.checked.differences, ran.checked.others) == ((), 1)


def test_another_thumbnail_and_none_are_told(synced: SyncHarness) -> None:
    synced.sandbox.set_thumbnail("BOOT", ids(synced, "BOOT")[1])
    synced.sandbox.set_thumbnail("SHOE", None)
    found = differences(synced.check())
    assert {sku: change.thumbnail for sku, change in found.items()} == dict.fromkeys(
        ("BOOT", "SHOE"), picture("a")
    )
    assert {change.signs for change in found.values()} == {(Sign.MOVED,)}


def test_what_is_no_longer_wanted_is_told_while_it_stands(synced: SyncHarness) -> None:
    before = ids(synced, "BOOT")
    synced.plan(product("BOOT", ("a", "MAIN"), ("b", "PT01")), SHOE)
    assert differences(synced.check()) == {"BOOT": Change("BOOT", False, True, obsolete=(picture("c"),))}
    synced.sandbox.set_gallery("BOOT", before[:2])
    assert differences(synced.check()) == {}


def test_a_product_that_nothing_wants_any_more_is_looked_at_for_what_was_put_there(
    synced: SyncHarness,
) -> None:
    synced.plan(BOOT, complete=True)
    assert differences(synced.check()) == {
        "SHOE": Change("SHOE", False, True, obsolete=(picture("a"), picture("d")))
    }


def test_an_image_that_a_person_put_there_is_not_called_no_longer_wanted(harness: SyncHarness) -> None:
    harness.sandbox.seed(["BOOT"])
    by_hand = harness.sandbox.add_asset("amazon_01_MAIN_a.jpg", picture("a"))
    harness.sandbox.set_gallery("BOOT", [by_hand])
    harness.plan(BOOT)
    harness.apply()
    harness.plan(product("BOOT", ("b", "MAIN"), ("c", "PT01")))
    harness.apply()
    ran = harness.check()
    assert ran.checked is not None
    assert (ran.checked.differences, ran.checked.others) == ((), 1)


def test_a_failed_image_is_told_with_its_reason_and_not_as_missing(harness: SyncHarness) -> None:
    harness.sandbox.faults.add(refused("b"))
    harness.plan(BOOT, product("BAD", ("a", "MAIN"), ("ftp://x/y.jpg", "PT01")))
    harness.apply()
    found = differences(harness.check())
    assert (found["BOOT"].missing, found["BOOT"].signs) == ((), (Sign.FAILED,))
    assert [(one.url, one.status) for one in found["BOOT"].failed] == [(picture("b"), 422)]
    assert [(one.url, one.status) for one in found["BAD"].failed] == [("ftp://x/y.jpg", None)]


def test_a_failed_image_that_has_come_to_stand_is_no_difference(harness: SyncHarness) -> None:
    harness.sandbox.faults.add(refused("b"))
    harness.plan(product("S", ("a", "MAIN"), ("b", "PT01")))
    harness.apply()
    by_hand = harness.sandbox.add_asset("amazon_02_PT01_b.jpg")
    harness.sandbox.set_gallery("S", [*ids(harness, "S"), by_hand])
    assert differences(harness.check()) == {}


def test_products_gone_and_products_come_are_told_apart(harness: SyncHarness) -> None:
    harness.plan(BOOT, seed=False)
    harness.plan(BOOT, SHOE, seed=False)
    harness.sandbox.seed(["SHOE"])
    harness.apply()
    harness.sandbox.seed(["BOOT"])
    harness.sandbox.delete_product("SHOE")
    found = differences(harness.check())
    assert found["SHOE"] == Change("SHOE", False, in_plytix=False)
    assert found["BOOT"].in_plytix
    assert found["BOOT"].missing == (picture("a"), picture("b"), picture("c"))


def test_a_product_made_anew_holds_nothing_of_ours(synced: SyncHarness) -> None:
    a, b, c = ids(synced, "BOOT")
    synced.sandbox.delete_product("BOOT")
    synced.sandbox.seed(["BOOT"])
    synced.sandbox.set_gallery("BOOT", [c, b, a])
    synced.sandbox.set_thumbnail("BOOT", a)
    assert differences(synced.check()) == {}, "a person's order, and all that is wanted is there"


def test_a_product_without_such_a_gallery_tells_the_reason(synced: SyncHarness) -> None:
    synced.sandbox.faults.add(
        Fault("POST", "/products/search", Transform(_without_gallery), times=None),
        Fault("GET", "/products/[^/]+", Transform(_without_gallery), times=None),
    )
    found = differences(synced.check())["SHOE"]
    assert {one.error for one in found.failed} == {NOT_IN_FAMILY}
    assert {one.url for one in found.failed} == {picture("a"), picture("d")}


def test_what_was_left_alone_on_request_is_no_difference(harness: SyncHarness) -> None:
    harness.sandbox.seed(["BOOT"])
    harness.sandbox.set_gallery("BOOT", [harness.sandbox.add_asset("by-hand.jpg")])
    harness.plan(BOOT, skip_existing=True)
    harness.apply(skip_existing=True)
    ran = harness.check()
    assert ran.checked is not None
    assert (ran.checked.differences, ran.checked.others) == ((), 1)


def test_a_lost_ledger_knows_images_by_the_names_in_the_gallery(synced: SyncHarness) -> None:
    synced.delete_ledger()
    synced.plan(BOOT, SHOE)
    ran = synced.check()
    assert differences(ran) == {}
    assert ran.requests["asset_search"] == 0


def test_it_changes_no_state_and_nothing_in_plytix(synced: SyncHarness) -> None:
    synced.plan(
        product("BOOT", ("a", "MAIN"), ("e", "PT01")), SHOE, product("GHOST", ("g", "MAIN")), seed=False
    )
    synced.sandbox.set_gallery("SHOE", [])
    synced.sandbox.set_thumbnail("BOOT", None)
    before, there = state(synced), synced.sandbox.snapshot()
    assert set(differences(synced.check())) == {"BOOT", "SHOE", "GHOST"}
    assert state(synced) == before
    assert synced.sandbox.snapshot() == there


def test_what_was_seen_is_kept(synced: SyncHarness) -> None:
    synced.sandbox.set_gallery("BOOT", [*ids(synced, "BOOT")[:1], synced.sandbox.add_asset("by-hand.jpg")])
    synced.sandbox.delete_product("SHOE")
    synced.check()
    assert rows(
        synced.path,
        "SELECT sku, in_plytix, missing, thumbnail, others FROM seen_products"
        " JOIN products ON products.id = product_id ORDER BY sku",
    ) == [("BOOT", 1, 2, 0, 1), ("SHOE", 0, 0, 0, 0)]


@pytest.mark.parametrize("count", [1, 100, 101, 230])
def test_it_costs_a_token_and_a_search_for_a_hundred_products(harness: SyncHarness, count: int) -> None:
    harness.plan(*(product(f"S{number}", (f"m{number}", "MAIN")) for number in range(count)))
    harness.check()
    assert harness.check().total == 1 + -(-count // 100)


def test_only_a_gallery_that_a_search_does_not_tell_costs_a_reading_of_its_own(synced: SyncHarness) -> None:
    synced.sandbox.faults.add(Fault("POST", "/products/search", Transform(_without_gallery), times=None))
    ran = synced.check()
    assert differences(ran) == {}
    assert dict(ran.requests) == {"token": 1, "product_search": 1, "product_read": 2}


def test_a_reading_that_is_refused_is_an_error_and_no_difference(synced: SyncHarness) -> None:
    synced.sandbox.faults.add(Fault("POST", "/products/search", Answer(403, b"{}"), times=None))
    ran = synced.check()
    assert ran.error is not None
    assert ran.error.status == 403
    assert differences(ran) == {}


def _without_gallery(answer: Any) -> Any:
    rows_of = answer["data"] if isinstance(answer["data"], list) else [answer["data"]]
    for found in rows_of:
        if isinstance(found.get("attributes"), dict):
            found["attributes"].pop("amazon_images", None)
    return answer

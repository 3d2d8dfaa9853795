"""A product whose family has no gallery is skipped with the reason, and done once that is mended."""

from typing import Any

import pytest
from catalogue import GALLERY, product
from executor.harness import SyncHarness
from sandbox_faults import Fault, Transform

from amzsync.ledger.reasons import NOT_IN_FAMILY

OUTSIDE = product("OUT", ("o", "MAIN"), ("b", "PT01"))
INSIDE = product("IN", ("i", "MAIN"), ("b", "PT01"))
SKIPPED = {("skipped", NOT_IN_FAMILY)}


def family(harness: SyncHarness, *skus: str) -> str:
    made = harness.sandbox.add_family("Books", [])
    for sku in skus:
        harness.sandbox.set_family(sku, made)
    return made


def hide_galleries(answer: Any) -> Any:
    for found in answer["data"]:
        found.pop("attributes", None)
        found.pop("assets", None)
    return answer


@pytest.mark.parametrize("has_thumbnail", [False, True], ids=["without assets", "with a thumbnail"])
def test_its_rows_are_skipped_with_the_reason_and_the_others_are_done(
    harness: SyncHarness, *, has_thumbnail: bool
) -> None:
    harness.plan(OUTSIDE, INSIDE)
    family(harness, "OUT")
    if has_thumbnail:
        harness.sandbox.set_thumbnail("OUT", harness.sandbox.add_asset("hand.jpg"))
    ran = harness.apply()
    assert ran.error is None
    assert harness.reasons()["OUT"] == harness.reasons("thumbnails")["OUT"] == SKIPPED
    assert harness.reasons()["IN"] == {("done", None)}
    assert {(sku, message) for _, sku, _, message in harness.failures()} == {("OUT", NOT_IN_FAMILY)}
    assert harness.gallery("OUT") == []
    assert ran.requests["product_read"] == 1
    assert ran.requests["link"] == 0
    assert ran.totals is not None
    assert ran.totals.products_left_alone == 0
    assert harness.apply().total == 0


def test_once_the_family_has_the_gallery_another_try_fills_it(harness: SyncHarness) -> None:
    harness.plan(OUTSIDE)
    made = family(harness, "OUT")
    harness.apply()
    harness.sandbox.add_to_family(made, GALLERY)
    assert harness.apply(retry_failed=True).error is None
    assert len(harness.gallery("OUT")) == 2
    assert harness.failures() == []


def test_a_refresh_finds_a_family_that_was_mended(harness: SyncHarness) -> None:
    harness.plan(OUTSIDE)
    made = family(harness, "OUT")
    harness.apply()
    harness.sandbox.add_to_family(made, GALLERY)
    harness.refresh()
    assert harness.failures() == []
    harness.apply()
    assert len(harness.gallery("OUT")) == 2


def test_a_refresh_finds_a_gallery_that_its_family_has_lost(harness: SyncHarness) -> None:
    harness.plan(OUTSIDE)
    harness.apply()
    family(harness, "OUT")
    harness.refresh()
    assert harness.reasons()["OUT"] == SKIPPED


def test_an_empty_gallery_that_no_search_tells_is_no_other_family(harness: SyncHarness) -> None:
    """The product itself says null: empty, and to be filled like any other."""
    harness.sandbox.faults.add(Fault("POST", "/products/search", Transform(hide_galleries), times=None))
    harness.plan(OUTSIDE, INSIDE)
    family(harness, "OUT")
    assert harness.apply().error is None
    assert harness.reasons()["IN"] == {("done", None)}
    assert harness.reasons()["OUT"] == SKIPPED

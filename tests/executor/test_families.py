"""A product whose family has no gallery is skipped with the reason, and done once that is mended."""

from typing import Any

import pytest
from catalogue import GALLERY, product
from executor.rig import Rig
from sandbox_faults import Fault, Transform

from amzsync.ledger.reasons import NOT_IN_FAMILY

OUTSIDE = product("OUT", ("o", "MAIN"), ("b", "PT01"))
INSIDE = product("IN", ("i", "MAIN"), ("b", "PT01"))
SKIPPED = {("skipped", NOT_IN_FAMILY)}


def family(rig: Rig, *skus: str) -> str:
    made = rig.sandbox.add_family("Books", [])
    for sku in skus:
        rig.sandbox.set_family(sku, made)
    return made


def hide_galleries(answer: Any) -> Any:
    for found in answer["data"]:
        found.pop("attributes", None)
        found.pop("assets", None)
    return answer


@pytest.mark.parametrize("has_thumbnail", [False, True], ids=["without assets", "with a thumbnail"])
def test_its_rows_are_skipped_with_the_reason_and_the_others_are_done(
    rig: Rig, *, has_thumbnail: bool
) -> None:
    rig.plan(OUTSIDE, INSIDE)
    family(rig, "OUT")
    if has_thumbnail:
        rig.sandbox.set_thumbnail("OUT", rig.sandbox.add_asset("hand.jpg"))
    ran = rig.apply()
    assert ran.error is None
    assert rig.reasons()["OUT"] == rig.reasons("thumbnails")["OUT"] == SKIPPED
    assert rig.reasons()["IN"] == {("done", None)}
    assert {(sku, message) for _, sku, _, message in rig.failures()} == {("OUT", NOT_IN_FAMILY)}
    assert rig.gallery("OUT") == []
    assert ran.requests["product_read"] == 1
    assert ran.requests["link"] == 0
    assert ran.totals is not None
    assert ran.totals.products_left_alone == 0
    assert rig.apply().total == 0


def test_once_the_family_has_the_gallery_another_try_fills_it(rig: Rig) -> None:
    rig.plan(OUTSIDE)
    made = family(rig, "OUT")
    rig.apply()
    rig.sandbox.add_to_family(made, GALLERY)
    assert rig.apply(retry_failed=True).error is None
    assert len(rig.gallery("OUT")) == 2
    assert rig.failures() == []


def test_a_refresh_finds_a_family_that_was_mended(rig: Rig) -> None:
    rig.plan(OUTSIDE)
    made = family(rig, "OUT")
    rig.apply()
    rig.sandbox.add_to_family(made, GALLERY)
    rig.refresh()
    assert rig.failures() == []
    rig.apply()
    assert len(rig.gallery("OUT")) == 2


def test_a_refresh_finds_a_gallery_that_its_family_has_lost(rig: Rig) -> None:
    rig.plan(OUTSIDE)
    rig.apply()
    family(rig, "OUT")
    rig.refresh()
    assert rig.reasons()["OUT"] == SKIPPED


def test_an_empty_gallery_that_no_search_tells_is_no_other_family(rig: Rig) -> None:
    """The product itself says null: empty, and to be filled like any other."""
    rig.sandbox.faults.add(Fault("POST", "/products/search", Transform(hide_galleries), times=None))
    rig.plan(OUTSIDE, INSIDE)
    family(rig, "OUT")
    assert rig.apply().error is None
    assert rig.reasons()["IN"] == {("done", None)}
    assert rig.reasons()["OUT"] == SKIPPED

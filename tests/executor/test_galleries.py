"""Galleries and thumbnails as they are read back, whatever a person had put there before."""

import json
from collections.abc import Sequence

import pytest
from catalogue import picture, product
from executor.rig import Rig
from sandbox_faults import Answer, Fault

from amzsync.domain.product import Product
from amzsync.executor.decide import MAX_ASSETS
from amzsync.ledger.reasons import SKIP_EXISTING
from amzsync.sandbox import TypeClass

BOOT = product("BOOT", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))
NAMES = ["amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg", "amazon_03_PT02_c.jpg"]


def by_hand(rig: Rig, sku: str, names: Sequence[str]) -> None:
    """A person arranges a gallery: pictures that are there already by name, others new."""
    there = {asset.filename: asset.id for asset in rig.sandbox.snapshot().assets}
    rig.sandbox.set_gallery(
        sku, [there[name] if name in there else rig.sandbox.add_asset(name) for name in names]
    )


def letters(rig: Rig, sku: str) -> str:
    """The pictures of a gallery by their image ids."""
    return "".join(name.rpartition("_")[2].removesuffix(".jpg") for name in rig.gallery(sku))


def test_an_empty_gallery_becomes_the_wanted_one_in_one_write(rig: Rig) -> None:
    rig.plan(BOOT)
    ran = rig.apply()
    assert rig.gallery("BOOT") == NAMES
    assert rig.thumbnail("BOOT") == NAMES[0]
    assert (ran.requests["product_write"], ran.requests["link"]) == (1, 0)


@pytest.mark.parametrize(
    ("before", "after", "links"),
    [
        (["p.jpg"], ["p.jpg", *NAMES], 3),
        (["p.jpg", "q.jpg"], ["p.jpg", "q.jpg", *NAMES], 3),
        (["p.jpg", NAMES[1]], ["p.jpg", NAMES[1], NAMES[0], NAMES[2]], 2),
        ([NAMES[2], "p.jpg", NAMES[0]], [NAMES[2], "p.jpg", NAMES[0], NAMES[1]], 1),
        ([*NAMES, "p.jpg"], [*NAMES, "p.jpg"], 0),
        (NAMES[::-1], NAMES[::-1], 0),
    ],
)
def test_a_persons_pictures_stay_where_they_are_and_gain_what_is_missing(
    rig: Rig, before: list[str], after: list[str], links: int
) -> None:
    rig.sandbox.seed(["BOOT"])
    by_hand(rig, "BOOT", before)
    rig.plan(BOOT)
    ran = rig.apply()
    assert rig.gallery("BOOT") == after
    assert rig.thumbnail("BOOT") == NAMES[0]
    assert (ran.requests["link"], ran.requests["product_write"]) == (links, 1)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_picture_that_a_person_put_among_ours_stays_there(rig: Rig, place: int) -> None:
    rig.plan(BOOT)
    rig.apply()
    edited = [*NAMES[:place], "p.jpg", *NAMES[place:]]
    by_hand(rig, "BOOT", edited)
    rig.plan(product("BOOT", ("a", "MAIN"), ("new", "PT01"), ("b", "PT02"), ("c", "PT03")))
    ran = rig.apply()
    assert rig.gallery("BOOT") == [*edited, "amazon_02_PT01_new.jpg"]
    assert (ran.requests["link"], ran.requests["product_write"]) == (1, 0)


def test_ours_gains_a_picture_at_its_place_and_keeps_what_is_no_longer_wanted_behind(rig: Rig) -> None:
    rig.plan(BOOT)
    rig.apply()
    rig.plan(product("BOOT", ("a", "MAIN"), ("new", "PT01"), ("c", "PT02")))
    ran = rig.apply()
    assert rig.gallery("BOOT") == [NAMES[0], "amazon_02_PT01_new.jpg", NAMES[2], NAMES[1]]
    assert (ran.requests["link"], ran.requests["product_write"]) == (0, 1)


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        pytest.param((("n", "MAIN"), ("b", "PT01"), ("c", "PT02")), "nbca", id="another in its place"),
        pytest.param((("b", "MAIN"), ("c", "PT01")), "bca", id="none in its place"),
        pytest.param((("a", "MAIN"), ("b", "PT01")), "abc", id="the last one, which stands behind already"),
    ],
)
def test_what_is_no_longer_wanted_stands_behind_what_is(
    rig: Rig, wanted: Sequence[tuple[str, str]], after: str
) -> None:
    rig.plan(BOOT)
    rig.apply()
    rig.plan(product("BOOT", *wanted))
    ran = rig.apply()
    assert letters(rig, "BOOT") == after
    assert ran.requests["product_write"] == (after != "abc")
    assert str(rig.thumbnail("BOOT")).endswith(f"_{after[0]}.jpg")
    assert rig.apply().total == 0
    # And again: where a left-over stands does not make the gallery a person's.
    rig.plan(product("BOOT", ("z", "MAIN"), ("c", "PT01")))
    rig.apply()
    assert letters(rig, "BOOT") == "zc" + "".join(one for one in after if one != "c")
    assert "POST /products/{id}/assets" not in rig.sandbox.counts
    rig.plan(BOOT)
    rig.apply()
    assert letters(rig, "BOOT").startswith("abcz")


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        ((("a", "MAIN"), ("c", "PT01")), "acb"),
        ((("a", "MAIN"), ("c", "PT01"), ("b", "PT02")), "acb"),
        ((("a", "MAIN"), ("n", "PT01"), ("c", "PT02"), ("b", "PT03")), "ancb"),
    ],
)
def test_an_order_that_is_to_change_is_not_lost_where_plytix_is_read_first(
    rig: Rig, wanted: Sequence[tuple[str, str]], after: str
) -> None:
    rig.plan(BOOT)
    rig.apply()
    rig.plan(product("BOOT", *wanted))
    rig.refresh()
    rig.apply()
    assert letters(rig, "BOOT") == after
    rig.refresh()
    assert rig.apply().total == 0


def test_an_order_that_a_person_gave_ours_is_kept_in_later_runs_too(rig: Rig) -> None:
    rig.plan(BOOT)
    rig.apply()
    by_hand(rig, "BOOT", NAMES[::-1])
    images = list(BOOT.images)
    for number in range(3):
        images.append(product("BOOT", (f"d{number}", f"X{number}")).images[0])
        rig.plan(Product("BOOT", is_parent=False, images=tuple(images)))
        if number == 1:
            rig.refresh()
        rig.apply()
        assert letters(rig, "BOOT") == "cba" + "".join(f"d{n}" for n in range(number + 1))


def test_a_changed_order_of_ours_is_written(rig: Rig) -> None:
    rig.plan(BOOT)
    rig.apply()
    rig.plan(product("BOOT", ("a", "MAIN"), ("c", "PT01"), ("b", "PT02"), ("d", "PT03")))
    rig.apply()
    assert rig.gallery("BOOT") == [NAMES[0], NAMES[2], NAMES[1], "amazon_04_PT03_d.jpg"]


@pytest.mark.parametrize("status", [422, 200], ids=["refused", "not shown"])
def test_an_order_that_cannot_be_written_is_left_as_it_is_and_nothing_else_is_sent(
    rig: Rig, status: int
) -> None:
    rig.plan(BOOT)
    rig.apply()
    rig.plan(product("BOOT", ("a", "MAIN"), ("c", "PT01"), ("b", "PT02")))
    shows_nothing = json.dumps({"data": [{"id": rig.sandbox.product_id("BOOT")}]}).encode()
    rig.sandbox.faults.add(Fault("PATCH", "/products/[^/]+", Answer(status, shows_nothing), times=None))
    ran = rig.apply()
    assert ran.error is None
    assert (ran.requests["product_write"], ran.requests["link"]) == (1, 0)
    assert (rig.gallery("BOOT"), rig.thumbnail("BOOT")) == (NAMES, NAMES[0])
    assert rig.failures() == []


def test_an_order_that_a_person_gave_ours_is_kept(rig: Rig) -> None:
    rig.plan(BOOT)
    rig.apply()
    by_hand(rig, "BOOT", NAMES[::-1])
    rig.plan(product("BOOT", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"), ("d", "PT03")))
    rig.apply()
    assert rig.gallery("BOOT") == [*NAMES[::-1], "amazon_04_PT03_d.jpg"]


def test_a_persons_thumbnail_gives_way_to_the_main_picture_alone(rig: Rig) -> None:
    rig.sandbox.seed(["BOOT", "SHOE", "CLOG"])
    theirs = rig.sandbox.add_asset("theirs.jpg")
    for sku in ("BOOT", "SHOE", "CLOG"):
        rig.sandbox.set_thumbnail(sku, theirs)
    rig.sandbox.set_thumbnail("CLOG", rig.sandbox.add_asset(NAMES[0], picture("a")))
    rig.plan(BOOT, product("SHOE", ("b", "PT01")), product("CLOG", ("a", "MAIN")))
    rig.apply()
    assert {sku: rig.thumbnail(sku) for sku in ("BOOT", "SHOE", "CLOG")} == {
        "BOOT": NAMES[0],
        "SHOE": "theirs.jpg",
        "CLOG": NAMES[0],
    }


def test_a_thumbnail_alone_is_one_write_that_leaves_the_gallery(rig: Rig) -> None:
    rig.sandbox.seed(["BOOT"])
    by_hand(rig, "BOOT", ["p.jpg", *NAMES])
    rig.plan(BOOT)
    ran = rig.apply()
    assert (ran.requests["product_write"], ran.requests["link"]) == (1, 0)
    assert rig.gallery("BOOT") == ["p.jpg", *NAMES]


def test_skip_existing_leaves_a_product_with_any_picture_alone(rig: Rig) -> None:
    rig.sandbox.seed(["FULL", "BARE"])
    by_hand(rig, "FULL", ["p.jpg"])
    rig.plan(
        product("FULL", ("a", "MAIN"), ("x", "PT01")), product("BARE", ("a", "MAIN")), skip_existing=True
    )
    ran = rig.apply(skip_existing=True)
    assert rig.pictures == {"FULL": (None, ("p.jpg",)), "BARE": (NAMES[0], (NAMES[0],))}
    assert rig.reasons() == {"FULL": {("skipped", SKIP_EXISTING)}, "BARE": {("done", None)}}
    assert ran.requests["asset_upload"] == 1
    assert ran.totals is not None
    assert ran.totals.products_left_alone == 1
    rig.plan(
        product("FULL", ("a", "MAIN"), ("x", "PT01")), product("BARE", ("a", "MAIN")), skip_existing=True
    )
    assert rig.apply(skip_existing=True).total == 0


def test_a_product_of_three_hundred_pictures_takes_them_all_and_not_one_more(rig: Rig) -> None:
    many = [
        (f"i{number:03d}", "MAIN" if not number else f"X{number:03d}") for number in range(MAX_ASSETS + 3)
    ]
    rig.plan(product("MANY", *many))
    rig.apply()
    assert len(rig.gallery("MANY")) == MAX_ASSETS
    assert rig.thumbnail("MANY") == "amazon_01_MAIN_i000.jpg"
    failures = rig.failures()
    assert [(table, sku) for table, sku, _, _ in failures] == [("links", "MANY")] * 3
    assert "300" in failures[0][3]


def test_a_product_full_of_a_persons_pictures_takes_what_it_has_room_for(rig: Rig) -> None:
    rig.sandbox.seed(["FULL"])
    theirs = [f"p{number}.jpg" for number in range(MAX_ASSETS - 2)]
    by_hand(rig, "FULL", theirs)
    rig.plan(product("FULL", ("a", "PT01"), ("b", "PT02"), ("c", "PT03")))
    ran = rig.apply()
    assert rig.gallery("FULL") == [*theirs, "amazon_02_PT01_a.jpg", "amazon_03_PT02_b.jpg"]
    assert (ran.requests["link"], [(table, sku) for table, sku, _, _ in rig.failures()]) == (
        2,
        [("links", "FULL")],
    )


def test_what_is_no_longer_wanted_is_not_pushed_out_by_what_is_new(rig: Rig) -> None:
    old = [(f"o{number:03d}", f"X{number:03d}") for number in range(MAX_ASSETS - 1)]
    rig.plan(product("MANY", *old))
    rig.apply()
    before = rig.gallery("MANY")
    rig.plan(product("MANY", ("n1", "PT01"), ("n2", "PT02"), old[0]))
    rig.apply()
    assert rig.gallery("MANY") == ["amazon_02_PT01_n1.jpg", *before]
    assert len(before) == MAX_ASSETS - 1
    assert [(table, sku) for table, sku, _, _ in rig.failures()] == [("links", "MANY")]


def test_a_product_with_media_elsewhere_takes_what_it_has_room_for(rig: Rig) -> None:
    rig.sandbox.seed(["MANY"])
    label = rig.sandbox.add_attribute("Manuals", TypeClass.MEDIA_GALLERY)
    manuals = [rig.sandbox.add_asset(f"m{number}.jpg") for number in range(MAX_ASSETS - 2)]
    rig.sandbox.set_gallery("MANY", manuals, label)
    rig.plan(product("MANY", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02")))
    rig.apply()
    assert rig.gallery("MANY") == NAMES[:2]
    assert rig.thumbnail("MANY") == NAMES[0]
    assert [(table, sku, status) for table, sku, status, _ in rig.failures()] == [("links", "MANY", 422)]


@pytest.mark.parametrize("there", [NAMES[1:2], NAMES[:2], NAMES[1:], NAMES])
def test_wanted_pictures_that_a_person_put_there_stay_a_persons(rig: Rig, there: list[str]) -> None:
    rig.sandbox.seed(["BOOT"])
    by_hand(rig, "BOOT", there)
    rig.plan(BOOT)
    ran = rig.apply()
    before = rig.gallery("BOOT")
    assert ran.totals is not None
    assert ran.totals.links_existing == len(there)
    rig.plan(product("BOOT", ("new", "MAIN"), ("c", "PT01"), ("b", "PT02"), ("a", "PT03")))
    rig.apply()
    assert rig.gallery("BOOT") == [*before, "amazon_01_MAIN_new.jpg"]

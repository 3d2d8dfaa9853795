"""Galleries and thumbnails as they are read back, whatever a person had put there before."""

import json
from collections.abc import Sequence

import pytest
from catalogue import picture, product, rows
from executor.harness import SyncHarness
from sandbox_faults import Answer, Fault, RunBefore

from amzsync.domain.product import Product
from amzsync.executor.scripts.decide import MAX_ASSETS
from amzsync.ledger.reasons import NOT_IN_ORDER, SKIP_EXISTING
from amzsync.sandbox import TypeClass

BOOT = product("BOOT", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))
NAMES = ["amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg", "amazon_03_PT02_c.jpg"]


def set_by_hand(harness: SyncHarness, sku: str, names: Sequence[str]) -> None:
    """A person arranges a gallery: pictures that are there already by name, others new."""
    there = {asset.filename: asset.id for asset in harness.sandbox.snapshot().assets}
    harness.sandbox.set_gallery(
        sku, [there[name] if name in there else harness.sandbox.add_asset(name) for name in names]
    )


def letters(harness: SyncHarness, sku: str) -> str:
    """The pictures of a gallery by their image ids."""
    return "".join(name.rpartition("_")[2].removesuffix(".jpg") for name in harness.gallery(sku))


def test_an_empty_gallery_becomes_the_wanted_one_in_one_write(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    ran = harness.apply()
    assert harness.gallery("BOOT") == NAMES
    assert harness.thumbnail("BOOT") == NAMES[0]
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
    harness: SyncHarness, before: list[str], after: list[str], links: int
) -> None:
    harness.sandbox.seed(["BOOT"])
    set_by_hand(harness, "BOOT", before)
    harness.plan(BOOT)
    ran = harness.apply()
    assert harness.gallery("BOOT") == after
    assert harness.thumbnail("BOOT") == NAMES[0]
    assert (ran.requests["link"], ran.requests["product_write"]) == (links, 1)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_picture_that_a_person_put_among_ours_stays_there(harness: SyncHarness, place: int) -> None:
    harness.plan(BOOT)
    harness.apply()
    edited = [*NAMES[:place], "p.jpg", *NAMES[place:]]
    set_by_hand(harness, "BOOT", edited)
    harness.plan(product("BOOT", ("a", "MAIN"), ("new", "PT01"), ("b", "PT02"), ("c", "PT03")))
    ran = harness.apply()
    assert harness.gallery("BOOT") == [*edited, "amazon_02_PT01_new.jpg"]
    assert (ran.requests["link"], ran.requests["product_write"]) == (1, 0)


def test_ours_gains_a_picture_at_its_place_and_keeps_what_is_no_longer_wanted_behind(
    harness: SyncHarness,
) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.plan(product("BOOT", ("a", "MAIN"), ("new", "PT01"), ("c", "PT02")))
    ran = harness.apply()
    assert harness.gallery("BOOT") == [NAMES[0], "amazon_02_PT01_new.jpg", NAMES[2], NAMES[1]]
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
    harness: SyncHarness, wanted: Sequence[tuple[str, str]], after: str
) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.plan(product("BOOT", *wanted))
    ran = harness.apply()
    assert letters(harness, "BOOT") == after
    assert ran.requests["product_write"] == (after != "abc")
    assert str(harness.thumbnail("BOOT")).endswith(f"_{after[0]}.jpg")
    assert harness.apply().total == 0
    # And again: where a left-over stands does not make the gallery a person's.
    harness.plan(product("BOOT", ("z", "MAIN"), ("c", "PT01")))
    harness.apply()
    assert letters(harness, "BOOT") == "zc" + "".join(one for one in after if one != "c")
    assert "POST /products/{id}/assets" not in harness.sandbox.counts
    harness.plan(BOOT)
    harness.apply()
    assert letters(harness, "BOOT").startswith("abcz")


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        ((("a", "MAIN"), ("c", "PT01")), "acb"),
        ((("a", "MAIN"), ("c", "PT01"), ("b", "PT02")), "acb"),
        ((("a", "MAIN"), ("n", "PT01"), ("c", "PT02"), ("b", "PT03")), "ancb"),
    ],
)
def test_an_order_that_is_to_change_is_not_lost_where_plytix_is_read_first(
    harness: SyncHarness, wanted: Sequence[tuple[str, str]], after: str
) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.plan(product("BOOT", *wanted))
    harness.refresh()
    harness.apply()
    assert letters(harness, "BOOT") == after
    harness.refresh()
    assert harness.apply().total == 0


def test_an_order_that_a_person_gave_ours_is_kept_in_later_runs_too(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    set_by_hand(harness, "BOOT", NAMES[::-1])
    images = list(BOOT.images)
    for number in range(3):
        images.append(product("BOOT", (f"d{number}", f"X{number}")).images[0])
        harness.plan(Product("BOOT", is_parent=False, images=tuple(images)))
        if number == 1:
            harness.refresh()
        harness.apply()
        assert letters(harness, "BOOT") == "cba" + "".join(f"d{n}" for n in range(number + 1))


def test_our_pictures_that_a_person_put_on_a_product_made_anew_are_a_persons(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.sandbox.delete_product("BOOT")
    harness.sandbox.seed(["BOOT"])
    set_by_hand(harness, "BOOT", [NAMES[2]])
    harness.refresh()
    harness.apply()
    assert letters(harness, "BOOT") == "cab"


def test_a_changed_order_of_ours_is_written(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.plan(product("BOOT", ("a", "MAIN"), ("c", "PT01"), ("b", "PT02"), ("d", "PT03")))
    harness.apply()
    assert harness.gallery("BOOT") == [NAMES[0], NAMES[2], NAMES[1], "amazon_04_PT03_d.jpg"]


@pytest.mark.parametrize(("status", "reason"), [(422, "Plytix answered 422."), (200, NOT_IN_ORDER)])
def test_an_order_that_cannot_be_written_is_left_as_it_is_and_told_as_a_failure(
    harness: SyncHarness, status: int, reason: str
) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.plan(product("BOOT", ("a", "MAIN"), ("c", "PT01"), ("b", "PT02")))
    shows_nothing = json.dumps({"data": [{"id": harness.sandbox.product_id("BOOT")}]}).encode()
    harness.sandbox.faults.add(Fault("PATCH", "/products/[^/]+", Answer(status, shows_nothing), times=None))
    ran = harness.apply()
    assert ran.error is None
    assert (ran.requests["product_write"], ran.requests["link"]) == (1, 0)
    assert (harness.gallery("BOOT"), harness.thumbnail("BOOT")) == (NAMES, NAMES[0])
    assert [(table, message) for table, _, _, message in harness.failures()] == [("links", reason)] * 2
    harness.sandbox.faults.clear()
    harness.apply(retry_failed=True)
    assert (letters(harness, "BOOT"), harness.failures()) == ("acb", [])


def test_an_order_that_a_person_gave_ours_is_kept(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    set_by_hand(harness, "BOOT", NAMES[::-1])
    harness.plan(product("BOOT", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"), ("d", "PT03")))
    harness.apply()
    assert harness.gallery("BOOT") == [*NAMES[::-1], "amazon_04_PT03_d.jpg"]


def test_a_picture_that_a_person_was_quicker_to_link_is_a_persons(harness: SyncHarness) -> None:
    harness.sandbox.seed(["BOOT"])
    set_by_hand(harness, "BOOT", ["p.jpg"])
    harness.plan(BOOT)

    def is_quicker() -> None:
        set_by_hand(harness, "BOOT", [NAMES[2], "p.jpg", NAMES[0]])

    harness.sandbox.faults.add(Fault("POST", "/products/[^/]+/assets", RunBefore(is_quicker), after=1))
    ran = harness.apply()
    assert ran.error is None
    origins = rows(harness.path, "SELECT origin FROM links ORDER BY position")
    assert [origin for (origin,) in origins] == ["made", "made", "found"]
    assert letters(harness, "BOOT") == "cpab"


def test_a_persons_thumbnail_gives_way_to_the_main_picture_alone(harness: SyncHarness) -> None:
    harness.sandbox.seed(["BOOT", "SHOE", "CLOG"])
    theirs = harness.sandbox.add_asset("theirs.jpg")
    for sku in ("BOOT", "SHOE", "CLOG"):
        harness.sandbox.set_thumbnail(sku, theirs)
    harness.sandbox.set_thumbnail("CLOG", harness.sandbox.add_asset(NAMES[0], picture("a")))
    harness.plan(BOOT, product("SHOE", ("b", "PT01")), product("CLOG", ("a", "MAIN")))
    harness.apply()
    assert {sku: harness.thumbnail(sku) for sku in ("BOOT", "SHOE", "CLOG")} == {
        "BOOT": NAMES[0],
        "SHOE": "theirs.jpg",
        "CLOG": NAMES[0],
    }


def test_a_thumbnail_alone_is_one_write_that_leaves_the_gallery(harness: SyncHarness) -> None:
    harness.sandbox.seed(["BOOT"])
    set_by_hand(harness, "BOOT", ["p.jpg", *NAMES])
    harness.plan(BOOT)
    ran = harness.apply()
    assert (ran.requests["product_write"], ran.requests["link"]) == (1, 0)
    assert harness.gallery("BOOT") == ["p.jpg", *NAMES]


def test_skip_existing_leaves_a_product_with_any_picture_alone(harness: SyncHarness) -> None:
    harness.sandbox.seed(["FULL", "BARE"])
    set_by_hand(harness, "FULL", ["p.jpg"])
    harness.plan(
        product("FULL", ("a", "MAIN"), ("x", "PT01")), product("BARE", ("a", "MAIN")), skip_existing=True
    )
    ran = harness.apply(skip_existing=True)
    assert harness.pictures == {"FULL": (None, ("p.jpg",)), "BARE": (NAMES[0], (NAMES[0],))}
    assert harness.reasons() == {"FULL": {("skipped", SKIP_EXISTING)}, "BARE": {("done", None)}}
    assert ran.requests["asset_upload"] == 1
    assert ran.totals is not None
    assert ran.totals.products_left_alone == 1
    harness.plan(
        product("FULL", ("a", "MAIN"), ("x", "PT01")), product("BARE", ("a", "MAIN")), skip_existing=True
    )
    assert harness.apply(skip_existing=True).total == 0


def test_a_product_of_three_hundred_pictures_takes_them_all_and_not_one_more(harness: SyncHarness) -> None:
    many = [
        (f"i{number:03d}", "MAIN" if not number else f"X{number:03d}") for number in range(MAX_ASSETS + 3)
    ]
    harness.plan(product("MANY", *many))
    harness.apply()
    assert len(harness.gallery("MANY")) == MAX_ASSETS
    assert harness.thumbnail("MANY") == "amazon_01_MAIN_i000.jpg"
    failures = harness.failures()
    assert [(table, sku) for table, sku, _, _ in failures] == [("links", "MANY")] * 3
    assert "300" in failures[0][3]


def test_a_product_full_of_a_persons_pictures_takes_what_it_has_room_for(harness: SyncHarness) -> None:
    harness.sandbox.seed(["FULL"])
    theirs = [f"p{number}.jpg" for number in range(MAX_ASSETS - 2)]
    set_by_hand(harness, "FULL", theirs)
    harness.plan(product("FULL", ("a", "PT01"), ("b", "PT02"), ("c", "PT03")))
    ran = harness.apply()
    assert harness.gallery("FULL") == [*theirs, "amazon_02_PT01_a.jpg", "amazon_03_PT02_b.jpg"]
    assert (ran.requests["link"], [(table, sku) for table, sku, _, _ in harness.failures()]) == (
        2,
        [("links", "FULL")],
    )


def test_what_is_no_longer_wanted_is_not_pushed_out_by_what_is_new(harness: SyncHarness) -> None:
    old = [(f"o{number:03d}", f"X{number:03d}") for number in range(MAX_ASSETS - 1)]
    harness.plan(product("MANY", *old))
    harness.apply()
    before = harness.gallery("MANY")
    harness.plan(product("MANY", ("n1", "PT01"), ("n2", "PT02"), old[0]))
    harness.apply()
    assert harness.gallery("MANY") == ["amazon_02_PT01_n1.jpg", *before]
    assert len(before) == MAX_ASSETS - 1
    assert [(table, sku) for table, sku, _, _ in harness.failures()] == [("links", "MANY")]


def test_a_product_with_media_elsewhere_takes_what_it_has_room_for(harness: SyncHarness) -> None:
    harness.sandbox.seed(["MANY"])
    label = harness.sandbox.add_attribute("Manuals", TypeClass.MEDIA_GALLERY)
    manuals = [harness.sandbox.add_asset(f"m{number}.jpg") for number in range(MAX_ASSETS - 2)]
    harness.sandbox.set_gallery("MANY", manuals, label)
    harness.plan(product("MANY", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02")))
    harness.apply()
    assert harness.gallery("MANY") == NAMES[:2]
    assert harness.thumbnail("MANY") == NAMES[0]
    assert [(table, sku, status) for table, sku, status, _ in harness.failures()] == [("links", "MANY", 422)]


@pytest.mark.parametrize("there", [NAMES[1:2], NAMES[:2], NAMES[1:], NAMES])
def test_wanted_pictures_that_a_person_put_there_stay_a_persons(
    harness: SyncHarness, there: list[str]
) -> None:
    harness.sandbox.seed(["BOOT"])
    set_by_hand(harness, "BOOT", there)
    harness.plan(BOOT)
    ran = harness.apply()
    before = harness.gallery("BOOT")
    assert ran.totals is not None
    assert ran.totals.links_existing == len(there)
    harness.plan(product("BOOT", ("new", "MAIN"), ("c", "PT01"), ("b", "PT02"), ("a", "PT03")))
    harness.apply()
    assert harness.gallery("BOOT") == [*before, "amazon_01_MAIN_new.jpg"]

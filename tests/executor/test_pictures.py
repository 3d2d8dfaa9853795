"""Pictures on their way to assets: found by name, known by a 409, uploaded, or failed on their own."""

import json
from collections.abc import Callable

import pytest
from catalogue import picture, product
from executor.harness import SyncHarness
from sandbox_faults import Answer, Fault, Latency

from amzsync.ledger.reasons import NOT_FOUND

CONFLICT_WITHOUT_ID = json.dumps({"error": {"msg": "Asset already exists"}}).encode()
UNFETCHABLE = json.dumps({"error": {"msg": "The file could not be downloaded", "errors": []}}).encode()


def refuse_upload(harness: SyncHarness, image_id: str, answer: Answer, times: int | None = None) -> None:
    harness.sandbox.faults.add(
        Fault("POST", "/assets", answer, times=times, body=lambda body: body["url"] == picture(image_id))
    )


def test_a_picture_that_fails_fails_on_every_product_and_the_rest_is_written(harness: SyncHarness) -> None:
    refuse_upload(harness, "bad", Answer(422, UNFETCHABLE))
    harness.plan(
        product("A", ("a", "MAIN"), ("bad", "PT01"), ("b", "PT02")),
        product("B", ("bad", "MAIN"), ("b", "PT01")),
        product("C", ("c", "MAIN")),
    )
    ran = harness.apply()
    assert harness.gallery("A") == ["amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg"]
    assert (harness.thumbnail("B"), harness.gallery("B")) == (None, ["amazon_02_PT01_b.jpg"])
    assert harness.gallery("C") == ["amazon_01_MAIN_c.jpg"]
    assert ran.requests["asset_upload"] == 4
    failed = [(table, sku) for table, sku, _, _ in harness.failures()]
    assert failed == [("assets", "A"), ("assets", "B")]
    assert harness.failures()[0][2:] == (422, "Plytix answered 422: The file could not be downloaded.")
    assert harness.apply().total == 0


def test_a_failed_picture_is_made_good_by_retry_failed_at_its_place(harness: SyncHarness) -> None:
    refuse_upload(harness, "bad", Answer(404, UNFETCHABLE), times=1)
    harness.plan(product("A", ("bad", "MAIN"), ("b", "PT01")), product("B", ("bad", "MAIN")))
    harness.apply()
    ran = harness.apply(retry_failed=True)
    assert harness.pictures == {
        "A": ("amazon_01_MAIN_bad.jpg", ("amazon_01_MAIN_bad.jpg", "amazon_02_PT01_b.jpg")),
        "B": ("amazon_01_MAIN_bad.jpg", ("amazon_01_MAIN_bad.jpg",)),
    }
    assert harness.failures() == []
    assert ran.requests["asset_upload"] == 1


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
def test_whatever_way_one_upload_is_refused_the_others_go_on(harness: SyncHarness, status: int) -> None:
    refuse_upload(harness, "bad", Answer(status, UNFETCHABLE))
    harness.plan(product("A", ("bad", "PT01"), ("b", "PT02")))
    ran = harness.apply()
    assert ran.error is None
    assert harness.gallery("A") == ["amazon_03_PT02_b.jpg"]


def test_a_role_that_may_not_upload_stops_the_run_and_leaves_everything_wanted(harness: SyncHarness) -> None:
    refuse_upload(harness, "a", Answer(403, UNFETCHABLE), times=1)
    harness.plan(product("A", ("a", "MAIN")))
    ran = harness.apply()
    assert ran.error is not None
    assert ran.error.status == 403
    assert harness.failures() == []
    harness.apply()
    assert harness.gallery("A") == ["amazon_01_MAIN_a.jpg"]


def test_a_renamed_picture_is_linked_and_known_by_its_new_name(harness: SyncHarness) -> None:
    # Same name, other content: Plytix renames the newcomer (plytix-api, Assets).
    taken = harness.sandbox.add_asset("AMAZON_01_MAIN_a.jpg", "https://elsewhere.example/other")
    harness.plan(product("A", ("a", "MAIN")))
    harness.apply()
    assert len(harness.gallery("A")) == 1
    assert harness.sandbox.snapshot().products["A"].gallery_ids != (taken,)
    before = harness.sandbox.snapshot()
    harness.delete_ledger()
    harness.plan(product("A", ("a", "MAIN")))
    harness.apply()
    assert harness.sandbox.snapshot() == before


@pytest.mark.parametrize("has_id", [True, False])
def test_a_picture_that_is_there_under_another_name_is_taken_as_it_is(
    harness: SyncHarness, *, has_id: bool
) -> None:
    there = harness.sandbox.add_asset("a.jpg", picture("a"))
    if not has_id:
        refuse_upload(harness, "a", Answer(409, CONFLICT_WITHOUT_ID))
    harness.plan(product("A", ("a", "MAIN")))
    ran = harness.apply()
    assert harness.sandbox.snapshot().products["A"].gallery_ids == (there,)
    assert harness.thumbnail("A") == "a.jpg"
    assert ran.requests["asset_search"] == (1 if has_id else 2)
    assert ran.totals is not None
    assert (ran.totals.uploaded, ran.totals.present) == (0, 1)


def test_a_picture_that_exists_but_cannot_be_found_fails_alone(harness: SyncHarness) -> None:
    refuse_upload(harness, "a", Answer(409, CONFLICT_WITHOUT_ID))
    harness.plan(product("A", ("a", "MAIN"), ("b", "PT01")))
    harness.apply()
    assert harness.gallery("A") == ["amazon_02_PT01_b.jpg"]
    assert [failure[2] for failure in harness.failures() if failure[0] == "assets"] == [409]


def test_pictures_whose_ids_differ_in_case_alone_are_two(harness: SyncHarness) -> None:
    harness.plan(product("A", ("aBc", "MAIN"), ("x", "PT01")), product("B", ("AbC", "MAIN")))
    harness.apply()
    uploaded = {asset.id: asset.source_url for asset in harness.sandbox.snapshot().assets}
    products = harness.sandbox.snapshot().products
    assert uploaded[products["A"].gallery_ids[0]] == picture("aBc")
    assert uploaded[products["B"].gallery_ids[0]] == picture("AbC")
    before = harness.sandbox.snapshot()
    harness.delete_ledger()
    harness.plan(product("A", ("aBc", "MAIN"), ("x", "PT01")), product("B", ("AbC", "MAIN")))
    harness.apply()
    assert harness.sandbox.snapshot() == before


def test_a_sku_that_plytix_does_not_know_is_skipped_with_its_reason(harness: SyncHarness) -> None:
    harness.sandbox.seed(["A"])
    harness.plan(product("A", ("a", "MAIN")), product("GHOST", ("g", "MAIN"), ("a", "PT01")), seed=False)
    ran = harness.apply()
    assert harness.pictures == {"A": ("amazon_01_MAIN_a.jpg", ("amazon_01_MAIN_a.jpg",))}
    assert harness.reasons()["GHOST"] == {("skipped", NOT_FOUND)}
    assert harness.reasons("thumbnails")["GHOST"] == {("skipped", NOT_FOUND)}
    assert ran.totals is not None
    assert ran.totals.products_not_found == ("GHOST",)
    assert ran.requests["asset_upload"] == 1
    assert harness.apply().total == 0


def test_a_product_that_has_come_to_exist_is_picked_up_by_retry_failed(harness: SyncHarness) -> None:
    harness.sandbox.seed(["A"])
    harness.plan(product("A", ("a", "MAIN")), product("GHOST", ("g", "MAIN"), ("a", "PT01")), seed=False)
    harness.apply()
    harness.sandbox.seed(["GHOST"])
    assert harness.apply().total == 0
    harness.apply(retry_failed=True)
    assert harness.pictures["GHOST"] == (
        "amazon_01_MAIN_g.jpg",
        ("amazon_01_MAIN_g.jpg", "amazon_01_MAIN_a.jpg"),
    )


def test_a_sku_that_differs_in_case_alone_is_another_product(harness: SyncHarness) -> None:
    harness.sandbox.seed(["boot"])
    harness.plan(product("BOOT", ("a", "MAIN")), seed=False)
    harness.apply()
    assert harness.pictures == {"boot": (None, ())}
    assert harness.reasons() == {"BOOT": {("skipped", NOT_FOUND)}}


def test_an_asset_deleted_since_is_put_back_on_every_product_that_had_it(harness: SyncHarness) -> None:
    harness.plan(product("A", ("a", "MAIN")))
    harness.apply()
    [asset] = harness.sandbox.snapshot().assets
    harness.sandbox.delete_asset(asset.id)
    harness.plan(product("A", ("a", "MAIN")), product("B", ("a", "MAIN"), ("b", "PT01")))
    ran = harness.apply()
    assert harness.pictures["B"] == ("amazon_01_MAIN_a.jpg", ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg"))
    # It was gone from every product, and is back on every one.
    assert harness.pictures["A"] == ("amazon_01_MAIN_a.jpg", ("amazon_01_MAIN_a.jpg",))
    assert (ran.requests["asset_upload"], harness.apply().total) == (2, 0)


def test_a_deleted_asset_is_put_back_into_a_persons_gallery_too(harness: SyncHarness) -> None:
    harness.plan(product("A", ("a", "MAIN")))
    harness.apply()
    [asset] = harness.sandbox.snapshot().assets
    harness.sandbox.delete_asset(asset.id)
    harness.plan(product("A", ("a", "MAIN")), product("B", ("a", "MAIN")))
    harness.sandbox.set_gallery("B", [harness.sandbox.add_asset("p.jpg")])
    harness.apply()
    assert harness.pictures["B"] == ("amazon_01_MAIN_a.jpg", ("p.jpg", "amazon_01_MAIN_a.jpg"))


def test_two_wanted_pictures_that_are_one_asset_stand_once(harness: SyncHarness) -> None:
    twin = picture("a") + "?size=large"
    harness.sandbox.add_asset("same.jpg", picture("a"))
    same = json.dumps(
        {"error": {"msg": "Asset already exists", "errors": [{"field": "asset.id", "msg": "ID"}]}}
    )
    [asset] = harness.sandbox.snapshot().assets
    refused = Answer(409, same.replace("ID", asset.id).encode())
    harness.sandbox.faults.add(Fault("POST", "/assets", refused, times=None))
    harness.plan(product("A", ("a", "MAIN"), (twin, "PT01")))
    harness.apply()
    assert harness.pictures == {"A": ("same.jpg", ("same.jpg",))}
    assert harness.reasons() == {"A": {("done", None)}}


def test_whoever_answers_first_pictures_stand_in_order(harness_with: Callable[..., SyncHarness]) -> None:
    harness = harness_with(latency=Latency(upload_s=(0.0, 0.03), other_s=(0.0, 0.005), seed=7))
    shared = [(f"s{number}", f"PT{number:02d}") for number in range(1, 9)]
    harness.plan(*(product(f"P{number:02d}", (f"m{number}", "MAIN"), *shared) for number in range(25)))
    harness.apply()
    for number in range(25):
        names = [
            f"amazon_01_MAIN_m{number}.jpg",
            *(f"amazon_{n + 1:02d}_PT{n:02d}_s{n}.jpg" for n in range(1, 9)),
        ]
        assert harness.pictures[f"P{number:02d}"] == (names[0], tuple(names))
    assert harness.sandbox.overlapping_writes == 0
    assert harness.sandbox.counts["POST /assets"] == 33


def test_a_thumbnail_that_cannot_be_set_or_explained_fails_alone(harness: SyncHarness) -> None:
    harness.plan(product("A", ("a", "MAIN")), product("B", ("b", "MAIN")))
    a = harness.sandbox.add_asset("amazon_01_MAIN_a.jpg", picture("a"))
    harness.sandbox.set_gallery("A", [a])
    harness.sandbox.faults.add(
        Fault(
            "PATCH", "/products/[^/]+", Answer(404), times=None, body=lambda body: "attributes" not in body
        ),
        Fault("GET", f"/assets/{a}", Answer(422), times=None),
    )
    ran = harness.apply()
    assert ran.error is None
    assert [(table, sku, status) for table, sku, status, _ in harness.failures()] == [
        ("thumbnails", "A", 404)
    ]
    assert (harness.gallery("A"), harness.gallery("B")) == (
        ["amazon_01_MAIN_a.jpg"],
        ["amazon_01_MAIN_b.jpg"],
    )

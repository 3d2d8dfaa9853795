"""What is no longer wanted and this ledger had put there goes; all else stays as it is."""

import json

import pytest
from catalogue import picture, product, rows
from executor.harness import SyncHarness
from sandbox_faults import Answer, DropAfterWork, DropBeforeWork, Fault, RunBefore

from amzsync.domain.product import Product
from amzsync.executor.stop import StopRequest
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NO_OTHER_THUMBNAIL, NOT_FOUND, STANDS_ELSEWHERE
from amzsync.ledger.rows import Kept
from amzsync.sandbox.state import TypeClass

PRODUCT = "/products/[^/]+"
UNLINK = "/products/[^/]+/assets/[^/]+"
A, B, C = ("a", "MAIN"), ("b", "PT01"), ("c", "PT02")
NAMES = {"a": "amazon_01_MAIN_a.jpg", "b": "amazon_02_PT01_b.jpg", "c": "amazon_03_PT02_c.jpg"}


def of(sku: str, *uses: tuple[str, str]) -> Product:
    return product(sku, *uses)


def synced(harness: SyncHarness, *skus: str, by_hand: tuple[str, ...] = ()) -> None:
    """Three pictures each, beside a person's own where there are any; then only one is wanted."""
    harness.plan(*(of(sku, A, B, C) for sku in skus))
    for sku in skus:
        if by_hand:
            harness.sandbox.set_gallery(sku, [harness.sandbox.add_asset(f"{sku}-{one}") for one in by_hand])
    harness.apply()
    harness.plan(*(of(sku, A) for sku in skus))


def test_a_gallery_that_only_we_filled_is_written_once(harness: SyncHarness) -> None:
    synced(harness, "S1", "S2")
    removed = harness.prune()
    assert harness.gallery("S1") == harness.gallery("S2") == [NAMES["a"]]
    assert removed.requests == {"token": 1, "attribute_search": 1, "product_search": 1, "product_write": 2}
    assert (removed.result.products, removed.result.links_removed, removed.result.left) == (2, 4, ())


def test_a_persons_gallery_loses_our_pictures_one_by_one_and_keeps_its_order(harness: SyncHarness) -> None:
    synced(harness, "S1", by_hand=("p.jpg", "q.jpg"))
    ids = list(harness.sandbox.snapshot().products["S1"].gallery_ids)
    harness.sandbox.set_gallery("S1", [ids[0], ids[3], ids[1], ids[2], ids[4]])
    removed = harness.prune()
    assert harness.gallery("S1") == ["S1-p.jpg", "S1-q.jpg", NAMES["a"]]
    assert (removed.requests["unlink"], removed.requests["product_write"]) == (2, 0)


def test_an_apply_that_takes_out_names_the_thumbnail_that_has_to_stay(harness: SyncHarness) -> None:
    """No other one is wanted: the write that is due for the gallery leaves it as it is."""
    harness.plan(of("S1", A, B), of("S2", A, B))
    harness.apply()
    harness.plan(of("S1", B, C), of("S2", A, C))
    harness.apply(prunes=True)
    assert harness.gallery("S1") == [NAMES["b"], NAMES["c"]]
    assert harness.thumbnail("S1") == NAMES["a"]
    with harness.ledger() as ledger:
        kept = list(ledger.work(ledger.runs.latest(1)[0].id).kept())
    assert kept == [Kept("S1", NO_OTHER_THUMBNAIL, picture("a"))]


def test_what_could_not_be_unlinked_goes_when_all_that_is_left_is_ours(harness: SyncHarness) -> None:
    """The thumbnail's picture: an unlink would take both. Others had changed the order."""
    harness.plan(of("S1", A, B, C))
    harness.apply()
    ids = harness.sandbox.snapshot().products["S1"].gallery_ids
    harness.sandbox.set_gallery("S1", [ids[2], ids[0], ids[1]])
    harness.plan(of("S1"))
    removed = harness.prune()
    assert harness.gallery("S1") == []
    assert harness.thumbnail("S1") == NAMES["a"]
    assert removed.reasons == [("S1", NO_OTHER_THUMBNAIL)]


def test_a_second_prune_makes_no_request(harness: SyncHarness) -> None:
    synced(harness, "S1")
    harness.prune()
    again = harness.prune()
    assert again.asked.total() == 0
    assert again.result.products == 0


def test_a_product_that_the_mapping_no_longer_names_is_left_empty(harness: SyncHarness) -> None:
    harness.plan(of("S1", B, C), of("S2", A))
    harness.apply()
    harness.plan(of("S2", A), complete=True)
    removed = harness.prune()
    assert harness.pictures["S1"] == (None, ())
    assert removed.requests["product_write"] == 1
    assert removed.result.links_removed == 2


def test_a_thumbnail_that_we_set_to_a_picture_that_goes_becomes_the_wanted_one(harness: SyncHarness) -> None:
    harness.plan(of("S1", A, B), of("S2", ("c", "MAIN")))
    harness.apply()
    harness.plan(of("S1", ("c", "MAIN"), B), of("S2", ("c", "MAIN")))
    removed = harness.prune()
    thumbnail, gallery = harness.pictures["S1"]
    assert (thumbnail, gallery) == ("amazon_01_MAIN_c.jpg", ("amazon_02_PT01_b.jpg",))
    assert removed.requests["product_write"] == 1
    harness.apply()
    assert harness.gallery("S1") == ["amazon_01_MAIN_c.jpg", "amazon_02_PT01_b.jpg"]


@pytest.mark.parametrize("by_hand", [(), ("p.jpg",)])
def test_a_thumbnail_that_we_set_stays_with_a_reason_where_no_other_is_wanted(
    harness: SyncHarness, by_hand: tuple[str, ...]
) -> None:
    """In a person's gallery its picture stays, too: an unlink would take both."""
    harness.plan(of("S1", A, B))
    harness.sandbox.set_gallery("S1", [harness.sandbox.add_asset(one) for one in by_hand])
    harness.apply()
    harness.plan(of("S1", B))
    removed = harness.prune()
    stays = (*by_hand, NAMES["a"]) if by_hand else ()
    assert harness.pictures["S1"] == (NAMES["a"], (*stays, NAMES["b"]))
    assert removed.reasons == [("S1", NO_OTHER_THUMBNAIL)]


@pytest.mark.parametrize("replaces", [False, True])
def test_a_picture_that_stands_elsewhere_in_the_product_is_not_unlinked(
    harness: SyncHarness, *, replaces: bool
) -> None:
    """An unlink names no attribute. A write of the whole gallery does, where the account takes one."""
    synced(harness, "S1", by_hand=("p.jpg",))
    if not replaces:
        with_settings(harness, "DELETE FROM settings WHERE name = 'replaces_galleries'")
    else:
        with_settings(harness, "INSERT OR REPLACE INTO settings VALUES ('replaces_galleries', '1')")
    harness.sandbox.add_attribute("more", TypeClass.MEDIA_GALLERY)
    ids = harness.sandbox.snapshot().products["S1"].gallery_ids
    harness.sandbox.set_gallery("S1", [ids[2]], label="more")
    removed = harness.prune()
    if replaces:
        assert harness.gallery("S1") == ["S1-p.jpg", NAMES["a"]]
        assert (removed.requests["unlink"], removed.requests["product_write"]) == (0, 1)
    else:
        assert harness.gallery("S1") == ["S1-p.jpg", NAMES["a"], NAMES["b"]]
        assert removed.reasons == [("S1", STANDS_ELSEWHERE)]
        assert removed.requests["unlink"] == 1
    store = harness.sandbox._running.store
    assert store.media(harness.sandbox.product_id("S1"))["more"] == (ids[2],)


def with_settings(harness: SyncHarness, sql: str) -> None:
    with Ledger.write(harness.path) as ledger:
        ledger._store.execute(sql)


def test_a_picture_of_a_person_is_never_taken_out(harness: SyncHarness) -> None:
    """Found there, put in again after us, or the same picture under a wanted address."""
    harness.plan(of("S1", A, B), of("S2", A, B))
    found = harness.sandbox.add_asset(NAMES["b"], "https://m.media-amazon.com/images/I/b.jpg")
    harness.sandbox.set_gallery("S1", [found])
    harness.apply()
    gallery = harness.sandbox.snapshot().products["S2"].gallery_ids
    harness.sandbox.set_gallery("S2", gallery[:1])
    harness.plan(of("S1", A), of("S2", A))
    harness.refresh()
    harness.sandbox.set_gallery("S2", gallery)
    harness.prune()
    assert harness.gallery("S1") == [NAMES["b"], NAMES["a"]]
    assert harness.gallery("S2") == [NAMES["a"], NAMES["b"]]


def test_a_product_that_is_gone_is_left_with_its_reason(harness: SyncHarness) -> None:
    synced(harness, "S1", "S2")
    harness.sandbox.delete_product("S1")
    removed = harness.prune()
    assert removed.reasons == [("S1", NOT_FOUND)]
    assert harness.gallery("S2") == [NAMES["a"]]


def test_one_unlink_that_is_refused_stops_no_other(harness: SyncHarness) -> None:
    synced(harness, "S1", by_hand=("p.jpg",))
    refused = Answer(422, json.dumps({"error": {"msg": "not this one"}}).encode())
    ids = harness.sandbox.snapshot().products["S1"].gallery_ids
    harness.sandbox.faults.add(Fault("DELETE", f"{PRODUCT}/assets/{ids[2]}", refused, times=None))
    removed = harness.prune()
    assert harness.gallery("S1") == ["S1-p.jpg", NAMES["a"], NAMES["b"]]
    assert removed.reasons == [("S1", "Plytix answered 422: not this one.")]
    assert removed.result.links_removed == 1


@pytest.mark.parametrize("action", [DropAfterWork(), DropBeforeWork(), Answer(500)])
@pytest.mark.parametrize("by_hand", [(), ("p.jpg",)])
def test_a_lost_answer_changes_nothing_in_the_end(
    harness: SyncHarness, action: DropAfterWork | DropBeforeWork | Answer, by_hand: tuple[str, ...]
) -> None:
    synced(harness, "S1", by_hand=by_hand)
    harness.sandbox.faults.add(Fault("PATCH", PRODUCT, action), Fault("DELETE", UNLINK, action))
    removed = harness.prune()
    assert harness.gallery("S1") == [*(f"S1-{one}" for one in by_hand), NAMES["a"]]
    assert (removed.result.links_removed, removed.result.left) == (2, ())


@pytest.mark.parametrize("by_hand", [(), ("p.jpg",)])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_an_interrupted_prune_is_carried_on(
    harness: SyncHarness, by_hand: tuple[str, ...], after: int
) -> None:
    synced(harness, "S1", "S2", by_hand=by_hand)
    stop = StopRequest()
    method, path = ("DELETE", UNLINK) if by_hand else ("PATCH", PRODUCT)
    harness.sandbox.faults.add(Fault(method, path, RunBefore(stop.set), after=after))
    first = harness.prune(stop=stop)
    second = harness.prune(run_id=first.run_id)
    for sku in ("S1", "S2"):
        assert harness.gallery(sku) == [*(f"{sku}-{one}" for one in by_hand), NAMES["a"]]
    assert (second.result.products, second.result.links_removed) == (2, 4)
    assert rows(harness.path, "SELECT DISTINCT state FROM tasks") == [("done",)]


def test_an_account_that_only_adds_is_unlinked_from_one_by_one(harness: SyncHarness) -> None:
    synced(harness, "S1")
    shown = harness.sandbox.snapshot().products["S1"]
    ids = [{"id": one} for one in shown.gallery_ids]
    ignored = Answer(
        200, json.dumps({"data": [{"id": shown.id, "attributes": {"amazon_images": ids}}]}).encode()
    )
    harness.sandbox.faults.add(Fault("PATCH", PRODUCT, ignored, times=None))
    removed = harness.prune()
    assert harness.gallery("S1") == [NAMES["a"]]
    assert removed.requests["unlink"] == 2


def test_assets_that_nothing_wants_and_nobody_uses_are_deleted(harness: SyncHarness) -> None:
    synced(harness, "S1")
    other = harness.sandbox.snapshot().products["S1"].gallery_ids[2]
    harness.sandbox.seed(["THEIRS"])
    harness.sandbox.set_gallery("THEIRS", [other])
    removed = harness.prune(delete_assets=True)
    names = {asset.filename for asset in harness.sandbox.snapshot().assets}
    assert names == {NAMES["a"], NAMES["c"]}
    assert len(removed.result.assets_deleted) == 1
    assert removed.asked["POST /assets/search"] == 1
    harness.plan(of("S1", A, B, C))
    harness.apply()
    assert harness.gallery("S1") == [NAMES["a"], NAMES["b"], NAMES["c"]]


def test_assets_that_were_found_are_never_deleted(harness: SyncHarness) -> None:
    harness.sandbox.add_asset(NAMES["b"], "https://m.media-amazon.com/images/I/b.jpg")
    synced(harness, "S1")
    harness.prune(delete_assets=True)
    assert {asset.filename for asset in harness.sandbox.snapshot().assets} == {NAMES["a"], NAMES["b"]}


def test_a_prune_costs_a_search_a_hundred_a_write_a_product_and_an_unlink_a_picture(
    harness: SyncHarness,
) -> None:
    ours = [f"S{number:03}" for number in range(150)]
    theirs = [f"T{number:03}" for number in range(30)]
    harness.plan(*(of(sku, A, B, C) for sku in (*ours, *theirs)))
    for sku in theirs:
        harness.sandbox.set_gallery(sku, [harness.sandbox.add_asset(f"{sku}.jpg")])
    harness.apply()
    harness.plan(*(of(sku, A) for sku in (*ours, *theirs)))
    removed = harness.prune()
    floor = 2 + 150 + 60 + 1
    assert removed.asked.total() <= 1.05 * floor
    assert (removed.requests["product_write"], removed.requests["unlink"]) == (150, 60)
    assert harness.sandbox.overlapping_writes == 0

"""What one run did is taken back, as far as nobody has changed it since."""

from collections.abc import Callable

import pytest
from catalogue import product, rows
from executor.harness import SyncHarness
from sandbox_faults import Answer, DropAfterWork, DropBeforeWork, Fault, RunBefore

from amzsync.domain.exports import Export
from amzsync.domain.product import Product
from amzsync.executor.stop import StopRequest
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import CHANGED_SINCE, PUT_LAST, STANDS_ELSEWHERE, written_since
from amzsync.sandbox.behaviour import parse_behaviour

PRODUCT = "/products/[^/]+"
UNLINK = "/products/[^/]+/assets/[^/]+"
A, B, C = ("a", "MAIN"), ("b", "PT01"), ("c", "PT02")
NAMES = {"a": "amazon_01_MAIN_a.jpg", "b": "amazon_02_PT01_b.jpg", "c": "amazon_03_PT02_c.jpg"}


def of(sku: str, *uses: tuple[str, str]) -> Product:
    return product(sku, *uses)


def by_hand(harness: SyncHarness, sku: str, *names: str) -> list[str]:
    harness.sandbox.seed([sku])
    ids = [harness.sandbox.add_asset(name) for name in names]
    harness.sandbox.set_gallery(sku, ids)
    harness.sandbox.set_thumbnail(sku, ids[0])
    return ids


def states(harness: SyncHarness, table: str = "links") -> dict[str, int]:
    return dict(rows(harness.path, f"SELECT state, count(*) FROM {table} GROUP BY state"))


def wanted(harness: SyncHarness) -> list[tuple[object, ...]]:
    """What the ledger wants, and what is done of it."""
    return rows(
        harness.path,
        "SELECT sku, asset_id, variant, position, links.state, hex(wanted), is_parent FROM links"
        " JOIN products ON products.id = product_id WHERE links.state <> 'obsolete' ORDER BY 1, 4",
    ) + rows(
        harness.path,
        "SELECT product_id, asset_id, state FROM thumbnails WHERE state <> 'obsolete' ORDER BY 1",
    )


def test_an_undone_apply_leaves_plytix_as_it_was_and_its_rows_pending(harness: SyncHarness) -> None:
    by_hand(harness, "S2", "p.jpg", "q.jpg")
    harness.plan(of("S1", A, B), of("S2", A, B))
    before, planned = harness.pictures, wanted(harness)
    harness.apply()
    undone = harness.undo()
    assert harness.pictures == before
    assert wanted(harness) == planned
    assert states(harness) == {"pending": 4}
    assert undone.requests["product_write"] == 2
    assert undone.requests["unlink"] == 2
    assert undone.result.left == ()


def test_the_rows_of_an_undone_mapping_are_gone_with_it(harness: SyncHarness) -> None:
    harness.apply(wanting=[of("S1", A, B), of("S3", A)])
    before, right = harness.pictures, wanted(harness)
    harness.apply(wanting=[of("S1", C, B, A), of("S2", C), of("S3", A)])
    harness.undo()
    assert harness.pictures == {**before, "S2": (None, ())}
    assert wanted(harness) == right
    assert harness.apply().total == 0
    assert rows(harness.path, "SELECT wanted FROM products WHERE sku = 'S2'") == [(None,)]
    assert (
        dict(rows(harness.path, "SELECT url, state FROM urls"))["https://m.media-amazon.com/images/I/c.jpg"]
        == "obsolete"
    )


def test_products_that_a_mapping_left_out_are_wanted_again(harness: SyncHarness) -> None:
    harness.apply(wanting=[of("S1", A, B), of("S2", A)])
    right = wanted(harness)
    harness.apply(wanting=[of("S1", A, B, C)], complete=True)
    assert wanted(harness) != right
    harness.undo()
    assert wanted(harness) == right


def test_an_undo_of_an_undo_is_the_run_again(harness: SyncHarness) -> None:
    by_hand(harness, "S2", "p.jpg")
    harness.apply(wanting=[of("S1", A), of("S2", B)])
    harness.apply(wanting=[of("S1", C, B), of("S2", A, B)])
    after, rows_after = harness.pictures, wanted(harness)
    harness.undo()
    assert harness.pictures != after
    harness.undo()
    assert harness.pictures == after
    assert wanted(harness) == rows_after
    assert harness.apply().total == 0


def test_a_prune_is_undone_with_every_picture_at_its_place(harness: SyncHarness) -> None:
    by_hand(harness, "S2", "p.jpg")
    harness.plan(of("S1", A, B, C), of("S2", A, B, C))
    harness.apply()
    ids = harness.sandbox.snapshot().products["S2"].gallery_ids
    harness.sandbox.set_gallery("S2", [ids[1], ids[0], ids[2], ids[3]])
    before = harness.pictures
    harness.plan(of("S1", A, C), of("S2", A, C))
    harness.prune()
    harness.undo()
    assert harness.pictures == before
    harness.undo()
    assert harness.gallery("S1") == [NAMES["a"], NAMES["c"]]
    assert harness.gallery("S2") == [NAMES["a"], "p.jpg", NAMES["c"]]


def test_what_was_changed_since_loses_only_what_the_run_had_added(harness: SyncHarness) -> None:
    by_hand(harness, "S1", "p.jpg")
    harness.plan(of("S1", A, B), of("S2", A, B))
    harness.apply()
    ids = harness.sandbox.snapshot().products["S1"].gallery_ids
    later = harness.sandbox.add_asset("later.jpg")
    harness.sandbox.set_gallery("S1", [ids[1], later, ids[0], ids[2]])
    harness.sandbox.set_thumbnail("S2", later)
    harness.sandbox.set_gallery("S2", [*harness.sandbox.snapshot().products["S2"].gallery_ids, later])
    undone = harness.undo()
    assert harness.pictures["S1"] == ("p.jpg", ("later.jpg", "p.jpg"))
    assert harness.pictures["S2"] == ("later.jpg", ("later.jpg",))
    assert undone.reasons == [("S1", CHANGED_SINCE), ("S2", CHANGED_SINCE)]


def test_our_picture_that_a_person_made_the_thumbnail_stays(harness: SyncHarness) -> None:
    by_hand(harness, "S1", "p.jpg")
    harness.plan(of("S1", A, B))
    harness.apply()
    ids = harness.sandbox.snapshot().products["S1"].gallery_ids
    harness.sandbox.set_thumbnail("S1", ids[2])
    undone = harness.undo()
    assert harness.pictures["S1"][0] == NAMES["b"]
    assert NAMES["b"] in harness.gallery("S1") or undone.requests["product_write"] == 1


def test_a_product_that_a_later_run_wrote_is_left_until_that_is_undone(harness: SyncHarness) -> None:
    harness.plan(of("S1", A), of("S2", A))
    harness.apply()
    harness.plan(of("S1", A, B), of("S2", A))
    harness.apply()
    undone = harness.undo(1)
    assert harness.pictures == {"S1": (NAMES["a"], (NAMES["a"], NAMES["b"])), "S2": (None, ())}
    assert undone.reasons == [("S1", written_since(2))]
    harness.undo(2)
    assert harness.undo(1).reasons == []
    assert harness.pictures == {"S1": (None, ()), "S2": (None, ())}


def test_a_second_undo_of_the_same_run_does_nothing(harness: SyncHarness) -> None:
    harness.apply(wanting=[of("S1", A)])
    harness.undo(1)
    again = harness.undo(1)
    assert again.requests["product_write"] == again.requests["unlink"] == 0
    assert again.result.left == ()
    assert harness.pictures == {"S1": (None, ())}


@pytest.mark.parametrize("action", [DropAfterWork(), DropBeforeWork(), Answer(500)])
def test_a_lost_answer_changes_nothing_in_the_end(
    harness: SyncHarness, action: DropAfterWork | DropBeforeWork | Answer
) -> None:
    by_hand(harness, "S2", "p.jpg")
    harness.plan(of("S1", A, B), of("S2", A, B))
    before = harness.pictures
    harness.apply()
    after = harness.pictures
    for method, path in (("PATCH", PRODUCT), ("DELETE", UNLINK)):
        harness.sandbox.faults.add(Fault(method, path, action))
    assert harness.undo().result.left == ()
    assert harness.pictures == before
    harness.sandbox.faults.add(Fault("PATCH", PRODUCT, action))
    assert harness.undo().result.left == ()
    assert harness.pictures == after


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize(("method", "path"), [("PATCH", PRODUCT), ("DELETE", UNLINK)])
def test_an_interrupted_undo_is_carried_on(harness: SyncHarness, method: str, path: str, after: int) -> None:
    for sku in ("S2", "S3"):
        by_hand(harness, sku, f"{sku}.jpg")
    harness.plan(of("S1", A, B), of("S2", A, B), of("S3", A, B))
    before, planned = harness.pictures, wanted(harness)
    harness.apply()
    stop = StopRequest()
    harness.sandbox.faults.add(Fault(method, path, RunBefore(stop.set), after=after))
    first = harness.undo(stop=stop)
    second = harness.undo(1, run_id=first.run_id)
    assert harness.pictures == before
    assert wanted(harness) == planned
    assert (second.result.products, second.result.links_removed, second.result.left) == (3, 6, ())


@pytest.mark.parametrize(("method", "path"), [("PATCH", PRODUCT), ("DELETE", UNLINK)])
def test_nothing_is_told_as_done_while_it_is_being_taken_out(
    harness: SyncHarness, method: str, path: str
) -> None:
    """So that an undo which is killed then, and not resumed, leaves no row that is not true."""
    if method == "DELETE":
        by_hand(harness, "S1", "p.jpg")
    harness.plan(of("S1", A, B))
    harness.apply()
    looks: list[tuple[dict[str, int], dict[str, int]]] = []
    look = RunBefore(lambda: looks.append((states(harness), states(harness, "thumbnails"))))
    harness.sandbox.faults.add(Fault(method, path, look))
    harness.undo()
    assert looks == [({"in_flight": 2}, {"in_flight": 1})]
    assert states(harness) == {"pending": 2}
    assert states(harness, "thumbnails") == {"pending": 1}


def test_an_order_that_a_write_of_the_whole_gallery_did_not_bring_back_is_told(
    harness_with: Callable[..., SyncHarness],
) -> None:
    """An account that appends answers with every picture, and yet not as it was written."""
    harness = harness_with(behaviour=parse_behaviour(["patch=append"]))
    harness.plan(of("S1", A, B))
    harness.apply()
    harness.sandbox.set_thumbnail("S1", harness.sandbox.snapshot().products["S1"].gallery_ids[1])
    assert {one.reason for one in harness.undo().result.left} == {STANDS_ELSEWHERE}
    assert [one.reason for one in harness.undo().result.left] == [PUT_LAST]
    assert harness.pictures["S1"][1] == (NAMES["b"], NAMES["a"])


def test_what_a_run_uploaded_is_deleted_on_request(harness: SyncHarness) -> None:
    harness.apply(wanting=[of("S1", A)])
    harness.apply(wanting=[of("S1", A, B), of("S2", C)])
    harness.sandbox.seed(["THEIRS"])
    used = next(asset.id for asset in harness.sandbox.snapshot().assets if asset.filename.endswith("c.jpg"))
    harness.sandbox.set_gallery("THEIRS", [used])
    undone = harness.undo(delete_assets=True)
    assert {asset.filename for asset in harness.sandbox.snapshot().assets} == {
        NAMES["a"],
        "amazon_03_PT02_c.jpg",
    }
    assert len(undone.result.assets_deleted) == 1


def test_a_picture_of_before_that_is_gone_from_plytix_is_told(harness: SyncHarness) -> None:
    harness.plan(of("S1", A, B, C))
    harness.apply()
    ids = harness.sandbox.snapshot().products["S1"].gallery_ids
    harness.plan(of("S1", A))
    harness.prune()
    harness.sandbox.delete_asset(ids[1])
    undone = harness.undo()
    assert harness.gallery("S1") == [NAMES["a"], NAMES["c"]]
    assert [one.url.rpartition("/")[2] for one in undone.result.left] == ["b.jpg"]


def test_many_products_cost_a_search_a_hundred_and_a_write_each(harness: SyncHarness) -> None:
    products = [of(f"S{number:04}", (f"m{number % 50}", "MAIN"), B) for number in range(400)]
    harness.plan(*products)
    before = harness.pictures
    harness.apply()
    undone = harness.undo()
    assert harness.pictures == before
    assert undone.asked.total() <= 1.05 * (4 + 400 + 1)
    assert undone.requests["product_write"] == 400


def test_an_order_that_was_undone_is_our_own_and_can_be_written_again(harness: SyncHarness) -> None:
    harness.apply(wanting=[of("S1", A, B, C)])
    harness.apply(wanting=[of("S1", ("a", "PT02"), ("b", "MAIN"), ("c", "PT01"))])
    turned = harness.gallery("S1")
    harness.undo()
    assert harness.gallery("S1") != turned
    harness.apply(wanting=[of("S1", ("a", "PT02"), ("b", "MAIN"), ("c", "PT01"))])
    assert harness.gallery("S1") == turned


def test_what_a_run_that_died_has_sent_is_taken_back_as_its_own(harness: SyncHarness) -> None:
    """It was answered to nobody: the reading of the undo shows that it arrived."""
    by_hand(harness, "S1", "p.jpg")
    harness.plan(of("S1", A, B))
    before = harness.pictures
    harness.apply()
    with Ledger.write(harness.path) as ledger:
        ledger._store.execute(
            "UPDATE links SET state = 'in_flight', sent = placed, placed = NULL, origin = NULL"
        )
        ledger._store.execute("UPDATE writes SET outcome = 'sent'")
    assert harness.undo().result.left == ()
    assert harness.pictures == before


def test_what_a_person_puts_there_while_an_undo_is_interrupted_is_theirs(harness: SyncHarness) -> None:
    """Also a picture that is wanted there by now."""
    own = by_hand(harness, "S1", "p.jpg")
    harness.apply(wanting=[of("S2", C)])
    harness.apply(wanting=[of("S1", A, B)])
    harness.plan(of("S1", A, B, C))
    stop = StopRequest()
    harness.sandbox.faults.add(Fault("DELETE", UNLINK, RunBefore(stop.set)))
    first = harness.undo(2, stop=stop)
    left = harness.sandbox.snapshot().products["S1"].gallery_ids
    theirs = harness.sandbox.snapshot().products["S2"].gallery_ids
    harness.sandbox.set_gallery("S1", [*theirs, *left])
    harness.undo(2, run_id=first.run_id)
    assert harness.sandbox.snapshot().products["S1"].gallery_ids == (*theirs, *own)
    assert rows(
        harness.path,
        "SELECT origin FROM links JOIN products ON products.id = product_id"
        " WHERE sku = 'S1' AND links.state = 'done'",
    ) == [("found",)]


def test_an_export_tells_the_run_that_put_each_picture_into_its_gallery(harness: SyncHarness) -> None:
    by_hand(harness, "S2", NAMES["a"])
    harness.apply(wanting=[of("S1", A), of("S2", B)])
    harness.apply(wanting=[of("S1", A, B), of("S2", B, C)])
    harness.plan(of("S1", B, C), of("S2", B, C))
    with harness.ledger() as ledger:
        told = [(one.sku, one.variant, one.run) for one in ledger.exports.rows(Export.LINKS)]
        gone = [(one.sku, one.variant, one.run) for one in ledger.exports.rows(Export.OBSOLETE)]
    assert told == [("S1", "PT01", 2), ("S1", "PT02", None), ("S2", "PT01", 1), ("S2", "PT02", 2)]
    assert gone == [("S1", "MAIN", 1)]

"""What can be given to Plytix's own importers, and what must not be."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, picture, product, rows

from amzsync.domain.alt_text import Use
from amzsync.ledger.imports import AssetImport, LeftOut, ProductImport
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.part import Among, Part
from amzsync.ledger.reasons import NOT_FOUND, SKIP_EXISTING
from amzsync.ledger.rows import Origin
from amzsync.ledger.seen import Sighting
from amzsync.ledger.work import Work
from amzsync.ledger.work_rows import Refusal

S1 = product("S1", ("b", "MAIN"), ("a", "PT01"))
S2 = product("S2", ("a", "PT01"), ("c", "PT02"))
A, B, C = "amazon_02_PT01_a.jpg", "amazon_01_MAIN_b.jpg", "amazon_03_PT02_c.jpg"
OTHERS = "its gallery holds images that amzsync has not put there"


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [S1, S2])
        yield ledger


@pytest.fixture
def work(ledger: Ledger) -> Work:
    return ledger.work(ledger.runs.start("apply", {}, 1, []))


def finish(work: Work, name: str, filename: str = "") -> int:
    """An asset is in Plytix; its row."""
    (asset,) = [one for one in work.open_assets(0, 99) if one.filename == name]
    work.finish_asset(asset.id, f"p{asset.id}", filename or name, Origin.UPLOADED)
    return asset.id


def finish_product(work: Work, product_id: int, *links: int, origin: Origin = Origin.MADE) -> None:
    made = links if origin is Origin.MADE else ()
    work.finish_links(product_id, {row: place for place, row in enumerate(links, 1)}, made)


def products(ledger: Ledger) -> dict[str, ProductImport | LeftOut]:
    return {one.sku: one for one in ledger.imports().products()}


def reason(ledger: Ledger, sku: str) -> str:
    found = products(ledger)[sku]
    assert isinstance(found, LeftOut)
    return found.reason


def test_a_new_catalogue_is_imported_whole(ledger: Ledger) -> None:
    assert products(ledger) == {
        "S1": ProductImport("S1", (B, A), B, was_seen=False),
        "S2": ProductImport("S2", (A, C), None, was_seen=False),
    }
    assert {one.filename: one.url for one in ledger.imports().assets()} == {
        A: picture("a"),
        B: picture("b"),
        C: picture("c"),
    }


def test_an_asset_is_told_with_the_use_that_gave_it_its_name(ledger: Ledger) -> None:
    """In S2 the same picture comes first, but as no more important view."""
    merge(ledger, [S1, S2, product("S0", ("c", "FRNT"))])
    uses = {one.filename: one.use for one in ledger.imports().assets()}
    assert uses[A] == Use("S2", "", "PT01", 1)
    assert uses[C] == Use("S2", "", "PT02", 2)
    assert AssetImport(B, picture("b"), Use("S1", "", "MAIN", 1)) in ledger.imports().assets()


def test_the_title_is_that_of_the_last_mapping_that_told_one(ledger: Ledger) -> None:
    for title in ("Boot", "Moss boot", None):
        merge(ledger, [replace(S1, title=title), replace(S1, title="later in the file")])
    titles = {one.filename: one.use.title for one in ledger.imports().assets()}
    assert titles[B] == "later in the file"
    merge(ledger, [replace(S1, title="Moss boot"), replace(S1, title="later in the file"), S2])
    titles = {one.filename: one.use.title for one in ledger.imports().assets()}
    assert titles == {A: "", B: "Moss boot", C: ""}


def test_what_is_in_place_is_imported_no_more(ledger: Ledger, work: Work) -> None:
    a, b = finish(work, A), finish(work, B)
    finish_product(work, 1, b, a)
    work.finish_thumbnail(1, Origin.MADE)
    assert [one.filename for one in ledger.imports().assets()] == [C]
    assert list(products(ledger)) == ["S2"]


def test_a_thumbnail_that_stands_is_not_set_again(ledger: Ledger, work: Work) -> None:
    finish(work, B)
    work.finish_thumbnail(1, Origin.FOUND)
    assert products(ledger)["S1"] == ProductImport("S1", (B, A), None, was_seen=False)


def test_a_gallery_with_images_of_others_is_left_out_and_its_assets_are_not(
    ledger: Ledger, work: Work
) -> None:
    work.see(1, Sighting(in_plytix=True, missing=2, others=1))
    assert reason(ledger, "S1") == OTHERS
    assert {one.filename for one in ledger.imports().assets()} == {A, B, C}


def test_a_wanted_image_that_somebody_else_put_there_is_theirs_too(ledger: Ledger, work: Work) -> None:
    finish_product(work, 1, finish(work, A), origin=Origin.FOUND)
    assert reason(ledger, "S1") == OTHERS


def test_an_order_that_a_person_has_changed_stays(ledger: Ledger, work: Work) -> None:
    finish_product(work, 1, finish(work, B), finish(work, A))
    work.see(1, Sighting(in_plytix=True, reordered=True))
    assert reason(ledger, "S1") == "the order of its gallery was changed in Plytix"
    work.see(1, Sighting(in_plytix=True, moved=True))
    assert isinstance(products(ledger)["S1"], ProductImport)


def test_what_is_no_longer_wanted_and_stands_stays_behind_what_is(ledger: Ledger, work: Work) -> None:
    finish_product(work, 1, finish(work, B), finish(work, A))
    work.finish_thumbnail(1, Origin.MADE)
    work.see(1, Sighting(in_plytix=True))
    merge(ledger, [product("S1", ("b", "MAIN"), ("d", "PT03")), S2])
    assert products(ledger)["S1"] == ProductImport("S1", (B, "amazon_04_PT03_d.jpg", A), None, was_seen=True)


def test_of_what_is_no_longer_wanted_only_what_stands_stays_in_its_order(ledger: Ledger, work: Work) -> None:
    finish_product(work, 1, finish(work, A), finish(work, B))
    merge(ledger, [product("S1", ("d", "MAIN"), ("e", "PT01")), S2])
    merge(ledger, [product("S1", ("d", "MAIN")), S2])
    found = products(ledger)["S1"]
    assert isinstance(found, ProductImport)
    assert found.gallery == ("amazon_01_MAIN_d.jpg", A, B)
    work.record_reading(1, {1: 1}, as_left=True)
    found = products(ledger)["S1"]
    assert isinstance(found, ProductImport)
    assert found.gallery == ("amazon_01_MAIN_d.jpg", A)


def test_an_image_that_plytix_refused_is_in_no_file(ledger: Ledger, work: Work) -> None:
    refusal = Refusal(422, "no image", 1)
    for asset in work.open_assets(0, 9):
        if asset.filename == B:
            work.fail_asset(asset.id, 1, refusal)
    assert products(ledger)["S1"] == ProductImport("S1", (A,), None, was_seen=False)
    assert {one.filename for one in ledger.imports().assets()} == {A, C}
    for asset in work.open_assets(0, 9):
        work.fail_asset(asset.id, 1, refusal)
    assert products(ledger) == {}


def test_a_product_that_plytix_lacks_or_that_is_left_alone_is_in_no_file(ledger: Ledger, work: Work) -> None:
    work.skip_product(1, NOT_FOUND)
    assert list(products(ledger)) == ["S2"]
    assert {one.filename for one in ledger.imports().assets()} == {A, C}
    work.see(2, Sighting(in_plytix=False))
    assert reason(ledger, "S2") == NOT_FOUND


def test_a_product_of_which_a_part_is_left_alone_is_left_out(ledger: Ledger, work: Work) -> None:
    work.skip_product(1, SKIP_EXISTING)
    ledger._store.execute(
        "UPDATE links SET state = 'pending', reason = NULL WHERE product_id = 1 AND asset_id = 1"
    )
    assert reason(ledger, "S1") == SKIP_EXISTING


def test_an_image_that_is_skipped_by_itself_stays_only_where_it_stands(ledger: Ledger, work: Work) -> None:
    finish_product(work, 1, finish(work, B))
    for standing, gallery in (("1", (B, A)), ("NULL", (A,))):
        ledger._store.execute(
            f"UPDATE links SET state = 'skipped', reason = 'x', placed = {standing}"
            " WHERE product_id = 1 AND position = 1"
        )
        assert products(ledger)["S1"] == ProductImport("S1", gallery, B, was_seen=False)


@pytest.mark.parametrize("sku", ["=S", "+1", "-1", "@S", " S", "S\n1"])
def test_a_sku_that_a_cell_would_change_is_left_out(ledger: Ledger, sku: str) -> None:
    merge(ledger, [product(sku, ("a", "MAIN"))])
    assert reason(ledger, sku) == "its SKU would not stand in a CSV file as it is"


@pytest.mark.parametrize("name", ["a,b.jpg", "=a.jpg", "a\u202eb.jpg"])
def test_an_asset_whose_name_a_cell_would_change_is_in_no_gallery(
    ledger: Ledger, work: Work, name: str
) -> None:
    finish(work, B, name)
    assert reason(ledger, "S1") == "the name of one of its assets would not stand in a CSV file as it is"


def test_a_product_with_more_images_than_plytix_takes_is_left_out(ledger: Ledger) -> None:
    merge(ledger, [product("S9", *((f"x{number}", f"V{number}") for number in range(301)))])
    merge(ledger, [product("S8", *((f"x{number}", f"V{number}") for number in range(300)))])
    assert isinstance(products(ledger)["S8"], ProductImport)
    assert reason(ledger, "S9") == "it wants more than 300 images, the most Plytix allows"


def test_a_part_of_the_products_is_imported_alone(ledger: Ledger) -> None:
    ledger.selection.choose(Part(limit=1), Among.OPEN)
    assert list(products(ledger)) == ["S1"]
    assert {one.filename for one in ledger.imports().assets()} == {A, B}


def test_what_was_not_there_a_moment_ago_is_looked_for_again(ledger: Ledger, work: Work) -> None:
    work.note_absent([1, 2, 3])
    ledger.selection.choose(Part(("S1",)), Among.KNOWN)
    ledger.imports().forget_absence()
    assert rows(ledger.path, "SELECT count(*) FROM assets WHERE absent_at IS NOT NULL") == [(1,)]


def test_products_are_read_as_a_stream(ledger: Ledger) -> None:
    steps = [row[3] for row in rows(ledger.path, f"EXPLAIN QUERY PLAN {ledger.imports().select_products()}")]
    assert not [step for step in steps if "TEMP B-TREE" in step or "AUTOMATIC" in step], steps

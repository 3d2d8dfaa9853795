"""What Plytix's own importers have made is adopted by name: by reads, and writes of what still differs."""

import math
from pathlib import Path

import pytest
from catalogue import GALLERY, product, states
from executor.harness import SyncHarness

from amzsync.domain.product import Product
from amzsync.ledger.ledger import Ledger
from amzsync.sandbox.import_result import AssetMode
from amzsync.views.import_files import ImportWriter, Written
from amzsync.views.import_folder import FIRST_LINE, open_import_folder

PRODUCTS = [
    product(f"S{number:03d}", *((f"x{(number * 2 + place) % 250}", f"PT0{place + 1}") for place in range(3)))
    if number % 10
    else product(f"S{number:03d}", (f"x{number}", "MAIN"), (f"x{number + 1}", "PT01"))
    for number in range(120)
]
IMAGES = len({image.url for one in PRODUCTS for image in one.images})


def export(harness: SyncHarness, folder: Path) -> Written:
    with Ledger.write(harness.path) as ledger, open_import_folder(folder, 10_000) as files:
        imports = ledger.imports()
        written = ImportWriter(files, GALLERY, None).write(imports.assets(), imports.products())
        imports.forget_absence()
        files.publish(FIRST_LINE)
    return written


def brought(harness: SyncHarness, folder: Path) -> None:
    told = harness.sandbox.import_folder(folder, AssetMode.ONLY_NEW)
    assert told.faults == ()


@pytest.mark.parametrize("read_first", [False, True], ids=["unread", "read first"])
def test_an_imported_catalogue_costs_reads_only(
    harness: SyncHarness, tmp_path: Path, *, read_first: bool
) -> None:
    harness.plan(*PRODUCTS)
    if read_first:
        harness.refresh()
    written = export(harness, tmp_path / "imp")
    assert len(written.files[0]) > 1
    assert written.unread == (0 if read_first else 120)
    assert (written.assets, written.products, written.galleries) == (IMAGES, 12, 108)
    brought(harness, tmp_path / "imp")
    before = harness.sandbox.snapshot()
    ran = harness.apply()
    assert ran.requests.pop("attribute_search", 0) <= 1
    assert dict(ran.requests) == {
        "token": 1,
        "product_search": math.ceil(120 / 100),
        "asset_search": math.ceil(IMAGES / 100),
    }
    assert harness.sandbox.snapshot() == before
    assert set(states(harness.path, "links").values()) == {"done"}
    assert harness.apply().total == 0
    assert export(harness, tmp_path / "imp").files == ((), (), (), ())


def test_an_import_ends_in_the_state_of_a_sync(harness: SyncHarness, tmp_path: Path) -> None:
    harness.plan(*PRODUCTS)
    export(harness, tmp_path / "imp")
    brought(harness, tmp_path / "imp")
    imported = harness.sandbox.snapshot().pictures
    for sku in imported:
        harness.sandbox.set_gallery(sku, [])
        harness.sandbox.set_thumbnail(sku, None)
    assert harness.apply().requests["asset_upload"] == 0
    assert harness.sandbox.snapshot().pictures == imported


def test_where_only_the_assets_were_imported_each_product_is_written_once(
    harness: SyncHarness, tmp_path: Path
) -> None:
    harness.plan(*PRODUCTS)
    export(harness, tmp_path / "imp")
    for path in [*(tmp_path / "imp").glob("products-*"), *(tmp_path / "imp").glob("galleries-*")]:
        path.unlink()
    brought(harness, tmp_path / "imp")
    ran = harness.apply()
    assert (ran.requests["asset_upload"], ran.requests["product_write"], ran.requests["link"]) == (0, 120, 0)


def test_a_gallery_with_an_image_of_a_person_is_synced_and_not_imported(
    harness: SyncHarness, tmp_path: Path
) -> None:
    one, other = product("S1", ("a", "MAIN")), product("S2", ("a", "MAIN"))
    harness.plan(one, other)
    theirs = harness.sandbox.add_asset("theirs.jpg")
    harness.sandbox.set_gallery("S1", [theirs])
    harness.refresh()
    written = export(harness, tmp_path / "imp")
    assert [named.skus for named in written.left_out] == [("S1",)]
    brought(harness, tmp_path / "imp")
    ran = harness.apply()
    assert ran.requests["asset_upload"] == 0
    gallery = ("amazon_01_MAIN_a.jpg",)
    assert {sku: shown for sku, (_, shown) in harness.pictures.items()} == {
        "S1": ("theirs.jpg", *gallery),
        "S2": gallery,
    }


def test_what_was_imported_is_left_alone_by_prune(harness: SyncHarness, tmp_path: Path) -> None:
    harness.plan(product("S1", ("a", "MAIN"), ("b", "PT01")))
    export(harness, tmp_path / "imp")
    brought(harness, tmp_path / "imp")
    harness.apply()
    harness.plan(product("S1", ("a", "MAIN")))
    harness.prune()
    assert len(harness.pictures["S1"][1]) == 2


def test_a_gallery_that_this_ledger_filled_is_imported_with_what_is_new(
    harness: SyncHarness, tmp_path: Path
) -> None:
    products: list[Product] = [product("S1", ("a", "MAIN"), ("b", "PT01"))]
    harness.plan(*products)
    harness.apply()
    harness.plan(product("S1", ("c", "MAIN"), ("a", "PT01")))
    written = export(harness, tmp_path / "imp")
    assert (written.assets, written.products) == (1, 1)
    brought(harness, tmp_path / "imp")
    ran = harness.apply()
    assert ran.writes == 0
    names = ("amazon_01_MAIN_c.jpg", "amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg")
    assert harness.pictures["S1"] == (names[0], names)


def test_an_order_that_a_person_has_changed_is_never_imported_over(
    harness: SyncHarness, tmp_path: Path
) -> None:
    harness.plan(product("S1", ("a", "MAIN"), ("b", "PT01")), product("S2", ("a", "MAIN"), ("b", "PT01")))
    harness.apply()
    stands = harness.sandbox.snapshot().products["S1"].gallery_ids
    harness.sandbox.set_gallery("S1", stands[::-1])
    harness.plan(*(product(sku, ("a", "MAIN"), ("b", "PT01"), ("c", "PT02")) for sku in ("S1", "S2")))
    harness.refresh()
    written = export(harness, tmp_path / "imp")
    assert [named.skus for named in written.left_out] == [("S1",)]
    brought(harness, tmp_path / "imp")
    harness.apply()
    first, second, third = "amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg", "amazon_03_PT02_c.jpg"
    assert harness.pictures["S1"][1] == (second, first, third)
    assert harness.pictures["S2"][1] == (first, second, third)

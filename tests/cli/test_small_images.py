"""Images that a mapping tells to be small are told before they are uploaded, and left out only on request."""

from pathlib import Path

from catalogue import picture, rows, states
from cli.fixtures import FAST, Setup
from cli.terminal import amzsync

SIZES = {"big": (400, 500), "low": (300, 200), "tiny": (75, 60), "front": (499, 499)}


def listed(sku: str, *images: str) -> dict[str, object]:
    entries: list[dict[str, object]] = []
    for variant, name in zip(("MAIN", "PT01", "PT02"), images, strict=False):
        size = dict(zip(("width", "height"), SIZES[name], strict=True)) if name in SIZES else {}
        entries.append({"link": picture(name), "variant": variant, **size})
    return {"suggested_sku": sku, "amazon_images": entries}


def mapping(setup: Setup) -> Path:
    return setup.mapping(
        [listed("A", "big", "low", "tiny"), listed("B", "front", "untold"), listed("C", "big")]
    )


def galleries(setup: Setup) -> dict[str, list[str]]:
    return {sku: list(found[1]) for sku, found in setup.sandbox.snapshot().pictures.items()}


def test_small_images_are_told_and_uploaded_all_the_same(setup: Setup) -> None:
    catalogue = mapping(setup)
    plan = amzsync("plan", "--mapping", catalogue)
    told = "3 images smaller than 500 pixels, on 2 products: A (PT01 300 × 200), B (MAIN 499 × 499)"
    assert told in plan.out
    found = amzsync("plan", "--min-size", 300, "--json").json
    small = {"sku": "A", "url": picture("tiny"), "variant": "PT02", "width": 75, "height": 60}
    assert (found["min_size"], found["small_images"]) == (300, [small])
    assert "smaller than" not in amzsync("plan", "--min-size", 0).out
    assert setup.apply().code == 0
    assert {sku: len(images) for sku, images in galleries(setup).items()} == {"A": 3, "B": 2, "C": 1}
    check = amzsync("check", "--sku", "A", "--json")
    assert (check.code, [one["url"] for one in check.json["small_images"]]) == (
        0,
        [picture("low"), picture("tiny")],
    )
    assert (
        "2 images smaller than 500 pixels, on 1 product: A (PT01 300 × 200)"
        in amzsync("check", "--sku", "A").out
    )


def test_what_is_left_out_for_its_size_is_wanted_again_without_the_option(setup: Setup) -> None:
    catalogue = mapping(setup)
    skipped = setup.apply(catalogue, "--skip-small")
    assert skipped.code == 0, skipped.err
    assert "images left out (--skip-small)" in skipped.out
    assert "3 images smaller than 500 pixels, on 2 products, 3 gallery links left out: A (" in skipped.out
    assert {sku: len(images) for sku, images in galleries(setup).items()} == {"A": 1, "B": 1, "C": 1}
    assert {name for name, state in states(setup.ledger, "assets").items() if state == "skipped"} == {
        "low",
        "tiny",
        "front",
    }
    assert rows(setup.ledger, "SELECT count(*) FROM thumbnails WHERE state = 'skipped'") == [(1,)]
    assert amzsync("check").code == 0
    assert setup.apply(None, "--skip-small").out.count("Nothing to do.") == 1
    # Of a lower bound only what is still below it stays out.
    assert setup.apply(catalogue, "--skip-small", "--min-size", 100).code == 0
    assert {sku: len(images) for sku, images in galleries(setup).items()} == {"A": 2, "B": 2, "C": 1}
    assert setup.apply().code == 0
    assert {sku: len(images) for sku, images in galleries(setup).items()} == {"A": 3, "B": 2, "C": 1}
    assert states(setup.ledger, "assets")["tiny"] == "done"


def test_a_small_image_of_another_product_does_not_come_into_a_gallery_that_leaves_it_out(
    setup: Setup,
) -> None:
    assert setup.apply(setup.mapping([listed("A", "big", "low")])).code == 0
    both = setup.mapping([listed("A", "big", "low"), listed("B", "big", "low")], "both.json")
    assert setup.apply(both, "--skip-small").code == 0
    assert {sku: len(images) for sku, images in galleries(setup).items()} == {"A": 2, "B": 1}


def test_the_report_page_marks_small_images(setup: Setup) -> None:
    amzsync("plan", "--mapping", mapping(setup))
    page = setup.folder / "images.html"
    assert amzsync("report", page).code == 0
    text = page.read_text()
    assert text.count("small: ") == 3
    assert "PT02 <i>to add, small: 75 × 60</i>" in text
    assert amzsync("report", page, "--min-size", 0).code == 0
    assert "small: " not in page.read_text()


def test_a_size_that_a_later_mapping_tells_counts(setup: Setup) -> None:
    catalogue = setup.mapping([listed("A", "untold", "low")])
    amzsync("plan", "--mapping", catalogue)
    told = listed("A", "untold", "low")
    told["amazon_images"] = [
        {"link": picture("untold"), "variant": "MAIN", "width": 10, "height": 20},
        {"link": picture("low"), "variant": "PT01", "width": 600, "height": 20},
    ]
    small = amzsync("plan", "--mapping", setup.mapping([told]), "--json").json["small_images"]
    assert [(one["url"], one["width"], one["height"]) for one in small] == [(picture("untold"), 10, 20)]
    # A mapping that tells none says nothing of it.
    untold = {"suggested_sku": "A", "image_urls": [picture("untold"), picture("low")]}
    assert amzsync("plan", "--mapping", setup.mapping([untold]), "--json").json["small_images"] == small


def test_what_an_undo_brings_back_as_left_out_is_not_left_out_for_ever(setup: Setup) -> None:
    first = setup.mapping([listed("A", "big", "low")])
    assert setup.apply(first, "--skip-small").code == 0
    assert setup.apply(setup.mapping([listed("A", "big", "low", "tiny")], "more.json")).code == 0
    assert amzsync("undo", "--yes", *FAST).code == 0
    assert {sku: len(images) for sku, images in galleries(setup).items()} == {"A": 1}
    assert setup.apply(first).code == 0
    assert {sku: len(images) for sku, images in galleries(setup).items()} == {"A": 2}
    assert amzsync("check").code == 0

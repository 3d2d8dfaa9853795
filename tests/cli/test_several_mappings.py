"""A mapping speaks for the products that it names: several share a ledger, and none loses anything."""

from collections.abc import Mapping

import pytest
from catalogue import dump, rows, states
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync

US = [flat("AMZN-US-1", "a", "b"), flat("AMZN-US-2", "a", "us")]
DE = [flat("AMZN-DE-1", "a", "b"), flat("AMZN-DE-2", "de", "a")]


def galleries(setup: Setup) -> Mapping[str, tuple[str, ...]]:
    return {sku: gallery for sku, (_, gallery) in setup.sandbox.snapshot().pictures.items()}


EVERYTHING = {
    "AMZN-US-1": ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg"),
    "AMZN-US-2": ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_us.jpg"),
    "AMZN-DE-1": ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg"),
    "AMZN-DE-2": ("amazon_01_MAIN_de.jpg", "amazon_01_MAIN_a.jpg"),
}


def test_two_marketplaces_stand_in_one_ledger_and_neither_changes_the_other(setup: Setup) -> None:
    us, de = setup.mapping(US, "us.json"), setup.mapping(DE, "de.json")
    assert amzsync("plan", "--mapping", us).code == 0
    told = amzsync("plan", "--mapping", de)
    assert "add 3 images to Plytix, set 4 gallery links and 2 thumbnails on 2 products." in told.out
    assert "Also 2 products left from earlier mappings." in told.out
    report = setup.apply(None, "--json").json
    assert galleries(setup) == EVERYTHING
    assert (report["total_products"], report["links_created"], report["images_uploaded"]) == (2, 4, 3)
    before = {table: found for table, found in dump(setup.ledger).items() if table != "settings"}
    for mapping in (us, de):
        told = amzsync("plan", "--mapping", mapping)
        assert "Nothing to do." in told.out
        assert "earlier" not in told.out
        again = {table: found for table, found in dump(setup.ledger).items() if table != "settings"}
        assert again == before


def test_a_second_command_never_loses_what_the_first_had_left(setup: Setup) -> None:
    us, de = setup.mapping(US, "us.json"), setup.mapping(DE, "de.json")
    limits = ("--rate-limit", "3/1h", "--max-wait", "1s")
    assert amzsync("apply", "--mapping", us, "--yes", *limits).code == 4
    assert galleries(setup) != EVERYTHING
    result = setup.apply(de)
    assert result.code == 0, result.err
    assert "Also 2 products left from earlier mappings." in result.out
    assert galleries(setup) == EVERYTHING
    assert amzsync("resume", *FAST).code == 0
    assert "Nothing to do." in amzsync("plan", "--mapping", us).out


@pytest.mark.parametrize("first_skips", [True, False])
def test_what_a_mapping_has_left_is_done_with_its_own_word_on_what_holds_images(
    setup: Setup, *, first_skips: bool
) -> None:
    """`--skip-existing` was said of one mapping; the other's products hold a person's image, too."""
    us, de = setup.mapping(US, "us.json"), setup.mapping(DE, "de.json")
    theirs = setup.sandbox.add_asset("theirs.jpg")
    for sku in ("AMZN-US-2", "AMZN-DE-2"):
        setup.sandbox.set_gallery(sku, [theirs])
    skips = ("--skip-existing",)
    limits = ("--rate-limit", "3/1h", "--max-wait", "1s")
    first, second = (skips, ()) if first_skips else ((), skips)
    assert amzsync("apply", "--mapping", us, "--yes", *first, *limits).code == 4
    result = setup.apply(de, *second)
    assert result.code == 0, result.err
    alone, filled = ("US", "DE") if first_skips else ("DE", "US")
    assert galleries(setup)[f"AMZN-{alone}-2"] == ("theirs.jpg",)
    assert galleries(setup)[f"AMZN-{filled}-2"] == ("theirs.jpg", *EVERYTHING[f"AMZN-{filled}-2"])
    assert galleries(setup)["AMZN-US-1"] == EVERYTHING["AMZN-US-1"]
    assert amzsync("resume", *FAST).code == 0
    assert galleries(setup)[f"AMZN-{alone}-2"] == ("theirs.jpg",)


def test_with_complete_everything_else_is_no_longer_wanted_and_resume_knows_it(setup: Setup) -> None:
    us, de = setup.mapping(US, "us.json"), setup.mapping(DE, "de.json")
    setup.apply(us)
    limits = ("--rate-limit", "2/1h", "--max-wait", "1s")
    assert amzsync("apply", "--mapping", de, "--complete", "--yes", *limits).code == 4
    assert amzsync("resume", *FAST).code == 0
    wanted = {name for name, state in states(setup.ledger, "links").items() if state != "obsolete"}
    assert wanted == {"AMZN-DE-1 a", "AMZN-DE-1 b", "AMZN-DE-2 de", "AMZN-DE-2 a"}
    assert galleries(setup) == EVERYTHING
    options = rows(setup.ledger, "SELECT json_extract(options, '$.is_complete') FROM runs ORDER BY id")
    assert options == [(0,), (1,)]


def test_a_product_without_a_sku_stays_a_failure_until_its_own_mapping_is_planned_again(setup: Setup) -> None:
    us = setup.mapping({"matched": [*US, {"image_urls": ["https://x.example/1.jpg"]}]}, "us.json", seed=False)
    setup.sandbox.seed(one["suggested_sku"] for one in (*US, *DE))
    de = setup.mapping(DE, "de.json")
    assert setup.apply(us).code == 3
    result = setup.apply(de, "--json")
    assert result.code == 3
    assert [error["place"] for error in result.json["errors"]] == ["us.json, matched[2]"]
    setup.mapping(US, "us.json")
    assert setup.apply(us).code == 0

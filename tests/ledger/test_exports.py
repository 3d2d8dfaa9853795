"""What leaves a ledger as a table, a row for each image of each product."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, picture, product, rows

from amzsync.domain.exports import Export
from amzsync.domain.product import Unreadable
from amzsync.ledger.exports import ExportRow
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.part import Among, Part
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.rows import Origin
from amzsync.ledger.work_rows import Refusal

S1 = product("S1", ("b", "MAIN"), ("a", "PT01"))
S2 = product("S2", ("a", "MAIN"), ("ftp://x", "PT01"))


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [S1, S2])
        yield ledger


def exported(ledger: Ledger, export: Export, most_products: int | None = None) -> list[ExportRow]:
    return list(ledger.exports.rows(export, most_products))


def test_links_are_told_in_gallery_order_with_their_state(ledger: Ledger) -> None:
    assert exported(ledger, Export.LINKS) == [
        ExportRow("S1", picture("b"), "MAIN", 1, "pending", None, "", None),
        ExportRow("S1", picture("a"), "PT01", 2, "pending", None, "", None),
        ExportRow("S2", picture("a"), "MAIN", 1, "pending", None, "", None),
    ]


def test_a_failed_link_is_told_with_its_cause_and_its_run(ledger: Ledger) -> None:
    run = ledger.runs.start("apply", {}, 1, [])
    work = ledger.work(run)
    (asset,) = [one for one in work.open_assets(0, 9) if one.url == picture("a")]
    work.fail_links(2, [asset.id], Refusal(422, "refused", 2))
    refused = ExportRow("S2", picture("a"), "MAIN", 1, "failed", 422, "refused", run)
    assert exported(ledger, Export.LINKS)[2] == refused
    assert refused in exported(ledger, Export.FAILURES)


def test_failures_without_a_link_or_a_sku_are_told_too(ledger: Ledger) -> None:
    merge(ledger, [S2, Unreadable("matched[3]", "no SKU and no ASIN")])
    malformed, unnamed = exported(ledger, Export.FAILURES)
    assert (malformed.sku, malformed.url, malformed.variant, malformed.state) == (
        "S2",
        "ftp://x",
        "",
        "failed",
    )
    assert (unnamed.sku, unnamed.url, unnamed.reason) == ("", "", "matched[3]: no SKU and no ASIN")


def test_the_images_of_products_that_plytix_lacks_are_missing(ledger: Ledger) -> None:
    ledger.work().skip_product(1, NOT_FOUND)
    assert [(one.sku, one.url, one.reason) for one in exported(ledger, Export.MISSING)] == [
        ("S1", picture("b"), NOT_FOUND),
        ("S1", picture("a"), NOT_FOUND),
    ]


def test_obsolete_is_what_this_ledger_put_there_and_still_stands(ledger: Ledger) -> None:
    work = ledger.work(ledger.runs.start("apply", {}, 1, []))
    ids = {one.url: one.id for one in work.open_assets(0, 9)}
    for asset in work.open_assets(0, 9):
        work.claim_assets([asset.id])
        work.finish_asset(asset.id, f"p{asset.id}", asset.filename, Origin.UPLOADED)
    work.finish_links(1, {ids[picture("b")]: 1, ids[picture("a")]: 2}, made={ids[picture("a")]})
    merge(ledger, [product("S1"), product("S2")])
    assert [(one.sku, one.url, one.state) for one in exported(ledger, Export.OBSOLETE)] == [
        ("S1", picture("a"), "obsolete")
    ]
    assert exported(ledger, Export.LINKS) == []


def test_a_part_of_the_products_is_exported_alone(ledger: Ledger) -> None:
    assert {one.sku for one in exported(ledger, Export.LINKS, most_products=1)} == {"S1"}
    ledger.selection.choose(Part(("*2",)), Among.KNOWN)
    for export in (Export.LINKS, Export.FAILURES):
        assert {one.sku for one in exported(ledger, export)} == {"S2"}


def test_the_failure_of_a_link_is_found_by_its_key(ledger: Ledger) -> None:
    select = ledger.exports._select(Export.LINKS)
    steps = [row[3] for row in rows(ledger.path, f"EXPLAIN QUERY PLAN {select}")]
    assert not [step for step in steps if "SCAN failures" in step or "TEMP B-TREE" in step]

"""The views for those who open a ledger by hand: names instead of ids."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, picture, product, rows

from amzsync.domain.product import Unreadable
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.work_rows import Refusal


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(
            ledger,
            [
                product("S1", ("b", "MAIN"), ("a", "PT01")),
                product("S2", ("a", "MAIN"), ("ftp://x", "PT01"), is_parent=True),
                Unreadable("matched[3]", "no SKU and no ASIN"),
            ],
        )
        yield ledger


def test_links_are_told_by_sku_and_address(ledger: Ledger) -> None:
    assert rows(
        ledger.path,
        "SELECT sku, is_parent, url, filename, variant, position, state FROM links_by_product"
        " WHERE sku = 'S1' ORDER BY position",
    ) == [
        ("S1", 0, picture("b"), "amazon_01_MAIN_b.jpg", "MAIN", 1, "pending"),
        ("S1", 0, picture("a"), "amazon_01_MAIN_a.jpg", "PT01", 2, "pending"),
    ]
    steps = rows(ledger.path, "EXPLAIN QUERY PLAN SELECT * FROM links_by_product WHERE sku = 'S1'")
    assert not [step for *_, step in steps if step.startswith("SCAN")]


def test_failures_are_told_by_sku_and_run_or_by_their_place(ledger: Ledger) -> None:
    run = ledger.runs.start("apply", {}, 1, [])
    work = ledger.work(run)
    (asset,) = [one for one in work.open_assets(0, 9) if one.url == picture("a")]
    work.fail_links(2, [asset.id], Refusal(422, "refused", 2))
    told = rows(
        ledger.path,
        "SELECT sku, url, variant, failed, status, attempts, command, run, place FROM failures_by_product"
        " ORDER BY sku, url",
    )
    assert told == [
        (None, None, None, "urls", None, 0, None, None, "matched[3]"),
        ("S2", "ftp://x", None, "urls", None, 0, None, None, None),
        ("S2", picture("a"), "MAIN", "links", 422, 2, "apply", run, None),
    ]


def test_products_that_plytix_lacks_are_told_with_their_number_of_images(ledger: Ledger) -> None:
    assert rows(ledger.path, "SELECT * FROM missing_products") == []
    ledger.work().skip_product(1, NOT_FOUND)
    assert rows(ledger.path, "SELECT * FROM missing_products") == [("S1", 0, 2)]

"""A part of the products is all that a command looks at and works on; a run keeps its own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, product, rows, states

from amzsync.errors import PartError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.part import Among, Part
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.rows import Origin
from amzsync.ledger.work_rows import Refusal

REFUSAL = Refusal(422, "not an image", 1)
SKUS = ["US-1", "US-2", "US-3", "DE-1", "us-1", "a[b]c", "a%_c"]


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product(sku, ("a", "MAIN"), (f"p{n}", "PT01")) for n, sku in enumerate(SKUS)])
        yield ledger


def chosen(ledger: Ledger) -> list[str]:
    return [one.sku for one in ledger.work().next_products(0, 100)]


def finish(ledger: Ledger) -> None:
    """As an executor would, for what is chosen."""
    work = ledger.work()
    for one in work.next_products(0, 100):
        for asset in work.assets([link.asset_id for link in one.links]).values():
            if asset.state.is_open:
                work.finish_asset(asset.id, f"plytix-{asset.id}", "", Origin.UPLOADED)
        links = [link.asset_id for link in one.links if link.state.is_open]
        work.finish_links(one.id, {asset_id: place for place, asset_id in enumerate(links)}, links)
        work.finish_thumbnail(one.id, Origin.MADE)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Part(), SKUS),
        (Part(("US-*",)), ["US-1", "US-2", "US-3"]),
        (Part(("??-1",)), ["US-1", "DE-1", "us-1"]),
        (Part(("DE-1", "US-1")), ["US-1", "DE-1"]),
        (Part(("a[b]c",)), ["a[b]c"]),
        (Part(("a%_c",)), ["a%_c"]),
        (Part(("*",), 2), ["US-1", "US-2"]),
        (Part(limit=4), ["US-1", "US-2", "US-3", "DE-1"]),
    ],
)
def test_only_stars_and_question_marks_stand_for_other_characters(
    ledger: Ledger, part: Part, expected: list[str]
) -> None:
    assert part.is_everything == (part == Part())
    found = ledger.selection.choose(part)
    assert chosen(ledger) == expected
    if found:
        left = len(SKUS) - len(expected)
        assert (found.products, found.left_out, found.left_open) == (len(expected), left, left)


@pytest.mark.parametrize("skus", [("NONE",), ("US-1", "NONE"), ("",), ("US-[12]",)])
def test_a_sku_that_matches_nothing_is_an_error_that_names_it(ledger: Ledger, skus: tuple[str, ...]) -> None:
    with pytest.raises(PartError, match=r"matches --sku"):
        ledger.selection.choose(Part(skus))
    assert chosen(ledger) == SKUS


def test_a_limit_takes_the_next_products_that_have_something_to_do(ledger: Ledger) -> None:
    done = []
    for _ in range(4):
        ledger.selection.choose(Part(limit=2))
        done.append(chosen(ledger))
        finish(ledger)
    assert done == [SKUS[0:2], SKUS[2:4], SKUS[4:6], SKUS[6:]]
    for among, products in ((Among.OPEN, 0), (Among.WANTED, 2)):
        found = ledger.selection.choose(Part(limit=2), among)
        assert found is not None
        assert found.products == products


def test_what_a_part_leaves_out_stays_pending_with_the_assets_that_it_alone_wants(
    ledger: Ledger, ledger_path: Path
) -> None:
    ledger.selection.choose(Part(("US-2",)))
    finish(ledger)
    ledger.work().skip_unneeded_assets()
    assert {name for name, state in states(ledger_path, "links").items() if state == "done"} == {
        "US-2 a",
        "US-2 p1",
    }
    assert {name for name, state in states(ledger_path, "assets").items() if state == "done"} == {"a", "p1"}
    assert set(states(ledger_path, "links").values()) == {"done", "pending"}


def test_what_is_told_is_told_of_the_part(ledger: Ledger) -> None:
    work = ledger.work()
    work.fail_links(1, [1], REFUSAL)
    work.skip_product(4, NOT_FOUND)
    ledger.selection.choose(Part(("US-2", "US-3")))
    outstanding = ledger.queries.outstanding()
    assert (outstanding.products, outstanding.assets) == (2, 3)
    assert (ledger.queries.to_refresh().products, ledger.queries.failure_count()) == (2, 0)
    counts = {one.table.value: one.by_state for one in ledger.queries.counts()}
    assert counts == {
        "urls": {"pending": 3},
        "assets": {"pending": 3},
        "links": {"pending": 4},
        "thumbnails": {"pending": 2},
    }
    totals = ledger.queries.totals(None)
    assert (totals.links.open, totals.open_assets, totals.products_not_found) == (4, 3, ())
    assert [row.sku for row in ledger.queries.products()] == ["US-2", "US-3"]
    assert (list(ledger.queries.failures()), ledger.queries.failure_groups(3)) == ([], [])
    ledger.selection.choose(Part(("US-1", "DE-1")))
    assert [failure.sku for failure in ledger.queries.failures()] == ["US-1"]
    assert ledger.queries.totals(None).products_not_found == ("DE-1",)


def test_what_failed_outside_a_part_is_not_tried_again(ledger: Ledger, ledger_path: Path) -> None:
    work = ledger.work()
    assets = dict(rows(ledger_path, "SELECT filename, id FROM assets"))
    for number, product_id in ((0, 1), (1, 2)):
        asset = assets[f"amazon_02_PT01_p{number}.jpg"]
        work.fail_asset(asset, product_id, REFUSAL)
        work.fail_without_picture(product_id, [asset], thumbnail=False)
    finish(ledger)
    ledger.selection.choose(Part(limit=1), Among.RETRIED)
    ledger.work().retry_failed()
    assert chosen(ledger) == ["US-1"]
    assert {name for name, state in states(ledger_path, "assets").items() if state == "failed"} == {"p1"}
    assert {name for name, state in states(ledger_path, "links").items() if state == "failed"} == {"US-2 p1"}
    ledger.selection.choose(Part())
    assert [failure.sku for failure in ledger.queries.failures()] == ["US-2"]


def test_a_run_keeps_to_the_products_that_it_was_given(ledger: Ledger, ledger_path: Path) -> None:
    part = Part(limit=2)
    run_id = ledger.runs.start("apply", {"limit": 2}, 1, [])
    ledger.selection.choose(part)
    ledger.selection.keep(run_id)
    finish(ledger)
    with Ledger.read(ledger_path) as reader:
        found = reader.selection.choose_kept(run_id, part)
        assert found is not None
        assert (found.products, found.left_out, found.left_open) == (2, 5, 5)
        assert [row.sku for row in reader.queries.products()] == SKUS[:2]
        assert json.loads(reader.runs.latest(1)[0].options) == {"limit": 2}
    assert ledger.selection.choose_kept(run_id, Part()) is None
    assert chosen(ledger) == SKUS[2:]


def test_the_changes_are_those_of_the_part(ledger: Ledger) -> None:
    ledger.selection.choose(Part(("DE-*",)))
    assert [change.sku for change in ledger.changes] == ["DE-1"]
    assert ledger.changes.count() == 1

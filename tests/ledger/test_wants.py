"""What was wanted before a run planned its mapping is kept, and wanted again once that run is undone."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from catalogue import CLOCKS, merge, product, rows, wanted

from amzsync.domain.product import Product
from amzsync.ledger.ledger import Ledger

BEFORE = [product("S1", ("a", "MAIN"), ("b", "PT01")), product("S2", ("c", "MAIN"))]
S1, S2, S3 = 1, 2, 3


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, BEFORE)
        yield ledger


def plan(ledger: Ledger, products: Sequence[Product], **options: Any) -> int:
    """A run that plans these."""
    run_id = ledger.runs.start("apply", {}, 1, [])
    merge(ledger, products, run_id=run_id, **options)
    return run_id


def restore(ledger: Ledger, undone_run: int) -> dict[int, bool]:
    """Want again what was wanted before a run; of which products that could be done."""
    work = ledger.work(ledger.runs.start("undo", {}, 1, []))
    found = {product_id: work.restore_wants(undone_run, product_id) for product_id in (S1, S2, S3)}
    work.release_unwanted_assets()
    return found


def test_what_a_run_changed_is_wanted_again_as_it_was(ledger: Ledger, ledger_path: Path) -> None:
    before = wanted(ledger_path)
    run_id = plan(ledger, [product("S1", ("b", "MAIN"), ("d", "PT01")), BEFORE[1]])
    assert wanted(ledger_path) != before
    assert ledger.work().planned_products(run_id) == [S1]
    assert restore(ledger, run_id) == {S1: True, S2: False, S3: False}
    assert wanted(ledger_path) == before


def test_what_a_run_no_longer_wanted_is_wanted_again(ledger: Ledger, ledger_path: Path) -> None:
    before = wanted(ledger_path)
    run_id = plan(ledger, BEFORE[:1], complete=True)
    assert ledger.work().planned_products(run_id) == [S2]
    assert restore(ledger, run_id) == {S1: False, S2: True, S3: False}
    assert wanted(ledger_path) == before


def test_what_a_run_was_the_first_to_want_is_wanted_no_more(ledger: Ledger, ledger_path: Path) -> None:
    before = wanted(ledger_path)
    run_id = plan(ledger, [product("S3", ("e", "MAIN"))])
    assert ledger.work().planned_products(run_id) == [S3]
    assert restore(ledger, run_id) == {S1: False, S2: False, S3: True}
    assert wanted(ledger_path) == before


def test_what_was_planned_since_stays(ledger: Ledger, ledger_path: Path) -> None:
    run_id = plan(ledger, [product("S1", ("b", "MAIN"))])
    merge(ledger, [product("S1", ("d", "MAIN"))])
    before = wanted(ledger_path)
    assert restore(ledger, run_id) == {S1: False, S2: False, S3: False}
    assert wanted(ledger_path) == before


def test_a_plan_without_a_run_keeps_nothing(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, [product("S1", ("b", "MAIN")), product("S3", ("e", "MAIN"))], complete=True)
    assert rows(ledger_path, "SELECT count(*) FROM wants") == [(0,)]

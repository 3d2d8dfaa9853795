"""`plan --refresh`: what Plytix has is found out, and nothing there is touched."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from catalogue import picture, product, rows
from executor.harness import SyncHarness
from sandbox_faults import Answer, Fault, RunBefore, Transform

from amzsync.executor.engine.engine import Bounds
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.plytix.retry import RetryPolicy

NAMES = ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg")
BOOT = product("BOOT", ("a", "MAIN"), ("b", "PT01"))
READS = {"POST /auth/api/get-token", "POST /products/search", "POST /assets/search", "GET /products/{id}"}


def test_it_finds_what_is_there_and_writes_nothing(harness: SyncHarness) -> None:
    harness.sandbox.seed(["BOOT", "SHOE"])
    a = harness.sandbox.add_asset(NAMES[0], picture("a"))
    harness.sandbox.set_gallery("BOOT", [a])
    harness.sandbox.set_thumbnail("BOOT", a)
    harness.plan(BOOT, product("SHOE", ("c", "MAIN")), product("GHOST", ("g", "MAIN")), seed=False)
    before = harness.sandbox.snapshot()
    ran = harness.refresh()
    assert harness.sandbox.snapshot() == before
    assert set(ran.asked) <= READS
    assert ran.total == 3
    assert rows(harness.path, "SELECT state, count(*) FROM assets GROUP BY state") == [
        ("done", 1),
        ("pending", 3),
    ]
    assert harness.reasons("thumbnails") == {
        "BOOT": {("done", None)},
        "SHOE": {("pending", None)},
        "GHOST": {("skipped", NOT_FOUND)},
    }
    assert harness.reasons() == {
        "BOOT": {("done", None), ("pending", None)},
        "SHOE": {("pending", None)},
        "GHOST": {("skipped", NOT_FOUND)},
    }
    assert ran.totals is not None
    assert ran.totals.products_not_found == ("GHOST",)
    assert (ran.totals.present, ran.totals.links_existing) == (1, 1)


def test_what_a_refresh_found_is_not_asked_or_written_again(harness: SyncHarness) -> None:
    harness.plan(BOOT, product("SHOE", ("a", "MAIN")))
    harness.apply()
    before = harness.sandbox.snapshot()
    harness.delete_ledger()
    harness.plan(BOOT, product("SHOE", ("a", "MAIN")))
    harness.refresh()
    assert harness.apply().total == 0
    assert harness.sandbox.snapshot() == before


def test_what_a_person_has_taken_away_is_wanted_again(harness: SyncHarness) -> None:
    harness.plan(BOOT, product("SHOE", ("a", "MAIN"), ("c", "PT01")))
    harness.apply()
    ids = harness.sandbox.snapshot().products["BOOT"].gallery_ids
    harness.sandbox.set_gallery("BOOT", ids[:1])
    harness.sandbox.set_thumbnail("SHOE", None)
    harness.refresh()
    assert harness.reasons()["BOOT"] == {("done", None), ("pending", None)}
    assert harness.reasons("thumbnails") == {"BOOT": {("done", None)}, "SHOE": {("pending", None)}}
    ran = harness.apply()
    assert ran.writes == 2
    assert harness.pictures["BOOT"] == (NAMES[0], NAMES)
    assert harness.thumbnail("SHOE") == NAMES[0]


def test_a_deleted_picture_is_uploaded_again(harness: SyncHarness) -> None:
    harness.plan(BOOT, product("SHOE", ("a", "MAIN")))
    harness.apply()
    before = harness.pictures
    harness.sandbox.delete_asset(harness.sandbox.snapshot().products["BOOT"].gallery_ids[0])
    harness.refresh()
    harness.apply()
    assert harness.pictures == before


def test_a_product_that_has_come_to_exist_is_wanted_again(harness: SyncHarness) -> None:
    harness.plan(BOOT, seed=False)
    harness.refresh()
    assert harness.reasons() == {"BOOT": {("skipped", NOT_FOUND)}}
    harness.sandbox.seed(["BOOT"])
    harness.refresh()
    assert harness.reasons() == {"BOOT": {("pending", None)}}
    harness.apply()
    assert harness.pictures["BOOT"] == (NAMES[0], NAMES)


def test_a_product_that_is_gone_is_skipped(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.sandbox.delete_product("BOOT")
    ran = harness.refresh()
    assert ran.totals is not None
    assert ran.totals.products_not_found == ("BOOT",)
    assert (ran.totals.links.done, ran.totals.thumbnails.done) == (0, 0)
    harness.sandbox.seed(["BOOT"])
    harness.refresh()
    harness.apply()
    assert harness.pictures["BOOT"] == (NAMES[0], NAMES)


def test_galleries_that_a_search_does_not_tell_are_read_one_by_one(harness: SyncHarness) -> None:
    harness.plan(BOOT, product("BARE", ("c", "PT01")))
    harness.apply()
    harness.sandbox.set_gallery("BARE", [])
    harness.sandbox.faults.add(Fault("POST", "/products/search", Transform(_without_gallery), times=None))
    ran = harness.refresh()
    # An empty gallery is told, but it may be told too late: it was written a moment ago.
    assert ran.requests["product_read"] == 2
    assert harness.reasons() == {"BOOT": {("done", None)}, "BARE": {("pending", None)}}


def test_what_was_put_there_a_moment_ago_is_not_gone_because_a_search_lags(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.sandbox.faults.add(Fault("POST", "/products/search", Transform(_as_before), times=None))
    ran = harness.refresh()
    assert ran.requests["product_read"] == 1
    assert rows(harness.path, "SELECT DISTINCT state, origin FROM links") == [("done", "made")]


def test_what_was_put_there_long_ago_is_gone_when_a_search_says_so(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    with closing(sqlite3.connect(harness.path, isolation_level=None)) as ledger:
        ledger.execute("UPDATE seen_products SET seen_at = '2026-01-01T00:00:00Z'")
    harness.sandbox.set_gallery("BOOT", harness.sandbox.snapshot().products["BOOT"].gallery_ids[:1])
    ran = harness.refresh()
    assert ran.requests["product_read"] == 0
    assert rows(harness.path, "SELECT state, origin FROM links ORDER BY position") == [
        ("done", "made"),
        ("pending", None),
    ]


def test_an_unanswered_reading_changes_nothing_that_is_known(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    harness.sandbox.faults.add(
        Fault("POST", "/products/search", Answer(403, json.dumps({"error": {"msg": "No"}}).encode()))
    )
    ran = harness.refresh()
    assert ran.error is not None
    assert harness.reasons() == {"BOOT": {("done", None)}}


@pytest.mark.parametrize("count", [1, 100, 101, 230])
def test_it_reads_a_hundred_at_a_time(harness: SyncHarness, count: int) -> None:
    harness.plan(*(product(f"S{number}", (f"m{number}", "MAIN")) for number in range(count)))
    ran = harness.refresh()
    assert ran.total == 1 + 2 * -(-count // 100)
    assert ran.writes == 0


@pytest.mark.parametrize("count", [1, 100, 130])
def test_where_everything_is_missing_reading_first_costs_no_request_more(
    harness: SyncHarness, count: int
) -> None:
    """One reading serves both, and one token, while no time passes that would make it too old."""
    harness.plan(*(product(f"S{number}", (f"m{number}", "MAIN"), ("p", "PT01")) for number in range(count)))
    plain = harness.apply(clock=lambda: 1000.0, wall=lambda: 1000.0)
    harness.plan(*(product(f"T{number}", (f"n{number}", "MAIN"), ("q", "PT01")) for number in range(count)))
    refreshed = harness.apply(clock=lambda: 1000.0, wall=lambda: 1000.0, read_first=True)
    pages = -(-count // 100)
    assert plain.requests["product_search"] == pages
    # It reads the products of the first plan, too: they are wanted as well.
    assert refreshed.requests["product_search"] == -(-2 * count // 100)
    assert refreshed.requests["token"] == 1
    for kind in ("asset_search", "asset_upload", "product_write", "link", "product_read"):
        assert refreshed.requests[kind] == plain.requests[kind], kind


def test_a_reading_that_is_old_is_made_again(harness: SyncHarness) -> None:
    now = 1000.0

    def takes_a_minute() -> None:
        nonlocal now
        now += 61.0

    harness.plan(BOOT)
    harness.sandbox.faults.add(Fault("POST", "/products/search", RunBefore(takes_a_minute)))
    ran = harness.apply(clock=lambda: now, wall=lambda: now, read_first=True)
    assert ran.requests["product_search"] > 1
    assert harness.pictures["BOOT"] == (NAMES[0], NAMES)


def test_a_product_that_cannot_be_read_is_not_taken_for_an_empty_one(harness: SyncHarness) -> None:
    harness.plan(BOOT)
    harness.apply()
    done = harness.reasons()
    harness.sandbox.faults.add(
        Fault("POST", "/products/search", Transform(_without_gallery), times=None),
        Fault("GET", "/products/[^/]+", Answer(503), times=None),
    )
    ran = harness.refresh(Bounds(workers=4, outage_s=0.3, retry=RetryPolicy(base_s=0.01)))
    assert ran.error is not None
    assert "could not be read" in ran.error.message
    assert harness.reasons() == done == {"BOOT": {("done", None)}}


def _as_before(answer: Any) -> Any:
    """A search that does not show yet what was written."""
    for found in answer["data"]:
        found.pop("attributes", None)
        found.pop("thumbnail", None)
        found["assets"] = []
    return answer


def _without_gallery(answer: Any) -> Any:
    for found in answer["data"]:
        found.pop("attributes", None)
    return answer

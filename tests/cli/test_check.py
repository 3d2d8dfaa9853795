"""`amzsync check`: what differs in Plytix, in words and as JSON, beside whatever else is going on."""

import hashlib
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from cli.fixtures import FAST, Setup, boots, flat
from cli.terminal import Result, amzsync
from sandbox_faults import Fault, RunBefore

from amzsync.ledger.lock import WriterLock

TWO = [flat("BOOT", "a", "b"), flat("SHOE", "a", "c")]
STATES = (
    "SELECT sku, state, reason, placed FROM links JOIN products ON products.id = product_id ORDER BY 1, 4"
)


def select(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as ledger:
        return ledger.execute(sql).fetchall()


def broken(setup: Setup) -> None:
    """Two products in place, of which one then loses its second image and its thumbnail."""
    setup.apply(setup.mapping(TWO))
    first, _ = setup.sandbox.snapshot().products["BOOT"].gallery_ids
    setup.sandbox.set_gallery("BOOT", [first, setup.sandbox.add_asset("by-hand.jpg")])
    setup.sandbox.set_thumbnail("BOOT", None)


def test_where_everything_is_in_place_it_says_so_and_ends_with_0(setup: Setup) -> None:
    setup.apply(setup.mapping(boots()))
    ran = amzsync("check", *FAST)
    assert ran.code == 0
    assert "Checked 16 products: everything is in place. 2 requests" in ran.out


def test_what_differs_is_told_by_product_and_by_kind_and_ends_with_3(setup: Setup) -> None:
    broken(setup)
    ran = amzsync("check", *FAST)
    assert ran.code == 3
    lines = ran.out.splitlines()
    assert lines[0].split() == ["+~", "BOOT", "+1", "image,", "~", "thumbnail"]
    assert "Checked 2 products: 1 in place, 1 not. 2 requests" in ran.out
    assert any(line.split() == ["images", "missing", "1"] for line in lines)
    assert any(line.split()[-1:] == ["1"] and "images of others" in line for line in lines)
    assert lines[-1].startswith("Next: amzsync apply --refresh ")


def test_the_document_is_that_of_the_contract(setup: Setup) -> None:
    broken(setup)
    ran = amzsync("check", "--json", *FAST)
    assert ran.code == 3
    told = ran.json
    assert {key: told[key] for key in ("ledger", "products", "in_place", "requests")} == {
        "ledger": "amzsync.db",
        "products": 2,
        "in_place": 1,
        "requests": 2,
    }
    (entry,) = told["differences"]
    assert (entry["sku"], entry["in_plytix"], entry["moved"], entry["obsolete"]) == ("BOOT", True, False, [])
    assert [url.rpartition("/")[2] for url in entry["missing"]] == ["b.jpg"]
    assert entry["thumbnail"].endswith("/a.jpg")
    assert told["counts"] == {
        "missing": 1,
        "moved": 0,
        "thumbnail": 1,
        "obsolete": 0,
        "failed": 0,
        "not_in_plytix": 0,
        "others": 1,
        "changed_pictures": 0,
    }


def test_what_merely_stands_there_still_is_no_difference(setup: Setup) -> None:
    setup.apply(setup.mapping([flat("BOOT", "a", "b")]))
    setup.apply(setup.mapping([flat("BOOT", "a")]))
    ran = amzsync("check", "--json", *FAST)
    assert (ran.code, ran.json["counts"]["obsolete"], ran.json["in_place"]) == (0, 1, 1)


def test_quiet_says_nothing_where_all_is_well_and_the_rest_on_stderr(setup: Setup) -> None:
    setup.apply(setup.mapping(TWO))
    assert amzsync("check", "-q", *FAST) == Result(0, "", "")
    setup.sandbox.set_thumbnail("BOOT", None)
    ran = amzsync("check", "-q", *FAST)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.splitlines()[0].startswith("Checked 2 products: 1 in place, 1 not.")
    assert ran.err.splitlines()[-1].startswith("Next: amzsync apply --refresh ")


def test_a_part_is_looked_at_alone(setup: Setup) -> None:
    broken(setup)
    assert amzsync("check", "--json", "--sku", "SH*", *FAST).json["products"] == 1
    assert amzsync("check", "--json", "--limit", "1", *FAST).json["differences"][0]["sku"] == "BOOT"
    ran = amzsync("check", "--sku", "NONE", *FAST)
    assert ran.code == 1
    assert "NONE" in ran.err


def test_with_a_mapping_its_products_are_compared_and_the_ledger_wants_what_it_wanted(setup: Setup) -> None:
    setup.apply(setup.mapping(TWO))
    other = setup.mapping([flat("BOOT", "a", "x")], "other.json")
    before = select(setup.ledger, STATES), select(setup.ledger, "SELECT * FROM products")
    ran = amzsync("check", "--json", "--mapping", other, *FAST)
    assert (ran.code, ran.json["products"]) == (3, 1)
    assert [url.rpartition("/")[2] for url in ran.json["differences"][0]["missing"]] == ["x.jpg"]
    assert (select(setup.ledger, STATES), select(setup.ledger, "SELECT * FROM products")) == before
    seen = select(setup.ledger, "SELECT DISTINCT missing FROM seen_products")
    assert seen == [(0,)], "what another mapping wants says nothing of this ledger"


def test_a_mapping_can_be_compared_before_anything_was_planned(setup: Setup) -> None:
    mapping = setup.mapping(TWO)
    setup.apply(mapping)
    for path in setup.folder.glob("amzsync.db*"):
        path.unlink()
    ran = amzsync("check", "--json", "--mapping", mapping, *FAST)
    assert (ran.code, ran.json["in_place"]) == (0, 2)
    assert select(setup.ledger, "SELECT count(*) FROM products") == [(0,)]


def test_without_a_ledger_and_a_mapping_there_is_nothing_to_check() -> None:
    ran = amzsync("check", *FAST)
    assert ran.code == 1
    assert ran.error_text == "There is no ledger at amzsync.db, and no mapping to check. Add --mapping FILE."


def test_beside_another_process_it_looks_and_says_that_nothing_was_recorded(setup: Setup) -> None:
    broken(setup)
    seen = "SELECT product_id, missing FROM seen_products ORDER BY product_id"
    before = select(setup.ledger, seen)
    with WriterLock(setup.ledger):
        ran = amzsync("check", "--json", *FAST)
    assert (ran.code, ran.json["counts"]["missing"], ran.json["kept"]) == (3, 1, False)
    assert "what was seen is not recorded" in ran.err
    assert select(setup.ledger, seen) == before
    assert amzsync("check", "--json", *FAST).json["kept"]
    assert select(setup.ledger, seen) != before


def test_another_process_can_write_while_it_looks(setup: Setup) -> None:
    setup.apply(setup.mapping(TWO))
    could_write = []

    def write() -> None:
        with WriterLock(setup.ledger):
            could_write.append(True)

    setup.sandbox.faults.add(Fault("POST", "/products/search", RunBefore(write)))
    assert amzsync("check", *FAST).code == 0
    assert could_write == [True]


def test_its_requests_count_against_the_limits_of_later_runs(setup: Setup) -> None:
    setup.apply(setup.mapping(TWO))
    before = select(setup.ledger, "SELECT count(*) FROM requests")[0][0]
    amzsync("check", *FAST)
    assert select(setup.ledger, "SELECT count(*) FROM requests")[0][0] == before + 2


def test_it_changes_no_state_of_the_ledger(setup: Setup) -> None:
    broken(setup)

    def digest() -> str:
        tables = ("products", "addresses", "assets", "links", "thumbnails", "failures", "runs", "mappings")
        kept = [select(setup.ledger, f"SELECT * FROM {table}") for table in tables]
        return hashlib.sha256(repr(kept).encode()).hexdigest()

    before = digest()
    assert amzsync("check", *FAST).code == 3
    assert digest() == before


def test_another_gallery_than_the_ledgers_is_refused(setup: Setup) -> None:
    setup.apply(setup.mapping(TWO))
    ran = amzsync("check", "--gallery", "other_images", *FAST)
    assert ran.code == 1
    assert "planned for the gallery" in ran.err


def test_a_product_without_a_sku_is_told_as_failed(setup: Setup) -> None:
    mapping = setup.mapping(
        [flat("BOOT", "a"), {"amazon_image_main": TWO[0]["amazon_image_main"]}], seed=False
    )
    setup.sandbox.seed(["BOOT"])
    setup.apply(mapping)
    ran = amzsync("check", "--json", *FAST)
    assert (ran.code, ran.json["counts"]["failed"], len(ran.json["unreadable"])) == (3, 1, 1)


def test_an_interrupted_check_ends_with_130_and_says_to_type_it_again(setup: Setup) -> None:
    setup.apply(setup.mapping(TWO))
    reached, is_sent = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        is_sent.wait(30)

    setup.sandbox.faults.add(Fault("POST", "/auth/api/get-token", RunBefore(wait)))
    with setup.process("check", *FAST) as running:
        assert reached.wait(30)
        running.kill(signal.SIGINT)
        time.sleep(0.2)  # until the process has handled it
        is_sent.set()
        ended = running.wait()
    assert ended.code == 130
    assert "Interrupted after 0 of 2 products" in ended.out + ended.err
    assert "Next: amzsync check" in ended.out + ended.err


def test_where_nothing_may_be_waited_for_it_stops_and_names_itself_again(setup: Setup) -> None:
    setup.apply(setup.mapping(TWO))
    ran = amzsync("check", "--rate-limit", "1/1h", "--max-wait", "1s")
    assert ran.code == 4
    assert "after 0 of 2 products" in ran.out + ran.err
    assert "Next: amzsync check" in ran.out + ran.err

"""`apply --refresh`: Plytix is read first, what is gone is done again, and nothing is read twice for it."""

import signal
import threading
import time
from collections import Counter

from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync
from sandbox_faults import Answer, Fault, RunBefore

REFRESH = ("apply", "--refresh", "--yes")


def many(count: int) -> list[object]:
    return [flat(f"S{number:03d}", f"m{number}", "shared") for number in range(count)]


def asked(setup: Setup, *arguments: object, code: int = 0) -> Counter[str]:
    """The requests that a command makes."""
    before = Counter(setup.sandbox.counts)
    assert amzsync(*arguments).code == code
    return Counter(setup.sandbox.counts) - before


def test_a_hundred_products_in_place_cost_a_token_and_a_search(setup: Setup) -> None:
    setup.apply(setup.mapping(many(100)))
    assert asked(setup, *REFRESH, *FAST) == {"POST /auth/api/get-token": 1, "POST /products/search": 1}


def test_what_is_gone_is_done_again_on_the_reading_that_has_shown_it(setup: Setup) -> None:
    setup.apply(setup.mapping(many(3)))
    before = setup.sandbox.snapshot().pictures
    setup.sandbox.set_gallery("S001", setup.sandbox.snapshot().products["S001"].gallery_ids[:1])
    setup.sandbox.set_thumbnail("S002", None)
    assert asked(setup, *REFRESH, *FAST) == {
        "POST /auth/api/get-token": 1,
        "POST /products/search": 1,
        # A search may lag behind what was put there a moment ago: the product itself is asked.
        "GET /products/{id}": 1,
        "PATCH /products/{id}": 2,
    }
    assert setup.sandbox.snapshot().pictures == before
    assert amzsync("check", *FAST).code == 0


def test_products_that_have_come_to_exist_and_those_gone_are_noticed(setup: Setup) -> None:
    mapping = setup.mapping([flat("COME", "a"), flat("GONE", "b")], seed=False)
    setup.sandbox.seed(["GONE"])
    setup.apply(mapping)
    setup.sandbox.seed(["COME"])
    setup.sandbox.delete_product("GONE")
    ran = amzsync(*REFRESH, "--json", *FAST)
    assert (ran.code, ran.json["products_not_found"]) == (3, ["GONE"])
    assert setup.sandbox.snapshot().pictures["COME"][1] == ("amazon_01_MAIN_a.jpg",)


def test_the_plan_that_is_agreed_to_is_that_after_the_reading(setup: Setup) -> None:
    setup.apply(setup.mapping(many(3)))
    setup.sandbox.set_gallery("S001", [])
    ran = amzsync("apply", "--refresh", *FAST, answer="n\n")
    assert ran.code == 1
    assert "S001" in ran.out
    assert "S002" not in ran.out
    assert "Plytix has not been checked" not in ran.out
    assert setup.sandbox.snapshot().pictures["S001"][1] == ()


def test_a_reading_that_was_cut_short_goes_on_where_it_was(setup: Setup) -> None:
    setup.apply(setup.mapping(many(120)))
    before = setup.sandbox.snapshot().pictures
    for sku in ("S000", "S110", "S119"):
        setup.sandbox.set_gallery(sku, [])
    setup.sandbox.faults.add(Fault("POST", "/products/search", Answer(403, b"{}"), after=1))
    first = asked(setup, *REFRESH, "--workers", "1", *FAST, code=1)
    assert first["POST /products/search"] == 2
    assert setup.sandbox.snapshot().pictures["S000"][1] == ()
    again = asked(setup, "resume", *FAST)
    assert again["PATCH /products/{id}"] == 3
    # The rest of the reading, and one for the product that was read before.
    assert again["POST /products/search"] == 1 + 1
    assert setup.sandbox.snapshot().pictures == before
    assert amzsync("check", *FAST).code == 0


def test_after_a_signal_while_it_reads_resume_ends_the_same(setup: Setup) -> None:
    setup.apply(setup.mapping(many(3)))
    before = setup.sandbox.snapshot().pictures
    setup.sandbox.set_gallery("S001", [])
    reached, is_sent = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        is_sent.wait(30)

    setup.sandbox.faults.add(Fault("POST", "/auth/api/get-token", RunBefore(wait)))
    with setup.process(*REFRESH, *FAST) as running:
        assert reached.wait(30)
        running.kill(signal.SIGINT)
        time.sleep(0.2)  # until the process has handled it
        is_sent.set()
        ended = running.wait()
    assert ended.code == 130
    assert "amzsync resume" in ended.err
    assert amzsync("resume", *FAST).code == 0
    assert setup.sandbox.snapshot().pictures == before


def test_a_dry_run_reads_and_changes_nothing_in_plytix(setup: Setup) -> None:
    setup.apply(setup.mapping(many(3)))
    setup.sandbox.set_gallery("S001", [])
    before = setup.sandbox.snapshot()
    ran = amzsync("apply", "--refresh", "--dry-run", *FAST)
    assert ran.code == 0
    assert "S001" in ran.out
    assert setup.sandbox.snapshot() == before

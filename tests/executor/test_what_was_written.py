"""Every write to Plytix is kept with what stood before it and after it."""

import pytest
from catalogue import product
from executor.harness import SyncHarness
from sandbox_faults import DropAfterWork, DropBeforeWork, Fault, RunBefore

from amzsync.executor.stop import StopRequest
from amzsync.ledger.writes import Write, WriteOutcome

PRODUCT = "/products/[^/]+"
LINKS = "/products/[^/]+/assets"


def writes(harness: SyncHarness, run_id: int = 1) -> dict[int, Write]:
    with harness.ledger() as ledger:
        return {write.product_id: write for write in ledger.work().writes_of(run_id)}


def test_a_run_keeps_gallery_and_thumbnail_before_and_after_of_each_product_that_it_wrote(
    harness: SyncHarness,
) -> None:
    harness.plan(product("A", ("a", "MAIN"), ("b", "PT01")), product("B", ("a", "MAIN")))
    theirs = harness.sandbox.add_asset("studio.jpg")
    harness.sandbox.set_gallery("B", [theirs])
    harness.sandbox.set_thumbnail("B", theirs)
    harness.apply()
    shown = harness.sandbox.snapshot().products
    first, second = writes(harness)[1], writes(harness)[2]
    assert first.gallery is not None
    assert first.thumbnail is not None
    assert (first.gallery.before, first.gallery.after) == ((), shown["A"].gallery_ids)
    assert (first.thumbnail.before, first.thumbnail.after) == ((), (shown["A"].thumbnail_id,))
    assert second.gallery is not None
    assert second.thumbnail is not None
    assert (second.gallery.before, second.gallery.after) == ((theirs,), shown["B"].gallery_ids)
    assert (second.thumbnail.before, second.thumbnail.after) == ((theirs,), (shown["B"].thumbnail_id,))
    assert {first.outcome, second.outcome} == {WriteOutcome.WRITTEN}


@pytest.mark.parametrize("action", [DropAfterWork(), DropBeforeWork()])
@pytest.mark.parametrize(("method", "path"), [("PATCH", PRODUCT), ("POST", LINKS)])
def test_a_lost_answer_leaves_the_same_record(
    harness: SyncHarness, action: DropAfterWork | DropBeforeWork, method: str, path: str
) -> None:
    harness.plan(product("A", ("a", "MAIN"), ("b", "PT01")))
    theirs = harness.sandbox.add_asset("studio.jpg")
    before = (theirs,) if method == "POST" else ()
    harness.sandbox.set_gallery("A", before)
    harness.sandbox.faults.add(Fault(method, path, action))
    harness.apply()
    write = writes(harness)[1]
    assert write.gallery is not None
    assert (write.gallery.before, write.gallery.after) == (
        before,
        harness.sandbox.snapshot().products["A"].gallery_ids,
    )
    assert write.outcome is WriteOutcome.WRITTEN


def test_a_run_that_writes_nothing_keeps_nothing(harness: SyncHarness) -> None:
    harness.plan(product("A", ("a", "MAIN")))
    harness.apply()
    harness.delete_ledger()
    harness.plan(product("A", ("a", "MAIN")))
    harness.apply()
    assert writes(harness) == {}


def test_what_a_person_adds_during_the_writes_is_told_apart(harness: SyncHarness) -> None:
    theirs, later = (harness.sandbox.add_asset(f"{name}.jpg") for name in ("studio", "later"))
    harness.plan(product("A", ("a", "MAIN"), ("b", "PT01")))
    harness.sandbox.set_gallery("A", [theirs])

    def add() -> None:
        harness.sandbox.set_gallery("A", [*harness.sandbox.snapshot().products["A"].gallery_ids, later])

    stop = StopRequest()
    harness.sandbox.faults.add(Fault("POST", LINKS, RunBefore(stop.set)))
    harness.apply(stop=stop)
    add()
    with harness.ledger() as ledger:
        assert ledger.work().has_open_work()
    harness.apply()
    first, second = writes(harness, 1)[1], writes(harness, 2)[1]
    assert first.gallery is not None
    assert second.gallery is not None
    assert later not in first.gallery.before
    assert first.outcome in (WriteOutcome.WRITTEN, WriteOutcome.MIXED)
    assert second.gallery.before[:3] == (theirs, first.gallery.after[1], later)
    assert second.outcome is WriteOutcome.WRITTEN

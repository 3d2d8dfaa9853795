"""A process that dies while its writes are in flight, and another mapping then: as if it had not died."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from catalogue import product, rows
from executor.harness import SyncHarness
from sandbox_faults import DropAfterWork, DropBeforeWork, Fault, Sandbox

from amzsync.executor.engine.engine import Bounds
from amzsync.executor.engine.workers import Answered, Workers

Wanted = Sequence[tuple[str, str]]

SKUS = tuple(f"S{number}" for number in range(6))
OLD = (("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))
MAPPINGS = {
    "another MAIN": (("n", "MAIN"), ("b", "PT01"), ("c", "PT02")),
    "no MAIN": (("b", "MAIN"), ("c", "PT01")),
    "another order": (("c", "MAIN"), ("a", "PT01"), ("b", "PT02")),
    "another order and MAIN": (("n", "MAIN"), ("c", "PT01"), ("b", "PT02")),
    "nothing of it": (("x", "MAIN"), ("y", "PT01")),
    "one more": (("a", "MAIN"), ("b", "PT01"), ("n", "PT02"), ("c", "PT03")),
}


class Died(BaseException):
    """The process ends here."""


def die_with_writes_in_flight(
    harness: SyncHarness, monkeypatch: pytest.MonkeyPatch, *, arrived: bool
) -> None:
    """Work until each product's write has left, and see no answer to any of them."""
    answers = Workers.answers
    lost: list[Answered] = []

    def without_writes(workers: Workers, timeout_s: float) -> list[Answered]:
        told = answers(workers, timeout_s)
        lost.extend(one for one in told if one.tag.call.request.method == "PATCH")
        if len(lost) >= len(SKUS):
            raise Died
        return [one for one in told if one.tag.call.request.method != "PATCH"]

    fault = Fault("PATCH", "/products/[^/]+", DropAfterWork() if arrived else DropBeforeWork(), times=None)
    harness.sandbox.faults.add(fault)
    with monkeypatch.context() as patched:
        patched.setattr(Workers, "answers", without_writes)
        with pytest.raises(Died):
            harness.apply(bounds=Bounds(workers=16))
    harness.sandbox.faults.clear()
    assert rows(harness.path, "SELECT count(*) > 0 FROM links WHERE sent IS NOT NULL") == [(1,)]


def plan(harness: SyncHarness, wanted: Wanted) -> None:
    harness.plan(*(product(sku, *wanted) for sku in SKUS))


def unbroken(folder: Path, *mappings: Wanted) -> Mapping[str, object]:
    folder.mkdir()
    with Sandbox(limits=()) as sandbox:
        harness = SyncHarness(sandbox, folder / "amzsync.db")
        for wanted in mappings:
            plan(harness, wanted)
            harness.apply()
        return harness.pictures


@pytest.mark.parametrize("then", MAPPINGS)
@pytest.mark.parametrize("before", [(), MAPPINGS["no MAIN"]], ids=["at first", "on a gallery of ours"])
@pytest.mark.parametrize("refreshed", [False, True])
def test_killed_while_its_writes_arrive_it_ends_as_an_unbroken_run_of_both_mappings(
    harness: SyncHarness,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    then: str,
    before: Wanted,
    *,
    refreshed: bool,
) -> None:
    earlier = [before] if before else []
    for wanted in earlier:
        plan(harness, wanted)
        harness.apply()
    plan(harness, OLD)
    die_with_writes_in_flight(harness, monkeypatch, arrived=True)
    plan(harness, MAPPINGS[then])
    if refreshed:
        harness.refresh()
    ran = harness.apply()
    assert harness.pictures == unbroken(tmp_path / "unbroken", *earlier, OLD, MAPPINGS[then])
    assert ran.requests["link"] == 0
    assert harness.apply().total == 0


@pytest.mark.parametrize("then", MAPPINGS)
@pytest.mark.parametrize("arrived", [False, True])
def test_killed_twice_with_a_mapping_more_each_time_what_is_wanted_comes_first(
    harness: SyncHarness, monkeypatch: pytest.MonkeyPatch, then: str, *, arrived: bool
) -> None:
    plan(harness, (("b", "MAIN"), ("o", "PT01")))
    harness.apply()
    plan(harness, OLD)
    die_with_writes_in_flight(harness, monkeypatch, arrived=True)
    plan(harness, (("c", "MAIN"), ("n", "PT01"), ("a", "PT02")))
    die_with_writes_in_flight(harness, monkeypatch, arrived=arrived)
    plan(harness, MAPPINGS[then])
    ran = harness.apply()
    for _, gallery in harness.pictures.values():
        shown = [name.rpartition("_")[2].removesuffix(".jpg") for name in gallery]
        assert shown[: len(MAPPINGS[then])] == [image_id for image_id, _ in MAPPINGS[then]]
        assert {"b", "o"} <= set(shown)
    assert ran.requests["link"] == 0


def test_a_changed_order_that_never_left_is_written_after_all(
    harness: SyncHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(harness, OLD)
    harness.apply()
    plan(harness, MAPPINGS["another order"])
    die_with_writes_in_flight(harness, monkeypatch, arrived=False)
    harness.apply()
    assert {gallery for _, gallery in harness.pictures.values()} == {
        ("amazon_03_PT02_c.jpg", "amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg")
    }


@pytest.mark.parametrize("deed", ["adds", "reorders"])
def test_what_a_person_did_after_the_death_is_kept(
    harness: SyncHarness, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    plan(harness, OLD)
    die_with_writes_in_flight(harness, monkeypatch, arrived=True)
    theirs = harness.sandbox.add_asset("p.jpg")
    for sku in SKUS:
        ids = list(harness.sandbox.snapshot().products[sku].gallery_ids)
        harness.sandbox.set_gallery(sku, [theirs, *ids] if deed == "adds" else ids[::-1])
    before = harness.pictures
    plan(harness, MAPPINGS["another MAIN"])
    harness.apply()
    assert {sku: gallery[:-1] for sku, (_, gallery) in harness.pictures.items()} == {
        sku: gallery for sku, (_, gallery) in before.items()
    }


def test_a_picture_that_was_seen_not_to_be_there_is_a_persons_when_it_comes(
    harness: SyncHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(harness, OLD)
    die_with_writes_in_flight(harness, monkeypatch, arrived=False)
    plan(harness, MAPPINGS["another MAIN"])
    harness.apply()
    no_longer = next(
        one.id for one in harness.sandbox.snapshot().assets if one.filename == "amazon_01_MAIN_a.jpg"
    )
    for sku in SKUS:
        ids = harness.sandbox.snapshot().products[sku].gallery_ids
        harness.sandbox.set_gallery(sku, [no_longer, *ids])
    plan(harness, (("m", "MAIN"), *MAPPINGS["another MAIN"][1:]))
    harness.apply()
    assert {gallery[0] for _, gallery in harness.pictures.values()} == {"amazon_01_MAIN_a.jpg"}

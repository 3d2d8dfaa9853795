"""What a sync reads before it writes, in whichever form the account tells it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from catalogue import product
from executor.harness import SyncHarness
from sandbox_faults import Answer, Fault, RunBefore, Transform

from amzsync.executor.engine.engine import Bounds
from amzsync.sandbox import TypeClass

REFUSED = Answer(422, json.dumps({"error": {"msg": "Invalid operator"}}).encode())
BOOT = product("BOOT", ("a", "MAIN"), ("b", "PT01"))
NAMES = ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg")


def asks_in(body: Any) -> bool:
    return any(one["operator"] == "in" for group in body["filters"] for one in group)


def without_gallery(payload: Any) -> Any:
    for row in payload["data"]:
        row.pop("attributes", None)
    return payload


def without_media(payload: Any) -> Any:
    for row in payload["data"]:
        for key in ("attributes", "assets", "thumbnail"):
            row.pop(key, None)
    return payload


def as_ids(payload: Any) -> Any:
    for row in payload["data"]:
        gallery = row.get("attributes", {}).get("amazon_images")
        if gallery:
            row["attributes"]["amazon_images"] = [one["id"] for one in gallery]
    return payload


def test_an_account_that_refuses_in_is_asked_in_groups_from_then_on(harness: SyncHarness) -> None:
    harness.sandbox.faults.add(Fault("POST", "/products/search", REFUSED, times=None, body=asks_in))
    harness.plan(*(product(f"S{number}", ("a", "MAIN")) for number in range(130)))
    ran = harness.apply()
    assert {thumbnail for thumbnail, _ in harness.pictures.values()} == {NAMES[0]}
    refused = [one for one in harness.sandbox.history if one.status == 422]
    assert 1 <= len(refused) <= 3  # those in flight at once
    assert ran.requests["product_search"] - len(refused) <= 2 + 3


@pytest.mark.parametrize("change", [without_gallery, as_ids])
@pytest.mark.parametrize("person", [True, False])
def test_a_search_that_tells_little_never_costs_a_person_a_picture(
    harness: SyncHarness, change: Callable[[Any], Any], *, person: bool
) -> None:
    harness.sandbox.faults.add(Fault("POST", "/products/search", Transform(change), times=None))
    harness.sandbox.seed(["BOOT"])
    if person:
        harness.sandbox.set_gallery("BOOT", [harness.sandbox.add_asset("p.jpg")])
    harness.plan(BOOT)
    ran = harness.apply()
    assert harness.pictures["BOOT"] == (NAMES[0], ("p.jpg", *NAMES) if person else NAMES)
    # An empty product shows that it is empty: it is not read on its own.
    assert ran.requests["product_read"] == (1 if person and change is without_gallery else 0)


@pytest.mark.parametrize("person", [True, False])
def test_a_search_that_tells_no_media_at_all_is_checked_against_the_truth(
    harness: SyncHarness, *, person: bool
) -> None:
    harness.sandbox.faults.add(Fault("POST", "/products/search", Transform(without_media), times=None))
    harness.sandbox.seed([f"S{number}" for number in range(5)])
    if person:
        harness.sandbox.set_gallery("S3", [harness.sandbox.add_asset("p.jpg")])
    harness.plan(*(product(f"S{number}", ("a", "MAIN"), ("b", "PT01")) for number in range(5)))
    harness.apply()
    for number in range(5):
        theirs = ("p.jpg",) if person and number == 3 else ()
        assert harness.pictures[f"S{number}"] == (NAMES[0], (*theirs, *NAMES))


def test_skip_existing_looks_before_it_uploads_where_a_search_does_not_tell(harness: SyncHarness) -> None:
    harness.sandbox.faults.add(Fault("POST", "/products/search", Transform(without_gallery), times=None))
    harness.sandbox.seed(["BOOT"])
    harness.sandbox.set_gallery("BOOT", [harness.sandbox.add_asset("p.jpg")])
    harness.plan(BOOT, skip_existing=True)
    ran = harness.apply(skip_existing=True)
    assert harness.pictures == {"BOOT": (None, ("p.jpg",))}
    assert ran.requests["product_read"] == 1
    assert ran.requests["product_write"] == ran.requests["link"] == 0


def writes_a_gallery(body: Any) -> bool:
    return "attributes" in body


def show_nothing(payload: Any) -> Any:
    return {"data": [{"id": payload["data"][0]["id"]}]}


def leave_out_an_asset(payload: Any) -> Any:
    payload["data"][0]["attributes"]["amazon_images"].pop()
    return payload


def test_one_answer_that_does_not_show_a_write_makes_single_links_for_that_product_alone(
    harness: SyncHarness,
) -> None:
    harness.plan(*(product(f"S{number:02d}", ("a", "MAIN"), ("b", "PT01")) for number in range(30)))
    harness.sandbox.faults.add(
        Fault(
            "PATCH",
            "/products/[^/]+",
            Transform(leave_out_an_asset),
            times=2,
            after=3,
            body=writes_a_gallery,
        )
    )
    ran = harness.apply(bounds=Bounds(workers=1))
    assert set(harness.pictures.values()) == {(NAMES[0], NAMES)}
    assert 2 <= ran.requests["link"] <= 2 * 2
    assert ran.reported.notices == []


def test_where_answers_tell_nothing_of_a_write_the_product_is_read_and_written_as_a_whole_all_the_same(
    harness: SyncHarness,
) -> None:
    harness.plan(*(product(f"S{number:02d}", ("a", "MAIN"), ("b", "PT01")) for number in range(10)))
    harness.sandbox.faults.add(
        Fault("PATCH", "/products/[^/]+", Transform(show_nothing), times=None, body=writes_a_gallery)
    )
    harness.apply()
    harness.plan(*(product(f"S{number:02d}", ("b", "MAIN"), ("a", "PT01")) for number in range(10)))
    ran = harness.apply()
    assert {gallery for _, gallery in harness.pictures.values()} == {NAMES[::-1]}
    assert (ran.requests["product_write"], ran.requests["product_read"], ran.requests["link"]) == (10, 10, 0)
    assert ran.reported.notices == []


def test_where_answers_do_not_show_writes_again_and_again_the_run_goes_on_by_single_links(
    harness: SyncHarness,
) -> None:
    harness.plan(*(product(f"S{number:02d}", ("a", "MAIN"), ("b", "PT01")) for number in range(30)))
    harness.sandbox.faults.add(
        Fault("PATCH", "/products/[^/]+", Transform(leave_out_an_asset), times=None, body=writes_a_gallery)
    )
    ran = harness.apply(bounds=Bounds(workers=1))
    assert set(harness.pictures.values()) == {(NAMES[0], NAMES)}
    replacing = [one for one in harness.sandbox.faults.fired if one.method == "PATCH"]
    assert len(replacing) == 3
    assert len(ran.reported.notices) == 1
    assert "3 of the last 3 writes" in ran.reported.notices[0]


@pytest.mark.parametrize(
    ("type_class", "says"),
    [(None, "no product attribute"), (TypeClass.MEDIA, "MediaAttribute"), (TypeClass.TEXT, "TextAttribute")],
)
def test_without_its_gallery_a_run_stops_before_the_first_upload(
    harness_with: Callable[..., SyncHarness], type_class: TypeClass | None, says: str
) -> None:
    harness = harness_with(gallery_labels=())
    if type_class:
        harness.sandbox.add_attribute("Amazon Images", type_class)
    harness.plan(BOOT)
    ran = harness.apply()
    assert ran.error is not None
    assert says in ran.error.message
    assert "--gallery" in ran.error.next_step
    assert ran.writes == 0
    harness.sandbox.add_attribute("Photos", TypeClass.MEDIA_GALLERY)
    harness.plan(BOOT, gallery="photos")
    assert harness.apply(gallery="photos").error is None


@dataclass
class FakeClock:
    """Time that passes by itself, and leaps when told to."""

    ahead_s: float = 0.0
    real: Callable[[], float] = time.monotonic

    def __call__(self) -> float:
        return self.real() + self.ahead_s


@dataclass
class Readings:
    """When each product's gallery was last read, and how old that was at each write of a gallery."""

    clock: FakeClock
    read_at: dict[str, float] = field(default_factory=dict)
    ages: dict[str, float] = field(default_factory=dict)

    def read(self, body: Any) -> bool:
        for group in body["filters"]:
            for one in group:
                if one["field"] == "sku":
                    self.read_at |= dict.fromkeys(one["value"], self.clock())
        return False

    def write(self, sku: str) -> Callable[[], None]:
        return lambda: self.ages.update({sku: self.clock() - self.read_at[sku]})


def test_a_write_that_replaces_arrives_within_three_seconds_of_its_reading(harness: SyncHarness) -> None:
    clock = FakeClock()
    readings = Readings(clock)
    products = [product(f"S{number}", (f"a{number}", "MAIN"), ("b", "PT01")) for number in range(30)]
    harness.sandbox.seed(one.sku for one in products)

    def an_upload_takes_long() -> None:
        clock.ahead_s += 1.0

    harness.sandbox.faults.add(
        Fault("POST", "/products/search", Answer(500), body=readings.read),
        Fault("POST", "/assets", RunBefore(an_upload_takes_long), times=None),
        *(
            Fault(
                "PATCH",
                f"/products/{harness.sandbox.product_id(one.sku)}",
                RunBefore(readings.write(one.sku)),
                times=None,
            )
            for one in products
        ),
    )
    harness.plan(*products)
    # One request at a time: else time would leap while a write is on its way.
    harness.apply(clock=clock, bounds=Bounds(workers=1))
    assert len(readings.ages) == 30
    assert max(readings.ages.values()) <= 3
    assert clock.ahead_s == 31


@pytest.mark.parametrize(
    ("monotonic_s", "wall_s"),
    [
        pytest.param(60, 0, id="time that only the monotonic clock counts"),
        pytest.param(0, 60, id="a suspended machine, whose monotonic clock stands still"),
        pytest.param(60, -3600, id="a wall clock that is set back"),
    ],
)
def test_what_a_person_did_during_the_uploads_is_seen_before_the_write(
    harness: SyncHarness, monotonic_s: float, wall_s: float
) -> None:
    clock, wall = FakeClock(), FakeClock(real=time.time)
    skus = [f"S{number}" for number in range(12)]
    harness.sandbox.seed(skus)

    def a_person_at_work() -> None:
        for sku in skus:
            harness.sandbox.set_gallery(sku, [harness.sandbox.add_asset(f"p{sku}.jpg")])
        clock.ahead_s += monotonic_s
        wall.ahead_s += wall_s

    harness.sandbox.faults.add(Fault("POST", "/assets", RunBefore(a_person_at_work), times=1))
    harness.plan(*(product(sku, ("a", "MAIN"), ("b", "PT01")) for sku in skus))
    harness.apply(clock=clock, wall=wall)
    assert harness.pictures == {sku: (NAMES[0], (f"p{sku}.jpg", *NAMES)) for sku in skus}


@pytest.mark.parametrize("answer", [Answer(503), Answer(429, b"", {"Retry-After": "0.01"}), Answer(401)])
def test_a_write_that_is_sent_again_rests_on_a_fresh_reading_too(
    harness: SyncHarness, answer: Answer
) -> None:
    wall = FakeClock(real=time.time)
    harness.sandbox.seed(["BOOT"])

    def a_person_at_work() -> None:
        harness.sandbox.set_gallery("BOOT", [harness.sandbox.add_asset("p.jpg")])
        wall.ahead_s += 60

    def is_first(_body: Any) -> bool:
        if not wall.ahead_s:
            a_person_at_work()
        return True

    harness.sandbox.faults.add(Fault("PATCH", "/products/[^/]+", answer, body=is_first))
    harness.plan(BOOT)
    harness.apply(wall=wall)
    assert harness.pictures["BOOT"] == (NAMES[0], ("p.jpg", *NAMES))


def test_a_product_deleted_during_the_uploads_is_skipped(harness: SyncHarness) -> None:
    clock = FakeClock()
    harness.sandbox.seed(["BOOT", "SHOE"])

    def a_person_at_work() -> None:
        clock.ahead_s += 60
        harness.sandbox.delete_product("BOOT")

    harness.sandbox.faults.add(Fault("POST", "/assets", RunBefore(a_person_at_work), times=1))
    harness.plan(BOOT, product("SHOE", ("c", "MAIN")))
    ran = harness.apply(clock=clock)
    assert ran.totals is not None
    assert ran.totals.products_not_found == ("BOOT",)
    assert harness.gallery("SHOE") == ["amazon_01_MAIN_c.jpg"]

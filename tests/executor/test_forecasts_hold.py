"""The number of requests that a plan tells is an upper bound, which a normal run keeps."""

import itertools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from catalogue import GALLERY, picture, product
from executor.harness import Ran, SyncHarness
from executor.scheduler_driver import Names, SchedulerDriver, call, keys_of, look_up
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_faults import Latency, Sandbox

from amzsync.domain.product import Product
from amzsync.executor.scheduler.script import Script, Send, Shared
from amzsync.executor.scripts.gallery_check import is_checked
from amzsync.ledger.tasks import RemovalCost
from amzsync.limits.forecast import TakingOut, forecast, reread_size
from amzsync.plytix.wire import RequestKind

VARIANTS = ("MAIN", *(f"PT{number:02d}" for number in range(1, 9)))
SLOW_UPLOADS = Latency(upload_s=(0.0, 0.1), other_s=(0.0, 0.005), seed=3)

galleries = st.lists(st.integers(0, 40), unique=True, max_size=6)
catalogues = st.lists(galleries, max_size=30)


def products_of(catalogue: Sequence[Sequence[int]]) -> list[Product]:
    return [
        product(
            f"S{number:03d}",
            *((f"i{image:04d}", variant) for image, variant in zip(images, VARIANTS, strict=False)),
        )
        for number, images in enumerate(catalogue)
    ]


def apply_within_the_forecast(harness: SyncHarness, *, prunes: bool = False) -> tuple[int, Ran]:
    """What was told, and what came of it."""
    with harness.ledger() as ledger:
        left = ledger.queries.outstanding()
        cost = ledger.work().removal_cost() if prunes else RemovalCost()
        told = forecast(
            products=left.products,
            assets=left.assets,
            limits=(),
            single_links=left.single_links,
            gallery_is_known=is_checked(ledger.runs, GALLERY),
            taking_out=TakingOut(cost.products, cost.writes),
        )
    ran = harness.apply(prunes=prunes)
    assert ran.total <= told.requests, ran.requests
    return told.requests, ran


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(first=catalogues, second=catalogues, unknown=st.sets(st.integers(0, 30)), is_slow=st.booleans())
def test_no_run_takes_more_requests_than_were_told(
    first: list[list[int]], second: list[list[int]], unknown: set[int], *, is_slow: bool
) -> None:
    latency = SLOW_UPLOADS if is_slow else None
    with tempfile.TemporaryDirectory() as folder, Sandbox(limits=(), latency=latency) as sandbox:
        harness = SyncHarness(sandbox, Path(folder) / "amzsync.db")
        sandbox.seed(f"S{number:03d}" for number in range(30) if number not in unknown)
        for catalogue in (first, second):
            harness.plan(*products_of(catalogue), seed=False)
            apply_within_the_forecast(harness)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    first=catalogues,
    second=catalogues,
    by_hand=st.dictionaries(st.integers(0, 29), st.booleans(), max_size=8),
)
def test_no_apply_that_prunes_takes_more_requests_than_were_told(
    first: list[list[int]], second: list[list[int]], by_hand: dict[int, bool]
) -> None:
    """A person's picture stands in some galleries from the start, and in others after the first apply."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(limits=()) as sandbox:
        harness = SyncHarness(sandbox, Path(folder) / "amzsync.db")
        skus = [f"S{number:03d}" for number in range(30)]
        sandbox.seed(skus)
        own = {number: sandbox.add_asset(f"p{number}.jpg") for number in by_hand}
        for number, is_later in by_hand.items():
            if not is_later:
                sandbox.set_gallery(skus[number], [own[number]])
        harness.plan(*products_of(first), seed=False)
        harness.apply()
        for number, is_later in by_hand.items():
            if is_later:
                gallery = sandbox.snapshot().products[skus[number]].gallery_ids
                sandbox.set_gallery(skus[number], [*gallery, own[number]])
        harness.refresh()
        harness.plan(*products_of(second), seed=False, complete=True)
        # Of a product that was not wanted before, nothing has been seen yet.
        harness.refresh()
        apply_within_the_forecast(harness, prunes=True)


def test_what_an_apply_takes_out_besides_is_told_and_little_more(harness: SyncHarness) -> None:
    harness.plan(*products_of([[number * 3 + offset for offset in range(6)] for number in range(60)]))
    harness.apply()
    fewer = products_of([[number * 3 + offset for offset in range(3)] for number in range(60)])
    harness.plan(*fewer)
    told, ran = apply_within_the_forecast(harness, prunes=True)
    assert ran.requests["product_write"] == 60
    assert told <= ran.total * 1.05


def test_images_for_galleries_that_hold_others_are_told_one_by_one(harness: SyncHarness) -> None:
    one = product("S1", *((f"i{number}", variant) for number, variant in enumerate(VARIANTS)))
    harness.sandbox.seed(["S1"])
    asset = harness.sandbox.add_asset("amazon_01_MAIN_i0.jpg", picture("i0"))
    harness.sandbox.set_gallery("S1", [asset])
    harness.plan(one)
    harness.refresh()
    told, ran = apply_within_the_forecast(harness)
    assert ran.requests[RequestKind.LINK] == 8
    assert told <= ran.total + 3


def test_a_large_catalogue_takes_at_most_what_was_told_and_little_less(harness: SyncHarness) -> None:
    catalogue = [[number * 3 + offset for offset in range(6)] for number in range(270)]
    harness.plan(*products_of(catalogue))
    told, ran = apply_within_the_forecast(harness)
    assert told <= ran.total * 1.03


# Readings just before a write.


def uploading(name: str, query: Names) -> Script[str]:
    def upload() -> Script[str]:
        yield Send(call(RequestKind.ASSET_UPLOAD, name=name))
        return name

    yield from look_up(name, query)
    yield Shared({hash(name): upload})
    return (yield from look_up(name, query, fresh=True))


def fresh_batches(number: int, answered: Callable[[int], int]) -> list[int]:
    """The sizes of the readings that products get, whose uploads are answered so many at a time."""
    query = Names()
    run = SchedulerDriver(uploading(f"p{n}", query) for n in range(number))
    run.answer_search(run.must_send())
    uploads = iter(run.all_now())
    sizes = []
    for turn in itertools.count():
        answering = list(itertools.islice(uploads, answered(turn)))
        for upload in answering:
            run.answer(upload, "an asset")
        batches = run.all_now()
        sizes += [len(keys_of(one)) for one in batches]
        for one in batches:
            run.answer_search(one)
        if not answering:
            assert len(run.results) == number
            return sizes
    raise AssertionError


@given(number=st.integers(1, 99), steps=st.lists(st.integers(1, 40), min_size=1))
def test_a_part_of_a_batch_is_read_only_where_that_costs_no_more_searches(
    number: int, steps: list[int]
) -> None:
    sizes = fresh_batches(number, lambda turn: steps[turn % len(steps)])
    assert sum(sizes) == number
    assert len(sizes) <= -(-number // reread_size(()))

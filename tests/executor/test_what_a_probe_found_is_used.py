"""What a probe found saves requests, and where it is no longer true it does no harm."""

from collections.abc import Callable, Mapping
from contextlib import closing

import pytest
from catalogue import GALLERY, product
from executor.harness import SyncHarness
from sandbox_faults import Sandbox

from amzsync.cli.planning import forecast_of
from amzsync.domain.beliefs import AccountAnswers, Question
from amzsync.domain.product import Product
from amzsync.executor.engine.freshness import MAX_READING_AGE_S
from amzsync.executor.run import RunContext, Server, probe
from amzsync.ledger.ledger import Ledger
from amzsync.plytix.auth import Credentials, Secret
from amzsync.sandbox import TypeClass, parse_behaviour

ADDRESSES = tuple(f"https://m.media-amazon.com/images/I/6{letter}wixnPXtlL.jpg" for letter in "xyz")
TELLS: Mapping[Question, str | float] = {Question.GALLERY: "told", Question.EMPTY: "absent"}
PATCH, GET = "PATCH /products/{id}", "GET /products/{id}"
LINK = "POST /products/{id}/assets"

Start = Callable[[str], SyncHarness]


@pytest.fixture
def account(harness_with: Callable[..., SyncHarness]) -> Start:
    return lambda words: harness_with(behaviour=parse_behaviour([words]))


def _probe(harness: SyncHarness) -> None:
    with closing(Ledger.write(harness.path)) as ledger:
        credentials = Credentials(Secret("sandbox-key"), Secret("sandbox-password"))
        server = Server(harness.sandbox.url, harness.sandbox.auth_url, credentials)
        context = RunContext(ledger=ledger, server=server, limits=(), gallery_label=GALLERY)
        assert probe(context, ADDRESSES).is_complete


def _keep(harness: SyncHarness, answers: Mapping[Question, str | float], gallery: str = GALLERY) -> None:
    """As a probe would."""
    with closing(Ledger.write(harness.path)) as ledger:
        ledger.probes.keep(ledger.probes.start(gallery, f"{gallery}{len(answers)}"), answers)


def _products(number: int, first: int = 1) -> list[Product]:
    return [
        product(f"S{one}", (f"a{one}", "MAIN"), (f"b{one}", "PT01")) for one in range(first, first + number)
    ]


def _with_other_pictures(sandbox: Sandbox, *skus: str) -> None:
    """Products that hold a picture elsewhere: their searches tell assets, and no gallery."""
    label = sandbox.add_attribute("Other Images", TypeClass.MEDIA_GALLERY)
    other = sandbox.add_asset("other.jpg")
    for sku in skus:
        sandbox.set_gallery(sku, [other], label)


def _is_complete(harness: SyncHarness, number: int) -> bool:
    return all(len(harness.gallery(f"S{one}")) == 2 for one in range(1, number + 1))


@pytest.mark.parametrize("way", ["patch=append", "patch=ignore", "patch=refuse", "order=reversed"])
def test_an_account_that_replaces_no_gallery_is_linked_from_the_first_product_on(
    account: Start, way: str
) -> None:
    harness = account(way)
    _probe(harness)
    before = harness.sandbox.counts[PATCH]
    harness.plan(*_products(6))
    ran = harness.apply()
    assert _is_complete(harness, 6)
    # One write for each thumbnail, none of a gallery.
    assert (ran.asked[LINK], harness.sandbox.counts[PATCH] - before) == (12, 6)
    assert harness.failures() == []
    assert [harness.gallery(f"S{one}") for one in range(1, 7)] == [
        [f"amazon_01_MAIN_a{one}.jpg", f"amazon_02_PT01_b{one}.jpg"] for one in range(1, 7)
    ]
    assert any("probe" in notice for notice in ran.reported.notices)


@pytest.mark.parametrize("way", ["patch=append", "patch=ignore", "patch=refuse"])
def test_the_same_account_costs_failed_writes_without_a_probe(account: Start, way: str) -> None:
    harness = account(way)
    harness.plan(*_products(6))
    ran = harness.apply()
    assert _is_complete(harness, 6)
    if way != "patch=append":
        # What is appended to an empty gallery is as if it was replaced.
        assert ran.asked[PATCH] > 6


def test_a_record_that_is_no_longer_true_costs_requests_and_nothing_else(account: Start) -> None:
    harness = account("")
    _keep(harness, {Question.PATCH: "append"})
    harness.plan(*_products(3))
    ran = harness.apply()
    assert (_is_complete(harness, 3), harness.failures(), ran.asked[LINK]) == (True, [], 6)


def test_a_probe_of_another_gallery_and_one_that_did_not_end_say_nothing(account: Start) -> None:
    harness = account("")
    _keep(harness, {Question.PATCH: "append"}, "another_gallery")
    with closing(Ledger.write(harness.path)) as ledger:
        ledger.probes.start(GALLERY, "unfinished")
    harness.plan(*_products(3))
    ran = harness.apply()
    assert (ran.asked[LINK], ran.asked[PATCH]) == (0, 3)


@pytest.mark.parametrize(("is_probed", "read_alone"), [(False, 5), (True, 0)])
def test_galleries_that_searches_tell_are_not_asked_for_twice(
    account: Start, *, is_probed: bool, read_alone: int
) -> None:
    harness = account("")
    harness.plan(*_products(1))
    harness.apply()
    if is_probed:
        _keep(harness, TELLS)
    products = _products(6)
    harness.plan(*products)
    _with_other_pictures(harness.sandbox, *(f"S{one}" for one in range(2, 7)))
    ran = harness.apply()
    assert ran.asked[GET] == read_alone
    assert ran.asked[PATCH] == 5
    assert _is_complete(harness, 6)


@pytest.mark.parametrize(("is_probed", "read_alone"), [(False, 5), (True, 0)])
def test_a_check_does_not_ask_for_them_twice_either(
    account: Start, *, is_probed: bool, read_alone: int
) -> None:
    harness = account("")
    harness.plan(*_products(1))
    harness.apply()
    harness.plan(*_products(6))
    _with_other_pictures(harness.sandbox, *(f"S{one}" for one in range(2, 7)))
    if is_probed:
        _keep(harness, TELLS)
    ran = harness.check()
    assert ran.asked[GET] == read_alone
    assert ran.checked is not None
    assert len(ran.checked.differences) == 5


def test_without_a_product_that_shows_it_galleries_are_asked_for_as_before(account: Start) -> None:
    harness = account("")
    _keep(harness, TELLS)
    harness.plan(*_products(3))
    _with_other_pictures(harness.sandbox, "S1", "S2", "S3")
    ran = harness.apply()
    assert ran.asked[GET] == 3
    assert _is_complete(harness, 3)


def test_no_persons_picture_is_lost_where_searches_have_ceased_to_tell_galleries(account: Start) -> None:
    harness = account("gallery=untold")
    harness.plan(*_products(1))
    harness.apply()
    _keep(harness, TELLS)
    harness.plan(*_products(4))
    theirs = harness.sandbox.add_asset("theirs.jpg")
    for sku in ("S2", "S4"):
        harness.sandbox.set_gallery(sku, [theirs])
    ran = harness.apply()
    assert [harness.gallery(sku)[0] for sku in ("S2", "S4")] == ["theirs.jpg"] * 2
    assert {len(harness.gallery(sku)) for sku in ("S2", "S4")} == {3}
    assert ran.asked[GET] >= 2
    assert harness.failures() == []


def test_a_search_that_is_behind_is_waited_for_before_a_check(account: Start) -> None:
    harness = account("lag=2")
    _keep(harness, {Question.LINK_LAG: 2.5})
    harness.plan(*_products(2))
    harness.apply()
    checked = harness.check().checked
    assert checked is not None
    assert checked.differences == ()


def test_a_picture_that_no_search_shows_yet_is_waited_for(account: Start) -> None:
    harness = account("lag=2,exists=no-id")
    shared = ("shared", "MAIN")
    harness.plan(product("S1", shared))
    harness.apply()
    harness.delete_ledger()
    _keep(harness, {Question.ASSET_LAG: 2.5})
    harness.plan(product("S2", shared))
    harness.apply()
    assert harness.failures() == []
    assert harness.gallery("S2") == ["amazon_01_MAIN_shared.jpg"]


@pytest.mark.parametrize(
    ("way", "answers"),
    [("patch=ignore", {Question.PATCH: "ignore"}), ("", {Question.LINK_LAG: 8.0})],
    ids=["one by one", "read alone"],
)
def test_a_plan_tells_the_requests_of_such_an_account(
    account: Start, way: str, answers: Mapping[Question, str | float]
) -> None:
    harness = account(way)
    harness.plan(*_products(12))
    with harness.ledger() as ledger:
        believed = forecast_of(ledger.queries.outstanding(), (), ledger, GALLERY)
    _keep(harness, answers)
    with harness.ledger() as ledger:
        told = forecast_of(ledger.queries.outstanding(), (), ledger, GALLERY)
    ran = harness.apply()
    assert believed.requests < ran.total <= told.requests


def test_a_search_may_be_as_far_behind_as_a_reading_may_be_old() -> None:
    assert not AccountAnswers(search_lag_s=MAX_READING_AGE_S).reads_alone
    assert AccountAnswers(search_lag_s=MAX_READING_AGE_S + 0.1).reads_alone


def test_where_searches_are_far_behind_no_write_rests_on_one(account: Start) -> None:
    harness = account("")
    _keep(harness, {Question.LINK_LAG: 8.0})
    harness.plan(*_products(2))
    ran = harness.apply()
    assert ran.asked[GET] >= 2
    assert ran.asked[PATCH] == 2
    assert _is_complete(harness, 2)

"""What the answers of a probe's requests say, each way of answering told from the others."""

import pytest

from amzsync.executor.scripts.probe_reading import (
    counts_answer,
    exists_answer,
    link_answer,
    linked_answer,
    order_answer,
    patch_answer,
    shown_answer,
    unlink_answer,
)
from amzsync.plytix.trials import AssetTrial, CountedAssets, ProductTrial
from amzsync.plytix.wire import PlytixAsset, PlytixProduct

PRODUCT = PlytixProduct("p", "S")


@pytest.mark.parametrize(
    ("before", "written", "stood", "answer"),
    [
        ("ba", "ca", "ca", "replace"),
        ("ba", "ca", "ac", "replace"),
        ("ba", "ca", "bac", "append"),
        ("ba", "ca", "ba", "ignore"),
        ("ba", "ca", "", "else"),
        ("ba", "a", "a", "replace"),
        ("ba", "a", "ba", "ignore"),
        ("ba", "ca", "bacx", "else"),
    ],
)
def test_a_write_replaces_appends_or_is_ignored(before: str, written: str, stood: str, answer: str) -> None:
    assert patch_answer(before, written, stood) == answer


@pytest.mark.parametrize(
    ("written", "stood", "answer"),
    [
        ("ba", "ba", "kept"),
        ("ba", "xbya", "kept"),
        ("ba", "ab", "reversed"),
        ("abc", "bac", "changed"),
        ("ba", "b", None),
        ("ba", "", None),
    ],
)
def test_an_order_is_kept_reversed_or_changed(written: str, stood: str, answer: str | None) -> None:
    assert order_answer(written, stood) == answer


@pytest.mark.parametrize(
    ("trial", "stood", "answer"),
    [
        (ProductTrial(200), ("a",), "empty"),
        (ProductTrial(200, PRODUCT), ("a",), "untold"),
        (ProductTrial(200, PRODUCT), (), "whole"),
        (ProductTrial(200, PlytixProduct("p", "S", gallery=("a",))), ("a",), "whole"),
        (ProductTrial(200, PlytixProduct("p", "S", gallery=("a",))), (), "other"),
    ],
)
def test_an_answer_shows_what_stands_or_does_not(
    trial: ProductTrial, stood: tuple[str, ...], answer: str
) -> None:
    assert shown_answer(trial, stood) == answer


@pytest.mark.parametrize(
    ("before", "stood", "answer"),
    [("ab", "abc", "appends"), ("ab", "ab", "ignored"), ("ab", "c", "replaces"), ("ab", "cab", "inserts")],
)
def test_a_link_appends_or_does_something_else(before: str, stood: str, answer: str) -> None:
    assert link_answer(before, "c", stood) == answer


def test_a_link_that_is_there_is_told_by_status_and_fields() -> None:
    assert linked_answer(ProductTrial(409, has_fields=True)) == "409"
    assert linked_answer(ProductTrial(409)) == "409-bare"
    assert linked_answer(ProductTrial(201)) == "201"


@pytest.mark.parametrize(
    ("after", "answer"),
    [
        (PRODUCT, "everywhere"),
        (PlytixProduct("p", "S", thumbnail_id="a"), "one"),
        (PlytixProduct("p", "S", gallery=("a",)), "one"),
        (PlytixProduct("p", "S", gallery=("a",), thumbnail_id="a"), "nowhere"),
    ],
)
def test_an_unlink_takes_from_one_place_or_from_all(after: PlytixProduct, answer: str) -> None:
    before = PlytixProduct("p", "S", gallery=("a",), thumbnail_id="a")
    assert unlink_answer(before, after, "a") == answer
    assert unlink_answer(PlytixProduct("p", "S", gallery=("a",)), PRODUCT, "a") is None


def test_an_asset_that_is_there_is_refused_in_one_of_several_forms() -> None:
    assert exists_answer(AssetTrial(409, known_id="a", in_errors=True)) == "errors"
    assert exists_answer(AssetTrial(409, known_id="a")) == "existing-id"
    assert exists_answer(AssetTrial(409)) == "no-id"
    assert exists_answer(AssetTrial(422)) == "422"
    assert exists_answer(AssetTrial(201, PlytixAsset("b", "b.jpg"))) == "second"


@pytest.mark.parametrize(
    ("rows", "count", "total", "answer"),
    [
        (2, 2, 3, "right"),
        (2, 3, 3, "hits"),
        (2, 2, 900, "unfiltered"),
        (2, 2, None, "missing"),
        (2, None, None, "missing"),
        (3, 3, 3, None),
        (0, 0, 0, None),
    ],
)
def test_the_numbers_of_a_search_are_right_or_wrong_in_one_of_several_ways(
    rows: int, count: int | None, total: int | None, answer: str | None
) -> None:
    assets = tuple(PlytixAsset(str(row), f"{row}.jpg") for row in range(rows))
    assert counts_answer(CountedAssets(assets, is_full=True, count=count, total=total), 3) == answer

"""The searches that many scripts share: what each asks for, what a page tells, and what a refusal means."""

from collections.abc import Callable
from typing import Any

import pytest

from amzsync.executor.scheduler.script import OnRefusal
from amzsync.executor.scripts.bulk import (
    AssetsByName,
    AssetsByPicture,
    AssetsInUse,
    ProductsAndMedia,
    ProductsBySku,
)
from amzsync.plytix.wire import AssetPage, PlytixAsset, PlytixProduct, ProductPage

QUERIES: dict[str, Callable[[], Any]] = {
    "products by SKU": lambda: ProductsBySku("gallery"),
    "products with all media": lambda: ProductsAndMedia("gallery", ["front"]),
    "assets by name": AssetsByName,
    "assets by picture": AssetsByPicture,
    "assets in use": AssetsInUse,
}


def body_of(query: Any, page: int = 1) -> Any:
    return query.call(["a", "b"], page).request.body


def filters_of(query: Any) -> Any:
    return body_of(query)["filters"]


def asset(plytix_id: str, filename: str) -> PlytixAsset:
    return PlytixAsset(plytix_id, filename)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_the_page_that_is_wanted_is_asked_for(query: Callable[[], Any]) -> None:
    assert [body_of(query(), page)["pagination"]["page"] for page in (1, 2)] == [1, 2]


def test_of_two_assets_with_one_name_and_two_products_with_one_sku_the_first_is_taken() -> None:
    page = AssetPage((asset("1", "a.jpg"), asset("2", "a.jpg"), asset("3", "A.jpg")), is_full=True)
    assert AssetsByName().read(page) == ({"a.jpg": "1", "A.jpg": "3"}, True)
    first, second = PlytixProduct("1", "SHOE"), PlytixProduct("2", "SHOE")
    products = ProductPage((first, second), is_full=False)
    assert ProductsBySku("gallery").read(products) == ({"SHOE": first}, False)


def test_assets_in_use_are_told_by_their_ids() -> None:
    one = asset("1", "a.jpg")
    assert AssetsInUse().read(AssetPage((one,), is_full=True)) == ({"1": one}, True)


def test_of_assets_with_a_part_in_their_name_only_those_count_that_were_named_for_that_picture() -> None:
    own, other = asset("1", "amazon_10_SWATCH_a.jpg"), asset("2", "amazon_13_BACK_a.jpg")
    page = AssetPage(
        (asset("3", "banana.jpg"), own, other, asset("4", "amazon_01_MAIN_aa.jpg")), is_full=False
    )
    found, _ = AssetsByPicture().read(page)
    assert found["a.jpg"] == own
    assert filters_of(AssetsByPicture())[0] == [{"field": "filename", "operator": "like", "value": "a"}]


@pytest.mark.parametrize("query", [AssetsByName(), AssetsByPicture(), AssetsInUse()])
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_search_for_assets_is_asked_in_halves(query: Any, status: int) -> None:
    assert query.refused(status, 0) is OnRefusal.SPLIT


def test_where_in_is_refused_each_sku_is_asked_for_by_itself_and_once_only() -> None:
    query = ProductsBySku("gallery")
    assert filters_of(query) == [[{"field": "sku", "operator": "in", "value": ["a", "b"]}]]
    assert query.refused(400, 0) is OnRefusal.STOP
    assert query.form == 0
    assert query.refused(422, 0) is OnRefusal.ASK_AGAIN
    assert query.form == 1
    assert [[one["value"] for one in group] for group in filters_of(query)] == [["a"], ["b"]]
    assert query.refused(422, 1) is OnRefusal.STOP


def test_a_refused_search_for_all_media_leaves_out_the_labels_first_and_in_next() -> None:
    query = ProductsAndMedia("gallery", ["front"])
    assert query.shows_all_media
    assert "attributes.front" in body_of(query)["attributes"]
    assert query.refused(400, 0) is OnRefusal.STOP
    assert query.shows_all_media
    assert query.refused(422, 0) is OnRefusal.ASK_AGAIN
    assert (query.form, query.shows_all_media) == (1, False)
    assert "attributes.front" not in body_of(query)["attributes"]
    assert len(filters_of(query)) == 1
    assert query.refused(422, 1) is OnRefusal.ASK_AGAIN
    assert query.form == 2
    assert len(filters_of(query)) == 2
    assert query.refused(422, 2) is OnRefusal.STOP


def test_a_search_that_was_refused_in_an_older_form_does_not_take_the_newer_one_back() -> None:
    query = ProductsAndMedia("gallery", ["front"])
    assert query.refused(422, 1) is OnRefusal.ASK_AGAIN
    assert query.refused(422, 0) is OnRefusal.ASK_AGAIN
    assert query.form == 2


def test_where_the_labels_of_media_are_not_known_none_is_asked_for() -> None:
    query = ProductsAndMedia("gallery", None)
    assert not query.shows_all_media
    assert body_of(query)["attributes"][-1] == "attributes.gallery"
    assert len(filters_of(query)) == 1

"""A family decides which attributes a product can have; only the whole product tells which."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sandbox.conftest import Api

GALLERY = "amazon_images"


@pytest.fixture
def outside(api: Api) -> str:
    """The id of product B, whose family has no gallery."""
    api.sandbox.set_family("B", api.sandbox.add_family("Books"))
    return api.sandbox.product_id("B")


def attributes(api: Api, product: str, query: str = "?all_attributes=true") -> dict[str, object]:
    shown: dict[str, object] = api.data("GET", f"/products/{product}{query}")[0]["attributes"]
    return shown


def test_all_attributes_tells_an_empty_gallery_as_null_and_else_it_is_absent(api: Api, product: str) -> None:
    assert attributes(api, product) == {GALLERY: None}
    assert attributes(api, product, "") == attributes(api, product, "?all_attributes=false") == {}


def test_all_attributes_leaves_out_what_does_not_belong_to_the_family(api: Api, outside: str) -> None:
    assert attributes(api, outside) == {}
    (shown,) = api.data("GET", f"/products/{outside}")
    assert shown["product_family_id"]


def test_a_gallery_outside_the_family_is_refused_in_every_write(api: Api, outside: str) -> None:
    asset = api.upload()
    error = api.refusal(
        "PATCH", f"/products/{outside}", {"attributes": {GALLERY: [{"id": asset}]}}, status=422
    )
    assert error["errors"][0]["field"] == f"attributes.{GALLERY}"
    link = {"id": asset, "attribute_label": GALLERY}
    error = api.refusal("POST", f"/products/{outside}/assets", link, status=422)
    assert error["errors"][0]["field"] == "attribute_label"
    assert api.sandbox.snapshot().products["B"].linked_ids == frozenset()
    api.data("PATCH", f"/products/{outside}", {"thumbnail": {"id": asset}})


def test_what_is_linked_to_a_family_can_be_written(api: Api, outside: str) -> None:
    (shown,) = api.data("GET", f"/products/{outside}")
    family = shown["product_family_id"]
    assert api.data("GET", f"/product_families/{family}/all_attributes") == []
    api.data("POST", f"/product_families/{family}/attributes/link", {"attributes": [GALLERY]})
    (linked,) = api.data("GET", f"/product_families/{family}/all_attributes")
    assert linked["label"] == GALLERY
    asset = api.upload()
    api.data("PATCH", f"/products/{outside}", {"attributes": {GALLERY: [{"id": asset}]}})
    assert api.gallery(outside) == [asset]


@pytest.mark.parametrize("body", [{}, {"attributes": []}, {"attributes": "x"}, {"attributes": ["no_such"]}])
def test_only_labels_that_exist_are_linked_to_a_family(api: Api, outside: str, body: object) -> None:
    family = api.data("GET", f"/products/{outside}")[0]["product_family_id"]
    api.refusal("POST", f"/product_families/{family}/attributes/link", body, status=422)


def test_a_family_that_does_not_exist_is_not_found(api: Api) -> None:
    api.refusal("GET", "/product_families/none/all_attributes", status=404)
    api.refusal("POST", "/product_families/none/attributes/link", {"attributes": [GALLERY]}, status=404)


def test_a_search_shows_nothing_of_a_gallery_outside_the_family(api: Api, outside: str) -> None:
    api.sandbox.set_gallery("B", [api.upload()])
    (found,) = api.search(
        "products", [[{"field": "id", "operator": "eq", "value": outside}]], f"attributes.{GALLERY}"
    )
    assert found["attributes"] == {}


def test_families_are_there_after_a_restart(api_of: Callable[..., Api], tmp_path: Path) -> None:
    api = api_of(path=tmp_path / "account")
    api.sandbox.seed(["B"])
    api.sandbox.set_family("B", api.sandbox.add_family("Books", [GALLERY]))
    api.sandbox.stop()
    api.sandbox.start()
    api.get_token()
    assert attributes(api, api.sandbox.product_id("B")) == {GALLERY: None}

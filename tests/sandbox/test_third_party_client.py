"""The client that others use for the real Plytix works here without a change but its addresses."""

import logging
from collections.abc import Iterator

import pytest
from plytix_pim_client import OperatorEnum, PlytixSync, SearchFilter, config
from plytix_pim_client.dtos.pagination import Pagination
from plytix_pim_client.dtos.products.attribute import ProductAttributeTypeClass
from plytix_pim_client.exceptions import ConflictError, UnprocessableEntityError
from sandbox.conftest import Api

PICTURE = "https://m.media-amazon.com/images/I/61wixnPXtlL.jpg"


@pytest.fixture
def client(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlytixSync]:
    base = api.sandbox.url.removesuffix("/api/v1")
    monkeypatch.setattr(config, "PLYTIX_PIM_BASE_URL", base)
    monkeypatch.setattr(config, "PLYTIX_AUTH_BASE_URL", base)
    logging.getLogger("plytix_pim_client").setLevel(logging.CRITICAL)
    client = PlytixSync("sandbox-key", "sandbox-password")
    yield client
    client.close()


@pytest.fixture
def sorted_by_sku() -> Pagination:
    return Pagination(sort_by_attribute="sku")


def test_it_gets_a_token_when_its_own_is_refused(api: Api, client: PlytixSync) -> None:
    assert client.products.get_product("none") is None
    assert [exchange.status for exchange in api.sandbox.history[-3:]] == [401, 200, 404]
    api.sandbox.expire_tokens()
    assert client.products.get_product("none") is None


def test_it_puts_a_picture_on_a_product_and_reads_it_back(
    api: Api, client: PlytixSync, sorted_by_sku: Pagination
) -> None:
    asset = client.assets.create_asset_by_url(PICTURE, "amazon_01_MAIN_61wixnPXtlL.jpg")
    assert (asset.filename, asset.extension, asset.status) == (
        "amazon_01_MAIN_61wixnPXtlL.jpg",
        "jpg",
        "ACTIVE",
    )

    wanted = [[SearchFilter(field="sku", operator=OperatorEnum.IN, value=["A", "C"])]]
    found = client.products.search_products(wanted, ["label"], [], sorted_by_sku)
    assert [product.sku for product in found] == ["A", "C"]

    assert client.products.assets.link_asset_to_product(found[0].id, asset.id, "amazon_images")
    assert client.products.assets.link_asset_to_product(found[0].id, asset.id, "thumbnail")
    linked = client.products.assets.get_product_assets(found[0].id)
    assert [(one.id, one.filename, one.n_products) for one in linked] == [(asset.id, asset.filename, 1)]

    product = client.products.get_product(found[0].id)
    assert product.thumbnail["id"] == asset.id
    assert [one["id"] for one in product.attributes["amazon_images"]] == [asset.id]
    assert api.sandbox.snapshot().pictures["A"] == (asset.filename, (asset.filename,))


def test_it_updates_a_product_and_unlinks(client: PlytixSync, api: Api, product: str) -> None:
    first, second = client.assets.create_assets_by_urls(
        [{"url": PICTURE}, {"url": "https://a.example/2.jpg", "filename": "two.jpg"}]
    )
    gallery = {"amazon_images": [{"id": second.id}, {"id": first.id}]}
    changed = client.products.update_product(product, {"attributes": gallery, "thumbnail": {"id": first.id}})
    assert [one["id"] for one in changed.attributes["amazon_images"]] == [second.id, first.id]
    assert client.products.assets.unlink_asset_from_product(product, first.id)
    assert not client.products.assets.unlink_asset_from_product(product, first.id)
    assert api.sandbox.snapshot().pictures["A"] == (None, ("two.jpg",))
    with pytest.raises(UnprocessableEntityError):
        client.products.update_product(product, {"thumbnail": first.id})


def test_it_meets_a_conflict_for_what_is_there(client: PlytixSync, product: str) -> None:
    asset = client.assets.create_asset_by_url(PICTURE)
    with pytest.raises(ConflictError, match=asset.id):
        client.assets.create_asset_by_url(PICTURE)
    client.products.assets.link_asset_to_product(product, asset.id, "amazon_images")
    with pytest.raises(ConflictError, match="already linked"):
        client.products.assets.link_asset_to_product(product, asset.id, "amazon_images")
    assert not client.products.assets.link_asset_to_product(product, "none", "amazon_images")


def test_it_finds_changes_and_deletes_assets(client: PlytixSync) -> None:
    asset = client.assets.create_asset_by_url(PICTURE, "one.jpg")
    wanted = [[SearchFilter(field="filename", operator=OperatorEnum.CONTAINS, value="ONE")]]
    pages = client.assets.search_all_assets(wanted, ["filename", "created"], [], "created")
    assert [[found.filename for found in page] for page in pages] == [["one.jpg"]]
    assert client.assets.update_asset(asset.id, filename="two.jpg").filename == "two.jpg"
    assert client.assets.get_asset(asset.id).filename == "two.jpg"
    assert client.assets.delete_asset(asset.id)
    assert not client.assets.delete_asset(asset.id)
    assert client.assets.get_asset(asset.id) is None


def test_it_makes_and_deletes_products(client: PlytixSync, sorted_by_sku: Pagination) -> None:
    made = client.products.create_product("NEW", "Lamp")
    assert (made.sku, made.label) == ("NEW", "Lamp")
    page = client.products.search_products(
        [], ["label"], [], sorted_by_sku, extra={"return_pagination": True}
    )
    assert (page.pagination.total_count, page.pagination.order) == (4, "sku")
    assert client.products.delete_product(made.id)
    assert client.products.get_product(made.id) is None


def test_it_defines_an_attribute_and_lists_filters(client: PlytixSync) -> None:
    made = client.products.attributes.create_attribute("Web Images", ProductAttributeTypeClass.MEDIA_GALLERY)
    assert (made.label, made.type_class) == ("web_images", "MediaGalleryAttribute")
    wanted = [[SearchFilter(field="type_class", operator=OperatorEnum.EQUALS, value="MediaGalleryAttribute")]]
    found = client.products.attributes.search_product_attributes(
        wanted, ["label"], [], Pagination(sort_by_attribute="label")
    )
    assert [one.label for one in found] == ["amazon_images", "web_images"]
    keys = {one.key for one in client.filters.get_products_filters()}
    assert {"sku", "thumbnail", "attributes.web_images"} <= keys
    assert "filename" in {one.key for one in client.filters.get_assets_filters()}

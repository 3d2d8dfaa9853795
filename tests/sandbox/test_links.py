import pytest
from sandbox.conftest import Api


@pytest.fixture
def pictures(api: Api) -> list[str]:
    """Three asset ids."""
    return [api.upload(f"https://a.example/{n}.jpg", f"{n}.jpg") for n in range(3)]


def link(asset: str, label: str = "amazon_images") -> dict[str, str]:
    return {"id": asset, "attribute_label": label}


def test_links_to_a_gallery_append(api: Api, product: str, pictures: list[str]) -> None:
    for picture in reversed(pictures):
        path = f"/products/{product}/assets"
        assert api.data("POST", path, link(picture), status=201) == [{"id": picture}]
    assert api.gallery(product) == pictures[::-1]


def test_a_link_as_thumbnail_replaces(api: Api, product: str, pictures: list[str]) -> None:
    for picture in pictures[:2]:
        api.data("POST", f"/products/{product}/assets", link(picture, "thumbnail"), status=201)
    (shown,) = api.data("GET", f"/products/{product}")
    assert shown["thumbnail"]["id"] == pictures[1]
    assert [asset["id"] for asset in shown["assets"]] == [pictures[1]]


def test_a_link_to_a_single_media_attribute_replaces(api: Api, product: str, pictures: list[str]) -> None:
    api.data("POST", "/attributes/product", {"name": "Manual", "type_class": "MediaAttribute"}, status=201)
    for picture in pictures[:2]:
        api.data("POST", f"/products/{product}/assets", link(picture, "manual"), status=201)
    assert api.data("GET", f"/products/{product}")[0]["attributes"]["manual"]["id"] == pictures[1]


@pytest.mark.parametrize("label", ["amazon_images", "thumbnail"])
def test_linking_again_gets_the_documented_409(
    api: Api, product: str, pictures: list[str], label: str
) -> None:
    path = f"/products/{product}/assets"
    api.data("POST", path, link(pictures[0], label), status=201)
    error = api.refusal("POST", path, link(pictures[0], label), status=409)
    assert error == {
        "msg": f"Asset id {pictures[0]} is already linked to product attribute",
        "errors": [{"field": "asset.id", "msg": "already linked"}],
    }


def test_one_asset_can_be_in_the_gallery_and_the_thumbnail(
    api: Api, product: str, pictures: list[str]
) -> None:
    path = f"/products/{product}/assets"
    api.data("POST", path, link(pictures[0]), status=201)
    api.data("POST", path, link(pictures[0], "thumbnail"), status=201)
    assert [asset["id"] for asset in api.data("GET", path)] == [pictures[0]]


def test_an_unknown_product_or_asset_is_404(api: Api, product: str, pictures: list[str]) -> None:
    api.refusal("POST", f"/products/{product}/assets", link("none"), status=404)
    api.refusal("POST", "/products/none/assets", link(pictures[0]), status=404)


@pytest.mark.parametrize(
    "body",
    [
        {"attribute_label": "amazon_images"},
        {"id": "a"},
        {"id": 7, "attribute_label": "amazon_images"},
        {"id": "a", "attribute_label": ["amazon_images"]},
    ],
)
def test_a_link_without_its_fields_is_422(api: Api, product: str, body: dict[str, object]) -> None:
    api.refusal("POST", f"/products/{product}/assets", body, status=422)


def test_a_label_that_takes_no_media_is_422(api: Api, product: str, pictures: list[str]) -> None:
    api.data("POST", "/attributes/product", {"name": "Colour", "type_class": "TextAttribute"}, status=201)
    for label in ("colour", "unknown"):
        api.refusal("POST", f"/products/{product}/assets", link(pictures[0], label), status=422)


def test_the_assets_of_a_product_are_listed(api: Api, product: str, pictures: list[str]) -> None:
    api.sandbox.set_gallery("A", pictures[:2])
    api.sandbox.set_thumbnail("A", pictures[2])
    listed = api.data("GET", f"/products/{product}/assets")
    assert {asset["id"] for asset in listed} == set(pictures)
    assert all(asset["n_products"] == 1 and asset["filename"] for asset in listed)


def test_unlinking_takes_an_asset_off_the_product_and_leaves_it_in_plytix(
    api: Api, product: str, pictures: list[str]
) -> None:
    api.sandbox.set_gallery("A", pictures)
    api.sandbox.set_thumbnail("A", pictures[1])
    path = f"/products/{product}/assets/{pictures[1]}"
    answer = api("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.gallery(product) == [pictures[0], pictures[2]]
    assert api.sandbox.snapshot().products["A"].thumbnail is None
    assert len(api.sandbox.snapshot().assets) == 3
    api.refusal("DELETE", path, status=404)


def test_an_asset_that_is_not_linked_is_404(api: Api, product: str, pictures: list[str]) -> None:
    api.refusal("DELETE", f"/products/{product}/assets/{pictures[0]}", status=404)
    api.refusal("DELETE", f"/products/none/assets/{pictures[0]}", status=404)


def test_the_collection_of_links_cannot_be_deleted(api: Api, product: str, pictures: list[str]) -> None:
    api.sandbox.set_gallery("A", pictures)
    api.refusal("DELETE", f"/products/{product}/assets", [{"id": pictures[0]}], status=405)
    assert api.gallery(product) == pictures


def test_the_links_of_an_unknown_product_are_404(api: Api) -> None:
    api.refusal("GET", "/products/none/assets", status=404)

import pytest
from sandbox.conftest import Api, FakeClock


@pytest.fixture
def pictures(api: Api) -> list[str]:
    """Three asset ids."""
    return [api.upload(f"https://a.example/{n}.jpg", f"{n}.jpg") for n in range(3)]


def objects(ids: list[str]) -> list[dict[str, str]]:
    return [{"id": id_} for id_ in ids]


def test_a_product_shows_its_thumbnail_its_assets_and_its_attributes(
    api: Api, product: str, pictures: list[str]
) -> None:
    api.sandbox.set_gallery("A", pictures)
    api.sandbox.set_thumbnail("A", pictures[1])
    (shown,) = api.data("GET", f"/products/{product}")
    assert (shown["id"], shown["sku"]) == (product, "A")
    assert shown["thumbnail"]["id"] == pictures[1]
    assert [asset["id"] for asset in shown["attributes"]["amazon_images"]] == pictures
    assert [asset["id"] for asset in shown["assets"]] == pictures


def test_an_empty_product_has_no_attributes_but_empty_assets_and_a_null_thumbnail(
    api: Api, product: str
) -> None:
    (shown,) = api.data("GET", f"/products/{product}")
    assert (shown["thumbnail"], shown["assets"], shown["attributes"]) == (None, [], {})


def test_one_patch_sets_the_whole_gallery_and_the_thumbnail(
    api: Api, product: str, pictures: list[str]
) -> None:
    api.sandbox.set_gallery("A", pictures[:1])
    wanted = [pictures[2], pictures[0], pictures[1]]
    body = {"thumbnail": {"id": pictures[2]}, "attributes": {"amazon_images": objects(wanted)}}
    (shown,) = api.data("PATCH", f"/products/{product}", body)
    assert shown["thumbnail"]["id"] == pictures[2]
    assert [asset["id"] for asset in shown["attributes"]["amazon_images"]] == wanted
    assert [shown] == api.data("GET", f"/products/{product}")
    state = api.sandbox.snapshot().products["A"]
    assert (state.thumbnail, state.gallery) == ("2.jpg", ("2.jpg", "0.jpg", "1.jpg"))


def test_a_patch_leaves_what_it_does_not_name(api: Api, product: str, pictures: list[str]) -> None:
    api.sandbox.set_gallery("A", pictures)
    api.sandbox.set_thumbnail("A", pictures[0])
    api.data("PATCH", f"/products/{product}", {"label": "Lamp"})
    state = api.sandbox.snapshot().products["A"]
    assert (state.gallery_ids, state.thumbnail_id) == (tuple(pictures), pictures[0])


def test_a_thumbnail_that_is_a_string_gets_the_documented_422(
    api: Api, product: str, pictures: list[str]
) -> None:
    error = api.refusal("PATCH", f"/products/{product}", {"thumbnail": pictures[0]}, status=422)
    assert error["errors"] == [{"field": "thumbnail", "msg": {"_schema": ["Invalid input type."]}}]
    assert api.sandbox.snapshot().products["A"].thumbnail is None


def test_null_clears_the_thumbnail(api: Api, product: str, pictures: list[str]) -> None:
    api.sandbox.set_thumbnail("A", pictures[0])
    (shown,) = api.data("PATCH", f"/products/{product}", {"thumbnail": None})
    assert (shown["thumbnail"], shown["assets"]) == (None, [])


@pytest.mark.parametrize("empty", [None, []])
def test_null_or_an_empty_list_clears_a_gallery(
    api: Api, product: str, pictures: list[str], empty: list[object] | None
) -> None:
    api.sandbox.set_gallery("A", pictures)
    (shown,) = api.data("PATCH", f"/products/{product}", {"attributes": {"amazon_images": empty}})
    assert (shown["attributes"], shown["assets"]) == ({}, [])


@pytest.mark.parametrize("value", ["a", 7, {"id": "a"}, ["a"], [None], [{}], [{"id": 7}], [{"id": "none"}]])
def test_a_gallery_that_is_no_list_of_known_asset_objects_is_422(
    api: Api,
    product: str,
    pictures: list[str],
    value: object,
) -> None:
    api.sandbox.set_gallery("A", pictures)
    api.refusal("PATCH", f"/products/{product}", {"attributes": {"amazon_images": value}}, status=422)
    assert api.gallery(product) == pictures


def test_a_list_of_plain_ids_is_422(api: Api, product: str, pictures: list[str]) -> None:
    api.refusal("PATCH", f"/products/{product}", {"attributes": {"amazon_images": pictures}}, status=422)


def test_a_refused_patch_changes_nothing_at_all(api: Api, product: str, pictures: list[str]) -> None:
    body = {
        "label": "new",
        "thumbnail": {"id": pictures[0]},
        "attributes": {"amazon_images": objects([pictures[0], "none"])},
    }
    before = api.data("GET", f"/products/{product}")
    api.refusal("PATCH", f"/products/{product}", body, status=422)
    assert api.data("GET", f"/products/{product}") == before


@pytest.mark.parametrize(
    "body", [{"attributes": []}, {"label": 7}, {"sku": ""}, {"sku": None}, {"thumbnail": {}}]
)
def test_a_wrong_value_is_422(api: Api, product: str, body: dict[str, object]) -> None:
    api.refusal("PATCH", f"/products/{product}", body, status=422)


def test_unknown_fields_and_labels_are_ignored_without_a_word(api: Api, product: str) -> None:
    body = {"colour": "red", "attributes": {"no_such_label": [{"id": "none"}]}}
    (shown,) = api.data("PATCH", f"/products/{product}", body)
    assert shown["attributes"] == {}
    assert "colour" not in shown


def test_writing_what_is_there_already_changes_nothing(
    api: Api, product: str, pictures: list[str], clock: FakeClock
) -> None:
    body = {"thumbnail": {"id": pictures[0]}, "attributes": {"amazon_images": objects(pictures)}}
    before = api.data("PATCH", f"/products/{product}", body)
    clock.now += 60
    assert api.data("PATCH", f"/products/{product}", body) == before
    (after,) = api.data("PATCH", f"/products/{product}", {"thumbnail": None})
    assert after["modified"] > before[0]["modified"]


def test_an_asset_stands_in_a_gallery_once(api: Api, product: str, pictures: list[str]) -> None:
    body = {"attributes": {"amazon_images": objects([pictures[1], pictures[0], pictures[1]])}}
    api.data("PATCH", f"/products/{product}", body)
    assert api.gallery(product) == [pictures[1], pictures[0]]


def test_a_product_holds_three_hundred_assets_and_no_more(api: Api, product: str) -> None:
    many = [api.sandbox.add_asset(f"{n}.jpg") for n in range(301)]
    body = {"thumbnail": {"id": many[0]}, "attributes": {"amazon_images": objects(many[:300])}}
    api.data("PATCH", f"/products/{product}", body)
    body["thumbnail"] = {"id": many[300]}
    api.refusal("PATCH", f"/products/{product}", body, status=422)
    link = {"id": many[300], "attribute_label": "amazon_images"}
    api.refusal("POST", f"/products/{product}/assets", link, status=422)


def test_plain_attributes_are_kept_and_null_removes_them(api: Api, product: str) -> None:
    api.data("POST", "/attributes/product", {"name": "Colour", "type_class": "TextAttribute"}, status=201)
    (shown,) = api.data("PATCH", f"/products/{product}", {"attributes": {"colour": "red"}})
    assert shown["attributes"] == {"colour": "red"}
    (shown,) = api.data("PATCH", f"/products/{product}", {"attributes": {"colour": None}})
    assert shown["attributes"] == {}


def test_a_single_media_attribute_takes_one_object(api: Api, product: str, pictures: list[str]) -> None:
    api.data("POST", "/attributes/product", {"name": "Manual", "type_class": "MediaAttribute"}, status=201)
    (shown,) = api.data("PATCH", f"/products/{product}", {"attributes": {"manual": {"id": pictures[0]}}})
    assert shown["attributes"]["manual"]["id"] == pictures[0]
    api.refusal("PATCH", f"/products/{product}", {"attributes": {"manual": objects(pictures)}}, status=422)


def test_a_product_is_made_once_per_sku(api: Api, pictures: list[str]) -> None:
    body = {"sku": "NEW", "label": "Lamp", "attributes": {"amazon_images": objects(pictures)}}
    (made,) = api.data("POST", "/products", body, status=201)
    assert (made["sku"], made["label"]) == ("NEW", "Lamp")
    assert api.gallery(made["id"]) == pictures
    api.refusal("POST", "/products", {"sku": "NEW"}, status=409)


@pytest.mark.parametrize(
    "body", [{}, {"sku": None}, {"sku": " "}, {"sku": 7}, {"sku": "N", "thumbnail": "a"}]
)
def test_a_product_that_cannot_be_is_422_and_not_made(api: Api, body: dict[str, object]) -> None:
    api.refusal("POST", "/products", body, status=422)
    assert set(api.sandbox.snapshot().products) == {"A", "B", "C"}


def test_a_sku_can_change_but_not_to_one_that_is_taken(api: Api, product: str) -> None:
    api.refusal("PATCH", f"/products/{product}", {"sku": "B"}, status=409)
    api.data("PATCH", f"/products/{product}", {"sku": "A2"})
    assert set(api.sandbox.snapshot().products) == {"A2", "B", "C"}
    assert len(api.search("products", [[{"field": "sku", "operator": "eq", "value": "A2"}]])) == 1


def test_a_deleted_product_is_gone_and_its_assets_stay(api: Api, product: str, pictures: list[str]) -> None:
    api.sandbox.set_gallery("A", pictures)
    answer = api("DELETE", f"/products/{product}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(api.sandbox.snapshot().assets) == 3
    assert api.data("GET", f"/assets/{pictures[0]}")[0]["n_products"] == 0


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_product_is_404(api: Api, method: str) -> None:
    api.refusal(method, "/products/none", {}, status=404)

import json
from collections.abc import Callable
from typing import Any

import pytest

from amzsync.plytix import account_setup, client, trials
from amzsync.plytix.auth import Credentials, Secret
from amzsync.plytix.wire import Call, Reply, RequestKind, UploadedFile


def _sent(call: Call[Any]) -> tuple[str, str, Any]:
    body = call.request.encoded()
    return call.request.method, call.request.path, None if body is None else json.loads(body)


def test_credentials_go_to_the_token_endpoint_as_json() -> None:
    call = client.get_token(Credentials(Secret("k"), Secret("p")))
    assert _sent(call) == ("POST", "", {"api_key": "k", "api_password": "p"})


def test_a_product_search_asks_for_all_that_a_decision_needs_in_one_request() -> None:
    assert _sent(client.search_products(["A", "B"], "amazon_images", page=2)) == (
        "POST",
        "/products/search",
        {
            "filters": [[{"field": "sku", "operator": "in", "value": ["A", "B"]}]],
            "attributes": ["sku", "thumbnail", "assets", "attributes.amazon_images"],
            "pagination": {"page": 2, "page_size": 100},
        },
    )


def test_an_account_that_refuses_in_is_asked_by_groups() -> None:
    _, _, body = _sent(client.search_products(["A", "B"], "g", by_groups=True))
    assert body["filters"] == [
        [{"field": "sku", "operator": "eq", "value": "A"}],
        [{"field": "sku", "operator": "eq", "value": "B"}],
    ]


def test_an_asset_search_is_one_or_of_filenames_and_names_the_column() -> None:
    assert _sent(client.search_assets(["a.jpg", "b.jpg"])) == (
        "POST",
        "/assets/search",
        {
            "filters": [
                [{"field": "filename", "operator": "eq", "value": "a.jpg"}],
                [{"field": "filename", "operator": "eq", "value": "b.jpg"}],
            ],
            "attributes": ["filename"],
            "pagination": {"page": 1, "page_size": 100},
        },
    )


@pytest.mark.parametrize("count", [0, 101])
def test_a_search_for_nothing_or_for_more_than_a_page_cannot_be_built(count: int) -> None:
    names = [f"n{number}" for number in range(count)]
    with pytest.raises(ValueError, match="1 to 100"):
        client.search_products(names, "g")
    with pytest.raises(ValueError, match="1 to 100"):
        client.search_assets(names)
    with pytest.raises(ValueError, match="1 to 100"):
        client.search_assets_like(names)


def test_an_upload_gives_the_address_and_the_name() -> None:
    call = client.upload_asset("https://m.media-amazon.com/images/I/61UI+gsEGoL.jpg", "amazon_01_MAIN.jpg")
    body = {"url": "https://m.media-amazon.com/images/I/61UI+gsEGoL.jpg", "filename": "amazon_01_MAIN.jpg"}
    assert _sent(call) == ("POST", "/assets", body)


def test_one_patch_writes_gallery_and_thumbnail_each_as_objects() -> None:
    call = client.write_product("p1", "g", gallery=["a1", "a2"], thumbnail_id="a1")
    assert _sent(call) == (
        "PATCH",
        "/products/p1",
        {"thumbnail": {"id": "a1"}, "attributes": {"g": [{"id": "a1"}, {"id": "a2"}]}},
    )


def test_what_is_not_given_is_left_alone() -> None:
    thumbnail = client.write_product("p1", "g", gallery=None, thumbnail_id="a1")
    gallery = client.write_product("p1", "g", gallery=["a1"], thumbnail_id=None)
    assert _sent(thumbnail)[2] == {"thumbnail": {"id": "a1"}}
    assert _sent(gallery)[2] == {"attributes": {"g": [{"id": "a1"}]}}


@pytest.mark.parametrize("gallery", [None, []], ids=["nothing to write", "an empty gallery"])
def test_a_write_that_could_only_do_harm_cannot_be_built(gallery: list[str] | None) -> None:
    with pytest.raises(ValueError, match=r"nothing to write|never written empty"):
        client.write_product("p1", "g", gallery=gallery, thumbnail_id=None)


@pytest.mark.parametrize(
    "build",
    [
        lambda: client.write_product("p1", "g", gallery=None, thumbnail_id=""),
        lambda: client.write_product("p1", "g", gallery=["a1", ""], thumbnail_id=None),
        lambda: client.link_asset("p1", "", "g"),
    ],
    ids=["thumbnail", "gallery", "link"],
)
def test_no_asset_without_an_id_is_ever_written(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="no id of an asset"):
        build()


def test_a_link_names_the_asset_and_the_attribute() -> None:
    body = {"id": "a1", "attribute_label": "amazon_images"}
    assert _sent(client.link_asset("p1", "a1", "amazon_images")) == ("POST", "/products/p1/assets", body)


def test_an_attribute_search_names_its_columns_because_else_only_ids_come_back() -> None:
    method, path, body = _sent(client.find_attribute("amazon_images"))
    assert (method, path) == ("POST", "/attributes/product/search")
    assert body["filters"] == [[{"field": "label", "operator": "eq", "value": "amazon_images"}]]
    assert {"label", "type_class"} <= set(body["attributes"])


@pytest.mark.parametrize(
    "build",
    [
        client.read_asset,
        lambda plytix_id: client.read_product(plytix_id, "g"),
        lambda plytix_id: client.write_product(plytix_id, "g", gallery=["a"], thumbnail_id=None),
        lambda plytix_id: client.link_asset(plytix_id, "a1", "g"),
        lambda plytix_id: client.unlink_asset("p1", plytix_id),
        client.delete_asset,
        trials.read_asset,
        trials.delete_asset,
        trials.delete_product,
        lambda plytix_id: trials.read_product(plytix_id, "g"),
        lambda plytix_id: trials.write(plytix_id, "g", ["a"]),
        lambda plytix_id: trials.link(plytix_id, "a1", "g"),
        lambda plytix_id: trials.unlink("p1", plytix_id),
    ],
    ids=[
        *("read asset", "read product", "write product", "link", "unlink", "delete asset"),
        *("try read asset", "try delete asset", "try delete product", "try read product"),
        *("try write product", "try link", "try unlink"),
    ],
)
def test_an_id_is_quoted_and_can_never_reach_another_path(build: Callable[[str], Call[Any]]) -> None:
    assert "/a%2F..%2Fb%3Fx%3D1%23%20%C3%A9" in build("a/../b?x=1# é").request.path
    for plytix_id in ("", ".", ".."):
        with pytest.raises(ValueError, match="no id"):
            build(plytix_id)


def test_a_single_product_is_asked_for_with_all_its_attributes() -> None:
    assert client.read_product("p1", "g").request.path == "/products/p1?all_attributes=true"


def test_every_kind_of_request_has_a_verb() -> None:
    calls: list[Call[Any]] = [
        client.get_token(Credentials(Secret("k"), Secret("p"))),
        client.search_products(["A"], "g"),
        client.search_assets(["a.jpg"]),
        client.search_assets_like(["a"]),
        client.read_asset("a1"),
        client.replace_content("a1", UploadedFile("a.jpg", "image/jpeg", b"")),
        client.upload_asset("https://h/a.jpg", "a.jpg"),
        client.read_product("p1", "g"),
        client.write_product("p1", "g", gallery=["a1"], thumbnail_id=None),
        client.link_asset("p1", "a1", "g"),
        client.unlink_asset("p1", "a1"),
        client.delete_asset("a1"),
        client.find_attribute("g"),
        trials.create_product("S", "g"),
        trials.delete_product("p1"),
        account_setup.create_gallery("G", "g"),
        account_setup.link_to_family("f1", "g"),
    ]
    assert {call.request.kind for call in calls} == set(RequestKind)


def test_what_is_restored_may_be_nothing() -> None:
    call = client.restore_product("p1", "g", gallery=[], thumbnail=[])
    assert _sent(call) == ("PATCH", "/products/p1", {"thumbnail": None, "attributes": {"g": []}})


def test_an_unlink_names_product_and_asset() -> None:
    assert _sent(client.unlink_asset("p1", "a1")) == ("DELETE", "/products/p1/assets/a1", None)


def test_who_uses_assets_is_asked_for_a_hundred_at_once() -> None:
    method, path, body = _sent(client.search_assets_in_use(["a1", "a2"]))
    assert (method, path) == ("POST", "/assets/search")
    assert body["filters"] == [[{"field": "id", "operator": "in", "value": ["a1", "a2"]}]]
    assert {"n_products", "n_catalogs"} <= set(body["attributes"])


@pytest.mark.parametrize(
    ("row", "uses"),
    [
        ({"id": "a1", "n_products": 0, "n_catalogs": 0}, 0),
        ({"id": "a1", "n_products": 0, "n_catalogs": 2}, 2),
        ({"id": "a1", "n_products": 0}, None),
        ({"id": "a1", "n_products": "0", "n_catalogs": 0}, None),
        ({"id": "a1", "n_products": False, "n_catalogs": 0}, None),
        ({"id": "a1", "n_products": 1, "n_catalogs": -1}, 2),
    ],
)
def test_an_asset_is_unused_only_where_both_counts_say_so(row: object, uses: int | None) -> None:
    reply = Reply(200, body=json.dumps({"data": [row]}).encode())
    assert client.read_asset("a1").parse(reply).uses == uses


def test_what_else_a_product_holds_is_told() -> None:
    attributes = {"g": [{"id": "a1"}], "more": [{"id": "a2"}], "one": {"id": "a3"}, "v2": ["a4"], "no": None}
    reply = Reply(200, body=json.dumps({"data": [{"id": "p1", "attributes": attributes}]}).encode())
    assert client.read_product("p1", "g").parse(reply).elsewhere == {"a2", "a3", "a4"}

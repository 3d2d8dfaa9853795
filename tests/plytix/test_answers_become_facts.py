import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amzsync.errors import PlytixError, RejectedError, RetriableError
from amzsync.plytix import client
from amzsync.plytix.auth import Credentials, Secret, TokenAnswer
from amzsync.plytix.wire import (
    AssetExistsWithoutId,
    AttributeDefinition,
    Call,
    CreatedAsset,
    LinkResult,
    PlytixAsset,
    PlytixProduct,
    Reply,
)

GET_TOKEN = client.get_token(Credentials(Secret("k"), Secret("p")))
SEARCH_PRODUCTS = client.search_products(["S1"], "g")
SEARCH_ASSETS = client.search_assets(["a.jpg"])
UPLOAD = client.upload_asset("https://h/a.jpg", "a.jpg")
READ_ASSET = client.read_asset("a1")
READ_PRODUCT = client.read_product("p1", "g")
WRITE_PRODUCT = client.write_product("p1", "g", gallery=["a1"], thumbnail_id="a1")
LINK = client.link_asset("p1", "a1", "g")
FIND_ATTRIBUTE = client.find_attribute("amazon_images")

CALLS: dict[str, Call[Any]] = {
    "token": GET_TOKEN,
    "product search": SEARCH_PRODUCTS,
    "asset search": SEARCH_ASSETS,
    "upload": UPLOAD,
    "asset read": READ_ASSET,
    "product read": READ_PRODUCT,
    "product write": WRITE_PRODUCT,
    "link": LINK,
    "attribute search": FIND_ATTRIBUTE,
}


def _reply(data: object, status: int = 200) -> Reply:
    return Reply(status, {}, json.dumps(data).encode())


def _product(**told: object) -> PlytixProduct:
    return WRITE_PRODUCT.parse(_reply({"data": [{"id": "p1", "sku": "S1", **told}]}))


# Products


@pytest.mark.parametrize(
    ("told", "gallery"),
    [
        pytest.param({}, None, id="no attributes"),
        pytest.param({"attributes": {}}, None, id="another attribute or none"),
        pytest.param({"attributes": None}, None, id="attributes are null"),
        pytest.param({"attributes": {"g": None}}, (), id="null"),
        pytest.param({"attributes": {"g": []}}, (), id="an empty list"),
        pytest.param(
            {"attributes": {"g": [{"id": "a2"}, {"id": "a1"}]}}, ("a2", "a1"), id="objects, in order"
        ),
        pytest.param({"attributes": {"g": ["a2", 7]}}, ("a2", "7"), id="plain ids, a number among them"),
        pytest.param({"attributes": {"g": {"id": "a1"}}}, ("a1",), id="a single media attribute"),
        pytest.param({"attributes.g": [{"id": "a1"}]}, ("a1",), id="a flat key"),
    ],
)
def test_a_gallery_that_is_not_told_differs_from_an_empty_one(
    told: dict[str, object], gallery: tuple[str, ...] | None
) -> None:
    assert _product(**told).gallery == gallery


def test_of_a_whole_product_what_is_not_told_is_known_not_to_be_there() -> None:
    def whole(**told: object) -> PlytixProduct:
        return READ_PRODUCT.parse(_reply({"data": [{"id": "p1", "sku": "S1", **told}]}))

    assert whole(attributes={"g": None}).gallery == ()
    assert whole(attributes={"other": None}).gallery is None
    assert whole(attributes={}).gallery is None
    for without in ({}, {"attributes": None}):
        with pytest.raises(RetriableError, match="without attributes"):
            whole(**without)


@pytest.mark.parametrize(
    ("told", "assets"),
    [({}, None), ({"assets": None}, ()), ({"assets": []}, ()), ({"assets": [{"id": "a1"}]}, ("a1",))],
)
def test_so_do_a_products_assets(
    told: dict[str, list[dict[str, str]] | None], assets: tuple[str, ...] | None
) -> None:
    assert _product(**told).assets == assets


@pytest.mark.parametrize(
    ("told", "thumbnail_id"),
    [
        ({}, None),
        ({"thumbnail": None}, None),
        ({"thumbnail": {}}, None),
        ({"thumbnail": ""}, None),
        ({"thumbnail": {"id": "a1", "filename": "x.jpg"}}, "a1"),
        ({"thumbnail": "a1"}, "a1"),
        ({"thumbnail": {"id": 12}}, "12"),
    ],
)
def test_a_thumbnail_is_read_in_every_form(told: dict[str, object], thumbnail_id: str | None) -> None:
    assert _product(**told).thumbnail_id == thumbnail_id


def test_a_page_of_products_is_full_when_it_has_as_many_rows_as_were_asked_for() -> None:
    rows = [{"id": number, "sku": f"S{number}"} for number in range(100)]
    assert SEARCH_PRODUCTS.parse(_reply({"data": rows})).is_full
    short = SEARCH_PRODUCTS.parse(_reply({"data": rows[:99], "pagination": {"total_count": 5000}}))
    assert not short.is_full
    assert short.products[7] == PlytixProduct("7", "S7")
    assert SEARCH_PRODUCTS.parse(_reply({"data": []})).products == ()


@pytest.mark.parametrize("sku", [None, "", {}, True, 1.5], ids=repr)
def test_a_product_that_cannot_be_told_by_its_sku_makes_the_whole_search_garbage(sku: object) -> None:
    rows = [{"id": "p1", "sku": "S1"}, {"id": "p2", "sku": sku}]
    with pytest.raises(RetriableError, match="unusable"):
        SEARCH_PRODUCTS.parse(_reply({"data": rows}))


def test_an_answer_about_another_product_is_garbage() -> None:
    for call in (READ_PRODUCT, WRITE_PRODUCT):
        with pytest.raises(RetriableError, match="another product"):
            call.parse(_reply({"data": [{"id": "p2", "sku": "S1"}]}))


@pytest.mark.parametrize("status", [200, 204])
def test_a_write_that_is_answered_with_nothing_tells_nothing(status: int) -> None:
    assert WRITE_PRODUCT.parse(Reply(status)) == PlytixProduct("p1", "", None, None, None)


# Assets


def test_assets_are_told_by_id_and_filename() -> None:
    page = SEARCH_ASSETS.parse(_reply({"data": [{"id": "a1", "filename": "A.jpg"}, {"id": "a2"}]}))
    assert page.assets == (PlytixAsset("a1", "A.jpg"), PlytixAsset("a2", ""))
    assert not page.is_full


@pytest.mark.parametrize("status", [200, 201])
def test_an_upload_gives_the_new_asset(status: int) -> None:
    reply = _reply({"data": [{"id": "a1", "filename": "a_aefee.jpg"}]}, status)
    assert UPLOAD.parse(reply) == CreatedAsset("a1", "a_aefee.jpg", existed=False)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"error": {"errors": [{"field": "asset.id", "msg": "a9"}]}}, id="field asset.id"),
        pytest.param({"error": {"errors": [{"field": "asset.id", "msg": ["a9"]}]}}, id="its message a list"),
        pytest.param({"error": {"existing_asset_id": "a9"}}, id="inside error"),
        pytest.param({"existing_asset_id": "a9"}, id="at the top"),
        pytest.param({"errors": [{"field": "asset.id", "msg": "a9"}]}, id="errors at the top"),
        pytest.param({"error": "exists", "existing_asset_id": "a9"}, id="beside an error that is a text"),
    ],
)
def test_a_409_that_names_the_asset_is_an_answer(answer: dict[str, object]) -> None:
    assert UPLOAD.parse(_reply(answer, 409)) == CreatedAsset("a9", "", existed=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"error":null}',
        b'{"error":{"msg":"Asset already exists"}}',
        b'{"error":{"errors":[{"field":"asset.id","msg":"already there"}]}}',
        b'{"error":{"errors":[{"field":"filename","msg":"a9"}]}}',
        b'{"error":{"errors":{"field":"asset.id"}}}',
        b'{"existing_asset_id":null}',
    ],
    ids=repr,
)
def test_a_409_that_does_not_name_it_says_so(body: bytes) -> None:
    assert UPLOAD.parse(Reply(409, {}, body)) == AssetExistsWithoutId()


# Links


@pytest.mark.parametrize("body", [b"", b'{"data":[{"id":"a1"}]}'], ids=repr)
@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_2xx_with_the_link_or_with_nothing_means_linked(status: int, body: bytes) -> None:
    assert LINK.parse(Reply(status, {}, body)) is LinkResult.LINKED


@pytest.mark.parametrize(
    "body",
    [b"<html>Please log in to the network</html>", b'{"data":[]}', b"{}", b'{"data":[{"id":null}]}'],
    ids=repr,
)
def test_what_shows_no_link_means_nothing(body: bytes) -> None:
    with pytest.raises(RetriableError, match="unusable"):
        LINK.parse(Reply(200, {}, body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"msg":"is already linked","errors":[{"field":"asset.id","msg":"already linked"}]}}',
        b'{"error":{"msg":"Conflict"}}',
        b'{"error":{"errors":[{"field":"attribute_label","msg":"already linked"}]}}',
        b"",
        b"<html>",
    ],
    ids=repr,
)
def test_a_409_on_a_link_means_already_linked_whatever_its_words(body: bytes) -> None:
    assert LINK.parse(Reply(409, {}, body)) is LinkResult.ALREADY_LINKED


def test_a_409_on_a_link_whose_fields_say_otherwise_fails_the_row() -> None:
    body = b'{"error":{"msg":"Conflict","errors":[{"field":"attribute_label","msg":"not in the family"}]}}'
    with pytest.raises(RejectedError, match="not in the family") as rejected:
        LINK.parse(Reply(409, {}, body))
    assert rejected.value.path == "/products/p1/assets"


# Attributes


def test_an_attribute_is_found_by_its_exact_label() -> None:
    rows = [
        {"id": 1, "label": "Amazon_Images", "type_class": "TextAttribute"},
        {"id": 2, "label": "amazon_images", "type_class": "MediaGalleryAttribute"},
    ]
    found = FIND_ATTRIBUTE.parse(_reply({"data": rows}))
    assert found == AttributeDefinition("amazon_images", "MediaGalleryAttribute")
    assert FIND_ATTRIBUTE.parse(_reply({"data": rows[:1]})) is None
    assert FIND_ATTRIBUTE.parse(_reply({"data": []})) is None


# Tokens


@pytest.mark.parametrize(
    ("answer", "life_s"),
    [
        ({"data": [{"access_token": "t"}]}, None),
        ({"data": {"access_token": "t"}}, None),
        ({"data": [{"access_token": "t", "expires_in": 300}]}, 300.0),
        ({"data": [{"access_token": "t"}], "expires_in": "300"}, 300.0),
        ({"data": [{"access_token": "t", "expires_in": 0}]}, None),
        ({"data": [{"access_token": "t", "expires_in": -1}]}, None),
        ({"data": [{"access_token": "t", "expires_in": "soon"}]}, None),
    ],
)
def test_a_token_comes_with_its_life_where_that_is_told(
    answer: dict[str, object], life_s: float | None
) -> None:
    assert GET_TOKEN.parse(_reply(answer)) == TokenAnswer(Secret("t"), life_s)


@pytest.mark.parametrize("token", [None, "", 5, "two words", "line\n", "é", ["t"], "x" * 20_000])
def test_a_token_that_no_header_can_carry_is_garbage(token: object) -> None:
    with pytest.raises(RetriableError, match="access_token"):
        GET_TOKEN.parse(_reply({"data": [{"access_token": token}]}))


# Garbage


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"link"}))
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html></html>", id="HTML"),
        pytest.param(b'{"data":', id="cut off"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="no data"),
        pytest.param(b'{"data":null}', id="data is null"),
        pytest.param(b'{"data":"x"}', id="data is a text"),
        pytest.param(b'{"data":[[]]}', id="rows are lists"),
        pytest.param(b'{"data":[null]}', id="rows are null"),
        pytest.param(b'{"data":[{}]}', id="rows are empty"),
        pytest.param(b'{"data":[{"id":null,"sku":"S1","label":{}}]}', id="the id is null"),
        pytest.param(b'{"data":[{"id":true,"sku":"S1","label":[]}]}', id="the id is true"),
        pytest.param(b'{"data":[{"id":"a b","sku":"S1","label":1.5}]}', id="the id has a space"),
        pytest.param(b'{"data":[{"id":"..","sku":"S1"}]}', id="the id is a path"),
        pytest.param(b'{"data":[{"id":"\\ud800","sku":"S1"}]}', id="the id is half a character"),
        pytest.param(b'{"data":[{"id":NaN,"sku":"S1"}]}', id="NaN is no JSON"),
        pytest.param(b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested too deep to read"),
        pytest.param(
            b'{"data":[{"id":"p1","sku":"S1","label":"l","access_token":"t","x":'
            + b"[" * 100
            + b"]" * 100
            + b"}]}",
            id="nested deeper than any answer",
        ),
        pytest.param(b'{"data":[{"id":' + b"9" * 5000 + b"}]}", id="a number past all bounds"),
        pytest.param(b"\xff\xfe\x00", id="no text at all"),
    ],
)
def test_an_answer_of_the_wrong_shape_is_asked_again_and_never_believed(name: str, body: bytes) -> None:
    with pytest.raises(RetriableError, match="unusable"):
        CALLS[name].parse(Reply(200, {}, body))


@pytest.mark.parametrize(
    "row",
    [
        {"attributes": []},
        {"attributes": {"g": "a b"}},
        {"attributes": {"g": [None]}},
        {"attributes": {"g": [{"id": None}]}},
        {"attributes": {"g": [["a1"]]}},
        {"assets": 1.5},
        {"thumbnail": {"id": None}},
        {"thumbnail": True},
    ],
    ids=repr,
)
def test_so_is_a_product_with_a_part_of_the_wrong_shape(row: dict[str, object]) -> None:
    for call in (SEARCH_PRODUCTS, READ_PRODUCT, WRITE_PRODUCT):
        with pytest.raises(RetriableError, match="unusable"):
            call.parse(_reply({"data": [{"id": "p1", "sku": "S1", **row}]}))


def test_a_text_that_can_be_stored_nowhere_is_made_storable() -> None:
    page = SEARCH_ASSETS.parse(Reply(200, {}, b'{"data":[{"id":"a1","filename":"x\\ud800.jpg"}]}'))
    assert page.assets[0].filename == "x?.jpg"


_KEYS = st.sampled_from(
    [
        "data",
        "id",
        "sku",
        "thumbnail",
        "assets",
        "attributes",
        "g",
        "attributes.g",
        "filename",
        "label",
        "type_class",
        "error",
        "errors",
        "field",
        "msg",
        "existing_asset_id",
        "access_token",
        "expires_in",
    ]
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["p1", "a1", "S1", "asset.id", "already linked"]),
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)
_ENVELOPES = st.fixed_dictionaries({"data": st.lists(st.dictionaries(_KEYS, _JSON, max_size=6), max_size=3)})
_BODIES = st.one_of(
    (_JSON | _ENVELOPES).map(lambda value: json.dumps(value).encode()), st.binary(max_size=60)
)


@pytest.mark.parametrize("name", sorted(CALLS))
@settings(max_examples=50)
@given(body=_BODIES, data=st.data())
def test_whatever_comes_back_is_a_fact_or_a_plytix_error(name: str, body: bytes, data: st.DataObject) -> None:
    call = CALLS[name]
    status = data.draw(st.sampled_from(sorted(call.accept)))
    message = ""
    try:
        call.parse(Reply(status, {}, body))
    except PlytixError as error:
        message = error.message
    assert message.isprintable()

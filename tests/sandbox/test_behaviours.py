"""The sandbox can be an account that answers otherwise, where the API is not documented."""

from collections.abc import Callable
from typing import Any

import pytest
from sandbox.conftest import PICTURE, Api, FakeClock

from amzsync.errors import SandboxError
from amzsync.sandbox import Behaviour, choices, parse_behaviour

GALLERY = "amazon_images"
COLUMNS = ("sku", "assets", f"attributes.{GALLERY}")
Start = Callable[[str], Api]


@pytest.fixture
def account(api_of: Callable[..., Api], clock: FakeClock) -> Start:
    """Start a sandbox that behaves so, with the product A."""

    def start(words: str) -> Api:
        api = api_of(clock=clock, behaviour=parse_behaviour([words]))
        api.sandbox.seed(["A"])
        return api

    return start


def _written(api: Api, *asset_ids: str) -> Any:
    body = {"attributes": {GALLERY: [{"id": id_} for id_ in asset_ids]}}
    return api("PATCH", f"/products/{api.sandbox.product_id('A')}", body)


def _pictures(api: Api) -> tuple[str, ...]:
    return api.sandbox.snapshot().products["A"].gallery_ids


def _found(api: Api, sku: str = "A", operator: str = "eq") -> list[dict[str, Any]]:
    value: Any = [sku] if operator == "in" else sku
    rows: list[dict[str, Any]] = api.search(
        "products", [[{"field": "sku", "operator": operator, "value": value}]], *COLUMNS
    )
    return rows


def _three(api: Api) -> tuple[str, str, str]:
    return api.sandbox.add_asset("1.jpg"), api.sandbox.add_asset("2.jpg"), api.sandbox.add_asset("3.jpg")


@pytest.mark.parametrize(
    ("words", "status", "left"),
    [
        ("patch=replace", 200, "cb"),
        ("patch=append", 200, "acb"),
        ("patch=ignore", 200, "a"),
        ("patch=refuse", 422, "a"),
        ("order=reversed", 200, "bc"),
        ("patch=append,order=reversed", 200, "abc"),
    ],
)
def test_a_write_of_a_gallery_does_what_was_chosen(
    account: Start, words: str, status: int, left: str
) -> None:
    api = account(words)
    by_letter = dict(zip("abc", _three(api), strict=True))
    api.sandbox.set_gallery("A", [by_letter["a"]])
    answer = _written(api, by_letter["c"], by_letter["b"])
    assert answer.status_code == status
    assert _pictures(api) == tuple(by_letter[letter] for letter in left)


def test_a_write_may_be_answered_with_nothing(account: Start) -> None:
    api = account("answer=empty")
    answer = _written(api, *_three(api))
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(_pictures(api)) == 3


@pytest.mark.parametrize(
    ("words", "status", "has_fields"),
    [("linked=409", 409, True), ("linked=409-bare", 409, False), ("linked=201", 201, False)],
)
def test_a_link_that_is_there_is_answered_as_chosen(
    account: Start, words: str, status: int, *, has_fields: bool
) -> None:
    api = account(words)
    first = _three(api)[0]
    api.sandbox.set_gallery("A", [first])
    body = {"id": first, "attribute_label": GALLERY}
    answer = api("POST", f"/products/{api.sandbox.product_id('A')}/assets", body)
    assert answer.status_code == status
    assert ("errors" in answer.json().get("error", {})) is has_fields
    assert _pictures(api) == (first,)


@pytest.mark.parametrize(("words", "is_thumbnail"), [("unlink=everywhere", False), ("unlink=one", True)])
def test_an_unlink_takes_out_of_all_or_of_one(account: Start, words: str, *, is_thumbnail: bool) -> None:
    api = account(words)
    first = _three(api)[0]
    api.sandbox.set_gallery("A", [first])
    api.sandbox.set_thumbnail("A", first)
    assert api("DELETE", f"/products/{api.sandbox.product_id('A')}/assets/{first}").status_code == 204
    state = api.sandbox.snapshot().products["A"]
    assert state.gallery_ids == ()
    assert (state.thumbnail_id == first) is is_thumbnail


@pytest.mark.parametrize(
    ("words", "empty", "told"),
    [
        ("gallery=told", {}, {GALLERY: "objects"}),
        ("gallery=untold", {}, {}),
        ("empty=null", {GALLERY: None}, {GALLERY: "objects"}),
        ("media=ids", {}, {GALLERY: "ids"}),
        ("gallery=untold,empty=null", {}, {}),
    ],
)
def test_a_search_tells_a_gallery_as_chosen(
    account: Start, words: str, empty: dict[str, None], told: dict[str, str]
) -> None:
    api = account(words)
    first = _three(api)[0]
    assert _found(api)[0]["attributes"] == empty
    api.sandbox.set_gallery("A", [first])
    shown = _found(api)[0]
    form = {
        label: "ids" if pictures == [first] else "objects" for label, pictures in shown["attributes"].items()
    }
    assert form == told
    assert [one["id"] for one in shown["assets"]] == [first]


def test_a_search_may_refuse_in_for_skus_but_not_for_ids(account: Start) -> None:
    api = account("sku-in=refused")
    body = {"filters": [[{"field": "sku", "operator": "in", "value": ["A"]}]]}
    api.refusal("POST", "/products/search", body, status=422)
    assert len(_found(api)) == 1
    by_id = [[{"field": "id", "operator": "in", "value": [api.sandbox.product_id("A")]}]]
    assert len(api.search("products", by_id)) == 1


@pytest.mark.parametrize(("words", "number"), [("eq=ignores-case", 1), ("eq=exact", 0)])
def test_text_is_compared_as_chosen(account: Start, words: str, number: int) -> None:
    api = account(words)
    api.upload(PICTURE, "A.jpg")
    assert len(_found(api, "a")) == len(_found(api, "a", "in")) == number
    assert len(api.search("assets", [[{"field": "filename", "operator": "eq", "value": "a.JPG"}]])) == number
    assert len(_found(api, "A")) == len(_found(api, "A", "in")) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("counts=right", (2, 3)),
        ("counts=hits", (3, 3)),
        ("counts=missing", (2, None)),
        ("counts=unfiltered", (2, 4)),
    ],
)
def test_the_numbers_of_a_search_are_as_chosen(
    account: Start, words: str, told: tuple[int, int | None]
) -> None:
    api = account(words)
    _three(api)
    api.sandbox.add_asset("another.png")
    filters = [[{"field": "filename", "operator": "like", "value": ".jpg"}]]
    body = {"filters": filters, "pagination": {"page_size": 2}}
    told_by = api("POST", "/assets/search", body).json()["pagination"]
    assert (told_by["count"], told_by.get("total_count")) == told


@pytest.mark.parametrize("form", ["errors", "existing-id", "no-id"])
def test_a_picture_that_is_there_is_refused_in_the_chosen_form(account: Start, form: str) -> None:
    api = account(f"exists={form}")
    id_ = api.upload(PICTURE, "one.jpg")
    error = api.refusal("POST", "/assets", {"url": PICTURE, "filename": "one.jpg"}, status=409)
    assert ("errors" in error) is (form == "errors")
    assert (error.get("existing_asset_id") == id_) is (form == "existing-id")
    assert (id_ in str(error)) is (form != "no-id")


@pytest.mark.parametrize(("words", "status"), [("other-name=409", 409), ("other-name=second", 201)])
def test_an_address_under_another_name_is_taken_as_chosen(account: Start, words: str, status: int) -> None:
    api = account(words)
    api.upload(PICTURE, "one.jpg")
    assert api("POST", "/assets", {"url": PICTURE, "filename": "two.jpg"}).status_code == status
    assert api("POST", "/assets", {"url": PICTURE, "filename": "one.jpg"}).status_code == 409


@pytest.mark.parametrize("status", [422, 404, 500, 201])
def test_an_address_without_a_picture_is_answered_as_chosen(account: Start, status: int) -> None:
    api = account(f"unreachable={status}")
    body = {"url": "https://nowhere.invalid/a.jpg", "filename": "a.jpg"}
    assert api("POST", "/assets", body).status_code == status


@pytest.mark.parametrize(("words", "status"), [("delete-used=allowed", 204), ("delete-used=refused", 409)])
def test_an_asset_in_use_is_deleted_as_chosen(account: Start, words: str, status: int) -> None:
    api = account(words)
    first, second, _ = _three(api)
    api.sandbox.set_gallery("A", [first])
    assert api("DELETE", f"/assets/{first}").status_code == status
    assert api("DELETE", f"/assets/{second}").status_code == 204


def test_a_lagging_search_shows_new_changed_and_deleted_things_as_they_were(
    account: Start, clock: FakeClock
) -> None:
    api = account("lag=5")
    by_name = [[{"field": "filename", "operator": "like", "value": ".jpg"}]]
    first, second = api.upload(PICTURE, "1.jpg"), api.upload(f"{PICTURE}?2", "2.jpg")
    assert api.search("assets", by_name) == []
    clock.now += 5
    assert {row["id"] for row in api.search("assets", by_name)} == {first, second}
    _written(api, first, second)
    new = api.data("POST", "/products", {"sku": "B"}, status=201)[0]["id"]
    assert _found(api)[0]["assets"] == _found(api, "B") == []
    assert api.gallery(api.sandbox.product_id("A")) == [first, second]
    clock.now += 5
    assert [one["id"] for one in _found(api)[0]["attributes"][GALLERY]] == [first, second]
    assert [row["id"] for row in _found(api, "B")] == [new]
    assert api("DELETE", f"/assets/{first}").status_code == 204
    assert api("DELETE", f"/products/{new}").status_code == 204
    assert [one["id"] for one in _found(api)[0]["attributes"][GALLERY]] == [first, second]
    assert [row["id"] for row in _found(api, "B")] == [new]
    assert api("GET", f"/products/{new}").status_code == 404
    clock.now += 5
    assert [one["id"] for one in _found(api)[0]["attributes"][GALLERY]] == [second]
    assert _found(api, "B") == []


def test_without_a_word_the_sandbox_behaves_as_its_defaults_say() -> None:
    defaults = [f"{key}={values[0]}" for key, values in choices().items()]
    assert parse_behaviour(defaults) == parse_behaviour(()) == parse_behaviour(["", " , "]) == Behaviour()
    assert parse_behaviour(["lag=1", "patch=ignore,lag=2.5"]).searches.lag == 2.5


@pytest.mark.parametrize(
    ("words", "offer"),
    [
        ("patch=apend", "replace, append, ignore, refuse"),
        ("pach=append", "patch"),
        ("patch", "append"),
        ("lag=soon", "seconds"),
        ("lag=nan", "seconds"),
        ("lag=601", "600"),
        ("lag=-1", "0"),
        ("sku_in=taken", "sku-in"),
    ],
)
def test_a_behaviour_that_does_not_exist_is_refused_with_those_that_do(words: str, offer: str) -> None:
    with pytest.raises(SandboxError) as refused:
        parse_behaviour([words])
    assert offer in refused.value.next_step

from collections.abc import Sequence

import pytest
from sandbox.conftest import Api

from amzsync.sandbox.search import Kind
from amzsync.sandbox.state import Product
from amzsync.sandbox.store import IndexedColumn, Store, Table


def field(name: str | None, operator: str | None, value: object = None) -> dict[str, object]:
    return {"field": name, "operator": operator, "value": value}


@pytest.fixture
def pictures(api: Api) -> dict[str, str]:
    """Ids by filename."""
    names = ["amazon_01_MAIN_61wiX.jpg", "amazon_01_MAIN_61WIx.jpg", "rabbit.png"]
    return {name: api.upload(f"https://a.example/{n}.jpg", name) for n, name in enumerate(names)}


def names(rows: list[dict[str, str]]) -> list[str]:
    return [row["filename"] for row in rows]


def skus(rows: list[dict[str, str]]) -> list[str]:
    return [row["sku"] for row in rows]


# Assets


def test_an_asset_search_without_attributes_returns_ids_alone(api: Api, pictures: dict[str, str]) -> None:
    assert api.search("assets", []) == [{"id": id_} for id_ in pictures.values()]


def test_an_asset_search_returns_the_named_columns(api: Api, pictures: dict[str, str]) -> None:
    rows = api.search("assets", [[field("filename", "eq", "rabbit.png")]], "filename", "file_size")
    assert [set(row) for row in rows] == [{"id", "filename", "file_size"}]
    assert rows[0]["id"] == pictures["rabbit.png"]


@pytest.mark.usefixtures("pictures")
def test_equal_ignores_case_so_names_that_come_back_can_differ(api: Api) -> None:
    found = api.search("assets", [[field("filename", "eq", "AMAZON_01_MAIN_61WIX.JPG")]], "filename")
    assert names(found) == ["amazon_01_MAIN_61wiX.jpg", "amazon_01_MAIN_61WIx.jpg"]


def test_a_hundred_filenames_can_be_asked_for_at_once(api: Api) -> None:
    wanted = [f"amazon_{n}.jpg" for n in range(100)]
    for n, name in enumerate(wanted[:60]):
        api.sandbox.add_asset(name, f"https://a.example/{n}.jpg")
    api.sandbox.add_asset("other.jpg")
    groups = [[field("filename", "eq", name)] for name in wanted]
    assert names(api.search("assets", groups, "filename", page_size=100)) == wanted[:60]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([[field("filename", "like", "MAIN_61")]], 2),
        ([[field("filename", "!eq", "rabbit.png")]], 2),
        ([[field("filename", "eq", "rabbit.png"), field("filename", "like", "amazon")]], 0),
        ([[field("filename", "eq", "rabbit.png")], [field("filename", "like", "61wix")]], 3),
        ([[field("filename", "eq", "rabbit.png"), field("extension", "in", ["png"])]], 1),
        ([[field("extension", "in", ["jpg"])]], 2),
        ([[field("file_type", "in", ["IMAGES"])]], 3),
        ([[field("assigned", "eq", True)]], 0),
        ([[field("assigned", "eq", False)]], 3),
        ([[field("file_size", "gt", 0)]], 3),
        ([[field("file_size", "lte", 0)]], 0),
        ([[field("created", "gte", "2027-01-15")]], 3),
        ([[field("modified", "lt", "2027-01-15")]], 0),
        ([], 3),
        ([[]], 3),
    ],
)
@pytest.mark.usefixtures("pictures")
def test_asset_filters_are_an_or_of_ands(
    api: Api, filters: list[list[dict[str, object]]], expected: int
) -> None:
    assert len(api.search("assets", filters)) == expected


def test_assets_are_found_by_id_exactly(api: Api, pictures: dict[str, str]) -> None:
    first, second, third = pictures.values()
    assert api.search("assets", [[field("id", "in", [third, first, "none"])]]) == [
        {"id": first},
        {"id": third},
    ]
    assert api.search("assets", [[field("id", "eq", second)]]) == [{"id": second}]
    assert api.search("assets", [[field("id", "!in", [first, second])]]) == [{"id": third}]
    assert api.search("assets", [[field("id", "eq", "0" * 24)]]) == []


@pytest.mark.parametrize(
    ("name", "operator", "value"),
    [
        ("filename", "in", ["rabbit.png"]),
        ("filename", "contains", "rabbit"),
        ("filename", "eq", ["rabbit.png"]),
        ("filename", "eq", None),
        ("filename", None, "rabbit.png"),
        ("url", "eq", "https://a.example/1.jpg"),
        ("source_url", "eq", "https://a.example/1.jpg"),
        ("colour", "eq", "red"),
        (None, "eq", "red"),
        ("file_size", "gt", "big"),
        ("assigned", "eq", "yes"),
        ("extension", "eq", "png"),
        ("id", "in", []),
        ("id", "in", "a"),
        ("id", "in", [1]),
        ("id", "in", ["a"] * 101),
        ("id", "like", "a"),
    ],
)
def test_an_asset_filter_that_is_not_offered_is_422(
    api: Api, name: str | None, operator: str | None, value: object
) -> None:
    api.refusal("POST", "/assets/search", {"filters": [[field(name, operator, value)]]}, status=422)


# Products


def test_a_product_search_returns_id_and_sku_alone(api: Api, product: str) -> None:
    assert api.search("products", [[field("sku", "eq", "A")]]) == [{"id": product, "sku": "A"}]


def test_one_search_tells_gallery_assets_and_thumbnail_of_many_products(api: Api) -> None:
    main, other = (
        api.upload("https://a.example/1.jpg", "1.jpg"),
        api.upload("https://a.example/2.jpg", "2.jpg"),
    )
    api.sandbox.set_gallery("B", [other, main])
    api.sandbox.set_thumbnail("B", main)
    wanted = ("sku", "thumbnail", "assets", "attributes.amazon_images")
    empty, full = api.search("products", [[field("sku", "in", ["B", "A", "none"])]], *wanted)
    assert empty == {"id": empty["id"], "sku": "A", "thumbnail": None, "assets": [], "attributes": {}}
    assert full["sku"] == "B"
    assert (full["thumbnail"]["id"], full["thumbnail"]["filename"]) == (main, "1.jpg")
    assert [asset["id"] for asset in full["attributes"]["amazon_images"]] == [other, main]
    assert [asset["filename"] for asset in full["attributes"]["amazon_images"]] == ["2.jpg", "1.jpg"]
    assert {asset["id"] for asset in full["assets"]} == {main, other}


def test_a_product_search_with_one_group_per_sku_says_the_same_as_in(api: Api) -> None:
    groups = [[field("sku", "eq", sku)] for sku in ("C", "A", "none")]
    assert skus(api.search("products", groups)) == ["A", "C"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([[field("sku", "eq", "a")]], ["A"]),
        ([[field("sku", "in", ["b", "C"])]], ["B", "C"]),
        ([[field("sku", "!eq", "a")]], ["B", "C"]),
        ([[field("sku", "!in", ["A", "b"])]], ["C"]),
        ([[field("sku", "like", "b")]], ["B"]),
        ([[field("sku", "text_search", "c")]], ["C"]),
        ([[field("sku", "exists")]], ["A", "B", "C"]),
        ([[field("sku", "!exists")]], []),
        ([[field("label", "exists")]], []),
        ([[field("attributes.amazon_images", "exists")]], ["B"]),
        ([[field("attributes.amazon_images", "!exists")]], ["A", "C"]),
        ([[field("thumbnail", "exists")]], ["C"]),
        ([[field("assets", "exists")]], ["B", "C"]),
        ([[field("attributes.colour", "eq", "RED")]], ["A"]),
        ([[field("attributes.colour", "exists")], [field("sku", "eq", "C")]], ["A", "C"]),
        ([[field("attributes.width", "gt", 3), field("sku", "in", ["A", "B"])]], ["B"]),
    ],
)
def test_product_filters_know_properties_and_custom_attributes(
    api: Api, product: str, filters: list[list[dict[str, object]]], expected: list[str]
) -> None:
    for name, type_class in (("Colour", "TextAttribute"), ("Width", "IntAttribute")):
        api.data("POST", "/attributes/product", {"name": name, "type_class": type_class}, status=201)
    api.data("PATCH", f"/products/{product}", {"attributes": {"colour": "red"}})
    api.data("PATCH", f"/products/{api.sandbox.product_id('B')}", {"attributes": {"width": 4}})
    api.sandbox.set_gallery("B", [api.upload()])
    api.sandbox.set_thumbnail("C", api.sandbox.add_asset("by_hand.jpg"))
    assert skus(api.search("products", filters)) == expected


@pytest.mark.parametrize(
    ("name", "operator", "value"),
    [
        ("sku", "contains", "A"),
        ("sku", "eq", ["A"]),
        ("sku", "in", "A"),
        ("sku", "in", ["A"] * 101),
        ("amazon_images", "exists", None),
        ("attributes.unknown", "exists", None),
        ("attributes.amazon_images", "eq", "a"),
        ("colour", "eq", "red"),
    ],
)
def test_a_product_filter_that_is_not_offered_is_422(
    api: Api, name: str, operator: str, value: object
) -> None:
    api.refusal("POST", "/products/search", {"filters": [[field(name, operator, value)]]}, status=422)


def test_a_chosen_attribute_that_does_not_exist_is_422(api: Api) -> None:
    for name in ("attributes.unknown", "amazon_images", "colour"):
        api.refusal("POST", "/products/search", {"filters": [], "attributes": [name]}, status=422)


def test_at_most_twenty_attributes_can_be_chosen(api: Api) -> None:
    body = {"filters": [], "attributes": ["sku"] * 20}
    assert api("POST", "/products/search", body).status_code == 200
    body["attributes"].append("sku")
    api.refusal("POST", "/products/search", body, status=422)


# Both


@pytest.mark.parametrize("what", ["products", "assets", "attributes/product"])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"attributes": ["id"]},
        {"filters": None},
        {"filters": {}},
        {"filters": [{"field": "id", "operator": "eq", "value": "a"}]},
        {"filters": [["id"]]},
        {"filters": [], "attributes": "id"},
        {"filters": [], "attributes": [1]},
        {"filters": [], "pagination": {"page_size": 101}},
        {"filters": [], "pagination": {"page_size": 0}},
        {"filters": [], "pagination": {"page_size": "10"}},
        {"filters": [], "pagination": {"page_size": True}},
        {"filters": [], "pagination": {"page": 0}},
        {"filters": [], "pagination": {"page": 1.5}},
        {"filters": [], "pagination": {"order": "nonsense"}},
        {"filters": [], "pagination": {"order": 1}},
        {"filters": [], "pagination": [1]},
    ],
)
def test_a_search_that_is_not_well_formed_is_422(api: Api, what: str, body: dict[str, object]) -> None:
    api.refusal("POST", f"/{what}/search", body, status=422)


def test_a_page_has_25_rows_unless_it_says_otherwise_and_at_most_100(api: Api) -> None:
    api.sandbox.seed(f"S{n:03}" for n in range(147))
    everything: dict[str, object] = {"filters": []}
    answer = api("POST", "/products/search", everything).json()
    assert len(answer["data"]) == 25
    assert answer["pagination"] == {
        "page": 1,
        "page_size": 25,
        "count": 25,
        "total_count": 150,
        "order": None,
    }
    sizes = [len(api.search("products", [], page=page, page_size=100)) for page in (1, 2, 3)]
    assert sizes == [100, 50, 0]


@pytest.mark.parametrize("filters", [[], [[field("sku", "like", "S")]], [[field("sku", "exists")]]])
def test_pages_together_hold_each_row_once(api: Api, filters: list[list[dict[str, object]]]) -> None:
    api.sandbox.seed(f"S{n:03}" for n in range(60))
    found = [
        sku for page in range(1, 10) for sku in skus(api.search("products", filters, page=page, page_size=7))
    ]
    assert len(found) == len(set(found)) >= 60


def test_rows_can_be_ordered_both_ways(api: Api) -> None:
    assert skus(api.search("products", [], order="-sku")) == ["C", "B", "A"]
    api.data("PATCH", f"/products/{api.sandbox.product_id('C')}", {"label": "first"})
    api.data("PATCH", f"/products/{api.sandbox.product_id('B')}", {"label": "second"})
    assert skus(api.search("products", [], order="label")) == ["C", "B", "A"]
    assert skus(api.search("products", [], order="-label")) == ["B", "C", "A"]


def test_a_sorted_search_over_ten_thousand_hits_is_428(api: Api) -> None:
    api.sandbox.seed(f"S{n}" for n in range(9_997))
    body = {"filters": [], "pagination": {"order": "sku", "page_size": 1}}
    assert api("POST", "/products/search", body).status_code == 200
    api.sandbox.seed(["one more"])
    api.refusal("POST", "/products/search", body, status=428)
    assert len(api.search("products", [], page_size=1)) == 1


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (Table.PRODUCTS, IndexedColumn.SKU_KEY),
        (Table.PRODUCTS, IndexedColumn.ID),
        (Table.ASSETS, IndexedColumn.FILENAME_KEY),
        (Table.ASSETS, IndexedColumn.ID),
    ],
)
def test_the_common_searches_never_scan(api: Api, table: Table, column: IndexedColumn) -> None:
    plan = api.sandbox._running.store.db.execute(
        f"EXPLAIN QUERY PLAN SELECT seq, id FROM {table} WHERE {column} IN (?, ?)", ("a", "b")
    ).fetchall()
    assert all("SEARCH" in step[3] and "INDEX" in step[3] for step in plan)


def test_the_common_searches_read_only_what_they_return(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.sandbox.seed(f"S{n}" for n in range(300))
    asked: list[int] = []
    store = api.sandbox._running.store
    read = store.products

    def products(_store: Store, ids: Sequence[str]) -> list[Product]:
        asked.append(len(ids))
        return read(ids)

    monkeypatch.setattr(type(store), "products", products)
    api.search("products", [[field("sku", "in", ["S1", "S2"])]])
    api.search("products", [[field("sku", "eq", "S3")], [field("sku", "eq", "S4")]])
    api.search("products", [], page_size=5)
    assert asked == [2, 2, 5]


# Attributes and filters


def test_attribute_definitions_show_only_id_and_filter_type_unless_asked(api: Api) -> None:
    assert [set(row) for row in api.search("attributes/product", [])] == [{"id", "filter_type"}]
    wanted = ("label", "name", "type_class", "groups")
    shown = api.search("attributes/product", [[field("label", "eq", "amazon_images")]], *wanted)[0]
    assert {name: shown[name] for name in wanted} == {
        "label": "amazon_images",
        "name": "Amazon Images",
        "type_class": "MediaGalleryAttribute",
        "groups": [],
    }


def test_a_new_attributes_label_follows_from_its_name(api: Api) -> None:
    body = {"name": "My Côte & Pictures", "label": "ignored", "type_class": "MediaGalleryAttribute"}
    made = api.data("POST", "/attributes/product", body, status=201)[0]
    assert made["label"] == "my_c_te_pictures"
    assert made["type_class"] == "MediaGalleryAttribute"
    found = api.search("attributes/product", [[field("name", "eq", body["name"])]], "label")
    assert [row["label"] for row in found] == ["my_c_te_pictures"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type_class": "TextAttribute"}, 422),
        ({"name": 1, "type_class": "TextAttribute"}, 422),
        ({"name": "&&", "type_class": "TextAttribute"}, 422),
        ({"name": "X"}, 422),
        ({"name": "X", "type_class": "Nonsense"}, 422),
        ({"name": "amazon-images", "type_class": "TextAttribute"}, 409),
    ],
)
def test_an_attribute_that_cannot_be_is_refused(api: Api, body: dict[str, object], status: int) -> None:
    api.refusal("POST", "/attributes/product", body, status=status)


def test_the_filters_of_products_list_every_searchable_key(api: Api) -> None:
    (told,) = api.data("GET", "/filters/product")
    assert set(told) == {"attributes", "properties"}
    assert [entry["key"] for entry in told["attributes"]] == ["attributes.amazon_images"]
    by_key = {entry["key"]: entry for entry in told["properties"]}
    assert by_key["sku"]["operators"] == list(Kind.TEXT.value)
    assert all(set(entry) == {"key", "operators", "filter_type"} for entry in by_key.values())

import pytest

from amzsync.domain.product import MARKETPLACE_IDS, ImageRef, Product
from amzsync.mapping.forms import Nameless, Shape, read_product

US, DE = MARKETPLACE_IDS["US"], MARKETPLACE_IDS["DE"]


def read(entry: object, code: str = "US", **options: str) -> Product:
    found = read_product(entry, lambda: code, **options)
    assert isinstance(found, Product)
    return found


def images(**fields: object) -> list[ImageRef]:
    return list(read({"asin": "B1", **fields}).images)


def test_listed_images_carry_variant_and_size() -> None:
    assert images(
        amazon_images=[
            {"link": "u1", "variant": "PT01", "height": 10, "width": 20},
            {"link": "u2"},
            {"link": "u3", "variant": None, "height": 10},
            {"link": None, "variant": "PT02"},
        ]
    ) == [ImageRef("u1", "PT01", 200, 20), ImageRef("u2", ""), ImageRef("u3", "")]


def test_flat_fields_name_their_variants_and_null_is_none() -> None:
    assert images(
        amazon_image_main="u0",
        amazon_image_variant_1=None,
        amazon_image_variant_2="u2",
        amazon_image_variant_8="u8",
        amazon_image_swatch="us",
        amazon_image_variant_9="not a field",
    ) == [ImageRef("u0", "MAIN"), ImageRef("u2", "PT02"), ImageRef("u8", "PT08"), ImageRef("us", "SWATCH")]


def test_marketplace_groups_give_the_images_of_the_products_own_marketplace() -> None:
    groups = [
        {"marketplaceId": DE, "images": [{"link": "de", "variant": "MAIN"}]},
        {"marketplaceId": US, "images": [{"link": "us", "variant": "MAIN", "height": 5, "width": 5}]},
        {"marketplaceId": US, "images": None},
    ]
    assert images(images=groups) == [ImageRef("us", "MAIN", 25, 5)]
    assert [ref.url for ref in read({"asin": "B1", "images": groups}, "DE").images] == ["de"]
    assert [ref.url for ref in read({"asin": "B1", "images": groups, "marketplace": "DE"}).images] == ["de"]
    assert [ref.url for ref in read({"asin": "B1", "images": groups}, forced="de").images] == ["de"]
    assert not read({"asin": "B1", "images": groups}, "JP").images


def test_a_plain_list_counts_its_variants_over_its_gaps() -> None:
    urls = ["u0", None, *(f"u{n}" for n in range(1, 10))]
    assert [ref.variant for ref in images(image_urls=urls)] == [
        "MAIN",
        *(f"PT{n:02d}" for n in range(1, 9)),
        "IMG09",
    ]


FORMS: dict[str, tuple[object, list[object]]] = {
    "amazon_images": ([{"link": "1"}], [[], None, [{"link": None}]]),
    "amazon_image_main": ("2", [None, ""]),
    "images": (
        [{"marketplaceId": US, "images": [{"link": "3"}]}],
        [[], None, [{"marketplaceId": DE, "images": [{"link": "de"}]}]],
    ),
    "image_urls": (["4"], [[], None]),
}


@pytest.mark.parametrize("first", range(4))
def test_the_first_form_that_holds_something_wins(first: int) -> None:
    names = list(FORMS)
    full = {name: FORMS[name][0] for name in names[first:]}
    for turn in range(3):
        empty = {name: FORMS[name][1][turn % len(FORMS[name][1])] for name in names[:first]}
        assert [ref.url for ref in images(**empty, **full)] == [str(first + 1)]


@pytest.mark.parametrize(
    ("entry", "sku"),
    [
        ({"suggested_sku": " AMZN-CA-B1 ", "asin": "B2"}, "AMZN-CA-B1"),
        ({"suggested_sku": "", "amazon_asin": "B1", "asin": "B2"}, "AMZN-US-B1"),
        ({"suggested_sku": None, "amazon_asin": None, "asin": "B2"}, "AMZN-US-B2"),
        ({"asin": "B2", "marketplace": "UK"}, "AMZN-UK-B2"),
        ({"suggested_sku": "Größe-1"}, "Größe-1"),
        ({"canonical_sku": "C1", "sku": "C2", "asin": "B2"}, "AMZN-US-B2"),
    ],
)
def test_images_go_to_the_amazon_product(entry: dict[str, str | None], sku: str) -> None:
    assert read(entry) == Product(sku, is_parent=False, images=())


@pytest.mark.parametrize(
    ("fields", "is_parent"),
    [
        ({"item_classification": "VARIATION_PARENT"}, True),
        ({"item_classification": "BASE_PRODUCT"}, False),
        ({"is_parent": True}, True),
        ({"parent_child": "Parent"}, True),
        ({"parent_child": "child"}, False),
        ({"is_parent": 1}, False),
        ({"is_parent": "true"}, False),
        ({}, False),
    ],
)
def test_a_variation_parent_is_known_by_its_mark(fields: dict[str, str | int], *, is_parent: bool) -> None:
    assert read({"asin": "B1", **fields}).is_parent is is_parent


@pytest.mark.parametrize(
    ("summaries", "is_parent", "title"),
    [
        ([{"marketplaceId": US, "itemClassification": "VARIATION_PARENT", "itemName": "Moss"}], True, "Moss"),
        ([{"marketplaceId": US, "itemClassification": "BASE_PRODUCT"}], False, None),
        ([{"marketplaceId": DE, "itemClassification": "VARIATION_PARENT", "itemName": "Moos"}], False, None),
        (
            [{"marketplaceId": DE, "itemName": "Moos"}, {"marketplaceId": US, "itemName": "Moss"}],
            False,
            "Moss",
        ),
        ([{"marketplaceId": US, "itemName": 7}, "Moss", None], False, None),
        ({"marketplaceId": US, "itemName": "Moss"}, False, None),
        (None, False, None),
    ],
)
def test_what_the_sp_api_tells_of_a_product_is_that_of_its_marketplace(
    summaries: object, *, is_parent: bool, title: str | None
) -> None:
    found = read({"asin": "B1", "summaries": summaries})
    assert (found.is_parent, found.title) == (is_parent, title)


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"title": "A", "item_name": "B"}, "A"),
        ({"amazon_title": "A", "item_name": "B"}, "A"),
        ({"title": " ", "item_name": "B"}, "B"),
        ({"title": ["A"], "item_name": None}, None),
        ({"title": "  two\n lines\t"}, "two lines"),
        ({"title": "half \ud800, none \0."}, "half ?, none ."),
        ({"title": "x" * 301}, "x" * 300),
        ({"title": " " * 9_000_000 + "x"}, None),
        ({}, None),
    ],
)
def test_a_title_is_one_line_of_bounded_length(fields: dict[str, object], title: str | None) -> None:
    assert read({"asin": "B1", **fields}).title == title


@pytest.mark.parametrize("size", [None, 0, -5, 1.5, True, "75", [75], 1 << 15, 10**400])
def test_a_size_that_is_no_size_counts_as_not_told(size: object) -> None:
    assert images(amazon_images=[{"link": "u", "height": size, "width": 75}]) == [ImageRef("u", "", 0)]


@pytest.mark.parametrize(
    ("entry", "field", "cause"),
    [
        (None, "", "not null"),
        ([], "", "not a list"),
        ("B1", "", "not a text"),
        (7, "", "not a number"),
        (True, "", "not true or false"),
        ({"asin": 7}, "asin", "not a number"),
        ({"suggested_sku": ["x"]}, "suggested_sku", "not a list"),
        ({"suggested_sku": "x" * 513}, "suggested_sku", "longer than 512"),
        ({"suggested_sku": "x\ud800"}, "suggested_sku", "half a character"),
        ({"suggested_sku": "x\0"}, "suggested_sku", "NUL"),
        ({"asin": "B1", "marketplace": {}}, "marketplace", "not an object"),
        ({"asin": "B1", "amazon_images": {}}, "amazon_images", "not an object"),
        ({"asin": "B1", "amazon_images": ["u"]}, "amazon_images[0]", "not a text"),
        ({"asin": "B1", "amazon_images": [{}, {"link": 1}]}, "amazon_images[1].link", "not a number"),
        (
            {"asin": "B1", "amazon_images": [{"link": "u", "variant": 1}]},
            "amazon_images[0].variant",
            "number",
        ),
        ({"asin": "B1", "amazon_image_main": 1}, "amazon_image_main", "not a number"),
        ({"asin": "B1", "images": "u"}, "images", "not a text"),
        ({"asin": "B1", "images": ["u"]}, "images[0]", "not a text"),
        (
            {"asin": "B1", "images": [{"marketplaceId": US, "images": [None]}]},
            "images[0].images[0]",
            "not null",
        ),
        ({"asin": "B1", "image_urls": "u"}, "image_urls", "not a text"),
        ({"asin": "B1", "image_urls": ["u"] * 1001}, "", "more than 1,000 images"),
        ({"asin": "B1", "image_urls": ["u", 2]}, "image_urls[1]", "not a number"),
    ],
)
def test_a_wrong_shape_names_its_field(entry: object, field: str, cause: str) -> None:
    with pytest.raises(Shape, match=cause) as raised:
        read(entry)
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("entry", "has_images"),
    [({}, False), ({"asin": "  "}, False), ({"suggested_sku": None, "amazon_image_main": "u"}, True)],
)
def test_a_product_that_cannot_be_named_is_told_from_a_wrong_shape(
    entry: dict[str, str | None], *, has_images: bool
) -> None:
    found = read_product(entry, lambda: "US")
    assert found == Nameless(has_images, "the product has neither suggested_sku nor amazon_asin nor asin")


def test_a_product_may_have_a_thousand_images() -> None:
    assert len(images(image_urls=["u"] * 1000)) == 1000

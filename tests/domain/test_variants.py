import pytest

from amzsync.domain.gallery import positions
from amzsync.domain.product import ImageRef, amazon_sku
from amzsync.domain.variant import KNOWN, POSITION, flat_variant, listed_variant, normalise, place


def test_the_known_variants_stand_in_amazons_order() -> None:
    views = [f"PT0{n}" for n in range(1, 9)]
    assert list(KNOWN) == ["MAIN", *views, "SWATCH", "SWCH", "TOPP", "BOTT"]
    assert list(POSITION.values()) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 12]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (None, ""),
        ("", ""),
        ("  ", ""),
        ("main", "MAIN"),
        ("pt03", "PT03"),
        ("PAKN", "PAKN"),
        ("my view/2", "MY-VIEW-2"),
        ("../../etc", "ETC"),
        ("\ud800", ""),
        ("x" * 200, "X" * 40),
    ],
)
def test_a_variants_name_is_safe_in_a_file_name(raw: str | None, name: str) -> None:
    assert normalise(raw) == name


def test_further_views_stand_after_the_eighth_by_number() -> None:
    variants = ["BACK", "PT100", "BOTT", "SWATCH", "PT99", "PT16", "PT9", "PT09", "PT08", "PT00", "MAIN"]
    assert sorted(variants, key=place) == [
        *("MAIN", "PT08", "PT09", "PT16", "PT99", "SWATCH", "BOTT"),
        *("BACK", "PT00", "PT100", "PT9"),
    ]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("amazon_image_main", "MAIN"),
        ("amazon_image_variant_1", "PT01"),
        ("amazon_image_variant_8", "PT08"),
        ("amazon_image_swatch", "SWATCH"),
    ],
)
def test_a_flat_field_names_its_variant(field: str, name: str) -> None:
    assert flat_variant(field) == name


@pytest.mark.parametrize(
    ("index", "name"), [(0, "MAIN"), (1, "PT01"), (8, "PT08"), (9, "IMG09"), (10, "IMG10"), (120, "IMG120")]
)
def test_a_plain_list_counts_its_variants(index: int, name: str) -> None:
    assert listed_variant(index) == name


def test_variants_nobody_knows_are_numbered_from_13_by_their_place() -> None:
    images = [ImageRef("u", name) for name in ("MAIN", "PT02", "BOTT", "BACK", "BACK", "FRNT")]
    assert positions(images) == [1, 3, 12, 13, 13, 14]
    images = [ImageRef("u", name) for name in ("PT08", "PT09", "PT16", "SWATCH", "BACK")]
    assert positions(images) == [9, 13, 14, 10, 15]


def test_the_amazon_product_has_its_marketplace_in_its_sku() -> None:
    assert amazon_sku("UK", "B0CXYZ1234") == "AMZN-UK-B0CXYZ1234"

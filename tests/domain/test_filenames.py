import re

import pytest
from catalogue import well_formed
from hypothesis import given
from hypothesis import strategies as st

from amzsync.domain.filename import asset_filename, distinct_filename, picture_in
from amzsync.domain.image_url import ImageUrl, read_image_url
from amzsync.domain.variant import MAIN, normalise

AMAZON = "https://m.media-amazon.com/images/I/"


@pytest.mark.parametrize(
    ("position", "variant", "url", "filename"),
    [
        (1, "MAIN", AMAZON + "61wixnPXtlL.jpg", "amazon_01_MAIN_61wixnPXtlL.jpg"),
        (2, "PT01", AMAZON + "61UI+gsEGoL.jpg", "amazon_02_PT01_61UI+gsEGoL.jpg"),
        (10, "SWATCH", AMAZON + "41BmjsZJSRL._SL75_.jpg", "amazon_10_SWATCH_41BmjsZJSRL.jpg"),
        (13, "PAKN", AMAZON + "71x.png", "amazon_13_PAKN_71x.png"),
    ],
)
def test_an_asset_is_named_by_position_variant_and_picture(
    position: int, variant: str, url: str, filename: str
) -> None:
    assert asset_filename(position, variant, well_formed(url)) == filename


@pytest.mark.parametrize(
    ("filename", "picture"),
    [
        ("amazon_01_MAIN_61UI+gsEGoL.jpg", "61UI+gsEGoL.jpg"),
        ("amazon_100_PT88_a_b.png", "a_b.png"),
        ("61UI+gsEGoL.jpg", None),
        ("amazon_1_MAIN_a.jpg", None),
        ("my_amazon_01_MAIN_a.jpg", None),
        ("amazon_01_MAIN_", None),
    ],
)
def test_a_name_tells_its_picture_whatever_it_was_named_for(filename: str, picture: str | None) -> None:
    assert picture_in(filename) == picture


def test_a_second_address_of_one_name_is_told_apart() -> None:
    name = "amazon_01_MAIN_x.jpg"
    first, second = (
        distinct_filename(name, "https://a.example/x"),
        distinct_filename(name, "https://b.example/x"),
    )
    assert len({name, first, second}) == 3
    assert first.startswith("amazon_01_MAIN_x-")
    assert first.endswith(".jpg")
    assert distinct_filename("x", "https://a.example/x").startswith("x-")


@given(st.text(), st.text())
def test_no_address_and_no_variant_leads_out_of_a_folder_or_a_header(tail: str, variant: str) -> None:
    image = read_image_url(f"https://shop.example/{tail}")
    if isinstance(image, ImageUrl):
        name = asset_filename(13, normalise(variant) or MAIN, image)
        assert re.fullmatch(r"amazon_13_[A-Z0-9_-]{1,40}_[A-Za-z0-9+_-]{1,70}(\.[a-z0-9]{1,5})?", name)

from random import Random

import pytest
from catalogue import well_formed
from hypothesis import given
from hypothesis import strategies as st

from amzsync.domain.gallery import Gallery, arrange
from amzsync.domain.image_url import ImageUrl, read_image_url
from amzsync.domain.product import ImageRef
from amzsync.domain.variant import POSITION, UNNAMED, place

AMAZON = "https://m.media-amazon.com/images/I/"
Picture = tuple[str, str] | tuple[str, str, int]


def settle(*pictures: Picture) -> tuple[Gallery, list[tuple[str, str]]]:
    """Arrange pictures given as (path after …/I/, variant[, area])."""
    refs = [ImageRef(*picture) for picture in pictures]
    refs = [ref if "://" in ref.url else ref._replace(url=AMAZON + ref.url) for ref in refs]
    gallery = arrange(refs, read_image_url)
    return gallery, [(ref.url.removeprefix(AMAZON), ref.variant) for ref in gallery.images]


@pytest.mark.parametrize(
    ("pictures", "shown"),
    [
        pytest.param([], [], id="no pictures"),
        pytest.param(
            [("s.jpg", "SWATCH"), ("b.jpg", "BACK"), ("2.jpg", "PT02"), ("m.jpg", "MAIN"), ("1.jpg", "PT01")],
            [("m.jpg", "MAIN"), ("1.jpg", "PT01"), ("2.jpg", "PT02"), ("s.jpg", "SWATCH"), ("b.jpg", "BACK")],
            id="known variants in order, unknown ones after",
        ),
        pytest.param(
            [("1.jpg", "PAKN"), ("2.jpg", "BACK"), ("3.jpg", "BOTT"), ("4.jpg", "FRNT")],
            [("3.jpg", "BOTT"), ("2.jpg", "BACK"), ("4.jpg", "FRNT"), ("1.jpg", "PAKN")],
            id="unknown variants by name",
        ),
        pytest.param(
            [("1.jpg", "SWCH"), ("2.jpg", "SWATCH"), ("3.jpg", "SWCH")],
            [("1.jpg", "SWCH"), ("2.jpg", "SWATCH"), ("3.jpg", "SWCH")],
            id="one position, then file order",
        ),
        pytest.param(
            [("2.jpg", "MAIN"), ("1.jpg", "MAIN")],
            [("2.jpg", "MAIN"), ("1.jpg", "MAIN")],
            id="two MAINs stay in file order",
        ),
        pytest.param(
            [("x._SL75_.jpg", "MAIN", 75 * 75), ("x.jpg", "MAIN", 500 * 500)],
            [("x.jpg", "MAIN")],
            id="the larger area of one variant",
        ),
        pytest.param(
            [("x.jpg", "MAIN", 1), ("y.jpg", "MAIN", 2)],
            [("y.jpg", "MAIN")],
            id="the smallest area is one too",
        ),
        pytest.param(
            [("x._SL75_.jpg", "MAIN", 75 * 75), ("x.jpg", "PT01", 500 * 500)],
            [("x._SL75_.jpg", "MAIN"), ("x.jpg", "PT01")],
            id="areas that are told decide among entries of one variant alone",
        ),
        pytest.param(
            [("x.jpg", "MAIN", 100), ("y.jpg", "MAIN", 100), ("z.jpg", "MAIN", 99)],
            [("x.jpg", "MAIN"), ("y.jpg", "MAIN")],
            id="equal areas are all kept",
        ),
        pytest.param(
            [("x.jpg", "MAIN", 100), ("y.jpg", "PT01", 50)],
            [("x.jpg", "MAIN"), ("y.jpg", "PT01")],
            id="areas of other variants are not compared",
        ),
        pytest.param(
            [("x.jpg", "MAIN", 100), ("y.jpg", "MAIN", 0)],
            [("x.jpg", "MAIN"), ("y.jpg", "MAIN")],
            id="a size that is not told loses nothing",
        ),
        pytest.param(
            [("x.jpg", "MAIN", 100), ("x._SL75_.jpg", "PT01", 50)],
            [("x.jpg", "MAIN"), ("x._SL75_.jpg", "PT01")],
            id="where every size is told, the image id decides nothing",
        ),
        pytest.param(
            [("x.jpg", "MAIN", 100), ("x._SL75_.jpg", "PT01", 0)],
            [("x.jpg", "MAIN")],
            id="where one size is not told, it decides",
        ),
        pytest.param(
            [("x._SL75_.jpg", "MAIN"), ("x.jpg", "MAIN")],
            [("x.jpg", "MAIN")],
            id="the address without modifiers wins",
        ),
        pytest.param(
            [("x._SL75_.jpg", "MAIN"), ("x._SL1500_.jpg", "MAIN"), ("x._SX300_SY200_.jpg", "MAIN")],
            [("x._SL1500_.jpg", "MAIN")],
            id="else the largest number wins",
        ),
        pytest.param(
            [("a.jpg", "PT01"), ("x.jpg", "PT05"), ("x._SL75_.jpg", "MAIN")],
            [("x.jpg", "MAIN"), ("a.jpg", "PT01")],
            id="at the place and with the variant of the most important",
        ),
        pytest.param(
            [("x.jpg", "MAIN"), ("x.jpg", "PT01"), ("x.jpg", "MAIN")],
            [("x.jpg", "MAIN")],
            id="a repeated address stands once",
        ),
        pytest.param(
            [("x.jpg", "MAIN"), ("X.jpg", "PT01"), ("-x.jpg", "PT02")],
            [("x.jpg", "MAIN"), ("X.jpg", "PT01"), ("-x.jpg", "PT02")],
            id="ids that differ in case or a dash are other pictures",
        ),
        pytest.param(
            [("https://a.example/1/x.jpg", "MAIN"), ("https://a.example/2/x.jpg", "PT01")],
            [("https://a.example/1/x.jpg", "MAIN"), ("https://a.example/2/x.jpg", "PT01")],
            id="another shop's equal file names are other pictures",
        ),
    ],
)
def test_a_gallery_holds_each_picture_once_in_amazons_order(
    pictures: list[Picture], shown: list[tuple[str, str]]
) -> None:
    assert settle(*pictures)[1] == shown


def test_what_is_left_out_is_counted_as_what_it_is() -> None:
    gallery, shown = settle(
        ("x.jpg", "MAIN"),
        ("x._SL75_.jpg", "MAIN"),
        ("x.jpg", "PT01"),
        ("ftp://a/x.jpg", "PT02"),
        ("y.jpg", "PT03"),
        ("y.jpg", "PT04"),
    )
    assert shown == [("x.jpg", "MAIN"), ("y.jpg", "PT03")]
    assert (gallery.superseded, gallery.repeated) == (1, 2)
    assert [ref.url for ref in gallery.malformed] == ["ftp://a/x.jpg"]


@pytest.mark.parametrize(
    ("pictures", "shown"),
    [
        pytest.param(
            [("a.jpg", "", 250_000), ("b.jpg", "", 100), ("c.jpg", "", 0)],
            [("a.jpg", "MAIN"), ("b.jpg", "PT01"), ("c.jpg", "PT02")],
            id="they are different pictures, whatever their sizes",
        ),
        pytest.param(
            [("a.jpg", ""), ("m.jpg", "MAIN"), ("b.jpg", ""), ("1.jpg", "PT01"), ("3.jpg", "PT03")],
            [("m.jpg", "MAIN"), ("1.jpg", "PT01"), ("a.jpg", "PT02"), ("3.jpg", "PT03"), ("b.jpg", "PT04")],
            id="a named MAIN stays the only one, and each other takes the next free number",
        ),
        pytest.param(
            [("a._SL75_.jpg", "", 5625), ("a.jpg", "", 100), ("b.jpg", "", 100), ("b._SL75_.jpg", "", 5625)],
            [("a.jpg", "MAIN"), ("b.jpg", "PT02")],
            id="two sizes of one picture are told by its id alone",
        ),
        pytest.param(
            [("a.jpg", "MAIN", 250_000), ("a._SL75_.jpg", "", 5625), ("b.jpg", "PT01", 100)],
            [("a.jpg", "MAIN"), ("b.jpg", "PT01")],
            id="also against a named one",
        ),
        pytest.param(
            [("a.jpg", "MAIN", 250_000), ("a._SL75_.jpg", "PT01", 5625), ("a._SL40_.jpg", "", 1600)],
            [("a.jpg", "MAIN"), ("a._SL75_.jpg", "PT01")],
            id="named ones with their sizes stay as they are",
        ),
        pytest.param(
            [("ftp://x", ""), ("b.jpg", "")],
            [("b.jpg", "PT01")],
            id="the first one is the MAIN even where it is unusable",
        ),
        pytest.param(
            [("https://shop.example/1.jpg", "", 100), ("https://shop.example/2.jpg", "", 200)],
            [("https://shop.example/1.jpg", "MAIN"), ("https://shop.example/2.jpg", "PT01")],
            id="addresses of others too",
        ),
    ],
)
def test_entries_without_a_variant_are_not_sizes_of_one_main(
    pictures: list[Picture], shown: list[tuple[str, str]]
) -> None:
    assert settle(*pictures)[1] == shown


URLS = st.one_of(
    st.sampled_from(["a", "b", "c", "-a", "A"]).flatmap(
        lambda name: st.sampled_from(
            [f"{AMAZON}{name}{modifiers}.jpg" for modifiers in ("", "._SL75_", "._SL500_", "._AC_")]
        )
    ),
    st.sampled_from(
        [f"{AMAZON}a.png", "https://shop.example/1.jpg", "ftp://x", "", "https://localhost/1.jpg"]
    ),
)
NAMES = ["MAIN", "PT01", "PT02", "PT09", "PT12", "SWATCH", "SWCH", "BOTT", "BACK", "FRNT"]
AREAS = st.sampled_from([0, 0, 100, 5625, 250_000])
NAMED = st.builds(ImageRef, URLS, st.sampled_from(NAMES), AREAS, st.just(0))
UNNAMED_REFS = st.builds(ImageRef, URLS, st.just(UNNAMED), AREAS, st.just(0))
REFS = NAMED | UNNAMED_REFS


@given(st.lists(REFS, max_size=12))
def test_no_picture_is_ever_lost(refs: list[ImageRef]) -> None:
    gallery = arrange(refs, read_image_url)
    assert len(gallery.images) + gallery.superseded + gallery.repeated + len(gallery.malformed) == len(refs)
    assert len({ref.url for ref in gallery.images}) == len(gallery.images)
    assert {ref.url for ref in gallery.images} <= {ref.url for ref in refs}
    named = {image.image_id for ref in refs if isinstance(image := read_image_url(ref.url), ImageUrl)}
    if not any(ref.area for ref in refs):
        assert {well_formed(ref.url).image_id for ref in gallery.images} == named


@given(st.lists(REFS, max_size=12))
def test_a_gallery_stands_in_variant_order(refs: list[ImageRef]) -> None:
    places = [place(ref.variant) for ref in arrange(refs, read_image_url).images]
    assert places == sorted(places)


@given(
    st.lists(
        NAMED, max_size=8, unique_by=(lambda ref: POSITION.get(ref.variant, ref.variant), lambda ref: ref.url)
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_file_settles_only_what_nothing_else_does(
    refs: list[ImageRef], random: Random
) -> None:
    refs = [ref for ref in refs if "_AC_" not in ref.url and ".png" not in ref.url]
    shuffled = random.sample(refs, len(refs))
    assert arrange(shuffled, read_image_url).images == arrange(refs, read_image_url).images


@given(st.lists(UNNAMED_REFS, max_size=12), st.lists(NAMED, max_size=6))
def test_no_entry_without_a_variant_takes_the_place_of_a_named_one(
    unnamed: list[ImageRef], named: list[ImageRef]
) -> None:
    alone = arrange(unnamed, read_image_url)
    pictures = {well_formed(ref.url).image_id for ref in alone.images}
    assert {
        image.image_id for ref in unnamed if isinstance(image := read_image_url(ref.url), ImageUrl)
    } == pictures
    assert len({ref.variant for ref in alone.images}) == len(alone.images)
    together = arrange([*unnamed, *named], read_image_url)
    taken = {ref.variant for ref in named}
    mains = [ref for ref in together.images if ref.variant == "MAIN"]
    assert "MAIN" in taken or len(mains) <= 1
    assert {well_formed(ref.url).image_id for ref in together.images} >= pictures


@given(st.lists(UNNAMED_REFS, min_size=1, max_size=12))
def test_the_sizes_of_entries_without_a_variant_decide_nothing(refs: list[ImageRef]) -> None:
    unsized = [ref._replace(area=0) for ref in refs]
    assert [(ref.url, ref.variant) for ref in arrange(refs, read_image_url).images] == [
        (ref.url, ref.variant) for ref in arrange(unsized, read_image_url).images
    ]


@pytest.mark.parametrize(("is_amazon", "kept"), [(True, 1), (False, 2)])
def test_equal_ids_mean_the_same_picture_at_amazon_alone(*, is_amazon: bool, kept: int) -> None:
    refs = [ImageRef("https://a.example/1/x.jpg", "MAIN"), ImageRef("https://a.example/2/x.jpg", "PT01")]
    gallery = arrange(refs, lambda _url: ImageUrl("x", ".jpg", is_amazon, has_modifiers=False, size=0))
    assert len(gallery.images) == kept

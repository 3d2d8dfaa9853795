from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any, SupportsIndex

import pytest
from catalogue import GALLERY, picture, product
from hypothesis import given
from hypothesis import strategies as st

from amzsync.domain.gallery import arrange
from amzsync.domain.image_url import ImageUrl, Malformed, read_image_url
from amzsync.domain.product import ImageRef, Product, Unreadable
from amzsync.domain.variant import KNOWN
from amzsync.errors import MappingError
from amzsync.planner import Difference, KnownProduct, KnownRows, Planner, settle

SHOP = "https://shop.example"


def plan(*products: Product | Unreadable, known: KnownRows | None = None, **options: bool) -> Difference:
    planner = Planner(known or KnownRows(), gallery_label=GALLERY, **options)
    for one in products:
        planner.add(one)
    return settle(planner)


def filenames(planner: Difference) -> dict[str, str]:
    urls = dict(planner.new_urls())
    return {urls[asset_id]: filename for asset_id, filename in planner.new_assets()}


def galleries(planner: Difference) -> dict[str, list[tuple[str, str]]]:
    """The links of new products: (address, variant) in gallery order, by SKU."""
    urls = dict(planner.new_urls())
    skus = {product_id: sku for product_id, sku, *_ in planner.new_products()}
    found: dict[str, list[tuple[str, str]]] = {sku: [] for sku in skus.values()}
    for product_id, asset_id, variant, position in planner.new_links():
        found[skus[product_id]].append((urls[asset_id], variant))
        assert position == len(found[skus[product_id]])
    return found


def thumbnails(planner: Difference) -> dict[str, str]:
    urls = dict(planner.new_urls())
    skus = {product_id: sku for product_id, sku, *_ in planner.new_products()}
    return {skus[product_id]: urls[asset_id] for product_id, asset_id in planner.new_thumbnails()}


def on_parents(planner: Difference, product_ids: Iterable[int]) -> tuple[int, int]:
    """How many of these belong to plain products, and how many to parents."""
    parents = {product_id: is_parent for product_id, _, is_parent, *_ in planner.new_products()}
    found = Counter(parents[product_id] for product_id in product_ids)
    return found[False], found[True]


def test_a_product_becomes_links_in_order_and_a_thumbnail() -> None:
    planner = plan(product("S1", ("b", "PT01"), ("a", "MAIN")))
    assert galleries(planner) == {"S1": [(picture("a"), "MAIN"), (picture("b"), "PT01")]}
    assert thumbnails(planner) == {"S1": picture("a")}


def test_without_a_main_no_thumbnail_is_set() -> None:
    planner = plan(product("S1", ("b", "PT01")), product("S2"))
    assert thumbnails(planner) == {}
    assert planner.counts.products_with_images == 1


def test_a_picture_is_named_for_its_most_important_use_whoever_comes_first() -> None:
    uses = [product("S1", ("a", "BACK")), product("S2", ("a", "PT03")), product("S3", ("a", "MAIN"))]
    for order in (uses, uses[::-1], [uses[1], uses[2], uses[0]]):
        assert filenames(plan(*order)) == {picture("a"): "amazon_01_MAIN_a.jpg"}
    assert filenames(plan(*uses[:2])) == {picture("a"): "amazon_04_PT03_a.jpg"}
    assert filenames(plan(uses[0])) == {picture("a"): "amazon_13_BACK_a.jpg"}


def test_variants_that_share_a_number_are_told_by_name_whoever_comes_first() -> None:
    uses = [product("S1", ("a", "SWCH")), product("S2", ("a", "SWATCH"))]
    others = [product("S1", ("b", "PAKN")), product("S2", ("b", "BACK"))]
    for turn in (1, -1):
        assert filenames(plan(*uses[::turn])) == {picture("a"): "amazon_10_SWATCH_a.jpg"}
        assert filenames(plan(*others[::turn])) == {picture("b"): "amazon_13_BACK_b.jpg"}


def test_further_views_stand_after_the_eighth_and_are_numbered_among_the_others() -> None:
    planner = plan(
        product(
            "S1", ("s", "SWATCH"), ("b", "BACK"), ("10", "PT10"), ("9", "PT09"), ("8", "PT08"), ("m", "MAIN")
        )
    )
    assert [variant for _, variant in galleries(planner)["S1"]] == [
        *("MAIN", "PT08", "PT09", "PT10", "SWATCH", "BACK")
    ]
    assert filenames(planner) == {
        picture("m"): "amazon_01_MAIN_m.jpg",
        picture("8"): "amazon_09_PT08_8.jpg",
        picture("9"): "amazon_13_PT09_9.jpg",
        picture("10"): "amazon_14_PT10_10.jpg",
        picture("s"): "amazon_10_SWATCH_s.jpg",
        picture("b"): "amazon_15_BACK_b.jpg",
    }


def test_a_further_view_is_more_important_than_an_unknown_variant() -> None:
    uses = [product("S1", ("a", "BACK")), product("S2", ("a", "PT09"))]
    for turn in (1, -1):
        assert filenames(plan(*uses[::turn])) == {picture("a"): "amazon_13_PT09_a.jpg"}


def test_a_sku_named_twice_has_one_main_among_entries_without_a_variant() -> None:
    planner = plan(product("S1", ("a", ""), ("b", "")), product("S1", ("c", "")))
    assert galleries(planner) == {
        "S1": [(picture("a"), "MAIN"), (picture("b"), "PT01"), (picture("c"), "PT02")]
    }
    assert thumbnails(planner) == {"S1": picture("a")}


def test_addresses_that_would_share_a_name_get_distinct_ones() -> None:
    urls = [
        picture("a"),
        "https://images-na.ssl-images-amazon.com/images/I/a.jpg",
        "http://m.media-amazon.com/images/I/a.jpg",
        picture("a") + "?v=2",
        picture("a._SL75_"),
        f"{SHOP}/1/a.jpg",
        f"{SHOP}/2/a.jpg",
    ]
    products = [product(f"S{number}", (url, "MAIN")) for number, url in enumerate(urls)]
    for order in (products, products[::-1]):
        names = filenames(plan(*order))
        assert len(set(names.values())) == len(urls)
        assert names[picture("a")] == "amazon_01_MAIN_a.jpg"
        assert all(name.startswith("amazon_01_MAIN_a") for name in names.values())


def test_a_name_that_an_older_address_has_is_not_given_again() -> None:
    old = "https://images-na.ssl-images-amazon.com/images/I/a.jpg"
    new = "http://m.media-amazon.com/images/I/a.jpg"
    known = KnownRows(urls={old: 1}, products={"S1": KnownProduct(1, b"")})
    planner = plan(product("S1", (old, "MAIN")), product("S2", (new, "MAIN")), known=known)
    assert [asset_id for asset_id, _ in planner.new_assets()] == [2]
    assert next(planner.new_assets())[1].startswith("amazon_01_MAIN_a-")


def test_a_sku_named_twice_is_one_product_with_the_pictures_of_both() -> None:
    planner = plan(
        product("S1", ("a", "MAIN"), ("b", "PT01")),
        product("S2", ("a", "MAIN")),
        product("S1", ("c", "PT02"), ("a", "MAIN"), is_parent=True),
    )
    assert galleries(planner)["S1"] == [
        (picture("a"), "MAIN"),
        (picture("b"), "PT01"),
        (picture("c"), "PT02"),
    ]
    assert [is_parent for _, _, is_parent, *_ in planner.new_products()] == [True, False]
    counts = planner.counts
    assert (counts.total_products, counts.repeated_products, counts.repeated_images) == (2, 1, 1)


def test_every_picture_read_is_counted_as_what_becomes_of_it() -> None:
    planner = plan(
        product("S1", ("a", "MAIN"), ("a._SL75_", "MAIN"), ("a", "PT01"), ("ftp://x", "PT02")),
        product("S2", ("a", "MAIN"), ("b", "PT01"), is_parent=True),
        product("S3"),
        product("S4", ("", "MAIN")),
    )
    counts = planner.counts
    assert counts.total_image_refs == 7
    assert (counts.superseded_images, counts.repeated_images, counts.malformed_images) == (1, 1, 2)
    assert on_parents(planner, (link[0] for link in planner.new_links())) == (1, 2)
    assert on_parents(planner, (thumbnail[0] for thumbnail in planner.new_thumbnails())) == (1, 1)
    assert (counts.unique_images, counts.shared_images) == (2, 1)
    assert (counts.total_products, counts.products_with_images, counts.parents) == (4, 2, 1)


def test_a_malformed_address_is_told_once_and_with_every_product_that_names_it() -> None:
    planner = plan(
        product("S1", ("a", "MAIN")),
        product("S2", ("ftp://x", "MAIN"), ("ftp://x", "PT01")),
        product("S3", ("ftp://x", "MAIN")),
        product("S2", ("ftp://x", "PT02")),
    )
    ids = {sku: product_id for product_id, sku, *_ in planner.new_products()}
    urls = dict(planner.new_urls())
    (malformed,) = planner.malformed_urls()
    reason = "the URL is not http or https"
    assert (urls[malformed.url_id], malformed.reason) == ("ftp://x", reason)
    assert list(planner.malformed_uses()) == [
        (ids["S2"], malformed.url_id, reason),
        (ids["S3"], malformed.url_id, reason),
    ]
    assert [urls[asset_id] for asset_id, _ in planner.new_assets()] == [picture("a")]


def test_an_address_that_cannot_be_stored_as_it_is_is_kept_readable() -> None:
    planner = plan(product("S1", ("https://x/\ud800\0.jpg", "MAIN"), ("/" + "x" * 5000, "PT01")))
    assert sorted(url for _, url in planner.new_urls()) == ["/" + "x" * 2047, "https://x/\\ud800\\0.jpg"]
    assert len(list(planner.malformed_urls())) == 2


def test_private_addresses_are_wanted_only_where_they_are_allowed() -> None:
    products = product("S1", ("http://nas/a.jpg", "MAIN"))
    assert plan(products).counts.malformed_images == 1
    assert len(list(plan(products, allow_private=True).new_links())) == 1


def test_ids_go_on_where_the_ledger_ends_in_the_order_of_the_addresses() -> None:
    known = KnownRows(urls={picture("z"): 1}, products={"S9": KnownProduct(7, None)})
    planner = plan(product("S1", ("c", "MAIN"), ("b", "PT01"), ("z", "PT02")), product("S9"), known=known)
    assert list(planner.new_urls()) == [(2, picture("b")), (3, picture("c"))]
    assert [(product_id, sku) for product_id, sku, *_ in planner.new_products()] == [(8, "S1")]
    assert list(planner.new_links()) == [(8, 3, "MAIN", 1), (8, 2, "PT01", 2), (8, 1, "PT02", 3)]


def test_the_size_of_a_wanted_picture_is_told_the_largest_of_several() -> None:
    planner = plan(
        product("S1", ImageRef(picture("a"), "MAIN", 200, 20), ImageRef(picture("b"), "PT01")),
        product("S2", ImageRef(picture("a"), "MAIN", 1200, 30), ImageRef("ftp://x", "PT01", 100, 10)),
        product("S3", ImageRef(picture("a"), "MAIN", 600, 60)),
    )
    assert {url: sides for _, url, *sides in planner.new_addresses()} == {
        picture("a"): [30, 40],
        picture("b"): [None, None],
        "ftp://x": [None, None],
    }
    assert list(planner.changed_sizes()) == []


@pytest.mark.parametrize("is_complete", [True, False])
def test_only_a_plan_that_is_said_to_be_complete_ends_what_it_does_not_name(*, is_complete: bool) -> None:
    known = KnownRows(products={"S1": KnownProduct(1, b""), "S2": KnownProduct(2, b"")})
    planner = plan(product("S1"), known=known, **({"is_complete": True} if is_complete else {}))
    assert (planner.gone_products(), planner.unnamed_products()) == (([2], []) if is_complete else ([], [2]))


def test_more_variants_than_can_be_numbered_are_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amzsync.planner.variants._MAX_VARIANTS", len(KNOWN) + 2)
    planner = plan(product("S1", *((f"p{n}", f"V{n}") for n in range(6))))
    assert len(galleries(planner)["S1"]) == 6
    assert len(set(filenames(planner).values())) == 6


def test_a_long_address_is_refused_whatever_is_kept_of_it() -> None:
    long = f"https://shop.example/{'x' * 3000}.jpg"
    planner = plan(product("S1", (long, "MAIN")), product("S2", (long, "PT01"), (long, "BACK")))
    assert planner.counts.malformed_images == 3
    (malformed,) = planner.malformed_urls()
    assert malformed.reason == "the URL is longer than 2048 characters"
    assert len(list(planner.malformed_uses())) == 2


def test_the_cache_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amzsync.planner.addresses._CACHE_BYTES", 20_000)
    urls = [f"{SHOP}/{number}/{'x' * 100}.jpg" for number in range(200)]
    planner = Planner(KnownRows(), gallery_label=GALLERY)
    for url in urls:
        planner.add(product(f"S{url}", (url, "MAIN"), ("ftp://" + url, "PT01")))
    assert 10 < len(planner.addresses._cache) < 50
    assert len(list(settle(planner).new_links())) == settle(planner).counts.malformed_images == 200


def test_a_sku_named_again_and_again_has_no_more_images_than_one_product_may_have() -> None:
    planner = Planner(KnownRows(), gallery_label=GALLERY)
    part = product("S1", *((f"p{number}", "BACK") for number in range(500)))
    planner.add(part)
    planner.add(product("S2", *part.images))
    planner.add(part)
    with pytest.raises(MappingError, match="S1: named several times, with more than 1,000 images"):
        planner.add(product("S1", ("p", "MAIN")))


def test_what_cannot_be_read_is_handed_on_and_wants_nothing() -> None:
    unreadable = Unreadable("m.json, matched[1]", "no SKU")
    planner = plan(product("S1", ("a", "MAIN")), unreadable)
    assert list(planner.unreadable) == [unreadable]
    assert planner.counts.total_products == 1


def test_products_without_pictures_do_not_read_the_catalogue_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Watched(list[int]):
        reads = 0

        def __getitem__(self, key: SupportsIndex | slice) -> Any:
            Watched.reads += len(range(*key.indices(len(self)))) if isinstance(key, slice) else 1
            return super().__getitem__(key)

    planner = Planner(KnownRows(), gallery_label=GALLERY)
    planner.add(product("S1", *((f"p{n}", "MAIN") for n in range(100))))
    monkeypatch.setattr(planner.references, "url_numbers", Watched(planner.references.url_numbers))
    for number in range(50):
        planner.add(product(f"E{number}"))
    assert Watched.reads == 0


URLS = st.one_of(
    st.sampled_from(
        [picture(name) for name in ("a", "b", "c", "d", "A", "-a", "a-", "_", "a._SL75_", "a._SL99_")]
    ),
    st.sampled_from(
        [
            picture("a").replace(".jpg", ".png"),
            picture("a") + "?v=1",
            picture("a%2D"),
            "https://images-na.ssl-images-amazon.com/images/I/b.jpg",
            f"{SHOP}/1/a.jpg",
            f"{SHOP}/2/a.jpg",
            "ftp://x",
            "",
            "http://nas/a.jpg",
        ]
    ),
)
VARIANTS = st.sampled_from([*KNOWN[:4], "PT09", "PT10", "SWATCH", "SWCH", "BOTT", "BACK", "FRNT", "", ""])
REFS = st.builds(ImageRef, URLS, VARIANTS, st.sampled_from([0, 0, 0, 100, 200]), st.just(10))
IN_ORDER = st.lists(st.sampled_from(KNOWN), unique=True, max_size=6).flatmap(
    lambda names: st.tuples(
        *(
            st.builds(ImageRef, URLS, st.just(name), st.just(0), st.just(0))
            for name in sorted(names, key=KNOWN.index)
        )
    )
)
PRODUCTS = st.lists(
    st.builds(
        Product,
        st.sampled_from(["S1", "S2", "S3", "S4"]),
        st.booleans(),
        IN_ORDER | st.lists(REFS, max_size=6),
    ),
    max_size=6,
)


@given(PRODUCTS)
def test_every_gallery_is_the_one_the_domain_arranges(products: list[Product]) -> None:
    planner = plan(*products)
    refs: dict[str, list[ImageRef]] = {}
    for one in products:
        refs.setdefault(one.sku, []).extend(one.images)
    wanted = {sku: arrange(images, read_image_url) for sku, images in refs.items()}
    assert galleries(planner) == {
        sku: [(ref.url, ref.variant) for ref in gallery.images] for sku, gallery in wanted.items()
    }
    assert thumbnails(planner) == {
        sku: gallery.images[0].url
        for sku, gallery in wanted.items()
        if gallery.images and gallery.images[0].variant == "MAIN"
    }
    counts = planner.counts
    shown = len(list(planner.new_links()))
    assert counts.total_image_refs == (
        shown + counts.superseded_images + counts.repeated_images + counts.malformed_images
    )
    assert shown == sum(len(gallery.images) for gallery in wanted.values())
    malformed = {ref.url for gallery in wanted.values() for ref in gallery.malformed}
    urls = dict(planner.new_urls())
    assert {urls[one.url_id] for one in planner.malformed_urls()} == malformed
    ids = {product_id: sku for product_id, sku, *_ in planner.new_products()}
    told = [(ids[product_id], urls[url_id]) for product_id, url_id, _ in planner.malformed_uses()]
    assert sorted(told) == sorted(
        {(sku, ref.url) for sku, gallery in wanted.items() for ref in gallery.malformed}
    )


@given(PRODUCTS)
def test_every_asset_has_a_name_of_its_own_with_its_pictures_id(products: list[Product]) -> None:
    names = filenames(plan(*products))
    assert len(set(names.values())) == len(names)
    for url, name in names.items():
        image = read_image_url(url)
        assert isinstance(image, ImageUrl)
        assert image.image_id in name


@given(PRODUCTS, st.randoms(use_true_random=False))
def test_neither_names_nor_ids_depend_on_the_order_of_the_products(
    products: list[Product], random: Random
) -> None:
    products = list({one.sku: one for one in products}.values())
    shuffled = random.sample(products, len(products))
    first, second = plan(*products), plan(*shuffled)
    assert list(first.new_urls()) == list(second.new_urls())
    assert galleries(first) == galleries(second)
    assert filenames(first) == filenames(second)


@pytest.mark.parametrize("url", ["", "ftp://x", "http://nas/a.jpg"])
def test_what_the_examples_call_malformed_is(url: str) -> None:
    assert isinstance(read_image_url(url), Malformed)

"""What the work still to do changes, product by product."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, picture, product, rows
from hypothesis import given
from hypothesis import strategies as st

from amzsync.domain.changes import Change, FailedImage
from amzsync.domain.product import Product
from amzsync.ledger.changes import ChangeTotals, Named, Unused
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND, SKIP_EXISTING
from amzsync.ledger.rows import Origin, State
from amzsync.ledger.work_rows import Refusal

A, B, C = picture("a"), picture("b"), picture("c")
ABC = product("S1", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))
PLAIN = product("S2", ("b", "MAIN"))
REFUSAL = Refusal(422, "not an image", 2)


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [ABC, PLAIN])
        yield ledger


def do_all(ledger: Ledger, *found: str) -> None:
    """Bring everything into Plytix; the images `found` stood there before."""
    work = ledger.work(ledger.runs.start("apply", {}, 1, []))
    for asset in work.open_assets(0, 100):
        work.claim_assets([asset.id])
        work.finish_asset(asset.id, f"p{asset.id}", asset.filename, Origin.UPLOADED)
    for one in work.next_products(0, 100):
        urls = {asset.id: asset.url for asset in work.assets([link.asset_id for link in one.links]).values()}
        placed = {link.asset_id: link.position for link in one.links if link.state is not State.OBSOLETE}
        work.resolve({one.id: f"p{one.id}"})
        work.finish_links(one.id, placed, {row for row, url in urls.items() if url not in found})
        if one.thumbnail:
            work.finish_thumbnail(one.id, Origin.MADE)


def changes(ledger: Ledger) -> list[Change]:
    found = list(ledger.changes)
    assert ledger.changes.count() == len(found)
    assert all(change.signs for change in found)
    return found


def change(ledger: Ledger) -> Change:
    (found,) = changes(ledger)
    return found


def plan(ledger: Ledger, *products: Product) -> None:
    merge(ledger, products)


def test_at_first_everything_is_missing_in_gallery_order_and_nobody_has_asked_for_the_products(
    ledger: Ledger,
) -> None:
    assert changes(ledger) == [
        Change("S1", is_parent=False, in_plytix=None, missing=(A, B, C), thumbnail=A),
        Change("S2", is_parent=False, in_plytix=None, missing=(B,), thumbnail=B),
    ]


def test_what_is_in_place_does_not_change(ledger: Ledger) -> None:
    do_all(ledger)
    assert changes(ledger) == []


def test_another_order_is_moved_and_not_missing(ledger: Ledger) -> None:
    do_all(ledger)
    plan(ledger, product("S1", ("a", "MAIN"), ("c", "PT01"), ("b", "PT02")), PLAIN)
    assert change(ledger) == Change("S1", is_parent=False, in_plytix=True, is_moved=True)


def test_a_gallery_with_images_of_others_is_not_put_into_another_order(ledger: Ledger) -> None:
    do_all(ledger, C)
    plan(ledger, product("S1", ("a", "MAIN"), ("c", "PT01"), ("b", "PT02")), PLAIN)
    assert changes(ledger) == []


def test_a_new_image_is_missing_and_the_order_that_comes_with_it_is_not_told_apart(ledger: Ledger) -> None:
    do_all(ledger)
    plan(ledger, product("S1", ("d", "MAIN"), ("c", "PT01"), ("b", "PT02"), ("a", "PT03")), PLAIN)
    found = change(ledger)
    assert (found.missing, found.is_moved, found.thumbnail) == ((picture("d"),), False, picture("d"))


def test_another_thumbnail_alone_is_a_change(ledger: Ledger) -> None:
    do_all(ledger)
    ledger.work().reopen_product(1, [], thumbnail=True)
    assert change(ledger) == Change("S1", is_parent=False, in_plytix=True, thumbnail=A)


def test_what_is_no_longer_wanted_is_obsolete_only_where_this_ledger_put_it_and_it_stands(
    ledger: Ledger,
) -> None:
    do_all(ledger, C)
    plan(ledger, product("S1", ("a", "MAIN")), PLAIN)
    assert change(ledger) == Change("S1", is_parent=False, in_plytix=True, obsolete=(B,))
    assert ledger.changes.totals().unused == Unused(1, 1, 1, (("S1", B),))
    ledger.work().record_reading(1, {1: 1}, as_left=True)
    assert changes(ledger) == []
    assert ledger.changes.totals().unused == Unused()


def test_the_images_of_a_product_that_wants_none_any_more_are_obsolete(ledger: Ledger) -> None:
    do_all(ledger)
    plan(ledger, ABC, product("S2"))
    assert change(ledger) == Change("S2", is_parent=False, in_plytix=True, obsolete=(B,))


def test_what_was_never_done_and_is_no_longer_wanted_is_no_change(ledger: Ledger) -> None:
    plan(ledger, product("S1", ("a", "MAIN")), PLAIN)
    assert [one.obsolete for one in changes(ledger)] == [(), ()]


def test_a_write_that_was_not_answered_leaves_its_links_missing(ledger: Ledger) -> None:
    ledger.work().claim_product(1, {1: 1, 2: 2, 3: 3})
    assert changes(ledger)[0].missing == (A, B, C)


def test_a_failed_image_is_told_with_its_cause(ledger: Ledger) -> None:
    do_all(ledger)
    plan(ledger, ABC, product("S2", ("b", "MAIN"), ("d", "PT01"), ("ftp://x", "PT02")))
    ((asset_id,),) = rows(ledger.path, "SELECT id FROM addresses WHERE url = ?", picture("d"))
    ledger.work().fail_links(2, [asset_id], REFUSAL)
    found = change(ledger)
    assert FailedImage(picture("d"), "not an image", 422) in found.failed
    assert [(one.url, one.status) for one in found.failed if one.status is None] == [("ftp://x", None)]
    assert found.missing == ()


def test_a_product_with_nothing_but_malformed_addresses_is_told(ledger: Ledger) -> None:
    do_all(ledger)
    plan(ledger, ABC, PLAIN, product("S3", ("ftp://x", "MAIN")))
    assert [(one.sku, len(one.failed), one.missing) for one in changes(ledger)] == [("S3", 1, ())]


def test_a_product_that_plytix_does_not_have_is_told_and_one_left_alone_is_not(ledger: Ledger) -> None:
    ledger.work().skip_product(1, NOT_FOUND)
    ledger.work().skip_product(2, SKIP_EXISTING)
    assert change(ledger) == Change("S1", is_parent=False, in_plytix=False)


def test_a_parent_is_told_as_one(ledger: Ledger) -> None:
    plan(ledger, ABC, product("S2", ("b", "MAIN"), is_parent=True))
    assert [one.is_parent for one in changes(ledger)] == [False, True]


def test_changes_come_in_the_order_of_the_file(ledger: Ledger) -> None:
    plan(ledger, ABC, PLAIN, *(product(f"S{number}", ("a", "MAIN")) for number in (9, 5, 7)))
    assert [one.sku for one in changes(ledger)] == ["S1", "S2", "S9", "S5", "S7"]


def test_products_are_counted_by_what_becomes_of_them(ledger: Ledger) -> None:
    do_all(ledger)
    new = [product(f"N{number:02d}") for number in range(12)]
    plan(ledger, product("S1", ("a", "MAIN")), PLAIN, *new, product("S3", ("ftp://x", "MAIN")))
    totals = ledger.changes.totals()
    assert totals == ChangeTotals(
        products=2,
        unchanged=1,
        without_images=Named(13, tuple(f"N{number:02d}" for number in range(10))),
        unused=Unused(2, 1, 2, (("S1", B), ("S1", C))),
    )


galleries = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)


@given(before=st.lists(galleries, min_size=1, max_size=3), after=st.lists(galleries, min_size=1, max_size=3))
def test_a_change_is_the_difference_between_two_mappings(
    tmp_path_factory: pytest.TempPathFactory, before: list[list[str]], after: list[list[str]]
) -> None:
    def products(all_images: Sequence[Sequence[str]]) -> list[Product]:
        variants = ("MAIN", "PT01", "PT02", "PT03")
        return [
            product(f"S{number}", *zip(images, variants, strict=False))
            for number, images in enumerate(all_images)
        ]

    with Ledger.write(tmp_path_factory.mktemp("any") / "amzsync.db", CLOCKS) as ledger:
        plan(ledger, *products(before))
        do_all(ledger)
        assert changes(ledger) == []
        plan(ledger, *products(after))
        found = {one.sku: one for one in changes(ledger)}
        for number, images in enumerate(after):
            stood = before[number] if number < len(before) else []
            new = [image for image in images if image not in stood]
            told = found.get(f"S{number}", Change("", is_parent=False, in_plytix=None))
            assert told.missing == tuple(map(picture, new))
            assert set(told.obsolete) == {picture(image) for image in stood if image not in images}
            assert told.thumbnail == (picture(images[0]) if images and images[:1] != stood[:1] else None)
            kept = [image for image in stood if image in images]
            if kept != images and not new:
                assert told.is_moved
            if kept == images == stood:
                assert not told.is_moved
        do_all(ledger)
        assert not any(one.missing or one.is_moved or one.thumbnail for one in changes(ledger))
    assert rows(ledger.path, "SELECT count(*) FROM links WHERE state = 'pending'") == [(0,)]

"""The galleries that people look at: which products, in which order, with which signs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, picture, product

from amzsync.domain.changes import Change, Sign
from amzsync.domain.exports import Reported
from amzsync.ledger.galleries import GalleryImage, GalleryRow
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND, SKIP_EXISTING
from amzsync.ledger.rows import Origin, State
from amzsync.ledger.work_rows import Refusal
from amzsync.ledger.writes import Standing

A, B, C = picture("a"), picture("b"), picture("c")
AB = product("S1", ("a", "MAIN"), ("b", "PT01"))
ONLY_B = product("S2", ("b", "MAIN"))


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [AB, ONLY_B])
        yield ledger


def do_all(ledger: Ledger) -> int:
    """Bring everything into Plytix, each product with one write; the run that did."""
    run = ledger.runs.start("apply", {}, 1, [])
    work = ledger.work(run)
    for asset in work.open_assets(0, 100):
        work.claim_assets([asset.id])
        work.finish_asset(asset.id, f"p{asset.id}", asset.filename, Origin.UPLOADED)
    for one in work.next_products(0, 100):
        wanted = [link for link in one.links if link.state is not State.OBSOLETE]
        work.resolve({one.id: f"P{one.id}"})
        work.claim_write(one.id, Standing((), None), [f"p{link.asset_id}" for link in wanted], None)
        work.finish_links(
            one.id, {link.asset_id: link.position for link in wanted}, {link.asset_id for link in wanted}
        )
        if one.thumbnail:
            work.finish_thumbnail(one.id, Origin.MADE)
    return run


def row(ledger: Ledger, sku: str) -> GalleryRow:
    (found,) = [one for one in ledger.galleries.rows(Reported.ALL) if one.sku == sku]
    return found


def skus(ledger: Ledger, reported: Reported, most: int | None = None) -> list[str]:
    return [one.sku for one in ledger.galleries.rows(reported, most)]


def signs(ledger: Ledger, sku: str) -> list[tuple[str, str, Sign | None]]:
    images = ledger.galleries.gallery(row(ledger, sku)).images
    return [(one.url, one.variant, one.sign) for one in images]


def test_every_wanted_product_is_told_with_its_images_in_gallery_order(ledger: Ledger) -> None:
    merge(ledger, [replace(product("S0"), title="A boot")])
    assert [(one.sku, one.title) for one in ledger.galleries.rows(Reported.ALL)] == [
        *[("S1", ""), ("S2", ""), ("S0", "A boot")],
    ]
    assert ledger.galleries.gallery(row(ledger, "S1")).images == (
        GalleryImage(A, "MAIN", State.PENDING, Sign.MISSING, is_new=False),
        GalleryImage(B, "PT01", State.PENDING, Sign.MISSING, is_new=False),
    )
    assert ledger.galleries.gallery(row(ledger, "S0")).images == ()


def test_what_is_in_place_has_no_sign_and_is_new_where_the_last_run_put_it(ledger: Ledger) -> None:
    do_all(ledger)
    assert ledger.galleries.gallery(row(ledger, "S2")).images == (
        GalleryImage(B, "MAIN", State.DONE, None, is_new=True),
    )
    merge(ledger, [product("S2", ("b", "MAIN"), ("c", "PT01"))])
    last = do_all(ledger)
    assert ledger.galleries.last_writer() == last
    assert [(one.sku, one.is_written) for one in ledger.galleries.rows(Reported.ALL)] == [
        ("S1", False),
        ("S2", True),
    ]
    assert not any(one.is_new for one in ledger.galleries.gallery(row(ledger, "S1")).images)


def test_what_is_no_longer_wanted_comes_last_only_while_it_stands(ledger: Ledger) -> None:
    do_all(ledger)
    merge(ledger, [product("S1", ("b", "MAIN"))])
    assert signs(ledger, "S1") == [(B, "MAIN", None), (A, "MAIN", Sign.OBSOLETE)]
    ledger.work().record_reading(1, {2: 1}, as_left=True)
    assert signs(ledger, "S1") == [(B, "MAIN", None)]


def test_a_failed_image_and_a_product_that_plytix_lacks_are_found_by_their_kind(ledger: Ledger) -> None:
    work = ledger.work(ledger.runs.start("apply", {}, 1, []))
    work.fail_links(1, [2], Refusal(422, "refused", 1))
    work.skip_product(2, NOT_FOUND)
    assert skus(ledger, Reported.FAILED) == ["S1"]
    assert skus(ledger, Reported.MISSING) == ["S2"]
    assert signs(ledger, "S1") == [(A, "MAIN", Sign.MISSING), (B, "PT01", Sign.FAILED)]
    assert ledger.galleries.gallery(row(ledger, "S2")).notes == ()


def test_changed_are_those_with_something_to_do_and_those_that_the_last_run_wrote(ledger: Ledger) -> None:
    do_all(ledger)
    merge(ledger, [product("S2", ("b", "MAIN"), ("c", "PT01"))])
    do_all(ledger)
    assert skus(ledger, Reported.CHANGED) == ["S2"]
    merge(ledger, [product("S1", ("c", "MAIN"), ("a", "PT01"))])
    assert skus(ledger, Reported.CHANGED) == ["S1", "S2"]
    assert skus(ledger, Reported.CHANGED, most=1) == ["S1"]


def test_why_a_product_is_left_alone_is_a_note(ledger: Ledger) -> None:
    ledger.work(ledger.runs.start("apply", {}, 1, [])).skip_product(2, SKIP_EXISTING)
    assert ledger.galleries.gallery(row(ledger, "S2")).notes == (SKIP_EXISTING,)


def test_what_a_check_has_found_counts_instead_of_what_the_ledger_knows(ledger: Ledger) -> None:
    gone = Change("S2", is_parent=False, in_plytix=True, missing=(B,))
    found = list(ledger.galleries.rows(Reported.ALL, differences={"S2": gone}))
    assert [one.change for one in found] == [None, gone]
    assert [one.sign for one in ledger.galleries.gallery(found[0]).images] == [None, None]


def test_what_a_check_did_not_come_to_is_told_as_the_ledger_knows_it(ledger: Ledger) -> None:
    gone = Change("S1", is_parent=False, in_plytix=True, thumbnail=A)
    found = list(ledger.galleries.rows(Reported.ALL, differences={"S1": gone}, is_whole=False))
    assert found[0].change == gone
    assert found[1].signs == (Sign.MISSING, Sign.MOVED)


def test_a_snapshot_is_of_one_moment_beside_a_writer(ledger: Ledger, ledger_path: Path) -> None:
    with Ledger.read(ledger_path) as reader:
        with reader.snapshot(), reader.snapshot():
            assert skus(reader, Reported.ALL) == ["S1", "S2"]
            merge(ledger, [product("S3", ("c", "MAIN"))])
            assert skus(reader, Reported.ALL) == ["S1", "S2"]
        assert skus(reader, Reported.ALL) == ["S1", "S2", "S3"]

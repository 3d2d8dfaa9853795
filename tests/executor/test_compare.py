"""Comparing a product with Plytix: every image of a gallery is accounted for, and repairing ends it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from amzsync.executor.scripts.compare import Differences, compare
from amzsync.executor.scripts.decide import Nothing, decide
from amzsync.ledger.rows import Link, Origin, ProductWork, State, Thumbnail

STATES = st.sampled_from([State.DONE, State.PENDING, State.FAILED, State.SKIPPED, State.OBSOLETE])
ORIGINS = st.sampled_from([None, Origin.MADE, Origin.FOUND])


@st.composite
def products(draw: st.DrawFn) -> tuple[ProductWork, dict[int, str]]:
    """A product of up to six images, some without an asset, and the ids of those that have one."""
    rows = range(draw(st.integers(0, 6)))
    links = tuple(Link(row, "PT01", row + 1, draw(STATES), draw(ORIGINS), None) for row in rows)
    chosen = draw(st.none() | st.sampled_from([*rows])) if links else None
    thumbnail = None if chosen is None else Thumbnail(chosen, draw(STATES))
    ids = {row: f"a{row}" for row in rows if draw(st.integers(0, 3))}
    return ProductWork(1, "S", False, "p", links, thumbnail), ids


GALLERIES = st.lists(st.sampled_from([f"a{row}" for row in range(6)] + ["x", "y"]), unique=True)
THUMBNAILS = st.none() | st.sampled_from(["a0", "a1", "x"])


@given(products(), GALLERIES, THUMBNAILS)
def test_every_image_in_a_gallery_is_wanted_or_no_longer_or_of_others(
    drawn: tuple[ProductWork, dict[int, str]], gallery: list[str], thumbnail: str | None
) -> None:
    product, ids = drawn
    found = compare(product, ids, gallery, thumbnail)
    wanted = {ids.get(one.asset_id) for one in product.links if one.state is not State.OBSOLETE}
    standing = wanted.intersection(gallery)
    assert len(standing) + len({ids[row] for row in found.obsolete}) + found.others == len(gallery)
    assert not {ids.get(row) for row in (*found.missing, *found.obsolete)} & standing


@given(products(), GALLERIES, THUMBNAILS)
def test_every_wanted_image_stands_or_is_missing_or_has_failed(
    drawn: tuple[ProductWork, dict[int, str]], gallery: list[str], thumbnail: str | None
) -> None:
    product, ids = drawn
    found = compare(product, ids, gallery, thumbnail)
    wanted = {one.asset_id for one in product.links if one.state is not State.OBSOLETE}
    standing = {row for row in wanted if ids.get(row) in gallery}
    assert not standing & set(found.missing)
    assert wanted - standing <= {*found.missing, *found.failed}


@given(products(), GALLERIES, THUMBNAILS)
def test_a_product_without_a_difference_needs_no_write(
    drawn: tuple[ProductWork, dict[int, str]], gallery: list[str], thumbnail: str | None
) -> None:
    product, ids = drawn
    ids = {row: f"a{row}" for row in range(6)}
    product = replace(product, links=tuple(replace(one, origin=Origin.MADE) for one in product.links))
    found = compare(product, ids, gallery, thumbnail)
    if replace(found, obsolete=(), others=0) != Differences():
        return
    links = [one for one in product.links if one.state is not State.OBSOLETE]
    wants = product.thumbnail and product.thumbnail.state is not State.OBSOLETE
    decision = decide(
        seen=gallery,
        seen_thumbnail=thumbnail,
        wanted=[ids[one.asset_id] for one in links],
        thumbnail=ids[product.thumbnail.asset_id] if product.thumbnail and wants else None,
        may_replace=found.others == 0,
    )
    assert decision == Nothing()


@given(products(), GALLERIES, THUMBNAILS)
def test_the_wanted_gallery_with_the_rest_behind_it_has_no_difference(
    drawn: tuple[ProductWork, dict[int, str]], gallery: list[str], thumbnail: str | None
) -> None:
    product, ids = drawn
    ids = {row: f"a{row}" for row in range(6)}
    wanted = [ids[one.asset_id] for one in product.links if one.state is not State.OBSOLETE]
    repaired = dict.fromkeys([*wanted, *gallery])
    stands = ids[product.thumbnail.asset_id] if product.thumbnail else thumbnail
    found = compare(product, ids, [*repaired], stands)
    assert replace(found, obsolete=(), others=0) == Differences()


def test_what_another_row_wants_is_not_called_no_longer_wanted() -> None:
    """Two addresses can be one asset in Plytix."""
    old, new = (
        Link(1, "MAIN", 1, State.OBSOLETE, Origin.MADE, 1),
        Link(2, "MAIN", 1, State.DONE, Origin.FOUND, None),
    )
    product = ProductWork(1, "S", False, "p", (old, new), None)
    assert compare(product, {1: "a", 2: "a"}, ["a"], None) == Differences()

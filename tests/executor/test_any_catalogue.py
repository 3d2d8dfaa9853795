"""Whatever is wanted, and whatever a person has put there before, during or between: the promises hold."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from catalogue import picture, product, rows
from executor.harness import SyncHarness
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_faults import Sandbox

from amzsync.domain.product import Product
from amzsync.sandbox import Snapshot

VARIANTS = ("MAIN", "PT01", "PT02", "SWATCH", "BACK")
SKUS = ("S0", "S1", "S2", "S3")
IMAGES = tuple("abcdef")
EXPECTED = tuple(f"amazon_01_MAIN_{image_id}.jpg" for image_id in IMAGES[:3])
THEIRS = ("p.jpg", "q.jpg", *EXPECTED)
PARENT = "S3"

images = st.lists(st.tuples(st.sampled_from(IMAGES), st.sampled_from(VARIANTS)), max_size=5)
mappings = st.dictionaries(st.sampled_from(SKUS), images, min_size=1)
arranged = st.lists(st.sampled_from(THEIRS), unique=True, max_size=4)


@dataclass(frozen=True)
class Hand:
    """What a person arranges: a gallery, and perhaps a thumbnail."""

    gallery: Sequence[str]
    thumbnail: str | None


hands = st.dictionaries(
    st.sampled_from(SKUS), st.builds(Hand, arranged, st.none() | st.sampled_from(THEIRS)), max_size=3
)


def products_of(mapping: Mapping[str, Sequence[tuple[str, str]]]) -> list[Product]:
    return [product(sku, *uses, is_parent=sku == PARENT) for sku, uses in mapping.items()]


def arrange(sandbox: Sandbox, done: Mapping[str, Hand]) -> None:
    """A person's pictures; those with expected names are the right ones, put there earlier by somebody."""
    there = {asset.source_url: asset.id for asset in sandbox.snapshot().assets}

    def named(name: str) -> str:
        image_id = name.rpartition("_")[2].removesuffix(".jpg")
        url = picture(image_id) if name in EXPECTED else f"https://by-hand.example/{name}"
        if url not in there:
            there[url] = sandbox.add_asset(name, url)
        return there[url]

    for sku, hand in done.items():
        sandbox.set_gallery(sku, [named(name) for name in hand.gallery])
        if hand.thumbnail:
            sandbox.set_thumbnail(sku, named(hand.thumbnail))


def is_within(few: Sequence[str], many: Sequence[str]) -> bool:
    """All of `few` stand in `many`, in their order."""
    left = iter(many)
    return all(one in left for one in few)


def own_galleries(harness: SyncHarness) -> dict[str, list[str]]:
    """What this ledger linked on each product, in the order in which it stands there."""
    made: dict[str, set[str]] = {}
    for sku, plytix_id in rows(
        harness.path,
        "SELECT sku, assets.plytix_id FROM links JOIN assets ON assets.id = asset_id"
        " JOIN products ON products.id = product_id WHERE links.origin = 'made'",
    ):
        made.setdefault(sku, set()).add(plytix_id)
    galleries = harness.sandbox.snapshot().products
    return {sku: [one for one in galleries[sku].gallery_ids if one in linked] for sku, linked in made.items()}


def check(
    harness: SyncHarness, before: Snapshot, own: Mapping[str, Sequence[str]], *, whole: bool = True
) -> None:
    """Compare what stands now with what the ledger wants and with what stood before.

    A gallery of which all is `own`, in that order, cannot be told from one that nobody has touched: it is
    written as a `whole`, unless Plytix has refused that.
    """
    after = harness.sandbox.snapshot()
    wanted: dict[str, list[str]] = {sku: [] for sku in after.products}
    for sku, plytix_id in rows(
        harness.path,
        "SELECT sku, assets.plytix_id FROM links JOIN assets ON assets.id = asset_id"
        " JOIN products ON products.id = product_id WHERE links.state = 'done' ORDER BY product_id, position",
    ):
        wanted[sku].append(plytix_id)
    assert rows(harness.path, "SELECT * FROM links WHERE state NOT IN ('done', 'obsolete')") == []
    mains = dict(
        rows(
            harness.path,
            "SELECT sku, assets.plytix_id FROM thumbnails JOIN assets ON assets.id = asset_id"
            " JOIN products ON products.id = product_id WHERE thumbnails.state = 'done'",
        )
    )
    assert set(before.assets) <= set(after.assets)
    for sku, now in after.products.items():
        stood = before.products[sku]
        assert set(wanted[sku]) <= set(now.gallery_ids)
        assert set(now.gallery_ids) == set(stood.gallery_ids) | set(wanted[sku])
        if not is_within(stood.gallery_ids, own.get(sku, ())):
            assert now.gallery_ids[: len(stood.gallery_ids)] == stood.gallery_ids
        elif whole:
            left_over = [one for one in stood.gallery_ids if one not in wanted[sku]]
            assert not wanted[sku] or list(now.gallery_ids) == [*wanted[sku], *left_over]
        elif not stood.gallery_ids:
            assert list(now.gallery_ids) == wanted[sku]
        assert now.thumbnail_id == mains.get(sku, stood.thumbnail_id)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(first=mappings, second=mappings, earlier=hands, between=hands)
def test_what_is_wanted_stands_and_what_a_person_did_stays(**drawn: Any) -> None:
    two_syncs(**drawn)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=1_000, suppress_health_check=[HealthCheck.too_slow])
@given(first=mappings, second=mappings, earlier=hands, between=hands)
def test_in_a_thousand_catalogues_what_is_wanted_stands_and_what_a_person_did_stays(**drawn: Any) -> None:
    two_syncs(**drawn)


def two_syncs(
    first: Mapping[str, Sequence[tuple[str, str]]],
    second: Mapping[str, Sequence[tuple[str, str]]],
    earlier: Mapping[str, Hand],
    between: Mapping[str, Hand],
) -> None:
    with tempfile.TemporaryDirectory() as folder, Sandbox(limits=()) as sandbox:
        harness = SyncHarness(sandbox, Path(folder) / "amzsync.db")
        sandbox.seed(SKUS)
        arrange(sandbox, earlier)
        before = sandbox.snapshot()
        harness.plan(*products_of(first))
        harness.apply()
        check(harness, before, own={})
        assert harness.apply().total == 0

        own = own_galleries(harness)
        arrange(sandbox, between)
        before = sandbox.snapshot()
        harness.plan(*products_of(second))
        harness.refresh()
        harness.apply()
        check(harness, before, own)
        assert harness.apply().total == 0
        assert sandbox.overlapping_writes == 0

        standing = sandbox.snapshot()
        harness.delete_ledger()
        harness.plan(*products_of(second))
        again = harness.apply()
        assert again.requests["product_write"] == again.requests["link"] == 0
        assert sandbox.snapshot() == standing

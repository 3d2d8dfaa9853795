import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from catalogue import CLOCKS, GALLERY, dump, merge, picture, product, rows, states, wanted
from hypothesis import given, settings
from hypothesis import strategies as st

from amzsync.domain.product import ImageRef, Product, Unreadable
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND, SKIP_EXISTING
from amzsync.ledger.rows import Origin
from amzsync.ledger.work_rows import Refusal
from amzsync.planner import KnownRows, Planner, settle

REFUSAL = Refusal(422, "not an image", 1)


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        yield ledger


def finish_all(ledger: Ledger) -> None:
    """As an executor would, were Plytix to take everything."""
    work = ledger.work()
    for one in work.next_products(0, 1000):
        for asset in work.assets([link.asset_id for link in one.links]).values():
            if asset.state == "pending":
                work.finish_asset(asset.id, f"plytix-{asset.id}", "", Origin.UPLOADED)
        links = [link.asset_id for link in one.links if link.state != "obsolete"]
        work.finish_links(one.id, {asset_id: place for place, asset_id in enumerate(links)}, links)
        if one.thumbnail and one.thumbnail.state != "obsolete":
            work.finish_thumbnail(one.id, Origin.MADE)


def asset_id(ledger: Ledger, image_id: str) -> int:
    found: int = rows(ledger.path, "SELECT id FROM urls WHERE url = ?", picture(image_id))[0][0]
    return found


def only(path: Path, table: str, state: str) -> set[str]:
    return {name for name, found in states(path, table).items() if found == state}


BASE = [
    product("S1", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02")),
    product("S2", ("a", "MAIN"), ("ftp://x", "PT01")),
    product("S3", ("d", "BACK"), is_parent=True),
]


def test_the_same_mapping_again_changes_nothing(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    before = dump(ledger_path)
    assert all(before[table] for table in ("products", "urls", "assets", "links", "thumbnails", "failures"))
    merge(ledger, BASE)
    assert dump(ledger_path) == before
    finish_all(ledger)
    before = dump(ledger_path)
    merge(ledger, BASE)
    assert dump(ledger_path) == before


def test_the_same_products_in_another_order_change_nothing(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    before = dump(ledger_path)
    merge(ledger, BASE[::-1])
    assert dump(ledger_path) == before


def test_only_the_difference_becomes_pending(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    finish_all(ledger)
    merge(
        ledger,
        [product("S1", ("a", "MAIN"), ("b", "PT01"), ("e", "PT03")), *BASE[1:], product("S4", ("a", "MAIN"))],
    )
    assert only(ledger_path, "urls", "pending") == only(ledger_path, "assets", "pending") == {"e"}
    assert only(ledger_path, "links", "pending") == {"S1 e", "S4 a"}
    assert only(ledger_path, "thumbnails", "pending") == {"S4"}
    assert only(ledger_path, "links", "obsolete") == {"S1 c"}
    assert only(ledger_path, "assets", "obsolete") == {"c"}


def test_what_comes_back_needs_no_new_upload(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    finish_all(ledger)
    ids = rows(ledger_path, "SELECT id, plytix_id, filename FROM assets ORDER BY id")
    merge(ledger, [], complete=True)
    for table in ("urls", "assets", "links", "thumbnails"):
        assert set(states(ledger_path, table).values()) == {"obsolete"}
    assert rows(ledger_path, "SELECT count(*) FROM failures") == [(0,)]
    merge(ledger, BASE)
    assert rows(ledger_path, "SELECT id, plytix_id, filename FROM assets ORDER BY id") == ids
    assert set(states(ledger_path, "assets").values()) == {"done"}
    assert set(states(ledger_path, "links").values()) == {"pending"}
    assert set(states(ledger_path, "thumbnails").values()) == {"pending"}
    assert states(ledger_path, "urls") == {
        "a": "done",
        "b": "done",
        "c": "done",
        "d": "done",
        "ftp://x": "failed",
    }


def test_what_was_never_uploaded_comes_back_as_pending(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    ledger.work().claim_assets([asset_id(ledger, "a")])
    ledger.work().fail_asset(asset_id(ledger, "b"), 1, REFUSAL)
    merge(ledger, [], complete=True)
    merge(ledger, BASE)
    assert set(states(ledger_path, "assets").values()) == {"pending"}
    assert [failure.url for failure in ledger.queries.failures()] == ["ftp://x"]


def test_done_links_that_change_places_become_pending_and_the_others_stay(
    ledger: Ledger, ledger_path: Path
) -> None:
    merge(ledger, BASE)
    finish_all(ledger)
    merge(ledger, [product("S1", ("a", "MAIN"), ("c", "PT01"), ("b", "PT02")), *BASE[1:]])
    assert only(ledger_path, "links", "pending") == {"S1 b", "S1 c"}
    assert only(ledger_path, "thumbnails", "pending") == set()


def test_links_behind_one_of_ours_that_nothing_wants_now_are_to_come_before_it(
    ledger: Ledger, ledger_path: Path
) -> None:
    merge(ledger, BASE)
    finish_all(ledger)
    merge(ledger, [product("S1", ("a", "MAIN"), ("c", "PT02")), *BASE[1:]])
    assert only(ledger_path, "links", "pending") == {"S1 c"}


def test_links_behind_one_of_a_person_that_nothing_wants_now_stay_done(
    ledger: Ledger, ledger_path: Path
) -> None:
    merge(ledger, BASE)
    finish_all(ledger)
    with ledger.atomic():
        ledger._store.execute("UPDATE links SET origin = 'found'")
    merge(ledger, [product("S1", ("a", "MAIN"), ("c", "PT02")), *BASE[1:]])
    assert only(ledger_path, "links", "pending") == set()
    assert rows(ledger_path, "SELECT position FROM links WHERE state = 'done' AND product_id = 1") == [
        (1,),
        (2,),
    ]


def test_another_main_picture_makes_the_thumbnail_pending(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    finish_all(ledger)
    merge(ledger, [product("S1", ("b", "MAIN"), ("c", "PT02")), product("S2", ("a", "PT01")), BASE[2]])
    assert states(ledger_path, "thumbnails") == {"S1": "pending", "S2": "obsolete"}
    assert rows(ledger_path, "SELECT origin, reason FROM thumbnails WHERE state = 'pending'") == [
        (None, None)
    ]


@pytest.mark.parametrize(
    ("main", "thumbnail"),
    [("a", ("failed", "not an image")), ("b", ("pending", None))],
    ids=["same", "other"],
)
def test_why_a_thumbnail_failed_is_kept_for_as_long_as_its_picture_is_the_same(
    ledger: Ledger, ledger_path: Path, main: str, thumbnail: tuple[str, str | None]
) -> None:
    merge(ledger, [product("S1", ("a", "MAIN"))])
    ledger.work().fail_thumbnail(1, REFUSAL)
    merge(ledger, [product("S1", (main, "MAIN"), ("c", "PT01"))])
    assert rows(ledger_path, "SELECT state, reason FROM thumbnails") == [thumbnail]


def test_a_thumbnail_that_is_wanted_again_has_no_reason_of_before(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, [product("S1", ("a", "MAIN"))])
    ledger.work().fail_thumbnail(1, REFUSAL)
    merge(ledger, [product("S1", ("a", "PT01"))])
    merge(ledger, [product("S1", ("a", "MAIN"))])
    assert rows(ledger_path, "SELECT state, reason FROM thumbnails") == [("pending", None)]


def test_an_address_that_comes_back_mends_no_malformed_one(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, [product("S1", ("ftp://x", "MAIN")), product("S2", ("b", "MAIN"))])
    merge(ledger, [product("S2", ("c", "MAIN"))])
    merge(ledger, [product("S2", ("b", "MAIN"))])
    assert states(ledger_path, "urls") == {"ftp://x": "failed", "b": "pending", "c": "obsolete"}


def test_a_title_is_that_of_the_last_mapping_that_tells_one(ledger: Ledger, ledger_path: Path) -> None:
    first, second = product("S1", ("a", "MAIN")), product("S2", ("b", "MAIN"))
    merge(ledger, [replace(first, title="Boot"), replace(second, title="Shoe")])
    assert rows(ledger_path, "SELECT title FROM products ORDER BY id") == [("Boot",), ("Shoe",)]
    merge(ledger, [replace(first, title="Boots"), second])
    assert rows(ledger_path, "SELECT title FROM products ORDER BY id") == [("Boots",), ("Shoe",)]


def test_a_product_may_become_a_parent_without_new_work(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    finish_all(ledger)
    merge(ledger, [product("S1", *BASE[0].images, is_parent=True), *BASE[1:]])
    assert only(ledger_path, "links", "pending") == set()
    assert rows(ledger_path, "SELECT is_parent FROM products WHERE sku = 'S1'") == [(1,)]


def test_another_gallery_asks_for_every_link_again_but_for_unknown_products(
    ledger: Ledger, ledger_path: Path
) -> None:
    merge(ledger, [*BASE, product("S4", ("a", "MAIN")), product("S5", ("a", "MAIN"))])
    work = ledger.work()
    finish_all(ledger)
    ids = dict(rows(ledger_path, "SELECT sku, id FROM products"))
    work.reopen_product(ids["S3"], [asset_id(ledger, "d")], thumbnail=False)
    work.fail_links(ids["S3"], [asset_id(ledger, "d")], REFUSAL)
    work.reopen_product(ids["S4"], [asset_id(ledger, "a")], thumbnail=False)
    work.skip_product(ids["S4"], SKIP_EXISTING)
    work.reopen_product(ids["S5"], [asset_id(ledger, "a")], thumbnail=False)
    work.skip_product(ids["S5"], NOT_FOUND)
    merge(
        ledger,
        [*BASE, product("S4", ("a", "MAIN")), product("S5", ("a", "MAIN"))],
        gallery="other",
        skip_existing=True,
    )
    assert only(ledger_path, "links", "pending") == {"S1 a", "S1 b", "S1 c", "S2 a", "S3 d", "S4 a"}
    assert only(ledger_path, "links", "skipped") == {"S5 a"}
    assert rows(ledger_path, "SELECT count(*) FROM links WHERE origin NOT NULL OR placed NOT NULL") == [(0,)]
    assert set(states(ledger_path, "assets").values()) == {"done"}
    assert [failure.url for failure in ledger.queries.failures()] == ["ftp://x"]


def test_what_skip_existing_left_alone_is_wanted_again_without_it(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    work = ledger.work()
    work.skip_product(1, SKIP_EXISTING)
    work.skip_product(3, NOT_FOUND)
    work.skip_unneeded_assets()
    merge(ledger, BASE, skip_existing=True)
    assert only(ledger_path, "links", "skipped") == {"S1 a", "S1 b", "S1 c", "S3 d"}
    assert only(ledger_path, "assets", "skipped") == only(ledger_path, "urls", "skipped") == {"b", "c", "d"}
    merge(ledger, BASE)
    assert only(ledger_path, "links", "skipped") == {"S3 d"}
    assert only(ledger_path, "thumbnails", "skipped") == set()
    assert only(ledger_path, "assets", "skipped") == only(ledger_path, "urls", "skipped") == {"d"}


def test_a_failure_is_kept_while_its_row_is_failed(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, BASE)
    work = ledger.work()
    work.fail_links(1, [asset_id(ledger, "b")], REFUSAL)
    work.fail_thumbnail(2, REFUSAL)
    merge(ledger, BASE)
    assert ledger.queries.failure_count() == 3
    merge(ledger, [product("S1", ("a", "MAIN"), ("c", "PT02")), product("S2", ("b", "MAIN")), BASE[2]])
    assert ledger.queries.failure_count() == 0
    merge(ledger, BASE)
    assert only(ledger_path, "links", "failed") == set()


def test_a_malformed_address_is_a_failure_of_every_product_that_names_it(
    ledger: Ledger, ledger_path: Path
) -> None:
    products = [product("S1", ("ftp://x", "MAIN")), product("S2", ("ftp://x", "MAIN"))]
    merge(ledger, products)
    before = dump(ledger_path)
    merge(ledger, products[::-1])
    assert dump(ledger_path) == before
    failure, other = ledger.queries.failures()
    assert other == replace(failure, sku="S2")
    assert [group.count for group in ledger.queries.failure_groups(5)] == [2]
    assert (failure.table, failure.url, failure.sku, failure.status, failure.attempts) == (
        "urls",
        "ftp://x",
        "S1",
        None,
        0,
    )
    merge(ledger, [product("S2", ("ftp://x", "MAIN"))], complete=True)
    assert [failure.sku for failure in ledger.queries.failures()] == ["S2"]
    assert rows(ledger_path, "SELECT count(*) FROM assets") == [(0,)]


def test_a_product_that_cannot_be_named_is_a_failure_with_its_place_until_it_is_mended(
    ledger: Ledger, ledger_path: Path
) -> None:
    first, second = Unreadable("m.json, matched[1]", "no SKU"), Unreadable("m.json, matched[7]", "no SKU")
    merge(ledger, [*BASE, first, second, first])
    before = dump(ledger_path)
    merge(ledger, [*BASE, second, first])
    assert dump(ledger_path) == before
    assert [(one.place, one.message, one.sku, one.url) for one in ledger.queries.failures()][1:] == [
        ("m.json, matched[1]", "no SKU", "", ""),
        ("m.json, matched[7]", "no SKU", "", ""),
    ]
    assert [group.count for group in ledger.queries.failure_groups(5)] == [2, 1]
    assert ledger.unfinished.causes().transient == 0
    ledger.work().retry_failed()
    merge(ledger, [*BASE, second])
    assert [one.place for one in ledger.queries.failures()] == ["", "m.json, matched[7]"]


def test_a_mapping_speaks_for_the_products_that_it_names_and_for_no_others(
    ledger: Ledger, ledger_path: Path
) -> None:
    us = [product("US-1", ("a", "MAIN"), ("b", "PT01")), product("US-2", ("ftp://x", "MAIN"), ("c", "BACK"))]
    de = [product("DE-1", ("a", "MAIN"), ("d", "PT01"))]
    unreadable = (
        Unreadable("us.json, matched[1]", "no SKU", "/us.json"),
        Unreadable("de.json, matched[1]", "no SKU"),
    )
    merge(ledger, [*us, unreadable[0]], mappings=["/us.json"])
    finish_all(ledger)
    before = wanted(ledger_path)
    merge(ledger, [*de, replace(unreadable[1], mapping="/de.json")], mappings=["/de.json"])
    assert only(ledger_path, "links", "pending") == {"DE-1 a", "DE-1 d"}
    assert only(ledger_path, "links", "done") == {"US-1 a", "US-1 b", "US-2 c"}
    assert {table: found & before[table] for table, found in wanted(ledger_path).items()} == before
    assert [(one.sku, one.place) for one in ledger.queries.failures()] == [
        ("US-2", ""),
        ("", "us.json, matched[1]"),
        ("", "de.json, matched[1]"),
    ]
    assert ledger.queries.totals(None).links.open == 2
    assert ledger.queries.outstanding().earlier == 0
    merge(ledger, us, mappings=["/us.json"])
    assert [(one.sku, one.place) for one in ledger.queries.failures()] == [
        ("US-2", ""),
        ("", "de.json, matched[1]"),
    ]
    totals, outstanding = ledger.queries.totals(None), ledger.queries.outstanding()
    assert (totals.links.done, totals.links.open, totals.uploaded, totals.open_assets) == (3, 0, 3, 0)
    assert (outstanding.products, outstanding.earlier, outstanding.assets) == (1, 1, 1)
    assert [row.sku for row in ledger.queries.products()] == ["US-1", "US-2"]
    merge(ledger, us, complete=True, mappings=["/us.json"])
    assert only(ledger_path, "links", "obsolete") == {"DE-1 a", "DE-1 d"}
    assert only(ledger_path, "assets", "obsolete") == {"d"}
    assert [one.sku for one in ledger.queries.failures()] == ["US-2"]
    assert ledger.queries.outstanding().products == 0


def test_a_picture_is_obsolete_only_when_no_product_of_any_mapping_wants_it(
    ledger: Ledger, ledger_path: Path
) -> None:
    merge(ledger, [product("A", ("a", "MAIN"), ("b", "PT01"))])
    merge(ledger, [product("B", ("a", "PT01"), ("b", "MAIN"))])
    finish_all(ledger)
    names = rows(ledger_path, "SELECT id, filename FROM assets")
    merge(ledger, [product("A", ("c", "MAIN"))])
    assert only(ledger_path, "assets", "obsolete") == set()
    merge(ledger, [product("B", ("b", "MAIN"))])
    assert only(ledger_path, "assets", "obsolete") == {"a"}
    assert set(names) <= set(rows(ledger_path, "SELECT id, filename FROM assets"))


def test_an_address_that_one_mapping_may_use_and_another_may_not_is_both(
    ledger: Ledger, ledger_path: Path
) -> None:
    private = "http://nas/a.jpg"
    merge(ledger, [product("A", (private, "MAIN"))], allow_private=True)
    merge(ledger, [product("B", (private, "MAIN"))])
    assert states(ledger_path, "urls") == states(ledger_path, "assets") == {"http://nas/a": "pending"}
    assert [one.sku for one in ledger.queries.failures()] == ["B"]
    merge(ledger, [product("A", ("a", "MAIN"))], allow_private=True)
    assert states(ledger_path, "urls")["http://nas/a"] == "failed"
    assert states(ledger_path, "assets")["http://nas/a"] == "obsolete"
    merge(ledger, [product("B", ("a", "MAIN"))])
    assert states(ledger_path, "urls")["http://nas/a"] == "obsolete"
    assert ledger.queries.failure_count() == 0


def test_products_that_another_mapping_left_alone_stay_so(ledger: Ledger, ledger_path: Path) -> None:
    merge(ledger, [product("A", ("a", "MAIN"))], skip_existing=True)
    ledger.work().skip_product(1, SKIP_EXISTING)
    merge(ledger, [product("B", ("a", "MAIN"))])
    assert states(ledger_path, "links") == {"A a": "skipped", "B a": "pending"}


def test_a_refused_picture_is_no_failure_of_a_product_that_no_longer_wants_it(ledger: Ledger) -> None:
    merge(ledger, [product("S1", ("a", "MAIN")), product("S2", ("a", "MAIN"))])
    work, a = ledger.work(), asset_id(ledger, "a")
    work.fail_asset(a, 1, REFUSAL)
    for product_id in (1, 2):
        work.fail_without_picture(product_id, [a], thumbnail=True)
    assert [one.sku for one in ledger.queries.failures()] == ["S1", "S2"]
    merge(ledger, [product("S1", ("b", "MAIN")), product("S2", ("a", "MAIN"))])
    assert [one.sku for one in ledger.queries.failures()] == ["S2"]


def test_private_addresses_come_and_go_with_their_switch(ledger: Ledger, ledger_path: Path) -> None:
    products = [product("S1", ("http://nas/a.jpg", "MAIN"), ("b", "PT01"))]
    merge(ledger, products)
    assert states(ledger_path, "urls")["http://nas/a"] == "failed"
    merge(ledger, products, allow_private=True)
    assert states(ledger_path, "urls")["http://nas/a"] == "pending"
    finish_all(ledger)
    merge(ledger, products)
    assert states(ledger_path, "urls")["http://nas/a"] == "failed"
    assert states(ledger_path, "assets")["http://nas/a"] == "obsolete"
    assert ledger.queries.failure_count() == 1
    merge(ledger, products, allow_private=True)
    assert (
        states(ledger_path, "urls")["http://nas/a"] == states(ledger_path, "assets")["http://nas/a"] == "done"
    )
    assert ledger.queries.failure_count() == 0


def test_a_merge_that_breaks_leaves_the_ledger_as_it_was(
    ledger: Ledger, ledger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge(ledger, BASE)
    before = dump(ledger_path)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(ledger.merge, "_change_thumbnail", broken)
    with pytest.raises(RuntimeError):
        merge(ledger, [product("S1", ("e", "MAIN")), product("S9", ("f", "MAIN"))])
    assert dump(ledger_path) == before
    assert ledger._store.value("PRAGMA foreign_keys") == 1


def test_a_picture_in_full_does_not_take_the_name_of_its_small_copy_that_was_uploaded(
    ledger: Ledger, ledger_path: Path
) -> None:
    small, full = picture("a._SL75_"), picture("a")
    merge(ledger, [product("S1", (small, "MAIN"))])
    finish_all(ledger)
    merge(ledger, [product("S1", (full, "MAIN"))])
    names = dict(rows(ledger_path, "SELECT url, filename FROM assets JOIN urls USING (id)"))
    assert names[small] == "amazon_01_MAIN_a.jpg"
    assert names[full].startswith("amazon_01_MAIN_a-")


URLS = st.sampled_from(
    [
        *(picture(name) for name in ("a", "b", "c", "a._SL75_", "-a")),
        "https://images-na.ssl-images-amazon.com/images/I/a.jpg",
        "https://shop.example/1.jpg",
        "http://nas/1.jpg",
        "ftp://x",
    ]
)
VARIANTS = st.sampled_from(["MAIN", "PT01", "PT02", "SWATCH", "BACK", "FRNT"])
REFS = st.builds(ImageRef, URLS, VARIANTS, st.sampled_from([0, 0, 100]), st.just(10))
MAPPINGS = st.lists(
    st.builds(Product, st.sampled_from(["S1", "S2", "S3"]), st.booleans(), st.lists(REFS, max_size=5)),
    max_size=4,
)
STEPS = st.lists(
    st.tuples(
        MAPPINGS,
        st.booleans(),
        st.booleans(),
        st.sampled_from(["nothing", "finish", "fail", "skip", "lose", "retry"]),
    ),
    min_size=1,
    max_size=5,
)


def lose_everything(ledger: Ledger) -> None:
    work = ledger.work()
    for one in work.products_to_read(0, 10):
        for link in one.links:
            work.lose_asset(link.asset_id)
        work.reopen_product(one.id, [link.asset_id for link in one.links], thumbnail=True)


def skip_first(ledger: Ledger) -> None:
    work = ledger.work()
    for one in work.next_products(0, 1):
        work.skip_product(one.id, NOT_FOUND)
        work.skip_unneeded_assets()


def fail_first(ledger: Ledger) -> None:
    work = ledger.work()
    for one in work.next_products(0, 1):
        for asset in work.assets([link.asset_id for link in one.links]).values():
            if asset.state == "pending":
                work.fail_asset(asset.id, one.id, REFUSAL)
        work.fail_links(one.id, [link.asset_id for link in one.links], REFUSAL)
        work.fail_thumbnail(one.id, REFUSAL)


DISTURBANCES: dict[str, Callable[[Ledger], object]] = {
    "nothing": lambda _: None,
    "finish": finish_all,
    "fail": fail_first,
    "skip": skip_first,
    "lose": lose_everything,
    "retry": lambda ledger: ledger.work().retry_failed(),
}


class Oracle:
    """What is wanted in the end: of each product, what the last mapping says that names it."""

    def __init__(self) -> None:
        self.by_sku: dict[str, dict[str, set[tuple[object, ...]]]] = {}

    def plan(self, products: list[Product], *, allow_private: bool, complete: bool) -> None:
        if complete:
            self.by_sku.clear()
        planner = Planner(KnownRows(), gallery_label=GALLERY, allow_private=allow_private)
        for one in products:
            planner.add(one)
        plan = settle(planner)
        urls, skus = dict(plan.new_urls()), {}
        for product_id, sku, is_parent, *_ in plan.new_products():
            skus[product_id] = sku
            self.by_sku[sku] = {table: set() for table in ("links", "thumbnails", "failures")}
            self.by_sku[sku]["products"] = {(sku, int(is_parent))}
        for product_id, asset, variant, position in plan.new_links():
            self.by_sku[skus[product_id]]["links"].add((skus[product_id], urls[asset], variant, position))
        for product_id, asset in plan.new_thumbnails():
            self.by_sku[skus[product_id]]["thumbnails"].add((skus[product_id], urls[asset]))
        for product_id, url, reason in plan.malformed_uses():
            self.by_sku[skus[product_id]]["failures"].add(("urls", skus[product_id], urls[url], reason))

    def wanted(self) -> dict[str, set[tuple[object, ...]]]:
        tables = ("products", "links", "thumbnails", "failures")
        found = {table: {row for one in self.by_sku.values() for row in one[table]} for table in tables}
        assets = {url for _, url, _, _ in found["links"]}
        malformed = {(url, reason) for _, _, url, reason in found["failures"] if url not in assets}
        return {
            **found,
            "assets": {(url,) for url in assets},
            "urls": {(one, None) for one in assets} | malformed,
        }


@settings(max_examples=50)
@given(STEPS)
def test_after_any_mappings_a_ledger_wants_of_each_product_what_the_last_one_said_that_names_it(
    steps: list[tuple[list[Product], bool, bool, str]],
) -> None:
    oracle = Oracle()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "amzsync.db")
        with Ledger.write(path, CLOCKS) as ledger:
            names: dict[str, str] = {}
            for products, allow_private, complete, how in steps:
                merge(ledger, products, allow_private=allow_private, complete=complete)
                oracle.plan(products, allow_private=allow_private, complete=complete)
                before = dump(path)
                merge(ledger, products, allow_private=allow_private, complete=complete)
                assert dump(path) == before
                now = dict(rows(path, "SELECT url, filename FROM assets JOIN urls USING (id)"))
                assert names.items() <= now.items(), "the name of a known asset has changed"
                names = now
                DISTURBANCES[how](ledger)
                assert rows(path, "PRAGMA foreign_key_check") == []
            merge(ledger, products, allow_private=allow_private, complete=complete)
            ledger.work().retry_failed()
        assert rows(path, "PRAGMA foreign_key_check") == []
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
        assert wanted(path) == oracle.wanted()
        filenames = rows(path, "SELECT filename FROM assets")
        assert len(set(filenames)) == len(filenames)
        assert (
            rows(
                path,
                "SELECT 1 FROM links JOIN assets ON assets.id = asset_id"
                " WHERE links.state <> 'obsolete' AND assets.state = 'obsolete'",
            )
            == []
        )

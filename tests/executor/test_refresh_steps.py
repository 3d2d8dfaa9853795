"""The refresh of one product, step by step: a test answers each request, and looks at the ledger after."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, product, rows

from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.events import SilentListener
from amzsync.executor.scheduler.script import Find, Found, Send, Sent, Shared, Wait
from amzsync.executor.scripts.bulk import AssetsByName, ProductsBySku
from amzsync.executor.scripts.context import ScriptContext
from amzsync.executor.scripts.record import Done, Record
from amzsync.executor.scripts.refresh import Refreshed, refresh_product
from amzsync.executor.scripts.traits import AccountTraits
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND, NOT_IN_FAMILY, SKIP_EXISTING
from amzsync.ledger.rows import Origin
from amzsync.ledger.seen import Sighting
from amzsync.ledger.work import Work
from amzsync.ledger.writes import Change, Standing, WriteOutcome
from amzsync.plytix.wire import PlytixProduct, RequestKind

READING = Reading(Instant(0.0, 0.0, 0.0))
S1 = 1


def shown(gallery: str | None, *, plytix_id: str = "p", assets: str | None = None) -> PlytixProduct:
    """The product as an answer shows it; without a gallery, `assets` are what it holds elsewhere."""
    told = None if gallery is None else tuple(gallery)
    held = told if assets is None else tuple(assets)
    return PlytixProduct(plytix_id, "S1", None, told, held)


class Steps:
    """The refresh of a product with the pictures `a` and `b`."""

    def __init__(self, work: Work) -> None:
        self.record = Record(work)
        context = ScriptContext(
            "amazon_images",
            self.record,
            ProductsBySku("amazon_images"),
            AssetsByName(),
            AccountTraits(SilentListener()),
        )
        self._script = refresh_product(work.product(S1), context)
        self.waits_for: Wait | None = next(self._script)
        self.left: Refreshed | None = None

    def found(self, seen: PlytixProduct | None) -> None:
        """A search shows it like this, or not at all; its pictures are known."""
        assert isinstance(self.waits_for, Find)
        self._answer(Found({"S1": seen} if seen else {}, READING))

    def read(self, seen: PlytixProduct) -> None:
        """It waits for the product itself, which is like this."""
        assert isinstance(self.waits_for, Send)
        assert self.waits_for.call.request.kind is RequestKind.PRODUCT_READ
        self._answer(Sent(seen, 1, READING))

    def _answer(self, value: object) -> None:
        try:
            self.waits_for = self._script.send(value)
            while isinstance(self.waits_for, Shared):
                self.waits_for = self._script.send({})
        except StopIteration as ended:
            self.waits_for, self.left = None, ended.value


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    """Both pictures were put into the product `p` a moment ago."""
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])
        work = ledger.work()
        for asset_id, plytix_id in ((1, "a"), (2, "b")):
            work.finish_asset(asset_id, plytix_id, "", Origin.UPLOADED)
        work.resolve({S1: "p"})
        work.finish_links(S1, {1: 1, 2: 2}, [1, 2])
        yield ledger


def test_each_product_that_was_read_is_counted(ledger: Ledger) -> None:
    steps = Steps(ledger.work())
    steps.found(shown("ab"))
    assert steps.waits_for is None
    assert steps.record.counts == {Done.PRODUCT: 1}


def test_how_the_product_stood_is_kept(ledger: Ledger) -> None:
    Steps(ledger.work()).found(shown("xa"))
    assert rows(ledger.path, "SELECT in_plytix, missing, others FROM seen_products") == [(1, 1, 1)]


def test_a_product_that_was_made_anew_holds_nothing_of_ours(ledger: Ledger) -> None:
    # In the old one they stood in this order by a write of ours: then it would be ours to mend.
    ledger.work().finish_links(S1, {1: 2, 2: 1}, [1, 2])
    Steps(ledger.work()).found(shown("ba", plytix_id="new"))
    assert rows(ledger.path, "SELECT DISTINCT state, origin FROM links") == [("done", "found")]
    assert rows(ledger.path, "SELECT moved FROM seen_products") == [(0,)]


def test_a_search_lacks_nothing_of_ours_in_a_product_that_was_made_anew(ledger: Ledger) -> None:
    work = ledger.work()
    ledger._store.execute("UPDATE links SET sent = 1")
    steps = Steps(work)
    steps.found(shown("", plytix_id="new"))
    assert steps.waits_for is None, "nothing was ever written to it"


def test_a_search_that_lacks_what_was_sent_to_the_product_is_not_believed(ledger: Ledger) -> None:
    ledger._store.execute("UPDATE links SET sent = 1")
    steps = Steps(ledger.work())
    steps.found(shown("a"))
    steps.read(shown("ab"))
    assert steps.waits_for is None


@pytest.mark.parametrize(
    ("seen_at", "is_believed"),
    [
        ("2025-12-23T05:59:46Z", True),
        ("2025-12-23T05:59:47Z", False),
        # The clock has been set back since: it may have been a moment ago.
        ("2025-12-23T11:00:00Z", False),
    ],
)
def test_a_search_is_believed_to_lack_only_what_was_put_there_long_ago(
    ledger: Ledger, seen_at: str, *, is_believed: bool
) -> None:
    ledger.work().see(S1, Sighting(in_plytix=True))
    ledger._store.execute("UPDATE seen_products SET seen_at = ?", (seen_at,))
    steps = Steps(ledger.work())
    steps.found(shown("a"))
    assert (steps.waits_for is None) is is_believed


def test_a_part_of_what_a_run_that_died_has_sent_is_somebody_elses(ledger: Ledger) -> None:
    ledger._store.execute(
        "UPDATE links SET state = 'in_flight', origin = NULL, placed = NULL, sent = asset_id"
    )
    steps = Steps(ledger.work())
    steps.found(shown("b"))
    steps.read(shown("b"))
    assert steps.waits_for is None
    assert rows(ledger.path, "SELECT asset_id, state, origin, sent FROM links ORDER BY 1") == [
        (1, "in_flight", None, None),
        (2, "done", "found", None),
    ]


def test_a_write_that_did_nothing_is_forgotten_also_where_no_gallery_is_told(
    ledger: Ledger,
) -> None:
    run_id = ledger.runs.start("apply", {}, 1, [])
    ledger.work(run_id).claim_write(S1, Standing((), None), ("a", "b"), None)
    steps = Steps(ledger.work())
    steps.found(shown(None))
    steps.read(shown(None, assets=""))
    assert steps.waits_for is None
    assert ledger.work().write(run_id, S1) is None


def test_pictures_that_were_skipped_with_their_product_are_wanted_again_once_it_is_found(
    ledger: Ledger,
) -> None:
    work = ledger.work()
    work.reopen_product(S1, [1, 2], thumbnail=False)
    work.skip_product(S1, NOT_FOUND)
    Steps(work).found(shown("a"))
    assert rows(ledger.path, "SELECT state, reason FROM links ORDER BY asset_id") == [
        ("done", None),
        ("pending", None),
    ]


def test_a_write_without_an_answer_is_settled_by_what_stands_there(ledger: Ledger) -> None:
    run_id = ledger.runs.start("apply", {}, 1, [])
    ledger.work(run_id).claim_write(S1, Standing((), None), ("a", "b"), None)
    Steps(ledger.work()).found(shown("ab"))
    write = ledger.work().write(run_id, S1)
    assert write is not None
    assert (write.gallery, write.outcome) == (Change((), ("a", "b")), WriteOutcome.WRITTEN)


def test_a_product_that_is_gone_is_skipped_and_seen_to_be_gone(ledger: Ledger) -> None:
    Steps(ledger.work()).found(None)
    assert rows(ledger.path, "SELECT DISTINCT state, reason FROM links") == [("skipped", NOT_FOUND)]
    assert rows(ledger.path, "SELECT state, reason FROM thumbnails") == [("skipped", NOT_FOUND)]
    assert rows(ledger.path, "SELECT in_plytix FROM seen_products") == [(0,)]


@pytest.mark.parametrize(
    ("plytix_id", "thumbnail"),
    [("p", ("done", "made", None)), ("new", ("skipped", None, NOT_IN_FAMILY))],
    ids=["same", "new"],
)
def test_a_product_whose_family_lost_the_gallery_keeps_its_thumbnail_unless_it_was_made_anew(
    ledger: Ledger, plytix_id: str, thumbnail: tuple[str, str | None, str | None]
) -> None:
    ledger.work().finish_thumbnail(S1, Origin.MADE)
    steps = Steps(ledger.work())
    steps.found(shown(None, plytix_id=plytix_id))
    steps.read(shown(None, plytix_id=plytix_id, assets="x"))
    assert steps.waits_for is None
    assert rows(ledger.path, "SELECT plytix_id FROM products") == [(plytix_id,)]
    assert rows(ledger.path, "SELECT DISTINCT state, reason FROM links") == [("skipped", NOT_IN_FAMILY)]
    assert rows(ledger.path, "SELECT state, origin, reason FROM thumbnails") == [thumbnail]
    assert rows(ledger.path, "SELECT in_plytix, missing FROM seen_products") == [(1, 2)]


def test_what_was_ours_and_is_wanted_no_more_is_ours_no_more_once_it_is_gone(ledger: Ledger) -> None:
    merge(ledger, [product("S1", ("a", "MAIN"))])
    Steps(ledger.work()).found(shown("a"))
    assert rows(ledger.path, "SELECT state, origin, placed FROM links ORDER BY asset_id") == [
        ("done", "made", 1),
        ("obsolete", None, None),
    ]


def test_an_order_of_ours_that_is_not_the_wanted_one_is_to_be_written(ledger: Ledger) -> None:
    ledger.work().finish_links(S1, {1: 2, 2: 1}, [1, 2])
    Steps(ledger.work()).found(shown("ba"))
    assert rows(ledger.path, "SELECT DISTINCT state, origin FROM links") == [("pending", "made")]


def test_what_was_left_alone_on_request_stays_so(ledger: Ledger) -> None:
    work = ledger.work()
    work.reopen_product(S1, [1, 2], thumbnail=False)
    work.skip_product(S1, SKIP_EXISTING)
    Steps(work).found(shown("x"))
    assert rows(ledger.path, "SELECT DISTINCT state, reason FROM links") == [("skipped", SKIP_EXISTING)]
    assert rows(ledger.path, "SELECT state, reason FROM thumbnails") == [("skipped", SKIP_EXISTING)]


def test_a_thumbnail_that_is_wanted_no_more_stays_so_where_it_stands(ledger: Ledger) -> None:
    ledger.work().finish_thumbnail(S1, Origin.MADE)
    merge(ledger, [product("S1", ("a", "PT01"), ("b", "PT02"))])
    Steps(ledger.work()).found(replace(shown("ab"), thumbnail_id="a"))
    assert rows(ledger.path, "SELECT state, origin FROM thumbnails") == [("obsolete", "made")]


def test_a_thumbnail_of_ours_that_another_stands_for_is_wanted_again(ledger: Ledger) -> None:
    ledger.work().finish_thumbnail(S1, Origin.MADE)
    Steps(ledger.work()).found(replace(shown("ab"), thumbnail_id="x"))
    assert rows(ledger.path, "SELECT state, origin FROM thumbnails") == [("pending", None)]


def test_the_reading_is_kept_for_the_write_only_where_something_is_left_to_do(ledger: Ledger) -> None:
    seen = replace(shown("ab"), thumbnail_id="a")
    for found, is_left in ((shown("ab"), True), (seen, False), (None, False)):
        steps = Steps(ledger.work())
        steps.found(found)
        assert bool(steps.left) is is_left
        if steps.left:
            assert (steps.left.product_id, steps.left.known.seen) == (S1, found)


def test_a_picture_that_plytix_lost_is_looked_for_nowhere(ledger: Ledger) -> None:
    ledger.work().lose_asset(1)
    ledger._store.execute("UPDATE links SET sent = 1")
    steps = Steps(ledger.work())
    steps.found(shown("b"))
    assert steps.waits_for is None
    assert rows(ledger.path, "SELECT state FROM thumbnails") == [("pending",)], "no thumbnail is not that one"

"""The change of one product that takes something back, step by step: a test answers each request."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from catalogue import CLOCKS, merge, picture, product, rows
from executor.sync_steps import LINK, MISSING, READING, WRITE, refused

from amzsync.domain.beliefs import AccountAnswers
from amzsync.errors import NotSentError, PlytixError, RejectedError, RetriableError, StopError
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.events import SilentListener
from amzsync.executor.scheduler.script import Find, Found, Send, Sent, Turn, Wait
from amzsync.executor.scripts.bulk import AssetsInUse, ProductsAndMedia
from amzsync.executor.scripts.context import RemovalContext
from amzsync.executor.scripts.product_change import ProductChange
from amzsync.executor.scripts.record import Record
from amzsync.executor.scripts.removal_plan import Target
from amzsync.executor.scripts.traits import AccountTraits
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND, NOT_IN_FAMILY, PUT_LAST, STANDS_ELSEWHERE
from amzsync.ledger.rows import Kept, Origin
from amzsync.ledger.writes import Change, Standing, Write, WriteOutcome
from amzsync.plytix.wire import LinkResult, PlytixProduct, RequestKind

READ, UNLINK = RequestKind.PRODUCT_READ, RequestKind.UNLINK
S1 = 1


def shown(gallery: str | None, thumbnail: str | None = None, elsewhere: str = "") -> PlytixProduct:
    """The product as an answer shows it: `elsewhere` are pictures in its other attributes."""
    told = None if gallery is None else tuple(gallery)
    assets = tuple((gallery or "x") + elsewhere)
    return PlytixProduct("p", "S1", thumbnail, told, assets, elsewhere=frozenset(elsewhere))


class Steps:
    """The change of a product to a target; this ledger has put `a`, `b` and `c` into its gallery."""

    def __init__(
        self,
        ledger: Ledger,
        gallery: str,
        thumbnail: tuple[str, ...] | None = None,
        *,
        media: tuple[str, ...] | None = (),
        known: AccountAnswers | None = None,
        settles_in_s: float = 0.0,
    ) -> None:
        self.path = ledger.path
        self.work = work = ledger.work(ledger.runs.start("prune", {}, 1, []))
        work.add_tasks([(S1, ("b", "c"))])
        self.traits = AccountTraits(SilentListener(), known, lambda: settles_in_s)
        context = RemovalContext(
            "amazon_images",
            Record(work),
            ProductsAndMedia("amazon_images", media),
            AssetsInUse(),
            self.traits,
        )
        self.change = ProductChange(S1, context)
        self._script = self.change.bring(lambda _state: Target(tuple(gallery), thumbnail))
        self.turns = 0
        self.waits_for: Wait | None = next(self._script)

    def answer(self, value: object) -> None:
        try:
            if isinstance(value, PlytixError):
                self.waits_for = self._script.throw(value)
            else:
                self.waits_for = self._script.send(value)
            while isinstance(self.waits_for, Turn):
                self.turns += 1
                self.waits_for = self._script.send(None)
        except StopIteration:
            self.waits_for = None

    def found(self, seen: PlytixProduct | None, reading: Reading = READING) -> Find:
        """It waits for a search, which shows this."""
        search = self.waits_for
        assert isinstance(search, Find)
        self.answer(Found({"S1": seen} if seen else {}, reading))
        return search

    def sent(self, kind: RequestKind, outcome: object, *, leaves: bool = True) -> Send:
        """It waits for a request of this kind, which comes to this."""
        send = self.waits_for
        assert isinstance(send, Send)
        assert send.call.request.kind is kind
        if leaves and send.claim:
            send.claim()
        self.answer(outcome if isinstance(outcome, PlytixError) else Sent(outcome, 1, READING))
        return send

    def retries_after(self, wait_s: float) -> None:
        """The engine says that what is about to fail may be sent again after so long."""
        assert isinstance(self.waits_for, Send)
        assert self.waits_for.attempts is not None
        self.waits_for.attempts.wait_s = wait_s

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What was left as it is: the reason, and the picture."""
        pictures = {picture(letter): letter for letter in "abc"} | {"": ""}
        return [(one.reason, pictures[one.url]) for one in self.change.kept]

    @property
    def own_write(self) -> Write:
        write = self.work.own_write(S1)
        assert write is not None
        return write


Start = Callable[..., Steps]


@pytest.fixture
def start(ledger_path: Path) -> Iterator[Start]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))])
        work = ledger.work(ledger.runs.start("apply", {}, 1, []))
        for asset in work.assets([1, 2, 3]).values():
            work.finish_asset(asset.id, "abc"[asset.id - 1], "", Origin.UPLOADED)
        work.finish_links(S1, {1: 1, 2: 2, 3: 3}, {1, 2, 3})
        work.finish_thumbnail(S1, Origin.MADE)

        def begin(
            gallery: str, thumbnail: tuple[str, ...] | None = None, change: str = "", **options: Any
        ) -> Steps:
            if change:
                ledger._store.execute(change)
            return Steps(ledger, gallery, thumbnail, **options)

        yield begin


# Readings.


def test_a_product_is_read_afresh_and_changed_in_its_turn(start: Start) -> None:
    steps = start("ab")
    search = steps.found(shown("abc", "a"))
    assert (search.keys, search.fresh, search.after_s) == (("S1",), True, 0.0)
    assert steps.turns == 1
    assert rows(steps.path, "SELECT plytix_id FROM products") == [("p",)]
    write = steps.sent(WRITE, shown("ab", "a"))
    assert (write.rests_on, write.call.request.path) == (READING, "/products/p")
    assert write.call.request.body == {"attributes": {"amazon_images": [{"id": "a"}, {"id": "b"}]}}
    assert steps.waits_for is None
    assert (steps.kept, steps.change.is_unsure, steps.change.has_failed) == ([], False, False)
    assert steps.change.standing == Standing(("a", "b"), "a")


def test_a_search_that_is_behind_is_made_later(start: Start) -> None:
    steps = start("ab", settles_in_s=4.5)
    assert steps.found(shown("abc")).after_s == 4.5


def test_what_stands_as_it_is_to_stand_is_not_written(start: Start) -> None:
    steps = start("abc")
    steps.found(shown("abc"))
    assert (steps.waits_for, steps.kept) == (None, [])
    assert steps.work.own_write(S1) is None


def test_a_product_that_is_gone_is_left_with_that_reason(start: Start) -> None:
    steps = start("ab")
    steps.found(None)
    assert (steps.waits_for, steps.kept) == (None, [(NOT_FOUND, "")])


def test_a_gallery_that_a_search_does_not_tell_is_read_with_the_product(start: Start) -> None:
    steps = start("ab")
    steps.found(shown(None))
    assert steps.sent(READ, shown("abc")).call.request.path.startswith("/products/p?")
    steps.sent(WRITE, shown("ab"))
    assert steps.waits_for is None


def test_a_product_whose_family_has_no_gallery_is_left_with_that_reason(start: Start) -> None:
    steps = start("ab")
    steps.found(shown(None))
    steps.sent(READ, shown(None))
    assert (steps.waits_for, steps.kept) == (None, [(NOT_IN_FAMILY, "")])


def test_a_product_that_is_gone_when_it_is_read_by_itself_is_left_with_that_reason(start: Start) -> None:
    steps = start("ab")
    steps.found(shown(None))
    steps.sent(READ, MISSING)
    assert (steps.waits_for, steps.kept) == (None, [(NOT_FOUND, "")])


@pytest.mark.parametrize("error", [RejectedError("no", status=403), RetriableError("down", status=503)])
def test_a_product_that_cannot_be_read_stops_the_run(start: Start, error: PlytixError) -> None:
    steps = start("ab")
    steps.found(shown(None))
    with pytest.raises(StopError, match="could not be read"):
        steps.sent(READ, error)


def test_what_a_reading_by_itself_tells_of_searches_is_learned(start: Start) -> None:
    steps = start("ab")
    untold = PlytixProduct("p", "S1", None, None, None)
    steps.found(untold)
    steps.sent(READ, PlytixProduct("p", "S1", None, (), None))
    assert steps.traits.gallery_of(untold) == ()


def test_where_searches_do_not_tell_all_media_a_persons_gallery_is_read_with_the_product(
    start: Start,
) -> None:
    steps = start("ax", media=None)
    steps.found(shown("abx"))
    steps.sent(READ, shown("abx", elsewhere="b"))
    assert (steps.waits_for, steps.kept) == (None, [(STANDS_ELSEWHERE, "b")])


def test_where_searches_do_not_tell_all_media_a_gallery_of_ours_is_written_all_the_same(start: Start) -> None:
    steps = start("ab", media=None)
    steps.found(shown("abc"))
    steps.sent(WRITE, shown("ab"))
    assert steps.waits_for is None


def test_where_searches_are_far_behind_the_product_is_read_by_itself(start: Start) -> None:
    steps = start("ab", known=AccountAnswers(search_lag_s=60.0))
    steps.found(shown("ab"))
    steps.sent(READ, shown("abc"))
    steps.sent(WRITE, shown("ab"))
    assert steps.waits_for is None


def test_what_an_earlier_run_sent_and_stands_is_known_for_its_work(start: Start) -> None:
    earlier = start("ab")
    earlier.found(shown("abc", "a"))
    earlier.sent(WRITE, RetriableError("down", status=503))
    assert earlier.own_write.outcome is WriteOutcome.SENT
    steps = start("ab")
    steps.found(shown("ab", "a"))
    assert steps.waits_for is None
    assert earlier.own_write == Write(2, S1, Change(("a", "b", "c"), ("a", "b")), None, WriteOutcome.WRITTEN)


def test_what_an_earlier_run_sent_and_stands_is_taken_for_ours_from_then_on(start: Start) -> None:
    change = "UPDATE links SET state = 'in_flight', origin = NULL, placed = NULL, sent = 3 WHERE asset_id = 3"
    steps = start("abc", change=change)
    steps.found(shown("abc"))
    assert [link.origin for link in steps.change.state.product.links] == 3 * [Origin.MADE]


def test_a_search_with_a_gallery_proves_that_searches_tell_galleries(start: Start) -> None:
    steps = start("abc", known=AccountAnswers(tells_galleries=True))
    assert steps.traits.should_look()
    steps.found(shown("abc"))
    assert not steps.traits.should_look()


# Writes of a whole gallery.


def test_a_write_is_kept_with_what_stood_before_it_and_what_it_takes_out_is_in_flight(start: Start) -> None:
    steps = start("bc", ("b",))
    steps.found(shown("abc", "a"))
    steps.sent(WRITE, shown("bc", "b"))
    assert steps.own_write.gallery == Change(("a", "b", "c"), ("b", "c"))
    assert steps.own_write.thumbnail == Change(("a",), ("b",))
    assert rows(steps.path, "SELECT state FROM links ORDER BY asset_id") == [
        ("in_flight",),
        ("done",),
        ("done",),
    ]
    assert rows(steps.path, "SELECT state FROM thumbnails") == [("in_flight",)]
    assert rows(steps.path, "SELECT state FROM tasks") == [("in_flight",)]
    assert (steps.change.thumbnail, steps.change.standing) == (("b",), Standing(("b", "c"), "b"))


def test_the_wanted_thumbnail_that_is_set_is_not_taken_out(start: Start) -> None:
    steps = start("abc", ("a",))
    steps.found(shown("abc", "x"))
    steps.sent(WRITE, shown("abc", "a"))
    assert rows(steps.path, "SELECT state FROM thumbnails") == [("done",)]


def test_a_thumbnail_is_set_where_the_ledger_wants_none(start: Start) -> None:
    steps = start("abc", ("b",), change="DELETE FROM thumbnails")
    steps.found(shown("abc", "a"))
    steps.sent(WRITE, shown("abc", "b"))
    assert (steps.waits_for, steps.change.thumbnail) == (None, ("b",))


def test_a_thumbnail_can_be_cleared(start: Start) -> None:
    steps = start("abc", ())
    steps.found(shown("abc", "a"))
    assert steps.sent(WRITE, shown("abc")).call.request.body == {"thumbnail": None}
    assert steps.waits_for is None
    assert (steps.kept, steps.change.standing.thumbnail) == ([], None)


def test_a_thumbnail_that_the_answer_does_not_show_is_told(start: Start) -> None:
    steps = start("abc", ("b",))
    steps.found(shown("abc", "a"))
    steps.sent(WRITE, shown("abc", "a"))
    assert steps.kept == [("Plytix did not show the thumbnail that was set", "")]
    assert (steps.waits_for, steps.change.thumbnail) == (None, None)


def test_before_a_write_is_tried_again_the_product_is_read_after_a_wait(start: Start) -> None:
    steps = start("ab")
    steps.found(shown("abc"))
    steps.retries_after(2.5)
    steps.sent(WRITE, RetriableError("down", status=503))
    assert steps.found(shown("ab")).after_s == 2.5
    assert (steps.waits_for, steps.change.is_unsure) == (None, False)


def test_after_the_last_retry_it_is_not_known_what_stands(start: Start) -> None:
    steps = start("ab")
    steps.found(shown("abc"))
    steps.sent(WRITE, RetriableError("down", status=503))
    assert steps.waits_for is None
    assert (steps.change.is_unsure, steps.change.has_failed, steps.kept) == (True, True, [("down", "")])


def test_a_thumbnail_alone_that_is_refused_is_told_and_it_is_known_what_stands(start: Start) -> None:
    steps = start("abc", ("b",))
    steps.found(shown("abc", "a"))
    steps.sent(WRITE, RejectedError("no", status=422))
    assert steps.waits_for is None
    assert (steps.change.is_unsure, steps.change.has_failed, steps.kept) == (False, True, [("no", "")])


def test_a_gallery_that_is_refused_is_changed_one_by_one(start: Start) -> None:
    steps = start("ab")
    steps.found(shown("abc"))
    steps.sent(WRITE, RejectedError("no", status=422))
    assert steps.found(shown("abc")).after_s == 0.0
    unlink = steps.sent(UNLINK, None)
    assert (unlink.call.request.path, unlink.rests_on) == ("/products/p/assets/c", None)
    assert (steps.waits_for, steps.kept, steps.change.standing.gallery) == (None, [], ("a", "b"))


@pytest.mark.parametrize("answer", ["abc", "a"])
def test_where_the_answer_shows_another_gallery_it_is_changed_one_by_one(start: Start, answer: str) -> None:
    steps = start("ab")
    steps.found(shown("abc"))
    steps.sent(WRITE, shown(answer))
    assert steps.found(shown("abc")).after_s == 0.0
    steps.sent(UNLINK, None)
    assert steps.waits_for is None
    assert not steps.work.replaces_galleries()


def test_an_answer_in_another_order_is_told(start: Start) -> None:
    steps = start("ba")
    steps.found(shown("abc"))
    steps.sent(WRITE, shown("ab"))
    assert (steps.waits_for, steps.kept) == (None, [(PUT_LAST, "")])


def test_an_answer_that_shows_what_a_person_added_meanwhile_shows_the_order_all_the_same(
    start: Start,
) -> None:
    steps = start("ab")
    steps.found(shown("abc"))
    steps.sent(WRITE, shown("axb"))
    assert (steps.waits_for, steps.kept) == (None, [])


def test_an_answer_that_shows_what_was_written_proves_that_galleries_are_replaced(start: Start) -> None:
    steps = start("bc")
    steps.found(shown("abc"))
    steps.sent(WRITE, shown("bc"))
    assert steps.work.replaces_galleries()


def test_an_answer_without_the_gallery_is_read_back(start: Start) -> None:
    steps = start("ab")
    steps.found(shown("abc"))
    steps.sent(WRITE, shown(None))
    steps.sent(READ, shown("ab"))
    assert (steps.waits_for, steps.kept) == (None, [])


def test_a_product_that_is_gone_when_it_is_read_back_is_searched_for_once_more(start: Start) -> None:
    steps = start("ab")
    steps.found(shown("abc"))
    steps.sent(WRITE, shown(None))
    steps.sent(READ, MISSING)
    assert steps.found(None).after_s == 0.0
    assert steps.kept == [(NOT_FOUND, "")]


def test_an_answer_without_any_picture_shows_that_the_gallery_is_empty(start: Start) -> None:
    steps = start("")
    steps.found(shown("abc"))
    steps.sent(WRITE, PlytixProduct("p", "S1", None, None, ()))
    assert (steps.waits_for, steps.kept, steps.change.standing.gallery) == (None, [], ())


@pytest.mark.parametrize(
    ("reading", "then"),
    [
        pytest.param(READING, UNLINK, id="made for no write in particular"),
        pytest.param(Reading(READING.sent, batch=1), UNLINK, id="made for this write alone"),
        pytest.param(Reading(READING.sent, batch=2), WRITE, id="made for too many: the next one is smaller"),
        pytest.param(Reading(READING.sent, 2.9, batch=2), UNLINK, id="answered too late for any"),
    ],
)
def test_after_four_late_readings_a_gallery_is_changed_one_by_one(
    start: Start, reading: Reading, then: RequestKind
) -> None:
    steps = start("ab")
    steps.found(shown("abc"), reading)
    for _ in range(3):
        steps.sent(WRITE, NotSentError("late"), leaves=False)
        assert steps.found(shown("abc"), reading).after_s == 0.0
    steps.sent(WRITE, NotSentError("late"), leaves=False)
    steps.found(shown("abc"), reading)
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.call.request.kind is then


# One by one.


def test_from_a_persons_gallery_ours_are_unlinked_and_each_is_kept_on_the_way(start: Start) -> None:
    steps = start("xa")
    steps.found(shown("xabc"))
    first = steps.sent(UNLINK, None)
    assert (first.call.request.path, first.rests_on) == ("/products/p/assets/b", READING)
    assert steps.own_write.gallery == Change(("x", "a", "b", "c"), ("x", "a"))
    second = steps.sent(UNLINK, None)
    assert (second.call.request.path, second.rests_on) == ("/products/p/assets/c", None)
    assert (steps.waits_for, steps.kept, steps.change.standing.gallery) == (None, [], ("x", "a"))


@pytest.mark.parametrize(
    ("error", "is_unsure"),
    [(RejectedError("no", status=403), False), (RetriableError("no", status=503), True)],
)
def test_an_unlink_that_fails_stops_no_other_and_is_told_with_its_picture(
    start: Start, error: PlytixError, *, is_unsure: bool
) -> None:
    steps = start("xa")
    steps.found(shown("xabc"))
    steps.sent(UNLINK, error)
    steps.sent(UNLINK, None)
    assert steps.waits_for is None
    assert steps.own_write.gallery == Change(("x", "a", "b", "c"), ("x", "a", "b"))
    assert steps.change.kept == [Kept("S1", "no", picture("b"))]
    assert (steps.change.is_unsure, steps.change.has_failed) == (is_unsure, False)
    assert steps.change.standing.gallery == ("x", "a", "b")


def test_what_stops_everything_while_pictures_are_unlinked_goes_on_to_the_run(start: Start) -> None:
    steps = start("xa")
    steps.found(shown("xabc"))
    with pytest.raises(StopError):
        steps.sent(UNLINK, StopError("no role", status=403))


def test_an_unlink_that_is_late_is_decided_anew(start: Start) -> None:
    steps = start("xa")
    steps.found(shown("xab"))
    steps.sent(UNLINK, refused(NotSentError("late"), 0), leaves=False)
    steps.found(shown("xa"))
    assert (steps.waits_for, steps.kept) == (None, [])


def test_the_thumbnail_is_set_before_anything_is_unlinked(start: Start) -> None:
    steps = start("xa", ("a",))
    steps.found(shown("xab", "b"))
    thumbnail = steps.sent(WRITE, shown("xab", "a"))
    assert thumbnail.call.request.path == "/products/p"
    assert (thumbnail.call.request.body, thumbnail.rests_on) == ({"thumbnail": {"id": "a"}}, READING)
    assert steps.own_write.thumbnail == Change(("b",), ("a",))
    assert steps.sent(UNLINK, None).rests_on is None
    assert (steps.waits_for, steps.change.standing) == (None, Standing(("x", "a"), "a"))


def test_a_thumbnail_that_is_refused_is_told_and_what_is_to_go_goes(start: Start) -> None:
    steps = start("xa", ("a",))
    steps.found(shown("xab", "y"))
    steps.sent(WRITE, RejectedError("no", status=422))
    steps.sent(UNLINK, None)
    assert (steps.waits_for, steps.kept) == (None, [("no", "")])
    assert (steps.change.thumbnail, steps.change.standing.thumbnail) == (None, "y")


@pytest.mark.parametrize(
    ("thumbnail", "elsewhere", "target"),
    [
        pytest.param("b", "", None, id="it is the thumbnail, which stays"),
        pytest.param("y", "", ("b",), id="it becomes the thumbnail"),
        pytest.param("y", "b", None, id="it stands in another attribute"),
    ],
)
def test_a_picture_that_stands_elsewhere_too_is_not_unlinked(
    start: Start, thumbnail: str, elsewhere: str, target: tuple[str, ...] | None
) -> None:
    steps = start("xa", target)
    steps.found(shown("xabc", thumbnail, elsewhere))
    if target:
        steps.sent(WRITE, shown("xabc", "b"))
    assert steps.sent(UNLINK, None).call.request.path == "/products/p/assets/c"
    assert (steps.waits_for, steps.kept) == (None, [(STANDS_ELSEWHERE, "b")])
    assert steps.own_write.gallery == Change(("x", "a", "b", "c"), ("x", "a", "b"))


def test_the_thumbnail_that_goes_keeps_no_picture_in_the_gallery(start: Start) -> None:
    steps = start("xa", ("a",))
    steps.found(shown("xab", "b"))
    steps.sent(WRITE, shown("xab", "a"))
    steps.sent(UNLINK, None)
    assert (steps.waits_for, steps.kept) == (None, [])


def test_what_could_not_be_unlinked_is_written_away_once_all_others_are_gone(start: Start) -> None:
    steps = start("")
    steps.found(shown("cab", "a"))
    steps.sent(UNLINK, None)
    steps.sent(UNLINK, None)
    assert steps.kept == [(STANDS_ELSEWHERE, "a")]
    assert steps.found(shown("a", "a")).after_s == 0.0
    steps.sent(WRITE, shown("", "a"))
    assert (steps.waits_for, steps.kept) == (None, [])


def test_once_all_that_is_to_go_is_unlinked_the_product_is_not_read_again(start: Start) -> None:
    steps = start("ab")
    steps.found(shown("cab"))
    steps.sent(UNLINK, None)
    assert (steps.waits_for, steps.kept) == (None, [])


def test_where_the_account_replaces_nothing_it_is_left(start: Start) -> None:
    steps = start("", known=AccountAnswers(writes_no_galleries=True))
    steps.found(shown("cab", "a"))
    steps.sent(UNLINK, None)
    steps.sent(UNLINK, None)
    assert (steps.waits_for, steps.kept) == (None, [(STANDS_ELSEWHERE, "a")])


def test_what_comes_back_is_linked_behind_the_others_and_that_is_told(start: Start) -> None:
    steps = start("bxc")
    steps.found(shown("ax"))
    unlink = steps.sent(UNLINK, None)
    assert unlink.call.request.path == "/products/p/assets/a"
    assert steps.own_write.gallery == Change(("a", "x"), ("x", "b", "c"))
    for letter in "bc":
        link = steps.sent(LINK, LinkResult.LINKED)
        assert link.call.request.body == {"id": letter, "attribute_label": "amazon_images"}
        assert link.call.request.path == "/products/p/assets"
    assert (steps.waits_for, steps.kept) == (None, [(PUT_LAST, "")])
    assert steps.own_write.gallery == Change(("a", "x"), ("x", "b", "c"))
    assert steps.change.standing.gallery == ("x", "b", "c")


def test_of_two_reasons_to_leave_a_picture_the_first_is_told_and_of_the_product_all(start: Start) -> None:
    change = start("ab").change
    for reason, letter in (("one", "a"), ("two", "a"), ("three", "b"), ("four", ""), ("five", "")):
        change.keep(reason, letter)
    assert [one.reason for one in change.kept] == ["one", "three", "four", "five"]

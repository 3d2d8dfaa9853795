"""What becomes of products and pictures, as the ledger has it and as it is counted: without any request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from catalogue import CLOCKS, merge, picture, product, rows, states

from amzsync.errors import RejectedError
from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.scripts.decide import MAX_ASSETS, Replace
from amzsync.executor.scripts.product import ProductState
from amzsync.executor.scripts.record import Done, Record, refusal_of
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NO_OTHER_THUMBNAIL, NO_PICTURE, NOT_FOUND, NOT_IN_ORDER
from amzsync.ledger.rows import Kept, Origin
from amzsync.ledger.work_rows import Refusal
from amzsync.plytix.wire import PlytixProduct

A, B, C = 1, 2, 3
S1 = 1
REFUSAL = Refusal(422, "no", 3)
UNANSWERED = Refusal(503, "down", 3)
IN_ORDER = Refusal(None, NOT_IN_ORDER, 0)
READING = Reading(Instant(0.0, 0.0, 0.0))


class Recorded:
    """A record of one run; the wanted pictures of S1 are `a`, its thumbnail, `b` and `c`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.work = ledger.work(ledger.runs.start("apply", {}, 1, []))
        self.record = Record(self.work)

    def upload(self, *asset_ids: int, origin: Origin = Origin.UPLOADED) -> None:
        assets = self.work.assets(asset_ids)
        for asset_id in asset_ids:
            assert self.record.finish_asset(assets[asset_id], "abc"[asset_id - 1], "", origin)

    def state(self, gallery: str | None = None, *known: int, thumbnail: str | None = None) -> ProductState:
        """S1 as the ledger has it now, seen with this gallery, with the ids of these pictures known."""
        state = ProductState(self.work.product(S1), {row: "abc"[row - 1] for row in known or (A, B, C)})
        if gallery is not None:
            state.see(PlytixProduct("p", "S1", thumbnail), tuple(gallery), READING)
        return state

    def of(self, table: str) -> dict[str, str]:
        return states(self._ledger.path, table)

    @property
    def places(self) -> dict[int, tuple[Any, ...]]:
        """Origin, place and sent place of each link."""
        found = rows(self._ledger.path, "SELECT asset_id, origin, placed, sent FROM links")
        return {one[0]: one[1:] for one in found}

    @property
    def failures(self) -> list[tuple[Any, ...]]:
        return rows(
            self._ledger.path,
            "SELECT row_table, url_id, status, message, attempts FROM failures ORDER BY row_table, url_id",
        )

    @property
    def seen(self) -> list[tuple[int, int]]:
        """Whether it was in Plytix when it was last seen, and how much was missing."""
        return rows(self._ledger.path, "SELECT in_plytix, missing FROM seen_products")

    @property
    def writes(self) -> list[str]:
        """The outcome of each write that is on record."""
        return [outcome for (outcome,) in rows(self._ledger.path, "SELECT outcome FROM writes")]

    @property
    def counts(self) -> dict[Done, int]:
        return dict(self.record.counts)


@pytest.fixture
def recorded(ledger_path: Path) -> Iterator[Recorded]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))])
        yield Recorded(ledger)


def test_uploads_finds_and_failures_of_pictures_are_counted_apart(recorded: Recorded) -> None:
    recorded.upload(A)
    recorded.upload(B, origin=Origin.FOUND)
    recorded.record.fail_asset(recorded.work.assets([C])[C], S1, REFUSAL)
    assert recorded.counts == {Done.UPLOADED: 1, Done.FOUND: 1, Done.ASSET_FAILURE: 1}
    assert recorded.of("assets") == {"a": "done", "b": "done", "c": "failed"}
    assert recorded.work.assets([A])[A].plytix_id == "a"
    assert recorded.failures == [("assets", C, 422, "no", 3)]


def test_a_lost_picture_opens_products_again(recorded: Recorded) -> None:
    recorded.upload(A)
    assert not recorded.record.has_lost_assets
    recorded.record.lose_asset(A)
    assert recorded.record.has_lost_assets
    assert recorded.of("assets")["a"] == "pending"


def test_what_stood_before_the_first_write_is_somebody_elses(recorded: Recorded) -> None:
    state = recorded.state("b")
    recorded.record.claim(state, Replace(("a", "b", "c"), "a"), {"a": 1, "c": 3})
    assert state.was_claimed
    assert state.written == {"a": 1, "c": 3}
    assert recorded.places == {A: (None, None, 1), B: ("found", 1, None), C: (None, None, 3)}
    assert recorded.of("links") == {"S1 a": "in_flight", "S1 b": "done", "S1 c": "in_flight"}
    assert recorded.of("thumbnails") == {"S1": "in_flight"}
    assert recorded.writes == ["sent"]


def test_what_an_earlier_run_sent_and_stands_is_ours_before_the_next_write(recorded: Recorded) -> None:
    recorded.record.claim(recorded.state(""), Replace(("a",), None), {"a": 1})
    later = Recorded(recorded._ledger)
    later.record.claim(later.state("a"), Replace(("a", "b"), None), {"b": 2})
    assert later.places[A] == ("made", 1, None)
    assert later.writes == ["written", "sent"], "the earlier write is settled"


def test_a_part_of_what_an_earlier_run_sent_was_put_there_by_somebody_else(recorded: Recorded) -> None:
    recorded.record.claim(recorded.state(""), Replace(("a", "b"), None), {"a": 1, "b": 2})
    later = Recorded(recorded._ledger)
    state = later.state("b")
    later.record.claim(state, Replace(("b", "a"), None), state.places_after("a"), "a")
    state.made.add("a")
    state.gallery = ("b", "a")
    later.record.finish(state, IN_ORDER)
    assert later.places == {A: ("made", 2, None), B: ("found", 1, None), C: (None, None, None)}


def test_a_link_alone_is_unknown_and_those_before_it_are_known(recorded: Recorded) -> None:
    state = recorded.state("")
    for asset_id in "ab":
        target = Replace((*(state.gallery or ()), asset_id), None)
        recorded.record.claim(state, target, state.places_after(asset_id), asset_id)
        state.made.add(asset_id)
        state.gallery = target.gallery
    assert recorded.places == {A: ("made", 1, None), B: (None, None, 2), C: (None, None, None)}
    assert recorded.of("thumbnails") == {"S1": "pending"}, "no link sets it"
    recorded.record.claim(state, Replace(None, "a"))
    assert recorded.places[B] == ("made", 2, None)


def test_what_an_answered_write_has_appended_is_known_where_it_stands(recorded: Recorded) -> None:
    state = recorded.state("a")
    recorded.record.claim(state, Replace(("b", "a"), None), {"b": 1, "a": 2})
    state.made, state.gallery, state.written = {"b"}, ("a", "b"), {"a": 1, "b": 2}
    recorded.record.claim(state, Replace(None, "a"))
    assert recorded.places[B] == ("made", 2, None)


def test_what_an_answered_write_has_not_put_there_may_be_put_there_by_somebody_else(
    recorded: Recorded,
) -> None:
    state = recorded.state("")
    recorded.record.claim(state, Replace(("a", "b"), None), {"a": 1, "b": 2})
    state.note_made(("a", "b"))
    recorded.record.not_put(state, ["b"])
    assert (state.made, state.written) == ({"a"}, {"a": 1})
    assert recorded.places == {A: (None, None, 1), B: (None, None, None), C: (None, None, None)}


def test_a_write_keeps_the_places_that_were_seen_last(recorded: Recorded) -> None:
    recorded.record.claim(recorded.state(""), Replace(("a",), None), {"a": 1})
    later = Recorded(recorded._ledger)
    state = later.state("a")
    later.record.claim(state, Replace(("b", "a"), None), {"b": 1, "a": 2})
    assert state.left == {"a": 1}


@pytest.mark.parametrize(("thumbnail", "is_kept"), [("a", 1), (None, 0)])
def test_a_write_is_kept_with_the_parts_that_it_changes(
    recorded: Recorded, ledger_path: Path, thumbnail: str | None, is_kept: int
) -> None:
    recorded.record.claim(recorded.state(""), Replace(("a",), thumbnail), {"a": 1})
    kept = rows(ledger_path, "SELECT gallery_after IS NOT NULL, thumbnail_after IS NOT NULL FROM writes")
    assert kept == [(1, is_kept)]


def test_a_thumbnail_is_written_to_a_gallery_that_was_not_told(recorded: Recorded) -> None:
    state = recorded.state()
    state.see(PlytixProduct("p", "S1"), None, READING)
    recorded.record.claim(state, Replace(None, "a"))
    assert recorded.writes == ["sent"]
    assert state.written is None


def test_a_write_of_the_thumbnail_alone_keeps_the_places_of_the_last_write(recorded: Recorded) -> None:
    state = recorded.state("b")
    recorded.record.claim(state, Replace(("b", "a"), None), {"a": 2})
    recorded.record.claim(state, Replace(None, "a"))
    assert state.written == {"a": 2}
    assert recorded.places[A] == (None, None, 2)


def test_a_write_that_did_not_leave_linked_nothing(recorded: Recorded) -> None:
    state = recorded.state("")
    recorded.record.claim(state, Replace(("a", "b"), None), {"a": 1, "b": 2})
    state.made = {"b"}
    recorded.record.not_done(state, attempts=0)
    assert state.written == {"b": 2}
    assert (recorded.places[A], recorded.places[B]) == ((None, None, None), (None, None, 2))


def test_a_write_that_did_not_leave_says_nothing_of_what_an_earlier_run_sent(recorded: Recorded) -> None:
    recorded.work.claim_product(S1, {B: 2})
    state = recorded.state("")
    recorded.record.not_done(state, attempts=0)
    state.written = {"a": 1}
    recorded.record.not_done(state, attempts=0)
    assert recorded.places[B] == (None, None, 2)


def test_unless_an_attempt_before_it_was_not_answered(recorded: Recorded) -> None:
    state = recorded.state("")
    recorded.record.claim(state, Replace(("a", "b"), None), {"a": 1, "b": 2})
    recorded.record.not_done(state, attempts=1)
    assert (state.written, state.made) == ({"a": 1, "b": 2}, {"a", "b"})
    assert recorded.places[A] == (None, None, 1)


def test_what_was_linked_already_is_somebody_elses_unless_this_ledger_may_have_linked_it(
    recorded: Recorded,
) -> None:
    state = recorded.state("")
    state.written = {"a": 1, "b": 2}
    recorded.record.note_there(state, "a")
    assert state.written == {"b": 2}
    assert state.made == set()
    assert recorded.places[A] == ("found", None, None)
    state.made = {"b"}
    recorded.record.note_there(state, "b")
    assert state.written == {"b": 2}
    assert recorded.places[B] == (None, None, None)
    recorded.work.claim_product(S1, {C: 3})
    later = recorded.state("")
    recorded.record.note_there(later, "c")
    assert (later.made, later.written) == ({"c"}, None), "a run that died may have linked it"
    recorded.record.note_there(later, "a")
    assert later.written == {}


def test_a_write_that_did_not_happen_leaves_all_wanted_as_before(recorded: Recorded) -> None:
    state = recorded.state("")
    recorded.record.claim(state, Replace(("a",), None), {"a": 1})
    recorded.record.release(state)
    assert set(recorded.of("links").values()) == {"pending"}
    assert recorded.writes == [], "nothing of it stands"


def test_a_product_that_was_given_something_stays_begun(recorded: Recorded) -> None:
    state = recorded.state("")
    recorded.record.claim(state, Replace(("a",), None), {"a": 1})
    state.made = {"a"}
    recorded.record.release(state)
    assert set(recorded.of("links").values()) == {"in_flight"}
    assert recorded.writes == ["sent"], "it may still arrive"
    again = recorded.state("")
    assert again.was_begun
    recorded.record.release(again)
    assert set(recorded.of("links").values()) == {"in_flight"}


def test_a_product_that_plytix_lacks_is_seen_as_such(recorded: Recorded) -> None:
    recorded.record.skip(recorded.state(), NOT_FOUND)
    assert recorded.seen == [(0, 0)]
    assert set(recorded.of("links").values()) == {"skipped"}
    assert recorded.counts == {Done.PRODUCT: 1}


def test_a_product_that_is_left_alone_is_seen_as_it_stands(recorded: Recorded) -> None:
    recorded.record.skip(recorded.state("a"), "why")
    assert [in_plytix for in_plytix, _ in recorded.seen] == [1]
    assert recorded.counts == {Done.PRODUCT: 1}


@pytest.mark.parametrize("end", ["skip", "outside", "fail"])
def test_however_a_product_ends_what_was_written_to_it_is_ours_and_settled(
    recorded: Recorded, end: str
) -> None:
    state = recorded.state("")
    recorded.record.claim(state, Replace(("a",), None), {"a": 1})
    state.made = {"a"}
    state.gallery = ("a",)
    match end:
        case "skip":
            recorded.record.skip(state, NOT_FOUND)
        case "outside":
            recorded.record.skip_outside_family(state)
        case _:
            recorded.record.fail(state, REFUSAL)
    assert recorded.places[A][0] == "made"
    assert recorded.writes == ["written"]


def test_outside_its_family_a_products_links_count_as_failures(recorded: Recorded) -> None:
    recorded.record.skip_outside_family(recorded.state(""))
    assert recorded.counts == {Done.LINK_FAILURE: 3, Done.PRODUCT: 1}
    assert recorded.seen == [(1, 3)]
    assert len(recorded.failures) == 4


def test_a_product_that_fails_fails_with_all_that_is_open_of_it(recorded: Recorded) -> None:
    recorded.record.fail(recorded.state(""), REFUSAL)
    assert recorded.counts == {Done.LINK_FAILURE: 3, Done.PRODUCT: 1}
    assert recorded.failures == [
        *(("links", row, 422, "no", 3) for row in (A, B, C)),
        ("thumbnails", A, 422, "no", 3),
    ]


def test_a_picture_that_cannot_be_linked_fails_alone_and_only_once(recorded: Recorded) -> None:
    recorded.upload(A, B, C)
    state = recorded.state("")
    recorded.record.fail_link(state, "b", REFUSAL)
    assert state.failed_links == {B}
    assert recorded.counts[Done.LINK_FAILURE] == 1
    state.gallery, state.made = ("a", "c"), {"a", "c"}
    recorded.record.finish(state, IN_ORDER)
    assert recorded.counts[Done.LINK_FAILURE] == 1
    assert recorded.failures == [("links", B, 422, "no", 3)]
    assert recorded.of("links") == {"S1 a": "done", "S1 b": "failed", "S1 c": "done"}


def test_what_stands_is_done_and_tells_who_put_it_there(recorded: Recorded) -> None:
    state = recorded.state("b", thumbnail="a")
    state.gallery, state.made = ("b", "a", "c"), {"a", "c"}
    recorded.record.finish(state, IN_ORDER)
    assert recorded.places == {A: ("made", 2, None), B: ("found", 1, None), C: ("made", 3, None)}
    assert recorded.of("links") == dict.fromkeys(("S1 a", "S1 b", "S1 c"), "done")
    assert recorded.of("thumbnails") == {"S1": "done"}
    assert recorded.seen == [(1, 0)]
    assert recorded.counts == {Done.PRODUCT: 1, Done.LINK_FAILURE: 0}


def test_what_may_have_been_linked_and_does_not_stand_is_ours_should_it_be_found(recorded: Recorded) -> None:
    state = recorded.state("")
    state.made, state.gallery = {"a", "b"}, ("a",)
    recorded.record.finish(state, IN_ORDER)
    assert recorded.places[B][0] == "made"
    assert recorded.failures[0][:2] == ("links", B)


def test_what_found_no_room_and_what_has_no_picture_fail_each_with_its_reason(recorded: Recorded) -> None:
    state = recorded.state("", B, C)
    state.gallery = ("c",)
    recorded.record.finish(state, IN_ORDER)
    full = f"the product already holds {MAX_ASSETS} assets, the most Plytix allows"
    assert recorded.failures == [("assets", A, None, NO_PICTURE, 0), ("links", B, None, full, 0)]
    assert recorded.of("thumbnails") == {"S1": "failed"}
    assert recorded.counts == {Done.LINK_FAILURE: 2, Done.PRODUCT: 1}
    assert recorded.places[B] == (None, None, None), "it is not ours, should it be found"


def test_an_order_that_could_not_be_written_is_a_failure_of_what_stands_wrong(recorded: Recorded) -> None:
    state = recorded.state("")
    state.made, state.left, state.gallery = {"a", "b", "c"}, {"b": 1, "a": 2, "c": 3}, ("b", "a", "c")
    recorded.record.finish(state, IN_ORDER)
    assert recorded.failures == [("links", row, None, NOT_IN_ORDER, 0) for row in (A, B)]
    assert recorded.counts == {Done.LINK_FAILURE: 2, Done.PRODUCT: 1}


@pytest.mark.parametrize(
    ("result", "ends", "origin"),
    [(None, "done", "found"), (Origin.MADE, "done", "made"), (REFUSAL, "failed", None)],
)
def test_a_thumbnail_was_found_or_made_or_failed(
    recorded: Recorded, ledger_path: Path, result: Any, ends: str, origin: str | None
) -> None:
    state = recorded.state("abc", thumbnail="a")
    state.thumbnail_result = result
    recorded.record.finish(state, IN_ORDER)
    assert rows(ledger_path, "SELECT state, origin FROM thumbnails") == [(ends, origin)]


def test_a_thumbnail_that_is_done_already_stays_as_it_is(recorded: Recorded, ledger_path: Path) -> None:
    recorded.work.finish_thumbnail(S1, Origin.MADE)
    recorded.record.finish(recorded.state("abc"), IN_ORDER)
    assert rows(ledger_path, "SELECT state, origin FROM thumbnails") == [("done", "made")]


@pytest.mark.parametrize(
    ("made", "result", "outcome"),
    [
        ({"a"}, None, ["written"]),
        ({"a", "b"}, None, ["sent"]),
        ({"a"}, UNANSWERED, ["sent"]),
        ({"a"}, REFUSAL, ["written"]),
    ],
)
def test_a_write_is_settled_where_nothing_of_it_may_still_arrive(
    recorded: Recorded, made: set[str], result: Any, outcome: list[str]
) -> None:
    state = recorded.state("")
    recorded.record.claim(state, Replace(("a", "b"), "a"), {"a": 1, "b": 2})
    state.made, state.gallery, state.thumbnail_result = made, ("a",), result
    recorded.record.finish(state, IN_ORDER)
    assert recorded.writes == outcome


def test_the_reason_of_a_failure_tells_status_message_and_attempts() -> None:
    error = RejectedError("no", status=422)
    error.attempts = 4
    assert refusal_of(error) == Refusal(422, error.message, 4)


def test_a_thumbnail_that_was_refused_keeps_that_reason_where_its_picture_is_gone_since(
    recorded: Recorded,
) -> None:
    state = recorded.state("bc", B, C)
    state.thumbnail_result = REFUSAL
    recorded.record.finish(state, IN_ORDER)
    assert ("thumbnails", A, 422, "no", 3) in recorded.failures


def test_what_was_sent_and_does_not_stand_is_known_not_to_have_arrived(recorded: Recorded) -> None:
    recorded.work.claim_product(S1, {C: 3})
    recorded.record.finish(recorded.state("ab"), IN_ORDER)
    assert recorded.places[C] == (None, None, None)


def test_of_a_product_that_was_not_seen_nothing_is_settled(recorded: Recorded) -> None:
    recorded.record.claim(recorded.state(""), Replace(("a",), None), {"a": 1})
    recorded.record.release(recorded.state())
    assert recorded.writes == ["sent"]


def test_a_gallery_that_was_not_told_ends_a_product_all_the_same(recorded: Recorded) -> None:
    state = recorded.state()
    state.see(PlytixProduct("p", "S1"), None, READING)
    recorded.record.finish(state, IN_ORDER)
    assert set(recorded.of("links").values()) == {"failed"}


@pytest.mark.parametrize(
    ("removes", "task"), [(("x",), "done"), (("a",), "pending"), (("a", "x"), "pending"), ((), "pending")]
)
def test_what_was_to_be_taken_out_is_done_once_nothing_of_it_stands(
    recorded: Recorded, ledger_path: Path, removes: tuple[str, ...], task: str
) -> None:
    recorded.work.add_tasks([(S1, removes)])
    recorded.record.finish(recorded.state("abc"), IN_ORDER)
    assert rows(ledger_path, "SELECT state FROM tasks") == [(task,)]


@pytest.mark.parametrize(("set_by_us", "shown", "is_told"), [("c", "c", 1), ("a", "c", 0), ("c", "a", 0)])
def test_a_thumbnail_of_ours_that_has_to_stay_when_its_picture_is_taken_out_is_told(
    recorded: Recorded, set_by_us: str, shown: str, is_told: int
) -> None:
    recorded.record.claim(recorded.state("abc"), Replace(None, set_by_us))
    recorded.work.add_tasks([(S1, ("c",))])
    recorded.record.finish(recorded.state("ab", thumbnail=shown), IN_ORDER)
    assert list(recorded.work.kept()) == is_told * [Kept("S1", NO_OTHER_THUMBNAIL, picture("c"))]

"""One product during a run: what follows from its rows and from what was seen of it, without any request."""

from dataclasses import replace
from typing import Any

import pytest

from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.scripts.decide import Append, Nothing, Replace
from amzsync.executor.scripts.product import KnownReading, ProductState
from amzsync.ledger.rows import Link, Origin, ProductWork, State, Thumbnail
from amzsync.ledger.work_rows import Refusal
from amzsync.ledger.writes import Standing
from amzsync.plytix.wire import PlytixProduct

READING = Reading(Instant(0.0, 0.0, 0.0))
REFUSED = Refusal(422, "no", 1)


def link(
    row: int,
    state: State = State.PENDING,
    origin: Origin | None = None,
    *,
    position: int | None = None,
    placed: int | None = None,
    sent: int | None = None,
) -> Link:
    return Link(row, "PT01", position or row, state, origin, placed, sent)


def made(row: int, placed: int | None = None, state: State = State.DONE) -> Link:
    return link(row, state, Origin.MADE, placed=row if placed is None else placed)


def product(*links: Link, thumbnail: Thumbnail | None = None, gallery: str | None = None) -> ProductState:
    """A product with these links; the pictures are letters, row 1 is `a`, and all of them are known."""
    work = ProductWork(7, "SHOE", is_parent=False, plytix_id=None, links=links, thumbnail=thumbnail)
    rows = {one.asset_id for one in links} | ({thumbnail.asset_id} if thumbnail else set())
    state = ProductState(work, {row: "abcdefgh"[row - 1] for row in sorted(rows)})
    if gallery is not None:
        state.gallery = tuple(gallery)
    return state


def seen(thumbnail: str | None = None) -> PlytixProduct:
    return PlytixProduct("p", "SHOE", thumbnail)


@pytest.mark.parametrize("state", State)
def test_pictures_of_open_rows_have_to_be_in_plytix(state: State) -> None:
    is_open = state in {State.PENDING, State.IN_FLIGHT}
    one = product(link(1, state), made(2), thumbnail=Thumbnail(3, State.DONE))
    assert one.open_links == ([1] if is_open else [])
    assert one.open_assets == ({1} if is_open else set())
    another = product(made(1), thumbnail=Thumbnail(3, state))
    assert another.has_open_thumbnail is is_open
    assert another.open_assets == ({3} if is_open else set())
    assert another.thumbnail == ("c" if is_open else None)
    assert [one.asset_id for one in product(link(1, state)).links] == ([] if state is State.OBSOLETE else [1])


def test_without_a_thumbnail_none_is_open() -> None:
    one = product(link(1))
    assert (one.has_open_thumbnail, one.thumbnail, one.open_assets) == (False, None, {1})


def test_a_thumbnail_whose_picture_is_not_there_has_no_id() -> None:
    one = product(thumbnail=Thumbnail(3, State.PENDING))
    one.ids.clear()
    assert one.thumbnail is None


@pytest.mark.parametrize("state", State)
def test_a_product_with_a_row_in_flight_was_begun_by_an_earlier_run(state: State) -> None:
    is_begun = state is State.IN_FLIGHT
    assert product(made(1), link(2, state)).was_begun is is_begun
    assert product(made(1), thumbnail=Thumbnail(1, state)).was_begun is is_begun
    assert not product().was_begun


def test_wanted_are_the_pictures_that_exist_each_once_and_none_that_is_obsolete() -> None:
    one = product(link(2), link(1), link(3), link(4, State.OBSOLETE), link(5), gallery="b")
    one.ids[3] = "b"
    del one.ids[5]
    assert one.wanted == ["b", "a"]
    assert one.missing == ("a",)
    assert one.rows_of("b") == [2, 3]
    again = replace(one, gallery=None)
    assert again.missing == ("b", "a")


def test_own_is_what_writes_left_at_the_place_where_they_left_it() -> None:
    one = product(
        made(1, placed=4),
        link(2, State.DONE, Origin.MADE, position=9),
        link(3, State.DONE, Origin.FOUND, placed=3),
        made(4, placed=2, state=State.OBSOLETE),
        made(5),
    )
    del one.ids[5]
    assert one.own == {"a": 4, "b": 9, "d": 2}
    one.left = {}
    assert one.own == {}, "what a reading showed is newer"


def test_sent_is_the_last_write_that_was_not_answered() -> None:
    one = product(link(1, sent=2), link(2), link(3, sent=1), link(4, sent=3))
    del one.ids[4]
    assert one.sent == {"a": 2, "c": 1}
    one.written = {}
    assert one.sent == {}, "the last write of this run is newer"


def test_a_gallery_is_ours_where_it_stands_as_it_was_left_or_as_it_was_sent() -> None:
    assert product(made(1, 1), made(2, 2), gallery="ab").is_ours
    assert not product(made(1, 1), made(2, 2), gallery="ba").is_ours
    assert product(replace(made(1, 1), sent=2), replace(made(2, 2), sent=1), gallery="ba").is_ours
    assert not product(made(1, 1), gallery="ax").is_ours
    assert product(made(1, 1)).is_ours, "an empty one"
    assert product(replace(made(1, 1), sent=4), made(2, 3), gallery="ba").is_ours, "as far as it was sent"


def test_what_stands_is_told_for_wanted_rows_alone_and_for_all() -> None:
    one = product(link(1), link(2), made(3, state=State.OBSOLETE), link(4), gallery="xcb")
    del one.ids[4]
    assert one.standing(("x", "c", "b")) == {2: 3, 3: 2}
    assert one.placed(("x", "c", "b")) == {2: 3}


def test_found_is_what_stands_without_a_write_of_ours() -> None:
    one = product(
        link(1),
        link(2, origin=Origin.FOUND),
        link(3, origin=Origin.MADE),
        link(4, sent=4),
        link(5, State.DONE),
        link(6),
        gallery="abcde",
    )
    assert one.found == {1: 1, 2: 2}
    one.gallery = None
    assert one.found == {}


@pytest.mark.parametrize(
    ("left", "gallery", "misplaced"),
    [
        pytest.param("ab", "ab", [], id="in order"),
        pytest.param("ba", "ba", [1, 2], id="ours, in another order than wanted"),
        pytest.param("ab", "ba", [], id="a person's order"),
        pytest.param("xba", "xba", [], id="beside a person's picture"),
        pytest.param("b", "b", [], id="what is missing is not misplaced, nor what it leaves room for"),
        pytest.param("cba", "cba", [1, 3], id="the one in the middle stands where it should"),
        pytest.param("dab", "dab", [1, 2], id="behind what is no longer wanted"),
    ],
)
def test_misplaced_are_the_wanted_ones_in_a_gallery_of_ours_that_should_stand_elsewhere(
    left: str, gallery: str, misplaced: list[int]
) -> None:
    rows = {letter: row for row, letter in enumerate("abcd", 1)}
    states = {4: State.OBSOLETE}
    one = product(
        *(
            made(row, left.index(letter) + 1, states.get(row, State.DONE))
            if letter in left
            else link(row, states.get(row, State.PENDING))
            for letter, row in rows.items()
        ),
        gallery=gallery,
    )
    assert one.misplaced == misplaced


def test_in_a_gallery_that_was_not_told_nothing_is_misplaced() -> None:
    assert product(made(1), made(2)).misplaced == []


def test_after_a_link_the_places_of_this_runs_pictures_are_known() -> None:
    one = product(link(1), link(2), link(3), gallery="xa")
    one.made = {"a"}
    assert one.places_after("b") == {"a": 2, "b": 3}
    one.gallery = None
    assert one.places_after("b") == {"b": 1}


def test_in_a_gallery_of_ours_the_places_of_all_are_known_after_a_link_and_of_none_in_a_persons() -> None:
    assert product(made(1), link(2), gallery="a").places_after("b") == {"a": 1, "b": 2}
    assert product(made(1), link(2), gallery="ax").places_after("b") == {"b": 3}


def test_a_picture_may_have_been_linked_by_this_run_or_by_an_earlier_one() -> None:
    one = product(link(1), made(2), link(3, sent=1), link(4, State.DONE, Origin.FOUND))
    assert [one.may_have_linked(letter) for letter in "abcdx"] == [False, True, True, False, False]
    one.made.add("a")
    assert one.may_have_linked("a")


def test_a_thumbnail_that_was_set_stands() -> None:
    one = product(thumbnail=Thumbnail(3, State.PENDING), gallery="xc")
    assert one.standing_now == Standing(("x", "c"), None)
    one.known = KnownReading(seen("x"), READING)
    for result in (None, Origin.FOUND, REFUSED):
        one.thumbnail_result = result
        assert one.standing_now == Standing(("x", "c"), "x")
    one.thumbnail_result = Origin.MADE
    assert one.standing_now == Standing(("x", "c"), "c")
    one.gallery = None
    assert one.standing_now.gallery == ()
    without = product()
    without.known, without.thumbnail_result = KnownReading(seen("x"), READING), Origin.MADE
    assert without.standing_now == Standing((), "x")


@pytest.mark.parametrize(
    ("options", "decision"),
    [
        pytest.param({}, Replace(("a", "b"), "a"), id="a gallery of ours is written whole"),
        pytest.param({"only_append": True}, Append(("b",), "a"), id="where the account takes no whole one"),
        pytest.param({"state": {"only_append": True}}, Append(("b",), "a"), id="or this product does not"),
        pytest.param({"gallery": "ax"}, Append(("b",), "a"), id="a person's is appended to"),
        pytest.param({"gallery": "ab"}, Replace(None, "a"), id="only the thumbnail"),
        pytest.param({"gallery": "ab", "thumbnail": "a"}, Nothing(), id="nothing"),
    ],
)
def test_what_is_to_be_written_is_decided_from_what_was_seen_last(
    options: dict[str, Any], decision: object
) -> None:
    one = product(
        made(1), link(2), thumbnail=Thumbnail(1, State.PENDING), gallery=options.get("gallery", "a")
    )
    one.known = KnownReading(seen(options.get("thumbnail")), READING)
    for name, value in options.get("state", {}).items():
        setattr(one, name, value)
    assert one.decide(only_append=options.get("only_append", False)) == decision


def test_a_product_that_was_not_seen_yet_has_no_id_and_no_thumbnail() -> None:
    one = product(thumbnail=Thumbnail(1, State.PENDING))
    assert one.plytix_id == ""
    assert one.decide(only_append=False) == Replace(None, "a")
    one.see(seen("a"), (), READING)
    assert (one.plytix_id, one.reading) == ("p", READING)
    assert one.decide(only_append=False) == Nothing()


def test_the_places_in_a_gallery_of_ours_are_kept_and_in_a_persons_they_are_not() -> None:
    one = product(made(1, 1), made(2, 5))
    one.see(seen(), ("a", "b"), READING)
    assert one.left == {"a": 1, "b": 2}
    one.see(seen(), ("b", "x"), READING)
    assert (one.gallery, one.left) == (("b", "x"), {"a": 1, "b": 2})
    one.see(seen(), None, READING)
    assert (one.gallery, one.left) == (None, {"a": 1, "b": 2}), "it was not told, so it is not empty"


def test_what_a_search_does_not_show_yet_is_this_ledgers_own_once_it_is_shown() -> None:
    one = product(made(1, 1), made(2, 2), made(3, 3))
    for shown in ((), ("a", "c"), ("a", "b", "c")):
        one.see(seen(), shown, READING)
        assert one.is_ours
    assert one.left == {"a": 1, "b": 2, "c": 3}


def test_what_is_gone_leaves_no_gap_in_the_places_of_what_is_linked_next() -> None:
    one = product(made(1, 1), made(2, 2), made(3, 3))
    one.see(seen(), ("b", "c"), READING)
    one.written = one.places_after("d")
    assert one.written == {"b": 1, "c": 2, "d": 3}
    one.see(seen(), ("b", "c", "d"), READING)
    assert one.is_ours


def test_a_link_does_not_make_a_persons_order_of_what_was_sent_this_ledgers_own() -> None:
    one = product(link(1), link(2), link(3))
    one.made, one.written = {"a", "b", "c"}, {"a": 1, "b": 2, "c": 3}
    one.see(seen(), ("b", "a"), READING)
    one.written = one.places_after("c")
    assert one.written == {"a": 1, "b": 2, "c": 3}
    one.see(seen(), ("b", "a", "c"), READING)
    assert not one.is_ours


def test_an_empty_gallery_that_is_read_before_the_ids_are_known_says_nothing_of_places() -> None:
    one = product(made(1, 1))
    ids, one.ids = one.ids, {}
    one.see(seen(), (), READING)
    one.ids = ids
    assert (one.left, one.own) == (None, {"a": 1})


def test_only_what_is_to_be_taken_out_and_is_ours_and_not_wanted_is_dropped() -> None:
    obsolete = State.OBSOLETE
    one = product(made(1), made(3, 2, obsolete), made(4, 3, obsolete), gallery="acd")
    assert one.decide(only_append=False, removes={"a", "c", "x"}) == Replace(("a", "d"), None)
    assert one.decide(only_append=False) == Nothing()


def test_made_is_what_stands_and_did_not_before() -> None:
    one = product(gallery="ax")
    one.made = {"z"}
    one.note_made(("a", "b", "x", "c"))
    assert one.made == {"b", "c", "z"}
    one.gallery = None
    one.note_made(("a",))
    assert one.made == {"a", "b", "c", "z"}


@pytest.mark.parametrize(
    ("gallery", "thumbnail", "is_ours"),
    [
        pytest.param("ab", "a", True, id="it has arrived"),
        pytest.param("a", "a", False, id="of its pictures one, put by somebody else"),
        pytest.param("ab", None, False, id="its pictures without its thumbnail, put by somebody else"),
        pytest.param("", None, True, id="nothing of it: it may still arrive"),
    ],
)
def test_a_write_of_a_run_that_died_has_arrived_as_a_whole_or_not(
    gallery: str, thumbnail: str | None, *, is_ours: bool
) -> None:
    sent = [link(row, State.IN_FLIGHT, sent=row) for row in (1, 2)]
    one = product(*sent, thumbnail=Thumbnail(1, State.IN_FLIGHT))
    one.see(seen(thumbnail), tuple(gallery), READING)
    assert one.is_ours is is_ours
    assert one.may_have_linked("a") is is_ours
    assert one.not_arrived == (set() if is_ours else {"a", "b"})


def test_what_somebody_else_has_put_there_stays_theirs_once_the_rest_stands_beside_it() -> None:
    one = product(link(1, State.IN_FLIGHT, sent=1), link(2, State.IN_FLIGHT, sent=2))
    one.see(seen(), ("b",), READING)
    one.see(seen(), ("b", "a"), READING)
    assert not one.is_ours


def test_of_what_stood_before_a_write_it_does_not_tell_whether_it_has_arrived() -> None:
    stood = Link(1, "PT01", 1, State.DONE, Origin.MADE, placed=1, sent=2)
    one = product(stood, link(2, State.IN_FLIGHT, sent=1))
    one.see(seen(), ("a",), READING)
    assert one.not_arrived == set()
    assert one.is_ours


def test_before_the_ids_are_known_nothing_is_told_of_an_earlier_write() -> None:
    one = product(link(1, State.IN_FLIGHT, sent=1), link(2, State.IN_FLIGHT, sent=2))
    ids, one.ids = one.ids, {}
    one.see(seen(), ("b",), READING)
    assert one.not_arrived == set()
    one.ids = ids
    one.take_in()
    assert one.not_arrived == {"a", "b"}

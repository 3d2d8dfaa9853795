"""What a gallery is to hold after an undo, also after one that did not come to its end. Pure."""

from dataclasses import replace

import pytest

from amzsync.executor.scripts.undo_plan import Undone, undo_gallery, undo_thumbnail
from amzsync.ledger.writes import Change, Write, WriteOutcome

RUN = Write(1, 7, Change(("p",), ("p", "a", "b")), None, WriteOutcome.WRITTEN)


def begun(*after: str) -> Write:
    """What an undo that died had claimed."""
    return Write(2, 7, Change(("p", "a", "b"), after), None, WriteOutcome.SENT)


def test_what_nobody_changed_since_is_as_it_was_before() -> None:
    assert undo_gallery(("p", "a", "b"), RUN, None, {"a", "b"}) == Undone(("p",))


def test_what_others_changed_loses_only_what_the_run_had_added() -> None:
    assert undo_gallery(("b", "q", "a"), RUN, None, {"a", "b"}) == Undone(("q",), is_changed=True)


def test_a_picture_that_could_not_be_unlinked_is_no_change_of_others() -> None:
    """It stood elsewhere in the product when the undo began, so its goal held it; then it died."""
    assert undo_gallery(("p", "b"), RUN, begun("p", "b"), {"a", "b"}) == Undone(("p",))


def test_an_undo_that_began_after_a_change_of_others_still_says_so() -> None:
    assert undo_gallery(("p", "q", "b"), RUN, begun("p", "q"), {"a", "b"}).is_changed


def test_what_an_undo_had_begun_to_put_back_is_not_forgotten() -> None:
    run = replace(RUN, gallery=Change(("p", "c"), ("p", "a")))
    undo = Write(2, 7, Change(("p", "a"), ("p", "c")), None, WriteOutcome.SENT)
    assert undo_gallery(("p", "a"), run, undo, {"a", "c"}) == Undone(("p", "c"))


def test_what_an_undo_had_put_back_behind_the_others_is_told() -> None:
    run = replace(RUN, gallery=Change(("c", "p"), ("p",)))
    undo = Write(2, 7, Change(("p",), ("p", "c")), None, WriteOutcome.SENT)
    assert undo_gallery(("p", "c"), run, undo, {"c"}) == Undone(("p", "c"), is_put_last=True)


def test_an_undo_that_began_after_a_change_of_others_is_carried_on_and_says_so() -> None:
    undone = undo_gallery(("p", "q"), RUN, begun("p", "q"), {"a", "b"})
    assert undone == Undone(("p", "q"), is_changed=True)


def test_an_undo_in_which_others_took_part_explains_nothing() -> None:
    mixed = replace(begun("p"), outcome=WriteOutcome.MIXED)
    assert undo_gallery(("p", "b"), RUN, mixed, {"a", "b"}) == Undone(("p",), is_changed=True)
    strange = undo_gallery(("p", "q", "b"), RUN, begun("p"), {"a", "b"})
    assert strange == Undone(("p", "q"), is_changed=True), "nor does one that would not lead there"


def test_an_undo_that_has_begun_with_the_thumbnail_alone_says_nothing_of_the_gallery() -> None:
    run = replace(RUN, gallery=Change(("p", "c"), ("p", "a")))
    undo = Write(2, 7, None, Change(("a",), ()), WriteOutcome.SENT)
    assert undo_gallery(("p", "a"), run, undo, {"a", "c"}) == Undone(("p", "c"))


def test_a_gallery_that_the_run_did_not_write_stays() -> None:
    assert undo_gallery(("p", "a"), replace(RUN, gallery=None), None, {"a"}) == Undone(("p", "a"))


@pytest.mark.parametrize(
    ("run", "ours", "undone"),
    [
        pytest.param(RUN, "ab", Undone(("p",)), id="all of it the run's work"),
        pytest.param(
            replace(RUN, outcome=WriteOutcome.MIXED), "ab", Undone(("p",), is_changed=True), id="mixed"
        ),
        pytest.param(
            RUN, "a", Undone(("p", "b"), is_changed=True), id="one of them is somebody else's by now"
        ),
    ],
)
def test_a_gallery_goes_back_whole_only_where_all_that_came_is_the_runs(
    run: Write, ours: str, undone: Undone
) -> None:
    assert undo_gallery(("p", "a", "b"), run, None, set(ours)) == undone


def test_a_gallery_that_is_as_before_stays() -> None:
    assert undo_gallery(("p",), RUN, None, {"a", "b"}) == Undone(("p",))


@pytest.mark.parametrize(
    ("before", "after", "now", "thumbnail"),
    [
        ("", "a", "a", ()),
        ("x", "a", "a", ("x",)),
        ("x", "a", "y", None),
        ("x", "a", None, None),
        ("x", "", None, ("x",)),
        ("x", "", "y", None),
        ("a", "a", "a", None),
    ],
)
def test_a_thumbnail_goes_back_where_the_one_that_the_run_left_still_stands(
    before: str, after: str, now: str | None, thumbnail: tuple[str, ...] | None
) -> None:
    assert undo_thumbnail(now, Change(tuple(before), tuple(after))) == thumbnail


def test_a_thumbnail_that_the_run_did_not_set_stays() -> None:
    assert undo_thumbnail("a", None) is None


def test_an_undo_that_died_between_two_unlinks_is_carried_on() -> None:
    assert undo_gallery(("p", "b"), RUN, begun("p"), {"a", "b"}) == Undone(("p",))

"""What a gallery is to hold after an undo, also after one that did not come to its end. Pure."""

from amzsync.executor.scripts.undo_plan import Undone, undo_gallery
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

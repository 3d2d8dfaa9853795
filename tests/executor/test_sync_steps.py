"""The sync of one product, step by step: a test answers each request, and looks at the ledger after."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, product, rows
from executor.sync_steps import LINK, MISSING, READING, WRITE, Steps, late, refused, shown

from amzsync.errors import NotSentError, RejectedError, RetriableError, StopError
from amzsync.executor.scheduler.script import Find, Found, Send, Shared, Turn
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND, NOT_IN_FAMILY, NOT_IN_ORDER, SKIP_EXISTING
from amzsync.ledger.rows import Origin
from amzsync.plytix.wire import LinkResult, PlytixProduct, RequestKind


@pytest.fixture
def steps(ledger_path: Path) -> Iterator[Steps]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])
        yield Steps(ledger)


@pytest.fixture
def second_is_ours(ledger_path: Path) -> Iterator[Steps]:
    """The sync of a product into which this ledger has put `b`; `a` belongs before it."""
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])
        ledger._store.execute(
            "UPDATE links SET state = 'done', origin = 'made', placed = 1 WHERE asset_id = 2"
        )
        yield Steps(ledger)


def test_after_its_last_retry_a_write_has_failed_with_its_status_and_attempts(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, refused(RetriableError("down", status=503), 7))
    assert steps.waits_for is None
    assert steps.failures == [
        ("links", 1, 503, "down", 7),
        ("links", 2, 503, "down", 7),
        ("thumbnails", 1, 503, "down", 7),
    ]
    assert rows(steps.path, "SELECT DISTINCT state, origin FROM links") == [("failed", "made")]
    assert steps.recheck.take_due(9) == {}
    steps.recheck.suspect_others()
    assert steps.recheck.take_due(9) == {}, "it is known what did not happen"


def test_before_a_write_is_tried_again_the_product_is_read_after_a_wait(steps: Steps) -> None:
    steps.found("")
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.attempts is not None
    steps.waits_for.attempts.wait_s = 2.5
    steps.sent(WRITE, RetriableError("down", status=503))
    search = steps.waits_for
    assert isinstance(search, Find)
    assert (search.fresh, search.after_s) == (True, 2.5)
    steps.found("ab", "a")
    assert steps.waits_for is None, "it had arrived"
    assert steps.links == {"S1 a": "done", "S1 b": "done"}
    assert steps.failures == []


def test_what_stops_everything_goes_on_to_the_run_and_leaves_the_product_wanted(steps: Steps) -> None:
    steps.found("")
    with pytest.raises(StopError):
        steps.sent(WRITE, StopError("no role", status=403))
    assert set(steps.links.values()) == {"pending"}


def test_a_written_product_may_be_looked_at_again_and_one_that_stood_may_not(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, shown("ab", "a"))
    assert steps.waits_for is None
    assert (steps.links, steps.thumbnail) == ({"S1 a": "done", "S1 b": "done"}, ("done", None, "made"))
    steps.recheck.suspect_others()
    assert steps.recheck.take_due(9) == {1: "S1"}


def test_what_stands_is_not_written_and_not_looked_at_again(steps: Steps) -> None:
    steps.found("ab", "a")
    assert steps.waits_for is None
    assert steps.thumbnail == ("done", None, "found")
    steps.recheck.suspect_others()
    assert steps.recheck.take_due(9) == {}


def test_after_four_late_readings_the_pictures_are_linked_without_one(steps: Steps) -> None:
    steps.found("b")
    for _ in range(3):
        late = steps.sent(LINK, NotSentError("late"), leaves=False)
        assert late.rests_on is READING
        steps.found("b")
    assert steps.sent(LINK, NotSentError("late"), leaves=False).rests_on is READING
    steps.found("b")
    assert steps.sent(LINK, LinkResult.LINKED).rests_on is None, "a link replaces nothing"
    steps.sent(WRITE, shown("ba", "a"))
    assert steps.waits_for is None, "the gallery is a person's: its order is theirs"


def test_an_order_for_which_every_reading_is_late_is_tried_four_times_more_and_then_told(
    second_is_ours: Steps,
) -> None:
    steps = second_is_ours
    steps.found("b")
    late(steps, "b")
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("ba", "a"))
    waits = []
    while steps.waits_for:
        assert isinstance(steps.waits_for, Find)
        waits.append(steps.waits_for.after_s)
        steps.found("ba", "a")
        late(steps, "ba", "a")
    assert waits == [5.0, 20.0, 60.0, 60.0]
    assert steps.failures == [("links", row, None, NOT_IN_ORDER, 0) for row in (1, 2)]


def test_a_link_after_its_last_retry_fails_alone_and_is_ours_should_it_be_found(steps: Steps) -> None:
    steps.found("x")
    steps.sent(LINK, refused(RetriableError("down", status=503), 5))
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("xb", "a"))
    assert steps.waits_for is None
    assert steps.failures == [("links", 1, 503, "down", 5)]
    found = rows(steps.path, "SELECT asset_id, state, origin FROM links ORDER BY 1")
    assert found == [(1, "failed", "made"), (2, "done", "made")]


def test_a_link_that_was_there_already_is_read_again_once_and_somebody_elses(steps: Steps) -> None:
    steps.found("x")
    steps.sent(LINK, LinkResult.ALREADY_LINKED)
    steps.sent(RequestKind.PRODUCT_READ, shown("x"))
    steps.sent(LINK, LinkResult.ALREADY_LINKED)
    steps.sent(LINK, LinkResult.ALREADY_LINKED, attempts=2)
    steps.sent(WRITE, shown("xab", "a"))
    assert steps.waits_for is None
    found = rows(steps.path, "SELECT asset_id, state, origin FROM links ORDER BY 1")
    assert found == [(1, "done", "found"), (2, "done", "made")], "of two attempts the first may have made it"


def test_a_thumbnail_that_the_answer_does_not_show_is_set_by_a_link(steps: Steps) -> None:
    steps.found("ab")
    steps.sent(WRITE, shown("ab", "x"))
    link = steps.sent(LINK, LinkResult.LINKED)
    assert link.call.request.body == {"id": "a", "attribute_label": "thumbnail"}
    assert steps.waits_for is None
    assert steps.thumbnail == ("done", None, "made")


@pytest.mark.parametrize("gallery", ["ab", "xab", "x"])
def test_a_thumbnail_that_is_refused_fails_alone_with_its_reason(steps: Steps, gallery: str) -> None:
    steps.found(gallery)
    for _ in range(2 - sum(letter in gallery for letter in "ab")):
        steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, refused(RejectedError("no", status=422), 2))
    assert steps.waits_for is None
    assert steps.thumbnail == ("failed", "no", None)
    assert steps.failures == [("thumbnails", 1, 422, "no", 2)]
    assert steps.links == {"S1 a": "done", "S1 b": "done"}


def test_a_thumbnail_after_its_last_retry_fails_alone(steps: Steps) -> None:
    steps.found("xb")
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, refused(RetriableError("down", status=502), 4))
    assert steps.waits_for is None
    assert steps.failures == [("thumbnails", 1, 502, "down", 4)]


def test_where_the_thumbnail_is_not_found_its_picture_is_looked_at(steps: Steps) -> None:
    steps.found("ab")
    steps.sent(WRITE, MISSING)
    steps.sent(RequestKind.ASSET_READ, RejectedError("no", status=403))
    assert steps.waits_for is None
    assert steps.failures == [("thumbnails", 1, 404, "gone", 1)]


def test_where_the_picture_is_gone_it_is_brought_again(steps: Steps) -> None:
    steps.found("ab")
    steps.sent(WRITE, MISSING)
    steps.sent(RequestKind.ASSET_READ, MISSING)
    assert isinstance(steps.waits_for, Shared)
    assert set(steps.waits_for.scripts) == {1}


def test_a_refused_gallery_is_linked_one_by_one_and_what_is_refused_is_told(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, RejectedError("no gallery", status=400))
    steps.sent(LINK, refused(RejectedError("not this one", status=400), 1))
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("b", "a"))
    assert steps.waits_for is None
    assert steps.failures == [("links", 1, 400, "not this one", 1)]


def test_where_a_write_is_refused_after_one_without_an_answer_its_pictures_may_be_ours(steps: Steps) -> None:
    steps.found("")
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.attempts is not None
    steps.waits_for.attempts.wait_s = 2.5
    steps.sent(WRITE, RetriableError("down", status=503))
    steps.found("")
    steps.sent(WRITE, refused(RejectedError("no", status=400), 2))
    for _ in "ab":
        steps.sent(LINK, RejectedError("no", status=400))
    steps.sent(WRITE, shown("", "a"))
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT DISTINCT state, origin FROM links") == [("failed", "made")]


def test_where_the_first_write_is_refused_its_pictures_are_not_ours(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, RejectedError("no", status=400))
    assert rows(steps.path, "SELECT DISTINCT sent FROM links") == [(None,)]
    for _ in "ab":
        steps.sent(LINK, RejectedError("no", status=400))
    steps.sent(WRITE, shown("", "a"))
    assert rows(steps.path, "SELECT DISTINCT state, origin FROM links") == [("failed", None)]


def test_an_answer_that_shows_more_than_was_written_is_a_sign_of_others(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, shown("abx", "a"))
    assert steps.waits_for is None
    assert steps.recheck.take_due(9) == {1: "S1"}


def test_a_gallery_that_the_search_tells_is_not_read_again_to_see_whether_it_is_empty(
    ledger_path: Path,
) -> None:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])
        steps = Steps(ledger, skip_existing=True)
        steps.found("")
        steps.sent(WRITE, shown("ab", "a"))
        assert steps.waits_for is None


def test_what_holds_images_is_found_out_before_anything_is_uploaded(ledger_path: Path) -> None:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])
        steps = Steps(ledger, skip_existing=True)
        steps.answer(Found({"S1": PlytixProduct("p", "S1", None, None, ("x",))}, READING))
        steps.sent(RequestKind.PRODUCT_READ, shown("x"))
        assert steps.waits_for is None
        assert rows(steps.path, "SELECT DISTINCT state, reason FROM links") == [("skipped", SKIP_EXISTING)]


def test_an_order_that_was_refused_is_not_written_again(second_is_ours: Steps) -> None:
    steps = second_is_ours
    steps.found("b")
    steps.sent(WRITE, RejectedError("no order", status=400))
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("ba", "a"))
    assert steps.waits_for is None
    assert steps.failures == [("links", row, 400, "no order", 1) for row in (1, 2)]


def test_a_gallery_whose_write_was_refused_as_wrong_is_not_put_in_order(second_is_ours: Steps) -> None:
    steps = second_is_ours
    steps.found("")
    steps.sent(WRITE, RejectedError("no", status=422))
    steps.sent(RequestKind.PRODUCT_READ, shown("b"))
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("ba", "a"))
    assert steps.waits_for is None


def test_a_product_that_no_search_finds_is_skipped(steps: Steps) -> None:
    steps.answer(Found({}, READING))
    assert steps.waits_for is None
    assert set(steps.links.values()) == {"skipped"}
    assert rows(steps.path, "SELECT DISTINCT reason FROM links") == [(NOT_FOUND,)]


def test_a_gallery_that_the_search_does_not_tell_is_read_before_it_is_written(steps: Steps) -> None:
    steps.answer(Found({"S1": PlytixProduct("p", "S1", None, None, ("x",))}, READING))
    while isinstance(steps.waits_for, Shared):
        steps.answer({})
    steps.sent(RequestKind.PRODUCT_READ, shown("x"))
    steps.sent(LINK, LinkResult.LINKED)


@pytest.mark.parametrize("read", ["", None])
def test_a_write_that_is_refused_as_wrong_may_mean_that_the_family_has_no_gallery(
    steps: Steps, read: str | None
) -> None:
    steps.found("")
    steps.sent(WRITE, RejectedError("no", status=422))
    steps.sent(RequestKind.PRODUCT_READ, shown(read))
    if read is None:
        assert steps.waits_for is None
        assert rows(steps.path, "SELECT DISTINCT reason FROM links") == [(NOT_IN_FAMILY,)]
        return
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(LINK, RejectedError("no", status=422))
    steps.sent(WRITE, shown("a", "a"))
    assert steps.waits_for is None, "it is doubted once only"
    assert steps.failures == [("links", 2, 422, "no", 1)]


def test_an_answer_without_the_gallery_is_read_back(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, shown(None, "a"))
    steps.sent(RequestKind.PRODUCT_READ, shown("ab", "a"))
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT DISTINCT state, origin FROM links") == [("done", "made")]


def test_what_an_answer_does_not_show_is_linked(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, shown("a", "a"))
    link = steps.sent(LINK, LinkResult.LINKED)
    assert link.call.request.body == {"id": "b", "attribute_label": "amazon_images"}


def test_a_thumbnail_beside_a_persons_pictures_is_set_by_a_link_where_it_is_not_shown(steps: Steps) -> None:
    steps.found("xab")
    steps.sent(WRITE, shown("xab", "x"))
    assert steps.sent(LINK, LinkResult.LINKED).call.request.body == {
        "id": "a",
        "attribute_label": "thumbnail",
    }
    assert steps.waits_for is None
    assert steps.thumbnail == ("done", None, "made")


def test_what_was_put_into_a_product_made_anew_meanwhile_is_not_ours(steps: Steps) -> None:
    steps.found("")
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.attempts is not None
    steps.waits_for.attempts.wait_s = 2.5
    steps.sent(WRITE, RetriableError("down", status=503))
    steps.answer(Found({"S1": shown("b", plytix_id="new")}, READING))
    while isinstance(steps.waits_for, Turn):
        steps.answer()
    assert steps.sent(LINK, LinkResult.LINKED).call.request.path == "/products/new/assets"
    steps.sent(WRITE, shown("ba", "a", plytix_id="new"))
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT asset_id, origin FROM links ORDER BY 1") == [(1, "made"), (2, "found")]


def test_a_picture_that_took_the_place_of_a_lost_one_of_ours_is_not_ours(second_is_ours: Steps) -> None:
    steps = second_is_ours
    # The script of another product finds that it is gone, and another one under its name.
    steps.record.lose_asset(2)
    work = steps.record.work
    steps.record.finish_asset(work.assets([2])[2], "c", "", Origin.FOUND)
    steps.found("c")
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("ca", "a"))
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT asset_id, origin FROM links ORDER BY 1") == [(1, "made"), (2, "found")]


def written(steps: Steps) -> None:
    """Its pictures are put there, and then it is read again in a search."""
    steps.found("")
    steps.sent(WRITE, shown("ab", "a"))
    assert steps.waits_for is None
    steps.recheck_now()


def test_what_another_program_has_overwritten_is_appended(steps: Steps) -> None:
    written(steps)
    steps.answer(Found({"S1": shown("x", "a")}, READING))
    steps.sent(RequestKind.PRODUCT_READ, shown("xa", "a"))
    while isinstance(steps.waits_for, Shared | Turn):
        steps.answer({} if isinstance(steps.waits_for, Shared) else None)
    assert (steps.sent(LINK, LinkResult.LINKED).call.request.body or {})["id"] == "b"
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT DISTINCT state, origin FROM links") == [("done", "made")]


def test_what_a_search_does_not_show_yet_was_not_overwritten(steps: Steps) -> None:
    written(steps)
    steps.answer(Found({"S1": shown("")}, READING))
    steps.sent(RequestKind.PRODUCT_READ, shown("ab", "a"))
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT asset_id, placed FROM links ORDER BY 1") == [(1, 1), (2, 2)]


def test_a_product_made_anew_after_its_write_was_not_overwritten(steps: Steps) -> None:
    written(steps)
    steps.answer(Found({"S1": shown("b", plytix_id="new")}, READING))
    assert steps.waits_for is None


def test_a_product_deleted_after_its_write_was_not_overwritten(steps: Steps) -> None:
    written(steps)
    steps.answer(Found({"S1": shown("x")}, READING))
    steps.sent(RequestKind.PRODUCT_READ, MISSING)
    assert steps.waits_for is None


def test_a_part_of_an_unanswered_write_was_put_there_by_somebody_else(steps: Steps) -> None:
    steps.found("")
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.attempts is not None
    steps.waits_for.attempts.wait_s = 2.5
    steps.sent(WRITE, RetriableError("down", status=503))
    steps.found("b")
    assert (steps.sent(LINK, LinkResult.LINKED).call.request.body or {})["id"] == "a"
    steps.sent(WRITE, shown("ba", "a"))
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT asset_id, origin FROM links ORDER BY 1") == [(1, "made"), (2, "found")]


def test_a_picture_that_another_product_found_gone_meanwhile_is_brought_again(steps: Steps) -> None:
    steps.found("")
    steps.record.lose_asset(2)
    steps.record.finish_asset(steps.work.assets([2])[2], "c", "", Origin.UPLOADED)
    steps.sent(WRITE, shown("ab", "a"))
    assert isinstance(steps.waits_for, Shared)
    steps.answer({2: "c"})
    assert isinstance(steps.waits_for, Find)
    assert steps.waits_for.fresh
    steps.found("a", "a")
    steps.sent(WRITE, shown("ac", "a"))
    assert steps.waits_for is None
    assert steps.links == {"S1 a": "done", "S1 b": "done"}
    assert rows(steps.path, "SELECT asset_id, origin, placed FROM links ORDER BY 1") == [
        (1, "made", 1),
        (2, "made", 2),
    ]

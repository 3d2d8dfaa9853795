"""What the readings of a product say during its sync, step by step, and when it is read again later."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from catalogue import CLOCKS, merge, product, rows
from executor.sync_steps import LINK, MISSING, READING, WRITE, Steps, shown

from amzsync.domain.beliefs import AccountAnswers
from amzsync.errors import NotSentError, RejectedError, RetriableError
from amzsync.executor.scheduler.script import Find, Found, Send, Shared, Turn
from amzsync.executor.scripts.product import KnownReading
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND, SKIP_EXISTING
from amzsync.ledger.work_rows import Refusal
from amzsync.plytix.wire import LinkResult, PlytixProduct, RequestKind

READ = RequestKind.PRODUCT_READ
UNTOLD = PlytixProduct("p", "S1", None, None, None)
B = 2

Start = Callable[..., Steps]


@pytest.fixture
def start(ledger_path: Path) -> Iterator[Start]:
    """Start a sync with these options, once these statements have changed the ledger."""
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])

        def begin(*changes: str, **options: Any) -> Steps:
            for change in changes:
                ledger._store.execute(change)
            return Steps(ledger, **options)

        yield begin


@pytest.fixture
def steps(start: Start) -> Steps:
    return start()


def go_on(steps: Steps) -> None:
    """Until a request is due: its pictures are known, and it is its turn."""
    while isinstance(steps.waits_for, Shared | Turn):
        steps.answer({} if isinstance(steps.waits_for, Shared) else None)


def others_are_suspected(steps: Steps) -> bool:
    return steps.recheck.take_due(9) != {}


def test_a_product_that_was_read_a_moment_ago_is_not_searched_for(start: Start) -> None:
    steps = start(recent=KnownReading(shown("x", "a"), READING))
    go_on(steps)
    assert steps.sent(LINK, NotSentError("late"), leaves=False).rests_on is READING
    steps.found("x", "a")
    for _ in "ab":
        steps.sent(LINK, LinkResult.LINKED)
    assert steps.waits_for is None


def test_the_first_search_is_made_once_searches_show_what_this_ledger_wrote_last(start: Start) -> None:
    steps = start(settles_in_s=4.5)
    assert isinstance(steps.waits_for, Find)
    assert (steps.waits_for.after_s, steps.waits_for.fresh) == (4.5, False)


def test_where_searches_are_far_behind_the_product_is_read_by_itself(start: Start) -> None:
    steps = start(known=AccountAnswers(search_lag_s=60.0))
    steps.found("ab", "a")
    steps.sent(READ, shown("", "a"))
    steps.sent(WRITE, shown("ab", "a"))


def test_a_search_with_a_gallery_proves_that_searches_tell_galleries(start: Start) -> None:
    steps = start(known=AccountAnswers(tells_galleries=True))
    assert steps.context.traits.should_look()
    steps.found("x")
    assert not steps.context.traits.should_look()


def test_a_product_that_holds_what_its_search_left_out_proves_that_searches_do_not_tell(start: Start) -> None:
    steps = start(known=AccountAnswers(tells_galleries=True))
    steps.answer(Found({"S1": PlytixProduct("p", "S1", None, None, ("x",))}, READING))
    go_on(steps)
    steps.sent(READ, shown("x"))
    assert not steps.context.traits.should_look()


def test_in_a_product_that_was_made_anew_before_the_run_nothing_is_ours(start: Start) -> None:
    steps = start(
        "UPDATE products SET plytix_id = 'old'",
        "UPDATE links SET state = 'done', origin = 'made', placed = 1 WHERE asset_id = 2",
    )
    steps.found("b", "a")
    steps.sent(LINK, LinkResult.LINKED)
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT asset_id, origin FROM links ORDER BY 1") == [(1, "made"), (2, "found")]


def test_what_stands_in_a_product_that_was_made_anew_during_the_run_is_not_ours(steps: Steps) -> None:
    steps.found("")
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.attempts is not None
    steps.waits_for.attempts.wait_s = 2.5
    steps.sent(WRITE, RetriableError("down", status=503))
    steps.answer(Found({"S1": shown("ab", "a", plytix_id="new")}, READING))
    go_on(steps)
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT DISTINCT state, origin FROM links") == [("done", "found")]


@pytest.mark.parametrize(
    ("changes", "skip_existing"), [((), True), (("UPDATE products SET skip_existing = 1",), False)]
)
def test_a_product_that_holds_images_is_skipped_by_option_or_by_its_mapping(
    start: Start, changes: tuple[str, ...], *, skip_existing: bool
) -> None:
    steps = start(*changes, skip_existing=skip_existing)
    steps.found("x")
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT DISTINCT state, reason FROM links") == [("skipped", SKIP_EXISTING)]


def test_a_picture_that_is_no_longer_wanted_is_not_brought_again(start: Start) -> None:
    steps = start("UPDATE links SET state = 'obsolete' WHERE asset_id = 2")
    steps.record.lose_asset(B)
    steps.answer(Found({"S1": shown("")}, READING))
    assert isinstance(steps.waits_for, Shared)
    assert not steps.waits_for.scripts


@pytest.mark.parametrize(("second", "is_sign"), [("", False), ("x", True)])
def test_a_gallery_that_changes_between_two_readings_is_a_sign_of_others(
    steps: Steps, second: str, *, is_sign: bool
) -> None:
    steps.found("")
    steps.sent(WRITE, NotSentError("late"), leaves=False)
    steps.found(second)
    if is_sign:
        for _ in "ab":
            steps.sent(LINK, LinkResult.LINKED)
        steps.sent(WRITE, shown("xab", "a"))
    else:
        steps.sent(WRITE, shown("ab", "a"))
    assert steps.waits_for is None
    assert others_are_suspected(steps) is is_sign


def test_a_gallery_that_changes_after_a_write_of_ours_is_none(steps: Steps) -> None:
    steps.found("")
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.attempts is not None
    steps.waits_for.attempts.wait_s = 2.5
    steps.sent(WRITE, RetriableError("down", status=503))
    steps.found("ab", "a")
    assert steps.waits_for is None
    assert not others_are_suspected(steps)


def test_a_gallery_that_no_search_told_before_has_not_changed(steps: Steps) -> None:
    steps.answer(Found({"S1": PlytixProduct("p", "S1", None, None, ("x",))}, READING))
    go_on(steps)
    steps.sent(READ, shown("x"))
    steps.sent(LINK, NotSentError("late"), leaves=False)
    steps.answer(Found({"S1": PlytixProduct("p", "S1", None, None, ("x",))}, READING))
    go_on(steps)
    steps.sent(READ, shown("x"))
    for _ in "ab":
        steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("xab", "a"))
    assert steps.waits_for is None
    assert not others_are_suspected(steps)


def test_a_product_read_by_itself_tells_what_it_means_that_a_search_leaves_a_gallery_out(
    steps: Steps,
) -> None:
    assert steps.context.traits.gallery_of(UNTOLD) is None
    steps.answer(Found({"S1": UNTOLD}, READING))
    go_on(steps)
    steps.sent(READ, PlytixProduct("p", "S1", None, (), None))
    assert steps.context.traits.gallery_of(UNTOLD) == ()


def test_a_product_that_is_gone_when_it_is_read_by_itself_is_skipped(steps: Steps) -> None:
    steps.answer(Found({"S1": UNTOLD}, READING))
    go_on(steps)
    steps.sent(READ, MISSING)
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT DISTINCT state, reason FROM links") == [("skipped", NOT_FOUND)]


def test_a_product_that_cannot_be_read_by_itself_fails_with_that_reason(steps: Steps) -> None:
    steps.answer(Found({"S1": UNTOLD}, READING))
    go_on(steps)
    steps.sent(READ, RejectedError("no", status=403))
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT DISTINCT state, reason FROM links") == [("failed", "no")]


def test_what_an_earlier_run_began_is_no_product_that_holds_images_already(start: Start) -> None:
    steps = start("UPDATE links SET state = 'in_flight', sent = asset_id", skip_existing=True)
    steps.found("ab", "a")
    assert steps.waits_for is None
    assert set(steps.links.values()) == {"done"}


def test_what_this_run_began_is_no_product_that_holds_images_already(start: Start) -> None:
    steps = start(skip_existing=True)
    steps.found("")
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.attempts is not None
    steps.waits_for.attempts.wait_s = 2.5
    steps.sent(WRITE, RetriableError("down", status=503))
    steps.found("ab", "a")
    assert steps.waits_for is None
    assert set(steps.links.values()) == {"done"}


def test_a_picture_that_plytix_could_not_take_is_no_part_of_a_write(steps: Steps) -> None:
    steps.record.lose_asset(B)
    steps.record.fail_asset(steps.work.assets([B])[B], 1, Refusal(422, "no picture", 1))
    steps.found("", "a")
    write = steps.sent(WRITE, shown("a", "a"))
    assert write.call.request.body == {"attributes": {"amazon_images": [{"id": "a"}]}}
    assert steps.waits_for is None


# Read again after its end.


def written(steps: Steps) -> None:
    """Its pictures are put there, and then it is read again in a search."""
    steps.found("")
    steps.sent(WRITE, shown("ab", "a"))
    assert steps.waits_for is None
    steps.recheck_now()


def overwritten(steps: Steps, gallery: str, thumbnail: str | None = "a") -> None:
    """Search and product show this."""
    steps.answer(Found({"S1": shown(gallery, thumbnail)}, READING))
    steps.sent(READ, shown(gallery, thumbnail))
    go_on(steps)


def test_what_was_overwritten_is_a_sign_of_others_and_is_put_back_behind_what_they_wrote(
    steps: Steps,
) -> None:
    written(steps)
    overwritten(steps, "a", "x")
    assert steps.sent(LINK, LinkResult.LINKED).call.request.body == {
        "id": "b",
        "attribute_label": "amazon_images",
    }
    assert steps.waits_for is None, "the thumbnail is theirs"
    assert steps.thumbnail == ("done", None, "made")
    assert others_are_suspected(steps)


def test_what_stands_again_when_it_is_put_back_was_put_there_by_others(steps: Steps) -> None:
    written(steps)
    overwritten(steps, "xa")
    steps.sent(LINK, LinkResult.ALREADY_LINKED)
    steps.sent(READ, shown("xab", "a"))
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT asset_id, origin FROM links ORDER BY 1") == [(1, "made"), (2, "found")]


@pytest.mark.parametrize("gallery", ["xab", None])
def test_where_nothing_is_missing_or_nothing_is_told_of_it_a_product_is_not_read_again(
    steps: Steps, gallery: str | None
) -> None:
    written(steps)
    steps.answer(Found({"S1": shown(gallery, "a")}, READING))
    assert steps.waits_for is None
    assert not others_are_suspected(steps)


def test_what_others_had_put_there_is_not_missed(steps: Steps) -> None:
    steps.found("b")
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("ba", "a"))
    steps.recheck_now()
    steps.answer(Found({"S1": shown("xa", "a")}, READING))
    assert steps.waits_for is None


def test_what_was_taken_out_is_not_missed(start: Start) -> None:
    steps = start("UPDATE links SET state = 'obsolete', origin = 'made', placed = 2 WHERE asset_id = 2")
    steps.found("b")
    steps.sent(WRITE, shown("ab", "a"))
    assert steps.waits_for is None
    steps.recheck_now()
    steps.answer(Found({"S1": shown("a", "a")}, READING))
    assert steps.waits_for is None


def test_what_is_missing_from_a_product_that_is_to_be_written_again_is_left_to_that(steps: Steps) -> None:
    written(steps)
    steps.work.want_order(1, [B])
    steps.answer(Found({"S1": shown("x", "a")}, READING))
    assert steps.waits_for is None

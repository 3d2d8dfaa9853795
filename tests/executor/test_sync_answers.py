"""What follows from each answer to a product's writes, step by step: the next request, and the ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, product, rows
from executor.sync_steps import LINK, MISSING, READING, WRITE, Steps, late, refused, shown

from amzsync.domain.beliefs import AccountAnswers
from amzsync.errors import NotSentError, RejectedError, RetriableError, StopError
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.scheduler.script import Find, Found, Send, Shared
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NOT_FOUND, NOT_IN_ORDER
from amzsync.ledger.rows import Origin
from amzsync.ledger.writes import Change
from amzsync.plytix.wire import LinkResult, RequestKind

READ, ASSET_READ = RequestKind.PRODUCT_READ, RequestKind.ASSET_READ
A, B = 1, 2


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
        put(ledger, B, 1)
        yield Steps(ledger)


def put(ledger: Ledger, row: int, place: int, state: str = "done") -> None:
    """Have the ledger say that it put the picture into the gallery."""
    ledger._store.execute(
        "UPDATE links SET state = ?, origin = 'made', placed = ? WHERE asset_id = ?", (state, place, row)
    )


def origins(steps: Steps) -> list[str | None]:
    return [origin for (origin,) in rows(steps.path, "SELECT origin FROM links ORDER BY asset_id")]


def sent(steps: Steps) -> list[int | None]:
    """The place at which an unanswered write puts each picture."""
    return [place for (place,) in rows(steps.path, "SELECT sent FROM links ORDER BY asset_id")]


def body(steps: Steps) -> object:
    """What the request that it waits for says."""
    assert isinstance(steps.waits_for, Send)
    return steps.waits_for.call.request.body


def kind(steps: Steps) -> RequestKind:
    assert isinstance(steps.waits_for, Send)
    return steps.waits_for.call.request.kind


# Turns, and readings that are late.


def test_a_product_waits_for_one_turn_to_write_and_is_finished_without_another(steps: Steps) -> None:
    steps.found("", "a")
    assert steps.turns == 1
    steps.sent(WRITE, shown("ab", "a"))
    assert (steps.waits_for, steps.turns) == (None, 1)


def test_single_links_and_a_thumbnail_follow_each_other_without_another_turn(steps: Steps) -> None:
    steps.found("x")
    for _ in "ab":
        steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("xab", "x"))
    steps.sent(LINK, LinkResult.LINKED)
    assert (steps.waits_for, steps.turns) == (None, 1)


def test_single_links_without_a_thumbnail_end_a_product_without_another_turn(steps: Steps) -> None:
    steps.found("x", "a")
    for _ in "ab":
        steps.sent(LINK, LinkResult.LINKED)
    assert (steps.waits_for, steps.turns) == (None, 1)


@pytest.mark.parametrize(("attempts", "places"), [(0, [None, None]), (1, [1, 2])])
def test_of_a_write_that_was_claimed_and_did_not_leave_only_attempts_before_it_may_have_arrived(
    steps: Steps, attempts: int, places: list[int | None]
) -> None:
    steps.found("")
    steps.sent(WRITE, refused(NotSentError("late"), attempts))
    assert sent(steps) == places


@pytest.mark.parametrize(
    ("reading", "then"),
    [
        pytest.param(READING, LINK, id="made for no write in particular"),
        pytest.param(Reading(READING.sent, batch=1), LINK, id="made for this write alone"),
        pytest.param(Reading(READING.sent, batch=2), WRITE, id="made for too many: the next one is smaller"),
        pytest.param(Reading(READING.sent, 2.9, batch=2), LINK, id="answered too late for any"),
    ],
)
def test_only_late_readings_that_no_smaller_batch_would_mend_lead_to_single_links(
    second_is_ours: Steps, reading: Reading, then: RequestKind
) -> None:
    steps = second_is_ours
    steps.found("b", reading=reading)
    for _ in range(4):
        steps.sent(WRITE, NotSentError("late"), leaves=False)
        steps.found("b", reading=reading)
    assert kind(steps) is then


# Writes of a whole gallery.


def test_gallery_and_thumbnail_are_written_to_the_product_in_one(steps: Steps) -> None:
    steps.found("")
    write = steps.sent(WRITE, shown("ab", "a")).call.request
    assert write.path == "/products/p"
    assert write.body == {
        "thumbnail": {"id": "a"},
        "attributes": {"amazon_images": [{"id": "a"}, {"id": "b"}]},
    }
    kept = steps.work.own_write(1)
    assert kept is not None
    assert (kept.gallery, kept.thumbnail) == (Change((), ("a", "b")), Change((), ("a",)))


def test_a_thumbnail_alone_is_tried_again_and_makes_no_picture_ours(steps: Steps) -> None:
    steps.found("ab")
    assert isinstance(steps.waits_for, Send)
    assert steps.waits_for.attempts is not None
    steps.waits_for.attempts.wait_s = 2.5
    steps.sent(WRITE, RetriableError("down", status=503))
    steps.found("ab", "a")
    assert steps.waits_for is None
    assert origins(steps) == ["found", "found"]


@pytest.mark.parametrize(
    ("answer", "is_known"),
    [pytest.param("ab", True, id="replaced"), pytest.param("ba", False, id="appended")],
)
def test_an_answer_tells_whether_the_account_replaces_galleries(
    second_is_ours: Steps, answer: str, *, is_known: bool
) -> None:
    second_is_ours.found("b", "a")
    second_is_ours.sent(WRITE, shown(answer, "a"))
    assert second_is_ours.waits_for is None
    assert second_is_ours.work.replaces_galleries() is is_known


def test_what_is_written_to_an_empty_gallery_does_not_tell_whether_it_would_be_replaced(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, shown("ab", "a"))
    assert not steps.work.replaces_galleries()


def test_after_the_first_write_of_a_gallery_a_search_may_show_that_searches_tell_galleries(
    ledger_path: Path,
) -> None:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])
        steps = Steps(ledger, known=AccountAnswers(tells_galleries=True))
        steps.found("")
        steps.sent(WRITE, shown("ab", "a"))
        search = steps.waits_for
        assert isinstance(search, Find)
        assert (search.keys, search.fresh) == (("S1",), False)
        steps.answer(Found({"S1": shown("ab", "a")}, READING))
        assert steps.waits_for is None


def test_what_the_run_stops_after_an_answered_write_leaves_it_on_record(steps: Steps) -> None:
    steps.found("")
    steps.sent(WRITE, shown("a", "a"))
    with pytest.raises(StopError):
        steps.sent(LINK, StopError("no role", status=403))
    assert set(steps.links.values()) == {"in_flight"}
    assert origins(steps) == ["made", None], "what the answer has shown is known"
    assert sent(steps) == [None, 2], "the link may stand when the next run looks"


def test_what_the_run_stops_after_a_link_leaves_it_on_record(steps: Steps) -> None:
    steps.found("x")
    steps.sent(LINK, LinkResult.LINKED)
    with pytest.raises(StopError):
        steps.sent(LINK, StopError("no role", status=403))
    assert set(steps.links.values()) == {"in_flight"}
    assert origins(steps) == ["made", None], "it was answered"
    assert sent(steps) == [None, 3]


@pytest.mark.parametrize(("attempts", "origin"), [(1, "found"), (2, "made")])
def test_what_the_only_attempt_did_not_show_is_somebody_elses_when_it_stands_later(
    steps: Steps, attempts: int, origin: str
) -> None:
    steps.found("")
    steps.sent(WRITE, shown("a", "a"), attempts=attempts)
    steps.sent(LINK, LinkResult.ALREADY_LINKED)
    steps.sent(READ, shown("ab", "a"))
    assert steps.waits_for is None
    assert origins(steps) == ["made", origin]


def test_what_a_person_added_between_does_not_become_ours_by_an_answer(second_is_ours: Steps) -> None:
    steps = second_is_ours
    steps.found("b", "a")
    steps.sent(WRITE, shown("bxa", "a"))
    assert steps.waits_for is None
    assert steps.failures == [], "the order is a person's"


def test_where_a_write_only_appends_what_it_was_to_take_out_is_still_known_to_be_ours(
    ledger_path: Path,
) -> None:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))])
        put(ledger, B, 2)
        put(ledger, 3, 1, "obsolete")
        steps = Steps(ledger, removes="c")
        steps.found("cb", "a")
        steps.sent(WRITE, shown("cba", "a"))
        assert steps.waits_for is None
        assert steps.failures == [("links", A, None, NOT_IN_ORDER, 0)], "the order is not a person's"


def test_an_order_that_is_written_after_it_was_refused_is_not_told_as_refused(second_is_ours: Steps) -> None:
    steps = second_is_ours
    steps.found("b", "a")
    steps.sent(WRITE, RejectedError("no order", status=400))
    steps.sent(LINK, LinkResult.ALREADY_LINKED)
    steps.sent(READ, shown("b", "a"))
    steps.sent(WRITE, shown("ba", "a"))
    assert steps.waits_for is None
    assert steps.failures == [("links", row, None, NOT_IN_ORDER, 0) for row in (A, B)]


# Single links.


def test_a_link_is_kept_with_what_stood_before_it(steps: Steps) -> None:
    steps.found("xb")
    steps.sent(LINK, LinkResult.LINKED)
    kept = steps.work.own_write(1)
    assert kept is not None
    assert kept.gallery == Change(("x", "b"), ("x", "b", "a"))
    assert body(steps) == {"thumbnail": {"id": "a"}}
    write = steps.sent(WRITE, shown("xba", "a"))
    assert write.call.request.path == "/products/p"
    kept = steps.work.own_write(1)
    assert kept is not None
    assert kept.thumbnail == Change((), ("a",))


def test_a_picture_that_is_gone_when_it_is_linked_is_brought_again(steps: Steps) -> None:
    steps.found("x")
    steps.sent(LINK, MISSING)
    steps.sent(ASSET_READ, MISSING)
    assert isinstance(steps.waits_for, Shared)
    assert set(steps.waits_for.scripts) == {A}
    assert sent(steps) == [None, None], "another one that stands there was put there by somebody else"
    steps.answer({A: "c"})
    steps.answer()
    assert steps.turns == 2, "what is missing is decided anew"
    assert body(steps) == {"id": "c", "attribute_label": "amazon_images"}


def test_a_product_that_is_gone_when_a_picture_is_linked_is_skipped(steps: Steps) -> None:
    steps.found("x")
    steps.sent(LINK, MISSING)
    steps.sent(ASSET_READ, None)
    assert steps.waits_for is None
    assert rows(steps.path, "SELECT DISTINCT state, reason FROM links") == [("skipped", NOT_FOUND)]


def test_a_picture_that_is_gone_when_it_becomes_the_thumbnail_is_brought_again_and_linked(
    steps: Steps,
) -> None:
    steps.found("ab")
    steps.sent(WRITE, MISSING)
    steps.sent(ASSET_READ, MISSING)
    steps.answer({A: "c"})
    steps.answer()
    assert body(steps) == {"id": "c", "attribute_label": "amazon_images"}


def test_a_link_that_is_refused_as_wrong_is_tried_again_where_the_product_has_the_gallery(
    ledger_path: Path,
) -> None:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])
        steps = Steps(ledger, known=AccountAnswers(writes_no_galleries=True))
        steps.found("")
        steps.sent(LINK, RejectedError("no", status=422))
        steps.sent(READ, shown(""))
        for letter in "ab":
            assert body(steps) == {"id": letter, "attribute_label": "amazon_images"}
            steps.sent(LINK, RejectedError("no", status=422))
        assert kind(steps) is WRITE, "it is doubted once only"


def test_where_the_gallery_holds_pictures_a_refused_link_does_not_mean_that_there_is_none(
    steps: Steps,
) -> None:
    steps.found("x")
    for letter in "ab":
        assert body(steps) == {"id": letter, "attribute_label": "amazon_images"}
        steps.sent(LINK, RejectedError("no", status=422))


def test_the_refusal_of_an_order_is_forgotten_with_the_picture_that_was_gone(second_is_ours: Steps) -> None:
    steps = second_is_ours
    steps.found("b")
    steps.sent(WRITE, RejectedError("no order", status=400))
    steps.sent(LINK, MISSING)
    steps.sent(ASSET_READ, MISSING)
    steps.record.finish_asset(steps.work.assets([A])[A], "c", "", Origin.UPLOADED)
    steps.answer({A: "c"})
    steps.answer()
    late(steps, "b")
    steps.sent(LINK, LinkResult.LINKED)
    steps.sent(WRITE, shown("bc", "c"))
    while steps.waits_for:
        steps.found("bc", "c")
        late(steps, "bc", "c")
    assert steps.failures == [("links", row, None, NOT_IN_ORDER, 0) for row in (A, B)]


def test_a_picture_that_was_brought_again_for_another_product_is_linked_as_it_is_now(steps: Steps) -> None:
    steps.found("x")
    steps.record.lose_asset(A)
    steps.record.finish_asset(steps.work.assets([A])[A], "c", "", Origin.UPLOADED)
    steps.sent(LINK, MISSING)
    steps.sent(ASSET_READ, MISSING)
    assert isinstance(steps.waits_for, Shared)
    assert not steps.waits_for.scripts
    assert sent(steps) == [None, None], "the new one was not sent"
    steps.answer({})
    steps.answer()
    assert body(steps) == {"id": "c", "attribute_label": "amazon_images"}


def test_once_a_lost_picture_is_brought_again_the_gallery_may_be_written_whole(second_is_ours: Steps) -> None:
    steps = second_is_ours
    steps.found("b")
    late(steps, "b")
    steps.sent(LINK, MISSING)
    steps.sent(ASSET_READ, MISSING)
    steps.answer({A: "c"})
    steps.answer()
    assert kind(steps) is WRITE


def test_a_picture_that_is_gone_again_once_it_was_brought_fails(steps: Steps) -> None:
    steps.found("x")
    steps.sent(LINK, MISSING)
    steps.sent(ASSET_READ, MISSING)
    steps.answer({A: "c"})
    steps.answer()
    steps.sent(LINK, MISSING)
    steps.sent(ASSET_READ, MISSING)
    assert body(steps) == {"id": "b", "attribute_label": "amazon_images"}
    assert steps.failures == [("links", A, 404, "gone", 1)]


def test_what_stops_everything_while_a_picture_is_looked_at_goes_on_to_the_run(steps: Steps) -> None:
    steps.found("x")
    steps.sent(LINK, MISSING)
    with pytest.raises(StopError):
        steps.sent(ASSET_READ, StopError("no role", status=403))
    assert set(steps.links.values()) == {"pending"}

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, picture, product, rows

from amzsync.errors import LedgerError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.queries import ByProduct, RowTotals
from amzsync.ledger.reasons import NOT_FOUND
from amzsync.ledger.rows import Asset, Failure, Link, Origin, State, Table, Thumbnail
from amzsync.ledger.work import Work
from amzsync.ledger.work_rows import Refusal

REFUSAL = Refusal(422, "not an image", 2)
A, B = 1, 2
S1, S2 = 1, 2


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(
            ledger,
            [product("S1", ("a", "MAIN"), ("b", "PT01")), product("S2", ("b", "MAIN"), is_parent=True)],
        )
        yield ledger


@pytest.fixture
def work(ledger: Ledger) -> Work:
    return ledger.work(ledger.runs.start("apply", {}, 1, []))


@pytest.fixture
def put(ledger: Ledger) -> Callable[[str, str], None]:
    """Bring every row of a table into a state, from outside."""

    def put(table: str, state: str) -> None:
        plytix_id = ", plytix_id = 'p'" if table == "assets" and state == "done" else ""
        ledger._store.execute(f"UPDATE {table} SET state = ?, reason = 'before'{plytix_id}", (state,))

    return put


def now(ledger: Ledger, table: str, where: str = "1") -> list[str]:
    return [state for (state,) in rows(ledger.path, f"SELECT state FROM {table} WHERE {where}")]


EVERY = [state.value for state in State]


# Each transition: from every state to what it must become.


@pytest.mark.parametrize("state", EVERY)
@pytest.mark.parametrize(
    ("act", "becomes"),
    [
        (lambda work: work.claim_product(S1), {"pending": "in_flight"}),
        (lambda work: work.release_product(S1), {"in_flight": "pending"}),
        (lambda work: work.skip_product(S1, "why"), {"pending": "skipped", "in_flight": "skipped"}),
        (lambda work: work.fail_links(S1, [A, B], REFUSAL), {"pending": "failed", "in_flight": "failed"}),
        (
            lambda work: work.reopen_product(S1, [A, B], thumbnail=True),
            {"done": "pending", "skipped": "pending"},
        ),
    ],
    ids=["claim", "release", "skip", "fail", "reopen"],
)
def test_links_move_only_from_the_states_a_transition_names(
    ledger: Ledger,
    work: Work,
    put: Callable[[str, str], None],
    act: Callable[[Work], None],
    becomes: dict[str, str],
    state: str,
) -> None:
    put("links", state)
    put("thumbnails", state)
    act(work)
    assert now(ledger, "links", "product_id = 1") == [becomes.get(state, state)] * 2
    assert now(ledger, "links", "product_id = 2") == now(ledger, "thumbnails", "product_id = 2") == [state]


@pytest.mark.parametrize("state", EVERY)
@pytest.mark.parametrize(
    ("act", "becomes"),
    [
        (lambda work: work.claim_product(S1), {"pending": "in_flight"}),
        (lambda work: work.release_product(S1), {"in_flight": "pending"}),
        (lambda work: work.skip_product(S1, "why"), {"pending": "skipped", "in_flight": "skipped"}),
        (lambda work: work.fail_thumbnail(S1, REFUSAL), {"pending": "failed", "in_flight": "failed"}),
        (lambda work: work.reopen_product(S1, [], thumbnail=True), {"done": "pending", "skipped": "pending"}),
        (lambda work: work.reopen_product(S1, [A, B], thumbnail=False), {}),
        (
            lambda work: work.finish_thumbnail(S1, Origin.MADE),
            {name: "done" for name in EVERY if name != "obsolete"},
        ),
    ],
    ids=["claim", "release", "skip", "fail", "reopen", "reopen links alone", "finish"],
)
def test_a_thumbnail_moves_only_from_the_states_a_transition_names(
    ledger: Ledger,
    work: Work,
    put: Callable[[str, str], None],
    act: Callable[[Work], None],
    becomes: dict[str, str],
    state: str,
) -> None:
    put("thumbnails", state)
    act(work)
    assert now(ledger, "thumbnails", "product_id = 1") == [becomes.get(state, state)]
    assert now(ledger, "thumbnails", "product_id = 2") == [state]


@pytest.mark.parametrize("state", EVERY)
@pytest.mark.parametrize(
    ("act", "becomes"),
    [
        (lambda work: work.release_asset(A), {"in_flight": "pending"}),
        (lambda work: work.lose_asset(A), {"done": "pending"}),
    ],
    ids=["release", "lose"],
)
def test_an_asset_moves_quietly_only_from_the_states_a_transition_names(
    ledger: Ledger,
    work: Work,
    put: Callable[[str, str], None],
    act: Callable[[Work], None],
    becomes: dict[str, str],
    state: str,
) -> None:
    put("assets", state)
    act(work)
    assert now(ledger, "assets") == [becomes.get(state, state), state]


@pytest.mark.parametrize("state", EVERY)
@pytest.mark.parametrize(
    ("act", "becomes"),
    [
        (lambda work: work.claim_assets([A]), "in_flight"),
        (lambda work: work.finish_asset(A, "p1", "", Origin.UPLOADED), "done"),
        (lambda work: work.fail_asset(A, S1, REFUSAL), "failed"),
    ],
    ids=["claim", "finish", "fail"],
)
def test_an_asset_that_is_not_open_is_a_ledger_that_changed(
    ledger: Ledger,
    work: Work,
    put: Callable[[str, str], None],
    act: Callable[[Work], None],
    becomes: str,
    state: str,
) -> None:
    put("assets", state)
    if state in ("pending", "in_flight"):
        act(work)
        assert now(ledger, "assets") == [becomes, state]
    else:
        with pytest.raises(LedgerError, match="changed while this run was writing") as raised:
            act(work)
        assert "amzsync resume" in raised.value.next_step
        assert now(ledger, "assets") == [state, state]
        assert ledger.queries.failure_count() == 0


def test_a_claim_that_fails_claims_nothing(ledger: Ledger, work: Work) -> None:
    work.finish_asset(B, "p", "", Origin.FOUND)
    with pytest.raises(LedgerError):
        work.claim_assets([A, B])
    assert now(ledger, "assets") == ["pending", "done"]


def test_finishing_a_link_that_nobody_wants_takes_the_whole_answer_back(ledger: Ledger, work: Work) -> None:
    ledger._store.execute("UPDATE links SET state = 'obsolete' WHERE product_id = 1 AND asset_id = 2")
    with pytest.raises(LedgerError):
        work.finish_links(S1, {A: 0, B: 1}, [A, B])
    assert now(ledger, "links", "product_id = 1") == ["pending", "obsolete"]


def test_finished_links_tell_who_made_them_and_where_they_stand(work: Work) -> None:
    work.finish_links(S1, {A: 4, B: 0}, [A])
    links = {link.asset_id: link for link in work.product(S1).links}
    assert (links[A].origin, links[A].placed, links[A].state) == (Origin.MADE, 4, State.DONE)
    assert (links[B].origin, links[B].placed) == (Origin.FOUND, 0)


def test_what_an_unanswered_write_sent_and_is_found_was_made_by_it(work: Work) -> None:
    work.claim_product(S1, {A: 0, B: 1})
    work.finish_links(S1, {A: 0, B: 1}, [])
    work.finish_thumbnail(S1, Origin.FOUND)
    assert {link.origin for link in work.product(S1).links} == {Origin.MADE}
    work.finish_links(S1, {A: 0, B: 1}, [])
    assert {link.origin for link in work.product(S1).links} == {Origin.MADE}


def test_a_finished_asset_keeps_plytixs_id_and_the_name_plytix_gave_it(ledger: Ledger, work: Work) -> None:
    work.finish_asset(A, "p1", "renamed_aefee.jpg", Origin.UPLOADED)
    work.finish_asset(B, "p2", "", Origin.FOUND)
    assert work.assets([A, B]) == {
        A: Asset(A, picture("a"), "renamed_aefee.jpg", State.DONE, "p1"),
        B: Asset(B, picture("b"), "amazon_01_MAIN_b.jpg", State.DONE, "p2"),
    }
    assert now(ledger, "urls") == ["done", "done"]
    assert ledger.queries.totals(1).uploaded == 1


def test_a_lost_asset_is_asked_for_anew(ledger: Ledger, work: Work) -> None:
    work.finish_asset(A, "p1", "", Origin.UPLOADED)
    work.lose_asset(A)
    assert work.assets([A])[A].plytix_id is None
    assert now(ledger, "urls") == ["pending", "pending"]


def test_with_a_lost_asset_the_links_and_thumbnails_to_it_are_wanted_again(
    ledger: Ledger, work: Work
) -> None:
    work.finish_asset(B, "p1", "", Origin.UPLOADED)
    work.finish_links(S1, {A: 1, B: 2}, [A, B])
    work.finish_links(S2, {B: 1}, [B])
    work.finish_thumbnail(S2, Origin.MADE)
    work.lose_asset(B)
    assert now(ledger, "links", "asset_id = 2") == ["pending", "pending"]
    assert now(ledger, "thumbnails", "product_id = 2") == ["pending"]
    assert [link.origin for link in work.product(S1).links] == [Origin.MADE, None]


@pytest.mark.parametrize(("minutes", "is_absent"), [(0, True), (9, True), (11, False), (-5, False)])
def test_what_plytix_does_not_have_is_known_for_a_while(
    ledger: Ledger, work: Work, minutes: int, *, is_absent: bool
) -> None:
    work.note_absent([A])
    later = Work(ledger._store, lambda: CLOCKS.now() + timedelta(minutes=minutes))
    assert [asset.is_absent for asset in later.assets([A, B]).values()] == [is_absent, False]


def test_what_may_have_been_uploaded_since_is_not_known_to_be_absent(ledger: Ledger, work: Work) -> None:
    work.note_absent([A, B])
    work.claim_assets([A])
    assert [asset.is_absent for asset in work.assets([A, B]).values()] == [False, True]
    work.fail_asset(A, S1, REFUSAL)
    work.finish_asset(B, "p2", "", Origin.FOUND)
    work.lose_asset(B)
    ledger.work().retry_failed()
    assert [(asset.state, asset.is_absent) for asset in work.assets([A, B]).values()] == [
        (State.PENDING, False),
        (State.PENDING, False),
    ]


def test_what_was_linked_before_a_product_was_left_alone_is_known_as_ours(work: Work) -> None:
    work.note_made(S1, [B])
    work.skip_product(S1, NOT_FOUND)
    work.retry_failed()
    assert [(link.state, link.origin) for link in work.product(S1).links] == [
        (State.PENDING, None),
        (State.PENDING, Origin.MADE),
    ]


def test_reopened_links_forget_where_they_stood(work: Work) -> None:
    work.finish_links(S1, {A: 0, B: 1}, [A, B])
    work.reopen_product(S1, [B], thumbnail=False)
    assert work.product(S1).links == (
        Link(A, "MAIN", 1, State.DONE, Origin.MADE, 0),
        Link(B, "PT01", 2, State.PENDING, None, None),
    )


def test_each_failure_is_kept_with_its_cause_and_product(ledger: Ledger, work: Work) -> None:
    work.fail_asset(A, S1, REFUSAL)
    work.fail_links(S1, [A, B], Refusal(404, "gone", 1))
    work.fail_thumbnail(S2, Refusal(None, "no answer", 6))
    a, b = picture("a"), picture("b")
    assert list(ledger.queries.failures()) == [
        Failure(Table.ASSETS, a, "S1", 422, "not an image", 2),
        Failure(Table.LINKS, a, "S1", 404, "gone", 1),
        Failure(Table.LINKS, b, "S1", 404, "gone", 1),
        Failure(Table.THUMBNAILS, b, "S2", None, "no answer", 6),
    ]
    assert now(ledger, "urls") == ["failed", "pending"]
    (first, *_) = ledger.queries.failure_groups(1)
    assert (first.message, first.status, first.count, len(first.examples)) == ("gone", 404, 2, 1)


def test_a_refused_picture_is_a_failure_of_every_product_that_wants_it_and_of_no_row_twice(
    ledger: Ledger, work: Work
) -> None:
    work.fail_asset(B, S1, REFUSAL)
    work.fail_without_picture(S1, [B], thumbnail=False)
    work.fail_without_picture(S2, [B], thumbnail=True)
    assert list(ledger.queries.failures()) == [
        Failure(Table.ASSETS, picture("b"), "S1", 422, "not an image", 2),
        Failure(Table.ASSETS, picture("b"), "S2", 422, "not an image", 2),
    ]
    assert now(ledger, "links") == ["pending", "failed", "failed"]
    assert now(ledger, "thumbnails") == ["pending", "failed"]


def test_failures_are_one_cause_where_only_their_own_address_differs(ledger: Ledger, work: Work) -> None:
    a, b = picture("a" * 11), picture("b" * 11)
    merge(ledger, [product("S1", (a, "MAIN"), (b, "PT01"))])
    ids = {url: row for row, url in ledger._store.rows("SELECT id, url FROM urls")}
    for url in (a, b):
        work.fail_asset(ids[url], S1, Refusal(422, f"Could not download {url}: HTTP 404", 1))
    (group,) = ledger.queries.failure_groups(5)
    assert (group.message, group.count) == ("Could not download …: HTTP 404", 2)
    assert [one.message for one in group.examples] == [
        f"Could not download {url}: HTTP 404" for url in (a, b)
    ]
    assert [one.count for one in ledger.queries.failure_groups(1)] == [2]


def test_a_second_failure_of_a_row_replaces_the_first(ledger: Ledger, work: Work) -> None:
    work.fail_links(S1, [A], REFUSAL)
    ledger._store.execute("UPDATE links SET state = 'pending'")
    work.fail_links(S1, [A], Refusal(500, "again", 4))
    assert [(failure.message, failure.attempts) for failure in ledger.queries.failures()] == [("again", 4)]


def test_what_was_not_open_leaves_no_failure(ledger: Ledger, work: Work) -> None:
    work.finish_links(S1, {A: 0}, [A])
    work.finish_thumbnail(S1, Origin.MADE)
    work.fail_links(S1, [A], REFUSAL)
    work.fail_thumbnail(S1, REFUSAL)
    assert ledger.queries.failure_count() == 0


def test_a_row_that_stands_after_all_is_no_failure(ledger: Ledger, work: Work) -> None:
    work.fail_links(S1, [A, B], REFUSAL)
    work.fail_thumbnail(S1, REFUSAL)
    work.finish_links(S1, {A: 0}, [])
    work.finish_thumbnail(S1, Origin.FOUND)
    assert [(failure.table, failure.url) for failure in ledger.queries.failures()] == [
        ("links", picture("b"))
    ]


def test_retrying_makes_failed_and_unknown_rows_pending_and_nothing_else(ledger: Ledger, work: Work) -> None:
    merge(
        ledger,
        [
            product("S1", ("a", "MAIN"), ("b", "PT01"), ("ftp://x", "PT02")),
            product("S2", ("b", "MAIN"), is_parent=True),
            product("S3", ("a", "MAIN")),
            product("S4", ("a", "MAIN")),
        ],
    )
    work.fail_asset(A, S1, REFUSAL)
    work.fail_links(S1, [A], REFUSAL)
    work.fail_thumbnail(S1, REFUSAL)
    work.finish_links(S1, {B: 0}, [B])
    work.skip_product(3, NOT_FOUND)
    work.skip_product(4, "another reason")
    assert work.retry_failed() == 5
    assert now(ledger, "links") == ["pending", "done", "pending", "pending", "skipped"]
    assert now(ledger, "thumbnails") == ["pending", "pending", "pending", "skipped"]
    assert now(ledger, "assets") == ["pending", "pending"]
    assert now(ledger, "urls") == ["pending", "pending", "failed"]
    assert [failure.url for failure in ledger.queries.failures()] == ["ftp://x"]
    assert work.retry_failed() == 0


def test_assets_that_no_open_link_wants_are_not_uploaded(ledger: Ledger, work: Work) -> None:
    work.skip_product(S1, NOT_FOUND)
    work.skip_unneeded_assets()
    assert now(ledger, "assets") == now(ledger, "urls") == ["skipped", "pending"]
    assert work.retry_failed() == 3
    assert now(ledger, "assets") == now(ledger, "urls") == ["pending", "pending"]


def test_products_with_work_come_in_windows_and_all_their_links_with_them(work: Work) -> None:
    first, second = work.next_products(0, 10)
    assert (first.sku, first.is_parent, second.sku, second.is_parent) == ("S1", False, "S2", True)
    assert first.thumbnail == Thumbnail(A, State.PENDING)
    assert [one.sku for one in work.next_products(0, 1)] == ["S1"]
    assert [one.sku for one in work.next_products(S1, 1)] == ["S2"]
    assert work.next_products(S2, 1) == []


def test_products_with_nothing_to_do_are_passed_over(work: Work) -> None:
    work.finish_links(S1, {A: 0, B: 1}, [A, B])
    assert [one.sku for one in work.next_products(0, 10)] == ["S1", "S2"]
    work.finish_thumbnail(S1, Origin.MADE)
    assert [one.sku for one in work.next_products(0, 10)] == ["S2"]
    assert [one.sku for one in work.products_to_read(0, 10)] == ["S1", "S2"]
    assert work.has_open_work()
    work.skip_product(S2, NOT_FOUND)
    assert not work.has_open_work()


def test_plytixs_product_ids_are_kept(work: Work) -> None:
    work.resolve({S1: "x1", S2: "x2"})
    work.resolve({S1: "x9"})
    assert [one.plytix_id for one in work.next_products(0, 10)] == ["x9", "x2"]


def test_what_was_done_on_a_product_that_was_deleted_is_open_on_the_one_made_anew_and_not_ours(
    work: Work,
) -> None:
    work.resolve({S1: "x1"})
    work.finish_links(S1, {A: 1, B: 2}, [A, B])
    work.finish_thumbnail(S1, Origin.MADE)
    work.resolve({S1: "x1"})
    assert {link.origin for link in work.product(S1).links} == {Origin.MADE}
    work.resolve({S1: "x9"})
    made_anew = work.product(S1)
    assert {(link.state, link.origin, link.placed) for link in made_anew.links} == {
        (State.PENDING, None, None)
    }
    assert made_anew.thumbnail is not None
    assert made_anew.thumbnail.state is State.PENDING


def test_more_assets_than_one_statement_takes_are_read(ledger: Ledger, work: Work) -> None:
    merge(ledger, [product("S1", *((f"p{n}", f"V{n}") for n in range(1200)))])
    assert len(work.assets(range(1, 2000))) == 1202


def test_the_ledger_tells_what_stands_and_what_is_left(ledger: Ledger, work: Work) -> None:
    assert (ledger.queries.outstanding().products, ledger.queries.outstanding().assets) == (2, 2)
    work.finish_asset(A, "p1", "", Origin.UPLOADED)
    work.finish_links(S1, {A: 0}, [A])
    work.finish_thumbnail(S1, Origin.MADE)
    work.skip_product(S2, NOT_FOUND)
    totals = ledger.queries.totals(1)
    assert (totals.uploaded, totals.present, totals.open_assets) == (1, 0, 1)
    assert totals.links == ByProduct(RowTotals(done=1, open=1), RowTotals())
    assert (totals.thumbnails.plain.done, totals.thumbnails.parents.done) == (1, 0)
    assert totals.products_not_found == ("S2",)
    assert ledger.queries.totals(2).present == 1
    counts = {one.table: one for one in ledger.queries.counts()}
    assert counts[Table.LINKS].by_state == {State.DONE: 1, State.PENDING: 1, State.SKIPPED: 1}
    assert counts[Table.LINKS].of(State.DONE, State.SKIPPED, State.FAILED) == 2
    first, second = ledger.queries.products()
    assert (first.wanted, first.done, first.open, first.new_assets, first.thumbnail) == (
        2,
        1,
        1,
        1,
        State.DONE,
    )
    assert (second.skipped, second.reason) == (1, NOT_FOUND)
    assert [row.sku for row in ledger.queries.products(1)] == ["S1"]
    assert list(ledger.queries.wanted_skus()) == ["S1", "S2"]

"""Each transition of a product's rows: what it changes, and that it leaves the rows beside those alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from catalogue import CLOCKS, merge, product, rows

from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import NO_PICTURE, NOT_FOUND, NOT_IN_FAMILY, SKIP_EXISTING
from amzsync.ledger.rows import Origin
from amzsync.ledger.work import Work
from amzsync.ledger.work_rows import Refusal

A, B = 1, 2
S1, S2 = 1, 2
REFUSAL = Refusal(422, "no", 3)
PENDING = ("pending", None, None, None, None)


class Rows:
    """A ledger of two products that share a picture: S1 has A and B, S2 has B and A. All is pending."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.work: Work = ledger.work(ledger.runs.start("apply", {}, 1, []))

    def put(self, product_id: int, asset_id: int, state: str = "pending", **columns: Any) -> None:
        """Bring a link into a state, from outside."""
        values = {"state": state, "reason": None, "origin": None, "placed": None, "sent": None} | columns
        assignments = ", ".join(f"{name} = ?" for name in values)
        self._ledger._store.execute(
            f"UPDATE links SET {assignments} WHERE product_id = ? AND asset_id = ?",
            (*values.values(), product_id, asset_id),
        )

    def put_thumbnail(self, product_id: int, state: str, origin: str | None = None) -> None:
        self._ledger._store.execute(
            "UPDATE thumbnails SET state = ?, origin = ? WHERE product_id = ?", (state, origin, product_id)
        )

    @property
    def links(self) -> dict[tuple[int, int], tuple[Any, ...]]:
        """State, reason, origin, place and sent place of the links that are not as they were at first."""
        found = rows(
            self._ledger.path, "SELECT product_id, asset_id, state, reason, origin, placed, sent FROM links"
        )
        return {(one[0], one[1]): one[2:] for one in found if one[2:] != PENDING}

    @property
    def thumbnails(self) -> dict[int, tuple[Any, ...]]:
        """State, reason and origin of the thumbnails that are not as they were at first."""
        found = rows(self._ledger.path, "SELECT product_id, state, reason, origin FROM thumbnails")
        return {one[0]: one[1:] for one in found if one[1:] != PENDING[:3]}

    @property
    def failures(self) -> set[tuple[Any, ...]]:
        return set(
            rows(
                self._ledger.path,
                "SELECT row_table, product_id, url_id, status, message, attempts FROM failures",
            )
        )


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Rows]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(
            ledger, [product("S1", ("a", "MAIN"), ("b", "PT01")), product("S2", ("b", "MAIN"), ("a", "PT01"))]
        )
        yield Rows(ledger)


def test_outside_its_family_a_products_open_rows_are_skipped_and_told_as_failures(ledger: Rows) -> None:
    ledger.put(S1, B, "done", origin="made", placed=1)
    ledger.work.skip_outside_family(S1)
    assert ledger.links == {
        (S1, A): ("skipped", NOT_IN_FAMILY, None, None, None),
        (S1, B): ("done", None, "made", 1, None),
    }
    assert ledger.thumbnails == {S1: ("skipped", NOT_IN_FAMILY, None)}
    assert ledger.failures == {
        ("links", S1, A, None, NOT_IN_FAMILY, 0),
        ("thumbnails", S1, A, None, NOT_IN_FAMILY, 0),
    }


def test_a_product_that_came_to_exist_is_wanted_without_its_failures_and_no_other_is(ledger: Rows) -> None:
    ledger.work.skip_outside_family(S1)
    ledger.work.skip_outside_family(S2)
    kept = (ledger.links, ledger.thumbnails, ledger.failures)
    ledger.work.want_found_product(S1)
    assert ledger.links == {key: one for key, one in kept[0].items() if key[0] == S2}
    assert ledger.thumbnails == {S2: kept[1][S2]}
    assert ledger.failures == {one for one in kept[2] if one[1] == S2}
    ledger.work.skip_product(S1, NOT_FOUND)
    ledger.work.want_found_product(S1)
    assert (S1, A) not in ledger.links


def test_what_was_skipped_for_another_reason_stays_skipped(ledger: Rows) -> None:
    ledger.work.skip_product(S1, SKIP_EXISTING)
    ledger.put(S2, A, "failed", reason=NOT_FOUND)
    before = ledger.links
    ledger.work.want_found_product(S1)
    ledger.work.want_found_product(S2)
    assert ledger.links == before


@pytest.mark.parametrize(("as_left", "placed"), [(True, (5, 6)), (False, (1, 2))])
def test_a_reading_shows_where_what_was_made_stands_in_the_order_in_which_it_was_left(
    ledger: Rows, *, as_left: bool, placed: tuple[int, int]
) -> None:
    ledger.put(S1, A, "done", origin="made", placed=1)
    ledger.put(S1, B, "in_flight", sent=2)
    ledger.put(S2, A, "done", origin="made", placed=1)
    ledger.work.record_reading(S1, {A: 5, B: 6}, as_left=as_left)
    assert ledger.links == {
        (S1, A): ("done", None, "made", placed[0], None),
        (S1, B): ("in_flight", None, "made", placed[1], None),
        (S2, A): ("done", None, "made", 1, None),
    }


def test_a_reading_says_nothing_of_what_others_put_there(ledger: Rows) -> None:
    ledger.put(S1, A, "done", origin="found")
    ledger.work.record_reading(S1, {A: 5, B: 6}, as_left=True)
    assert ledger.links == {(S1, A): ("done", None, "found", None, None)}


def test_what_a_reading_does_not_show_was_not_sent_and_is_no_longer_ours_where_it_is_obsolete(
    ledger: Rows,
) -> None:
    ledger.put(S1, A, "obsolete", origin="made", placed=1, sent=1)
    ledger.put(S1, B, "done", origin="made", placed=2, sent=2)
    ledger.put(S2, A, "obsolete", origin="made", placed=1, sent=1)
    ledger.put(S2, B, "done", origin="made", placed=2, sent=2)
    ledger.work.record_reading(S1, {}, as_left=True)
    assert ledger.links == {
        (S1, A): ("obsolete", None, None, None, None),
        (S1, B): ("done", None, "made", 2, None),
        (S2, A): ("obsolete", None, "made", 1, 1),
        (S2, B): ("done", None, "made", 2, 2),
    }


def test_what_a_write_was_to_make_is_kept_with_its_places_until_it_is_known_not_to_have_left(
    ledger: Rows,
) -> None:
    ledger.put(S2, A, "in_flight", sent=7)
    ledger.work.claim_product(S1, {A: 2})
    assert ledger.links == {
        (S1, A): ("in_flight", None, None, None, 2),
        (S1, B): ("in_flight", None, None, None, None),
        (S2, A): ("in_flight", None, None, None, 7),
    }
    assert ledger.thumbnails == {S1: ("in_flight", None, None)}
    ledger.work.release_product(S1)
    assert ledger.links == {(S2, A): ("in_flight", None, None, None, 7)}
    assert ledger.thumbnails == {}


def test_a_note_concerns_the_named_links_of_one_product_alone(ledger: Rows) -> None:
    for product_id in (S1, S2):
        for asset_id in (A, B):
            ledger.put(product_id, asset_id, placed=1, sent=2)
    as_before = ("pending", None, None, 1, 2)
    for note, becomes in (
        (ledger.work.note_made, ("pending", None, "made", 1, 2)),
        (ledger.work.note_not_sent, ("pending", None, "made", 1, None)),
        (ledger.work.note_found, ("pending", None, "found", None, None)),
    ):
        note(S1, [A])
        assert ledger.links == {
            (S1, A): becomes,
            (S1, B): as_before,
            (S2, A): as_before,
            (S2, B): as_before,
        }


def test_the_places_of_the_last_write_alone_are_unknown(ledger: Rows) -> None:
    ledger.put(S1, A, "in_flight", sent=1)
    ledger.put(S2, A, "in_flight", sent=1)
    ledger.work.claim_product(S1, {B: 2}, thumbnail=False)
    assert ledger.links[S1, A] == ("in_flight", None, None, None, None)
    assert ledger.links[S1, B] == ("in_flight", None, None, None, 2)
    assert ledger.links[S2, A] == ("in_flight", None, None, None, 1)


def test_what_was_sent_and_is_known_to_stand_is_ours_at_its_place(ledger: Rows) -> None:
    ledger.put(S1, A, "in_flight", sent=3)
    ledger.put(S1, B, "in_flight")
    ledger.work.note_linked(S1, {A: 1, B: 2})
    assert ledger.links[S1, A] == ("in_flight", None, "made", 1, None)
    assert ledger.links[S1, B] == ("in_flight", None, None, None, None)


def test_what_was_sent_and_is_known_not_to_have_arrived_is_not_ours(ledger: Rows) -> None:
    ledger.put(S1, A, "failed", origin="made", sent=3)
    ledger.put(S1, B, "done", origin="made", placed=1)
    ledger.work.note_not_arrived(S1, [A, B])
    assert ledger.links[S1, A] == ("failed", None, None, None, None)
    assert ledger.links[S1, B] == ("done", None, "made", 1, None)


def test_what_is_about_to_be_taken_out_is_unknown_until_it_is_seen_again(ledger: Rows) -> None:
    for product_id, asset_id in ((S1, A), (S1, B), (S2, A)):
        ledger.put(product_id, asset_id, "done", origin="made", placed=4)
    ledger.put(S2, B, "obsolete", origin="made", placed=4)
    for product_id in (S1, S2):
        ledger.put_thumbnail(product_id, "done", "made")
    before = ledger.links, ledger.thumbnails
    ledger.work.claim_removal(S1, [A], thumbnail=True)
    ledger.work.claim_removal(S2, [B], thumbnail=False)
    assert ledger.links == before[0] | {(S1, A): ("in_flight", None, "made", 4, None)}
    assert ledger.thumbnails == before[1] | {S1: ("in_flight", None, "made")}
    ledger.work.settle_removal(S1)
    assert (ledger.links, ledger.thumbnails) == before


def test_what_a_run_has_sent_is_not_settled_with_a_removal(ledger: Rows) -> None:
    ledger.put(S1, A, "in_flight", origin="made", placed=4, sent=2)
    ledger.put(S1, B, "in_flight")
    ledger.put(S2, A, "in_flight", origin="made", placed=4)
    ledger.put_thumbnail(S1, "in_flight")
    before = ledger.links, ledger.thumbnails
    ledger.work.settle_removal(S1)
    assert (ledger.links, ledger.thumbnails) == before


def test_an_order_that_is_wanted_makes_what_is_done_pending_and_nothing_else(ledger: Rows) -> None:
    for product_id, asset_id in ((S1, A), (S1, B), (S2, A)):
        ledger.put(product_id, asset_id, "done", origin="made", placed=4)
    ledger.put(S2, B, "obsolete", origin="made", placed=4)
    ledger.work.want_order(S1, [A])
    ledger.work.want_order(S2, [B])
    assert {key: one[0] for key, one in ledger.links.items()} == {
        (S1, A): "pending",
        (S1, B): "done",
        (S2, A): "done",
        (S2, B): "obsolete",
    }


def test_an_order_that_could_not_be_written_is_a_failure_of_each_link_that_stands_wrong(ledger: Rows) -> None:
    for product_id, asset_id in ((S1, A), (S1, B), (S2, A)):
        ledger.put(product_id, asset_id, "done", origin="made", placed=4)
    ledger.work.fail_order(S1, [A], REFUSAL)
    assert {key: one[:2] for key, one in ledger.links.items()} == {
        (S1, A): ("failed", "no"),
        (S1, B): ("done", None),
        (S2, A): ("done", None),
    }
    assert ledger.failures == {("links", S1, A, 422, "no", 3)}


def test_links_whose_pictures_failed_fail_for_the_same_reason(ledger: Rows) -> None:
    ledger.work.fail_asset(B, S2, REFUSAL)
    ledger.put(S1, B, "skipped", reason="why")
    ledger.work.fail_without_picture(S2, [B], thumbnail=True)
    assert ledger.links == {
        (S1, B): ("skipped", "why", None, None, None),
        (S2, B): ("failed", "no", None, None, None),
    }
    assert ledger.thumbnails == {S2: ("failed", "no", None)}
    assert ledger.failures == {("assets", S2, B, 422, "no", 3)}
    ledger.work.fail_without_picture(S1, [A, B], thumbnail=False)
    assert ledger.links[S1, A] == ("failed", NO_PICTURE, None, None, None), (
        "not the reason of the other picture"
    )
    assert ledger.links[S1, B] == ("skipped", "why", None, None, None)
    assert S1 not in ledger.thumbnails
    assert ("assets", S1, A, None, NO_PICTURE, 0) in ledger.failures


def test_a_thumbnail_fails_without_its_picture_only_where_it_is_open(ledger: Rows) -> None:
    ledger.put_thumbnail(S1, "done", "made")
    ledger.put_thumbnail(S2, "in_flight")
    ledger.work.fail_without_picture(S1, [], thumbnail=True)
    assert (ledger.thumbnails[S1], ledger.failures) == (("done", None, "made"), set())
    ledger.work.fail_without_picture(S2, [], thumbnail=True)
    assert ledger.thumbnails == {S1: ("done", None, "made"), S2: ("failed", NO_PICTURE, None)}
    assert ledger.failures == {("assets", S2, B, None, NO_PICTURE, 0)}


def test_a_links_failure_is_not_taken_for_one_of_its_picture(ledger: Rows) -> None:
    ledger.work.fail_links(S1, [A], REFUSAL)
    ledger.work.fail_without_picture(S2, [A], thumbnail=False)
    assert ledger.links[S2, A][1] == NO_PICTURE


def test_a_thumbnail_that_failed_is_told_with_its_picture_until_it_stands(ledger: Rows) -> None:
    ledger.work.fail_thumbnail(S2, REFUSAL)
    ledger.work.fail_thumbnail(S1, REFUSAL)
    assert ledger.thumbnails == {S1: ("failed", "no", None), S2: ("failed", "no", None)}
    assert ledger.failures == {
        ("thumbnails", S1, A, 422, "no", 3),
        ("thumbnails", S2, B, 422, "no", 3),
    }
    ledger.work.finish_thumbnail(S2, Origin.FOUND)
    assert ledger.thumbnails == {S1: ("failed", "no", None), S2: ("done", None, "found")}
    assert ledger.failures == {("thumbnails", S1, A, 422, "no", 3)}


@pytest.mark.parametrize(
    ("state", "found_as", "origin"),
    [
        ("pending", Origin.FOUND, "found"),
        ("pending", Origin.MADE, "made"),
        ("in_flight", Origin.FOUND, "made"),
        ("in_flight", Origin.MADE, "made"),
    ],
)
def test_a_thumbnail_that_a_write_of_unknown_outcome_set_is_ours(
    ledger: Rows, state: str, found_as: Origin, origin: str
) -> None:
    ledger.put_thumbnail(S1, state)
    ledger.work.finish_thumbnail(S1, found_as)
    assert ledger.thumbnails == {S1: ("done", None, origin)}


def test_what_was_lost_of_one_product_is_wanted_again_and_its_thumbnail_only_if_that_is_lost(
    ledger: Rows,
) -> None:
    done = ("done", None, "made", 1, None)
    for product_id in (S1, S2):
        ledger.put_thumbnail(product_id, "done", "made")
        for asset_id in (A, B):
            ledger.put(product_id, asset_id, "done", origin="made", placed=1)
    ledger.work.reopen_product(S1, [A], thumbnail=False)
    assert ledger.links == {(S1, B): done, (S2, A): done, (S2, B): done}
    assert set(ledger.thumbnails) == {S1, S2}
    ledger.work.reopen_product(S1, [], thumbnail=True)
    assert set(ledger.thumbnails) == {S2}
    assert (S1, B) in ledger.links


def test_a_link_that_cannot_stand_at_its_place_is_told_as_a_failure_of_its_product(ledger: Rows) -> None:
    ledger.put(S1, B, "done", origin="made", placed=1)
    ledger.work.fail_order(S1, [B], REFUSAL)
    assert ledger.links == {(S1, B): ("failed", "no", "made", 1, None)}
    assert ledger.failures == {("links", S1, B, 422, "no", 3)}

"""What each run wrote to a product: before and after, also where an answer was lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, product, rows
from hypothesis import given
from hypothesis import strategies as st

from amzsync.domain.written import Settled, is_between, settle
from amzsync.errors import LedgerError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.packing import pack_ids, unpack_ids
from amzsync.ledger.work import Work
from amzsync.ledger.writes import Change, Standing, WriteOutcome

S1 = 1
EMPTY = Standing((), None)

usual = st.binary(min_size=12, max_size=12).map(bytes.hex)
ids = st.lists(usual | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256))


@given(ids)
def test_ids_of_any_kind_come_back_as_they_were_packed(some: list[str]) -> None:
    assert unpack_ids(pack_ids(some)) == tuple(some)


def test_an_id_of_the_usual_kind_takes_thirteen_bytes() -> None:
    assert len(pack_ids(["0123456789abcdef01234567"] * 9)) == 9 * 13


@pytest.mark.parametrize("packed", [b"\0abc", b"\1\0", b"\1\0\5ab", b"\7" + b"x" * 12, b"\1\0\1\xff"])
def test_bytes_that_are_no_list_of_ids_are_refused(packed: bytes) -> None:
    with pytest.raises(LedgerError, match="has been changed by hand"):
        unpack_ids(packed)


@pytest.mark.parametrize(
    ("before", "sent", "seen", "settled"),
    [
        ("", "ab", "ab", Settled(("a", "b"))),
        ("", "ab", "", Settled(None)),
        ("p", "pab", "pa", Settled(("p", "a"))),
        ("pab", "p", "pb", Settled(("p", "b"))),
        ("p", "pa", "pqa", Settled(("p", "q", "a"), is_mixed=True)),
        ("p", "pa", "a", Settled(("a",), is_mixed=True)),
        ("pq", "pqa", "qpa", Settled(("q", "p", "a"), is_mixed=True)),
        ("ab", "ab", "ab", Settled(("a", "b"))),
    ],
)
def test_what_a_write_left_is_told_from_what_others_did(
    before: str, sent: str, seen: str, settled: Settled
) -> None:
    assert settle(tuple(before), tuple(sent), tuple(seen)) == settled


@given(st.permutations("pqabc"), st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("abc")))
def test_any_part_of_the_single_unlinks_is_explained_by_them(
    before: list[str], removed: set[str], missed: set[str]
) -> None:
    sent = [one for one in before if one not in removed]
    seen = [one for one in before if one in sent or one in missed]
    assert is_between(before, sent, seen)
    assert is_between(sent, before, seen)
    assert not is_between(before, sent, [*seen, "new"])


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"))])
        yield ledger


def a_run(ledger: Ledger) -> tuple[int, Work]:
    run_id = ledger.runs.start("apply", {}, 1, [])
    return run_id, ledger.work(run_id)


def test_what_stood_before_the_first_write_of_a_run_is_kept_through_all_of_its_writes(
    ledger: Ledger,
) -> None:
    run_id, work = a_run(ledger)
    work.claim_write(S1, Standing(("p",), "p"), ("p", "a", "b"), None)
    work.claim_write(S1, Standing(("p", "a"), "p"), ("p", "a", "b"), None)
    work.claim_write(S1, Standing(("p", "a", "b"), "p"), None, ("a",))
    work.settle_writes(S1, Standing(("p", "a", "b"), "a"))
    write = work.write(run_id, S1)
    assert write is not None
    assert write.gallery == Change(("p",), ("p", "a", "b"))
    assert write.thumbnail == Change(("p",), ("a",))
    assert write.outcome is WriteOutcome.WRITTEN


def test_a_lost_answer_is_settled_by_what_a_later_run_sees_before_it_writes(ledger: Ledger) -> None:
    first, work = a_run(ledger)
    work.claim_write(S1, EMPTY, ("a",), ("a",))
    second, work = a_run(ledger)
    work.settle_writes(S1, Standing(("a",), None), but_own=True)
    work.claim_write(S1, Standing(("a",), None), ("a", "b"), None)
    settled, sent = work.write(first, S1), work.write(second, S1)
    assert settled is not None
    assert sent is not None
    assert (settled.gallery, settled.thumbnail) == (Change((), ("a",)), None)
    assert (settled.outcome, sent.outcome) == (WriteOutcome.WRITTEN, WriteOutcome.SENT)


def test_a_write_that_did_nothing_is_forgotten(ledger: Ledger) -> None:
    run_id, work = a_run(ledger)
    work.claim_write(S1, EMPTY, ("a",), ("a",))
    work.settle_writes(S1, EMPTY)
    assert work.write(run_id, S1) is None


def test_a_gallery_that_others_changed_between_two_writes_of_a_run_is_mixed_for_good(ledger: Ledger) -> None:
    run_id, work = a_run(ledger)
    work.claim_write(S1, EMPTY, ("a", "b"), None)
    work.claim_write(S1, Standing(("a", "q"), None), ("a", "q", "b"), None)
    work.settle_writes(S1, Standing(("a", "q", "b"), None))
    write = work.write(run_id, S1)
    assert write is not None
    assert write.outcome is WriteOutcome.MIXED


def test_what_was_written_to_a_deleted_product_or_another_gallery_is_forgotten(ledger: Ledger) -> None:
    run_id, work = a_run(ledger)
    work.resolve({S1: "p1"})
    work.claim_write(S1, EMPTY, ("a",), None)
    work.resolve({S1: "p1"})
    assert work.write(run_id, S1) is not None
    work.resolve({S1: "p2"})
    assert work.write(run_id, S1) is None
    work.claim_write(S1, EMPTY, ("a",), None)
    merge(ledger, [product("S1", ("a", "MAIN"))], gallery="another")
    assert work.write(run_id, S1) is None


def test_a_picture_takes_less_than_two_hundred_bytes(ledger_path: Path) -> None:
    products, each = 2000, 1
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product(f"S{number}", ("a", "MAIN")) for number in range(products)])
        ledger._store.execute("VACUUM")
        before = _pages(ledger_path)
        _, work = a_run(ledger)
        with ledger.atomic():
            for number in range(1, products + 1):
                asset = f"{number:024x}"
                work.claim_write(number, Standing(("f" * 24,), None), ("f" * 24, asset), (asset,))
                work.settle_writes(number, Standing(("f" * 24, asset), asset))
        ledger._store.execute("VACUUM")
    assert (_pages(ledger_path) - before) / products / each < 200


def _pages(path: Path) -> int:
    return int(rows(path, "PRAGMA page_count")[0][0]) * int(rows(path, "PRAGMA page_size")[0][0])

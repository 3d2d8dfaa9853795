"""What a gallery needs, by table: nothing, one write of the whole, or the missing ones behind a person's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.executor.scripts.decide import (
    MAX_ASSETS,
    Append,
    Decision,
    Nothing,
    Replace,
    decide,
    is_ours,
    missing,
)

ABC = ("a", "b", "c")


def places(assets: str) -> dict[str, int]:
    return {asset_id: place for place, asset_id in enumerate(assets, 1)}


def decided(seen: str, wanted: str, own: str = "", **options: Any) -> Decision:
    """Pictures are letters; `own` are those this ledger put there, in that order."""
    return decide(
        seen=tuple(seen),
        seen_thumbnail=options.get("seen_thumbnail"),
        wanted=tuple(wanted),
        thumbnail=options.get("thumbnail"),
        may_replace=not options.get("only_append")
        and is_ours(seen, places(own), places(options.get("sent", ""))),
    )


@pytest.mark.parametrize(
    ("seen", "own", "wanted", "decision"),
    [
        pytest.param("", "", "abc", Replace(ABC, None), id="an empty gallery is written whole"),
        pytest.param("abc", "abc", "abc", Nothing(), id="what stands is left alone"),
        pytest.param("ac", "ac", "abc", Replace(ABC, None), id="ours gains what is missing at its place"),
        pytest.param("ba", "ba", "abc", Replace(ABC, None), id="ours is put into the wanted order"),
        pytest.param("ba", "ab", "abc", Append(("c",), None), id="a person's order of ours is kept"),
        pytest.param("cba", "abc", "abc", Nothing(), id="a person's order of all of ours is kept"),
        pytest.param("abc", "", "abc", Nothing(), id="what a person put there stands"),
        pytest.param("cb", "", "abc", Append(("a",), None), id="a person's gallery is appended to"),
        pytest.param("pab", "ab", "abc", Append(("c",), None), id="a person's picture before ours"),
        pytest.param("apb", "ab", "abc", Append(("c",), None), id="a person's picture between ours"),
        pytest.param("abp", "ab", "abc", Append(("c",), None), id="a person's picture behind ours"),
        pytest.param("pqr", "", "abc", Append(ABC, None), id="a person's pictures alone"),
        pytest.param("a", "abc", "abc", Replace(ABC, None), id="what a person took away comes back"),
        pytest.param("axb", "axb", "abc", Replace(tuple("abcx"), None), id="a left-over goes behind"),
        pytest.param("xab", "xab", "ab", Replace(tuple("abx"), None), id="a left-over in front is moved"),
        pytest.param("xpab", "xab", "ab", Nothing(), id="not in a gallery with a person's picture"),
        pytest.param("bxa", "axb", "ab", Nothing(), id="nor in a person's order"),
        pytest.param("xy", "xy", "abc", Replace(tuple("abcxy"), None), id="only left-overs"),
        pytest.param("axyb", "axyb", "ba", Replace(tuple("baxy"), None), id="left-overs keep their order"),
        pytest.param("abx", "abx", "ab", Nothing(), id="a left-over alone is no reason to write"),
        pytest.param("abc", "abc", "", Nothing(), id="nothing wanted"),
        pytest.param("", "", "", Nothing(), id="nothing there, nothing wanted"),
    ],
)
def test_a_gallery_gets_what_it_lacks(seen: str, own: str, wanted: str, decision: Decision) -> None:
    assert decided(seen, wanted, own) == decision


@pytest.mark.parametrize(
    ("seen_thumbnail", "thumbnail", "decision"),
    [
        pytest.param(None, "a", Replace(None, "a"), id="none yet"),
        pytest.param("p", "a", Replace(None, "a"), id="a person's other one"),
        pytest.param("a", "a", Nothing(), id="the wanted one"),
        pytest.param("p", None, Nothing(), id="none wanted"),
        pytest.param(None, None, Nothing(), id="none there, none wanted"),
    ],
)
def test_a_thumbnail_is_written_only_where_it_differs(
    seen_thumbnail: str | None, thumbnail: str | None, decision: Decision
) -> None:
    told: dict[str, Any] = {"seen_thumbnail": seen_thumbnail, "thumbnail": thumbnail}
    assert decided("abc", "abc", "abc", **told) == decision
    assert decided("pabc", "abc", "", **told) == decision
    with_gallery = decided("", "abc", **told)
    assert isinstance(with_gallery, Replace)
    assert with_gallery.thumbnail == (decision.thumbnail if isinstance(decision, Replace) else None)


@pytest.mark.parametrize(
    ("seen", "own", "sent", "wanted", "decision"),
    [
        pytest.param("abc", "", "abc", "nbc", Replace(tuple("nbca"), None), id="it has arrived"),
        pytest.param("", "", "abc", "nbc", Replace(tuple("nbc"), None), id="it has not"),
        pytest.param(
            "bac", "abc", "bac", "cbad", Replace(tuple("cbad"), None), id="an order that has arrived"
        ),
        pytest.param("abc", "abc", "bac", "cbad", Replace(tuple("cbad"), None), id="an order that has not"),
        pytest.param("bca", "abc", "bac", "abcd", Append(("d",), None), id="an order that nobody sent"),
        pytest.param("pab", "", "ab", "nab", Append(("n",), None), id="a person has added to it"),
        pytest.param("abc", "ab", "c", "abcd", Append(("d",), None), id="links do not change places"),
        pytest.param("abx", "ab", "xab", "xab", Replace(tuple("xab"), None), id="it appended"),
    ],
)
def test_a_write_that_was_not_answered_counts_as_ours_where_it_arrived(
    seen: str, own: str, sent: str, wanted: str, decision: Decision
) -> None:
    assert decided(seen, wanted, own, sent=sent) == decision


def test_where_writes_do_not_show_even_an_empty_gallery_is_appended_to() -> None:
    assert decided("", "ab", only_append=True, thumbnail="a") == Append(("a", "b"), "a")


def test_a_full_gallery_loses_nothing_for_what_it_lacks() -> None:
    seen = [f"old{n}" for n in range(MAX_ASSETS - 2)]
    wanted = [f"new{n}" for n in range(5)]
    decision = decide(
        seen=seen,
        seen_thumbnail=None,
        wanted=wanted,
        thumbnail=None,
        may_replace=True,
    )
    assert isinstance(decision, Replace)
    assert decision.gallery is not None
    assert len(decision.gallery) == MAX_ASSETS
    assert set(seen) < set(decision.gallery)
    assert [one for one in decision.gallery if one in wanted] == ["new0", "new1"]


letters = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(seen=letters, own=letters, wanted=letters, only_append=st.booleans())
def test_no_decision_takes_anything_away_or_moves_what_is_not_ours(
    seen: list[str], own: list[str], wanted: list[str], *, only_append: bool
) -> None:
    decision = decided("".join(seen), "".join(wanted), "".join(own), only_append=only_append)
    match decision:
        case Replace(gallery=tuple() as after):
            assert set(after) == set(seen) | set(wanted)
            assert list(after[: len(wanted)]) == wanted
            assert list(after[len(wanted) :]) == [one for one in seen if one not in wanted]
            assert set(seen) <= set(own)
        case Append(missing=missing):
            assert list(missing) == [one for one in wanted if one not in seen]
            assert missing
        case _:
            assert set(wanted) <= set(seen)


def test_a_gallery_that_holds_more_than_plytix_allows_gets_nothing() -> None:
    assert MAX_ASSETS == 300, "plytix-api, Products"
    over = [f"x{number}" for number in range(302)]
    assert missing(("a", "b", "c"), over) == missing(("a", "b", "c"), over[:300]) == ()
    assert missing(("a", "b", "c"), over[:299]) == ("a",)


def test_two_pictures_that_were_left_at_one_place_are_in_no_order_of_ours() -> None:
    assert not is_ours("ab", {"a": 1, "b": 1}, {})


def test_a_write_says_at_which_place_it_puts_each_picture() -> None:
    assert Replace(("b", "a"), None).places == {"b": 1, "a": 2}
    assert Replace(None, "a").places is None

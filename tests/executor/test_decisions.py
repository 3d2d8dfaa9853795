"""What a gallery needs, by table: nothing, one write of the whole, or the missing ones behind a person's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.executor.decide import MAX_ASSETS, Append, Decision, Nothing, Replace, decide

ABC = ("a", "b", "c")


def decided(seen: str, wanted: str, own: str = "", **options: Any) -> Decision:
    """Pictures are letters; `own` are those this ledger put there, in that order."""
    return decide(
        seen=tuple(seen),
        seen_thumbnail=options.get("seen_thumbnail"),
        wanted=tuple(wanted),
        thumbnail=options.get("thumbnail"),
        own={asset_id: place for place, asset_id in enumerate(own, 1)},
        only_append=bool(options.get("only_append")),
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
        pytest.param(
            "axb", "axb", "abc", Replace(tuple("axbc"), None), id="a left-over stays where it stood"
        ),
        pytest.param("xab", "xab", "abc", Replace(tuple("xabc"), None), id="a left-over stays in front"),
        pytest.param("xy", "xy", "abc", Replace(tuple("xyabc"), None), id="only left-overs"),
        pytest.param(
            "axyb", "axyb", "ba", Replace(tuple("baxy"), None), id="left-overs follow what they followed"
        ),
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
        own={asset_id: place for place, asset_id in enumerate(seen)},
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
            assert [one for one in after if one in wanted] == wanted
            assert set(seen) <= set(own)
        case Append(missing=missing):
            assert list(missing) == [one for one in wanted if one not in seen]
            assert missing
        case _:
            assert set(wanted) <= set(seen)

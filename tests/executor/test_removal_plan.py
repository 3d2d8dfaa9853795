"""From what stands to what is to stand: only what concerns our own pictures is written."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.executor.scripts.removal_plan import OneByOne, Target, Whole, plan_change

galleries = st.permutations("pqabc").flatmap(
    lambda order: st.sets(st.sampled_from("pqabc")).map(lambda kept: tuple(x for x in order if x in kept))
)
thumbnails = st.none() | st.just(()) | st.just(("p",))


def outcome(seen: Sequence[str], way: Whole | OneByOne | None, elsewhere: set[str]) -> tuple[str, ...]:
    """What stands after the requests, as Plytix does them."""
    match way:
        case None:
            return tuple(seen)
        case Whole():
            return tuple(seen) if way.gallery is None else way.gallery
        case OneByOne():
            assert not elsewhere.intersection(way.unlinks), "it would be taken out elsewhere, too"
            return (*(one for one in seen if one not in way.unlinks), *way.links)


@given(
    seen=galleries,
    goal=galleries,
    thumbnail=thumbnails,
    elsewhere=st.sets(st.sampled_from("pqabc")),
    is_ours=st.booleans(),
    replaces=st.booleans(),
)
def test_the_requests_lead_to_the_target_as_far_as_they_may(
    seen: tuple[str, ...],
    goal: tuple[str, ...],
    thumbnail: tuple[str, ...] | None,
    elsewhere: set[str],
    *,
    is_ours: bool,
    replaces: bool,
) -> None:
    target = Target(goal, thumbnail)
    way = plan_change(seen, target, is_ours=is_ours, elsewhere=elsewhere, replaces=replaces)
    after = outcome(seen, way, elsewhere)
    if is_ours or replaces:
        assert set(after) == set(goal)
    if isinstance(way, OneByOne):
        assert set(after) == set(goal) | set(way.stuck)
        assert way.is_moved or [one for one in after if one in goal] == list(goal)
        assert set(way.stuck) == set(seen) & elsewhere - set(goal)
        assert [one for one in after if one in seen] == [one for one in seen if one in after]
    if thumbnail is None and goal == seen:
        assert way is None


@given(galleries, st.sets(st.sampled_from("abc")))
def test_a_persons_gallery_that_only_loses_pictures_is_never_written_as_a_whole(
    seen: tuple[str, ...], going: set[str]
) -> None:
    target = Target(tuple(one for one in seen if one not in going))
    way = plan_change(seen, target, is_ours=False, elsewhere=(), replaces=True)
    assert way is None or isinstance(way, OneByOne)


@pytest.mark.parametrize(
    ("seen", "goal", "options", "way"),
    [
        pytest.param("ab", "ab", {}, None, id="nothing is to be done"),
        pytest.param("ab", "ab", {"thumbnail": ("a",)}, Whole(None, ("a",)), id="the thumbnail alone"),
        pytest.param("ab", "ab", {"thumbnail": ()}, Whole(None, ()), id="no thumbnail any more"),
        pytest.param(
            "ab",
            "a",
            {"is_ours": True, "thumbnail": ()},
            Whole(("a",), ()),
            id="a gallery of ours is written",
        ),
        pytest.param(
            "pab",
            "pa",
            {"replaces": True},
            OneByOne(None, ("b",), (), (), is_moved=False),
            id="it only loses",
        ),
        pytest.param(
            "pab",
            "pa",
            {"replaces": True, "elsewhere": "b"},
            Whole(("p", "a"), None),
            id="no unlink would do",
        ),
        pytest.param(
            "pab", "pa", {"elsewhere": "b"}, OneByOne(None, (), (), ("b",), is_moved=False), id="nor a write"
        ),
        pytest.param("ba", "ab", {"replaces": True}, Whole(("a", "b"), None), id="an order is written"),
        pytest.param("ba", "ab", {}, None, id="or left, where the account replaces nothing"),
        pytest.param(
            "ba",
            "ab",
            {"thumbnail": ("a",)},
            OneByOne(("a",), (), (), (), is_moved=True),
            id="the thumbnail, and an order that is left",
        ),
        pytest.param(
            "p", "pa", {}, OneByOne(None, (), ("a",), (), is_moved=False), id="what is new comes last"
        ),
        pytest.param(
            "p", "ap", {}, OneByOne(None, (), ("a",), (), is_moved=True), id="also where it should not"
        ),
    ],
)
def test_each_way_from_what_stands_to_the_target(
    seen: str, goal: str, options: dict[str, Any], way: Whole | OneByOne | None
) -> None:
    found = plan_change(
        seen,
        Target(tuple(goal), options.get("thumbnail")),
        is_ours=options.get("is_ours", False),
        elsewhere=options.get("elsewhere", ""),
        replaces=options.get("replaces", False),
    )
    assert found == way

"""From what stands to what is to stand: only what concerns our own pictures is written."""

from collections.abc import Sequence

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

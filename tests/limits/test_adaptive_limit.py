"""One limit and what refusals have shown of it: number by number, without the pace around it."""

from math import inf

import pytest

from amzsync.limits.learning import AdaptiveLimit, Observed, is_believed
from amzsync.limits.windows import Limit

SHORT = Limit(50, 10.0)
HOUR = Limit(5000, 3600.0)


def observed(allowed: int = 30, *, tries: int = 0, repeats: int = 0, window_s: float = 10.0) -> Observed:
    return Observed(window_s, allowed, since=100.0, refused_at=200.0, tries=tries, repeats=repeats)


def refused(limit: AdaptiveLimit, accepted: int, *, told_s: float = 0.0, was_try: bool = False) -> bool:
    return limit.refused(accepted, 1000.0, told_s, was_try=was_try)


@pytest.mark.parametrize(
    ("repeats", "life_s"), [(0, 300.0), (1, 1200.0), (2, 4800.0), (5, 86_400.0), (400, 86_400.0)]
)
def test_what_was_shown_is_believed_the_longer_the_more_often_it_was_shown(
    repeats: int, life_s: float
) -> None:
    assert is_believed(observed(repeats=repeats), 200.0 + life_s - 0.1)
    assert not is_believed(observed(repeats=repeats), 200.0 + life_s)


@pytest.mark.parametrize(("tries", "pause_s"), [(0, 20.0), (1, 40.0), (3, 160.0), (4, 240.0), (400, 240.0)])
def test_more_is_tried_the_more_rarely_the_more_often_that_was_refused(tries: int, pause_s: float) -> None:
    assert observed(tries=tries).pause_s == pause_s


def test_more_of_an_hour_is_tried_within_minutes() -> None:
    assert observed(window_s=3600.0).pause_s == 300.0


def test_what_was_shown_counts_only_below_what_is_configured() -> None:
    assert AdaptiveLimit(SHORT, observed(50)).observed is None
    assert AdaptiveLimit(SHORT, observed(50)).allowed == 50
    assert AdaptiveLimit(SHORT, observed(49)).in_force == Limit(49, 10.0)
    assert AdaptiveLimit(SHORT).more_at() == inf


def test_more_is_tried_by_one_request_then_two_then_four() -> None:
    limit, number = AdaptiveLimit(SHORT, observed(30)), 0
    for step in (1, 2, 4):
        keys = range(number, number + step)
        for key in keys:
            assert limit.more_at() == -inf
            limit.tried(key)
        assert limit.more_at() == inf, "until these are answered"
        for key in keys:
            assert limit.answered(key, is_accepted=True)
        number += step
        assert limit.allowed == 30 + number
    assert not limit.answered(0, is_accepted=True), "it was answered already"
    assert limit.allowed == 37


def test_a_step_is_over_only_when_all_of_it_is_answered() -> None:
    limit = AdaptiveLimit(SHORT, observed(30))
    limit.tried(1)
    limit.answered(1, is_accepted=True)
    limit.tried(2)
    limit.tried(3)
    limit.answered(2, is_accepted=True)
    assert limit.more_at() == inf
    limit.answered(3, is_accepted=True)
    assert limit.more_at() == -inf


def test_a_step_that_is_used_one_by_one_is_no_larger_for_that() -> None:
    limit = AdaptiveLimit(SHORT, observed(30))
    for key in (1, 2, 3):
        limit.tried(key)
        limit.answered(key, is_accepted=True)
    for key in (4, 5, 6, 7):
        assert limit.more_at() == -inf
        limit.tried(key)
    assert limit.more_at() == inf, "after steps of one and two this was one of four"


def test_a_try_that_the_server_did_not_count_is_made_again() -> None:
    limit = AdaptiveLimit(SHORT, observed(30))
    limit.tried(1)
    assert not limit.answered(1, is_accepted=False)
    assert (limit.allowed, limit.more_at()) == (30, -inf)
    limit.tried(2)
    assert limit.more_at() == inf, "one at a time, as before"


def test_tries_never_exceed_what_is_configured_and_there_the_observation_is_gone() -> None:
    limit = AdaptiveLimit(SHORT, observed(48))
    limit.tried(1)
    limit.answered(1, is_accepted=True)
    assert limit.observed is not None
    limit.tried(2)
    assert limit.more_at() == inf, "49 and the one in progress are 50"
    assert limit.answered(2, is_accepted=True)
    assert (limit.allowed, limit.in_force) == (50, SHORT)
    assert not refused(limit, 50), "it shows nothing that was not known"


@pytest.mark.parametrize(
    ("configured", "accepted", "allowed"),
    [
        (SHORT, 50, None),
        (SHORT, 49, 49),
        (SHORT, 1, 1),
        (SHORT, 0, None),
        (HOUR, 1250, 1250),
        (HOUR, 1249, None),
    ],
)
def test_a_first_refusal_shows_a_lower_limit_where_that_is_plausible(
    configured: Limit, accepted: int, allowed: int | None
) -> None:
    limit = AdaptiveLimit(configured)
    assert refused(limit, accepted) is (allowed is not None)
    assert limit.allowed == (allowed or configured.allowed)
    if allowed:
        assert limit.observed == Observed(configured.window_s, allowed, 1000.0, 1000.0)
        assert (limit.observed.tries, limit.observed.repeats) == (0, 0)


@pytest.mark.parametrize(("accepted", "repeats"), [(30, 3), (29, 3), (31, 3), (28, 0), (32, 0)])
def test_a_refusal_at_the_same_number_within_one_is_a_repeat(accepted: int, repeats: int) -> None:
    limit = AdaptiveLimit(SHORT, observed(30, repeats=2))
    assert refused(limit, accepted)
    assert limit.observed is not None
    assert (limit.observed.allowed, limit.observed.repeats) == (accepted, repeats)
    assert (limit.observed.since, limit.observed.refused_at) == (100.0, 1000.0)


def test_a_later_refusal_leaves_at_least_one_less_than_is_configured() -> None:
    limit = AdaptiveLimit(SHORT, observed(30))
    assert refused(limit, 60)
    assert limit.allowed == 49


def test_a_refusal_of_a_try_counts_and_so_does_one_after_more_was_let_in() -> None:
    for was_try, is_raised, tries in ((False, False, 1), (True, False, 2), (False, True, 2)):
        limit = AdaptiveLimit(SHORT, observed(30, tries=1))
        if is_raised:
            limit.tried(1)
            limit.answered(1, is_accepted=True)
        refused(limit, 30, was_try=was_try)
        assert limit.observed is not None
        assert limit.observed.tries == tries
    refused(limit, 30)
    assert limit.observed is not None
    assert limit.observed.tries == 2, "nothing more was let in since"


def test_after_a_refusal_tries_begin_with_one_again() -> None:
    limit = AdaptiveLimit(SHORT, observed(30))
    limit.tried(1)
    limit.answered(1, is_accepted=True)
    limit.tried(2)
    refused(limit, 30)
    assert not limit.answered(2, is_accepted=True), "what was in progress shows nothing any more"
    assert limit.more_at() < inf
    limit.tried(3)
    assert limit.more_at() == inf


@pytest.mark.parametrize(
    ("told_s", "waits_s"), [(0.0, 20.0), (1.0, 21.0), (2.0, 22.0), (3.0, 33.0), (60.0, 660.0), (70.0, 670.0)]
)
def test_more_is_tried_the_more_rarely_the_longer_the_wait_that_a_refusal_costs(
    told_s: float, waits_s: float
) -> None:
    limit = AdaptiveLimit(SHORT)
    refused(limit, 30, told_s=told_s)
    assert limit.more_at() == 1000.0 + waits_s


@pytest.mark.parametrize(("accepted", "is_stray"), [(11, True), (12, False)])
def test_after_a_refusal_of_very_few_more_is_tried_at_once_twice(accepted: int, *, is_stray: bool) -> None:
    limit = AdaptiveLimit(Limit(48, 10.0))
    for _ in range(2):
        assert refused(limit, accepted, told_s=1.0)
        assert (limit.more_at() == 1001.0) is is_stray
    refused(limit, accepted, told_s=1.0, was_try=True)
    refused(limit, accepted, told_s=1.0)
    assert limit.more_at() > 1001.0


def test_another_refusal_of_the_same_moment_only_lowers_what_was_shown() -> None:
    limit = AdaptiveLimit(SHORT)
    assert not limit.refused_too(20), "nothing was shown yet"
    refused(limit, 30)
    assert not limit.refused_too(30)
    assert not limit.refused_too(0), "that is not plausible"
    assert limit.allowed == 30
    assert limit.refused_too(29)
    assert limit.allowed == 29

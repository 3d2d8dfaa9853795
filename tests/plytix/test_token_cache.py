import pytest

from amzsync.plytix.auth import Secret, TokenAnswer, TokenCache


def test_there_is_no_token_before_the_first() -> None:
    assert TokenCache().current(now=0.0) is None


@pytest.mark.parametrize(
    ("expires_in_s", "age_s", "is_current"),
    [
        pytest.param(None, 839.9, True, id="a life not told is fifteen minutes"),
        pytest.param(None, 840.0, False, id="of which the last minute is not used"),
        pytest.param(300.0, 239.9, True, id="a life that is told is believed"),
        pytest.param(300.0, 240.0, False, id="with the same minute to spare"),
        pytest.param(20.0, 9.9, True, id="half of a very short life is used"),
        pytest.param(20.0, 10.0, False, id="and no more than half"),
    ],
)
def test_a_token_is_current_until_a_minute_before_its_end(
    expires_in_s: float | None, age_s: float, *, is_current: bool
) -> None:
    cache = TokenCache()
    cache.store(TokenAnswer(Secret("t1"), expires_in_s), now=1000.0)
    assert (cache.current(now=1000.0 + age_s) == Secret("t1")) is is_current


def test_a_rejected_token_is_dropped() -> None:
    cache = TokenCache()
    cache.store(TokenAnswer(Secret("t1")), now=0.0)
    cache.reject(Secret("t1"))
    assert cache.current(now=1.0) is None


def test_many_workers_rejecting_the_old_token_do_not_drop_the_new_one() -> None:
    cache = TokenCache()
    cache.store(TokenAnswer(Secret("old")), now=0.0)
    cache.reject(Secret("old"))
    cache.store(TokenAnswer(Secret("new")), now=1.0)
    cache.reject(Secret("old"))
    assert cache.current(now=2.0) == Secret("new")


def test_a_token_that_cannot_be_renewed_yet_is_used_until_shortly_before_its_end() -> None:
    cache = TokenCache()
    cache.store(TokenAnswer(Secret("t1")), now=0.0)
    assert cache.current(now=850.0) is None
    cache.keep_to_its_end()
    assert cache.current(now=894.9) == Secret("t1")
    assert cache.current(now=895.0) is None


def test_a_rejected_token_is_not_kept_to_its_end() -> None:
    cache = TokenCache()
    cache.store(TokenAnswer(Secret("t1")), now=0.0)
    cache.reject(Secret("t1"))
    cache.keep_to_its_end()
    assert cache.current(now=1.0) is None

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.conftest import Api, FakeClock

from amzsync.sandbox import RetryAfterForm, SandboxSettings
from amzsync.sandbox.limits import SlidingWindows


def statuses(api: Api, count: int) -> list[int]:
    return [api("GET", "/filters/product").status_code for _ in range(count)]


def test_token_and_api_requests_are_counted_together(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(limits=((4, 10.0),), clock=clock)  # The token was the first.
    assert statuses(api, 4) == [200, 200, 200, 429]
    assert api.get_token().status_code == 429


def test_a_refused_request_is_not_counted(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(limits=((2, 10.0),), clock=clock)
    assert statuses(api, 5) == [200, 429, 429, 429, 429]
    clock.now += 10
    assert statuses(api, 3) == [200, 200, 429]


def test_what_is_refused_for_other_reasons_is_counted(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(limits=((4, 10.0),), clock=clock)
    assert [api(*request).status_code for request in (("GET", "/nowhere"), ("PUT", "/assets"))] == [404, 405]
    assert statuses(api, 2) == [200, 429]


def test_strangers_do_not_use_up_the_account(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(limits=((2, 10.0),), clock=clock)
    for _ in range(5):
        assert api.get_token("wrong").status_code == 401
        assert api("GET", "/filters/product", headers={"Authorization": "Bearer x"}).status_code == 401
    assert statuses(api, 2) == [200, 429]


def test_the_window_slides_and_does_not_reset(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(limits=((3, 10.0),), clock=clock)
    clock.now += 6
    assert statuses(api, 3) == [200, 200, 429]
    clock.now += 4
    assert statuses(api, 2) == [200, 429]


def test_the_longer_window_limits_too(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(limits=((2, 10.0), (3, 3600.0)), clock=clock)
    assert statuses(api, 2) == [200, 429]
    clock.now += 10
    assert statuses(api, 1) == [200]
    refused = api("GET", "/filters/product")
    assert refused.status_code == 429
    assert float(refused.headers["Retry-After"]) == 3590
    clock.now += 3590 - 900
    api.get_token()
    clock.now += 900
    assert api.get_token().status_code == 200


@pytest.mark.parametrize("form", RetryAfterForm)
def test_a_429_tells_the_wait_where_it_was_asked_to(
    api_of: Callable[..., Api], clock: FakeClock, form: RetryAfterForm
) -> None:
    api = api_of(limits=((1, 10.0),), clock=clock, retry_after=form)
    clock.now += 0.25
    answer = api("GET", "/filters/product")
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == (
        "9.75" if form in (RetryAfterForm.HEADER, RetryAfterForm.BOTH) else None
    )
    assert answer.json()["error"].get("retry_after") == (
        9.75 if form in (RetryAfterForm.BODY, RetryAfterForm.BOTH) else None
    )


def test_the_default_limits_are_those_of_a_paid_account(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(limits=SandboxSettings().limits, clock=clock)  # The token was the first.
    assert statuses(api, 51) == [200] * 49 + [429] * 2


def test_counted_requests_are_remembered_over_a_restart(
    api_of: Callable[..., Api], clock: FakeClock, tmp_path: Path
) -> None:
    path = tmp_path / "account.db"
    api = api_of(path=path, limits=((3, 3600.0),), clock=clock)
    assert statuses(api, 3) == [200, 200, 429]
    api.sandbox.stop()
    clock.now += 3599
    api.sandbox.start()
    assert api.get_token().status_code == 429
    clock.now += 1
    assert api.get_token().status_code == 200


@given(
    limits=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 30)), min_size=1, max_size=3),
    gaps=st.lists(st.integers(0, 12), max_size=60),
)
def test_no_window_ever_holds_more_than_its_limit_and_none_is_refused_without_need(
    limits: list[tuple[int, int]], gaps: list[int]
) -> None:
    windows, now = SlidingWindows(limits), 0
    admitted: list[int] = []
    for gap in gaps:
        now += gap
        full = [sum(now - at < window for at in admitted) >= count for count, window in limits]
        wait_s = windows.admit(now)
        assert (wait_s is not None) == any(full)
        if wait_s is None:
            admitted.append(now)


@given(gaps=st.lists(st.floats(0, 5), min_size=1, max_size=40))
def test_whoever_waits_as_told_is_let_in(gaps: list[float]) -> None:
    windows, now = SlidingWindows([(3, 10.0), (7, 60.0)]), 1_800_000_000.0
    for gap in gaps:
        now += gap
        wait_s = windows.admit(now)
        if wait_s is not None:
            now += wait_s
            assert windows.admit(now) is None


@pytest.mark.parametrize("limit", [(0, 10.0), (5, 0.0), (-1, 1.0)])
def test_a_limit_that_is_none_is_refused(limit: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="limit"):
        SlidingWindows([limit])

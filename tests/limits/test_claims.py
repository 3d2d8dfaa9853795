"""Limits in the claims of a token: every shape they have, and nothing that only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.limits.claims import limits_from_claims
from amzsync.limits.windows import Limit

BOTH = (Limit(20, 10.0), Limit(15000, 3600.0))


@pytest.mark.parametrize(
    "claims",
    [
        {"rate_limits": [{"limit": 20, "window": 10}, {"limit": 15000, "window": 3600}]},
        {"rateLimits": [{"max": 20, "period": "10s"}, {"max": 15000, "period": "1h"}]},
        {"limits": [{"requests": 20, "seconds": 10}, {"requests": 15000, "seconds": 3600}]},
        {"limits": [{"requests": 20, "seconds": 10}, {"requests": 15000, "hours": 1}]},
        {"quota": [{"value": "20", "interval": "10 seconds"}, {"value": "15000", "interval": "hour"}]},
        {"limits": {"short": {"limit": 20, "window_seconds": 10}, "long": {"limit": 15000, "window": 3600}}},
        {"rate_limits": [[20, 10], [15000, 3600]]},
        {"rate_limits": [[10, 20], [3600, 15000]]},
        {"rate_limits": [[20, "10s"], ["hour", 15000]]},
        {"limits": {"10": 20, "3600": 15000}},
        {"limits": {"20": 10, "15000": 3600}},
        {"limits": {"10s": 20, "1h": 15000}},
        {"limits": {"10": {"limit": 20}, "3600": {"limit": 15000}}},
        {"limits": {"10": {"limit": 20, "remaining": 3}, "3600": {"limit": 15000, "remaining": 100}}},
        {"limits": {"per_10_seconds": 20, "per_hour": 15000}},
        {"rate_limit_10": 20, "rate_limit_3600": 15000},
        {"rateLimit10s": 20, "rateLimitHour": 15000},
        {"requests_per_10_seconds": 20, "requests_per_hour": 15000},
        {"requestsPer10Sec": 20.0, "hourly_limit": "15000"},
        {"max_requests_10s": 20, "max_requests_1h": 15000},
        {"rate_limit": "20/10s, 15000/1h"},
        {"rate_limits": ["20/10s", "15000/3600s"]},
        {"ratelimit": ["20 requests per 10 seconds", "15000 requests per hour"]},
        {"ratelimit_policy": "20;w=10, 15000;w=3600"},
        {"throttle": {"rate": {"10": 20, "3600": 15000}}},
        {"https://plytix.example/claims/rate_limits": {"10": 20, "3600": 15000}},
        {"user_claims": {"plan": {"api": {"limits": [{"limit": 20, "window": 10}, [15000, 3600]]}}}},
        {"limits": {"10": 20, "3600": 15000, "60": 100, "products": 10000}, "exp": 3600, "iat": 10},
        {"limits": {"10": 20, "3600": 15000}, "rate_limit": "20/10s"},
    ],
)
def test_limits_are_read_in_every_shape_that_such_claims_have(claims: dict[str, object]) -> None:
    assert limits_from_claims(claims) == BOTH


@pytest.mark.parametrize(
    ("claims", "limits"),
    [
        ({"rate_limit": {"limit": 20, "window": 10}}, (Limit(20, 10.0),)),
        ({"limits": {"hour": 15000}}, (Limit(15000, 3600.0),)),
        ({"limits": [[10, 10]]}, (Limit(10, 10.0),)),
        ({"limits": {"10": 20, "3600": 15000}, "rate_limit_10": 50}, (Limit(15000, 3600.0),)),
        ({"limits": {"10": 20}, "rate": {"10": 50}}, None),
        ({"limits": {"api": {"10": 20}, "v1": {"10": 50}}}, None),
    ],
)
def test_a_window_is_believed_where_it_has_exactly_one_reading(
    claims: dict[str, object], limits: tuple[Limit, ...] | None
) -> None:
    assert limits_from_claims(claims) == limits


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": 1_700_000_900, "iat": 1_700_000_000, "sub": "10"},
        {"10": 20, "3600": 15000},
        {"window": 10, "max": 20},
        {"limits": {"products": 10000, "assets": 5000, "users": 10}},
        {"limits": {"uploads_per_hour": 500, "exports": {"limit": 200, "window": 3600}}},
        {"limits": {"storage_10": 20, "emails_per_hour": 15000}},
        {"rate_limits": [[10, 3600]]},
        {"rate_limits": [20, 15000]},
        {"limits": {"10": 0, "3600": -5}},
        {"limits": {"10": True, "3600": None}},
        {"limits": {"10": 20_000, "3600": 10**15}},
        {"limits": {"10": 500, "3600": 100}},
        {"limits": {"10": 20.5, "3600": float("inf")}},
        {"limits": {"10": float("nan")}},
        {"limits": {"minute": 100, "day": 50000}},
        {"limits": "as much as you like"},
        {"rate_limit": "v2/10s"},
    ],
)
def test_what_only_looks_like_a_limit_says_nothing(claims: dict[str, object]) -> None:
    assert limits_from_claims(claims) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["limit", "limits", "window", "10", "3600", "rate", "per", "٣"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["limits", "rate_limit", "x"]), _JSON, max_size=3))
def test_no_claims_make_the_reading_fail_or_give_what_is_not_plausible(claims: dict[str, object]) -> None:
    for limit in limits_from_claims(claims) or ():
        assert limit.window_s in (10.0, 3600.0)
        assert 1 <= limit.allowed <= 1_000_000


def test_claims_nested_without_end_are_given_up() -> None:
    claims: dict[str, object] = {"10": 20}
    for _ in range(5_000):
        claims = {"limits": claims}
    assert limits_from_claims(claims) is None

"""Limits and durations as people write them."""

import pytest

from amzsync.errors import ConfigError
from amzsync.limits.windows import PRESETS, Limit, parse_duration_s, parse_limits


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        (" 1.5 m ", 90),
        ("15m", 900),
        ("15min", 900),
        ("2h", 7200),
        ("2H", 7200),
        ("1d", 86400),
        ("500ms", 0.5),
        ("0", 0),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5s", "5 weeks", "1e3", "1:30", "s", "nan", "inf", "٣s٣"])
def test_what_is_no_duration_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a duration") as raised:
        parse_duration_s(text)
    assert "15m" in raised.value.next_step


@pytest.mark.parametrize(
    ("texts", "limits"),
    [
        (["50/10s", "5000/1h"], [(50, 10), (5000, 3600)]),
        (["5000/h", "50/10s"], [(50, 10), (5000, 3600)]),
        (["20 / 10 s"], [(20, 10)]),
        (["paid"], [(50, 10), (5000, 3600)]),
        (["Free"], [(20, 10), (2000, 3600)]),
        (["paid", "40/10s"], [(40, 10), (5000, 3600)]),
        (["40/10s", "50/10000ms", "60/10"], [(40, 10)]),
        ([], []),
    ],
)
def test_limits_are_kept_one_for_each_window_the_lowest_of_each(
    texts: list[str], limits: list[tuple[int, int]]
) -> None:
    assert parse_limits(texts) == tuple(Limit(*limit) for limit in limits)


@pytest.mark.parametrize(
    "text", ["", "50", "50/", "/10s", "0/10s", "-5/10s", "50/0s", "5.5/10s", "50/10s/2", "gold"]
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_limits([text])


@pytest.mark.parametrize(
    "limit", [*PRESETS["paid"], *PRESETS["free"], Limit(7, 90), Limit(3, 120), Limit(1, 0.5)]
)
def test_a_limit_is_written_as_it_is_read(limit: Limit) -> None:
    assert parse_limits([str(limit)]) == (limit,)

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
    with pytest.raises(ConfigError, match="is not a") as raised:
        parse_limits([text])
    assert raised.value.next_step.startswith("Write it as ")


@pytest.mark.parametrize(
    "limit", [*PRESETS["paid"], *PRESETS["free"], Limit(7, 90), Limit(3, 120), Limit(1, 0.5)]
)
def test_a_limit_is_written_as_it_is_read(limit: Limit) -> None:
    assert parse_limits([str(limit)]) == (limit,)


@pytest.mark.parametrize(
    ("window_s", "written"),
    [
        (3600.0, "8/1h"),
        (7200.0, "8/2h"),
        (5400.0, "8/90m"),
        (60.0, "8/1m"),
        (90.0, "8/90s"),
        (10.0, "8/10s"),
        (0.5, "8/0.5s"),
    ],
)
def test_a_window_is_written_in_the_longest_unit_that_is_whole(window_s: float, written: str) -> None:
    assert str(Limit(8, window_s)) == written


@pytest.mark.parametrize(
    ("window_s", "is_spaced", "is_short"),
    [(4.5, True, True), (5.0, False, True), (5.5, False, True), (60.0, False, True), (60.5, False, False)],
)
def test_a_window_below_five_seconds_is_used_evenly_and_up_to_a_minute_is_short(
    window_s: float, *, is_spaced: bool, is_short: bool
) -> None:
    assert (Limit(8, window_s).is_spaced, Limit(8, window_s).is_short) == (is_spaced, is_short)

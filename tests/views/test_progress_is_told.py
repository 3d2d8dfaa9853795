"""Progress: bars on a terminal, lines elsewhere, nothing when quiet."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from views.factories import FakeClock, plain_console

from amzsync.executor.events import Notice, Progress, QuotaUse, Traffic, Waiting
from amzsync.limits.windows import PRESETS
from amzsync.views.progress import Display, LineDisplay, LiveDisplay, QuietDisplay, make_display

PROGRESS = Progress(
    traffic=Traffic(requests=1_155, in_flight=5, rate_per_s=4.93, waiting=None),
    assets_done=120,
    assets_total=4_000,
    products_done=35,
    products_total=100,
    failures=2,
    quota=tuple(QuotaUse(limit, used) for limit, used in zip(PRESETS["paid"], (38, 1_204), strict=True)),
    left_s=125.0,
)


def lines(clock: FakeClock) -> tuple[LineDisplay, Callable[[], list[str]]]:
    console, stream = plain_console(80)
    display = LineDisplay(console, monotonic=clock.monotonic, now=clock.now)
    return display, lambda: stream.getvalue().splitlines()


def picture(*events: Progress, clock: FakeClock | None = None) -> str:
    console, stream = plain_console(80)
    display = LiveDisplay(console, now=(clock or FakeClock()).now)
    for event in events:
        display.progress(event)
    console.print(display.picture())
    return stream.getvalue()


def with_traffic(**changes: Any) -> Progress:
    return replace(PROGRESS, traffic=replace(PROGRESS.traffic, **changes))


def waiting(seconds: float, reason: str = "quota") -> Progress:
    return with_traffic(waiting=Waiting(seconds, reason))


def test_a_line_tells_work_requests_rate_quota_failures_and_time_left() -> None:
    clock = FakeClock()
    display, printed = lines(clock)

    clock.seconds += 30
    display.progress(PROGRESS)

    assert "\n".join(printed()) == (
        "images 120/4,000 · products 35/100 · 1,155 requests · 4.9/s · 38/50 in 10s · 1,204/5,000 in 1h"
        " · 2 failed · 5 in progress · about 2 min 05 s left"
    )


def test_lines_come_each_half_minute_however_many_events_there_are() -> None:
    clock = FakeClock()
    display, printed = lines(clock)

    for _ in range(1_200):
        clock.seconds += 0.1
        display.progress(PROGRESS)

    assert 3 <= len(printed()) <= 4


def test_the_start_of_a_wait_is_said_once_with_its_end_and_its_reason() -> None:
    clock = FakeClock()
    display, printed = lines(clock)

    for gone in range(10):
        clock.seconds = 100.0 + gone
        display.progress(waiting(20.0 - gone))

    assert printed() == ["waiting until 14:32:20+00:00: the account's rate limit is used up"]


def test_a_second_wait_is_said_again() -> None:
    clock = FakeClock()
    display, printed = lines(clock)

    display.progress(waiting(5.0))
    clock.seconds += 5
    display.progress(PROGRESS)
    display.progress(waiting(5.0, "refused"))

    assert printed()[1:] == ["waiting until 14:32:10+00:00: Plytix asked for a pause (HTTP 429)"]


def test_the_even_pace_is_no_wait_worth_a_line() -> None:
    display, printed = lines(FakeClock())

    display.progress(waiting(0.2))

    assert printed() == []


def test_a_wait_beyond_midnight_tells_the_day() -> None:
    display, printed = lines(FakeClock())

    display.progress(waiting(36_000.0))

    assert printed()[0].startswith("waiting until 2025-12-24 00:32")


def test_a_notice_is_always_said_in_lines() -> None:
    display, printed = lines(FakeClock())

    with display:
        display.notice(Notice("The real limit is lower: 40 in 10s."))

    assert printed() == ["The real limit is lower: 40 in 10s."]


def test_the_live_picture_has_a_bar_for_images_and_for_products() -> None:
    images, products, *rest = picture(PROGRESS).splitlines()

    assert images.startswith("images")
    assert "━━━" in products
    assert images.rstrip().endswith("120/4,000")
    assert products.rstrip().endswith("35/100")
    assert rest[0].startswith("1,155 requests · 4.9/s · 38/50 in 10s · 1,204/5,000 in 1h")
    assert "2 failed · 5 in progress · about 2 min 05 s left" in rest[1]


def test_the_live_picture_shows_a_wait_as_long_as_it_lasts() -> None:
    assert "waiting until 14:32:20+00:00" in picture(waiting(20.0))
    assert "waiting" not in picture(waiting(20.0), PROGRESS)


def retrying(count: int, why: str = "last answer HTTP 502") -> Progress:
    return with_traffic(retrying=count, last_failure=why)


def test_the_live_picture_shows_retries_and_their_cause_as_long_as_there_are_some() -> None:
    assert "retrying 5 requests, last answer HTTP 502" in picture(retrying(5))
    assert "retrying 1 request, api.example refused the connection\n" in picture(
        retrying(1, "api.example refused the connection.")
    )
    assert "retrying" not in picture(retrying(5), PROGRESS)


def test_retries_that_last_are_said_in_a_line_once_and_again_with_the_half_minute() -> None:
    clock = FakeClock()
    display, printed = lines(clock)

    for _ in range(29 * 4):
        clock.seconds += 0.25
        display.progress(retrying(5))
    assert printed() == ["retrying 5 requests, last answer HTTP 502"]

    clock.seconds += 1
    display.progress(retrying(3))
    assert "retrying 3 requests, last answer HTTP 502" in " ".join(printed()[1:])


def test_a_retry_that_passes_at_once_is_no_line() -> None:
    clock = FakeClock()
    display, printed = lines(clock)

    for _ in range(5):
        display.progress(retrying(1))
        clock.seconds += 0.5
        display.progress(PROGRESS)

    assert printed() == []


def test_the_end_of_a_wait_still_shows_it() -> None:
    clock = FakeClock()
    console, stream = plain_console(80)
    display = LiveDisplay(console, now=clock.now)
    display.progress(waiting(20.0))
    clock.seconds += 19
    display.progress(waiting(1.0))
    console.print(display.picture())

    assert "waiting until 14:32:20+00:00" in stream.getvalue()


def test_a_run_without_totals_rate_or_forecast_is_drawn_without_them() -> None:
    bare = Progress(Traffic(0, 0, float("inf"), None), 0, 0, 0, 0, 0, (), None)

    assert picture(bare).split() == ["0", "requests"]
    assert picture().split() == ["starting"]


def test_the_live_display_draws_on_its_terminal_and_puts_notices_above() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, legacy_windows=False)

    with LiveDisplay(console, now=FakeClock().now) as display:
        display.progress(PROGRESS)
        display.notice(Notice("uses a lower limit"))

    assert "uses a lower limit" in stream.getvalue()
    assert "1,155 requests" in stream.getvalue()


def test_the_live_display_is_taken_down_when_a_run_breaks_off() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)

    with pytest.raises(KeyboardInterrupt), LiveDisplay(console, now=FakeClock().now):
        raise KeyboardInterrupt

    with LiveDisplay(console, now=FakeClock().now) as second:
        second.progress(PROGRESS)


@pytest.mark.parametrize(
    ("terminal", "term", "quiet", "kind"),
    [
        (True, "xterm", False, LiveDisplay),
        (True, "dumb", False, LineDisplay),
        (False, "xterm", False, LineDisplay),
        (True, "xterm", True, QuietDisplay),
        (False, "xterm", True, QuietDisplay),
    ],
)
def test_the_display_fits_the_console(term: str, kind: type[Display], *, terminal: bool, quiet: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, _environ={"TERM": term})
    clock = FakeClock()

    assert type(make_display(console, quiet=quiet, monotonic=clock.monotonic, now=clock.now)) is kind


def test_a_quiet_display_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    console, stream = plain_console()
    clock = FakeClock()

    with make_display(console, quiet=True, monotonic=clock.monotonic, now=clock.now) as display:
        display.progress(waiting(60.0))
        display.notice(Notice("anything"))

    assert stream.getvalue() == ""
    assert capfd.readouterr() == ("", "")


def test_a_quiet_run_tells_warnings_only() -> None:
    console, stream = plain_console(80)
    display = QuietDisplay(console)

    display.notice(Notice("one last check in 20 s"))
    display.notice(Notice("Plytix announces: gone soon", is_warning=True))

    assert stream.getvalue() == "Plytix announces: gone soon\n"

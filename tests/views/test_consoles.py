"""Consoles and the words for numbers."""

import io
import subprocess
import sys
from collections.abc import Mapping

import pytest
from views.factories import plain_console

from amzsync.limits.windows import Limit
from amzsync.views.console import (
    Sheet,
    cost_text,
    count_text,
    duration_text,
    limit_text,
    make_console,
    own,
    plural,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed_red(
    *, environ: Mapping[str, str] | None = None, no_color: bool = False, quiet: bool = False
) -> str:
    stream = Terminal()
    environ = {"TERM": "xterm-256color", **(environ or {})}
    console = make_console(stream, environ=environ, width=80, no_color=no_color, quiet=quiet)
    console.print(own("stop", "red"))
    return stream.getvalue()


def test_a_terminal_gets_colours() -> None:
    assert "\x1b[" in printed_red()


def test_no_color_as_an_option_or_in_the_environment_means_no_escape_at_all() -> None:
    assert printed_red(no_color=True) == "stop\n"
    assert printed_red(environ={"NO_COLOR": "1"}) == "stop\n"


def test_an_empty_no_color_is_not_set() -> None:
    assert "\x1b[" in printed_red(environ={"NO_COLOR": ""})


def test_a_quiet_console_prints_nothing() -> None:
    assert printed_red(quiet=True) == ""


def test_a_stream_that_is_no_terminal_gets_no_escape() -> None:
    console, stream = plain_console()
    console.print(own("stop", "red"))
    assert stream.getvalue() == "stop\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (8.4, "8 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7_500, "2 h 05 min"),
        (273_600, "3 d 04 h"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_counts_are_grouped_and_one_is_singular() -> None:
    assert count_text(12_345) == "12,345"
    assert plural(1, "image") == "1 image"
    assert plural(0, "image") == "0 images"
    assert limit_text(Limit(5_000, 3_600.0)) == "5,000 in 1h"


def test_a_cost_below_a_second_is_told_as_no_wait_rather_than_as_no_time() -> None:
    assert cost_text(1, 0.0) == "up to 1 request; no waiting for rate limits expected"
    assert cost_text(5_300, 3_720.0) == "up to 5,300 requests, about 1 h 02 min at the account's rate limits"


def sheet() -> Sheet:
    made = Sheet("first", "second column", "third column", numbers=["second column"])
    made.add(own("ROW"), own("1,234"), own("words"))
    return made


def test_a_sheet_has_columns_where_they_fit() -> None:
    console, stream = plain_console(60)
    console.print(sheet())
    assert stream.getvalue().splitlines()[0].split() == ["first", "second", "column", "third", "column"]


def test_a_sheet_is_a_paragraph_a_row_where_columns_would_break_words() -> None:
    console, stream = plain_console(20)
    console.print(sheet())
    assert " ".join(stream.getvalue().split()) == "ROW: second column 1,234, third column words"


def test_rich_is_not_loaded_before_something_is_shown() -> None:
    modules = "console plan progress status summary report"
    code = "import sys\n" + "".join(f"import amzsync.views.{name}\n" for name in modules.split())
    found = subprocess.run(
        [sys.executable, "-c", code + "print('rich' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.strip() == "False"

"""Whatever a mapping, a file name or a server said cannot steer a terminal, and is not lost in markup."""

import io
import unicodedata
from collections.abc import Callable
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from views.factories import (
    HOSTILE,
    FakeClock,
    failure,
    plain_console,
    plan_view,
    product,
    status_view,
    summary,
)

from amzsync.executor.events import Notice, Progress, Traffic, Waiting
from amzsync.views.console import foreign, make_console, plain
from amzsync.views.plan import plan_json, render_plan
from amzsync.views.progress import LineDisplay, LiveDisplay
from amzsync.views.report import report_json
from amzsync.views.status import render_status, status_json
from amzsync.views.summary import render_summary

VIEWS: dict[str, Callable[[str, Console], None]] = {
    "plan": lambda text, console: render_plan(plan_view(text), console),
    "refreshed plan": lambda text, console: render_plan(plan_view(text, refreshed=True), console),
    "status": lambda text, console: render_status(status_view(text), console, UTC),
    "summary": lambda text, console: render_summary(summary(text), console),
}


def assert_harmless(printed: str) -> None:
    acting = {c for c in printed if c != "\n" and not c.isprintable()}
    assert not acting


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_prints_a_character_that_acts_and_none_overflows_its_console(
    view: str, text: str, width: int
) -> None:
    console, stream = plain_console(width)

    VIEWS[view](text, console)

    assert_harmless(stream.getvalue())
    # A command that is broken over lines could not be copied.
    lines = [line for line in stream.getvalue().splitlines() if not line.startswith("Next: ")]
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("text", ["[red]markup[/red]", "=HYPERLINK(1)", "<b>bold</b>", ":smile:", "[/]"])
@pytest.mark.parametrize("view", VIEWS)
def test_markup_is_shown_as_it_was_written(view: str, text: str) -> None:
    console, stream = plain_console(200)

    VIEWS[view](text, console)

    assert text in stream.getvalue()


@pytest.mark.parametrize("view", VIEWS)
def test_no_foreign_escape_reaches_a_coloured_terminal(view: str) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, markup=False, highlight=False)

    VIEWS[view]("a\x1b]0;title\x07b\x1b[2J\u202e", console)

    for acting in ("\x1b]", "\x07", "\x1b[2J", "\u202e"):
        assert acting not in stream.getvalue()
    assert "\\x1b]0;title\\x07" in stream.getvalue()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_progress_in_lines_says_notices_and_reasons_without_acting(text: str) -> None:
    console, stream = plain_console(80)
    display = LineDisplay(console, monotonic=FakeClock().monotonic, now=FakeClock().now)

    display.notice(Notice(text))
    display.progress(Progress(Traffic(1, 0, 0.0, Waiting(9.0, text)), 0, 0, 0, 0, 0, (), None))

    assert_harmless(stream.getvalue())
    assert len(stream.getvalue().splitlines()) == 2


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_live_picture_shows_a_reason_without_acting(text: str) -> None:
    console, stream = plain_console(80)
    display = LiveDisplay(console, now=FakeClock().now)

    display.notice(Notice(text))
    display.progress(Progress(Traffic(1, 0, 0.0, Waiting(9.0, text)), 0, 0, 0, 0, 0, (), None))
    console.print(display.picture())

    assert_harmless(stream.getvalue())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_json_is_plain_ascii_whatever_it_holds(text: str) -> None:
    view, state, done = plan_view(text), status_view(text), summary(text)
    for chunks in (
        plan_json(view, iter([product(text, text)]), iter([failure(text, text, text)])),
        status_json(state),
        report_json(done.report, [failure(text, text, text)]),
    ):
        document = "".join(chunks)
        assert document.isascii()
        assert_harmless(document)


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_plain_text_is_one_bounded_line_of_visible_characters(text: str, limit: int) -> None:
    shown = plain(text, limit)

    assert len(shown) <= limit
    assert all(c.isprintable() and unicodedata.category(c) not in {"Cf", "Cc", "Zl", "Zp"} for c in shown)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"], max_codepoint=0x0FF), max_size=50))
def test_harmless_text_is_left_as_it_is(text: str) -> None:
    assert plain(text, 50) == text


def test_a_cut_text_ends_in_an_ellipsis_and_never_within_an_escape() -> None:
    assert plain("x" * 11, 10) == "x" * 9 + "…"
    assert plain("xxxxxxx\x1b\x1b", 10) == "xxxxxxx…"
    assert plain("x" * 10, 10) == "x" * 10


def test_characters_that_are_drawn_as_nothing_become_visible() -> None:
    assert plain("a\u200bb\u3164c\u00a0d") == "a\\u200bb\\u3164c\\xa0d"


def test_foreign_text_is_never_markup() -> None:
    assert foreign("[bold]x[/bold]").plain == "[bold]x[/bold]"
    assert foreign("[bold]x[/bold]").spans == []


def test_a_character_the_stream_cannot_encode_does_not_end_the_program() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    render_summary(summary("漢字 é"), make_console(stream, environ={}, width=80))
    stream.flush()

    assert b"\\u6f22" in raw.getvalue()

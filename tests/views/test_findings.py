"""Findings on a terminal: a line each, and next steps that can be copied."""

import io

import pytest

from amzsync.doctor.finding import ok, problem, warning
from amzsync.views.console import make_console
from amzsync.views.doctor import print_findings

STEP = "`amzsync doctor --ledger a/rather/long/path/to/a/ledger.db --plytix-account production FILE`"
FINDINGS = [
    ok("API", "It answers."),
    warning("clock", "It is late."),
    problem("products", "None " * 30, STEP),
]


def shown(encoding: str, width: int = 60) -> list[str]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    print_findings(FINDINGS, make_console(stream, environ={}, width=width))
    stream.flush()
    return raw.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize(("encoding", "signs"), [("utf-8", ["✓", "!", "✗"]), ("ascii", ["ok", "!", "x"])])
def test_each_has_its_sign_or_a_word_where_the_terminal_has_none(encoding: str, signs: list[str]) -> None:
    assert [line.split()[0] for line in shown(encoding) if not line.startswith(" ")] == signs


def test_subjects_and_texts_stand_below_each_other() -> None:
    lines = shown("utf-8")
    assert {line.index(word) for line, word in zip(lines, ("It", "It", "None"), strict=False)} == {13}
    assert all(line.startswith(" " * 13) for line in lines[3:])


def test_a_next_step_is_in_one_line_however_long() -> None:
    assert STEP in [line.strip() for line in shown("utf-8")]

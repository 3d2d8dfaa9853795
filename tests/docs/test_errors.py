"""Every kind of error is explained, in the words the program uses."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from docs.page import ROOT, table

from amzsync import errors


def _kinds(root: type[Exception]) -> Iterator[str]:
    yield root.__name__
    for below in root.__subclasses__():
        yield from _kinds(below)


@cache
def _said() -> tuple[str, ...]:
    """Every text of the program, with … for what differs."""
    return tuple(_texts())


def _texts() -> Iterator[str]:
    for path in sorted((ROOT / "amzsync").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)


def _messages() -> list[str]:
    """What the page quotes: the second column of the errors, the first of the reasons."""
    columns = [example for _, example, _ in table("table: errors")]
    columns += [reason for reason, *_ in table("table: reasons")]
    quoted = [text for column in columns for text in re.findall(r"`([^`]+)`", column)]
    return [text for text in quoted if not text.startswith("HTTP ")]


def test_every_kind_of_error_is_explained() -> None:
    told = {name for kind, *_ in table("table: errors") for name in re.findall(r"`(\w+Error)`", kind)}
    assert told == set(_kinds(errors.AmzsyncError))


@pytest.mark.parametrize("message", _messages())
def test_every_message_quoted_is_one_the_program_says(message: str) -> None:
    # A text may go on where the quotation ends with …, and begin before one that starts with it.
    wanted = ".*".join(map(re.escape, message.removesuffix("…").split("…")))
    assert any(re.search(wanted, text) for text in _said())

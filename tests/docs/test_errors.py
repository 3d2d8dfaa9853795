"""Every kind of error is explained, in the words the program uses."""

import ast
import re
from collections.abc import Iterator

import pytest
from docs.page import README, ROOT

from amzsync import errors

SECTION = README.partition("## Errors, and what to do")[2].partition("\n## ")[0]


def _kinds(root: type[Exception]) -> Iterator[str]:
    yield root.__name__
    for below in root.__subclasses__():
        yield from _kinds(below)


def _said() -> Iterator[str]:
    """Every text of the program, with … for what differs."""
    for path in sorted((ROOT / "amzsync").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)


def _messages() -> list[str]:
    """What README quotes: the second column of the first table, the first of the second."""
    kinds, _, reasons = SECTION.partition("What a row's failure or reason means:")
    columns = [line.split(" | ")[1] for line in kinds.splitlines() if line.startswith("|")]
    columns += [line.split(" | ")[0] for line in reasons.splitlines() if line.startswith("|")]
    quoted = [text for column in columns for text in re.findall(r"`([^`]+)`", column)]
    return [text for text in quoted if not text.startswith("HTTP ")]


def test_every_kind_of_error_is_explained() -> None:
    kinds = set(_kinds(errors.AmzsyncError))
    assert kinds == set(re.findall(r"`(\w+Error)`", SECTION))


@pytest.mark.parametrize("message", _messages())
def test_every_message_quoted_is_one_the_program_says(message: str) -> None:
    # A text may go on where README's quotation ends with …, and begin before one that starts with it.
    wanted = ".*".join(map(re.escape, message.removesuffix("…").split("…")))
    assert any(re.search(wanted, text) for text in _said())

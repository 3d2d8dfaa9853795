"""README as values: its fenced blocks, its tables, the commands it shows."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import typer

from amzsync.cli.app import app

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample_mapping.json"
TROUBLED = ROOT / "data" / "troubled_mapping.json"
README = (ROOT / "README.md").read_text(encoding="utf-8")

_FENCED = re.compile(
    r"(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
_STOPS = {"&&", ";", "||", "|", "&"}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `mark` is the comment in the line above it."""

    mark: str
    language: str
    body: str


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to, with both streams in one text."""

    code: int
    text: str


def blocks() -> list[Block]:
    return [
        Block(found["mark"] or "", found["language"], found["body"]) for found in _FENCED.finditer(README)
    ]


def block(mark: str) -> str:
    """The body of the one block that carries this mark."""
    (body,) = [one.body for one in blocks() if one.mark == mark]
    return body


def table(mark: str) -> list[list[str]]:
    """The cells of the table below a mark, or below a heading, without its head."""
    _, _, rest = README.partition(f"<!-- {mark} -->\n")
    lines = [line for line in rest.partition("\n\n")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def shown_commands() -> list[list[str]]:
    """The words after `amzsync` of every command in the shell blocks."""
    lines = [line for one in blocks() if one.language == "sh" for line in one.body.splitlines()]
    return [words for line in lines for words in _commands_in(line)]


def _commands_in(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    stops = [-1, *(at for at, word in enumerate(words) if word in _STOPS), len(words)]
    for before, after in pairwise(stops):
        command = words[before + 1 : after]
        if command and Path(command[0]).name == "amzsync":
            yield command[1:]


def leaf_commands() -> dict[str, click.Command]:
    """Every command that does something, by its whole name."""
    return dict(_leaves("", typer.main.get_command(app)))


def _leaves(name: str, command: Any) -> Iterator[tuple[str, click.Command]]:
    commands: Mapping[str, Any] | None = getattr(command, "commands", None)
    if commands is None:
        yield name, command
        return
    for part, below in commands.items():
        yield from _leaves(f"{name} {part}".strip(), below)


def option_names(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts} - {"--help", "-h"}


def amzsync(*words: str, cwd: Path, **environment: str) -> Ran:
    """Run the installed program as README shows it, a hundred columns wide."""
    done = subprocess.run(
        [sys.executable, "-m", "amzsync", *words],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout)


def sample_folder(where: Path) -> Path:
    """A folder that looks like the repository to the sample's command."""
    (where / "data").mkdir(parents=True)
    (where / ".sample").mkdir()
    for mapping in (SAMPLE, TROUBLED):
        shutil.copy(mapping, where / "data")
    return where

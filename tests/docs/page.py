"""The Markdown pages of the repository as values: fenced blocks, tables, and the commands they show."""

import contextlib
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import click
import typer
from cli import terminal

from amzsync.cli.app import app

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample_mapping.json"
TROUBLED = ROOT / "data" / "troubled_mapping.json"

_FENCED = re.compile(
    r"(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
_FOLDERS = ("data", "migrations", "amzsync", "tests", ".github")
_STOPS = {"&&", ";", "||", "|", "&"}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `mark` is the comment in the line above it."""

    mark: str
    language: str
    body: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `path` is where it stands in the repository."""

    path: str
    text: str

    def blocks(self) -> list[Block]:
        return [
            Block(found["mark"] or "", found["language"], found["body"])
            for found in _FENCED.finditer(self.text)
        ]

    def shell(self) -> str:
        return "".join(one.body for one in self.blocks() if one.language == "sh")

    def prose(self) -> str:
        """The text without its fenced blocks."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.DOTALL | re.MULTILINE)

    def anchors(self) -> set[str]:
        """What a link to a heading of this page may end with."""
        headings = re.findall(r"^#+ (.*)$", self.prose(), re.MULTILINE)
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def links(self) -> list[str]:
        return re.findall(r"\]\(([^)\s]*)\)", self.prose())


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to, with both streams in one text."""

    code: int
    text: str


def _read() -> Iterator[Page]:
    paths = [ROOT / "README.md"]
    for folder in _FOLDERS:
        paths += sorted((ROOT / folder).rglob("*.md"))
    for path in paths:
        yield Page(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


PAGES = {page.path: page for page in _read()}
README = PAGES["README.md"]


def block(mark: str) -> str:
    """The body of the one block of all pages that carries this mark."""
    (body,) = [one.body for page in PAGES.values() for one in page.blocks() if one.mark == mark]
    return body


def table(mark: str) -> list[list[str]]:
    """The cells of the one table of all pages that carries this mark, without its head."""
    (text,) = [page.text for page in PAGES.values() if f"<!-- {mark} -->\n" in page.text]
    _, _, rest = text.partition(f"<!-- {mark} -->\n")
    lines = [line for line in rest.partition("\n\n")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def shell_commands(text: str) -> list[list[str]]:
    """The words of each command of a shell text, a folder before the program's name taken off."""
    return [words for line in text.splitlines() for words in _commands_in(line)]


def all_shell_commands() -> list[list[str]]:
    """Those of the shell blocks of all pages, each once."""
    shown = "".join(page.shell() for page in PAGES.values())
    return [list(words) for words in dict.fromkeys(map(tuple, shell_commands(shown)))]


def amzsync_commands(text: str) -> list[list[str]]:
    """The words after `amzsync` of each of its commands in a shell text."""
    return [words[1:] for words in shell_commands(text) if words[0] == "amzsync"]


def _commands_in(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    stops = [-1, *(at for at, word in enumerate(words) if word in _STOPS), len(words)]
    for before, after in pairwise(stops):
        command = words[before + 1 : after]
        if command:
            is_installed = "venv" in Path(command[0]).parent.as_posix()
            yield [Path(command[0]).name if is_installed else command[0], *command[1:]]


def leaf_commands() -> dict[str, click.Command]:
    """Every command that does something, by its whole name."""
    return dict(_leaves("", typer.main.get_command(app)))


def _leaves(name: str, command: Any) -> Iterator[tuple[str, click.Command]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    context = command.make_context(name, [], resilient_parsing=True)
    for part in command.commands:
        _, below, _ = command.resolve_command(context, [part])
        yield from _leaves(f"{name} {part}".strip(), below)


def option_names(command: click.Command) -> set[str]:
    names = {name for parameter in command.params for name in parameter.opts if name.startswith("-")}
    return names - {"--help", "-h"}


def amzsync(*words: str, cwd: Path, **environment: str) -> Ran:
    """Call the installed program as the pages show it, a hundred columns wide."""
    fixed = {"COLUMNS": "100", "NO_COLOR": "1"}
    with contextlib.chdir(cwd), mock.patch.dict(os.environ, {**fixed, **environment}):
        ran = terminal.amzsync(*words, is_merged=True)
    return Ran(ran.code, ran.out)


def sample_folder(where: Path) -> Path:
    """A folder that looks like the repository to the sample's command."""
    (where / "data").mkdir(parents=True)
    (where / ".sample").mkdir()
    for mapping in (SAMPLE, TROUBLED):
        shutil.copy(mapping, where / "data")
    return where

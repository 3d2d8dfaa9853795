"""What a command comes to: a value, which `output` alone shows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.cli.exits import ExitCode
from amzsync.errors import AmzsyncError
from amzsync.views.report_page import ReportPage

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["CommandResult", "PageFile", "Payload", "Stream"]


class Stream(Enum):
    """Where words go."""

    OUT = auto()
    ERR = auto()


@dataclass(frozen=True, slots=True)
class Payload:
    """What was asked for: `words` prints it for people, `document` is its JSON in chunks.

    `brief` prints how it ended, what went wrong, and what to type next: it is for the log and, unless all
    `is_well`, to be seen with -q and --json, too. None of them is called before the result is shown, so that
    a document of any length is never held whole.
    """

    words: Callable[["Console"], None] | None
    document: Callable[[], Iterable[str]]
    stream: Stream = Stream.OUT
    brief: Callable[["Console"], None] | None = None
    file: Path | None = None
    """Where the document is written as well."""
    is_well: bool = False
    is_document: bool = False
    """The document is what is printed, where it is not written into a file; `words` tell of the file."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """A report page to write; what it shows is read from the ledger when the result is shown."""

    path: Path
    page: Callable[[], ReportPage]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """`messages` are sentences for stderr; `error` is why the command could not go on."""

    exit_code: ExitCode
    payload: Payload | None = None
    messages: tuple[str, ...] = ()
    error: AmzsyncError | None = None
    page: PageFile | None = None

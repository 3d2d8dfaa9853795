"""Where a command's words go: consoles, the JSON document, the log."""

import os
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from amzsync.cli.options import OutputOptions
from amzsync.errors import AmzsyncError
from amzsync.views.console import make_console, plain
from amzsync.views.summary import with_ledger

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Voice"]


class Voice:
    """`out` is for what was asked for, `err` for everything else; with --json `out` is silent."""

    def __init__(self, options: OutputOptions, ledger: str | None = None) -> None:
        """`ledger` is what the next step after an error must name."""
        self.is_quiet = options.is_quiet
        self.as_json = options.as_json
        self._ledger = ledger
        self.out: Console = make_console(
            sys.stdout,
            environ=os.environ,
            no_color=options.no_color,
            quiet=self.is_quiet or self.as_json,
        )
        self.err: Console = make_console(sys.stderr, environ=os.environ, no_color=options.no_color)

    def document(self, chunks: Iterable[str]) -> None:
        """Print the JSON document."""
        sys.stdout.writelines(chunks)
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """A line of our own to stderr, unless quiet."""
        if not self.is_quiet:
            self.err.print(plain(text, 2000), soft_wrap=True)

    def warn(self, text: str) -> None:
        """A line of our own to stderr, in any case."""
        self.err.print(plain(text, 2000), style="yellow", soft_wrap=True)

    def complain(self, error: AmzsyncError) -> None:
        """One or two plain sentences: what happened, what to do next."""
        error = AmzsyncError(error.message, with_ledger(error.next_step, self._ledger))
        text = plain(" ".join(filter(None, (_sentence(error.message), error.next_step))), 2000)
        self.err.print(f"amzsync: {text}", style="red", soft_wrap=True)
        if self.as_json:
            self.document(error_document(error))


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def error_document(error: AmzsyncError) -> Iterable[str]:
    from amzsync.views.document import document  # noqa: PLC0415 - only on the way out

    return document({"error": {"message": error.message, "next_step": error.next_step}})


def local_now() -> datetime:
    return datetime.now().astimezone()

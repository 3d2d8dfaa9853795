"""The one place where a command's result becomes words, JSON and files."""

import io
import logging
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from amzsync.cli.exits import ExitCode
from amzsync.cli.next_steps import completed
from amzsync.cli.options import OutputOptions, TargetOptions
from amzsync.cli.result import CommandResult, PageFile, Payload, Stream
from amzsync.errors import AmzsyncError
from amzsync.views.changes import Listing
from amzsync.views.console import make_console, plain
from amzsync.views.report import write_report
from amzsync.views.report_files import write_pages

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "error_document", "local_now"]

_LOG = logging.getLogger("amzsync")
_LONGEST_MESSAGE = 2000


class Output:
    """`out` is for what was asked for, `err` for everything else; with --json `out` is silent."""

    def __init__(self, options: OutputOptions, target: TargetOptions | None = None) -> None:
        """`target` is what the next step after an error must name."""
        self.is_quiet = options.is_quiet
        self.listing = Listing(show_all=options.show_all, show_addresses=options.verbosity > 0)
        self._as_json = options.as_json
        self._target = target or TargetOptions()
        self.out: Console = make_console(
            sys.stdout,
            environ=os.environ,
            no_color=options.no_color,
            quiet=options.is_quiet or options.as_json,
        )
        self.err: Console = make_console(sys.stderr, environ=os.environ, no_color=options.no_color)

    def show(self, result: CommandResult) -> None:
        """Show all of a result but its error, whose document is the one on stdout where there is one."""
        for message in result.messages:
            self.notice(message)
        if result.payload:
            _log_brief(result.payload)
            self._show(result.payload, result)
        if result.page:
            self._write_page(result.page, result)
        sys.stdout.flush()

    def _show(self, payload: Payload, result: CommandResult) -> None:
        if payload.file:
            write_report(payload.file, payload.document())
        is_printed = self._as_json or (payload.is_document and not payload.file)
        if is_printed and not result.error:
            self.write(payload.document())
        if self.is_quiet or self._as_json:
            # A document that was asked for tells by itself what is not in place.
            is_told = self._as_json and not self.is_quiet and result.exit_code is ExitCode.DONE
            if payload.brief and not (payload.is_well or is_told):
                payload.brief(self.err)
        elif payload.words and not (payload.is_document and is_printed):
            payload.words(self.err if payload.stream is Stream.ERR else self.out)

    def _write_page(self, file: PageFile, result: CommandResult) -> None:
        try:
            written = write_pages(file.path, file.page())
        except AmzsyncError as error:
            if not result.error:
                raise
            # Why the command could not go on is what has to be told last.
            self.warn(error.message)
            return
        _LOG.info("%s", written.text())
        self.out.print(plain(written.text(), _LONGEST_MESSAGE), soft_wrap=True)

    def show_error(self, error: AmzsyncError) -> None:
        """One or two plain sentences: what happened, what to do next."""
        error = AmzsyncError(error.message, completed(error.next_step, self._target))
        sentences = " ".join(filter(None, (_sentence(error.message), error.next_step)))
        _LOG.error("%s", sentences)
        self.err.print(f"amzsync: {plain(sentences, _LONGEST_MESSAGE)}", style="red", soft_wrap=True)
        if self._as_json:
            self.write(error_document(error))

    def write(self, chunks: Iterable[str]) -> None:
        """Write to stdout as it is."""
        sys.stdout.writelines(chunks)
        sys.stdout.flush()

    def notice(self, text: str) -> None:
        """A line on stderr, unless quiet."""
        _LOG.info("%s", text)
        if not self.is_quiet:
            self.err.print(plain(text, _LONGEST_MESSAGE), soft_wrap=True)

    def warn(self, text: str) -> None:
        """A line on stderr, in any case."""
        _LOG.warning("%s", text)
        self.err.print(plain(text, _LONGEST_MESSAGE), style="yellow", soft_wrap=True)

    def detail(self, text: str) -> None:
        """A line on stderr that was asked for with -v."""
        self.err.print(plain(text, _LONGEST_MESSAGE), style="dim", soft_wrap=True)


def _log_brief(payload: Payload) -> None:
    """The log tells the outcome as people are told it."""
    if payload.brief and _LOG.isEnabledFor(logging.INFO):
        lines = io.StringIO()
        payload.brief(make_console(lines, environ={}, width=_LONGEST_MESSAGE))
        for line in lines.getvalue().splitlines():
            _LOG.info("%s", line)


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def error_document(error: AmzsyncError) -> Iterable[str]:
    from amzsync.views.document import document  # noqa: PLC0415 - only on the way out

    return document({"error": {"message": error.message, "next_step": error.next_step}})


def local_now() -> datetime:
    return datetime.now().astimezone()

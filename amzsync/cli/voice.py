"""Where a command's words go: consoles, the JSON document, the log."""

import logging
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from amzsync.cli.options import Speech
from amzsync.errors import AmzsyncError, ConfigError
from amzsync.views.console import make_console, plain
from amzsync.views.summary import with_ledger

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Voice"]

_LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Voice:
    """`out` is for what was asked for, `err` for everything else; with --json `out` is silent."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech
        self.out: Console = make_console(
            sys.stdout,
            environ=os.environ,
            no_color=speech.no_color,
            quiet=speech.is_quiet or speech.as_json,
        )
        self.err: Console = make_console(sys.stderr, environ=os.environ, no_color=speech.no_color)

    def document(self, chunks: Iterable[str]) -> None:
        """Print the JSON document."""
        sys.stdout.writelines(chunks)
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """A line of our own to stderr, unless quiet."""
        if not self.speech.is_quiet:
            self.err.print(plain(text, 2000), soft_wrap=True)

    def start_log(self) -> None:
        """Log requests where --log-file or -v asks for it.

        Raises:
            ConfigError: the log file cannot be written.
        """
        logger = logging.getLogger("amzsync")
        logger.propagate = False
        logger.setLevel(logging.DEBUG if self.speech.log_file or self.speech.verbosity else logging.CRITICAL)
        if self.speech.verbosity:
            logger.addHandler(logging.StreamHandler(sys.stderr))
        if self.speech.log_file:
            try:
                handler = logging.FileHandler(self.speech.log_file, encoding="utf-8")
            except OSError as error:
                raise ConfigError(
                    f"The log file {self.speech.log_file} cannot be written ({error.strerror}).",
                    "Choose another with --log-file FILE.",
                ) from None
            handler.setFormatter(logging.Formatter(_LOG_FORMAT))
            logger.addHandler(handler)

    def end_log(self) -> None:
        """Close the log."""
        logger = logging.getLogger("amzsync")
        while logger.handlers:
            handler = logger.handlers[-1]
            logger.removeHandler(handler)
            handler.close()

    def complain(self, error: AmzsyncError) -> None:
        """One or two plain sentences: what happened, what to do next."""
        error = AmzsyncError(error.message, with_ledger(error.next_step, self.speech.ledger))
        text = plain(" ".join(filter(None, (_sentence(error.message), error.next_step))), 2000)
        self.err.print(f"amzsync: {text}", style="red", soft_wrap=True)
        if self.speech.as_json:
            self.document(error_document(error))


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def error_document(error: AmzsyncError) -> Iterable[str]:
    from amzsync.views.document import document  # noqa: PLC0415 - only on the way out

    return document({"error": {"message": error.message, "next_step": error.next_step}})


def local_now() -> datetime:
    return datetime.now().astimezone()

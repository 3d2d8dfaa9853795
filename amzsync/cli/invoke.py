"""From a command to the end of the process: the one place where what it raises is caught."""

import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import NoReturn

import typer

from amzsync import __version__
from amzsync.cli.exits import ExitCode, exit_code_of
from amzsync.cli.log import end_log, start_log
from amzsync.cli.next_steps import typed_again
from amzsync.cli.options import OutputOptions, TargetOptions
from amzsync.cli.output import Output
from amzsync.cli.result import CommandResult
from amzsync.errors import AmzsyncError

__all__ = ["Command", "invoke"]

_LOG = logging.getLogger("amzsync")

Command = Callable[[Output, ExitStack], CommandResult]
"""A command. What it opens on the stack stays open until its result is shown."""


def invoke(command: Command, options: OutputOptions, target: TargetOptions | None = None) -> NoReturn:
    """Run a command and show its result; an error becomes one or two sentences and an exit code."""
    output = Output(options, target)
    code: ExitCode | None = None
    try:
        start_log(options.log_file, show=output.detail if options.verbosity else None, warn=output.warn)
        _LOG.info("amzsync %s: %s", __version__, typed_again())
        code = _run(command, output)
    except typer.BadParameter:
        raise
    except BrokenPipeError as error:
        # Whoever read our output has left: nothing more can be said to them.
        sys.stderr.close()
        code = exit_code_of(error)
    except KeyboardInterrupt as error:
        output.show_error(AmzsyncError("Interrupted.", f"Nothing is lost. Continue with `{typed_again()}`."))
        code = exit_code_of(error)
    except Exception as error:
        if options.verbosity > 1:
            raise
        output.show_error(_explained(error))
        code = exit_code_of(error)
    finally:
        if code is not None:
            _LOG.info("Ended with exit code %d.", code)
        end_log()
    raise typer.Exit(code)


def _run(command: Command, output: Output) -> ExitCode:
    with ExitStack() as resources:
        result = command(output, resources)
        output.show(result)
        if result.error:
            raise result.error
        return result.exit_code


def _explained(error: Exception) -> AmzsyncError:
    if isinstance(error, AmzsyncError):
        return error
    return AmzsyncError(
        f"Unexpected error ({type(error).__name__}).",
        "Run it again with -vv for the details; what was done is kept.",
    )

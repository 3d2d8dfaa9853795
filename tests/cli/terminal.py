"""The program as a shell calls it, but in this process: what it says, and how it ends."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from typer.main import get_command

from amzsync.cli import app

TIMEOUT_S = 60
_COMMAND = get_command(app.app)
"""Made once, not by each call."""


@dataclass(frozen=True)
class Result:
    """What one call printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout; fails where there is anything else."""
        return json.loads(self.out)

    @property
    def error_text(self) -> str:
        """The error as one line without the program's name."""
        last = " ".join(self.err.split())
        assert last.startswith("amzsync: "), self.err
        return last.removeprefix("amzsync: ")


class _Stream(io.TextIOWrapper):
    def __init__(self, text: str = "", *, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


def amzsync(
    *arguments: object,
    answer: str | None = None,
    is_terminal: bool = False,
    piped: str = "",
    is_merged: bool = False,
) -> Result:
    """Call it; with an `answer`, a person at a terminal gives it when asked; `piped` is standard input.

    `is_merged`: what goes to stderr stands in `out`, as with `2>&1`.
    """
    streams: dict[str, Any] = {
        "stdin": _Stream(answer or piped, is_terminal=answer is not None),
        "stdout": _Stream(is_terminal=is_terminal),
        "stderr": _Stream(is_terminal=is_terminal),
    }
    if is_merged:
        streams["stderr"] = streams["stdout"]
    argv = ["amzsync", *(str(argument) for argument in arguments)]
    # Signals belong to the whole process: those of the tests stay as they are.
    with (
        mock.patch.multiple("sys", argv=argv, **streams),
        mock.patch("signal.signal"),
        mock.patch.object(app, "app", _COMMAND),
    ):
        try:
            app.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Result(code, streams["stdout"].text(), "" if is_merged else streams["stderr"].text())


def start(
    *arguments: object, cwd: Path, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """The same as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "amzsync", *(str(argument) for argument in arguments)],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            **(env or {}),
        },
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | options,
    )


def run(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> Result:
    """The same, to its end."""
    with start(*arguments, cwd=cwd, env=env) as process:
        out, err = process.communicate(timeout=TIMEOUT_S)
    return Result(process.returncode, out, err)

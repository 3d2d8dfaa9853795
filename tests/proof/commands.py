"""Running the real command in processes of its own, to their end or to a chosen death."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from proof import crash_harness
from sandbox_faults import Sandbox

__all__ = ["KEY", "PASSWORD", "Commands", "Ended", "Running", "account", "end_all", "environment"]

KEY = "key-4f1d9c7e"
PASSWORD = "password-b81e02aa"
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended; a negative code is the signal that killed it. `in_flight` as it was at the end."""

    code: int
    out: str
    err: str
    in_flight: int

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


def environment(api_url: str, auth_url: str, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PLYTIX_API_URL": api_url,
        "PLYTIX_AUTH_URL": auth_url,
        "PLYTIX_API_KEY": KEY,
        "PLYTIX_API_PASSWORD": PASSWORD,
    }


class _Parent:
    """The process whose children are the commands; ready once and used again, for its start costs most."""

    idle: ClassVar[list["_Parent"]] = []

    def __init__(self) -> None:
        # Where the program lies is told by the paths of this process, not by the folder of the tests alone.
        paths = [str(Path(crash_harness.__file__).parents[1]), *filter(None, sys.path)]
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", crash_harness.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self.children = 0

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def end(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(TIMEOUT_S)
        self.process.stdout.close()


def end_all() -> None:
    """Let every process that waits for work end."""
    while _Parent.idle:
        _Parent.idle.pop().end()


class Commands:
    """Processes that run one after the other, in one folder. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = folder / "amzsync.db"
        self._parent = _Parent.idle.pop() if _Parent.idle else _Parent()
        # Beside others in one folder: each has files of its own.
        self._own = f"{self._parent.process.pid}"
        self._in_flight_path = folder / f"in-flight-{self._own}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None = None, *_: object) -> None:
        if kind is None:
            _Parent.idle.append(self._parent)
        else:
            self._parent.end()  # Its child may still be at work: whoever comes next gets another.

    def start(self, env: Mapping[str, str], arguments: Sequence[object], **order: object) -> "Running":
        self._parent.children += 1
        out, err = (self.folder / f"{name}-{self._own}-{self._parent.children}" for name in ("out", "err"))
        for file in (out, err):
            file.touch()  # A kill may come before the process has opened them.
        self._in_flight_path.write_bytes(bytes(crash_harness.COUNTER.size))
        whole = {
            "cwd": str(self.folder),
            "env": dict(env),
            "stdout": str(out),
            "stderr": str(err),
            "in_flight": str(self._in_flight_path),
            "ledger": str(self.ledger),
            "arguments": [str(argument) for argument in arguments],
            **order,
        }
        self.say(json.dumps(whole))
        return Running(int(self.line()), self, out, err)

    def run(self, env: Mapping[str, str], *arguments: object, **order: object) -> Ended:
        """Run the command; `order` says at which event it dies (see `crash_harness`)."""
        return self.start(env, arguments, **order).wait()

    def say(self, line: str) -> None:
        self._parent.say(line)

    def line(self) -> str:
        return self._parent.line()

    def in_flight(self) -> int:
        (count,) = crash_harness.COUNTER.unpack(self._in_flight_path.read_bytes())
        return int(count)


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    _commands: Commands
    _out: Path
    _err: Path

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    def wait(self) -> Ended:
        self._commands.line()  # It has ended,
        self._commands.say("reap")
        code = int(self._commands.line())
        return Ended(code, self._out.read_text(), self._err.read_text(), self._commands.in_flight())


def account(sandbox: Sandbox, home: Path) -> dict[str, str]:
    return environment(sandbox.url, sandbox.auth_url, home)

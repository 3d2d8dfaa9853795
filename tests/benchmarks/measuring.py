"""Run a command and tell what it took; print what was found."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A program that is not compiled anew each time, as wherever it is installed.
_AS_INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Took:
    """Wall and processor seconds, and the largest memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    code: int


def took(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Took:
    """Run to the end; output goes to `output.txt` in the folder."""
    started = time.perf_counter()
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**_AS_INSTALLED, **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Took(
        time.perf_counter() - started,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        process.returncode,
    )


def amzsync(*words: str) -> list[str]:
    return [sys.executable, "-m", "amzsync", *words]


def tell(what: str, found: str, wanted: str) -> None:
    """One row of the table."""
    sys.stdout.write(f"\n  {what:<62} {found:>24}   ({wanted})")
    sys.stdout.flush()

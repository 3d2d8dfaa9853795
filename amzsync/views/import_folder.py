"""The folder of an export for Plytix's importers: files in numbered parts, which take their places together.

A folder is ours where its README.txt says so, and only then is anything in it replaced.
"""

import csv
import io
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from amzsync.errors import ConfigError
from amzsync.files import open_private
from amzsync.views.console import plain

__all__ = ["FIRST_LINE", "MOST_BYTES", "ImportFolder", "Parts", "open_import_folder"]

FIRST_LINE = "Files for Plytix's own importers, written by amzsync."
MOST_BYTES = 20_000_000
"""The most that a feed of Plytix takes (plytix-api, Plytix's own importers)."""

_README = "README.txt"
_UNFINISHED = f"{FIRST_LINE}\n\nThey are not complete: the export was interrupted. Run it again.\n"
_OURS = re.compile(r"(?:assets|products|galleries|left-out)-[1-9][0-9]*\.csv")
_TEMPORARY = re.compile(r"\.amzsync-[0-9a-f]{16}\.tmp")


class Parts:
    """Rows under a heading, in as many files as their size takes (`assets-1.csv`, `assets-2.csv`)."""

    def __init__(self, folder: "ImportFolder", kind: str, heading: Sequence[str]) -> None:
        self.files: list[str] = []
        self.rows = 0
        self._folder = folder
        self._kind = kind
        self._heading = _line(heading)
        self._file: TextIO | None = None
        self._left = 0

    def add(self, *cells: str) -> None:
        """Write a row; its cells stand as they are."""
        line = _line(cells)
        size = len(line.encode())
        file = self._file
        if file is None or size > self._left:
            file = self._begin()
        self._left -= size
        self.rows += 1
        file.write(line)

    def close(self) -> None:
        """Bring what is written onto the disk."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _begin(self) -> TextIO:
        self.close()
        self.files.append(f"{self._kind}-{len(self.files) + 1}.csv")
        self._file = file = self._folder.new_file(self.files[-1])
        file.write(self._heading)
        self._left = self._folder.most_bytes - len(self._heading.encode())
        return file


@dataclass(slots=True)
class ImportFolder:
    """A folder that is being filled; nothing in it changes before `publish`."""

    path: Path
    most_bytes: int = MOST_BYTES
    _waiting: dict[str, Path] = field(default_factory=dict)
    _parts: list[Parts] = field(default_factory=list)

    def parts(self, kind: str, *heading: str) -> Parts:
        """Files of one kind; none of them is made before its first row."""
        self._parts.append(Parts(self, kind, heading))
        return self._parts[-1]

    def new_file(self, name: str) -> TextIO:
        """A file that will stand under this name."""
        self._waiting[name] = self.path / f".amzsync-{secrets.token_hex(8)}.tmp"
        return open(self._waiting[name], "x", encoding="utf-8", newline="", opener=open_private)

    def publish(self, readme: str) -> None:
        """Let all files take their places; those of an earlier export go.

        Until the last of them is there, README.txt says that they are not complete.
        """
        for parts in self._parts:
            parts.close()
        self._put_readme(_UNFINISHED)
        for path in self._earlier():
            if path.name not in self._waiting:
                path.unlink()
        for name in [*self._waiting]:
            self._waiting.pop(name).replace(self.path / name)
        self._put_readme(readme)

    def discard(self) -> None:
        """Take away what has not taken its place."""
        for parts in self._parts:
            with suppress(OSError):
                parts.close()
        for path in self._waiting.values():
            path.unlink(missing_ok=True)

    def _earlier(self) -> list[Path]:
        kept = {path.name for path in self._waiting.values()}
        return [
            path
            for path in self.path.iterdir()
            if _OURS.fullmatch(path.name) or (_TEMPORARY.fullmatch(path.name) and path.name not in kept)
        ]

    def _put_readme(self, text: str) -> None:
        with self.new_file(_README) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self._waiting.pop(_README).replace(self.path / _README)


@contextmanager
def open_import_folder(path: Path, most_bytes: int = MOST_BYTES) -> Iterator[ImportFolder]:
    """A folder to fill, made where there is none.

    Raises:
        ConfigError: it cannot be written, or holds what is not ours: that stays as it is.
    """
    folder = ImportFolder(path, most_bytes)
    is_new = False
    try:
        is_new = not path.exists()
        path.mkdir(exist_ok=True)
        _check_ours(path)
        yield folder
    except OSError as error:
        raise ConfigError(
            f"The folder {path} cannot be written: {error.strerror or 'writing failed'}.",
            "Name another folder, in one that exists.",
        ) from error
    finally:
        with suppress(OSError):
            folder.discard()
            if is_new:
                path.rmdir()  # Where nothing was written there is nothing to keep.


def _check_ours(path: Path) -> None:
    names = [one.name for one in path.iterdir() if not _TEMPORARY.fullmatch(one.name)]
    if not names or _is_ours(path / _README):
        return
    in_the_way = min(names, key=lambda name: (name != _README, not _OURS.fullmatch(name), name))
    raise ConfigError(
        f"The folder {path} holds {plain(in_the_way)}, which is not from an export like this.",
        "Name an empty or a new folder.",
    )


def _is_ours(readme: Path) -> bool:
    if not readme.is_file():
        return False
    with readme.open("rb") as file:
        return file.readline(len(FIRST_LINE) + 2).rstrip() == FIRST_LINE.encode()


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()

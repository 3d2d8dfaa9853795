"""The lines of a file as an importer reads them: bounded, UTF-8, under a heading."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 20_000_000


class BadFileError(Exception):
    """The file cannot be imported, or not beyond this line; the message tells why."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class BadLineError(Exception):
    """The line is not taken; the message tells why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line's number and its cells by the name of their column; None where their number is wrong."""

    number: int
    cells: Mapping[str, str] | None


def lines(path: Path, heading: list[str]) -> Iterator[Line]:
    """All lines below the heading, which is put into `heading` before the first of them.

    Raises:
        BadFileError: it is too large, or no table of text.
    """
    number = 0
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadFileError(f"The file is larger than {MOST_BYTES:,} bytes.")
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, strict=True)
            heading[:] = next(rows, [])
            if len(set(heading)) < len(heading):
                raise BadFileError("A column is there twice.")
            for row in rows:
                number = rows.line_num
                is_whole = len(row) == len(heading)
                yield Line(number, dict(zip(heading, row, strict=True)) if is_whole else None)
    except OSError as error:
        raise BadFileError(f"The file cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadFileError("The file is not UTF-8 text.", number) from None
    except csv.Error as error:
        raise BadFileError(f"The file is no CSV: {error}.", number) from None

"""The rows of a CSV file, with what they may hold bounded."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from amzsync.errors import MappingError
from amzsync.mapping.header import Row
from amzsync.mapping.text import Utf8Text

__all__ = ["DELIMITERS", "csv_rows"]

DELIMITERS = (",", ";", "\t")
_CHUNK_BYTES = 1 << 18
_MAX_ROW_CHARS = 1_000_000
_TOO_LONG = f"one row is longer than {_MAX_ROW_CHARS:,} characters"


def csv_rows(name: str, file: BinaryIO, delimiter: str) -> Iterator[Row]:
    """Every row, with the line at which it starts.

    Raises:
        MappingError: with the line, for bytes that are not UTF-8, for a row or a cell that is too long, and
            for a quote that is never closed.
    """
    lines = _Lines(name, Utf8Text(name, file))
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.start_row(reader.line_num + 1)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise lines.fault(_cause(error)) from None
        if lines.is_over:
            raise lines.fault("a cell starts with a quote that is never closed")
        yield lines.row_line, cells


class _Lines:
    """The lines of a text, of which a row may be several."""

    def __init__(self, name: str, text: Utf8Text) -> None:
        self._name = name
        self._text = text
        self._given = 0
        self.row_line = 1
        self.is_over = False

    def start_row(self, line: int) -> None:
        self.row_line = line
        self._given = 0

    def fault(self, cause: str) -> MappingError:
        return MappingError(f"{self._name}, line {self.row_line}", cause)

    def __iter__(self) -> Iterator[str]:
        rest, end = "", ""
        while text := self._text.read(_CHUNK_BYTES):
            end = end or ("\r" if "\r" in text and "\n" not in text else "\n")
            lines = (rest + text).split(end)
            rest = lines.pop()
            for line in lines:
                self._count(line)
                yield line + "\n"
            if len(rest) > _MAX_ROW_CHARS:
                raise self.fault(_TOO_LONG)
        if rest:
            self._count(rest)
            yield rest
        # Asked for more within a row: it has begun with a quote.
        self.is_over = True

    def _count(self, line: str) -> None:
        """A quote that is never closed makes a row of all that follows, which is not read to its end."""
        self._given += len(line) + 1
        if self._given > _MAX_ROW_CHARS:
            raise self.fault(_TOO_LONG)


def _cause(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"one cell is longer than {csv.field_size_limit():,} characters"
    if "new-line" in str(error):
        return "a carriage return stands within a cell that is not in quotes"
    return f"no row of a table ({error})"

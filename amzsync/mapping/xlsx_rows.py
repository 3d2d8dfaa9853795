"""The rows of an Excel workbook, with what it may hold bounded."""

import itertools
import shlex
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol, cast

from amzsync.errors import MappingError
from amzsync.mapping.header import HEAD_ROWS, Row

__all__ = ["Workbook"]

_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 16_384
_MOST_SHEETS = 200
_MOST_PARTS = 10_000
_MOST_BYTES = 512 << 20
_MOST_BYTES_OF_TEXTS = 128 << 20
_MOST_CELL_CHARS = 131_072
_SPREADSHEET = "[Content_Types].xml"
_TEXTS = "sharedstrings.xml"
# What openpyxl and what it uses raise for a file that is damaged, or made to look like a workbook.
_DAMAGED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class _Sheet(Protocol):
    """A sheet that is read row by row, as openpyxl has it."""

    title: str

    def reset_dimensions(self) -> None: ...

    def iter_rows(self, *, max_row: int, max_col: int, values_only: bool) -> Iterator[tuple[object, ...]]: ...


class Workbook:
    """One workbook, read row by row.

    Raises:
        MappingError: it is none, it is too large, or openpyxl is not installed.
    """

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        with self._readable():
            _check_size(name, file)
            try:
                from openpyxl import load_workbook
            except ImportError:
                raise MappingError(
                    name,
                    "this is an Excel workbook, and openpyxl is not installed",
                    f"`{shlex.quote(sys.executable)} -m pip install 'amzsync[xlsx]'` adds it."
                    " Or save the sheet as CSV UTF-8.",
                ) from None
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            sheets = cast("list[_Sheet]", book.worksheets[:_MOST_SHEETS])
            self._sheets = {sheet.title: sheet for sheet in sheets}

    def place(self, sheet: str) -> str:
        """What the place of a row in this sheet starts with."""
        return f"{self._name}, sheet {sheet[:40]}, row"

    def heads(self) -> Iterator[tuple[str, list[Row]]]:
        """Every sheet's name and first rows."""
        for title in self._sheets:
            head = self._rows(title, HEAD_ROWS, _MOST_COLUMNS)
            yield title, [(number, _without_tail(list(cells))) for number, cells in head]

    def rows(self, sheet: str, width: int) -> Iterator[Row]:
        """All rows of a sheet, so many columns of them."""
        return self._rows(sheet, _MOST_ROWS, width)

    def _rows(self, title: str, most: int, width: int) -> Iterator[Row]:
        sheet = self._sheets[title]
        with self._readable():
            # What a sheet tells of its own size is often wrong.
            sheet.reset_dimensions()
            rows = sheet.iter_rows(max_row=most, max_col=width, values_only=True)
            for number, values in enumerate(itertools.islice(rows, most), 1):
                cells = list(map(_text, values))
                if any(len(cell) > _MOST_CELL_CHARS for cell in cells):
                    raise MappingError(
                        f"{self.place(title)} {number}",
                        f"one cell is longer than {_MOST_CELL_CHARS:,} characters",
                    )
                yield number, cells

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Inside, whatever a damaged workbook raises is told as that. What openpyxl warns of is not used."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                yield
            except _DAMAGED as error:
                cause = str(error).partition("\n")[0][:200] or type(error).__name__
                raise MappingError(
                    self._name, f"not an Excel workbook that can be read ({cause})", "Save it as CSV UTF-8."
                ) from None


def _check_size(name: str, file: BinaryIO) -> None:
    """Refuse what would take the memory: a small archive can hold very much."""
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if _SPREADSHEET not in archive.namelist():
            raise MappingError(name, "this is a ZIP archive, and no Excel workbook", "Unpack it first.")
    if len(parts) > _MOST_PARTS:
        raise MappingError(name, f"the workbook has more than {_MOST_PARTS:,} parts")
    # The size is told by the archive itself; no more than that is ever unpacked.
    texts = sum(part.file_size for part in parts if part.filename.lower().endswith(_TEXTS))
    size = sum(part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels")))
    if size > _MOST_BYTES or texts > _MOST_BYTES_OF_TEXTS:
        raise MappingError(
            name,
            f"the workbook unpacks to more than {_MOST_BYTES >> 20} MB, or its texts to more than"
            f" {_MOST_BYTES_OF_TEXTS >> 20} MB",
            "Save the sheet as CSV UTF-8.",
        )


def _text(value: object) -> str:
    """A cell as it would stand in CSV: a whole number has no point."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _without_tail(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells

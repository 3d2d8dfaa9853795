"""What is exported, as CSV for spreadsheets or as JSON."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields

from amzsync.ledger.exports import ExportRow
from amzsync.views.console import plain
from amzsync.views.document import listing

__all__ = ["export_csv", "export_json"]

_COLUMNS = [field.name for field in fields(ExportRow)]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 32_000
"""A spreadsheet takes no more than 32,767 characters."""


def export_csv(rows: Iterable[ExportRow]) -> Iterator[str]:
    """A header and a line for each row; no cell is a formula, and none breaks its line."""
    yield _line(_COLUMNS)
    for row in rows:
        yield _line([_cell(getattr(row, name)) for name in _COLUMNS])


def export_json(rows: Iterable[ExportRow]) -> Iterator[str]:
    """A list with an object for each row, one a line."""
    yield from listing(asdict(row) for row in rows)
    yield "\n"


def _line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cell(value: str | int | None) -> str:
    """A value as text. What stands behind an apostrophe is text to a spreadsheet, never a formula."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = plain(value, _LONGEST_CELL)
    return f"'{text}" if value.startswith(_FORMULA_STARTS) or text.startswith(_FORMULA_STARTS) else text

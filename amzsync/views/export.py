"""What is exported, as CSV for spreadsheets or as JSON."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import islice
from operator import attrgetter

from amzsync.domain.cells import FORMULA_STARTS
from amzsync.ledger.exports import ExportRow
from amzsync.views.console import plain
from amzsync.views.document import listing

__all__ = ["export_csv", "export_json", "harmless"]

_COLUMNS = [field.name for field in fields(ExportRow)]
_VALUES = attrgetter(*_COLUMNS)
_ROWS_PER_CHUNK = 500
_LONGEST_CELL = 32_000
"""A spreadsheet takes no more than 32,767 characters."""


def export_csv(rows: Iterable[ExportRow]) -> Iterator[str]:
    """A header and a line for each row; no cell is a formula, and none breaks its line."""
    yield _lines([_COLUMNS])
    source = iter(rows)
    while chunk := [[*map(harmless, _VALUES(row))] for row in islice(source, _ROWS_PER_CHUNK)]:
        yield _lines(chunk)


def export_json(rows: Iterable[ExportRow]) -> Iterator[str]:
    """A list with an object for each row, one a line."""
    yield from listing(dict(zip(_COLUMNS, _VALUES(row), strict=True)) for row in rows)
    yield "\n"


def _lines(rows: Iterable[list[str]]) -> str:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()


def harmless(value: str | int | None) -> str:
    """A value as text. What stands behind an apostrophe is text to a spreadsheet, never a formula."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = plain(value, _LONGEST_CELL)
    return f"'{text}" if value.startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else text

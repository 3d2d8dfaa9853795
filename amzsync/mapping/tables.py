"""The products of a mapping that is a table: CSV, TSV or a sheet of an Excel workbook."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from amzsync.domain.product import Product
from amzsync.errors import MappingError
from amzsync.mapping.columns import NamedColumns
from amzsync.mapping.csv_rows import DELIMITERS, csv_rows
from amzsync.mapping.forms import Nameless
from amzsync.mapping.header import HEAD_ROWS, Header, Row, default_marketplace, find_header, not_understood
from amzsync.mapping.source import MappingSource
from amzsync.mapping.table import TableProducts
from amzsync.mapping.xlsx_rows import Workbook

__all__ = ["CsvProducts", "XlsxProducts"]


class _Table:
    """The products of one table, and where the last of them stands."""

    def __init__(self, source: MappingSource, marketplace: str | None, columns: NamedColumns) -> None:
        self._source = source
        self._marketplace = marketplace
        self._named = columns
        self._row = ""
        self._products: TableProducts | None = None

    def place(self) -> str:
        """Where the product stands that came last."""
        return f"{self._row} {self._products.number}" if self._products else ""

    def _of(self, header: Header, rows: Iterable[Row], place: str) -> Iterator[Product | Nameless]:
        """The products below a header; `place` is what the place of a row starts with, before its number."""
        self._row = place.removeprefix(f"{self._source.name}, ")
        default = default_marketplace(header, f"{place} {header.number}", self._marketplace)
        self._products = TableProducts(
            header.columns,
            (row for row in rows if row[0] >= header.data_from),
            place,
            forced=self._marketplace,
            default=default,
        )
        yield from self._products


class CsvProducts(_Table):
    """Those of CSV with commas, semicolons or tabs: the one with which its columns are understood."""

    def __iter__(self) -> Iterator[Product | Nameless]:
        delimiter, header = self._find()
        place = f"{self._source.name}, line"
        with self._source.open() as file:
            yield from self._of(header, csv_rows(self._source.name, file, delimiter), place)

    def _find(self) -> tuple[str, Header]:
        trials: list[_Trial] = []
        for delimiter in DELIMITERS:
            trial = self._try(delimiter)
            header = find_header(trial.head, self._named)
            if header and trial.fault:
                raise trial.fault
            if header:
                return delimiter, header
            trials.append(trial)
        # With the wrong delimiter a row is one cell.
        likely = max(trials, key=lambda trial: _width(trial.head))
        raise likely.fault or not_understood(f"{self._source.name}, line", likely.head, self._named)

    def _try(self, delimiter: str) -> "_Trial":
        """The first rows with this delimiter; also those before a fault."""
        head: list[Row] = []
        with self._source.open() as file:
            rows = csv_rows(self._source.name, file, delimiter)
            try:
                head.extend(itertools.islice(rows, HEAD_ROWS))
            except MappingError as fault:
                return _Trial(head, fault)
        return _Trial(head)


@dataclass(frozen=True, slots=True)
class _Trial:
    """The first rows that a delimiter gives, and why there are no more."""

    head: list[Row]
    fault: MappingError | None = None


class XlsxProducts(_Table):
    """Those of the first sheet whose columns are understood."""

    def __iter__(self) -> Iterator[Product | Nameless]:
        with self._source.open() as file:
            book = Workbook(self._source.name, file)
            sheet, header = self._find(book)
            rows = book.rows(sheet, header.columns.width)
            yield from self._of(header, rows, book.place(sheet))

    def _find(self, book: Workbook) -> tuple[str, Header]:
        best: tuple[str, list[Row]] = "", []
        for sheet, head in book.heads():
            header = find_header(head, self._named)
            if header:
                return sheet, header
            if not best[0] or _width(head) > _width(best[1]):
                best = sheet, head
        raise not_understood(book.place(best[0]), best[1], self._named)


def _width(head: list[Row]) -> int:
    return max((len(cells) for _, cells in head), default=0)

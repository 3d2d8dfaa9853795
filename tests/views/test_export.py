"""What is exported, as CSV and as JSON."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from views.factories import HOSTILE

from amzsync.ledger.exports import ExportRow
from amzsync.views.export import export_csv, export_json

ROW = ExportRow("SKU-1", "https://x.example/1.jpg", "MAIN", 1, "failed", 422, "no image", 7)
HEADER = ["sku", "url", "variant", "position", "state", "status", "reason", "run"]


def lines_of(*rows: ExportRow) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(export_csv(rows)), newline="")))


def test_a_row_is_a_line_below_the_names_of_the_contract() -> None:
    assert lines_of(ROW) == [
        HEADER,
        ["SKU-1", "https://x.example/1.jpg", "MAIN", "1", "failed", "422", "no image", "7"],
    ]
    assert lines_of(replace(ROW, position=None, status=None, run=None))[1][3:] == [
        *["", "failed", "", "no image", ""]
    ]
    assert lines_of() == [HEADER]


def test_the_json_is_a_list_with_the_values_as_they_are() -> None:
    text = "".join(export_json([ROW, replace(ROW, sku="=1+1", status=None)]))
    assert [one["sku"] for one in json.loads(text)] == ["SKU-1", "=1+1"]
    assert list(json.loads(text)[1].values())[5] is None
    assert list(json.loads(text)[0]) == HEADER
    assert json.loads("".join(export_json([]))) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    for cell in lines_of(replace(ROW, sku=f"{start}cmd|' /C calc'!A0", url=f"{start}1", reason=f"{start}x"))[
        1
    ]:
        assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r")


@given(st.text())
def test_every_row_is_one_line_of_harmless_cells(text: str) -> None:
    printed = "".join(export_csv([ExportRow(text, text, text, 1, "failed", 422, text, 7)]))
    assert len(printed.splitlines()) == 2
    assert all(character.isprintable() for character in printed.replace("\n", ""))
    assert len(lines_of(ExportRow(text, text, text, 1, "failed", 422, text, 7))[1]) == 8


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_json_is_plain_ascii_whatever_it_holds(text: str) -> None:
    assert "".join(export_json([replace(ROW, sku=text, reason=text)])).isascii()


@pytest.mark.parametrize("form", [export_csv, export_json])
def test_no_more_rows_than_a_stretch_are_in_memory(
    form: Callable[[Iterator[ExportRow]], Iterator[str]],
) -> None:
    taken = 0

    def rows() -> Iterator[ExportRow]:
        nonlocal taken
        for number in range(100_000):
            taken = number
            yield ROW

    printed = form(rows())
    for _ in range(2):
        next(printed)
    assert taken < 1_000

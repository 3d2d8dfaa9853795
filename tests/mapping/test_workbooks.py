"""An Excel workbook is read within bounds, and one that is damaged or made to harm is a sentence."""

import io
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from mapping_forms import workbook

from amzsync.domain.product import Product
from amzsync.errors import MappingError
from amzsync.mapping import xlsx_rows
from amzsync.mapping.read import read_products

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TEXTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def _as_excel_writes(content: bytes) -> bytes:
    """With its texts in a part of their own, to which the cells refer."""
    texts: list[str] = []

    def shared(found: re.Match[str]) -> str:
        texts.append(found[1])
        return f't="s"><v>{len(texts) - 1}</v>'

    written = io.BytesIO()
    before = zipfile.ZipFile(io.BytesIO(content))
    with before, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            text = before.read(part).decode()
            text = re.sub(r't="inlineStr"><is><t>(.*?)</t></is>', shared, text) if part == SHEET else text
            override = f'<Override PartName="/{TEXTS}" ContentType="{_TEXTS_TYPE}" /></Types>'
            after.writestr(part, text.replace("</Types>", override))
        strings = "".join(f"<si><t>{text}</t></si>" for text in texts)
        after.writestr(TEXTS, f'<sst xmlns="{_MAIN}">{strings}</sst>')
    assert len(texts) == 4
    return written.getvalue()


GOOD = _as_excel_writes(workbook({"S": [("sku", "url"), ("A", "https://x.example/1.jpg")]}))
WriteBook = Callable[[bytes], Path]


@pytest.fixture
def book(tmp_path: Path) -> WriteBook:
    path = tmp_path / "m.xlsx"

    def write(content: bytes) -> Path:
        path.write_bytes(content)
        return path

    return write


def refusal(path: Path) -> MappingError:
    with pytest.raises(MappingError) as raised:
        list(read_products(path))
    return raised.value


def changed(name: str, change: Callable[[str], str], more: int = 0) -> bytes:
    """The good workbook with one part changed, and so many parts more."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(GOOD)) as before,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for part in before.namelist():
            text = before.read(part).decode()
            after.writestr(part, change(text) if part == name else text)
        for number in range(more):
            after.writestr(f"xl/media/{number}.png", b"")
    return content.getvalue()


def test_the_good_workbook_is_one(book: WriteBook) -> None:
    assert [type(one) for one in read_products(book(changed(SHEET, str)))] == [Product]


def test_a_whole_number_has_no_point(book: WriteBook) -> None:
    def number(text: str) -> str:
        return re.sub(r'(<c r="A2") t="s"><v>\d</v>', r"\1><v>12345.0</v>", text)

    (found,) = read_products(book(changed(SHEET, number)))
    assert isinstance(found, Product)
    assert found.sku == "12345"


def test_without_openpyxl_the_command_that_adds_it_is_told(
    book: WriteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    error = refusal(book(GOOD))
    assert error.cause == "this is an Excel workbook, and openpyxl is not installed"
    assert f"{sys.executable} -m pip install 'amzsync[xlsx]'" in error.next_step


def test_an_archive_that_is_no_workbook_says_so(book: WriteBook) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("catalogue.csv", "sku,url\nA,u\n")
    assert "a ZIP archive, and no Excel workbook" in refusal(book(content.getvalue())).cause


@pytest.mark.parametrize("end", [4, 100, len(GOOD) // 2, len(GOOD) - 30])
def test_a_workbook_cut_off_is_refused(end: int, book: WriteBook) -> None:
    assert "not an Excel workbook that can be read" in refusal(book(GOOD[:end])).cause


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (SHEET, "<sheetData>", "<sheetData><row"),
        (SHEET, 'r="A1"', 'r="?"'),
        (SHEET, 't="s"><v>0<', 't="s"><v>99<'),
        (SHEET, 't="s"><v>0<', 't="s"><v>x<'),
        (SHEET, '<row r="2"', '<row r="two"'),
        ("xl/workbook.xml", "<sheets>", "<sheets><x/>"),
        (TEXTS, "</sst>", ""),
        ("[Content_Types].xml", "spreadsheetml.sheet.main", "spreadsheetml.other.main"),
        ("xl/_rels/workbook.xml.rels", "worksheets/sheet1", "worksheets/none"),
    ],
)
def test_a_workbook_that_is_damaged_is_a_sentence(part: str, old: str, new: str, book: WriteBook) -> None:
    def damage(text: str) -> str:
        assert old in text, text
        return text.replace(old, new)

    assert refusal(book(changed(part, damage))).cause


@pytest.mark.parametrize("part", [SHEET, TEXTS, "xl/workbook.xml"])
def test_entities_that_unfold_without_end_are_refused(part: str, book: WriteBook) -> None:
    entities = '<!ENTITY e0 "lol">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))

    def unfold(text: str) -> str:
        body = text.partition("?>")[2] if text.startswith("<?xml") else text
        root, rest = body.split(">", 1)
        return f"<!DOCTYPE x [{entities}]>{root}><x>&e9;</x>{rest}"

    assert refusal(book(changed(part, unfold))).cause


def test_a_row_far_below_and_a_cell_far_to_the_right_cost_nothing(
    book: WriteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def widen(text: str) -> str:
        far = '<row r="999999999999"><c r="A999999999999"><v>1</v></c></row>'
        wide = '<row r="3"><c r="A3" t="str"><v>B</v></c><c r="ZZZ3"><v>1</v></c></row>'
        return text.replace("</sheetData>", f"{wide}{far}</sheetData>").replace(
            "</sheetData>", "</sheetData>"
        )

    monkeypatch.setattr(xlsx_rows, "_MOST_ROWS", 1000)
    found = [one.sku for one in read_products(book(changed(SHEET, widen))) if isinstance(one, Product)]
    assert found == ["A", "B"]


@pytest.mark.parametrize(
    ("bound", "cause"),
    [
        ("_MOST_BYTES", "unpacks to more than"),
        ("_MOST_BYTES_OF_TEXTS", "or its texts to more than"),
        ("_MOST_CELL_CHARS", "one cell is longer than"),
    ],
)
def test_what_a_workbook_may_hold_is_bounded(
    bound: str, cause: str, book: WriteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_rows, bound, 10)
    assert cause in refusal(book(GOOD)).cause


def test_a_workbook_of_very_many_parts_is_refused(book: WriteBook) -> None:
    assert "more than 10,000 parts" in refusal(book(changed(SHEET, str, more=10_001))).cause

"""The files of a report: whole, beside each other, and nothing else is lost for them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from views.report_pages import Element, read_page, report, shelf

from amzsync.errors import ConfigError, LedgerError
from amzsync.ledger.galleries import Gallery, GalleryRow
from amzsync.views.report_files import check_page, write_pages
from amzsync.views.report_page import ReportPage

MADE = report(shelf())


def read(path: Path) -> Element:
    return read_page(path.read_text(encoding="utf-8"))


def skus(path: Path) -> list[str]:
    return [one.text for one in read(path).all("h3")]


def links(element: Element) -> list[str]:
    return [one.attributes["href"] for one in element.all("a") if "target" not in one.attributes]


def test_one_page_is_one_file(tmp_path: Path) -> None:
    written = write_pages(tmp_path / "r.html", MADE)
    assert written.text() == f"5 products reported in {tmp_path / 'r.html'}."
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    assert len(skus(tmp_path / "r.html")) == 5


def test_more_are_numbered_pages_that_an_index_leads_to(tmp_path: Path) -> None:
    name = "a b#%.html"
    written = write_pages(tmp_path / name, MADE, size=2)
    assert written.text() == f"5 products reported in {tmp_path / name} and 3 pages beside it."
    names = [f"a b#%-{number}.html" for number in (2, 3, 4)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, *names])
    assert [skus(tmp_path / one) for one in names] == [
        ["IN-PLACE", "TO-DO"],
        ["FAILED", "UNKNOWN"],
        ["EMPTY"],
    ]
    index = read(tmp_path / name)
    assert links(index.one("ol")) == [f"./a%20b%23%25-{number}.html" for number in (2, 3, 4)]
    assert [one.text for one in index.one("ol").all("li")] == [
        "IN-PLACE to TO-DO 2 products: + 1, ~ 1, - 1",
        "FAILED to UNKNOWN 2 products: ! 1, ? 1",
        "EMPTY to EMPTY 1 product",
    ]
    second = read(tmp_path / names[1])
    assert links(second.all("nav")[0]) == [
        "./a%20b%23%25.html",
        "./a%20b%23%25-2.html",
        "./a%20b%23%25-4.html",
    ]
    assert [one.attributes["id"] for one in second.all("article")] == ["p3", "p4"]


def test_pages_of_an_earlier_and_longer_report_go_and_other_files_stay(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    write_pages(path, MADE, size=1)
    assert len(list(tmp_path.iterdir())) == 6
    (tmp_path / "r-4.html").write_text("<!doctype html><p>mine")
    write_pages(path, MADE, size=4)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        *["r-2.html", "r-3.html", "r-4.html", "r-5.html", "r-6.html", "r.html"],
    ]
    (tmp_path / "r-4.html").unlink()
    write_pages(path, MADE, size=1)
    write_pages(path, MADE)
    assert [one.name for one in tmp_path.iterdir()] == ["r.html"]


def test_where_reading_breaks_off_the_earlier_report_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    write_pages(path, MADE, size=2)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}

    def breaking(row: GalleryRow) -> Gallery:
        if row.sku == "UNKNOWN":
            raise LedgerError("The disk has gone.")
        return MADE.gallery(row)

    with pytest.raises(LedgerError, match="disk"):
        write_pages(path, replace(MADE, gallery=breaking), size=2)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


@pytest.mark.parametrize("content", [b"SQLite format 3\0", b'{"matched": []}', b"<p>no page"])
def test_a_file_that_is_no_page_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalogue.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="is no HTML page"):
        check_page(path)
    with pytest.raises(ConfigError, match="is no HTML page"):
        write_pages(path, MADE)
    assert path.read_bytes() == content


def test_a_page_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    for path, cause in ((tmp_path, "it is a folder"), (tmp_path / "no" / "r.html", "there is no folder")):
        with pytest.raises(ConfigError, match=cause) as told:
            check_page(path)
        assert "--output" not in told.value.next_step
    (tmp_path / "empty.html").touch()
    check_page(tmp_path / "empty.html")


@pytest.mark.skipif(os.name != "posix", reason="needs a named pipe")
def test_a_pipe_gets_one_page(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    made: ReportPage = replace(MADE, rows=lambda: iter(shelf().rows[:1]))
    assert write_pages(tmp_path / "pipe", made).pages == 1
    assert os.read(reader, 100).startswith(b"<!DOCTYPE html>")
    os.close(reader)

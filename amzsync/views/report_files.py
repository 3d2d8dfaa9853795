"""The files of a report: one page, or for a large catalogue numbered ones and an index.

They are streamed, so that a catalogue of any size needs no memory, and put in place whole.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from amzsync.errors import ConfigError
from amzsync.files import NewFiles, open_regular
from amzsync.views.console import SKU_LIMIT, count_text, plain, plural
from amzsync.views.report import check_output, is_special, unwritable
from amzsync.views.report_page import PageLink, ReportPage, render_index, render_page
from amzsync.views.report_tally import KINDS, Tally, tallies

__all__ = ["Written", "check_page", "write_pages"]

PRODUCTS_PER_PAGE = 2000
_OPTION = "a FILE.html of its own"
_START = re.compile(rb"\s*<!doctype html", re.IGNORECASE)
_OURS = b'<meta name="generator" content="amzsync">'
_HEAD_BYTES = 2000
_SPARED = 10_000
"""No report has more pages that could be left from an earlier one."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the first file, the number of its products, and of its pages beside an index."""

    path: Path
    products: int
    pages: int

    def text(self) -> str:
        more = f" and {plural(self.pages, 'page')} beside it" if self.pages > 1 else ""
        return f"{plural(self.products, 'product')} reported in {self.path}{more}."


def check_page(path: Path) -> None:
    """Find out before the work whether a report can be written there afterwards.

    Raises:
        ConfigError: it cannot, or something else than a page would be lost.
    """
    check_output(path, _OPTION)
    if not is_special(path):
        with suppress(FileNotFoundError):
            start = _head(path)
            if start and not _START.match(start):
                raise ConfigError(f"{path} exists and is no HTML page.", f"Choose {_OPTION}.")


def write_pages(path: Path, report: ReportPage, size: int = PRODUCTS_PER_PAGE) -> Written:
    """Write a report; what is left of an earlier and longer one of the same name is removed.

    Raises:
        ConfigError: it cannot be written there.
    """
    check_page(path)
    found = list(tallies(report.rows(), size))
    whole = sum(found, Tally())
    try:
        if is_special(path):
            with path.open("w", encoding="utf-8", newline="\n") as device:
                device.writelines(render_page(report, report.rows(), whole, ()))
            return Written(path, whole.products, 1)
        with NewFiles() as new:
            if len(found) == 1:
                new.write(path, render_page(report, report.rows(), whole, ()))
            else:
                _write_numbered(new, path, report, found)
                new.write(path, render_index(report, whole, _contents(path, found)))
            new.put_in_place()
        _remove_later(path, len(found) if len(found) > 1 else 0)
    except OSError as error:
        raise unwritable(path, error.strerror or "writing failed", _OPTION) from error
    return Written(path, whole.products, len(found))


def _write_numbered(new: NewFiles, path: Path, report: ReportPage, found: list[Tally]) -> None:
    rows = report.rows()
    first = 1
    for number, tally in enumerate(found, 1):
        links = tuple(_links(path, number, len(found)))
        new.write(
            _numbered(path, number), render_page(report, islice(rows, tally.products), tally, links, first)
        )
        first += tally.products


def _numbered(path: Path, number: int) -> Path:
    """The file of a page: beside the index, which is the first of the files."""
    return path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


def _links(path: Path, number: int, pages: int) -> Iterator[PageLink]:
    yield PageLink(_href(path), f"Page {number} of {pages}: index")
    if number > 1:
        yield PageLink(_href(_numbered(path, number - 1)), "Previous page", rel="prev")
    if number < pages:
        yield PageLink(_href(_numbered(path, number + 1)), "Next page", rel="next")


def _contents(path: Path, found: list[Tally]) -> tuple[PageLink, ...]:
    return tuple(
        PageLink(
            _href(_numbered(path, number)),
            f"{plain(tally.first, SKU_LIMIT)} to {plain(tally.last, SKU_LIMIT)}",
            _kinds(tally),
        )
        for number, tally in enumerate(found, 1)
    )


def _kinds(tally: Tally) -> str:
    """`2,000 products: + 12, ! 3`."""
    signed = [
        f"{sign.value} {count_text(tally.kinds[kind])}" for sign, kind in KINDS.items() if tally.kinds[kind]
    ]
    return ": ".join(filter(None, (plural(tally.products, "product"), ", ".join(signed))))


def _href(path: Path) -> str:
    """An address of a file in the same folder, whatever its name."""
    return f"./{quote(path.name)}"


def _remove_later(path: Path, pages: int) -> None:
    for number in range(pages + 1, _SPARED):
        later = _numbered(path, number)
        try:
            if _OURS not in _head(later):
                return
            later.unlink()
        except OSError:
            return


def _head(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read(_HEAD_BYTES)
